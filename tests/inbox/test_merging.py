"""Merging and splitting cases: who may, what moves, whose clock goes on until when."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.answers.drafts import save_draft
from app.answers.ready import ConversationChanged, Pressed
from app.answers.record import published, refused
from app.answers.write import press_send
from app.channels.base import PostSeen, Receipt
from app.database import db, writing
from app.inbox.around import alike, around
from app.inbox.find import answers_of
from app.inbox.handle import CaseChanged, close, reopen, wait_for_resident
from app.inbox.merging import CannotMerge, merge, unmerge
from app.inbox.notes import write_note
from app.inbox.splitting import Apart, CannotSplit, home_of, split, unsplit
from app.models import Answer, AnswerCase, Case, Event, Message, Note, Source, Staff
from app.models.answer import AnswerState
from app.models.case import Outcome
from app.people.rights import NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, messages, put_with, said, take_in

MINUTE = timedelta(minutes=1)
OTHER = PostSeen("p2", "Sopor", "Nya tider för sopbilen.", "https://x.se/p2")


@pytest.fixture
def source(app: Any) -> Source:
    return an_account(now=MONDAY)


@pytest.fixture
def anna(app: Any) -> Staff:
    return a_person(now=MONDAY)


def rows() -> dict[int, Case]:
    return {case.id: case for case in cases()}


def follow(one: int, other: int, by: Staff, minutes: int = 30) -> Case:
    """Merge as somebody does who has just read both."""
    now, seen = MONDAY + minutes * MINUTE, rows()
    return merge(one, other, by=by, seen_versions=(seen[one].version, seen[other].version), now=now)


def part(one: int, by: Staff, minutes: int = 31) -> Case:
    now = MONDAY + minutes * MINUTE
    return unmerge(one, by=by, seen_version=rows()[one].version, now=now)


def take_out(one: int, *ids: int, by: Staff, minutes: int = 30, **kept: Any) -> Case:
    now, seen = MONDAY + minutes * MINUTE, rows()[one].version
    return split(one, Apart(ids, **kept), by=by, seen_version=seen, now=now)


def put_back(one: int, by: Staff, minutes: int = 31) -> Case:
    now = MONDAY + minutes * MINUTE
    return unsplit(one, by=by, seen_version=rows()[one].version, now=now)


def press(case_id: int, by: Staff, minutes: int = 40, close_as: Outcome | None = None) -> Answer:
    seen = rows()[case_id].version
    pressed = Pressed(case_id, "Hej, i natt.", None, seen, timedelta(), close_as)
    return press_send(pressed, by=by, now=MONDAY + minutes * MINUTE)


def under_way(answer: Answer) -> None:
    with writing():
        db.session.get_one(Answer, answer.id, populate_existing=True).state = AnswerState.SENDING


def arrives(answer: Answer, minutes: int = 45) -> None:
    under_way(answer)
    published(answer.id, Receipt(f"s{answer.id}"), now=MONDAY + minutes * MINUTE)


def finish(case_id: int, by: Staff, minutes: int = 40) -> Case:
    facts: dict[str, Any] = {"outcome": Outcome.NO_ANSWER_NEEDED, "reason": "löst på telefon"}
    seen = rows()[case_id].version
    return close(case_id, by=by, seen_version=seen, now=MONDAY + minutes * MINUTE, **facts)


def two(source: Source, apart: int = 10) -> tuple[int, int]:
    """Ali asked first, Bea `apart` minutes later under another post; their cases' ids."""
    take_in(source, said("Kommer plogen?", at=MONDAY, by="Ali", number="a1"))
    take_in(
        source,
        said("Och sopbilen?", at=MONDAY + apart * MINUTE, by="Bea", number="b1", under=OTHER),
    )
    first, second = cases()
    return first.id, second.id


def everything() -> dict[str, list[Any]]:
    """All that merging and splitting may touch, but for versions and the ledger."""
    db.session.commit()
    kept: dict[str, list[Any]] = {}
    for table in (Case, Message, Answer, AnswerCase, Note):
        core: Any = table.__table__
        columns = [column for column in core.c if column.name != "version"]
        kept[core.name] = [
            tuple(r) for r in db.session.execute(select(*columns).order_by(*core.primary_key))
        ]
    return kept


# --- Denied ----------------------------------------------------------------------------------


def test_nobody_merges_or_parts_what_they_may_not_see_or_close(source: Source, anna: Staff) -> None:
    """A handler needs both cases before them, an administrator has none; nothing is changed."""
    ali, bea = two(source)
    put_with(rows()[ali], "gata-park")
    put_with(rows()[bea], "miljo")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    erik = a_person("administrator", "Erik Ek", now=MONDAY)
    before = everything()
    for who in (petra, erik):
        for one, other in ((ali, bea), (bea, ali)):
            with pytest.raises(NotAllowed):
                follow(one, other, who)
    assert everything() == before
    follow(bea, ali, anna)
    for who in (petra, erik):
        with pytest.raises(NotAllowed):
            part(bea, who)
    assert rows()[bea].merged_into_id == ali


def test_nobody_splits_or_puts_back_what_they_may_not_see_or_close(
    source: Source, anna: Staff
) -> None:
    """Words are taken out and put back by who may close both cases; nothing is changed else."""
    two(source)
    take_in(source, said("Och saltet?", at=MONDAY + MINUTE, by="Ali"))
    ali, _bea = cases()
    put_with(ali, "gata-park")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    erik = a_person("administrator", "Erik Ek", now=MONDAY)
    before = everything()
    for who in (petra, erik):
        with pytest.raises(NotAllowed):
            take_out(ali.id, messages()[2].id, by=who)
    assert everything() == before
    out = take_out(ali.id, messages()[2].id, by=anna, department="miljo")
    for who in (petra, erik):
        with pytest.raises(NotAllowed):
            put_back(out.id, who)
    assert messages()[2].case_id == out.id


@pytest.mark.once
def test_whoever_has_not_read_the_newest_changes_nothing(source: Source, anna: Staff) -> None:
    """Words that came meanwhile, in either case, stop a merge and a split until they are read."""
    ali, bea = two(source)
    old = {case_id: case.version for case_id, case in rows().items()}
    for name, under in (("Ali", None), ("Bea", OTHER)):
        more = {"under": under} if under else {}
        take_in(source, said("Mer", at=MONDAY + 20 * MINUTE, by=name, **more))
    new = {case_id: case.version for case_id, case in rows().items()}
    before = everything()
    for versions in ((old[bea], new[ali]), (new[bea], old[ali])):
        with pytest.raises(CaseChanged):
            merge(bea, ali, by=anna, seen_versions=versions, now=MONDAY)
    with pytest.raises(CaseChanged):
        split(ali, Apart([1]), by=anna, seen_version=old[ali], now=MONDAY)
    assert everything() == before


@pytest.mark.once
def test_what_cannot_be_merged_says_why(source: Source, anna: Staff) -> None:
    """Not with itself, not in a ring, not twice, not behind a follower, not with hidden followers."""
    ali, bea = two(source)
    take_in(source, said("Jag med", at=MONDAY + 20 * MINUTE, by="Cia"))
    cia = cases()[2].id
    follow(bea, ali, anna)
    for one, other, why in (
        (ali, ali, "itself"), (ali, bea, "itself"), (bea, cia, "follows"), (cia, bea, "other_follows"),
    ):  # fmt: skip
        with pytest.raises(CannotMerge, match=why):
            follow(one, other, anna)
    for case_id in (ali, cia):
        put_with(rows()[case_id], "miljo")
    put_with(rows()[bea], "gata-park")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    with pytest.raises(CannotMerge, match="hidden"):
        follow(ali, cia, petra)
    with pytest.raises(CannotMerge, match="gone"):
        part(cia, anna)


def test_what_cannot_be_split_says_why(source: Source, anna: Staff) -> None:
    """Something is taken and something stays, only the resident's own, and no answer is on its way."""
    two(source)
    take_in(source, said("Och saltet?", at=MONDAY + MINUTE, by="Ali"))
    ali, bea = (case.id for case in cases())
    one, other, theirs = messages()[0].id, messages()[2].id, messages()[1].id
    for ids, why in (((), "nothing"), ((theirs,), "nothing"), ((one, other), "all")):
        with pytest.raises(CannotSplit, match=why):
            take_out(ali, *ids, by=anna)
    with pytest.raises(CannotSplit, match="department"):
        take_out(ali, other, by=anna, department="finns-inte")
    with pytest.raises(CannotSplit, match="not_split"):
        put_back(bea, anna)
    answer = press(ali, anna)
    before = everything()
    for state in (AnswerState.QUEUED, AnswerState.SENDING, AnswerState.UNCERTAIN):
        with writing():
            db.session.get_one(Answer, answer.id, populate_existing=True).state = state
        with pytest.raises(CannotSplit, match="on_its_way"):
            take_out(ali, other, by=anna)
        assert [row[3] for row in everything()["messages"]] == [
            row[3] for row in before["messages"]
        ]
    arrives(answer)
    assert take_out(ali, other, by=anna, minutes=50).waiting_since is None


# --- A merge ---------------------------------------------------------------------------------


def test_a_follower_keeps_its_clock_and_its_leader_stands_where_it_would(
    source: Source, anna: Staff
) -> None:
    """The later case that the earlier follows comes first in the list; neither clock moves."""
    ali, bea = two(source)
    follow(ali, bea, anna)
    here = rows()
    assert (here[ali].merged_into_id, here[ali].waiting_since) == (bea, MONDAY)
    assert here[bea].waiting_since == MONDAY + 10 * MINUTE
    assert here[bea].sort_at == MONDAY
    part(ali, anna)
    assert rows()[bea].sort_at == MONDAY + 10 * MINUTE


def test_an_answer_ends_the_clocks_of_those_that_follow(source: Source, anna: Staff) -> None:
    """Once the leader's answer is there the follower is a duplicate, done at that same moment."""
    ali, bea = two(source)
    follow(bea, ali, anna)
    answer = press(ali, anna, close_as=Outcome.ANSWERED)
    assert rows()[bea].waiting_since == MONDAY + 10 * MINUTE
    arrives(answer)
    here = rows()
    assert (here[ali].outcome, here[ali].closed_at) == ("answered", MONDAY + 45 * MINUTE)
    assert (here[bea].outcome, here[bea].closed_at) == ("duplicate", MONDAY + 45 * MINUTE)
    assert here[bea].waiting_since is None
    told = db.session.scalars(
        select(Event).where(Event.name == "case_closed", Event.case_id == bea)
    )
    event = told.one()
    assert (event.staff_id, event.answer_id, event.details["into"]) == (anna.id, answer.id, ali)
    assert event.details["waited_since"] == (MONDAY + 10 * MINUTE).isoformat()


@pytest.mark.once
def test_an_answer_that_never_arrives_ends_no_clock(source: Source, anna: Staff) -> None:
    """A refused answer lets the follower wait on, and the next one ends its clock."""
    ali, bea = two(source)
    follow(bea, ali, anna)
    answer = press(ali, anna)
    under_way(answer)
    refused(answer.id, "other", now=MONDAY + 41 * MINUTE)
    assert rows()[bea].waiting_since == MONDAY + 10 * MINUTE
    arrives(press(ali, anna, 42), 43)
    assert (rows()[ali].state, rows()[bea].closed_at) == ("answered", MONDAY + 43 * MINUTE)


def test_words_after_the_press_are_not_answered_by_it(source: Source, anna: Staff) -> None:
    """What a follower says while an answer is on its way goes on waiting, and keeps the leader open."""
    ali, bea = two(source)
    follow(bea, ali, anna)
    answer = press(ali, anna, close_as=Outcome.ANSWERED)
    late = MONDAY + 42 * MINUTE
    take_in(source, said("En sak till", at=late, by="Bea", under=OTHER))
    arrives(answer)
    here = rows()
    assert (here[bea].is_open, here[bea].waiting_since) == (True, late)
    assert (here[ali].is_open, here[ali].waiting_since, here[ali].sort_at) == (True, None, late)


@pytest.mark.once
def test_a_followers_new_words_stop_a_send_and_open_the_leader(source: Source, anna: Staff) -> None:
    """Nobody sends against an old conversation; what was done is open again, and so is the leader."""
    ali, bea = two(source)
    follow(bea, ali, anna)
    version = rows()[ali].version
    late = MONDAY + 35 * MINUTE
    take_in(source, said("En sak till", at=late, by="Bea", under=OTHER))
    with pytest.raises(ConversationChanged):
        press_send(Pressed(ali, "Hej", None, version, timedelta()), by=anna, now=late)
    finish(ali, anna)
    assert {case.is_open for case in cases()} == {False}
    later = MONDAY + 50 * MINUTE
    take_in(source, said("Hallå?", at=later, by="Bea", under=OTHER))
    here = rows()
    assert (here[bea].state, here[bea].waiting_since) == ("reopened", later)
    assert (here[ali].state, here[ali].waiting_since, here[ali].sort_at) == (
        "reopened",
        None,
        later,
    )


@pytest.mark.once
def test_a_follower_answered_in_place_ends_only_its_own_clock(source: Source, anna: Staff) -> None:
    """The resident under the other post can be answered there; the leader's resident waits on."""
    ali, bea = two(source)
    follow(ali, bea, anna)
    arrives(press(ali, anna))
    here = rows()
    assert (here[ali].state, here[ali].waiting_since) == ("answered", None)
    assert here[bea].waiting_since == here[bea].sort_at == MONDAY + 10 * MINUTE


def test_an_answer_on_the_platform_itself_ends_the_followers_clocks(
    source: Source, anna: Staff
) -> None:
    """Native words under the leader close its follower at once, each with its own clock."""
    ali, bea = two(source)
    follow(bea, ali, anna)
    said_at, seen_at = MONDAY + 39 * MINUTE, MONDAY + 40 * MINUTE
    native = said("I natt.", at=said_at, by=None, number="n1", answers="a1", by_city=True)
    take_in(source, native, now=seen_at)
    here = rows()
    assert (here[ali].state, here[ali].waiting_since, here[ali].answered_at) == (
        "answered", None, said_at,
    )  # fmt: skip
    assert (here[bea].outcome, here[bea].closed_at) == ("duplicate", seen_at)
    told = db.session.scalars(
        select(Event).where(Event.name == "case_closed", Event.case_id == bea)
    ).one()
    assert (told.staff_id, told.answer_id, told.details["into"]) == (None, None, ali)
    assert told.message_id == next(one.id for one in messages() if one.by_city)
    assert told.details["waited_since"] == (MONDAY + 10 * MINUTE).isoformat()
    late = MONDAY + 50 * MINUTE
    take_in(source, said("En sak till", at=late, by="Bea", under=OTHER))
    assert (rows()[bea].waiting_since, rows()[ali].sort_at) == (late, late)


@pytest.mark.once
def test_native_words_answer_no_follower_that_came_after_them(source: Source, anna: Staff) -> None:
    """What a follower says later waits on, and so does one that is merged when all was answered."""
    ali, bea = two(source)
    early = MONDAY + 5 * MINUTE
    native = said("I natt.", at=early, by=None, number="n1", answers="a1", by_city=True)
    take_in(source, native, now=MONDAY + 11 * MINUTE)
    follow(bea, ali, anna)
    take_in(source, said("Och nu?", at=MONDAY + 40 * MINUTE, by="Ali"))
    assert rows()[bea].waiting_since == MONDAY + 10 * MINUTE
    again = said("I dag.", at=MONDAY + 8 * MINUTE, by=None, number="n2", answers="a1", by_city=True)
    take_in(source, again, now=MONDAY + 42 * MINUTE)
    here = rows()
    assert (here[bea].is_open, here[bea].waiting_since) == (True, MONDAY + 10 * MINUTE)


@pytest.mark.once
def test_waiting_for_the_resident_ends_no_followers_clock(source: Source, anna: Staff) -> None:
    """Only an answer or a closing ends it: the leader that waits stands where the follower would."""
    ali, bea = two(source)
    follow(bea, ali, anna)
    now = MONDAY + 40 * MINUTE
    wait_for_resident(ali, by=anna, seen_version=rows()[ali].version, now=now)
    here = rows()
    assert here[bea].waiting_since == here[ali].sort_at == MONDAY + 10 * MINUTE


def test_what_a_person_cannot_see_they_have_not_answered(source: Source, anna: Staff) -> None:
    """A follower that the one who closes may not see stands by itself again and waits on."""
    ali, bea = two(source)
    follow(bea, ali, anna)
    put_with(rows()[ali], "miljo")
    put_with(rows()[bea], "gata-park")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    finish(ali, petra)
    here = rows()
    assert (here[ali].is_open, here[bea].is_open, here[bea].merged_into_id) == (False, True, None)
    assert here[bea].waiting_since == MONDAY + 10 * MINUTE


def test_a_closing_by_mistake_is_undone_for_followers_too(source: Source, anna: Staff) -> None:
    """Who opens a leader again lets its followers wait on, since the same moment as before."""
    ali, bea = two(source)
    follow(bea, ali, anna)
    finish(ali, anna)
    assert rows()[bea].waiting_since is None
    reopen(ali, by=anna, now=MONDAY + 41 * MINUTE)
    here = rows()
    assert (here[ali].waiting_since, here[bea].waiting_since) == (MONDAY, MONDAY + 10 * MINUTE)
    assert here[bea].is_open


@pytest.mark.once
def test_followers_move_along_and_come_back(source: Source, anna: Staff) -> None:
    """A chain is one step deep: what followed the follower follows its leader, until it is undone."""
    ali, bea = two(source)
    take_in(source, said("Jag med", at=MONDAY + 20 * MINUTE, by="Cia"))
    cia = cases()[2].id
    follow(bea, ali, anna)
    before = everything()
    follow(ali, cia, anna)
    assert [rows()[one].merged_into_id for one in (ali, bea, cia)] == [cia, cia, None]
    assert rows()[cia].sort_at == MONDAY
    part(ali, anna)
    assert everything() == before


@pytest.mark.once
@pytest.mark.parametrize("state", ["closed", "answered", "waiting"])
def test_a_merge_undone_at_once_leaves_no_trace(source: Source, anna: Staff, state: str) -> None:
    """A leader that was done is opened while the follower waits, and is done again as it was."""
    ali, bea = two(source)
    if state == "closed":
        finish(ali, anna, 20)
    elif state == "answered":
        arrives(press(ali, anna, 20), 21)
    else:
        now = MONDAY + 20 * MINUTE
        wait_for_resident(ali, by=anna, seen_version=rows()[ali].version, now=now)
    before = everything()
    follow(bea, ali, anna)
    assert rows()[ali].state in ("reopened", "ongoing")
    part(bea, anna)
    assert everything() == before
    assert rows()[ali].state == state


@pytest.mark.once
def test_a_follower_closed_with_its_leader_stays_so_when_parted(
    source: Source, anna: Staff
) -> None:
    """Standing by itself again it is as done as it was, until its resident writes."""
    ali, bea = two(source)
    follow(bea, ali, anna)
    finish(ali, anna)
    part(bea, anna, 50)
    case = rows()[bea]
    assert (case.merged_into_id, case.outcome) == (None, "duplicate")
    take_in(source, said("Hallå?", at=MONDAY + 55 * MINUTE, by="Bea", under=OTHER))
    assert (rows()[bea].is_open, rows()[ali].is_open) == (True, False)


# --- A split ---------------------------------------------------------------------------------


def asked_twice(source: Source) -> tuple[int, int, int]:
    """Ali asked about ploughs, and five minutes later about salt: case, and the two messages."""
    take_in(source, said("Kommer plogen?", at=MONDAY, by="Ali", number="a1"))
    take_in(source, said("Och saltet?", at=MONDAY + 5 * MINUTE, by="Ali", number="a2"))
    first, second = messages()
    return cases()[0].id, first.id, second.id


def test_taken_out_words_have_a_clock_of_their_own(source: Source, anna: Staff) -> None:
    """Both cases wait since their own first words; the new one is routed when left unsure."""
    case_id, first, second = asked_twice(source)
    out = take_out(case_id, second, by=anna)
    here = rows()
    new, old = here[out.id], here[case_id]
    assert (new.waiting_since, old.waiting_since) == (MONDAY + 5 * MINUTE, MONDAY)
    assert (new.person_id, new.person_name, new.split_from_id) == (None, "Ali", case_id)
    assert (new.state, new.route_wanted, new.snippet) == ("new", True, "Och saltet?")
    put_back(out.id, anna)
    out = take_out(case_id, first, by=anna, department="miljo", kind="fråga")
    here = rows()
    new = here[out.id]
    assert (new.waiting_since, here[case_id].waiting_since) == (MONDAY, MONDAY + 5 * MINUTE)
    assert (new.department.slug if new.department else "", new.kind) == ("miljo", "fråga")
    assert (new.route_wanted, new.routed_by) == (False, "person")


def test_a_reply_goes_where_what_it_answers_lies(source: Source, anna: Staff) -> None:
    """Under taken-out words, ours or theirs, the resident goes on there; else in the first case."""
    case_id, _first, second = asked_twice(source)
    out = take_out(case_id, second, by=anna)
    arrives(press(out.id, anna))
    ours = next(one for one in messages() if one.ours)
    late = MONDAY + 50 * MINUTE
    take_in(
        source,
        said("Tack", at=late, by="Ali", number="a3", answers=ours.external_id),
        said("Mer salt", at=late + MINUTE, by="Ali", number="a4", answers="a2"),
        said("Och där?", at=late + 2 * MINUTE, by="Ali", number="a5", answers="a3"),
        said("Plogen då?", at=late, by="Ali", number="a6", answers="a1"),
        said("Hallå", at=late, by="Ali", number="a7"),
        said("Jag med", at=late, by="Cia", number="c1", answers="a2"),
        said("I natt.", at=late + 3 * MINUTE, by="Staden", number="s1", answers="a2", by_city=True),
    )
    where = {one.external_id: one.case_id for one in messages()}
    assert [where[f"a{n}"] for n in range(1, 8)] == [
        case_id, out.id, out.id, out.id, out.id, case_id, case_id,
    ]  # fmt: skip
    assert where["s1"] == out.id
    assert where["c1"] not in (case_id, out.id)
    again = take_out(out.id, next(m.id for m in messages() if m.external_id == "a4"), by=anna)
    take_in(source, said("Under", at=late + 9 * MINUTE, by="Ali", number="a8", answers="a4"))
    assert {one.case_id for one in messages() if one.external_id == "a8"} == {again.id}


def test_answers_follow_the_words_that_they_answer(source: Source, anna: Staff) -> None:
    """Our answer and the city's native one go with the words, and come back; what is done stays so."""
    case_id, _first, second = asked_twice(source)
    arrives(press(case_id, anna))
    take_in(source, said("Salt är slut.", at=MONDAY + 46 * MINUTE, answers="a2", by_city=True))
    finish(case_id, anna, 50)
    before = everything()
    out = take_out(case_id, second, by=anna, minutes=55)
    assert {one.case_id for one in messages() if one.by_city} == {out.id}
    assert [one.id for one in answers_of(rows()[out.id])] == [1]
    new = rows()[out.id]
    assert (new.is_open, new.outcome, new.closed_at) == (
        False,
        "no_answer_needed",
        MONDAY + 50 * MINUTE,
    )
    assert new.answered_at == MONDAY + 46 * MINUTE
    names = db.session.scalars(select(Event.name).where(Event.case_id == out.id)).all()
    assert names == ["case_split"]
    put_back(out.id, anna, 56)
    assert _without(everything(), out.id) == before


def _without(kept: dict[str, list[Any]], case_id: int) -> dict[str, list[Any]]:
    return kept | {"cases": [row for row in kept["cases"] if row[0] != case_id]}


def test_what_is_put_back_is_out_of_sight_and_loses_nothing(source: Source, anna: Staff) -> None:
    """The split case is done and follows; its notes and drafts are the first one's again."""
    case_id, _first, second = asked_twice(source)
    out = take_out(case_id, second, by=anna)
    write_note(out.id, body="Ring Ali", by=anna, now=MONDAY + 31 * MINUTE)
    save_draft(case_id, body="Plogen kommer.", by=anna, now=MONDAY)
    save_draft(out.id, body="Saltet med.", by=anna, now=MONDAY)
    put_back(out.id, anna)
    husk, home = rows()[out.id], rows()[case_id]
    assert (husk.outcome, husk.merged_into_id, husk.waiting_since) == ("duplicate", case_id, None)
    assert home.waiting_since == MONDAY
    assert {one.case_id for one in messages()} == {case_id}
    assert db.session.scalars(select(Note.case_id)).all() == [case_id]
    kept = db.session.scalars(select(Answer).where(Answer.state == AnswerState.DRAFT)).one()
    assert (kept.case_id, kept.body) == (case_id, "Plogen kommer.\n\nSaltet med.")
    assert not around(home, anna)
    with pytest.raises(CannotMerge, match="gone"):
        part(out.id, anna)
    take_in(source, said("Mer", at=MONDAY + 40 * MINUTE, by="Ali", answers="a2"))
    assert {one.case_id for one in messages()} == {case_id}


@pytest.mark.once
def test_words_go_back_to_where_the_first_ones_lie(source: Source, anna: Staff) -> None:
    """What was taken out of taken-out words goes to the first case once the middle one is back."""
    case_id, _first, second = asked_twice(source)
    take_in(source, said("Och grus?", at=MONDAY + 6 * MINUTE, by="Ali", number="a3"))
    out = take_out(case_id, second, messages()[2].id, by=anna)
    further = take_out(out.id, messages()[2].id, by=anna)
    put_back(out.id, anna)
    assert home_of(further.id) == case_id
    put_back(further.id, anna)
    assert {one.case_id for one in messages()} == {case_id}
    assert rows()[case_id].waiting_since == MONDAY


# --- What is seen ----------------------------------------------------------------------------


def test_nothing_is_told_of_cases_that_a_person_may_not_see(source: Source, anna: Staff) -> None:
    """Of a hidden follower there is a number, of a hidden leader a fact; never a word or name."""
    ali, bea = two(source)
    take_in(source, said("Jag med", at=MONDAY + 20 * MINUTE, by="Cia"))
    cia = cases()[2].id
    put_with(rows()[ali], "miljo")
    put_with(rows()[bea], "gata-park")
    follow(bea, ali, anna)
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    omar = a_person("handler", "Omar Ek", "gata-park", now=MONDAY)
    seen = around(rows()[ali], petra)
    assert (seen.followers, seen.hidden) == ([], 1)
    seen = around(rows()[bea], omar)
    assert (seen.leader, seen.led_in_secret) == (None, True)
    seen = around(rows()[ali], anna)
    assert [[m.text for m in one.words] for one in seen.followers] == [["Och sopbilen?"]]
    assert alike(rows()[ali], petra) == ([], [])
    assert [case.id for case in alike(rows()[ali], anna)[1]] == [cia]
