"""Blocking a person: a manager's decision, one at a time, with an end and a review."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.answers.moderate import HIDE_REASONS
from app.database import db
from app.inbox import blocks
from app.inbox.blocks import BadBlock, NewBlock
from app.models import Block, Event
from app.models.staff import Role
from app.people.rights import NotAllowed
from app.reports.moderation import moderated
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in, the_case
from tests.web.test_roles import signed_in, token

DAY = timedelta(days=1)


@pytest.fixture
def karin(app, at):
    """A manager of the whole city, and a resident's case."""
    at(MONDAY)
    take_in(an_account("facebook", now=MONDAY), said("Jag vet var du bor", at=MONDAY))
    put_with(the_case(), "gata-park")
    return a_person("manager", "Karin Ek", now=MONDAY)


def new(**what) -> NewBlock:
    """A decision with everything in it."""
    told = {"reason": "hot", "words": "Har hotat två gånger.", "review_at": MONDAY + 14 * DAY}
    return NewBlock(**{**told, "ends_at": MONDAY + 30 * DAY, **what})


def block(by, now=MONDAY, **what) -> Block:
    """Block the person behind the only case."""
    return blocks.block(the_case().id, new(**what), HIDE_REASONS, by=by, now=now)


def test_nobody_but_a_manager_blocks(app, karin):
    """Every other role is refused, and a department's manager in another department's case."""
    for role in set(Role) - {Role.MANAGER}:
        where = "gata-park" if role == Role.HANDLER else ""
        with pytest.raises(NotAllowed):
            block(a_person(role, "Otto Ek", where, now=MONDAY))
    with pytest.raises(NotAllowed):
        block(a_person("manager", "Mia Berg", "miljo", now=MONDAY))
    assert db.session.scalars(select(Block)).all() == []


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"reason": "kritik"}, "reason"),
        ({"words": "  "}, "words"),
        ({"ends_at": MONDAY}, "end"),
        ({"ends_at": MONDAY + 400 * DAY}, "end"),
        ({"review_at": MONDAY + 31 * DAY}, "review"),
        ({"review_at": MONDAY}, "review"),
        ({"ends_at": MONDAY + 300 * DAY, "review_at": MONDAY + 100 * DAY}, "review"),
    ],
)
@pytest.mark.once
def test_a_block_has_a_reason_words_an_end_and_a_review(app, karin, what, why):
    """None of them can be left out, nor lie too far away."""
    with pytest.raises(BadBlock) as refused:
        block(karin, **what)
    assert refused.value.why == why


def test_a_block_is_marked_counted_and_ends_by_itself(app, karin):
    """It holds until its end; a second one at the same time is refused, one after it is not."""
    row = block(karin)
    assert blocks.block_on(the_case(), MONDAY + 29 * DAY).id == row.id
    with pytest.raises(BadBlock) as refused:
        block(karin)
    assert refused.value.why == "already"
    assert blocks.block_on(the_case(), MONDAY + 31 * DAY) is None
    later = MONDAY + 31 * DAY
    block(karin, now=later, review_at=later + DAY, ends_at=later + 2 * DAY)
    assert moderated(MONDAY, MONDAY + 60 * DAY).blocked == 2


def test_lifting_is_as_easy_as_blocking(app, karin):
    """One press; the list is empty, the row and the ledger say who."""
    row = block(karin)
    blocks.lift(row.id, by=karin, now=MONDAY + DAY)
    assert blocks.blocks_seen_by(karin) == []
    with pytest.raises(NotAllowed):
        blocks.lift(row.id, by=karin, now=MONDAY + DAY)
    names = db.session.scalars(select(Event.name).where(Event.name.like("person_%"))).all()
    assert names == ["person_blocked", "person_unblocked"]


@pytest.mark.once
def test_pages_decide_mark_prolong_and_lift(app, karin):
    """The form says what happens only here; the case and the list carry the mark; lifting ends it."""
    client = signed_in(app, karin.login)
    field = {"csrf_token": token(client.get("/mitt-konto").text)}
    case = f"/arenden/{the_case().id}"
    assert "Växeln kan inte blockera på Facebook" in client.get(f"{case}/blockera").text
    form = {"skal": "hot", "omprovas": "2026-12-07", "slutar": "2026-12-23"}
    wrong = client.post(f"{case}/blockera", data=field | form)
    assert (wrong.status_code, "Skriv vad som har hänt" in wrong.text) == (400, True)
    page = client.post(
        f"{case}/blockera", data=field | form | {"varfor": "Hot."}, follow_redirects=True
    ).text
    assert "Bara antecknad här" in page
    assert "blockerad till och med 23 dec" in client.get(case).text
    done = client.post("/blockerade/1/gjord", data=field, follow_redirects=True).text
    assert "Gjord på plattformen också" in done
    days = {"omprovas": "2026-12-20", "slutar": "2026-12-31"}
    assert "31 dec" in client.post("/blockerade/1/omprova", data=field | days,
                                   follow_redirects=True).text  # fmt: skip
    client.post("/blockerade/1/hav", data=field)
    assert "blockerad till och med" not in client.get(case).text
    assert "Ingen är blockerad" in client.get("/blockerade").text


def test_the_list_shows_only_what_one_may_see(app, karin):
    """A department's manager does not see another department's blocks; communications see all."""
    block(karin)
    mia = a_person("manager", "Mia Berg", "miljo", now=MONDAY)
    erik = a_person("communications", "Erik Nord", now=MONDAY)
    assert [len(blocks.blocks_seen_by(one)) for one in (karin, mia, erik)] == [1, 0, 1]
    with pytest.raises(NotAllowed):
        blocks.blocks_seen_by(a_person(now=MONDAY))
