"""One public answer to several cases: pressed once, and each clock ends with its own words."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.answers import several, write
from app.answers.deliver import Deliverer, deliver_due
from app.answers.draft_places import chosen_in
from app.answers.ready import CannotSend, NeedsApproval, NeedsReason
from app.answers.several import PressedForSeveral, SeveralChanged, press_for_several
from app.answers.under_post import draft_under
from app.channels import practice
from app.channels.base import Reason
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import Options
from app.database import db, writing
from app.inbox.handle import close, take
from app.inbox.receive import mark_removed
from app.models import Account, Answer, Event, Message, Post, Source, Staff
from app.models.case import Outcome
from app.people.rights import NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, messages, put_with

MINUTE = timedelta(minutes=1)
NAMES = ("Maria Lind", "Olle Berg", "Åsa Ek")


class Town:
    """Three residents who ask the same under the city's post, and somebody at work."""

    def __init__(self, app):
        self.time = MONDAY
        self.options = Options(
            data_dir=app.config["DATA_DIR"], city="Staden", contact="", keys=(), speed="still"
        )
        source = an_account("practice", now=MONDAY)
        self.town = practice.PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)
        self.anna = a_person(now=MONDAY)
        for number, name in enumerate(NAMES):
            self.town.says("När öppnar badet?", at=MONDAY + number * MINUTE, author=name)
        self.collect()

    def clock(self):
        return self.time

    def collect(self):
        self.time += 60 * MINUTE
        collect_due(Collector(self.options, self.clock))

    def deliver(self, later=timedelta()):
        self.time += later
        return deliver_due(Deliverer(self.options, self.clock))

    @property
    def post_id(self):
        return db.session.scalars(select(Post.id)).one()

    def press(self, chosen=None, *, body="Badet öppnar i april.", by=None, **more):
        seen = chosen if chosen is not None else {case.id: case.version for case in cases()}
        undo = more.pop("undo", timedelta())
        pressed = PressedForSeveral(more.pop("post_id", self.post_id), seen, body, undo, **more)
        return press_for_several(pressed, by=by or self.anna, now=self.time)

    @property
    def answer(self):
        return db.session.scalars(
            select(Answer)
            .where(Answer.state.not_in(("draft", "discarded")))
            .execution_options(populate_existing=True)
        ).one()


@pytest.fixture
def town(app):
    return Town(app)


def nothing_queued():
    return (
        db.session.scalars(select(Answer).where(Answer.state.not_in(("draft", "discarded")))).all()
        == []
    )


# --- Who may not -----------------------------------------------------------------------------------


def test_who_may_not_answer_presses_in_vain(town):
    """An administrator, and a handler who sees no case there, are refused, and nothing is queued."""
    for role, where in (("administrator", ""), ("handler", "miljo")):
        other = a_person(role, "Ivar Inte", where, now=MONDAY)
        with pytest.raises(NotAllowed):
            town.press(by=other)
    with pytest.raises(NotAllowed):
        town.press(post_id=999)
    assert nothing_queued()


def test_cases_one_may_not_see_are_not_answered_and_not_named(town):
    """A handler who smuggles another department's case in sends nothing and learns no more of it."""
    for case in cases()[:2]:
        put_with(case, "miljo")
    put_with(cases()[2], "gata-park")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    with pytest.raises(SeveralChanged) as caught:
        town.press(by=petra)
    assert (caught.value.changed, caught.value.lost) == ((), 1)
    assert nothing_queued()


@pytest.mark.parametrize("whose", [Account, Staff])
def test_what_needs_two_people_is_not_sent_by_one(town, whose):
    """Where the account or the person needs a second one's approval, the text is kept as a draft."""
    with writing():
        for row in db.session.scalars(select(whose)):
            row.four_eyes = True
    with pytest.raises(NeedsApproval):
        town.press()
    assert nothing_queued()
    assert draft_under(town.post_id, town.anna).body == "Badet öppnar i april."


def test_where_nothing_can_stand_under_the_post_nothing_is_sent(town):
    """A resident's own post, closed comments and a post that has gone each say why."""
    post = db.session.get_one(Post, town.post_id)
    with writing():
        for message in db.session.scalars(select(Message)):
            message.no_answer = Reason.COMMENTS_CLOSED
    assert several.why_not(post, now=MONDAY) == Reason.COMMENTS_CLOSED
    with writing():
        post.by_city = False
    assert several.why_not(post, now=MONDAY) == several.NOT_OURS
    with pytest.raises(CannotSend):
        town.press()
    assert nothing_queued()


def test_empty_too_many_too_long_and_stopped_texts_stay(town):
    """Nothing chosen, nothing written, too much of either, or an identity number: nothing is queued."""
    with pytest.raises(CannotSend) as nobody:
        town.press({})
    with pytest.raises(CannotSend) as many:
        town.press(dict.fromkeys(range(1, 202), 1))
    with pytest.raises(CannotSend) as empty:
        town.press(body="  ")
    with pytest.raises(CannotSend) as long:
        town.press(body="x" * 9000)
    reasons = [caught.value.reason for caught in (nobody, many, empty, long)]
    assert reasons == [several.NOBODY, several.TOO_MANY, Reason.EMPTY, Reason.TOO_LONG]
    with pytest.raises(NeedsReason):
        town.press(body="Vi har noterat 19811218-9876.")
    assert nothing_queued()
    assert (
        town.press(body="Vi har noterat 19811218-9876.", care_reason="invented").state == "queued"
    )


# --- What it does ----------------------------------------------------------------------------------


def test_one_comment_under_the_post_ends_every_clock(town):
    """One press is one comment directly under the post, and all three cases are answered by it."""
    town.press()
    assert [case.waiting_since is None for case in cases()] == [False] * 3
    town.deliver()
    (_key, text), = town.town.sent()  # fmt: skip
    assert text == "Badet öppnar i april.\n\n/Anna, kundtjänst"
    assert town.town.everything()[-1].parent is None
    assert [(case.state, case.waiting_since) for case in cases()] == [("answered", None)] * 3
    assert {case.answered_at for case in cases()} == {town.time}
    assert {case.assignee_id for case in cases()} == {town.anna.id}


def test_the_ledger_has_each_case_with_its_own_line(town):
    """Pressed and sent stand once in each case's ledger, all of the same answer."""
    answer = town.press(close_as=Outcome.ANSWERED)
    town.deliver()
    for name in ("answer_queued", "answer_sent", "case_closed"):
        events = db.session.scalars(select(Event).where(Event.name == name)).all()
        assert [event.case_id for event in events] == [case.id for case in cases()]
        assert {event.staff_id for event in events} == {town.anna.id}
        assert {event.answer_id for event in events} <= {answer.id, None}
    assert {(case.state, case.outcome) for case in cases()} == {("closed", "answered")}


def test_our_own_comment_read_back_opens_nothing(town):
    """Met again by polling, the answer is the message that it was, ours, and no case of its own."""
    town.press()
    town.deliver()
    town.collect()
    assert len(cases()) == 3
    (ours,) = [message for message in messages() if message.by_city]
    assert (ours.ours, ours.parent_external_id, ours.id) == (True, None, town.answer.message_id)
    names = db.session.scalars(select(Event.name)).all()
    assert "own_message_seen" not in names
    assert "case_answered_natively" not in names


def test_a_poll_that_is_quicker_than_the_receipt_opens_nothing(town):
    """Read back before the platform's word has come, it is found by the search and taken for ours."""
    town.town.fail_next("uncertain_acted")
    town.press()
    town.deliver()
    town.collect()
    town.deliver(MINUTE)
    assert town.answer.state == "sent"
    assert len(town.town.sent()) == 1
    assert len(cases()) == 3
    (ours,) = [message for message in messages() if message.by_city]
    assert (ours.ours, ours.id) == (True, town.answer.message_id)
    assert [case.waiting_since for case in cases()] == [None] * 3


def test_nothing_leaves_when_one_of_them_has_changed(town):
    """A resident who adds a word, or a colleague who closes, stops the press; it says which."""
    seen = {case.id: case.version for case in cases()}
    town.town.says("Och kostar det något?", at=town.time, author=NAMES[1])
    town.collect()
    with pytest.raises(SeveralChanged) as caught:
        town.press(seen)
    assert (caught.value.changed, caught.value.lost) == ((cases()[1].id,), 0)
    seen[cases()[1].id] = cases()[1].version
    third = cases()[2]
    close(
        third.id, outcome=Outcome.SPAM, reason="", by=town.anna, seen_version=third.version,
        now=town.time,
    )  # fmt: skip
    with pytest.raises(SeveralChanged) as caught:
        town.press(seen)
    assert (caught.value.changed, caught.value.lost) == ((), 1)
    assert nothing_queued()
    del seen[third.id]
    town.press(seen)
    town.deliver()
    assert [case.state for case in cases()] == ["answered", "answered", "closed"]


def test_words_that_come_after_the_press_wait_on(town):
    """A resident who writes between press and delivery waits for these words; the others do not."""
    town.press(close_as=Outcome.ANSWERED)
    late = town.time + MINUTE
    town.town.says("Är det säkert?", at=late, author=NAMES[2])
    town.collect()
    town.deliver()
    assert [case.state for case in cases()] == ["closed", "closed", "ongoing"]
    assert [case.waiting_since for case in cases()] == [None, None, late]


def test_undone_all_of_them_wait_again_with_their_own_clock(town):
    """Taken back, nothing is published, every case waits as before, and the text is a draft."""
    before = [case.waiting_since for case in cases()]
    answer = town.press(undo=timedelta(seconds=20))
    draft = write.undo(answer.id, by=town.anna, now=town.time)
    town.deliver(MINUTE)
    assert town.town.sent() == []
    assert (draft.body, draft.to_post) == ("Badet öppnar i april.", True)
    assert list(chosen_in(draft)) == [case.id for case in cases()]
    assert [case.waiting_since for case in cases()] == before
    undone = db.session.scalars(select(Event.case_id).where(Event.name == "answer_undone")).all()
    assert undone == [case.id for case in cases()]
    assert all(message.covered_by is None for message in messages())


def test_undone_and_sent_anew_leaves_no_draft(town):
    """The text that was taken back and is pressed again, changed, lies in no composer any more."""
    answer = town.press(undo=timedelta(seconds=20))
    write.undo(answer.id, by=town.anna, now=town.time)
    town.press(body="Badet öppnar i maj.")
    assert db.session.scalars(select(Answer).where(Answer.state == "draft")).all() == []


@pytest.mark.parametrize("number", [0, 2])
def test_refused_the_words_go_to_an_answer_pressed_after(town, number):
    """Where somebody has answered one of them by itself meanwhile, that answer takes its words."""
    town.press()
    case = cases()[number]
    own = write.Pressed(case.id, "Se hemsidan.", None, case.version, timedelta(days=1))
    write.press_send(own, by=town.anna, now=town.time)
    town.town.fail_next("refused")
    town.deliver()
    states = db.session.scalars(select(Answer.state).order_by(Answer.id)).all()
    assert states == ["refused", "queued"]
    assert all(case.waiting_since for case in cases())
    town.deliver(timedelta(days=1))
    waits = [case.waiting_since is not None for case in cases()]
    assert waits == [other != number for other in range(3)]


def test_an_answer_on_its_way_keeps_its_words_in_every_case(town):
    """A later answer to one of them takes no words that the answer to all is on its way with."""
    town.press(undo=timedelta(hours=5))
    case = cases()[2]
    own = write.Pressed(case.id, "Se hemsidan.", None, case.version, timedelta())
    write.press_send(own, by=town.anna, now=town.time)
    town.deliver()
    assert cases()[2].waiting_since is not None
    town.deliver(timedelta(hours=5))
    assert [case.waiting_since for case in cases()] == [None] * 3


def test_uncertain_and_settled_by_a_person_ends_all_clocks(town):
    """What could not be found and a person says has arrived answers every case; else all wait on."""
    town.town.fail_next("uncertain_not_acted")
    answer = town.press()
    town.deliver()
    assert town.answer.state == "uncertain"
    assert all(case.waiting_since for case in cases())
    write.settle(answer.id, arrived=True, by=town.anna, now=town.time)
    assert [case.waiting_since for case in cases()] == [None] * 3


def test_a_case_with_an_answer_on_its_way_is_not_taken_in_again(town):
    """While one answer is on its way to them, a second press for the same cases sends nothing."""
    town.press(undo=timedelta(hours=1))
    with pytest.raises(SeveralChanged) as caught:
        town.press()
    assert caught.value.lost == 3
    assert len(db.session.scalars(select(Answer)).all()) == 1


def test_a_case_somebody_has_taken_stays_theirs(town):
    """Who answers several takes those that nobody had; a colleague's case stays with the colleague."""
    omar = a_person(name="Omar Aziz", now=MONDAY)
    take(cases()[1].id, by=omar, now=town.time)
    town.press()
    assert [case.assignee_id for case in cases()] == [town.anna.id, omar.id, town.anna.id]


def test_an_answer_that_vanishes_is_told_in_every_case(town):
    """Taken away by the platform, the answer to three stands as vanished in all three ledgers."""
    town.press()
    town.deliver()
    message = db.session.get_one(Message, town.answer.message_id)
    source = db.session.get_one(Source, message.source_id)
    with writing():
        mark_removed(source, [message.external_id], now=town.time)
    told = db.session.scalars(select(Event.case_id).where(Event.name == "answer_vanished")).all()
    assert sorted(told) == [case.id for case in cases()]
    assert town.answer.reason == "vanished"
