"""Whatever is merged, split, undone and answered in whatever order: no word is lost, no clock lies."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.answers.ready import Pressed
from app.answers.record import published
from app.answers.write import press_send
from app.channels.base import PostSeen, Receipt
from app.database import db, writing
from app.inbox.handle import close
from app.inbox.merging import CannotMerge, merge, unmerge
from app.inbox.splitting import Apart, CannotSplit, split, unsplit
from app.models import Answer, Case, Message, Source, Staff
from app.models.answer import AnswerState
from app.models.case import Outcome
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in

MINUTE = timedelta(minutes=1)
_number = count(1)
RESIDENTS = ("Ali", "Bea", "Cia")


class Word:
    """A resident's word as the obvious, slow model of it knows it."""

    def __init__(self, number: str, who: tuple[str, int], case: int, at: Any) -> None:
        self.number, self.who, self.case, self.at = number, who, case, at
        self.done = False


class World:
    """The real thing and beside it what it should be: lists of words, and who follows whom."""

    def __init__(self, source: Source, anna: Staff) -> None:
        self.source, self.anna, self.name = source, anna, next(_number)
        self.now = MONDAY
        self.words: list[Word] = []
        self.follows: dict[int, int] = {}
        self.came_from: dict[int, int] = {}
        self.first: dict[tuple[str, int], int] = {}
        self.on_way: list[tuple[int, int, list[Word]]] = []

    # --- what the model says

    def root(self, case: int) -> int:
        while case in self.follows:
            case = self.follows[case]
        return case

    def family(self, case: int) -> list[int]:
        """The case and all that follow it; a follower is followed by none."""
        if case in self.follows:
            return [case]
        return [one for one in self.known() if self.root(one) == case]

    def known(self) -> list[int]:
        return sorted({*self.first.values(), *self.came_from})

    def of(self, *cases: int) -> list[Word]:
        return [word for word in self.words if word.case in cases]

    def pick(self, number: int) -> int:
        return self.known()[number % len(self.known())]

    # --- what is done to both

    def does(self, act: str, one: int, other: int) -> None:
        self.now += MINUTE
        getattr(self, act)(one, other)
        self.check()

    def row(self, case: int) -> Case:
        db.session.commit()
        return db.session.get_one(Case, case, populate_existing=True)

    def says(self, one: int, other: int) -> None:
        """A resident writes under a post, sometimes under an earlier word of anybody's."""
        who = (RESIDENTS[one % 3], one % 2)
        under = PostSeen(f"{self.name}-{who[1]}", "Badet", "", "https://x.se")
        above = self.words[other % len(self.words)] if self.words and other % 2 else None
        above = above if above and above.who[1] == who[1] else None
        number = f"w{next(_number):06}"
        answers = above.number if above else None
        seen = said("Ord", at=self.now, by=who[0], under=under, number=number, answers=answers)
        take_in(self.source, seen, now=self.now)
        case = self.first.get(who)
        if case is None:
            case = db.session.scalars(select(Message.case_id).filter_by(external_id=number)).one()
            assert case is not None
            self.first[who] = case
        if above and above.who == who:
            case = above.case
        self.words.append(Word(number, who, case, self.now))

    def merges(self, one: int, other: int) -> None:
        case, leader = self.pick(one), self.pick(other)
        may = case != leader and not {case, leader} & self.follows.keys()
        may = may and bool(self.of(case)) and bool(self.of(leader))
        seen = self.row(case).version, self.row(leader).version
        before = self.standing()
        try:
            merge(case, leader, by=self.anna, seen_versions=seen, now=self.now)
        except CannotMerge:
            assert not may
            return
        assert may
        self.follows[case] = leader
        if other % 3 == 0:
            self.parts_now(case)
            assert self.standing() == before

    def parts_now(self, case: int) -> None:
        unmerge(case, by=self.anna, seen_version=self.row(case).version, now=self.now)
        del self.follows[case]

    def parts(self, one: int, _other: int) -> None:
        standing = [case for case in self.follows if self.of(case)]
        if standing:
            self.parts_now(standing[one % len(standing)])

    def splits(self, one: int, other: int) -> None:
        case = self.pick(one)
        words = self.of(case)
        chosen = [word for place, word in enumerate(words) if other >> place & 1]
        on_way = {word.number for _id, _case, covered in self.on_way for word in covered}
        may = 0 < len(chosen) < len(words) and not on_way & {word.number for word in chosen}
        ids = select(Message.id).where(Message.external_id.in_([w.number for w in chosen]))
        apart = Apart(db.session.scalars(ids).all())
        before = self.standing()
        try:
            new = split(
                case, apart, by=self.anna, seen_version=self.row(case).version, now=self.now
            )
        except CannotSplit as error:
            if may and error.reason != "on_its_way":  # an answer under one of these words
                raise
            assert self.standing() == before
            return
        assert may
        self.came_from[new.id] = case
        for word in chosen:
            word.case = new.id
        if other % 3 == 0:
            self.puts_back_now(new.id)
            assert [row for row in self.standing()[0] if row[0] != new.id] == before[0]
            assert self.standing()[1] == before[1]

    def puts_back_now(self, case: int) -> None:
        home = self.came_from[case]
        while home in self.came_from and not self.of(home):
            home = self.came_from[home]
        seen = self.row(case).version
        try:
            back = unsplit(case, by=self.anna, seen_version=seen, now=self.now)
        except CannotSplit as error:
            if error.reason != "on_its_way":
                raise
            return
        assert back.id == home
        if self.root(home) == case:
            del self.follows[home]
        self.follows[case] = home
        for word in self.of(case):
            word.case = home

    def puts_back(self, one: int, _other: int) -> None:
        apart = [case for case in self.came_from if self.of(case)]
        if apart:
            self.puts_back_now(apart[one % len(apart)])

    def presses(self, one: int, other: int) -> None:
        case = self.pick(one)
        if not self.of(case):
            return
        how = Outcome.ANSWERED if other % 2 else None
        pressed = Pressed(case, "Hej", None, self.row(case).version, timedelta(), how)
        answer = press_send(pressed, by=self.anna, now=self.now)
        taken = [(by, word) for _id, by, covered in self.on_way for word in covered]
        covered = []
        for word in self.of(*self.family(case)):
            held = [by for by, other_word in taken if other_word is word]
            if not {case, word.case} & set(held):
                covered.append(word)
        for _id, _by, words in self.on_way:
            words[:] = [word for word in words if word not in covered]
        self.on_way.append((answer.id, case, covered))

    def arrives(self, _one: int, _other: int) -> None:
        if not self.on_way:
            return
        answer_id, case, covered = self.on_way.pop(0)
        with writing():
            db.session.get_one(Answer, answer_id).state = AnswerState.SENDING
        published(answer_id, Receipt(f"s{answer_id}"), now=self.now)
        for word in covered:
            word.done = word.done or word.case in self.family(case)

    def closes(self, one: int, _other: int) -> None:
        case = self.pick(one)
        facts: dict[str, Any] = {"outcome": Outcome.SPAM, "reason": "x", "now": self.now}
        if self.row(case).is_open:
            close(case, by=self.anna, seen_version=self.row(case).version, **facts)
            for word in self.of(*self.family(case)):
                word.done = True

    # --- whether they agree

    def standing(self) -> tuple[list[Any], list[Any]]:
        """The rows of cases, but for their versions, and of messages."""
        db.session.commit()
        case: Any = Case.__table__
        message: Any = Message.__table__
        columns = [column for column in case.c if column.name != "version"]
        mine = db.session.execute(
            select(*columns).where(case.c.id.in_(self.known())).order_by(case.c.id)
        )
        said_here = (
            select(message).where(message.c.case_id.in_(self.known())).order_by(message.c.id)
        )
        return [tuple(r) for r in mine], [tuple(r) for r in db.session.execute(said_here)]

    def check(self) -> None:
        db.session.commit()
        rows = db.session.execute(
            select(Message.external_id, Message.case_id, Message.settled).where(
                Message.case_id.in_(self.known()), ~Message.by_city
            )
        )
        assert sorted(tuple(r) for r in rows) == sorted(
            (w.number, w.case, w.done) for w in self.words
        )
        wait: dict[int, list[Any]] = {one: [] for one in self.known()}
        for word in self.words:
            wait[word.case] += [] if word.done else [word.at]
        for one in self.known():
            case = self.row(one)
            assert case.waiting_since == min(wait[one], default=None)
            assert case.merged_into_id == (self.root(one) if one in self.follows else None)
            behind = [at for each in self.family(one) for at in wait[each]]
            assert case.is_open or not behind
            assert case.sort_at == min(behind, default=case.closed_at or case.last_word_at)


ACTS = (
    "merges",
    "says",
    "merges",
    "parts",
    "splits",
    "merges",
    "puts_back",
    "presses",
    "arrives",
    "closes",
)
"""Merges often: only a chain of them is interesting."""
NUMBERS = st.integers(0, 14)
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), NUMBERS, NUMBERS), min_size=14, max_size=22)


@pytest.fixture
def people(app: Any) -> tuple[Source, Staff]:
    return an_account(now=MONDAY), a_person(now=MONDAY)


@settings(max_examples=7)
@given(steps=STEPS)
def test_no_word_is_lost_and_no_clock_lies(people: tuple[Source, Staff], steps: Any) -> None:
    """Each word lies in one case, each clock is its own first unsettled word's, each undo is whole."""
    world = World(*people)
    for one, other in ((0, 0), (1, 0), (0, 1), (3, 0), (2, 0)):
        world.does("says", one, other)
    for one, other in ((1, 4), (0, 2)):  # the second follows the first, and that the third
        world.does("merges", one, other)
    for act, one, other in steps:
        world.does(act, one, other)
