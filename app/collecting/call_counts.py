"""The switchboard's own counts of calls, from a file: read, reviewed, and taken in exactly once.

A file speaks for whole days: what it says of a day and a queue takes the place of all that was
known of them, so the same file twice changes nothing and a corrected file corrects.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select, tuple_

from app.basics.csv_rows import Line, NotATable, day_and_hour, hour, lines_of, text_of, whole_number
from app.basics.plain_text import one_line
from app.database import db, writing
from app.models import CallCount, Department, Staff
from app.models.contacts import WHOLE_DAY
from app.models.event import log_event
from app.people.rights import Act, must_be_allowed

LARGEST = 1_000_000
"""Bytes of a file."""
MOST_LINES = 20_000
MOST_CALLS = 100_000
"""In one row; more is a slip."""
FIRST_DAY = date(2000, 1, 1)
A_BATCH = 400

COLUMNS: Mapping[str, Sequence[str]] = {
    "day": ("datum", "dag", "date", "day"),
    "hour": ("timme", "klockslag", "tid", "kl", "hour", "time"),
    "queue": ("kö", "ko", "svarsgrupp", "grupp", "telefonkö", "queue"),
    "department": ("avdelning", "förvaltning", "enhet", "department"),
    "subject": ("ämne", "ärende", "ärendetyp", "subject", "topic"),
    "calls": ("samtal", "antal", "antal samtal", "inkomna", "inkomna samtal", "calls"),
}


class Why(StrEnum):
    """Why a line is passed over; `web/figure_words.py` has the sentences."""

    NO_DAY = "no_day"
    NOT_YET = "not_yet"
    LONG_AGO = "long_ago"
    NO_HOUR = "no_hour"
    NO_QUEUE = "no_queue"
    NO_CALLS = "no_calls"
    MANY_CALLS = "many_calls"
    TWICE = "twice"
    DAY_AND_HOURS = "day_and_hours"
    WITH_AND_WITHOUT = "with_and_without"
    NO_NETWORK = "no_network"
    """Of visits to the website: the line says nothing of where the link stood."""
    NETWORK_TWICE = "network_twice"


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that is passed over: its number in the file, why, and what stood there."""

    line: int
    why: Why
    said: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """A line that can be taken in."""

    day: date
    hour: int
    queue: str
    subject: str
    calls: int
    department_id: int | None


@dataclass(frozen=True, slots=True)
class DayOfQueue:
    """What the file says of a day and a queue. `before`: what was known, None for nothing.

    `changed`: something is different from what is known, be it only how it is divided.
    """

    day: date
    queue: str
    department_id: int | None
    calls: int
    before: int | None
    changed: bool


@dataclass(slots=True)
class Review:
    """A file as it would be taken in: its days, and the lines that would be passed over."""

    rows: list[Counted] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    days: list[DayOfQueue] = field(default_factory=list)

    @property
    def new(self) -> list[DayOfQueue]:
        """The days of queues that nothing was known of."""
        return [one for one in self.days if one.before is None]

    @property
    def replaced(self) -> list[DayOfQueue]:
        """Those that would take the place of something else."""
        return [one for one in self.days if one.before is not None and one.changed]

    @property
    def same(self) -> list[DayOfQueue]:
        """Those that are known already, exactly so."""
        return [one for one in self.days if not one.changed]


def review(data: bytes, *, today: date) -> Review:
    """Read a file without keeping anything. Raises `NotATable`."""
    if len(data) > LARGEST:
        raise NotATable("too_long")
    found, lines = lines_of(text_of(data), COLUMNS, most=MOST_LINES)
    for needed in ("day", "calls"):
        if needed not in found:
            raise NotATable("no_column", needed)
    if not found & {"queue", "department"}:
        raise NotATable("no_column", "queue")
    result = _Reader(today, _departments()).read(lines)
    result.days = _days_of(result.rows)
    return result


def _departments() -> dict[str, int]:
    """The departments' ids by everything they are called."""
    found: dict[str, int] = {}
    for row in db.session.scalars(select(Department)):
        for name in (row.slug, row.name_sv, row.short_sv, row.name_en, row.short_en):
            found.setdefault(_plain(name), row.id)
    return found


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("&", " och ").split())


class _Reader:
    """Reads lines one by one; remembers what a day and queue have had before."""

    def __init__(self, today: date, departments: Mapping[str, int]) -> None:
        self.today, self.departments = today, departments
        self.seen: dict[tuple[date, int, str, str], int] = {}
        self.whole: dict[tuple[date, str], tuple[bool, bool]] = {}

    def read(self, lines: Iterable[Line]) -> Review:
        result = Review()
        for line in lines:
            found = self._one(line)
            if isinstance(found, Bad):
                result.bad.append(found)
            else:
                result.rows.append(found)
        return result

    def _one(self, line: Line) -> Counted | Bad:
        when = self._when(line)
        if isinstance(when, Bad):
            return when
        day, at = when
        cells = line.cells
        named = cells.get("department", "")
        queue = one_line(cells.get("queue", "") or named, 80)
        if not queue:
            return Bad(line.number, Why.NO_QUEUE)
        calls = whole_number(cells.get("calls", ""))
        if calls is None:
            return Bad(line.number, Why.NO_CALLS, one_line(cells.get("calls", ""), 40))
        if calls > MOST_CALLS:
            return Bad(line.number, Why.MANY_CALLS, str(calls))
        subject = one_line(cells.get("subject", ""), 120)
        clash = self._clash(line.number, day, at, queue, subject)
        department = self.departments.get(_plain(named)) or self.departments.get(_plain(queue))
        return clash or Counted(day, at, queue, subject, calls, department)

    def _when(self, line: Line) -> tuple[date, int] | Bad:
        written = line.cells.get("day", "")
        day, at = day_and_hour(written)
        if day is None:
            return Bad(line.number, Why.NO_DAY, one_line(written, 40))
        if day > self.today:
            return Bad(line.number, Why.NOT_YET, day.isoformat())
        if day < FIRST_DAY:
            return Bad(line.number, Why.LONG_AGO, day.isoformat())
        said = line.cells.get("hour", "")
        if said:
            at = hour(said)
            if at is None:
                return Bad(line.number, Why.NO_HOUR, one_line(said, 40))
        return day, WHOLE_DAY if at is None else at

    def _clash(self, number: int, day: date, at: int, queue: str, subject: str) -> Bad | None:
        """Why the line would count calls twice that an earlier one has counted; else None."""
        first = self.seen.setdefault((day, at, queue, subject), number)
        if first != number:
            return Bad(number, Why.TWICE, str(first))
        shape = (at == WHOLE_DAY, subject == "")
        before = self.whole.setdefault((day, queue), shape)
        if before[0] != shape[0]:
            return Bad(number, Why.DAY_AND_HOURS)
        if before[1] != shape[1]:
            return Bad(number, Why.WITH_AND_WITHOUT)
        return None


def _days_of(rows: Sequence[Counted]) -> list[DayOfQueue]:
    """What the rows say by day and queue, beside what is known of those."""
    given: dict[tuple[date, str], list[Counted]] = {}
    for row in rows:
        given.setdefault((row.day, row.queue), []).append(row)
    known = _known(list(given))
    found = []
    for (day, queue), group in sorted(given.items()):
        before = known.get((day, queue))
        found.append(
            DayOfQueue(
                day=day,
                queue=queue,
                department_id=group[0].department_id,
                calls=sum(row.calls for row in group),
                before=None if before is None else sum(row.calls for row in before),
                changed=before is None or set(before) != set(group),
            )
        )
    return found


def _known(keys: Sequence[tuple[date, str]]) -> dict[tuple[date, str], list[Counted]]:
    """What is stored of these days and queues."""
    found: dict[tuple[date, str], list[Counted]] = {}
    for first in range(0, len(keys), A_BATCH):
        some = tuple_(CallCount.day, CallCount.queue).in_(keys[first : first + A_BATCH])
        for row in db.session.scalars(select(CallCount).where(some)):
            one = Counted(row.day, row.hour, row.queue, row.subject, row.calls, row.department_id)
            found.setdefault((row.day, row.queue), []).append(one)
    return found


def take_in(data: bytes, *, by: Staff | None, today: date, now: datetime) -> Review:
    """Keep what a file says; what it was before is in the review that is given back.

    `by` None: from the command line. Raises `NotAllowed` and `NotATable`.
    """
    if by is not None:
        must_be_allowed(by, Act.BRING_FIGURES)
    with writing():
        result = review(data, today=today)
        changed = [one for one in result.days if one.changed]
        keys = {(one.day, one.queue) for one in changed}
        _replace([row for row in result.rows if (row.day, row.queue) in keys], by, now)
        if changed:
            facts = {"days": len(changed), "replaced": len(result.replaced)}
            span = {"first": changed[0].day.isoformat(), "last": changed[-1].day.isoformat()}
            staff_id = by.id if by else None
            log_event("call_counts_imported", at=now, staff_id=staff_id, **facts, **span)
    return result


def _replace(rows: Sequence[Counted], by: Staff | None, now: datetime) -> None:
    keys = sorted({(row.day, row.queue) for row in rows})
    for first in range(0, len(keys), A_BATCH):
        some = tuple_(CallCount.day, CallCount.queue).in_(keys[first : first + A_BATCH])
        gone = delete(CallCount).where(some).execution_options(synchronize_session=False)
        db.session.execute(gone)
    beside = {"imported_by_id": by.id if by else None, "imported_at": now}
    names = ("day", "hour", "queue", "subject", "calls", "department_id")
    values = [{name: getattr(row, name) for name in names} | beside for row in rows]
    if values:
        db.session.execute(insert(CallCount), values)
