"""Whatever happens in whatever order: what waits by the ledger is what waits by the case's clock."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.answers.ready import Pressed
from app.answers.record import published, refused
from app.answers.write import TooLate, press_send, undo
from app.channels.base import AtSource, PostSeen, Receipt
from app.database import db, writing
from app.inbox.handle import close, reopen, wait_for_resident
from app.inbox.merging import CannotMerge, merge, unmerge
from app.inbox.receive import mark_removed
from app.inbox.splitting import Apart, CannotSplit, split, unsplit
from app.inbox.states import NotFromHere
from app.models import Answer, Case, Message, Source, Staff, Turn
from app.models.answer import AnswerState
from app.models.case import Outcome
from app.people.hours import times
from app.reports.turns import department_ids, keep_up, rebuild, rows_from
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in

MINUTE = timedelta(minutes=1)
_number = count(1)
REFUSALS = (CannotMerge, CannotSplit, NotFromHere, TooLate)


class World:
    """Two residents under two posts, a colleague, and what they do."""

    def __init__(self, source: Source, anna: Staff) -> None:
        self.source, self.anna, self.name = source, anna, next(_number)
        self.now = MONDAY + timedelta(days=self.name)
        self.known, self.slugs = times(), department_ids()
        self.seen: dict[str, Any] = {}

    def does(self, act: str, one: int, other: int) -> None:
        self.now += MINUTE
        try:
            getattr(self, act)(one, other)
        except REFUSALS:
            db.session.rollback()
        self.check()

    def check(self) -> None:
        """The turn that is open began when the case's clock says that somebody waits since."""
        cases = self.cases()
        waits = {case.id: case.waiting_since for case in cases if case.waiting_since}
        turns = list(rows_from([case.id for case in cases], self.known, self.slugs))
        opened = {turn["case_id"]: turn["asked_at"] for turn in turns if turn["ended"] == "open"}
        assert opened == waits
        assert all(turn["waiting"] is None or turn["waiting"] >= 0 for turn in turns)

    def cases(self) -> list[Case]:
        db.session.commit()
        mine = select(Case).where(Case.opened_at >= MONDAY + timedelta(days=self.name))
        return list(
            db.session.scalars(mine.order_by(Case.id).execution_options(populate_existing=True))
        )

    def pick(self, number: int) -> Case:
        return self.cases()[number % len(self.cases())]

    # --- what residents and the platform do

    def says(self, one: int, other: int) -> None:
        under = PostSeen(f"{self.name}-{one % 2}", "Badet", "", "https://x.se")
        number = f"v{next(_number):06}"
        late = timedelta(seconds=20 * (other % 5))  # some are seen later than what came after
        self.seen[number] = said(
            "Ord", at=self.now - late, by=("Ali", "Bea")[other % 2], under=under, number=number
        )
        take_in(self.source, self.seen[number], now=self.now)

    def answers_there(self, one: int, other: int) -> None:
        word = self.word(one)
        number, late = f"n{next(_number):06}", timedelta(seconds=15 * (other % 5))
        self.seen[number] = said(
            "Svar", at=self.now - late, by=None, under=word.post, number=number,
            answers=word.external_id, by_city=True,
        )  # fmt: skip
        take_in(self.source, self.seen[number], now=self.now)

    def word(self, number: int) -> Any:
        words = [one for one in self.seen.values() if not one.by_city]
        return words[number % len(words)]

    def withdraws(self, one: int, _other: int) -> None:
        with writing():
            source = db.session.get_one(Source, self.source.id)
            mark_removed(source, [self.word(one).external_id], now=self.now)

    def comes_back(self, one: int, other: int) -> None:
        kept = list(self.seen.values())[one % len(self.seen)]
        state = (AtSource.VISIBLE, AtSource.SPAM, AtSource.HIDDEN)[other % 3]
        from dataclasses import replace

        take_in(self.source, replace(kept, at_source=state), now=self.now)

    # --- what people do

    def presses(self, one: int, other: int) -> None:
        case = self.pick(one)
        waiting = select(Message.id).where(Message.case_id == case.id, ~Message.by_city)
        if db.session.scalar(waiting.limit(1)) is None:
            return
        how = Outcome.ANSWERED if other % 2 else None
        pressed = Pressed(case.id, "Hej", None, case.version, timedelta(), how)
        from app.answers.ready import CannotSend

        try:
            press_send(pressed, by=self.anna, now=self.now)
        except CannotSend:
            db.session.rollback()

    def on_its_way(self, one: int) -> Answer | None:
        mine = select(Answer).where(Answer.state == AnswerState.QUEUED).order_by(Answer.id)
        found = list(db.session.scalars(mine))
        return found[one % len(found)] if found else None

    def arrives(self, one: int, _other: int) -> None:
        answer = self.on_its_way(one)
        if answer is not None:
            self.leaves(answer)
            published(answer.id, Receipt(f"s{answer.id}"), now=self.now)

    def fails(self, one: int, _other: int) -> None:
        answer = self.on_its_way(one)
        if answer is not None:
            self.leaves(answer)
            refused(answer.id, "gone", now=self.now)

    def leaves(self, answer: Answer) -> None:
        with writing():
            db.session.get_one(Answer, answer.id).state = AnswerState.SENDING

    def takes_back(self, one: int, _other: int) -> None:
        answer = self.on_its_way(one)
        if answer is not None:
            undo(answer.id, by=self.anna, now=self.now)

    def closes(self, one: int, _other: int) -> None:
        case, facts = self.pick(one), {"outcome": Outcome.SPAM, "reason": "x"}
        if case.is_open:
            close(case.id, by=self.anna, seen_version=case.version, now=self.now, **facts)

    def reopens(self, one: int, _other: int) -> None:
        reopen(self.pick(one).id, by=self.anna, now=self.now)

    def waits(self, one: int, _other: int) -> None:
        case = self.pick(one)
        if case.is_open:
            wait_for_resident(case.id, by=self.anna, seen_version=case.version, now=self.now)

    def merges(self, one: int, other: int) -> None:
        case, leader = self.pick(one), self.pick(other)
        seen = case.version, leader.version
        merge(case.id, leader.id, by=self.anna, seen_versions=seen, now=self.now)

    def parts(self, one: int, _other: int) -> None:
        case = self.pick(one)
        unmerge(case.id, by=self.anna, seen_version=case.version, now=self.now)

    def splits(self, one: int, other: int) -> None:
        case = self.pick(one)
        words = select(Message.id).where(Message.case_id == case.id, ~Message.by_city)
        ids = [
            number for place, number in enumerate(db.session.scalars(words)) if other >> place & 1
        ]
        split(case.id, Apart(ids), by=self.anna, seen_version=case.version, now=self.now)

    def puts_back(self, one: int, _other: int) -> None:
        case = self.pick(one)
        unsplit(case.id, by=self.anna, seen_version=case.version, now=self.now)


ACTS = (
    "says", "says", "answers_there", "withdraws", "comes_back", "presses", "presses", "arrives",
    "arrives", "fails", "takes_back", "closes", "reopens", "waits", "merges", "parts", "splits",
    "puts_back",
)  # fmt: skip
NUMBERS = st.integers(0, 14)
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), NUMBERS, NUMBERS), min_size=12, max_size=24)


@pytest.fixture
def people(app: Any) -> tuple[Source, Staff]:
    return an_account(now=MONDAY), a_person(now=MONDAY)


@pytest.mark.once
@settings(max_examples=8)
@given(steps=STEPS)
def test_the_ledger_says_who_waits(people: tuple[Source, Staff], steps: Any) -> None:
    """Read from the ledger alone, the open turns are those that the cases' own clocks show."""
    world = World(*people)
    world.does("says", 0, 0)
    world.does("says", 0, 1)
    world.does("says", 1, 0)
    for act, one, other in steps:
        world.does(act, one, other)
    keep_up(now=world.now)
    kept = everything()
    rebuild()
    assert everything() == kept


def everything() -> list[Any]:
    """All turns as they stand."""
    db.session.commit()
    table: Any = Turn.__table__
    columns = [column for column in table.c if column.name != "id"]
    return list(db.session.execute(select(*columns).order_by(table.c.case_id, table.c.number)))
