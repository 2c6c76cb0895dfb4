"""A simulated year of corrections: what the model learns from staff, beside one that never learns.

Residents are three hands of the corpus that the first model has not met, sixty messages a week.
Staff correct what is wrong or unsure, and in three of a hundred they are wrong themselves. From the
fourth month on the city lets another department answer for playgrounds, and nobody edits the file:
only corrections tell. The model is trained anew every fourth week on what has been corrected.
"""

import random
import re
from collections import Counter
from dataclasses import replace

from classifiers.corpus import Example, examples_of_departments, read_corpus
from classifiers.suggest import Router
from classifiers.train import train

CITY = ("ester", "kerstin", "viktor")
WEEKS, A_WEEK, MONTH = 52, 60, 4
THRESHOLD = 0.5
MOVED_FROM = 12
PLAYGROUND = re.compile(r"lekplats|gung|rutschkan|klätterställ|sandlåd", re.IGNORECASE)
WRONG = 0.03
FIRST_KNOWS = 8000


def run() -> None:
    """Print a line a month: right at first, with and without learning, and what was corrected."""
    chance = random.Random(1)
    corpus = read_corpus() + examples_of_departments()
    known = [example for example in corpus if example.hand not in CITY]
    known = chance.sample(known, FIRST_KNOWS)
    said = [example for example in corpus if example.hand in CITY]
    chance.shuffle(said)
    grounds = [example for example in corpus if _is_moved(example) and example not in known][:120]
    first = learning = Router(train(known, version="start"))
    taught: list[Example] = []
    print("månad  rätt utan  rätt med  rättade  lekplatser utan  lekplatser med")
    for month in range(WEEKS // MONTH):
        counts: Counter[str] = Counter()
        for week in range(month * MONTH, (month + 1) * MONTH):
            some = [_as_now(e, week) for e in said[week * A_WEEK : (week + 1) * A_WEEK]]
            for example, frozen, living in _asked(some, first, learning):
                counts["frozen"] += frozen.department == example.department
                right = living.department == example.department
                counts["living"] += right
                counts["all"] += 1
                if not right or living.certainty < THRESHOLD:
                    counts["corrected"] += 1
                    taught.append(_corrected(example, said, chance))
        here = [_as_now(example, (month + 1) * MONTH) for example in grounds]
        of_grounds = [
            sum(
                a.department == e.department
                for e, a in zip(here, r.suggest([e.text for e in here]), strict=True)
            )
            for r in (first, learning)
        ]
        whole = counts["all"]
        print(
            f"{month + 1:>5}  {counts['frozen'] / whole:>9.1%}  {counts['living'] / whole:>8.1%}"
            f"  {counts['corrected'] / whole:>7.1%}  {of_grounds[0] / len(here):>15.1%}"
            f"  {of_grounds[1] / len(here):>14.1%}",
            flush=True,
        )
        learning = Router(train([*known, *taught], version=f"månad {month + 1}"))


def _is_moved(example: Example) -> bool:
    return example.department == "gata-park" and bool(PLAYGROUND.search(example.text.text))


def _as_now(example: Example, week: int) -> Example:
    """The example as the city sees it in that week."""
    if week >= MOVED_FROM and _is_moved(example):
        return replace(example, department="kultur-fritid")
    return example


def _asked(examples, frozen, living):
    texts = [example.text for example in examples]
    return zip(examples, frozen.suggest(texts), living.suggest(texts), strict=True)


def _corrected(example, everybody, chance):
    """What staff make of it: right, or now and then not."""
    if chance.random() < WRONG:
        example = replace(example, department=chance.choice(everybody).department)
    return replace(example, weight=2.0, hand="rättelser")
