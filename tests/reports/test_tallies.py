"""A seeded year of cases: what the pages show is what a slow, obvious program finds in the ledger."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select

from app.database import db, writing
from app.models import (
    Calendar,
    Case,
    CaseSeen,
    Department,
    Event,
    Goal,
    Message,
    Person,
    Post,
    Tally,
    Turn,
)
from app.people.rights import NotAllowed
from app.reports.figures import Asked, report_of
from app.reports.periods import Against, Days, Period
from app.reports.tallies import Span, backlog, pieces, tallied, tallied_by
from app.reports.turns import keep_up, rebuild
from app.reports.turns_behind import cases_behind
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in
from tests.reports import slow_figures as slow

CASES = 70
A_PIECE = 90
"""Lines of the ledger between two looks: most cases go on over several."""
WHOLE = Span(slow.FIRST, slow.LAST)
SPANS = (
    WHOLE,
    Span(date(2026, 10, 7), date(2027, 3, 28)),
    Span(date(2026, 12, 28), date(2027, 1, 3)),
    Span(date(2027, 3, 1), date(2027, 5, 31), department="miljo"),
    Span(slow.FIRST, slow.LAST, department="ingen"),
    Span(slow.FIRST, slow.LAST, channel="x"),
    Span(date(2027, 2, 3), date(2027, 8, 9), channel="facebook", kind="fråga"),
    Span(slow.FIRST, slow.LAST, department="utbildning", channel="x", kind="beröm"),
)


@cache
def lines() -> list[dict[str, Any]]:
    """The year's ledger, told once."""
    return slow.a_year(7, CASES)


@cache
def obvious() -> list[dict[str, Any]]:
    """What the slow program makes of it, once."""
    return [slow.measured(turn) for turn in slow.turns_of(lines())]


def inside(span: Span) -> list[dict[str, Any]]:
    """The turns of a span, by looking at each."""
    return [
        turn
        for turn in obvious()
        if span.first <= slow.day_of(turn) <= span.last
        and span.department in (None, turn["home"] or "ingen")
        and span.channel in (None, turn["channel"])
        and span.kind in (None, turn["kind"])
    ]


@pytest.fixture
def year(app: Any) -> Any:
    """The year in the database: the ledger, opening hours and goals; its cases without people."""
    now = slow.NOW
    with writing():
        homes = home_ids()
        for home, first, rules in slow.CALENDARS:
            row = {"department_id": homes.get(home), "valid_from": first, "rules": rules}
            db.session.add(Calendar(**row, created_at=now))
        for home, channel, first, amount, unit in slow.GOALS:
            row = {"department_id": homes.get(home), "channel": channel, "valid_from": first}
            db.session.add(Goal(**row, amount=amount, unit=unit, created_at=now))
    for start in range(0, len(lines()), A_PIECE):
        with writing():
            db.session.execute(insert(Event), lines()[start : start + A_PIECE])
        keep_up(now=now)
    return a_person("manager", now=now)


def home_ids() -> dict[str, int]:
    """The departments' numbers by slug."""
    rows = db.session.execute(select(Department.slug, Department.id))
    return {row.slug: row.id for row in rows}


def rows_of(table: Any) -> list[Any]:
    """All rows of a table but for their ids."""
    db.session.commit()
    columns = [column for column in table.__table__.c if column.name != "id"]
    return sorted(db.session.execute(select(*columns)).all(), key=repr)


def same(found: Any, turns: list[dict[str, Any]]) -> None:
    """The figures are those of these turns, to the minute."""
    counts, minutes = slow.figures(turns)
    assert {name: n for name, n in found.counts.items() if n} == dict(counts)
    for name in slow.MEASURES:
        assert dict(found.minutes[name]) == dict(minutes[name]), name
        assert found.median(name) == slow.middle(minutes[name], 50)
        assert found.percentile(name, 90) == slow.middle(minutes[name], 90)
    due = counts["answered"] + counts["open_late"]
    assert found.share_on_time() == (counts["on_time"], due)


@pytest.mark.once
def test_who_has_been_switched_off_sees_no_figure(app):
    """Somebody who may read no cases gets no figures and no cases."""
    gone = a_person("manager", now=MONDAY)
    gone.active = False
    for look in (
        lambda: tallied(WHOLE, gone),
        lambda: backlog(gone, slow.NOW),
        lambda: cases_behind(WHOLE, gone, "asked"),
    ):
        with pytest.raises(NotAllowed):
            look()


def test_figures_are_the_slow_programs_to_the_last_minute(app, year):
    """Counts, minutes, medians, shares, parts and the backlog agree with the program that counts."""
    assert len(obvious()) > CASES
    for span in SPANS:
        same(tallied(span, year, now=slow.NOW), inside(span))
    the_report_agrees(year, app.config)
    apart_agree(year)
    hours_and_ways_agree(year)
    backlog_agrees(year)


def the_report_agrees(year, config):
    """What the report sums from its parts is the slow program's too, now and before."""
    for span in SPANS:
        days = Days(span.first, min(span.last, slow.LAST))
        before = days.moved(timedelta(weeks=13))
        asked = Asked(
            Period.OWN, days, Against.BEFORE, before, span.department, span.channel, span.kind
        )
        report = report_of(asked, year, now=slow.NOW, config=config)
        turns = inside(span)
        same(report.total, turns)
        counts, minutes = slow.figures(inside(replace(span, first=before.first, last=before.last)))
        assert {name: n for name, n in report.before.counts.items() if n} == dict(counts)
        assert dict(report.before.minutes["answering"]) == dict(minutes["answering"])
        written = Counter(turn["channel"] for turn in turns if turn["channel"] != "phone")
        assert report.contacts.total.written == dict(written)
        weeks = report.contacts.by["week"]
        assert sum(one.written_in_all for one in weeks.values()) == written.total()


def apart_agree(year):
    """By day, week, month, department, channel and kind each part is the slow program's."""
    names = {
        "day": lambda turn: slow.day_of(turn),
        "week": lambda turn: slow.day_of(turn) - timedelta(days=slow.day_of(turn).weekday()),
        "month": lambda turn: slow.day_of(turn).replace(day=1),
        "department": lambda turn: turn["home"] or "ingen",
        "channel": lambda turn: turn["channel"],
        "kind": lambda turn: turn["kind"],
    }
    for span in (WHOLE, SPANS[1], SPANS[5]):
        for by, name in names.items():
            parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for turn in inside(span):
                parts[str(name(turn))].append(turn)
            found = tallied_by(span, year, by, now=slow.NOW)
            assert found.keys() == parts.keys()
            for key, turns in parts.items():
                same(found[key], turns)


def hours_and_ways_agree(year):
    """Arrivals by weekday and hour, and hand-backs by way, are those of the raw ledger."""
    hours = Counter(f"{t.weekday()}-{t:%H}" for t in
                    (turn["asked"].astimezone(slow.HERE) for turn in obvious()))  # fmt: skip
    found = tallied_by(WHOLE, year, "weekday_hour")
    assert {key: one.counts["asked"] for key, one in found.items()} == dict(hours)
    ways = Counter(f"{a}>{b or 'ingen'}" for turn in obvious() for a, b in turn["routes"])
    found = tallied_by(WHOLE, year, "route")
    assert {key: one.counts["handed_back"] for key, one in found.items()} == dict(ways)


def backlog_agrees(year):
    """What is open, per department and age, is what the slow program finds open at that moment."""
    wanted: dict[str, Counter[str]] = defaultdict(Counter)
    for turn in obvious():
        if turn["ended"] == "open" and not turn["aside"]:
            age = slow.NOW - turn["asked"]
            days = age / timedelta(days=1)
            name = ("day" if days < 1 else "three_days" if days < 3 else "week" if days < 7
                    else "older")  # fmt: skip
            home = turn["home"] or "ingen"
            wanted[home][name] += 1
            wanted[home]["late"] += turn["due"] < slow.NOW
    found = backlog(year, slow.NOW)
    assert {home: Counter(one) for home, one in found.items()} == wanted


def test_what_is_kept_up_is_what_is_made_anew(year):
    """Turns and tallies kept up in pieces are, row by row, those made from nothing; twice is once."""
    kept = rows_of(Turn), rows_of(Tally)
    keep_up(now=slow.NOW + timedelta(hours=1))
    keep_up(now=slow.NOW + timedelta(hours=2))
    assert (rows_of(Turn), rows_of(Tally)) == kept
    rebuild()
    assert (rows_of(Turn), rows_of(Tally)) == kept
    with writing():
        db.session.execute(delete(Tally))
        db.session.execute(delete(Turn))
    rebuild()
    assert (rows_of(Turn), rows_of(Tally)) == kept


@pytest.mark.once
def test_the_cases_behind_a_figure_are_those_counted(year):
    """Behind each count stand just the cases of those turns, to a handler the department's own."""
    make_cases()
    for what, which in {
        "asked": lambda t: True,
        "on_time": lambda t: t["on_time"],
        "late": lambda t: t["ended"] == "answered" and not t["on_time"],
        "native": lambda t: t["how"] == "native",
        "closed_spam": lambda t: t["outcome"] == "spam",
        "open_late": lambda t: t["ended"] == "open" and t["due"] and t["due"] < slow.NOW,
        "handed_back": lambda t: t["routes"],
        "weekday_hour:0-09": lambda t: f"{t['asked'].astimezone(slow.HERE):%u-%H}" == "1-09",
        "more:answering:480": lambda t: (t["answering"] or 0) > 480,
        "measured:looking": lambda t: t["looking"] is not None,
        "written": lambda t: t["channel"] != "phone",
    }.items():
        for span in (WHOLE, SPANS[3]):
            wanted = {turn["case"] for turn in inside(span) if which(turn)}
            found = cases_behind(span, year, what, now=slow.NOW)
            assert set(found) == wanted, what
            assert len(found) == len(set(found))
    with pytest.raises(ValueError, match="everything"):
        cases_behind(WHOLE, year, "everything", now=slow.NOW)
    handler_sees_their_own()


def make_cases() -> None:
    """The year's cases as rows, each under a post of its own, lying where the ledger says."""
    source = an_account(now=MONDAY)
    homes = home_ids()
    last = {turn["case"]: turn["home"] for turn in obvious()}
    at = {"opened_at": MONDAY, "last_word_at": MONDAY, "sort_at": MONDAY}
    with writing():
        for number in sorted(last):
            post = Post(account_id=source.account_id, external_id=f"p{number}")
            db.session.add(post)
            db.session.flush()
            db.session.add(Case(id=number, account_id=source.account_id, channel="x", post_id=post.id,
                                department_id=homes.get(last[number]), **at))  # fmt: skip


def handler_sees_their_own() -> None:
    """Behind a figure of the whole city a handler finds the cases of the own department."""
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    found = cases_behind(WHOLE, petra, "asked", now=slow.NOW)
    last = {turn["case"]: turn["home"] for turn in obvious()}
    assert set(found) == {case for case, home in last.items() if home == "miljo"}


def test_forgetting_people_changes_no_figure(app):
    """With a resident's words, case and identity gone, the ledger gives the same figures."""
    source = an_account(now=MONDAY)
    for number in range(5):
        take_in(
            source, said("När öppnar badet?", at=MONDAY, by=f"Bo {number}", number=f"b{number}")
        )
    take_in(
        source,
        said("På måndag", at=MONDAY + timedelta(hours=3), answers="b1", by_city=True, by=None),
    )
    keep_up(now=MONDAY + timedelta(days=1))
    kept = rows_of(Turn), rows_of(Tally)
    assert db.session.scalar(select(func.count(Turn.id)).where(Turn.ended == "answered")) == 1
    with writing():
        for table in (CaseSeen, Message, Case, Post, Person):
            db.session.execute(delete(table))
    rebuild()
    assert (rows_of(Turn), rows_of(Tally)) == kept


@pytest.mark.once
def test_a_span_is_cut_into_whole_periods(app):
    """Whole months and weeks are read as such, and every day once."""
    found = list(pieces(date(2026, 12, 30), date(2027, 2, 2)))
    assert [grain for grain, _first, _last in found] == ["day", "day", "month", "day", "day"]
    days = [first + timedelta(days=n) for _g, first, last in found
            for n in range((last - first).days + 1)]  # fmt: skip
    assert days == [date(2026, 12, 30) + timedelta(days=n) for n in range(35)]
    grains = Counter(grain for grain, _first, _last in pieces(date(2026, 12, 7), date(2027, 12, 5)))
    assert grains == {"month": 11, "week": 3, "day": 9}  # and not 52 weeks
    weeks = list(pieces(date(2026, 12, 28), date(2027, 1, 10), "week"))
    assert weeks == [("week", date(2026, 12, 28), date(2027, 1, 3)),
                     ("week", date(2027, 1, 4), date(2027, 1, 10))]  # fmt: skip
