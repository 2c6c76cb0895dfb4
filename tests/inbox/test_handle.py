"""What is done with a case: put aside, closed with an outcome, opened again, left unread."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.answers.record import published
from app.answers.write import Pressed, press_send
from app.basics import clock
from app.channels.base import Receipt
from app.database import db, writing
from app.inbox import handle
from app.inbox.handle import BadTime, CaseChanged, NoSuchCase, ReasonNeeded
from app.inbox.snooze import at_local, choices, written
from app.inbox.states import NotFromHere
from app.models import Answer, Event
from app.models.answer import AnswerState
from app.models.case import Outcome
from app.people.rights import NotAllowed
from app.routing.transfer import reroute
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, messages, put_with, said, take_in, the_case

HOUR = timedelta(hours=1)
TOMORROW = MONDAY + timedelta(days=1)


@pytest.fixture
def source(app):
    """An account on the practice channel under which one resident has asked something."""
    made = an_account("practice", now=MONDAY)
    take_in(made, said("När plogas det?", at=MONDAY))
    return made


@pytest.fixture
def anna(source):
    """Customer service."""
    return a_person(now=MONDAY)


def aside(by, until=TOMORROW, now=MONDAY, case=None):
    """Put the case aside."""
    return handle.snooze((case or the_case()).id, until=until, by=by, now=now)


def event_names():
    """The ledger's lines about cases that are put aside, closed and opened."""
    wanted = ("case_snoozed", "case_woken", "case_closed", "case_reopened")
    return list(
        db.session.scalars(select(Event.name).where(Event.name.in_(wanted)).order_by(Event.id))
    )


# --- Aside ----------------------------------------------------------------------------------------


@pytest.mark.once
def test_who_may_not_see_the_case_cannot_touch_it(anna):
    """Putting aside, taking out, opening and leaving unread are refused to other departments."""
    put_with(the_case(), "gata-park")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    number = the_case().id
    for act in (
        lambda: aside(petra),
        lambda: handle.wake(number, by=petra, now=MONDAY),
        lambda: handle.reopen(number, by=petra, now=MONDAY),
        lambda: handle.mark_unread(number, by=petra),
        lambda: handle.hand_over(number, to=anna.id, message="", by=petra, now=MONDAY),
    ):
        with pytest.raises(NotAllowed):
            act()
    admin = a_person("administrator", "Sven Admin", now=MONDAY)
    with pytest.raises(NotAllowed):
        aside(admin)


@pytest.mark.once
def test_a_case_is_put_aside_until_a_time_that_comes_within_a_year(anna):
    """A moment that has been, this one, and one further than a year off are refused."""
    for wait in (timedelta(0), -HOUR, timedelta(days=366, seconds=1)):
        with pytest.raises(BadTime):
            aside(anna, until=MONDAY + wait)
    assert the_case().snoozed_until is None


def test_the_residents_clock_goes_on_while_a_case_lies_aside(anna):
    """Putting aside changes when the case is seen, not since when the resident waits."""
    before = the_case().waiting_since, the_case().sort_at, the_case().state
    aside(anna)
    case = the_case()
    assert (case.waiting_since, case.sort_at, case.state) == before
    assert case.snoozed_until == TOMORROW
    handle.wake(case.id, by=anna, now=MONDAY + HOUR)
    handle.wake(case.id, by=anna, now=MONDAY + HOUR)  # once more does nothing
    assert the_case().snoozed_until is None
    assert event_names() == ["case_snoozed", "case_woken"]


def test_new_words_from_the_resident_wake_the_case_at_once(source, anna):
    """A word, and an edit, of the resident's brings the case back; the ledger says so."""
    aside(anna)
    take_in(source, said("Hallå?", at=MONDAY + HOUR, number="x"))
    assert the_case().snoozed_until is None
    aside(anna, now=MONDAY + 2 * HOUR)
    take_in(source, said("Hallå där?", at=MONDAY + HOUR, number="x"), now=MONDAY + 3 * HOUR)
    assert the_case().snoozed_until is None
    assert event_names() == ["case_snoozed", "case_woken"] * 2


def test_words_that_come_late_wake_the_case_too(source, anna):
    """What was written before the case was put aside but reaches us after it is new to us."""
    aside(anna, now=MONDAY + 2 * HOUR)
    take_in(source, said("Och sandning?", at=MONDAY - HOUR), now=MONDAY + 3 * HOUR)
    assert the_case().snoozed_until is None


def test_what_others_and_the_city_say_wakes_nothing(source, anna):
    """The city's answer on the platform and another resident's word leave the case aside."""
    aside(anna)
    first = messages()[0].external_id
    city = said("Hej", at=MONDAY + HOUR, by="Staden", by_city=True, answers=first)
    take_in(source, city, said("Jag med", at=MONDAY + HOUR, by="Bo Ek"), now=MONDAY + 2 * HOUR)
    assert cases()[0].snoozed_until == TOMORROW
    assert event_names() == ["case_snoozed"]


@pytest.mark.once
def test_a_case_is_not_put_aside_unread(source, anna):
    """Words that came while the person chose a time stop it when the page's version is given."""
    number, seen = the_case().id, the_case().version
    take_in(source, said("Mer", at=MONDAY + HOUR))
    with pytest.raises(CaseChanged):
        handle.snooze(number, until=TOMORROW, by=anna, now=MONDAY + HOUR, seen_version=seen)


@pytest.mark.once
def test_a_case_that_changes_hands_or_is_closed_lies_aside_no_more(anna):
    """Whoever gets the case sees it; a closed one is not put aside."""
    aside(anna)
    reroute(the_case().id, to="miljo", by=anna, now=MONDAY)
    assert the_case().snoozed_until is None
    aside(anna)
    handle.hand_over(the_case().id, to=anna.id, message="", by=anna, now=MONDAY)
    assert the_case().snoozed_until is None
    aside(anna)
    ended(anna)
    assert the_case().snoozed_until is None
    with pytest.raises(NotFromHere):
        aside(anna)


# --- The times offered ----------------------------------------------------------------------------

AROUND_THE_SHIFTS = st.one_of(
    st.datetimes(datetime(2026, 10, 22), datetime(2026, 10, 28)),
    st.datetimes(datetime(2027, 3, 24), datetime(2027, 4, 1)),
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)),
).map(lambda at: at.replace(tzinfo=UTC))


@given(now=AROUND_THE_SHIFTS)
def test_the_times_offered_come_and_show_eight_on_the_wall(now):
    """An hour is an hour; tomorrow and Monday are at eight in Stockholm, also when clocks shift."""
    offered = choices(now)
    assert offered.pop("timme") - now == HOUR
    assert all(at > now for at in offered.values())
    today = clock.to_local(now).date()
    shown = {key: clock.to_local(at) for key, at in offered.items()}
    assert {one.time() for one in shown.values()} == {time(8)}
    assert shown["imorgon"].date() == today + timedelta(days=1)
    if "mandag" in shown:
        assert shown["mandag"].weekday() == 0
        assert 1 < (shown["mandag"].date() - today).days <= 7
    else:
        assert today.weekday() == 6


@given(
    day=st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    hour=st.times().map(lambda t: t.replace(microsecond=0)),
)
def test_a_typed_time_is_what_the_wall_will_show(day, hour):
    """A day and an hour mean Stockholm's; the hour skipped in spring is moved on by one."""
    at = written(day.isoformat(), hour.isoformat())
    shown = clock.to_local(at).replace(tzinfo=None)
    assert shown - datetime.combine(day, hour) in (timedelta(0), HOUR)


def test_the_shifts_themselves():
    """02.30 on the night of spring is 03.30, on that of autumn the first of the two."""
    assert at_local(date(2027, 3, 28), time(2, 30)) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert at_local(date(2026, 10, 25), time(2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hour"),
    [
        ("", "08:00"),
        ("2026-12-01", ""),
        ("2026-02-30", "08:00"),
        ("i morgon", "8"),
        ("0001-01-01", "00:10"),
    ],
)
def test_what_is_no_time_is_none(day, hour):
    """A half-typed or impossible time is nothing."""
    assert written(day, hour) is None


# --- Closed, and opened again ---------------------------------------------------------------------


def ended(by, outcome=Outcome.NO_ANSWER_NEEDED, reason="tackar", case=None, now=MONDAY, **more):
    """Close the case as it stands."""
    case = case or the_case()
    facts = {"outcome": outcome, "reason": reason, "seen_version": case.version, "now": now}
    return handle.close(case.id, by=by, **facts, **more)


@pytest.mark.once
def test_some_outcomes_need_to_know_more(anna):
    """Why no answer is needed, to whom one referred, and what it doubles must be said."""
    for outcome in (Outcome.NO_ANSWER_NEEDED, Outcome.REFERRED, Outcome.DUPLICATE):
        with pytest.raises(ReasonNeeded):
            ended(anna, outcome, " ")
        assert the_case().is_open
        ended(anna, outcome, "Region Skåne")
        assert (the_case().outcome, the_case().outcome_reason) == (outcome, "Region Skåne")
        handle.reopen(the_case().id, by=anna, now=MONDAY)


@pytest.mark.once
def test_a_referral_is_to_whom_the_suggestion_said(anna):
    """When the model already named somebody else's matter, that is whom the resident goes to."""
    the_case().refer_to = "Trafikverket"
    db.session.commit()
    ended(anna, Outcome.REFERRED, "")
    assert the_case().outcome_reason == "Trafikverket"


@pytest.mark.once
def test_a_duplicate_is_of_a_case_that_the_person_may_see(source, anna):
    """Neither itself, nor one that is not there, nor one out of sight can be doubled."""
    take_in(source, said("Plogning?", at=MONDAY, by="Bo Ek"))
    mine, other = cases()
    put_with(mine, "gata-park")
    put_with(other, "miljo")
    omar = a_person("handler", "Omar Nasser", "gata-park", now=MONDAY)
    for number in (mine.id, other.id, 99999):
        with pytest.raises(NoSuchCase):
            ended(omar, Outcome.DUPLICATE, "x", cases()[0], duplicate_of=number)
    ended(anna, Outcome.DUPLICATE, "LA-2026-2", cases()[0], duplicate_of=other.id)
    closing = db.session.scalars(select(Event).where(Event.name == "case_closed")).one()
    assert closing.details["duplicate_of"] == other.id


def test_a_case_closed_by_mistake_is_opened_with_its_clock(anna):
    """Who waited when the case was closed waits again, since the same moment, and who did it is kept."""
    since = the_case().waiting_since
    ended(anna)
    assert the_case().waiting_since is None
    handle.reopen(the_case().id, by=anna, now=MONDAY + HOUR)
    case = the_case()
    assert (case.state, case.waiting_since, case.sort_at) == ("reopened", since, since)
    assert (case.outcome, case.outcome_reason, case.closed_at) == (None, "", None)
    line = db.session.scalars(select(Event).where(Event.name == "case_reopened")).one()
    assert line.staff_id == anna.id
    with pytest.raises(NotFromHere):
        handle.reopen(case.id, by=anna, now=MONDAY + HOUR)


def test_opening_again_asks_for_no_answer_twice(source, anna):
    """Words that an answer answered stay answered when a later closing is undone."""
    sent = Pressed(the_case().id, "Klockan sju", None, the_case().version, timedelta(0))
    pressed = press_send(sent, by=anna, now=MONDAY)
    with writing():
        db.session.get_one(Answer, pressed.id).state = AnswerState.SENDING
    published(pressed.id, Receipt("svar1"), now=MONDAY + HOUR)
    take_in(source, said("Och sandning?", at=MONDAY + 2 * HOUR))
    ended(anna, now=MONDAY + 3 * HOUR)
    handle.reopen(the_case().id, by=anna, now=MONDAY + 4 * HOUR)
    assert the_case().waiting_since == MONDAY + 2 * HOUR


@pytest.mark.once
def test_a_case_without_anybody_waiting_is_opened_so(anna):
    """Opening a case that was answered before it was closed starts no clock."""
    handle.wait_for_resident(the_case().id, by=anna, seen_version=the_case().version, now=MONDAY)
    ended(anna)
    handle.reopen(the_case().id, by=anna, now=MONDAY + HOUR)
    assert (the_case().state, the_case().waiting_since) == ("reopened", None)


@pytest.mark.once
def test_a_case_is_left_unread_for_one_person(anna):
    """Marking as unread forgets what this person has seen, and nobody else's."""
    from app.models import CaseSeen

    bo = a_person(name="Bo Ek", now=MONDAY)
    for one in (anna, bo):
        handle.mark_seen(the_case(), by=one, now=MONDAY)
    handle.mark_unread(the_case().id, by=anna)
    assert list(db.session.scalars(select(CaseSeen.staff_id))) == [bo.id]
