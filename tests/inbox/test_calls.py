"""Calls and visits: who may, exactly once, answered or called back, and the number's short life."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select, text

from app.answers.ready import CannotSend, Pressed
from app.answers.write import press_send
from app.basics.keys import BadSeal
from app.collecting.rotation import reseal_all
from app.database import db, writing
from app.inbox import calls, handle
from app.inbox.calls import BadCall, NewCall, Wrong
from app.inbox.handle import CaseChanged
from app.inbox.states import NotFromHere
from app.models import Account, Call, Event, Message, Note, PhoneMark, Source
from app.people.rights import NotAllowed
from app.routing.called import register
from app.schedule import JOBS
from config import BadSetting, read_settings
from tests.conftest import MONDAY
from tests.factories import (
    a_person,
    an_account,
    cases,
    messages,
    put_with,
    said,
    take_in,
    the_case,
)

KEYS = ("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=",)
NEWER = ("bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItMTI=", *KEYS)
HOLE = NewCall(key="a" * 32, words="Det är ett hål i Storgatan", at=MONDAY)
NUMBER = "070-123 45 67"
BACK = replace(HOLE, call_back=True, reach=NUMBER)


class Says:
    """A router that is certain of one department."""

    def __init__(self, department="gata-park", certainty=0.9):
        self.department, self.certainty = department, certainty

    def suggest(self, texts):
        """The same advice for every text."""
        from classifiers.suggest import Suggestion

        one = Suggestion(
            department=self.department,
            certainty=self.certainty,
            next=(("miljo", 0.05), ("omsorg", 0.02)),
            refer=None,
            kind="felanmälan",
            urgent=False,
            words=("hål",),
            model_version="x",
        )
        return [one for _text in texts]


@pytest.fixture
def anna(app):
    """Somebody at customer service."""
    return a_person("customer_service", "Anna Holm", now=MONDAY)


def registered(call, by, *, department="", kind="", router=None, now=MONDAY):
    """A call, registered as the page does it."""
    return register(
        call,
        department=department,
        kind=kind,
        by=by,
        router=lambda: router or Says(),
        threshold=0.5,
        keys=KEYS,
        city="Landskrona stad",
        now=now,
    )


def events(*names):
    """What the ledger tells of these, in order."""
    wanted = select(Event).where(Event.name.in_(names)).order_by(Event.id)
    return list(db.session.scalars(wanted))


def the_call():
    """The only call there is."""
    db.session.commit()
    return db.session.scalars(select(Call).execution_options(populate_existing=True)).one()


# --- Denied first --------------------------------------------------------------------------------


def test_who_answers_nobody_registers_nothing(app):
    """An administrator, who reads cases, can neither register a call nor mark a case."""
    take_in(an_account(now=MONDAY), said("Hej", at=MONDAY))
    admin = a_person("administrator", "Adam Sjö", now=MONDAY)
    with pytest.raises(NotAllowed):
        registered(HOLE, admin)
    with pytest.raises(NotAllowed):
        calls.mark_phone(the_case().id, by=admin, now=MONDAY)
    assert len(cases()) == 1


def test_others_departments_calls_are_out_of_reach(app, anna):
    """A handler of another department can neither call back, nor say that nobody answered."""
    case = registered(BACK, anna)
    sara = a_person("handler", "Sara Ek", "omsorg", now=MONDAY)
    with pytest.raises(NotAllowed):
        calls.called_back(case.id, by=sara, seen_version=case.version, now=MONDAY)
    with pytest.raises(NotAllowed):
        calls.not_reached(case.id, note="", by=sara, now=MONDAY)
    with pytest.raises(NotAllowed):
        calls.finish(case.id, kind="", by=sara, now=MONDAY)


def test_a_written_case_is_no_call(app, anna):
    """Nobody can say that a case was answered by voice when nobody called."""
    take_in(an_account(now=MONDAY), said("Hej", at=MONDAY))
    with pytest.raises(NotAllowed):
        calls.called_back(the_case().id, by=anna, seen_version=0, now=MONDAY)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"words": " \n "}, Wrong.NO_WORDS),
        ({"words": "x" * 10_001}, Wrong.TOO_LONG),
        ({"words": f"Ring mig på {NUMBER}"}, Wrong.NUMBER_IN_WORDS),
        ({"words": "Mejla mig: maria@example.com"}, Wrong.NUMBER_IN_WORDS),
        ({"call_back": True}, Wrong.NO_REACH),
        ({"call_back": True, "reach": "hemma"}, Wrong.BAD_REACH),
        ({"call_back": True, "reach": "0" * 200}, Wrong.BAD_REACH),
        ({"key": "b"}, Wrong.BAD_KEY),
    ],
)
def test_what_is_missing_is_said_and_nothing_kept(app, anna, change, why):
    """A call without words, or with a number in the wrong place, is not registered."""
    with pytest.raises(BadCall) as caught:
        registered(replace(HOLE, **change), anna)
    assert caught.value.why == why
    assert cases() == []


def test_a_number_that_is_meant_may_stand_in_the_words(app, anna):
    """A number that is nobody's own (the city's) is kept when the person says that it is meant."""
    registered(replace(HOLE, words="Ringde 0418-47 00 00 utan svar", number_meant=True), anna)
    assert messages()[0].text == "Ringde 0418-47 00 00 utan svar"


# --- A case like others --------------------------------------------------------------------------


def test_a_call_comes_in_by_the_one_door(app, anna):
    """A call is one message, one case and the ledger's lines, routed as a written word is."""
    case = registered(BACK, anna)
    (message,) = messages()
    assert (case.channel, case.department.slug, case.routed_by) == ("phone", "gata-park", "model")
    assert (message.text, message.by_city, message.published_at) == (HOLE.words, False, MONDAY)
    assert (case.state, case.waiting_since, case.kind) == ("new", MONDAY, "felanmälan")
    names = [event.name for event in db.session.scalars(select(Event).order_by(Event.id))]
    wanted = ["case_opened", "message_received", "call_registered", "case_routed"]
    assert [name for name in names if name in wanted] == wanted


def test_pressed_twice_it_is_one_call(app, anna):
    """The same form sent again makes no second case, and goes on where the first stopped."""
    first = calls.take_in(HOLE, by=anna, keys=KEYS, city="Landskrona stad", now=MONDAY)
    assert registered(HOLE, anna).id == first
    assert registered(HOLE, anna).id == first
    assert len(cases()) == len(messages()) == len(events("call_answered")) == 1
    assert not the_case().is_open


def test_two_callers_are_never_one_person(app, anna):
    """Calls under the same name are cases of their own, under posts of their own."""
    one = registered(replace(HOLE, name="Maria Lindqvist"), anna)
    other = registered(replace(HOLE, name="Maria Lindqvist", key="b" * 32), anna)
    assert one.person_id != other.person_id
    assert one.post_id != other.post_id


def test_where_the_person_puts_it_it_lies(app, anna):
    """The department and kind that a person chooses hold against the model's, and are learnt from."""
    case = registered(HOLE, anna, department="miljo", kind="fråga")
    assert (case.department.slug, case.routed_by, case.kind) == ("miljo", "person", "fråga")
    assert [event.details["to"] for event in events("case_rerouted")] == ["miljo"]


def test_a_mute_model_stops_no_call(app, anna):
    """When the model fails, the call is registered all the same and a person decides."""

    class Broken:
        def suggest(self, texts):
            raise RuntimeError("no model")

    case = registered(BACK, anna, router=Broken())
    assert (case.department_id, case.is_open) == (None, True)


def test_a_handler_registers_what_others_answer(app):
    """A handler's call that belongs elsewhere goes there, and is then out of their sight."""
    sara = a_person("handler", "Sara Ek", "omsorg", now=MONDAY)
    case = registered(BACK, sara)
    assert (case.department.slug, case.assignee_id) == ("gata-park", None)
    with pytest.raises(NotAllowed):
        calls.called_back(case.id, by=sara, seen_version=case.version, now=MONDAY)


def test_practice_calls_stay_with_practice(app):
    """The practice town's people register on an account that ends with the practice."""
    played = a_person("customer_service", "Anna Holm", now=MONDAY)
    real = a_person("customer_service", "Bo Ek", now=MONDAY)
    with writing():
        played.practice = True
    registered(HOLE, played)
    registered(replace(HOLE, key="b" * 32), real)
    rows = db.session.execute(select(Account.external_id, Account.practice))
    assert {tuple(row) for row in rows} == {("vaxeln-ovning", True), ("vaxeln", False)}
    assert set(db.session.scalars(select(Source.state))) == {"off"}


def test_nothing_can_be_sent_on_the_telephone(app, anna):
    """An answer to a call is refused before the outbox, whatever anybody presses."""
    case = registered(BACK, anna)
    pressed = Pressed(case.id, "Hej!", None, case.version, timedelta(0))
    with pytest.raises(CannotSend):
        press_send(pressed, by=anna, now=MONDAY)


# --- Answered ------------------------------------------------------------------------------------


def test_answered_on_the_phone_nobody_waits(app, anna):
    """An answered call is closed at once by a named person, and its waiting ended when it began."""
    case = registered(HOLE, anna, now=MONDAY + timedelta(minutes=5))
    assert (case.state, case.outcome, case.waiting_since) == ("closed", "answered", None)
    (answered,) = events("call_answered")
    assert (answered.at, answered.staff_id) == (MONDAY, anna.id)
    assert case.answered_at == case.opened_at == MONDAY
    assert all(message.settled for message in messages())


def test_called_back_it_is_answered(app, anna):
    """Who calls back and answers ends the waiting then, under their own name."""
    case = registered(BACK, anna)
    omar = a_person("handler", "Omar Ali", "gata-park", now=MONDAY)
    later = MONDAY + timedelta(hours=2)
    calls.called_back(case.id, by=omar, seen_version=case.version, now=later)
    assert (the_case().outcome, the_case().answered_at) == ("answered", later)
    assert [event.staff_id for event in events("call_answered")] == [omar.id]
    with pytest.raises(NotFromHere):
        calls.called_back(case.id, by=omar, seen_version=the_case().version, now=later)


def test_who_has_not_seen_the_latest_closes_nothing(app, anna):
    """Called back against an older version of the case, nothing is closed."""
    case = registered(BACK, anna)
    with pytest.raises(CaseChanged):
        calls.called_back(case.id, by=anna, seen_version=case.version - 1, now=MONDAY)
    assert the_case().is_open


def test_not_reached_they_wait_on(app, anna):
    """A try without answer is counted and noted, and never stops the resident's clock."""
    case = registered(BACK, anna)
    calls.not_reached(case.id, note="Telefonsvarare", by=anna, now=MONDAY)
    calls.not_reached(case.id, note="", by=anna, now=MONDAY)
    assert (the_call().tries, the_case().waiting_since) == (2, MONDAY)
    assert list(db.session.scalars(select(Note.text))) == ["Telefonsvarare"]


def test_opened_again_they_wait_as_before(app, anna):
    """A call closed by a slip waits again since it came, and can be answered anew."""
    case = registered(HOLE, anna)
    handle.reopen(case.id, by=anna, now=MONDAY + timedelta(minutes=1))
    assert (the_case().waiting_since, the_case().is_open) == (MONDAY, True)
    later = MONDAY + timedelta(hours=1)
    calls.called_back(case.id, by=anna, seen_version=the_case().version, now=later)
    assert the_call().answered_at == later


# --- The number ----------------------------------------------------------------------------------


def everything_stored():
    """All that every table of the database holds, as one text."""
    db.session.commit()
    names = inspect(db.engine).get_table_names()
    rows = [str(row) for one in names for row in db.session.execute(text(f'SELECT * FROM "{one}"'))]
    assert rows
    return "\n".join(rows)


def test_the_number_stands_nowhere_in_clear(app, anna):
    """No table, ledger, index or list holds the number that a call is to be answered at."""
    case = registered(BACK, anna)
    stored = everything_stored()
    assert NUMBER not in stored
    assert "123 45 67" not in stored
    assert calls.reach_of(the_call(), KEYS) == NUMBER
    assert case.snippet == HOLE.words


def test_a_number_that_is_not_needed_is_not_kept(app, anna):
    """A number typed for a call that was answered there and then is thrown away at once."""
    registered(replace(BACK, call_back=False), anna)
    assert the_call().reach == ""


def test_numbers_are_erased_in_time(app, anna):
    """A number is erased once its case has been closed for so long; those of open cases stay."""
    shut = registered(BACK, anna)
    registered(replace(BACK, key="b" * 32), anna)
    calls.called_back(shut.id, by=anna, seen_version=shut.version, now=MONDAY)
    after = timedelta(days=30)
    assert calls.erase_numbers(after=after, now=MONDAY + after) == 0
    assert calls.erase_numbers(after=after, now=MONDAY + after + timedelta(seconds=1)) == 1
    assert [event.case_id for event in events("call_number_erased")] == [shut.id]
    left = select(Call.case_id).where(Call.reach != "")
    assert list(db.session.scalars(left)) == [cases()[1].id]


def test_the_nights_job_erases_by_the_setting(app, anna):
    """The worker's own job runs every night, whatever else is switched off, and heeds the setting."""
    shut = registered(BACK, anna)
    calls.called_back(shut.id, by=anna, seen_version=shut.version, now=MONDAY)
    (job,) = [one for one in JOBS if one.name == "erase_call_numbers"]
    assert job.when(app.config)["trigger"] == "cron"
    app.config["CALL_NUMBER_DAYS"] = 36500
    assert job.run(app) == 0
    app.config["CALL_NUMBER_DAYS"] = 0
    assert job.run(app) == 1
    with pytest.raises(BadSetting):
        read_settings({"NIGHT_AT": ""})


def test_a_new_key_takes_the_numbers_along(app, anna):
    """After the keys are changed the number opens with the new one alone."""
    registered(BACK, anna)
    reseal_all(NEWER)
    assert calls.reach_of(the_call(), NEWER[:1]) == NUMBER
    assert calls.reach_of(the_call(), KEYS) is None


def test_a_lost_key_is_told_before_anything_changes(app, anna):
    """When a number opens with none of the keys, no seal at all is changed."""
    registered(BACK, anna)
    before = the_call().reach
    with pytest.raises(BadSeal):
        reseal_all(NEWER[:1])
    assert the_call().reach == before


# --- Would have phoned ---------------------------------------------------------------------------


def test_would_have_phoned_is_said_once_and_taken_back(app, anna):
    """The mark is one per case however often it is pressed, told in the ledger, and undone."""
    take_in(an_account(now=MONDAY), said("När öppnar badet?", at=MONDAY))
    case = the_case()
    put_with(case, "gata-park")
    for _press in range(2):
        calls.mark_phone(case.id, by=anna, now=MONDAY)
    assert [mark.staff_id for mark in db.session.scalars(select(PhoneMark))] == [anna.id]
    for _press in range(2):
        calls.unmark_phone(case.id, by=anna, now=MONDAY)
    names = [event.name for event in events("would_have_phoned", "would_have_phoned_undone")]
    assert names == ["would_have_phoned", "would_have_phoned_undone"]
    assert list(db.session.scalars(select(PhoneMark))) == []


def test_a_call_cannot_be_marked(app, anna):
    """Who phoned would not "have phoned": the mark is for what was written."""
    case = registered(HOLE, anna)
    with pytest.raises(NotAllowed):
        calls.mark_phone(case.id, by=anna, now=MONDAY)
    assert db.session.scalar(select(Message.id)) is not None
