"""One answer to several that a second person publishes: who may, what they may change, what it does."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.answers import approve, several_approval, write
from app.answers.attention import attention
from app.answers.deliver import Deliverer, deliver_due
from app.answers.draft_places import NO_ROOM, chosen_in
from app.answers.drafts import save_draft
from app.answers.ready import CannotSend, NeedsApproval, NeedsReason, TooLate
from app.answers.several import PressedForSeveral, SeveralChanged, press_for_several
from app.answers.under_post import draft_under
from app.channels import practice
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import Options
from app.database import db, writing
from app.models import Account, Answer, Event, Note, Post
from app.models.case import Outcome
from app.people.rights import NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with

MINUTE = timedelta(minutes=1)


class Desk:
    """Three who ask the same under a post of an account with four eyes; Anna writes, Bo approves."""

    def __init__(self, app):
        self.time = MONDAY + 60 * MINUTE
        self.options = Options(
            data_dir=app.config["DATA_DIR"], city="Staden", contact="", keys=(), speed="still"
        )
        source = an_account("practice", now=MONDAY)
        with writing():
            db.session.execute(update(Account).values(four_eyes=True))
        self.town = practice.PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)
        for number, name in enumerate(("Maria Lind", "Olle Berg", "Åsa Ek")):
            self.town.says("När öppnar badet?", at=MONDAY + number * MINUTE, author=name)
        collect_due(Collector(self.options, lambda: self.time))
        self.anna, self.bo = (a_person(name=name, now=MONDAY) for name in ("Anna Holm", "Bo Ek"))
        self.post_id = db.session.scalars(select(Post.id)).one()

    def pressed(self, body="Badet öppnar i april.", seen=None, **more):
        seen = {case.id: case.version for case in cases()} if seen is None else seen
        return PressedForSeveral(self.post_id, seen, body, timedelta(), **more)

    def put_forward(self, *said, **more):
        return several_approval.put_forward(
            self.pressed(*said, **more), by=self.anna, now=self.time
        )

    def publish(self, answer, *said, by=None, **more):
        return several_approval.publish(
            answer.id, self.pressed(*said, **more), by=by or self.bo, now=self.time
        )

    def deliver(self):
        return deliver_due(Deliverer(self.options, lambda: self.time))


@pytest.fixture
def desk(app):
    return Desk(app)


def named(name):
    """The cases in whose ledger an event stands, in order."""
    db.session.commit()
    return list(db.session.scalars(select(Event.case_id).where(Event.name == name)))


def test_nobody_publishes_alone_or_what_they_may_not_see(desk):
    """Not the author, not who needs a second person, not who sees only some of the cases."""
    answer = desk.put_forward()
    put_with(cases()[0], "miljo")
    put_with(cases()[1], "miljo")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    with writing():
        cia = db.session.merge(a_person(name="Cia Nord", now=MONDAY))
        cia.four_eyes = True
    for person in (desk.anna, petra, cia, a_person("administrator", "Ada Min", now=MONDAY)):
        with pytest.raises(NotAllowed):
            desk.publish(answer, by=person)
        assert approve.waiting_for(person, ())[0] == []
    for person in (desk.anna, petra):
        assert attention(person, may_approve=True, now=desk.time).approvals == 0
    one = write.Pressed(answer.case_id, "Hej", None, cases()[0].version, timedelta())
    with pytest.raises(NotAllowed):  # nor as if it were an answer to one
        approve.publish(answer.id, one, by=desk.bo, now=desk.time)
    assert approve.waiting_for(desk.bo, ())[0] == [answer]
    put_with(cases()[2], "miljo")
    assert approve.waiting_for(petra, ())[0] == [answer]
    assert attention(petra, may_approve=True, now=desk.time).approvals == 1
    assert db.session.scalars(select(Answer.state)).all() == ["draft"]


def test_approved_and_changed_it_ends_every_clock_with_both_names(desk):
    """The second person's words go out once under the author's name; each case closes by itself."""
    answer = desk.put_forward(close_as=Outcome.ANSWERED)
    ids = [case.id for case in cases()]
    assert named("answer_put_forward") == ids
    assert [case.assignee_id for case in cases()] == [desk.anna.id] * 3
    sent = desk.publish(answer, "Badet öppnar den 5 april.", close_as=Outcome.ANSWERED)
    assert (sent.author_id, sent.sent_by_id) == (desk.anna.id, desk.bo.id)
    assert (sent.asked_body, sent.body) == ("Badet öppnar i april.", "Badet öppnar den 5 april.")
    assert [case.waiting_since is None for case in cases()] == [False] * 3
    desk.deliver()
    (_key, text), = desk.town.sent()  # fmt: skip
    assert text == "Badet öppnar den 5 april.\n\n/Anna, kundtjänst"
    assert {(case.state, case.outcome, case.waiting_since) for case in cases()} == {
        ("closed", "answered", None)
    }
    assert named("answer_queued") == named("answer_sent") == named("case_closed") == ids


def test_what_has_changed_since_then_stops_the_second_person(desk):
    """New words, a stopped text and nobody chosen send nothing; it waits still, as they left it."""
    answer = desk.put_forward()
    seen = {case.id: case.version for case in cases()}
    with writing():
        cases()[1].version += 1
    with pytest.raises(SeveralChanged) as caught:
        desk.publish(answer, "Ändrat", seen=seen)
    assert caught.value.changed == (cases()[1].id,)
    with pytest.raises(NeedsReason):
        desk.publish(answer, "Vi har noterat 19811218-9876.")
    with pytest.raises(CannotSend):
        desk.publish(answer, "Ändrat", seen={})
    kept = approve.waiting_for(desk.bo, ())[0]
    assert [one.body for one in kept] == ["Ändrat"]
    some = {case.id: case.version for case in cases()[:2]}
    desk.publish(answer, seen=some)
    desk.deliver()
    assert [case.waiting_since is None for case in cases()] == [True, True, False]


def test_a_department_that_approves_its_own_has_all_cases_or_none(desk):
    """Mixed with others' cases nobody could approve: not put forward; all its own, it approves."""
    put_with(cases()[0], "individ-familj")
    with pytest.raises(CannotSend) as caught:
        desk.put_forward()
    assert caught.value.reason == several_approval.OWN_APPROVAL
    for case in cases()[1:]:
        put_with(case, "individ-familj")
    answer = desk.put_forward()
    own = a_person("handler", "Siv Dal", "individ-familj", now=MONDAY)
    assert approve.waiting_for(desk.bo, ())[0] == []
    assert approve.waiting_for(own, ())[0] == [answer]
    assert desk.publish(answer, by=own).sent_by_id == own.id


def test_sent_back_and_taken_back_it_is_the_authors_draft_again(desk):
    """Back with a message, or by the author, it is a draft to the same cases; put forward anew."""
    answer = desk.put_forward()
    with pytest.raises(TooLate):
        desk.put_forward()
    with pytest.raises(NeedsApproval):
        press_for_several(desk.pressed(), by=desk.anna, now=desk.time)
    said = {"body": "Badet öppnar i maj.", "message": "Det är maj i år"}
    approve.send_back(answer.id, by=desk.bo, now=desk.time, **said)
    draft = draft_under(desk.post_id, desk.anna)
    assert (draft.id, draft.body, draft.asked_at) == (answer.id, "Badet öppnar i maj.", None)
    assert list(chosen_in(draft)) == [case.id for case in cases()]
    assert db.session.scalars(select(Note.text)).all() == ["Det är maj i år"]
    assert approve.sent_back_to(desk.anna) == [draft]
    answer = desk.put_forward("Badet öppnar i maj.")
    approve.take_back(answer.id, by=desk.anna, now=desk.time)
    assert named("answer_undone") == [case.id for case in cases()]
    with pytest.raises(TooLate):
        desk.publish(answer)


def test_taken_back_by_the_second_person_it_waits_again(desk):
    """Undone by who published it, it waits for approval as it was put forward, and nothing has left."""
    answer = desk.put_forward()
    pressed = PressedForSeveral(
        desk.post_id, {case.id: case.version for case in cases()}, "Ja", timedelta(minutes=5)
    )
    several_approval.publish(answer.id, pressed, by=desk.bo, now=desk.time)
    write.undo(answer.id, by=desk.bo, now=desk.time)
    (again,) = approve.waiting_for(desk.bo, ())[0]
    assert (again.author_id, again.asked_body) == (desk.anna.id, "Badet öppnar i april.")
    assert list(chosen_in(again)) == [case.id for case in cases()]


def test_nobody_is_asked_who_need_not_be_and_a_place_is_needed(desk):
    """Without a rule that asks for two nothing is put forward; nor where each case has a draft."""
    for case in cases():
        save_draft(case.id, body="Eget", by=desk.anna, now=desk.time)
    with pytest.raises(CannotSend) as caught:
        desk.put_forward()
    assert caught.value.reason == NO_ROOM
    with writing():
        db.session.execute(update(Account).values(four_eyes=False))
    with pytest.raises(CannotSend) as caught:
        desk.put_forward(seen={})
    assert caught.value.reason == "no_approval"
