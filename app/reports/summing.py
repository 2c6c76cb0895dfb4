"""From turns to tallies: what one turn adds to which rows, and how rows are kept in step.

A turn adds itself to its day, week and month eight times over: with its department, channel and
kind, each itself or all. So a page reads one row a period, whatever it asks for.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, tuple_, update

from app.basics.clock import to_local
from app.database import db
from app.models import Tally
from app.models.times import ANY, ANY_DEPARTMENT

MEASURES = ("waiting", "answering", "looking", "routing", "handling", "closing")
"""What is measured of a turn, in whole minutes; what each is stands at `models.times.Turn`."""
COLUMNS = ("counts", "hours", "routes", *MEASURES)
SUMMED = ("day", "asked_at", "department_id", "channel", "kind", "ended", "on_time", "how",
          "outcome", "no_answer_needed", "handed_back", "routes", *MEASURES)  # fmt: skip
"""What of a turn the tallies are made of."""
Key = tuple[str, date, int, str, str]
"""Grain, first day, department, channel, kind."""
Sums = dict[str, dict[str, int]]
GRAINS = ("day", "week", "month")
KEY = ("grain", "first", "department_id", "channel", "kind")
A_BATCH = 500


def first_of(grain: str, day: date) -> date:
    """The first day of the day, ISO week or month that a day lies in."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def hour_of(asked_at: datetime) -> str:
    """The weekday and hour in Stockholm: "0-08" is Monday from eight to nine."""
    local = to_local(asked_at)
    return f"{local.weekday()}-{local.hour:02}"


def sums_of(turn: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """What one turn (a row of `turns`) adds: in which column, under what name, how many."""
    ended = turn["ended"]
    counts = {"asked": 1, ended: 1}
    if ended == "answered":
        counts |= {"on_time" if turn["on_time"] else "late": 1, turn["how"]: 1}
    if ended == "closed":
        counts[f"closed_{turn['outcome']}"] = 1
    if ended == "open" and turn["no_answer_needed"]:
        counts["open_no_demand"] = 1
    if turn["handed_back"]:
        counts["handed_back"] = turn["handed_back"]
    sums = [("counts", name, n) for name, n in counts.items()]
    sums.append(("hours", hour_of(turn["asked_at"]), 1))
    sums += [("routes", f"{left}>{right}", 1) for left, right in turn["routes"]]
    sums += [(name, str(turn[name]), 1) for name in MEASURES if turn[name] is not None]
    return sums


def keys_of(turn: Mapping[str, Any]) -> list[Key]:
    """The tallies that a turn is counted in."""
    day = turn["day"]
    own = (turn["department_id"], turn["channel"], turn["kind"])
    periods = [(grain, first_of(grain, day)) for grain in GRAINS]
    choices = list(product(*zip(own, (ANY_DEPARTMENT, ANY, ANY), strict=True)))
    return [(*period, *choice) for period in periods for choice in choices]


class Change:
    """Sums to be added to (or, with -1, taken from) tallies."""

    def __init__(self) -> None:
        self.by_key: defaultdict[Key, Sums] = defaultdict(lambda: {name: {} for name in COLUMNS})

    def count(self, turn: Mapping[str, Any], times: int = 1) -> None:
        """Take a turn in (1) or out (-1)."""
        self._count(turn, keys_of(turn), times)

    def _count(self, turn: Mapping[str, Any], keys: Iterable[Key], times: int = 1) -> None:
        sums = sums_of(turn)
        for key in keys:
            total = self.by_key[key]
            for column, name, n in sums:
                counts = total[column]
                counts[name] = counts.get(name, 0) + n * times

    def count_in(self, turn: Mapping[str, Any], grains: Collection[str]) -> None:
        """Take a turn in, in the tallies of some grains alone."""
        self._count(turn, [key for key in keys_of(turn) if key[0] in grains])

    def write(self) -> None:
        """Change the rows in the running transaction; what then counts nothing is gone."""
        keys = [key for key, sums in self.by_key.items() if any(map(any_left, sums.values()))]
        for start in range(0, len(keys), A_BATCH):
            self._write(keys[start : start + A_BATCH])

    def _write(self, keys: list[Key]) -> None:
        table: Any = Tally.__table__
        here = [table.c[name] for name in KEY]
        rows = {
            tuple(row[: len(KEY)]): row._mapping
            for row in db.session.execute(select(table).where(tuple_(*here).in_(keys)))
        }
        fresh, changed, gone = [], [], []
        for key in keys:
            before, sums = rows.get(key), self.by_key[key]
            if before is not None:
                sums = {name: _sum(before[name], sums[name]) for name in COLUMNS}
            left = {name: {k: n for k, n in told.items() if n} for name, told in sums.items()}
            if before is None:
                fresh.append(row_of(key, left))
            elif left["counts"]:
                changed.append(_named(key) | left)
            else:
                gone.append(_named(key))
        mine = and_(*(table.c[name] == bindparam(f"of_{name}") for name in KEY))
        for statement, told in (
            (insert(table), fresh),
            (update(table).where(mine).values({n: bindparam(n) for n in COLUMNS}), changed),
            (delete(table).where(mine), gone),
        ):
            if told:
                db.session.connection().execute(statement, told)


def any_left(told: Mapping[str, int]) -> bool:
    """Whether something changes at all: what is taken out and put in again does not."""
    return any(told.values())


def row_of(key: Key, sums: Sums) -> dict[str, Any]:
    """A tally as a row."""
    grain, first, department, channel, kind = key
    where = {"department_id": department, "channel": channel, "kind": kind}
    return {"grain": grain, "first": first, **where, **sums}


def _named(key: Key) -> dict[str, Any]:
    return {f"of_{name}": value for name, value in zip(KEY, key, strict=True)}


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    total = dict(one)
    for key, n in other.items():
        total[key] = total.get(key, 0) + n
    return total


def rows_of(turns: Iterable[Mapping[str, Any]], grains: Iterable[str]) -> list[dict[str, Any]]:
    """All tallies of some grains of these turns, made from nothing."""
    wanted, change = set(grains), Change()
    for turn in turns:
        change.count_in(turn, wanted)
    return [row_of(key, sums) for key, sums in change.by_key.items()]
