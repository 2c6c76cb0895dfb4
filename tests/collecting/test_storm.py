"""A storm: thousands of residents under one post within an hour, read while they write.

Platform and collector share a clock that moves by itself: every look at it takes a moment, so pages
take time, comments arrive while a look goes on, and whoever would be starved is seen to wait.
"""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import func, select

from app.channels.base import all_channels
from app.channels.practice import PracticeTown
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import options_from
from app.database import db
from app.models import Case, Message, Person, Source
from tests.channels.benches.bench_accounts import Clock, bench_with, connected
from tests.conftest import MONDAY
from tests.factories import an_account

COMMENTS, RESIDENTS = 5000, 3000
FEWER_COMMENTS, FEWER_RESIDENTS = 500, 300
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
A_MOMENT = timedelta(seconds=3)
A_STEP = timedelta(seconds=30)
ONE_LOOK = 10 * MINUTE
"""The longest that one source may hold up another: 40 pages, each with six looks at the clock."""
NETWORK = "facebook" if "facebook" in all_channels() else "youtube"


class MovingClock(Clock):
    """Whoever looks at it has spent a moment."""

    def __call__(self) -> datetime:
        return self.later(A_MOMENT)


class Storm:
    """The comments that are to come, and where they have come to. Drawn from one seed."""

    def __init__(self, bench: Any, start: datetime, comments: int, residents: int) -> None:
        chance = random.Random(5)
        self.bench, self.post = bench, bench.make_post("Badet stängs", "Badet stängs för gott.")
        names = [f"Invånare {n}" for n in range(residents)]
        names += chance.choices(names, k=comments - residents)
        chance.shuffle(names)
        self.coming = [(start + HOUR * (n / comments), name) for n, name in enumerate(names)]
        self.chance, self.said, self.place = chance, dict[str, tuple[str, str]](), 0
        self.ids: list[str] = []

    def blow(self, until: datetime) -> None:
        """Everything that has been written by then stands there; two in five answer another."""
        while self.place < len(self.coming) and self.coming[self.place][0] <= until:
            at, name = self.coming[self.place]
            nested = bool(self.ids) and self.chance.random() < 0.4
            parent = self.chance.choice(self.ids) if nested else None
            text = f"Det här är ord nummer {self.place}."
            key = self.bench.comment(self.post, name, text, parent, at=at)
            self.said[key] = (name, text)
            self.ids.append(key)
            self.place += 1


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock(MONDAY)


@pytest.fixture
def storm(app: Any, kind: str, clock: MovingClock) -> Iterator[Storm]:
    whole = kind == "sqlite"
    bench = bench_with(NETWORK, clock=lambda: clock.time)
    more = {"YOUTUBE_DAILY_UNITS": "1000000"} if NETWORK == "youtube" else {}
    connected(bench, app.config["CREDENTIALS_KEYS"], now=MONDAY, **more)
    made = Storm(
        bench, MONDAY, COMMENTS if whole else FEWER_COMMENTS,
        RESIDENTS if whole else FEWER_RESIDENTS,
    )  # fmt: skip
    answer = bench.web.answer

    def answer_in_the_storm(asked: Any) -> Any:
        made.blow(clock.time)
        return answer(asked)

    bench.web.answer = answer_in_the_storm
    yield made
    bench.close()


@pytest.fixture
def quiet(app: Any) -> PracticeTown:
    """Another account, where somebody says something now and then."""
    source = an_account("practice", now=MONDAY)
    town = PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)
    for number in range(12):
        town.says(f"Lugn fråga {number}", at=MONDAY + number * 5 * MINUTE, author=f"Lugn {number}")
    return town


def test_a_storm_is_taken_in_whole_and_starves_nobody(
    app: Any, clock: MovingClock, storm: Storm, quiet: PracticeTown, record_property: Any
) -> None:
    """Each of a storm's words is here once, in its writer's one case, and a quiet account beside it
    is read at its own pace all the while."""
    collector = Collector(options_from(app.config), clock)
    busy, spent, looks, gaps = clock.time, 0.0, Counter[str](), [timedelta()]
    while clock.time < MONDAY + HOUR + 20 * MINUTE:
        storm.blow(clock.time)
        due = due_at(clock.time)
        started = perf_counter()
        collect_due(collector)
        spent += perf_counter() - started
        for source_id, channel, planned, read in reads_since(busy):
            looks[channel] += 1
            if channel == "practice" and source_id in due:
                gaps.append(read - due[source_id])
            assert planned > busy
        busy = clock.later(A_STEP)
    check_inbox(storm)
    check_the_quiet_one(looks, gaps)
    rate = len(storm.said) / spent
    record_property("messages_a_second", round(rate))
    print(f"\n{NETWORK}: {len(storm.said)} words, {rate:.0f} a second, looks {dict(looks)}")


def due_at(moment: datetime) -> dict[int, datetime]:
    """The sources that are due, and since when."""
    db.session.commit()
    rows = db.session.execute(
        select(Source.id, Source.next_look_at).where(Source.next_look_at <= moment)
    )
    return {row.id: row.next_look_at for row in rows}


def reads_since(moment: datetime) -> list[tuple[int, str, datetime, datetime]]:
    """The sources that have been read since then, when they were, and when they are next."""
    db.session.commit()
    rows = db.session.scalars(
        select(Source).where(Source.last_read_at > moment).execution_options(populate_existing=True)
    )
    return [
        (row.id, row.account.channel, row.next_look_at, row.last_read_at)
        for row in rows
        if row.last_read_at
    ]


def check_inbox(storm: Storm) -> None:
    """Exactly what was said is here, each word once, each resident with one case of their own."""
    rows = db.session.execute(
        select(Message.external_id, Message.text, Person.name, Message.case_id, Message.parent_id)
        .join(Person, Person.id == Message.person_id)
        .where(Person.channel == NETWORK)
    ).all()
    here = {row.external_id: (row.name, row.text) for row in rows}
    assert len(here) == len(rows)
    assert here == storm.said
    cases: dict[str, set[int]] = {}
    for row in rows:
        cases.setdefault(row.name, set()).add(row.case_id)
    assert {len(mine) for mine in cases.values()} == {1}
    residents = len({name for name, _text in storm.said.values()})
    assert len(set.union(*cases.values())) == residents
    of_network = select(func.count()).select_from(Case).where(Case.channel == NETWORK)
    assert db.session.scalar(of_network) == residents
    nested = [row for row in rows if row.parent_id is not None]
    assert len(nested) > len(rows) / 4


def check_the_quiet_one(looks: Counter[str], gaps: list[timedelta]) -> None:
    """It was read again and again, never later than one look of the other's after it was due."""
    heard = db.session.execute(
        select(Message.published_at, Message.fetched_at)
        .join(Person, Person.id == Message.person_id)
        .where(Person.channel == "practice")
    ).all()
    assert len(heard) == 12
    assert looks["practice"] >= 12
    assert max(gaps) <= ONE_LOOK
    assert max(row.fetched_at - row.published_at for row in heard) <= 15 * MINUTE + ONE_LOOK
