"""Killed collectors and deliverers beside networks on a wire: nothing lost, no answer twice.

As in `test_crash.py`, real processes get a real SIGKILL at a step drawn from a seed, and every other
round's deliverer in the worst moment of all: when the platform has the answer and nobody has written that
down. The platforms are the stand-ins, served on loopback by the test's own process.
CRASH_ROUNDS sets how many rounds each network gets.
"""

import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus

import pytest
from sqlalchemy import select

from app.answers import write
from app.answers.ready import CannotSend, ConversationChanged, Pressed
from app.channels.base import all_channels
from app.database import db
from app.models import Answer, Case, Event, Message, Person, Post, RawPayload
from tests.channels.benches.bench_accounts import Clock, bench_with, connected
from tests.channels.benches.bench_suite import BENCHES, wired
from tests.conftest import MONDAY
from tests.factories import a_person

from .test_crash import Do, a_runner, do

__all__ = ["a_runner", "do"]
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "6"))
A_ROUND = timedelta(minutes=20)
DAYS_LEFT = 5
"""How many days without crashes an answer has to come to its end."""
PLENTY = {"monthly_ceiling": "100000", "YOUTUBE_DAILY_UNITS": "10000000"}
"""So that no budget slows anybody down: this is about crashes."""
NETWORKS = [name for name in all_channels() if name in BENCHES and wired(BENCHES[name])]


class Life:
    """A network where people talk, and a person who answers, drawn from one seed."""

    def __init__(self, app: Any, network: str, seed: int) -> None:
        self.chance, self.clock = random.Random(seed), Clock(MONDAY)
        self.bench = bench_with(network, clock=self.clock)
        self.bench.web.answer = self.watched(self.bench.web.answer)
        own = {name for name in PLENTY if name.isupper()}
        own |= {setting.name for setting in self.bench.channel.settings}
        more = {name: value for name, value in PLENTY.items() if name in own}
        connected(self.bench, app.config["CREDENTIALS_KEYS"], now=MONDAY, **more)
        self.posts = [self.bench.make_post(f"Inlägg {n}", f"Det här är {n}.") for n in range(3)]
        self.anna = a_person(now=MONDAY)
        self.said: dict[str, tuple[str, str, str]] = {}
        self.gone: set[str] = set()
        self.answered: set[str] = set()
        self.pressed: dict[str, str] = {}
        self.doubled: list[str] = []

    def watched(self, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The platform, noting each time somebody sends what already stands there."""

        def heard(asked: Any) -> Any:
            if asked.method == "POST":
                body = unquote_plus(asked.body.decode("utf-8", "replace"))
                there = self.on_platform()
                self.doubled += [text for text in there if text.splitlines()[0] in body]
            return answer(asked)

        return heard

    def on_platform(self) -> Counter[str]:
        """The city's answers as they stand there, word for word, and how many of each."""
        return Counter(
            found.text
            for post in self.posts
            for found in self.bench.on_platform(post)
            if found.by_city
        )

    def go_on(self) -> None:
        """A while passes: somebody speaks, some edit or take away what nobody has answered."""
        self.clock.later(A_ROUND)
        for _ in range(self.chance.randint(1, 3)):
            post, parent = self.chance.choice(self.posts), None
            thread = [
                key for key, one in self.said.items() if one[0] == post and key not in self.gone
            ]
            if thread and self.chance.random() < 0.4:
                parent = self.chance.choice(thread)
                self.answered.add(parent)
            name, text = f"Person {self.chance.randint(1, 8)}", f"Fråga nummer {len(self.said)}"
            self.said[self.bench.comment(post, name, text, parent)] = (post, name, text)
        alone = sorted(set(self.said) - self.gone - self.answered)
        if not self.bench.channel.abilities.recheck:
            return  # a feed tells of no change for sure, and of no removal
        if alone and self.chance.random() < 0.3:
            key = self.chance.choice(alone)
            post, name, _text = self.said[key]
            self.said[key] = (post, name, f"Ändrat {self.clock():%H%M%d}")
            self.bench.edit(key, self.said[key][2])
        if alone and self.chance.random() < 0.2:
            self.gone.add(key := self.chance.choice(alone))
            self.bench.delete(key)

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
        pressed = Pressed(case.id, f"Svar {len(self.pressed):03}.", None, case.version, timedelta())
        try:
            answer = write.press_send(pressed, by=self.anna, now=self.clock())
        except (CannotSend, ConversationChanged):
            return
        self.pressed[answer.key] = answer.text

    def look_and_settle(self) -> None:
        """The author looks at the network and says whether an uncertain answer is there."""
        there = self.on_platform()
        db.session.commit()
        for answer in db.session.scalars(select(Answer).where(Answer.state == "uncertain")).all():
            write.settle(answer.id, arrived=answer.text in there, by=self.anna, now=self.clock())


@pytest.mark.parametrize("network", NETWORKS)
def test_crashes_beside_a_network_lose_and_double_nothing(app: Any, do: Do, network: str) -> None:
    """After killed collectors and deliverers everything said there is here once, everything
    pressed stands there once, and nothing is silently missing."""
    life = Life(app, network, seed=len(network))
    steps, died = {"collect": 60, "deliver": 60}, Counter[bool]()
    answers = life.bench.channel.abilities.answer
    try:
        for number in range(ROUNDS):
            life.go_on()
            for what in ("collect", "deliver"):
                order = {"die_at": life.chance.randint(1, steps[what])}
                if number % 2 and answers:
                    order = {} if what == "collect" else {"die_after": "send"}
                told = do(what, life.clock(), **order)
                died[told["died"]] += 1
                assert told["code"] in (None, 0)
                steps[what] = max(steps[what], told["steps"])
                if what == "collect":
                    life.answer_somebody()
        assert len(life.pressed) >= ROUNDS / 3 or not answers
        assert died[True] > ROUNDS / 3
        calm_down(life, do)
        check_answers(life)
        check_messages(life)
    finally:
        life.bench.close()


def calm_down(life: Life, do: Do) -> None:
    """Some rounds without crashes: what was lost is found, what is unclear is asked, a day passes."""
    for wait in (A_ROUND, A_ROUND, timedelta(hours=25)):
        life.clock.later(wait)
        for what in ("collect", "deliver"):
            assert not do(what, life.clock())["died"]
        life.look_and_settle()
    for _ in range(DAYS_LEFT):  # a platform may still ask to wait, and then it is asked again
        life.clock.later(timedelta(hours=25))
        for what in ("deliver", "collect"):
            do(what, life.clock())
        if not unsettled(life):
            return
        life.look_and_settle()


def unsettled(life: Life) -> list[str]:
    """The ways so far of those answers that have neither arrived nor been refused."""
    db.session.commit()
    rows = db.session.execute(
        select(Answer.id, Answer.state, Answer.reason, Answer.tries, Event.name, Event.details)
        .outerjoin(Event, Event.answer_id == Answer.id)
        .where(Answer.key.in_(list(life.pressed)), Answer.state.not_in(("sent", "refused")))
        .order_by(Answer.id, Event.id)
    )
    return [" ".join(map(str, row)) for row in rows]


def check_answers(life: Life) -> None:
    """Everything pressed stands there exactly once, or its author was told that it cannot."""
    there = life.on_platform()
    assert [text for text, count in there.items() if count > 1] == []
    assert life.doubled == []
    assert unsettled(life) == []
    answers = db.session.scalars(select(Answer).where(Answer.key.in_(list(life.pressed)))).all()
    assert len(answers) == len(life.pressed)
    for answer in answers:
        if answer.state == "refused":
            assert answer.reason == "message_gone"
            assert answer.text not in there
        else:
            assert (answer.state, there[life.pressed[answer.key]]) == ("sent", 1)
    assert set(there) <= set(life.pressed.values())


def check_messages(life: Life) -> None:
    """Everything said stands here once, as it stands there, in its resident's case."""
    rows = db.session.execute(
        select(Message, Post.external_id, Person.name)
        .join(Post, Post.id == Message.post_id)
        .join(Person, Person.id == Message.person_id)
        .where(~Message.by_city)
    ).all()
    here = {row.Message.external_id: row for row in rows}
    assert len(here) == len(rows)
    assert set(life.said) - life.gone <= set(here) <= set(life.said)
    cases: dict[tuple[str, str], int] = {}
    for key, (message, post, name) in here.items():
        assert (post, name) == life.said[key][:2]
        assert cases.setdefault((post, name), message.case_id) == message.case_id
        if key in life.gone:
            assert message.at_source == "removed"
        else:
            assert (message.text, message.at_source) == (life.said[key][2], "visible")
    assert len(set(cases.values())) == len(cases)
    assert set(here) <= set(db.session.scalars(select(RawPayload.external_id)))
