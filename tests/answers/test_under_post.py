"""A draft to several: kept on the server, beside the drafts in the cases, whatever becomes of them."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.answers import write
from app.answers.draft_places import NO_ROOM, chosen_in
from app.answers.drafts import draft_of, save_draft
from app.answers.ready import CannotSend
from app.answers.several import PressedForSeveral, press_for_several
from app.answers.under_post import draft_under, save_draft_under
from app.channels.base import PostSeen
from app.database import db, writing
from app.inbox.splitting import Apart, split, unsplit
from app.models import Account, Answer, Case, Post, Source
from app.people.rights import NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, messages, put_with, said, take_in

MINUTE = timedelta(minutes=1)
OTHER = PostSeen("p2", "Snö", "Vi plogar.", "https://x.se/p2")


@pytest.fixture
def anna(app):
    """Anna, and three residents who ask under one post of the city's."""
    source = an_account(now=MONDAY)
    for number, who in enumerate(("Ali", "Bea", "Cia")):
        take_in(source, said("När öppnar badet?", at=MONDAY + number * MINUTE, by=who))
    return a_person(now=MONDAY)


def post_id():
    return db.session.scalars(select(Post.id).order_by(Post.id)).first()


def seen(*places):
    """The cases at these places (all: none named) with the version they stand at."""
    return {
        case.id: case.version for place, case in enumerate(cases()) if not places or place in places
    }


def keep(by, body="I april.", chosen=None, minutes=10):
    now = MONDAY + minutes * MINUTE
    return save_draft_under(
        post_id(), seen() if chosen is None else chosen, body=body, by=by, now=now
    )


def drafts():
    db.session.commit()
    wanted = select(Answer).where(Answer.state == "draft").order_by(Answer.id)
    return list(db.session.scalars(wanted.execution_options(populate_existing=True)))


def test_who_may_not_answer_keeps_nothing(anna):
    """An administrator and a handler without a case there are refused; a hidden case is not kept."""
    for role, where in (("administrator", ""), ("handler", "miljo")):
        with pytest.raises(NotAllowed):
            keep(a_person(role, "Ivar Inte", where, now=MONDAY))
    put_with(cases()[0], "miljo")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    assert list(chosen_in(keep(petra))) == [cases()[0].id]


def test_what_is_typed_is_kept_with_its_cases_and_their_versions(anna):
    """One draft per person and post holds the newest text and choice; an emptied one is none."""
    before = seen()
    keep(anna)
    keep(anna, "I april, tror jag.", seen(0, 2))
    (draft,) = drafts()
    assert (draft.body, draft.to_post) == ("I april, tror jag.", True)
    assert chosen_in(draft) == {one: before[one] for one in seen(0, 2)}
    keep(anna, "Utan val", {})
    assert list(chosen_in(drafts()[0])) == list(seen(0, 2))
    keep(anna, "  ")
    assert drafts() == []
    assert keep(anna, "Till ingen", {}) is None


def test_a_draft_to_several_and_those_in_its_cases_stand_side_by_side(anna):
    """Typed in each of its cases, before and after, nothing takes another's place or words."""
    ids = [case.id for case in cases()]
    take_in(db.session.scalars(select(Source)).one(), said("Snö", at=MONDAY, by="Dan", under=OTHER))
    save_draft(ids[0], body="Bara till Ali", by=anna, now=MONDAY)
    keep(anna)
    for case_id in ids[1:]:
        assert draft_of(case_id, anna) is None
        save_draft(case_id, body=f"Bara {case_id}", by=anna, now=MONDAY)
        assert draft_of(case_id, anna).body == f"Bara {case_id}"
        assert list(chosen_in(draft_under(post_id(), anna))) == ids
    assert draft_of(ids[0], anna).body == "Bara till Ali"
    assert draft_under(post_id(), anna).body == "I april."
    with pytest.raises(CannotSend) as caught:  # and Dan's has no room for both
        save_draft(cases()[3].id, body="Bara Dan", by=anna, now=MONDAY)
    assert caught.value.reason == NO_ROOM


def press(by, body="I april.", minutes=11, undo=0, **more):
    pressed = PressedForSeveral(post_id(), seen(), body, timedelta(minutes=undo), **more)
    return press_for_several(pressed, by=by, now=MONDAY + minutes * MINUTE)


@pytest.fixture
def answered(anna):
    """Anna, where the platform takes an answer under a post of its own."""
    with writing():
        db.session.scalars(select(Account)).one().channel = "practice"
        db.session.execute(update(Case).values(channel="practice"))
    return anna


def test_the_draft_is_what_is_sent_and_a_late_saving_brings_none_back(answered):
    """Pressed, the draft is the answer; the page's last saving with the same words keeps nothing."""
    kept = keep(answered)
    answer = press(answered)
    assert (answer.id, answer.state) == (kept.id, "queued")
    assert keep(answered, minutes=11) is None
    assert keep(answered, "Något helt annat.", minutes=11).body == "Något helt annat."


def test_taken_back_the_words_stand_above_what_was_typed_meanwhile(answered):
    """An undo lays the answer's words with its cases in the draft under the post, losing nothing."""
    answer = press(answered, undo=5)
    first = cases()[0].id
    keep(answered, "Och i maj?", {first: cases()[0].version}, minutes=12)
    draft = write.undo(answer.id, by=answered, now=MONDAY + 13 * MINUTE)
    assert draft.body == "I april.\n\nOch i maj?"
    assert list(chosen_in(draft)) == [case.id for case in cases()]


def test_a_draft_outlives_a_case_that_is_put_back(anna):
    """Lying in a split case that goes home, where the person has another draft, it is kept."""
    source = db.session.scalars(select(Source)).one()
    take_in(source, said("Och bastun?", at=MONDAY + 5 * MINUTE, by="Ali"))
    home = cases()[0]
    words = [one.id for one in messages() if one.text == "Och bastun?"]
    out = split(home.id, Apart(words), by=anna, seen_version=home.version, now=MONDAY + 6 * MINUTE)
    save_draft(cases()[1].id, body="Bara till Bea", by=anna, now=MONDAY)
    keep(anna, "Till flera", {out.id: 1, cases()[1].id: 1})
    assert draft_under(post_id(), anna).case_id == out.id
    save_draft(home.id, body="Bara till Ali", by=anna, now=MONDAY)
    here = {case.id: case.version for case in cases()}
    unsplit(out.id, by=anna, seen_version=here[out.id], now=MONDAY + 20 * MINUTE)
    assert draft_of(home.id, anna).body == "Bara till Ali"
    draft = draft_under(post_id(), anna)
    assert (draft.body, list(chosen_in(draft))) == ("Till flera", [home.id, cases()[1].id])
