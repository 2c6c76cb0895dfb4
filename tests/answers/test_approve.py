"""A second person's approval: who may not come first, then what happens on the way."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.answers import approve, drafts, write
from app.answers.approve import MessageNeeded
from app.answers.ready import (
    CannotSend,
    ConversationChanged,
    NeedsApproval,
    NeedsReason,
    Pressed,
    TooLate,
)
from app.answers.write import AuthorsTurn
from app.database import db, writing
from app.models import Account, Answer, Event, Note, Source, Staff
from app.models.answer import AnswerState
from app.models.case import Outcome
from app.people.rights import NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in, the_case

MINUTE = timedelta(minutes=1)
NUMBER = "Ditt nummer 850709-9805 finns hos oss."


class World:
    """An account whose answers need two, an author, and people who might be the second."""

    def __init__(self):
        self.source = an_account("practice", now=MONDAY)
        take_in(self.source, said("När öppnar badet?", at=MONDAY))
        put_with(the_case(), "gata-park")
        with writing():
            db.session.get_one(Account, self.source.account_id).four_eyes = True
        self.anna = a_person(now=MONDAY)
        self.karin = a_person("manager", "Karin Ek", now=MONDAY)

    def pressed(self, body="Klockan nio.", version=None, **more):
        version = the_case().version if version is None else version
        return Pressed(the_case().id, body, None, version, timedelta(), **more)

    def forward(self, body="Klockan nio.", by=None, **more):
        by = by or self.anna
        return approve.put_forward(self.pressed(body, **more), by=by, now=MONDAY)

    def publish(self, answer, body="Klockan nio.", by=None, roles=(), **more):
        return approve.publish(
            answer.id,
            self.pressed(body, **more),
            by=by or self.karin,
            now=MONDAY + MINUTE,
            approval_roles=roles,
        )


@pytest.fixture
def world(app):
    return World()


def pressed_answers():
    """Everything that somebody has pressed send on."""
    db.session.commit()
    unsent = (AnswerState.DRAFT, AnswerState.DISCARDED)
    return list(db.session.scalars(select(Answer).where(Answer.state.not_in(unsent))))


def fresh(answer):
    """The answer as it stands in the database."""
    return db.session.get_one(Answer, answer.id, populate_existing=True)


def names():
    """The ledger's lines about approval and pressing, in order."""
    wanted = ("answer_put_forward", "answer_sent_back", "answer_queued", "answer_undone")
    return list(
        db.session.scalars(select(Event.name).where(Event.name.in_(wanted)).order_by(Event.id))
    )


def test_the_author_cannot_press_alone(world):
    """Whoever asks for a second person: the author's press sends nothing, and the text is kept."""
    for asked_of in ("account", "person", "role"):
        roles = ("customer_service",) if asked_of == "role" else ()
        with writing():
            db.session.get_one(Account, world.source.account_id).four_eyes = asked_of == "account"
            db.session.get_one(Staff, world.anna.id).four_eyes = asked_of == "person"
        with pytest.raises(NeedsApproval):
            write.press_send(world.pressed(), by=world.anna, now=MONDAY, approval_roles=roles)
    assert pressed_answers() == []
    assert drafts.draft_of(the_case().id, world.anna).body == "Klockan nio."


def test_what_waits_cannot_be_pressed_when_the_rule_is_gone(world):
    """An answer put forward is taken back first, also when nobody asks for two any more."""
    world.forward()
    with writing():
        db.session.get_one(Account, world.source.account_id).four_eyes = False
    with pytest.raises(NeedsApproval):
        write.press_send(world.pressed(), by=world.anna, now=MONDAY)
    assert pressed_answers() == []


def people_who_may_not(world):
    """(who, roles that need two) of everybody who may not be the second person."""
    new = a_person(name="Nils Ny", now=MONDAY)
    with writing():
        db.session.get_one(Staff, new.id).four_eyes = True
    yield world.anna, ()
    yield a_person("handler", "Olle Ek", "miljo", now=MONDAY), ()
    yield a_person("administrator", "Ida Al", now=MONDAY), ()
    yield new, ()
    yield a_person("handler", "Omar Ask", "gata-park", now=MONDAY), ("handler",)
    put_with(the_case(), "omsorg")
    yield world.karin, ()


def test_who_may_not_be_the_second_person(world):
    """Author, blind, answerless, themselves under two, outside a closed department: all refused."""
    answer = world.forward()
    for by, roles in people_who_may_not(world):
        what = {"by": by, "now": MONDAY, "approval_roles": roles}
        with pytest.raises(NotAllowed):
            world.publish(answer, by=by, roles=roles)
        with pytest.raises(NotAllowed):
            approve.change(answer.id, "Annat.", **what)
        with pytest.raises(NotAllowed):
            approve.send_back(answer.id, body="", message="Nej", **what)
    assert pressed_answers() == []
    assert (fresh(answer).body, fresh(answer).asked_at) == ("Klockan nio.", MONDAY)


def test_only_the_author_takes_it_back(world):
    """A colleague sends back with words; taking back is the author's alone."""
    answer = world.forward()
    with pytest.raises(NotAllowed):
        approve.take_back(answer.id, by=world.karin, now=MONDAY)
    approve.take_back(answer.id, by=world.anna, now=MONDAY)
    assert fresh(answer).asked_at is None
    with pytest.raises(TooLate):
        world.publish(answer)
    assert pressed_answers() == []


def test_where_nobody_asks_for_two_nothing_is_put_forward(world):
    """Without the rule there is nothing to wait for, and the text is kept."""
    with writing():
        db.session.get_one(Account, world.source.account_id).four_eyes = False
    with pytest.raises(CannotSend):
        world.forward()
    assert fresh(drafts.draft_of(the_case().id, world.anna)).asked_at is None


def test_a_locked_draft_is_not_written_over(world):
    """A page that saves by itself changes nothing of what was put forward."""
    answer = world.forward()
    drafts.save_draft(the_case().id, body="Något annat", by=world.anna, now=MONDAY)
    drafts.save_draft(the_case().id, body="", by=world.anna, now=MONDAY)
    assert (fresh(answer).body, fresh(answer).state) == ("Klockan nio.", "draft")
    with pytest.raises(TooLate):
        world.forward("Tredje.")


def test_the_second_person_publishes_under_both_names(world):
    """Sent by the approver, written by the author, whose name the resident reads."""
    answer = world.forward(close_as=None)
    world.publish(answer, "Klockan nio, välkommen.", close_as=Outcome.ANSWERED)
    (sent,) = pressed_answers()
    assert (sent.id, sent.state) == (answer.id, "queued")
    assert (sent.author_id, sent.sent_by_id) == (world.anna.id, world.karin.id)
    assert sent.text == "Klockan nio, välkommen.\n\n/Anna, kundtjänst"
    assert (sent.asked_body, sent.asked_at) == ("Klockan nio.", None)
    assert sent.close_as == "answered"
    assert names() == ["answer_put_forward", "answer_queued"]
    assert db.session.scalars(select(Event.staff_id).where(Event.name == "answer_queued")).one() \
        == world.karin.id  # fmt: skip


def test_news_meanwhile_stop_the_second_person_too(world):
    """The conversation moved on: nothing leaves, and what was changed is kept and still waits."""
    answer = world.forward()
    version = the_case().version
    take_in(world.source, said("Och på söndag?", at=MONDAY + MINUTE))
    with pytest.raises(ConversationChanged):
        world.publish(answer, "Klockan tio.", version=version)
    assert pressed_answers() == []
    assert (fresh(answer).body, fresh(answer).asked_body) == ("Klockan tio.", "Klockan nio.")
    assert fresh(answer).asked_at == MONDAY


def test_care_looks_at_what_the_second_person_sends(world):
    """An identity number that the approver writes waits for the approver's own reason."""
    answer = world.forward()
    with pytest.raises(NeedsReason):
        world.publish(answer, NUMBER)
    with pytest.raises(NeedsReason):
        world.publish(answer, NUMBER, care_reason="nonsense")
    assert pressed_answers() == []
    world.publish(answer, NUMBER, care_reason="invented")
    details = db.session.scalars(select(Event.details).where(Event.name == "answer_queued")).one()
    assert details == {"care": ["identity_number"], "care_reason": "invented"}


def test_no_way_into_the_outbox_goes_round_care(world):
    """Without a page in between, the same press still needs a reason, and the draft is kept."""
    with writing():
        db.session.get_one(Account, world.source.account_id).four_eyes = False
    with pytest.raises(NeedsReason) as stopped:
        write.press_send(world.pressed(NUMBER), by=world.anna, now=MONDAY)
    assert stopped.value.stops == ("identity_number",)
    assert pressed_answers() == []
    assert drafts.draft_of(the_case().id, world.anna).body == NUMBER


def test_sending_back_takes_words(world):
    """Without a message it waits still; with one it is the author's draft again, and a note."""
    answer = world.forward()
    with pytest.raises(MessageNeeded):
        approve.send_back(answer.id, body="Kl. 9.", message="  ", by=world.karin, now=MONDAY)
    assert (fresh(answer).asked_at, fresh(answer).body) == (MONDAY, "Kl. 9.")
    approve.send_back(answer.id, body="Kl. 9.", message="Vilken dag?", by=world.karin, now=MONDAY)
    assert (fresh(answer).asked_at, fresh(answer).asked_body) == (None, "Klockan nio.")
    assert drafts.draft_of(the_case().id, world.anna).body == "Kl. 9."
    assert db.session.scalars(select(Note.text)).one() == "Vilken dag?"
    assert [row.id for row in approve.sent_back_to(world.anna)] == [answer.id]
    assert names() == ["answer_put_forward", "answer_sent_back"]
    world.forward("Klockan nio på måndag.")
    assert approve.sent_back_to(world.anna) == []


def test_the_lists_hold_only_what_is_theirs_to_do(world):
    """The approver's list has others' answers one may see; the author's own stand by themselves."""
    answer = world.forward()
    olle = a_person("handler", "Olle Ek", "miljo", now=MONDAY)
    omar = a_person("handler", "Omar Ask", "gata-park", now=MONDAY)
    assert approve.waiting_for(world.anna, ()) == ([], [answer])
    assert approve.waiting_for(world.karin, ()) == ([answer], [])
    assert approve.waiting_for(omar, ()) == ([answer], [])
    assert approve.waiting_for(omar, ("handler",)) == ([], [])
    assert approve.waiting_for(olle, ()) == ([], [])
    world.publish(answer)
    assert approve.waiting_for(world.karin, ()) == ([], [])


def test_undone_by_the_approver_it_waits_again(world):
    """Taken back by who published it, it waits as before; by the author, it is a draft to write."""
    world.publish(world.forward(), "Klockan tio.")
    (sent,) = pressed_answers()
    draft = write.undo(sent.id, by=world.karin, now=MONDAY + MINUTE)
    assert (draft.author_id, draft.body) == (world.anna.id, "Klockan tio.")
    assert (draft.asked_body, draft.asked_at) == ("Klockan nio.", MONDAY + MINUTE)
    world.publish(draft)
    (sent,) = pressed_answers()
    draft = write.undo(sent.id, by=world.anna, now=MONDAY + MINUTE)
    assert (draft.author_id, draft.asked_at) == (world.anna.id, None)


def test_pressing_again_is_pressing(world):
    """Neither "send now" nor "it is missing, send again" lets the author send alone."""
    answer, later = world.publish(world.forward()), MONDAY + timedelta(hours=2)
    new = a_person(name="Nils Ny", now=MONDAY)
    with writing():
        db.session.get_one(Staff, new.id).four_eyes = True
        fresh(answer).send_after = None
    for by in (world.anna, new):
        with pytest.raises(NeedsApproval):
            write.release(answer.id, by=by, now=later)
    assert fresh(answer).send_after is None
    write.release(answer.id, by=world.karin, now=later)
    with writing():
        fresh(answer).state = AnswerState.UNCERTAIN
    for by in (world.anna, new):
        with pytest.raises(NeedsApproval):
            write.settle(answer.id, arrived=False, by=by, now=later)
    assert (fresh(answer).state, fresh(answer).sent_by_id) == ("uncertain", world.karin.id)
    write.settle(answer.id, arrived=True, by=world.anna, now=later)
    assert fresh(answer).state == "sent"


def test_a_colleague_sorts_out_after_an_hour(world):
    """Within the hour only who wrote or pressed it; then any colleague who may answer; blind never."""
    answer = world.publish(world.forward())
    with writing():
        fresh(answer).state, fresh(answer).changed_at = AnswerState.UNCERTAIN, MONDAY
    berit = a_person(name="Berit Al", now=MONDAY)
    olle = a_person("handler", "Olle Ek", "miljo", now=MONDAY)
    hour = MONDAY + timedelta(hours=1)
    for by, at, error in (
        (berit, hour - MINUTE, AuthorsTurn),
        (olle, hour + MINUTE, NotAllowed),
    ):
        with pytest.raises(error):
            write.settle(answer.id, arrived=True, by=by, now=at)
        with pytest.raises(error):
            write.seen(answer.id, by=by, now=at)
        with pytest.raises(error):
            write.write_again(answer.id, by=by, now=at)
    assert fresh(answer).state == "uncertain"
    write.settle(answer.id, arrived=True, by=berit, now=hour)
    assert fresh(answer).state == "sent"


def test_who_may_ask_for_two(world):
    """Accounts: communications and administrators; people: administrators; each in the ledger."""
    for by in (world.anna, world.karin):
        with pytest.raises(NotAllowed):
            approve.ask_on_account(world.source.account_id, False, by=by, now=MONDAY)
    erik = a_person("communications", "Erik Ås", now=MONDAY)
    with pytest.raises(NotAllowed):
        approve.ask_of_person(world.anna.id, True, by=erik, now=MONDAY)
    ida = a_person("administrator", "Ida Al", now=MONDAY)
    assert (
        approve.ask_on_account(world.source.account_id, False, by=erik, now=MONDAY).four_eyes
        is False
    )
    assert approve.ask_of_person(world.anna.id, True, by=ida, now=MONDAY).four_eyes is True
    told = db.session.scalars(
        select(Event.details).where(Event.name.in_(("account_changed", "staff_changed")))
    ).all()
    assert told == [{"four_eyes": False}, {"person": world.anna.id, "four_eyes": True}]


def test_the_database_lets_nothing_leave_that_only_waits(world):
    """Somebody who reaches past the code is refused: what waits has nobody who pressed."""
    from sqlalchemy.exc import IntegrityError

    answer = world.forward()
    with pytest.raises(IntegrityError), writing():
        fresh(answer).state = AnswerState.QUEUED
    assert db.session.get_one(Source, world.source.id) is not None
