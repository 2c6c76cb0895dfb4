"""The outbox: a person presses, it leaves at most once, and nobody wonders whether it arrived."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from app.answers import drafts, ready, write
from app.answers.deliver import Deliverer, deliver_due
from app.answers.ready import ConversationChanged, Pressed
from app.channels import practice
from app.channels.base import BudgetSpent, TryLater
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import Options
from app.database import db, writing
from app.inbox.counting import counts
from app.inbox.find import answers_that_need
from app.inbox.handle import CaseChanged, close
from app.models import Account, Answer, Event, Message
from app.models.case import Outcome
from app.people.rights import NotAllowed
from app.web.words import POSTPONED
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, messages, the_case
from tests.web.test_roles import signed_in

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class World:
    """A town, an inbox and somebody at work, with a clock that stands until it is moved."""

    def __init__(self, app):
        self.time = MONDAY
        self.options = Options(
            data_dir=app.config["DATA_DIR"], city="Staden", contact="", keys=(), speed="still"
        )
        source = an_account("practice", now=MONDAY)
        self.town = practice.PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)
        self.anna = a_person(now=MONDAY)
        self.question = self.town.says("När öppnar badet?", at=MONDAY)
        self.collect()

    def clock(self):
        return self.time

    def collect(self):
        self.time += 60 * MINUTE
        collect_due(Collector(self.options, self.clock))

    def deliver(self, later=timedelta()):
        self.time += later
        return deliver_due(Deliverer(self.options, self.clock))

    def press(self, body="Klockan nio.", by=None, undo=timedelta(), close_as=None, version=None):
        pressed = Pressed(the_case().id, body, None, version or the_case().version, undo, close_as)
        return write.press_send(pressed, by=by or self.anna, now=self.time)

    @property
    def answer(self):
        return db.session.scalars(
            select(Answer)
            .where(Answer.state.not_in(("draft", "discarded")))
            .execution_options(populate_existing=True)
        ).one()


@pytest.fixture
def world(app):
    return World(app)


def test_an_answer_arrives_exactly_as_it_was_pressed(world):
    """What was pressed, with the name under it, stands once under the resident's comment."""
    world.press("  Klockan nio & tio <i> 'dag' 🙂\r\n\r\nVälkommen!  ")
    world.deliver()
    (_key, sent), = world.town.sent()  # fmt: skip
    assert sent == "Klockan nio & tio <i> 'dag' 🙂\n\nVälkommen!\n\n/Anna, kundtjänst"
    assert world.town.everything()[-1].parent == world.question
    assert (world.answer.state, the_case().state) == ("sent", "answered")
    assert the_case().waiting_since is None
    assert [m.by_city for m in messages()] == [False, True]


def test_delivering_again_sends_nothing_twice(world):
    """An answer that is sent is not sent again."""
    world.press()
    world.deliver()
    world.deliver(10 * MINUTE)
    assert len(world.town.sent()) == 1


def test_our_own_answer_read_back_is_no_new_message(world):
    """The answer met again when polling is the same message, unedited and no case of its own."""
    world.press()
    world.deliver()
    world.collect()
    assert len(messages()) == 2
    assert messages()[1].edited_at is None
    names = db.session.scalars(select(Event.name)).all()
    assert "case_answered_natively" not in names


def test_nothing_leaves_within_the_undo_time_and_it_can_be_taken_back(world):
    """Until the undo time is over the answer stays here, and taking it back makes a draft of it."""
    answer = world.press(undo=20 * SECOND)
    world.deliver(19 * SECOND)
    assert world.town.sent() == []
    draft = write.undo(answer.id, by=world.anna, now=world.time)
    world.deliver(10 * MINUTE)
    assert world.town.sent() == []
    assert (draft.state, draft.body) == ("draft", "Klockan nio.")


def test_undo_until_pressed_waits_for_ever_and_leaves_when_released(world):
    """With the undo time "until I press" nothing leaves by itself; one more press lets it."""
    answer = world.press(undo=None)
    world.deliver(timedelta(days=2))
    assert world.town.sent() == []
    write.release(answer.id, by=world.anna, now=world.time)
    world.deliver()
    assert len(world.town.sent()) == 1


def test_taking_back_what_has_left_is_refused(world):
    """After it left, undo says so and changes nothing."""
    answer = world.press()
    world.deliver()
    with pytest.raises(ready.TooLate):
        write.undo(answer.id, by=world.anna, now=world.time)
    assert world.answer.state == "sent"


def test_a_send_against_an_older_conversation_is_stopped_and_the_text_kept(world):
    """When the resident has written more, the send is stopped and the text stays as a draft."""
    old = the_case().version
    world.town.says("Eller är det stängt?", at=MONDAY + MINUTE)
    world.collect()
    with pytest.raises(ConversationChanged):
        world.press("Klockan nio.", version=old)
    assert drafts.draft_of(the_case().id, world.anna).body == "Klockan nio."
    world.deliver(MINUTE)
    assert world.town.sent() == []


def test_two_people_cannot_answer_the_same_words(world):
    """The second who presses against the same version is stopped."""
    erik = a_person(name="Erik Nord", now=MONDAY)
    version = the_case().version
    world.press("Nio.", version=version)
    with pytest.raises(ConversationChanged):
        world.press("Tio.", by=erik, version=version)
    world.deliver()
    assert [text for _key, text in world.town.sent()] == ["Nio.\n\n/Anna, kundtjänst"]


def test_words_that_come_between_press_and_delivery_still_wait(world):
    """What the resident wrote after the press is not taken for answered."""
    world.press(undo=20 * SECOND, close_as=Outcome.ANSWERED)
    world.town.says("Och vad kostar det?", at=world.time + SECOND)
    world.collect()
    world.deliver(MINUTE)
    assert len(world.town.sent()) == 1
    assert the_case().is_open
    assert the_case().waiting_since == MONDAY + 60 * MINUTE + SECOND


def test_publish_and_close_closes_when_it_is_there(world):
    """The case closes with its outcome once the answer has arrived, not before."""
    world.press(close_as=Outcome.ANSWERED)
    assert the_case().is_open
    world.deliver()
    assert (the_case().state, the_case().outcome) == ("closed", "answered")


def test_a_closing_against_an_older_conversation_is_stopped(world):
    """Nobody closes over words they have not seen."""
    old = the_case().version
    world.town.says("En sak till", at=MONDAY + MINUTE)
    world.collect()
    with pytest.raises(CaseChanged):
        close(the_case().id, outcome=Outcome.SPAM, reason="", by=world.anna, seen_version=old,
              now=world.time)  # fmt: skip
    assert the_case().is_open


def test_a_refusal_is_told_and_the_text_can_be_used_again(world):
    """When the platform says no the author sees why, and has the text as a draft by one press."""
    world.press()
    world.town.fail_next("refused")
    world.deliver()
    assert (world.answer.state, world.answer.reason) == ("refused", "comments_closed")
    draft = write.write_again(world.answer.id, by=world.anna, now=world.time)
    assert draft.body == "Klockan nio."
    assert the_case().waiting_since == MONDAY


def test_try_later_leaves_it_in_the_queue_and_it_arrives_once(world):
    """When the platform asks to wait, the answer waits and then arrives once."""
    world.press()
    world.town.fail_next("later")
    world.deliver()
    assert (world.answer.state, world.answer.reason) == ("queued", "asked_to_wait")
    world.deliver(5 * MINUTE)
    assert world.answer.state == "sent"
    assert len(world.town.sent()) == 1


def test_done_but_unclear_is_found_and_not_sent_again(world):
    """The platform published it and answered with an error: it is found, and stands once."""
    world.press()
    world.town.fail_next("uncertain_acted")
    world.deliver()
    assert world.answer.state == "uncertain"
    world.deliver(10 * SECOND)
    assert world.answer.state == "sent"
    assert len(world.town.sent()) == 1


def test_not_done_and_unclear_is_asked_of_the_author_and_never_sent_by_itself(world):
    """What the searches do not find stays uncertain; only a person's press sends it again."""
    world.press()
    world.town.fail_next("uncertain_not_acted")
    world.deliver()
    for _ in range(6):
        world.deliver(20 * MINUTE)
    assert (world.answer.state, world.town.sent()) == ("uncertain", [])
    write.settle(world.answer.id, arrived=False, by=world.anna, now=world.time)
    world.deliver()
    assert world.answer.state == "sent"
    assert len(world.town.sent()) == 1


def test_a_person_who_is_wrong_about_a_missing_answer_sends_nothing_twice(world):
    """ "It is missing" makes us search once more first: what is there is found, not doubled."""
    world.press()
    world.town.fail_next("uncertain_acted")
    world.deliver()
    write.settle(world.answer.id, arrived=False, by=world.anna, now=world.time)
    world.deliver()
    assert world.answer.state == "sent"
    assert len(world.town.sent()) == 1


def test_dead_credentials_refuse_and_name_the_reason(world):
    """With a dead sign-in the answer comes back to its author with what to do."""
    world.press()
    world.town.fail_next("sign_in")
    world.deliver()
    assert (world.answer.state, world.answer.reason) == ("refused", "sign_in_needed")


def test_a_deliverer_that_died_before_anything_left_is_taken_over(world):
    """An answer claimed but not yet on its way is queued again when the lease has run out."""
    answer = world.press()
    with writing():
        db.session.execute(
            update(Answer)
            .where(Answer.id == answer.id)
            .values(state="sending", lease_owner="dead", lease_until=world.time, tries=1)
        )
    world.deliver(MINUTE)
    assert world.answer.state == "sent"
    assert len(world.town.sent()) == 1


def test_a_deliverer_that_died_while_sending_is_looked_for(world):
    """An answer that may have left is searched for, and uncertain when it is not there."""
    answer = world.press()
    with writing():
        db.session.execute(
            update(Answer)
            .where(Answer.id == answer.id)
            .values(state="sending", lease_owner="dead", lease_until=world.time,
                    left_at=world.time, tries=1)
        )  # fmt: skip
    world.deliver(MINUTE)
    world.deliver(MINUTE)
    assert (world.answer.state, world.town.sent()) == ("uncertain", [])


def test_a_paused_account_sends_nothing(world):
    """While an account is paused its answers wait."""
    world.press(undo=20 * SECOND)
    with writing():
        db.session.execute(update(Account).values(state="paused"))
    world.deliver(MINUTE)
    assert (world.answer.state, world.town.sent()) == ("queued", [])
    assert world.answer.reason == "account_paused"
    with writing():
        db.session.execute(update(Account).values(state="active"))
    world.deliver(5 * MINUTE)
    assert (world.answer.state, len(world.town.sent())) == ("sent", 1)


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (
            TryLater("flood", until=MONDAY + 2 * 60 * MINUTE),
            "Plattformen vill att vi väntar en stund.",
        ),
        (TryLater("down"), "Plattformen svarar inte just nu."),
        (BudgetSpent("enough", until=MONDAY + 2 * 60 * MINUTE), "Plattformens gräns är nådd."),
    ],
)
def test_the_author_is_told_why_it_waits(app, world, monkeypatch, trouble, sentence):
    """A platform that asks us to wait, one that is silent and a spent budget are told apart."""

    def fail(*_args, **_kwargs):
        raise trouble

    world.press()
    monkeypatch.setattr(practice.CHANNEL, "send", fail)
    world.deliver()
    page = signed_in(app, world.anna.login).get(f"/arenden/{the_case().id}").text
    told = [str(words) for words in POSTPONED.values() if str(words) in page]
    assert len(told) == 1
    assert told[0].startswith(sentence)


def test_a_handler_of_another_department_cannot_answer(world):
    """Somebody who may not see the case can neither answer nor draft in it."""
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    with pytest.raises(NotAllowed):
        world.press(by=petra)
    with pytest.raises(NotAllowed):
        drafts.save_draft(the_case().id, body="x", by=petra, now=MONDAY)


def test_the_database_refuses_an_answer_without_a_person(world):
    """No row can be queued, sending or sent without the person who pressed."""
    answer = world.press(undo=None)
    for state in ("queued", "sending", "uncertain", "refused"):
        with pytest.raises(IntegrityError, match="a_person_pressed_send"), writing():
            db.session.execute(
                text("UPDATE answers SET sent_by_id = NULL, state = :s WHERE id = :id"),
                {"s": state, "id": answer.id},
            )


def test_the_database_refuses_to_rewrite_a_pressed_answer(world):
    """The words that were pressed cannot be changed or deleted afterwards."""
    answer = world.press(undo=None)
    for statement in (
        "UPDATE answers SET body = 'annat' WHERE id = :id",
        "UPDATE answers SET signature = '' WHERE id = :id",
        "DELETE FROM answers WHERE id = :id",
    ):
        with pytest.raises(DatabaseError, match="a_pressed_answer_is_not"), writing():
            db.session.execute(text(statement), {"id": answer.id})


def test_the_ledger_only_grows(world):
    """Events can be neither changed nor deleted, by anybody."""
    for statement in ("UPDATE events SET name = 'x'", "DELETE FROM events"):
        with pytest.raises(DatabaseError, match="events_are_never"), writing():
            db.session.execute(text(statement))


def test_replacing_on_sqlite_is_refused_as_well(world, kind):
    """REPLACE, which deletes without asking triggers for deletes, rewrites neither of the two."""
    if kind != "sqlite":
        return
    answer = world.press(undo=None)
    columns = "id, case_id, in_reply_to_id, author_id, body, signature, state, key, case_version"
    rest = "tries, reason, url, held, created_at, changed_at, looks"
    same_id = f"REPLACE INTO answers SELECT * FROM answers WHERE id = {answer.id}"
    same_key = (
        f"REPLACE INTO answers ({columns}, {rest}) SELECT 999, case_id, in_reply_to_id, author_id,"
        f" 'annat', signature, 'discarded', key, case_version, {rest} FROM answers"
    )
    for statement in ("REPLACE INTO events SELECT * FROM events", same_id, same_key):
        with pytest.raises(DatabaseError, match="replaced"), writing():
            db.session.execute(text(statement))


def test_a_poll_quicker_than_the_receipt_makes_no_double(world, monkeypatch):
    """The poller meets our answer before the deliverer has written it down: still one message."""
    world.press()
    real = practice.CHANNEL.send

    def slow(connection, outgoing, *, now):
        receipt = real(connection, outgoing, now=now)
        world.collect()
        return receipt

    monkeypatch.setattr(practice.CHANNEL, "send", slow)
    world.deliver()
    assert world.answer.state == "sent"
    rows = db.session.scalars(select(Message).where(Message.by_city)).all()
    assert [row.ours for row in rows] == [True]


def test_an_answer_taken_back_leaves_the_words_to_the_one_that_arrived(world):
    """Two answers to the same words: whichever of them does not arrive, nobody waits any longer."""
    world.press("Klockan nio.", undo=timedelta())
    more = world.press("Och stänger fyra.", undo=None)
    world.deliver()
    write.undo(more.id, by=world.anna, now=world.time)
    assert the_case().waiting_since is None
    assert the_case().state == "answered"


def test_a_refused_answer_leaves_its_words_to_the_next_one(world):
    """The first is refused and the second arrives: its words are answered, in either order."""
    world.town.fail_next("refused")
    world.press("Klockan nio.")
    world.press("Klockan tio.", undo=timedelta(seconds=30))
    world.deliver()
    assert the_case().waiting_since is not None
    world.deliver(timedelta(minutes=1))
    assert the_case().waiting_since is None


def test_a_second_answer_that_arrived_first_covers_what_the_first_did_not(world):
    """The later answer is there, then the earlier one is taken back: the words are answered."""
    first = world.press("Klockan nio.", undo=None)
    world.press("Klockan tio.")
    world.deliver()
    write.undo(first.id, by=world.anna, now=world.time)
    assert the_case().waiting_since is None


def test_an_answer_taken_back_alone_lets_the_words_wait(world):
    """With no other answer on its way the resident waits as before."""
    only = world.press("Klockan nio.", undo=None)
    write.undo(only.id, by=world.anna, now=world.time)
    assert the_case().waiting_since is not None


def test_two_answers_of_one_account_keep_the_platforms_pause(world, monkeypatch):
    """Where a platform takes quick answers for spam, the second one leaves after the pause."""
    paced = replace(practice.CHANNEL.abilities, answer_every=timedelta(seconds=3))
    monkeypatch.setattr(practice.CHANNEL, "abilities", paced)
    world.press("Klockan nio.")
    world.press("Klockan tio.")
    world.deliver()
    assert len(world.town.sent()) == 1
    world.deliver(timedelta(seconds=2))
    assert len(world.town.sent()) == 1
    world.deliver(timedelta(seconds=2))
    assert len(world.town.sent()) == 2
    assert {row.tries for row in db.session.scalars(select(Answer))} == {1}


def test_an_answer_that_vanishes_from_the_platform_is_told_to_its_author(world):
    """What the platform takes away after it arrived stands among the author's to sort out."""
    world.press()
    world.deliver()
    assert answers_that_need(world.anna) == []
    world.town.removes(world.answer.external_id)
    world.collect()
    assert [row.id for row in answers_that_need(world.anna)] == [world.answer.id]
    assert count_for(world.anna) == 1
    write.seen(world.answer.id, by=world.anna, now=world.time)
    world.collect()
    assert answers_that_need(world.anna) == []
    assert count_for(world.anna) == 0


def test_a_refused_answer_that_has_been_seen_to_stands_there_no_longer(world):
    """Made a draft again, or only read: either way the list gets empty."""
    for seen_to in (write.write_again, write.seen):
        world.town.fail_next("refused")
        world.press()
        world.deliver()
        (answer,) = answers_that_need(world.anna)
        assert count_for(world.anna) == 1
        seen_to(answer.id, by=world.anna, now=world.time)
        assert answers_that_need(world.anna) == []
        with pytest.raises(ready.TooLate):
            write.seen(answer.id, by=world.anna, now=world.time)


def count_for(staff):
    """The number that the side bar shows beside the author's answers to sort out."""
    return counts(staff, departments=[], channels=[], now=MONDAY, late_before=MONDAY).needs_author


def test_a_late_save_of_what_was_sent_is_no_draft(world):
    """A page that saves by itself after send was pressed leaves no second copy in the box."""
    world.press("Klockan nio.", undo=None)
    later = world.time + SECOND
    late = drafts.save_draft(the_case().id, body="Klockan nio.\r\n", by=world.anna, now=later)
    assert late is None
    kept = drafts.save_draft(the_case().id, body="Och stänger fyra.", by=world.anna, now=later)
    assert kept.body == "Och stänger fyra."


def test_an_answer_to_a_reply_names_whom_it_is_to(world, monkeypatch):
    """Where answers stand beside what they answer the text begins with the name; that is no text."""
    names = replace(practice.CHANNEL.abilities, names_whom_it_answers=True)
    assert ready.addressing(messages()[0], practice.CHANNEL) == ""
    monkeypatch.setattr(practice.CHANNEL, "abilities", names)
    assert ready.addressing(messages()[0], practice.CHANNEL) == ""
    with writing():
        db.session.execute(update(Message).values(parent_id=Message.id, author_name="Åsa Ek"))
    assert ready.addressing(messages()[0], practice.CHANNEL) == "@Åsa Ek "
    with pytest.raises(ready.CannotSend):
        world.press("@Åsa Ek ")
