"""Question turns: what begins one, what alone ends it, and what is known of it when it has ended."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.answers.ready import Pressed
from app.answers.record import published
from app.answers.write import press_send
from app.basics.clock import STOCKHOLM
from app.channels.base import Receipt
from app.commands import tallies
from app.database import db, writing
from app.inbox.handle import (
    close,
    hand_over,
    mark_seen,
    reopen,
    snooze,
    take,
    wait_for_resident,
)
from app.inbox.merging import merge
from app.models import Answer, Case, Department, Event, Turn
from app.models.answer import AnswerState
from app.models.case import Outcome
from app.models.event import log_event
from app.reports.turns import keep_up
from app.routing.transfer import hand_back, reroute
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, said, take_in

pytestmark = pytest.mark.once
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def source(app):
    return an_account("practice", now=MONDAY)


@pytest.fixture
def anna(app):
    return a_person(now=MONDAY)


def turns():
    """All turns as the ledger says now, case by case."""
    keep_up(now=MONDAY + timedelta(days=400))
    db.session.commit()
    wanted = select(Turn).order_by(Turn.case_id, Turn.number)
    return list(db.session.scalars(wanted.execution_options(populate_existing=True)))


def row(number=1):
    """A case as it stands."""
    db.session.commit()
    return db.session.get_one(Case, number, populate_existing=True)


def press(by, at, case=1):
    """Send is pressed on an answer; its number."""
    pressed = Pressed(case, "Hej", None, row(case).version, timedelta(), None)
    return press_send(pressed, by=by, now=at).id


def arrive(answer_id, at):
    """The platform has the answer."""
    with writing():
        db.session.get_one(Answer, answer_id).state = AnswerState.SENDING
    published(answer_id, Receipt(f"s{answer_id}"), now=at)


def test_a_turn_is_measured_on_two_clocks(source, anna):
    """From the platform's time to the answer's arrival: on the wall, and within opening hours."""
    friday = datetime(2026, 11, 20, 15, 0, tzinfo=STOCKHOLM).astimezone(UTC)
    take_in(source, said("När öppnar badet?", at=friday), now=friday + 5 * MINUTE)
    mark_seen(row(), by=anna, now=friday + 30 * MINUTE)
    mark_seen(row(), by=anna, now=friday + 40 * MINUTE)
    reroute(1, to="kultur-fritid", by=anna, now=friday + 30 * MINUTE)
    take(1, by=anna, now=MONDAY)
    arrive(press(anna, MONDAY), MONDAY + MINUTE)
    (turn,) = turns()
    assert (turn.ended, turn.how, turn.on_time) == ("answered", "answer", True)
    assert (turn.asked_at, turn.received_at) == (friday, friday + 5 * MINUTE)
    assert (turn.looked_at, turn.routed_at) == (friday + 30 * MINUTE, friday + 30 * MINUTE)
    assert (turn.taken_at, turn.answered_at) == (MONDAY, MONDAY + MINUTE)
    assert turn.waiting == (MONDAY + MINUTE - friday) // MINUTE
    assert turn.answering == 90 + 121  # Friday from three to half past four, Monday from eight
    assert (turn.looking, turn.routing, turn.handling) == (30, 30, 60 + 121)
    assert turn.day == date(2026, 11, 20)
    looks = select(Event.id).where(Event.name == "case_looked_at")
    assert len(db.session.scalars(looks).all()) == 1


def test_nothing_but_a_human_answer_stops_the_clock(source, anna):
    """Routed, handed back, put aside, handed over and merged, a question is one open turn."""
    bo = a_person("customer_service", "Bo Alm", now=MONDAY)
    take_in(source, said("Hål i gatan", at=MONDAY), said("Hål!", at=MONDAY, by="Ali"))
    reroute(1, to="miljo", by=anna, now=MONDAY + MINUTE)
    hand_back(1, by=anna, now=MONDAY + 2 * MINUTE)
    reroute(1, to="gata-park", by=anna, now=MONDAY + 3 * MINUTE)
    hand_over(1, to=bo.id, message="", by=anna, now=MONDAY + 4 * MINUTE)
    snooze(1, until=MONDAY + 48 * HOUR, by=bo, now=MONDAY + 5 * MINUTE)
    seen = row(2).version, row(1).version
    merge(2, 1, by=anna, seen_versions=seen, now=MONDAY + 6 * MINUTE)
    assert [(turn.ended, turn.asked_at) for turn in turns()] == [("open", MONDAY)] * 2
    first = turns()[0]
    ids = {
        slug: number for number, slug in db.session.execute(select(Department.id, Department.slug))
    }
    assert first.department_id == ids["gata-park"]
    assert first.routes == [[ids["miljo"], ids["gata-park"]]]
    arrive(press(bo, MONDAY + HOUR), MONDAY + HOUR)
    assert [(turn.ended, turn.waiting) for turn in turns()] == [("answered", 60)] * 2


def test_a_new_question_after_the_answer_is_its_own_turn(source, anna):
    """What is said after send was pressed waits from its own time, whatever arrives for the first."""
    take_in(source, said("När?", at=MONDAY))
    answer = press(anna, MONDAY + HOUR)
    take_in(source, said("Och var?", at=MONDAY + HOUR + MINUTE))
    arrive(answer, MONDAY + HOUR + 2 * MINUTE)
    first, second = turns()
    assert (first.number, first.ended, first.waiting) == (1, "answered", 62)
    assert (second.number, second.ended) == (2, "open")
    assert second.asked_at == MONDAY + HOUR + MINUTE == row().waiting_since


def test_the_citys_own_answer_on_the_platform_counts_from_its_own_time(source, anna):
    """An answer written there ends the turn when it was published, though the case was closed before
    we saw it; a closing alone counts as not answered."""
    take_in(
        source, said("När?", at=MONDAY, number="a"), said("Hur?", at=MONDAY, by="Ali", number="b")
    )
    for case in (1, 2):
        facts = {"outcome": Outcome.ANSWERED, "reason": "", "now": MONDAY + 2 * HOUR}
        close(case, by=anna, seen_version=row(case).version, **facts)
    assert [(turn.ended, turn.outcome) for turn in turns()] == [("closed", "answered")] * 2
    there = said("På måndag", at=MONDAY + HOUR, by=None, answers="a", by_city=True)
    take_in(source, there, now=MONDAY + 3 * HOUR)
    first, second = turns()
    assert (first.ended, first.how, first.answered_at) == ("answered", "native", MONDAY + HOUR)
    assert (second.ended, second.outcome, second.waiting) == ("closed", "answered", None)


def test_set_to_wait_and_taken_back_closings(source, anna):
    """Set to wait ends a turn unanswered; a closing taken back leaves it as if it had not been."""
    take_in(source, said("När?", at=MONDAY), said("Hur?", at=MONDAY, by="Ali"))
    wait_for_resident(1, by=anna, seen_version=row(1).version, now=MONDAY + HOUR)
    facts = {"outcome": Outcome.SPAM, "reason": "", "now": MONDAY + HOUR}
    close(2, by=anna, seen_version=row(2).version, **facts)
    assert [(turn.ended, turn.outcome) for turn in turns()] == [
        ("set_waiting", ""),
        ("closed", "spam"),
    ]
    reopen(2, by=anna, now=MONDAY + 2 * HOUR)
    assert [turn.ended for turn in turns()] == ["set_waiting", "open"]
    arrive(press(anna, MONDAY + 3 * HOUR, case=2), MONDAY + 3 * HOUR)
    assert (turns()[1].waiting, turns()[1].closed_at) == (180, None)


def test_an_answer_by_voice_ends_a_turn(source, anna):
    """Given on the telephone, the answer counts from when it was given."""
    take_in(source, said("När?", at=MONDAY))
    with writing():
        log_event("call_answered", at=MONDAY + 20 * MINUTE, case_id=1, staff_id=anna.id)
    (turn,) = turns()
    assert (turn.ended, turn.how, turn.waiting) == ("answered", "phone", 20)


def test_what_needs_no_answer_is_never_late(source, anna):
    """Thanks that lie as needing no answer have no due time; an answer counts all the same."""
    take_in(source, said("Tack!", at=MONDAY))
    reroute(1, to="ingen", by=anna, now=MONDAY)
    assert [(turn.no_answer_needed, turn.due_at) for turn in turns()] == [(True, None)]
    arrive(press(anna, MONDAY + HOUR), MONDAY + HOUR)
    assert turns()[0].on_time is True


def test_history_and_what_is_gone_are_no_open_questions(app, anna):
    """Words from before the account was connected are no turn; a withdrawn one is `removed`."""
    source = an_account("practice", now=MONDAY, history_before=MONDAY - HOUR)
    from app.inbox.receive import mark_removed

    take_in(source, said("Förr", at=MONDAY - 2 * HOUR), now=MONDAY)
    take_in(source, said("Nu", at=MONDAY, by="Ali", number="n"))
    with writing():
        mark_removed(source, ["n"], now=MONDAY + HOUR)
    assert [(turn.case_id, turn.ended) for turn in turns()] == [(2, "removed")]


def test_the_command_keeps_up_and_makes_anew(app, source, anna):
    """`flask tallies` brings the figures up to the ledger, with --rebuild all of them anew."""
    take_in(source, said("När?", at=MONDAY))
    runner = app.test_cli_runner()
    for arguments in ([], ["--rebuild"]):
        done = runner.invoke(tallies, arguments)
        assert (done.exit_code, done.output) == (0, "1 ärenden gicks igenom.\n")
        assert len(turns()) == len(cases()) == 1
