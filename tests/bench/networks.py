"""What a day on the networks costs, and how long from published to inbox, on simulated time.

The platforms are the stand-ins on loopback; the clock jumps from event to event, so what is told is
how the collector paces itself, not how fast the machine is. Money and units are the ledger's own.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from app.answers import write
from app.answers.deliver import Deliverer, deliver_due
from app.answers.ready import CannotSend, Pressed
from app.channels.base import all_channels
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import options_from
from app.database import db
from app.models import Account, Case, Message, Source, Spending
from tests.bench.town import fresh_app
from tests.channels.benches.bench_accounts import Clock, bench_with, connected
from tests.factories import a_person

DAY = datetime(2026, 11, 23, tzinfo=UTC)
"""A Monday, from midnight in UTC."""
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
A_DAY = {"facebook": 30, "x": 12, "youtube": 12, "wordpress": 6}
"""Comments a day on each of the city's four accounts: sixty in all."""
ANSWERED_AFTER = timedelta(minutes=30)
STORMS = {"facebook": 5000, "x": 5000, "youtube": 1000}
"""Comments within an hour; by three fifths as many residents."""
AWAKE = [(6, 1), (8, 3), (12, 4), (16, 4), (19, 6), (22, 2)]
"""(hour in UTC, how many speak around it): people write in the evening."""


@dataclass
class Network:
    """One account: its platform, what is to be said there, and what has been."""

    name: str
    bench: Any
    account: Account
    coming: list[tuple[datetime, str, str | None]]
    post: str
    ids: list[str] = field(default_factory=list)

    def speak(self, until: datetime, chance: random.Random) -> None:
        """What has been written by then stands on the platform; some answer others."""
        while self.coming and self.coming[0][0] <= until:
            at, name, _nothing = self.coming.pop(0)
            parent = chance.choice(self.ids) if self.ids and chance.random() < 0.4 else None
            text = f"Ord nummer {len(self.ids)} från {name}"
            self.ids.append(self.bench.comment(self.post, name, text, parent, at=at))


class City:
    """A city's accounts on one database and one clock."""

    def __init__(self, app: Flask, comments: dict[str, list[tuple[datetime, str]]]) -> None:
        self.app, self.clock, self.chance = app, Clock(DAY), random.Random(3)
        self.networks = [self._network(name, said) for name, said in comments.items()]
        self.anna = a_person(now=DAY)
        options = options_from(app.config)
        self.collector = Collector(options, self.clock)
        self.deliverer = Deliverer(options, self.clock)

    def _network(self, name: str, said: Iterable[tuple[datetime, str]]) -> Network:
        bench = bench_with(name, clock=self.clock)
        account = connected(bench, self.app.config["CREDENTIALS_KEYS"], now=DAY)
        post = bench.make_post("Vintern i staden", "Så plogar vi i vinter.")
        coming = [(at, who, None) for at, who in said]
        return Network(name, bench, account, coming, post)

    def live(self, until: datetime, *, answer: bool) -> None:
        """Go from event to event: somebody writes, a source is due, somebody answers."""
        while self.clock.time < until:
            for network in self.networks:
                network.speak(self.clock.time, self.chance)
            collect_due(self.collector)
            if answer:
                self._answer()
                deliver_due(self.deliverer)
            self.clock.time = min(self._next(), until)

    def _next(self) -> datetime:
        looks = db.session.scalars(select(Source.next_look_at)).all()
        words = [network.coming[0][0] for network in self.networks if network.coming]
        soon = self.clock.time + 5 * timedelta(seconds=1)  # as often as the collector is started
        return max(soon, min([*looks, *words]))

    def _answer(self) -> None:
        db.session.commit()
        waiting = db.session.scalars(
            select(Case).where(Case.is_open, Case.waiting_since < self.clock.time - ANSWERED_AFTER)
        ).all()
        for case in waiting:
            body = f"Hej! Det kommer vi att göra i kväll. ({case.id})"
            pressed = Pressed(case.id, body, None, case.version, timedelta())
            try:
                write.press_send(pressed, by=self.anna, now=self.clock.time)
            except CannotSend:
                continue

    def close(self) -> None:
        for network in self.networks:
            network.bench.close()


def run(folder: Path) -> None:
    """Simulate the days and print their tables."""
    chance = random.Random(1)
    print(
        f"{'':28}{'words':>6}{'calls':>7}{'answers':>8}{'used':>16}{'delay median':>14}{'most':>9}"
    )
    app = fresh_app(folder, "", DAY)
    with app.app_context():
        known = {name: count for name, count in A_DAY.items() if name in all_channels()}
        city = City(app, {name: an_ordinary_day(count, chance) for name, count in known.items()})
        city.live(DAY + timedelta(days=1), answer=True)
        for network in city.networks:
            print(line_of(f"a day, {network.name}", network))
        city.close()
    for name, size in STORMS.items():
        if name in all_channels():
            a_storm(folder, name, size, chance)


def a_storm(folder: Path, name: str, size: int, chance: random.Random) -> None:
    """One account in a storm at noon, until everything is in the inbox; prints a line."""
    noon = DAY + 12 * HOUR
    residents = [f"Invånare {n}" for n in range(size * 3 // 5)]
    residents += chance.choices(residents, k=size - len(residents))
    said = [(noon + HOUR * (n / size), who) for n, who in enumerate(residents)]
    app = fresh_app(folder, "", DAY)
    with app.app_context():
        city = City(app, {name: said})
        city.live(noon + HOUR, answer=False)
        until = city.clock.time
        while until < DAY + timedelta(days=1) and messages_of(city.networks[0]) < size:
            until += 5 * MINUTE
            city.live(until, answer=False)
        print(line_of(f"a storm, {name}", city.networks[0]))
        all_in = (until - noon - HOUR) / MINUTE
        print(f"{'':28}{messages_of(city.networks[0])} in the inbox {all_in:.0f} min after its end")
        city.close()


def an_ordinary_day(count: int, chance: random.Random) -> list[tuple[datetime, str]]:
    """When residents write, and who; most in the evening."""
    hours = chance.choices([hour for hour, _ in AWAKE], [weight for _, weight in AWAKE], k=count)
    times = sorted(DAY + hour * HOUR + chance.uniform(-60, 60) * MINUTE for hour in hours)
    return [(at, f"Invånare {chance.randint(1, 400)}") for at in times]


def messages_of(network: Network) -> int:
    """How many residents' words of an account are in the inbox."""
    db.session.commit()
    mine = select(Source.id).where(Source.account_id == network.account.id)
    words = select(func.count()).where(Message.source_id.in_(mine), ~Message.by_city)
    return int(db.session.scalar(words) or 0)


def line_of(title: str, network: Network) -> str:
    """What an account has cost, and how long its residents' words took."""
    db.session.commit()
    mine = select(Source.id).where(Source.account_id == network.account.id)
    words = db.session.execute(
        select(Message.published_at, Message.fetched_at).where(
            Message.source_id.in_(mine), ~Message.by_city
        )
    ).all()
    answers = db.session.scalar(
        select(func.count()).where(Message.source_id.in_(mine), Message.by_city)
    )
    waits = [(row.fetched_at - row.published_at) / MINUTE for row in words]
    calls, used = len(network.bench.web.asked), used_by(network)
    return (
        f"{title:28}{len(words):6}{calls:7}{answers:8}{used:>16}"
        f"{median(waits):10.1f} min{max(waits):5.0f} min"
    )


def used_by(network: Network) -> str:
    """What the ledger says, in the channel's own unit."""
    budget = network.bench.channel.abilities.budget
    if budget is None:
        return "not counted"
    spent = db.session.scalar(
        select(func.sum(Spending.amount)).where(Spending.account_id == network.account.id)
    )
    return f"{spent or 0:.2f} {budget.unit}"
