"""Written contacts against calls: each counted once, by day, week, department and subject."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.collecting import matomo
from app.collecting.call_counts import take_in as take_in_counts
from app.database import db, writing
from app.inbox import calls
from app.models import Case
from app.people.rights import NotAllowed
from app.reports.contacts import arrivals, contacts_by_channel
from app.reports.tallies import NONE, Span, tallied_by
from app.reports.turns import keep_up, rebuild
from app.routing.transfer import reroute
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, said, take_in
from tests.inbox.test_calls import BACK, HOLE, NUMBER, events, registered

TODAY = MONDAY.date()
SUNDAY = TODAY - timedelta(days=1)
SPAN = Span(SUNDAY, TODAY)
COUNTS = "datum;kö;ärende;samtal\n2026-11-22;Kundtjänst;Snö;30\n2026-11-22;Kundtjänst;Sopor;50\n"
COUNTS += "2026-11-23;Gata & park;Snö;7\n2026-11-20;Kundtjänst;Snö;1000\n"


@pytest.fixture
def anna(app):
    """Customer service, after a Sunday and a Monday of contacts of every kind."""
    person = a_person("customer_service", "Anna Holm", now=MONDAY)
    blog, page = an_account("wordpress", now=MONDAY), an_account("facebook", now=MONDAY)
    take_in(blog, said("När öppnar badet?", at=MONDAY, by="Maria"))
    take_in(blog, said("Hej", at=MONDAY - timedelta(hours=20), by="Johan"))
    take_in(page, said("Råttor", at=MONDAY, by="Åsa"))
    for case in cases():
        reroute(case.id, to="miljo", by=person, now=MONDAY)
    calls.mark_phone(cases()[0].id, by=person, now=MONDAY)
    registered(HOLE, person)
    registered(replace(HOLE, key="b" * 32, call_back=True, reach=NUMBER), person)
    registered(replace(HOLE, key="c" * 32, visit=True), person, department="miljo")
    take_in_counts(COUNTS.encode(), by=person, today=TODAY, now=MONDAY)
    keep_up(now=MONDAY + timedelta(hours=1))
    return person


def test_who_reads_no_cases_sees_no_contacts(app):
    """Somebody switched off sees nothing of it."""
    gone = a_person(now=MONDAY)
    with writing():
        gone.active = False
    with pytest.raises(NotAllowed):
        contacts_by_channel(SPAN, gone)


def test_a_handler_has_their_own_departments_figures(anna):
    """Whatever is asked for, a handler is told of their own department alone."""
    omar = a_person("handler", "Omar Ali", "gata-park", now=MONDAY)
    for span in (SPAN, replace(SPAN, department="miljo")):
        found = contacts_by_channel(span, omar)
        assert set(found.by["department"]) == {"gata-park"}
        assert (found.total.written, found.total.calls, found.total.counted) == ({}, 2, 7)


def test_every_contact_is_counted_once(anna):
    """Written by channel, calls, visits, the switchboard's own and the marks stand apart."""
    found = contacts_by_channel(SPAN, anna).total
    assert found.written == {"wordpress": 2, "facebook": 1}
    assert (found.calls, found.visits, found.counted, found.would_have_phoned) == (2, 1, 87, 1)
    assert found.written_in_all == 3


def test_every_division_adds_up_to_the_whole(anna):
    """By day, week and department the parts are together what is told of the whole."""
    report = contacts_by_channel(SPAN, anna)
    for parts in report.by.values():
        assert sum(part.written_in_all for part in parts.values()) == 3
        assert sum(part.calls + part.visits for part in parts.values()) == 3
        assert sum(part.counted for part in parts.values()) == 87
        assert sum(part.would_have_phoned for part in parts.values()) == 1
    assert sum(report.subjects.values()) == 87


def test_days_weeks_departments_and_subjects(anna):
    """Each part has the contacts of its own local day, week and department."""
    report = contacts_by_channel(SPAN, anna)
    days = {
        day: (one.written_in_all, one.calls, one.counted) for day, one in report.by["day"].items()
    }
    assert days == {"2026-11-22": (1, 0, 80), "2026-11-23": (2, 2, 7)}
    assert set(report.by["week"]) == {"2026-11-16", "2026-11-23"}
    where = {slug: (one.written_in_all, one.calls, one.visits, one.counted)
             for slug, one in report.by["department"].items()}  # fmt: skip
    assert where == {"miljo": (3, 0, 1, 0), "gata-park": (0, 2, 0, 7), NONE: (0, 0, 0, 80)}
    assert report.subjects == {"Sopor": 50, "Snö": 37}


def test_what_is_asked_for_narrows_the_figures(anna):
    """A department, a channel and a kind narrow; of a kind the switchboard knows nothing."""
    miljo = contacts_by_channel(replace(SPAN, department="miljo"), anna).total
    assert (miljo.written_in_all, miljo.calls, miljo.visits, miljo.counted) == (3, 0, 1, 0)
    blog = contacts_by_channel(replace(SPAN, channel="wordpress"), anna).total
    assert (blog.written, blog.calls, blog.would_have_phoned) == ({"wordpress": 2}, 0, 1)
    phone = contacts_by_channel(replace(SPAN, channel="phone"), anna)
    assert (phone.total.written, phone.total.calls) == ({}, 2)
    assert sum(part.written_in_all for part in phone.by["day"].values()) == 0
    kind = contacts_by_channel(replace(SPAN, kind="felanmälan"), anna).total
    assert (kind.calls, kind.counted) == (2, None)
    whole = contacts_by_channel(replace(SPAN, department=NONE), anna).total
    assert (whole.calls, whole.counted) == (0, 80)


def test_erased_numbers_change_no_figure(anna):
    """What is told of calls is the same after their numbers are gone."""
    before = contacts_by_channel(SPAN, anna)
    waits = next(case for case in cases() if case.is_open and case.channel == "phone")
    calls.called_back(waits.id, by=anna, seen_version=waits.version, now=MONDAY)
    assert calls.erase_numbers(after=timedelta(0), now=MONDAY + timedelta(days=1)) == 1
    keep_up(now=MONDAY + timedelta(days=1))
    assert contacts_by_channel(SPAN, anna) == before


def test_a_call_is_answered_in_no_time(anna):
    """A call answered there and then is an answered question that waited nought minutes."""
    from app.reports.tallies import tallied

    keep_up(now=MONDAY + timedelta(hours=1))
    phone = tallied(replace(SPAN, channel="phone"), anna, now=MONDAY + timedelta(hours=1))
    assert (phone.counts["asked"], phone.counts["phone"]) == (3, 2)
    assert phone.minutes["answering"] == {0: 2}
    assert db.session.get(Case, 1) is not None


def test_the_kind_that_a_person_says_counts_while_the_call_waits(app):
    """What kind a call to be returned is stands in the ledger once, so that figures have it."""
    anna = a_person("customer_service", "Anna Holm", now=MONDAY)
    for _ in range(2):
        registered(BACK, anna, kind="fråga")
    rebuild()
    asked = tallied_by(SPAN, anna, "kind", now=MONDAY)
    assert {kind: one.counts["open"] for kind, one in asked.items()} == {"fråga": 1}
    assert [event.details for event in events("case_released")] == [{"kind": "fråga"}]


def test_an_empty_period_is_empty(app):
    """With nothing at all every figure is nought and no part is told."""
    report = contacts_by_channel(Span(date(2020, 1, 1), date(2020, 12, 31)), a_person(now=MONDAY))
    assert (report.total.written_in_all, report.total.counted, report.subjects) == (0, 0, {})
    assert not any(report.by.values())


def test_arrivals_are_told_by_network_and_by_mark(app):
    """Visits are summed over the span's days; a day known to be empty counts as known."""
    ours = "vaxeln-facebook-2026-11"
    with writing():
        matomo.keep(
            {
                SUNDAY: {("social", "Facebook"): 12, ("campaign", ours): 5},
                TODAY: {("social", "Facebook"): 1, ("social", "Instagram"): 3},
                SUNDAY - timedelta(days=1): {},
                SUNDAY - timedelta(days=9): {("social", "Facebook"): 1000},
            },
            now=MONDAY,
        )
    found = arrivals(Span(SUNDAY - timedelta(days=1), TODAY))
    assert (found.social, found.campaigns) == ({"Facebook": 13, "Instagram": 3}, {ours: 5})
    assert found.by_day == {"2026-11-21": (0, 0), "2026-11-22": (12, 5), "2026-11-23": (4, 0)}
    assert found.days == 3
