"""A believable year of a town's questions, made up from the corpus: who asks what, when, and how
it goes. Nothing here touches the database; the same seed gives the same year.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from app.basics.clock import STOCKHOLM, to_local
from app.basics.working_time import OpeningHours, add_open_time
from classifiers.corpus import Example, read_corpus

WEEKS = 53
A_WEEK = 80
"""Questions in an ordinary week."""
CHANNELS = {"facebook": 70, "x": 13, "youtube": 8, "wordpress": 9}
WEEKDAYS = (19, 17, 16, 15, 13, 9, 11)
HOURS = (2, 1, 1, 1, 1, 2, 6, 10, 12, 12, 11, 10, 11, 10, 9, 10, 11, 12, 12, 13, 12, 10, 7, 4)
SLOWNESS = {"stadsbyggnad": 2.4, "miljo": 1.3, "vatten-avfall": 0.6, "kultur-fritid": 0.7}
USUAL_MINUTES = 150.0
"""The median answering time of an ordinary department, within opening hours."""
OFFICE = OpeningHours()
FIRST = (
    "Maria", "Lars", "Fatima", "Johan", "Elin", "Amir", "Kerstin", "Ove", "Sara", "Mehmet",
    "Ingrid", "Patrik", "Zahra", "Henrik", "Jenny", "Tomasz", "Gunilla", "Ali", "Emma", "Stig",
)  # fmt: skip
LAST = (
    "Lindqvist", "Persson", "Nilsson", "Hansen", "Olsson", "Hosseini", "Bengtsson", "Nowak",
    "Andersson", "Yılmaz", "Svensson", "Larsson", "Haddad", "Åkesson", "Mårtensson",
)  # fmt: skip
TOPICS = (
    "Så plogar vi i vinter", "Sommarens simskola", "Ny lekplats i Karlslund", "Budget för nästa år",
    "Så sorterar du rätt", "Arbetet på Järnvägsgatan", "Biblioteket håller öppet längre",
    "Säsongskort till badet", "Nya hastigheter i centrum", "Luciatåget genom staden",
)  # fmt: skip
FASHIONS = (
    (1, 6, ("snö", "plog", "halk", "sand")),
    (44, 53, ("råtta", "råttor", "gatlampa", "gatlampan", "lampan")),
)
"""From which ISO week to which people write most about what."""


@dataclass(frozen=True, slots=True)
class Matter:
    """One resident's question and how it goes; times are aware UTC, None what never happens."""

    example: Example
    channel: str
    name: str
    post: int
    asked_at: datetime
    said: str
    """Where the system put it; the truth is the example's own department."""
    certainty: float
    moved_at: datetime | None
    """When people put it right, if the system was wrong or unsure."""
    handed_back: bool
    answered_at: datetime | None
    native: bool
    closed_at: datetime | None
    outcome: str


def plan(now: datetime, *, seed: int = 1, a_week: int = A_WEEK, weeks: int = WEEKS) -> list[Matter]:
    """The weeks that end at `now` (aware UTC), in the order in which the questions are asked."""
    chance = random.Random(seed)  # noqa: S311 - a town, not a secret
    examples = [one for one in read_corpus() if one.language in ("", "sv") and one.text.text]
    slugs = sorted({one.department for one in examples if one.department != "ingen"})
    fashions, made = _fashions(examples), []
    for asked_at in _times(now, chance, a_week, weeks):
        week, example = to_local(asked_at).isocalendar().week, chance.choice(examples)
        for first, last, about in fashions:
            if first <= week <= last and about and chance.random() < 0.22:
                example = chance.choice(about)
        made.append(_matter(example, asked_at, slugs, chance))
    return sorted(made, key=lambda one: one.asked_at)


def _times(now: datetime, chance: random.Random, a_week: int, weeks: int) -> Iterator[datetime]:
    """When questions are asked: more in the evening and on Mondays, fewer in July, ever more."""
    today = to_local(now).date()
    first = today - timedelta(days=today.weekday(), weeks=weeks - 1)
    for week in range(weeks):
        monday = first + timedelta(weeks=week)
        calm = 0.55 if monday.month == 7 else 1.0
        wanted = a_week * calm * (0.8 + 0.35 * week / weeks) * chance.uniform(0.88, 1.12)
        for _ in range(round(wanted)):
            day = monday + timedelta(days=chance.choices(range(7), WEEKDAYS)[0])
            hour = chance.choices(range(24), HOURS)[0]
            clock = time(hour, chance.randrange(60), chance.randrange(60))
            at = datetime.combine(day, clock, STOCKHOLM).astimezone(now.tzinfo)
            if at < now:
                yield at


def _fashions(examples: Sequence[Example]) -> list[tuple[int, int, list[Example]]]:
    """From which week to which people write about what, with the messages about it."""
    return [
        (first, last, [one for one in examples if any(w in one.text.text.lower() for w in words)])
        for first, last, words in FASHIONS
    ]


def _matter(
    example: Example, asked_at: datetime, slugs: Sequence[str], chance: random.Random
) -> Matter:
    """How it goes with one question."""
    truth, way = example.department, chance.random()
    unsure, wrong = way < 0.07, 0.07 <= way < 0.15 and truth != "ingen"
    said = chance.choice(slugs) if wrong else truth
    certainty = chance.uniform(0.2, 0.48) if unsure else chance.uniform(0.55, 0.99)
    moved_at = None
    if unsure or (wrong and said != truth):
        moved_at = _open_later(asked_at, chance.uniform(10, 140))
    silent = truth == "ingen" or (example.kind == "beröm" and chance.random() < 0.4)
    answered_at = None if silent else _answered(truth, moved_at or asked_at, chance)
    native = answered_at is not None and chance.random() < 0.03
    closed_at, outcome = None, ""
    if silent:
        closed_at, outcome = (
            _open_later(moved_at or asked_at, chance.uniform(20, 400)),
            ("spam" if chance.random() < 0.1 else "no_answer_needed"),
        )
    elif answered_at is not None and chance.random() < 0.8:
        closed_at, outcome = answered_at + timedelta(minutes=chance.uniform(1, 90)), "answered"
    return Matter(
        example=example,
        channel=chance.choices(list(CHANNELS), list(CHANNELS.values()))[0],
        name=f"{chance.choice(FIRST)} {chance.choice(LAST)}",
        post=chance.randrange(8),
        asked_at=asked_at,
        said=said,
        certainty=round(certainty, 3),
        moved_at=moved_at,
        handed_back=wrong and said != truth and chance.random() < 0.8,
        answered_at=answered_at,
        native=native,
        closed_at=closed_at,
        outcome=outcome,
    )


def _answered(slug: str, since: datetime, chance: random.Random) -> datetime:
    """When somebody answers: mostly within hours, now and then much later."""
    minutes = chance.lognormvariate(math.log(USUAL_MINUTES * SLOWNESS.get(slug, 1.0)), 1.15)
    if chance.random() < 0.01:
        minutes += 510 * chance.uniform(4, 30)
    return _open_later(since, minutes)


def _open_later(since: datetime, minutes: float) -> datetime:
    return add_open_time(since, timedelta(minutes=minutes), OFFICE)
