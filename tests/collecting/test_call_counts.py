"""The switchboard's file: what is read of it, what is told by line, and that nothing doubles."""

from datetime import date

import pytest
from sqlalchemy import func, select

from app.basics.csv_rows import NotATable, day_and_hour, hour, whole_number
from app.collecting.call_counts import Why, review, take_in
from app.database import db
from app.models import CallCount, Event
from app.people.rights import NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person

TODAY = date(2026, 11, 23)
HEAD = "Datum;Timme;Kö;Ärende;Antal samtal\n"
GOOD = (
    HEAD
    + "2026-11-02;8;Kundtjänst;Sophämtning;12\n"
    + "2026-11-02;9;Kundtjänst;Sophämtning;1 204\n"
    + "2026-11-02;8;Gata & park;Snö;7,0\n"
)


def kept(text, by=None, now=MONDAY):
    """A file taken in, as bytes with the mark that spreadsheets put first."""
    data = text if isinstance(text, bytes) else text.encode("utf-8-sig")
    return take_in(data, by=by, today=TODAY, now=now)


def stored():
    """What is known: day, hour, queue, subject, calls."""
    db.session.commit()
    key = (CallCount.day, CallCount.queue, CallCount.hour)
    rows = db.session.scalars(select(CallCount).order_by(*key))
    return [(row.day.day, row.hour, row.queue, row.subject, row.calls) for row in rows]


def test_who_may_not_bring_figures_brings_none(app):
    """A handler's file is refused before anything of it is kept."""
    sara = a_person("handler", "Sara Ek", "omsorg", now=MONDAY)
    with pytest.raises(NotAllowed):
        kept(GOOD, by=sara)
    assert stored() == []


def test_a_file_is_taken_in(app):
    """Hours, subjects, a thousand with its blank and a queue that is a department come through."""
    found = kept(GOOD)
    assert (len(found.new), found.replaced, found.bad) == (2, [], [])
    assert stored() == [
        (2, 8, "Gata & park", "Snö", 7),
        (2, 8, "Kundtjänst", "Sophämtning", 12),
        (2, 9, "Kundtjänst", "Sophämtning", 1204),
    ]
    slugs = select(func.count()).where(CallCount.department_id.is_not(None))
    assert db.session.scalar(slugs) == 1


def test_the_same_file_twice_changes_nothing(app):
    """What is known already is told as such, and leaves no line in the ledger."""
    kept(GOOD)
    before = stored()
    again = kept(GOOD)
    assert (again.new, again.replaced, len(again.same)) == ([], [], 2)
    assert stored() == before
    count = select(func.count()).where(Event.name == "call_counts_imported")
    assert db.session.scalar(count) == 1


def test_a_corrected_file_takes_the_others_place(app):
    """A day and queue told anew is replaced as a whole, told with both figures; others stay."""
    kept(GOOD)
    found = kept("datum,avdelning,samtal\n2/11 2026,Kundtjänst,99\n3.11.2026,Kundtjänst,5\n")
    assert [(one.before, one.calls) for one in found.replaced] == [(1216, 99)]
    assert [one.calls for one in found.new] == [5]
    assert stored() == [
        (2, 8, "Gata & park", "Snö", 7),
        (2, -1, "Kundtjänst", "", 99),
        (3, -1, "Kundtjänst", "", 5),
    ]


def test_a_review_keeps_nothing(app):
    """Looking at a file leaves the database as it was."""
    found = review(GOOD.encode(), today=TODAY)
    assert len(found.rows) == 3
    assert stored() == []


def test_bad_lines_are_told_and_good_ones_kept(app):
    """Each bad line is told by its number in the file, with why; the others come in."""
    lines = (
        "2026-11-02;8;Kundtjänst;;12", "i går;8;Kundtjänst;;1", "2026-12-24;8;Kundtjänst;;1",
        "1926-11-02;8;Kundtjänst;;1", "2026-11-02;25;Kundtjänst;;1", "2026-11-02;8;;;1",
        "2026-11-02;9;Kundtjänst;;många", "2026-11-02;9;Kundtjänst;;-4",
        "2026-11-02;9;Kundtjänst;;12,5", "2026-11-02;9;Kundtjänst;;900000",
        "2026-11-02;08:00;Kundtjänst;;3", "2026-11-02;;Kundtjänst;;3",
        "2026-11-02;9;Kundtjänst;Snö;3", "", "Summa", "2026-11-03;8;Kundtjänst;;4",
    )  # fmt: skip
    found = kept("\n" + HEAD + "\n".join(lines))
    assert [(bad.line, bad.why) for bad in found.bad] == [
        (4, Why.NO_DAY), (5, Why.NOT_YET), (6, Why.LONG_AGO), (7, Why.NO_HOUR),
        (8, Why.NO_QUEUE), (9, Why.NO_CALLS), (10, Why.NO_CALLS), (11, Why.NO_CALLS),
        (12, Why.MANY_CALLS), (13, Why.TWICE), (14, Why.DAY_AND_HOURS),
        (15, Why.WITH_AND_WITHOUT), (17, Why.NO_DAY),
    ]  # fmt: skip
    assert [row[-1] for row in stored()] == [12, 4]


@pytest.mark.once
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_any_usual_encoding_is_read(app, encoding):
    """A file from Windows, from the web, or with a spreadsheet's mark says the same."""
    found = review(GOOD.encode(encoding), today=TODAY)
    assert {row.queue for row in found.rows} == {"Kundtjänst", "Gata & park"}
    assert {row.subject for row in found.rows} == {"Sophämtning", "Snö"}


@pytest.mark.once
@pytest.mark.parametrize(
    ("data", "why", "missing"),
    [
        (b"", "empty", ""),
        (b"\n  \n", "empty", ""),
        (b"PK\x03\x04 a spreadsheet", "no_text", ""),
        (b"x" * 1_000_001, "too_long", ""),
        (("datum;k\u00f6;samtal\n" + "a;b;1\n" * 20_001).encode(), "too_long", ""),
        ("kö;samtal\n".encode(), "no_column", "day"),
        (b"datum;samtal\n", "no_column", "queue"),
        ("datum;kö\n".encode(), "no_column", "calls"),
    ],
)
def test_what_is_no_such_file_is_said(app, data, why, missing):
    """An empty file, a spreadsheet, one too large and one without a column are told as what they are."""
    with pytest.raises(NotATable) as caught:
        review(data, today=TODAY)
    assert (caught.value.why, caught.value.missing) == (why, missing)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("12", 12), ("1 204", 1204), ("1\u00a0204", 1204), ("1.204", 1204), ("12,0", 12),
        ("12.0", 12), ("0", 0), ("12,5", None), ("-1", None), ("", None), ("tolv", None),
        ("1e3", None), ("١٢", 12),
    ],
)  # fmt: skip
def test_numbers_as_swedes_write_them(written, means):
    """Blanks and points between thousands and a decimal nought are read; halves are not calls."""
    assert whole_number(written) == means


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("2026-11-02", (date(2026, 11, 2), None)), ("20261102", (date(2026, 11, 2), None)),
        ("2.11.2026", (date(2026, 11, 2), None)), ("2/11 2026", (date(2026, 11, 2), None)),
        ("2026-11-02 08:00:00", (date(2026, 11, 2), 8)), ("2026-11-02T17:30", (date(2026, 11, 2), 17)),
        ("2026-02-30", (None, None)), ("2026-11-02 sen", (None, None)), ("i går", (None, None)),
    ],
)  # fmt: skip
def test_days_as_offices_write_them(written, means):
    """The usual ways to write a day are read, also with a time after it; no other."""
    assert day_and_hour(written) == means


@pytest.mark.parametrize(
    ("written", "means"),
    [("8", 8), ("08", 8), ("08:00", 8), ("kl. 8", 8), ("8-9", 8), ("08:00 – 09:00", 8), ("24", None),
     ("0", 0), ("morgon", None)],
)  # fmt: skip
def test_hours_as_offices_write_them(written, means):
    """An hour is the one that begins, however it is written."""
    assert hour(written) == means
