"""The collector and the deliverer are killed at every step: nothing lost, nothing doubled.

Real processes get a real SIGKILL at step 1, 2, 3 ... until one lives to its end, and then from the
beginning again, in 200 rounds on each database, while a town speaks, edits, removes, and a person
presses send (what they do is drawn from a seed).
"""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.answers import write
from app.answers.ready import CannotSend, ConversationChanged, Pressed
from app.channels.practice import PracticeTown
from app.database import db
from app.models import Answer, Case, Message, Person, Post, RawPayload
from config import ROOT
from tests.conftest import MONDAY
from tests.factories import a_person, an_account

ROUNDS = 200
A_ROUND = timedelta(minutes=20)
Do = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session", name="runner")
def a_runner() -> Iterator[Any]:
    """The process that forks collectors and deliverers."""
    runner = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.runner"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert runner.stdin is not None
    assert runner.stdout is not None
    assert json.loads(runner.stdout.readline()) == {"ready": True}
    yield runner
    runner.stdin.close()
    runner.wait(20)
    runner.stdout.close()


@pytest.fixture
def do(runner: Any, settings_of: dict[str, str]) -> Do:
    """Orders a collector or a deliverer on this test's database."""

    def order(what: str, now: Any, die_at: int = 0, die_after: str = "") -> dict[str, Any]:
        asked = {"what": what, "environment": settings_of, "now": now.isoformat()}
        runner.stdin.write(json.dumps({**asked, "die_at": die_at, "die_after": die_after}) + "\n")
        runner.stdin.flush()
        found: dict[str, Any] = json.loads(runner.stdout.readline())
        return found

    return order


IDLE = 10
"""A run of no more steps than this found nothing to do."""


class Sweep:
    """At which step to die next: one further each time, from the beginning when one lived on."""

    def __init__(self) -> None:
        self.next = 1
        self.deaths: Counter[int] = Counter()
        self.whole: list[int] = []

    def told(self, *, died: bool, steps: int) -> None:
        """Note how a run went that was to die at `next`."""
        if died:
            self.deaths[self.next] += 1
            self.next += 1
        elif steps > IDLE:
            self.whole.append(steps)
            self.next = 1


class Life:
    """A town that talks, and a person who answers, drawn from one seed."""

    def __init__(self, app, seed: int) -> None:
        self.chance = random.Random(seed)
        source = an_account("practice", now=MONDAY)
        self.town = PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)
        self.anna = a_person(now=MONDAY)
        self.time = MONDAY
        self.said: list[str] = []
        self.pressed: dict[str, str] = {}

    def go_on(self) -> None:
        self.time += A_ROUND
        for _ in range(self.chance.randint(1, 3)):
            parent = self.chance.choice([*self.said, None]) if self.said else None
            self.said.append(
                self.town.says(
                    f"Fråga nummer {len(self.said)}",
                    at=self.time,
                    author=f"Person {self.chance.randint(1, 12)}",
                    post=f"p{self.chance.randint(1, 4)}",
                    parent=parent,
                )
            )
        if self.chance.random() < 0.2:
            self.town.edits(self.chance.choice(self.said), f"Ändrat {self.time:%H%M%d}")
        if self.chance.random() < 0.1:
            self.town.removes(self.chance.choice(self.said))

    def answer_somebody(self) -> None:
        db.session.commit()
        waiting = db.session.scalars(
            select(Case)
            .where(Case.is_open, Case.waiting_since.is_not(None))
            .order_by(Case.id)
            .execution_options(populate_existing=True)
        ).all()
        if not waiting:
            return
        case = self.chance.choice(waiting)
        body = f"Svar {len(self.pressed)}"
        pressed = Pressed(case.id, body, None, case.version, timedelta())
        try:
            answer = write.press_send(pressed, by=self.anna, now=self.time)
        except (CannotSend, ConversationChanged):
            return
        self.pressed[answer.key] = answer.text

    def look_and_settle(self) -> None:
        """The author looks at the town and says whether an uncertain answer is there."""
        there = {key for key, _text in self.town.sent()}
        db.session.commit()
        for answer in db.session.scalars(select(Answer).where(Answer.state == "uncertain")).all():
            write.settle(answer.id, arrived=answer.key in there, by=self.anna, now=self.time)

    def states(self) -> Counter:
        db.session.commit()
        return Counter(
            db.session.scalars(select(Answer.state).where(Answer.key.in_(list(self.pressed))))
        )


def test_two_hundred_crashes_lose_and_double_nothing(app, do):
    """After 200 killed collectors and deliverers everything said is here once, everything pressed
    is there once, and nothing is silently missing."""
    life = Life(app, seed=7)
    sweeps = {"collect": Sweep(), "deliver": Sweep()}
    for number in range(ROUNDS):
        life.go_on()
        for what, sweep in sweeps.items():
            told = do(what, life.time, die_at=sweep.next)
            assert told["code"] in (None, 0)
            sweep.told(died=told["died"], steps=told["steps"])
            if what == "collect":
                life.answer_somebody()
        if number % 4 == 3:  # a run in peace now and then, so that there is always some work to do
            life.time += A_ROUND
            for what in sweeps:
                do(what, life.time)
    check_sweeps(sweeps, life)

    for _ in range(4):
        life.time += A_ROUND
        do("collect", life.time)
        do("deliver", life.time)
    assert set(life.states()) <= {"sent", "uncertain", "refused"}
    keys = Counter(key for key, _text in life.town.sent())
    assert [key for key, count in keys.items() if count > 1] == []

    for _ in range(3):
        life.look_and_settle()
        life.time += A_ROUND
        do("deliver", life.time)
        do("collect", life.time)
    check_answers(life)
    check_messages(life)


def check_sweeps(sweeps: dict[str, Sweep], life: Life) -> None:
    """Both have died at each of their steps, from the first to the last, and had work to do."""
    for what, sweep in sweeps.items():
        assert sweep.whole, what
        missed = set(range(1, min(sweep.whole) + 1)) - set(sweep.deaths)
        assert (what, missed) == (what, set())
    assert len(life.pressed) > ROUNDS / 8
    assert life.states()["sent"] > ROUNDS / 10


def check_answers(life: Life) -> None:
    """Everything pressed stands in the town exactly once, or its author was told that it cannot."""
    sent = life.town.sent()
    assert len({key for key, _text in sent}) == len(sent)
    db.session.commit()
    for answer in db.session.scalars(select(Answer).where(Answer.key.in_(list(life.pressed)))):
        if answer.state == "refused":
            assert answer.reason == "message_gone"
        else:
            assert (answer.key, life.pressed[answer.key]) in sent
    assert {key for key, _text in sent} <= set(life.pressed)


def check_messages(life: Life) -> None:
    """Everything said stands here once, as it stands there, in its resident's case."""
    rows = db.session.execute(
        select(Message, Post.external_id, Person.name)
        .join(Post, Post.id == Message.post_id)
        .outerjoin(Person, Person.id == Message.person_id)
    ).all()
    here = {row.Message.external_id: row for row in rows}
    assert len(here) == len(rows)
    everything = life.town.everything()
    assert set(here) == {said.id for said in everything}
    cases: dict[tuple[str, str], int] = {}
    for said in everything:
        message, post, name = here[said.id]
        assert (message.text, message.at_source, post) == (said.text, said.state, said.post)
        if not said.by_city:
            assert cases.setdefault((post, name), message.case_id) == message.case_id
    assert len(set(cases.values())) == len(cases)
    kept = set(db.session.scalars(select(RawPayload.external_id)))
    assert {said.id for said in everything if not said.by_city} <= kept
