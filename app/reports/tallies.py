"""The figures of response times, read from the tallies; definitions stand at each name.

A turn (one question, to what ended the waiting) belongs to the local day on which it was asked,
whenever it was answered. The figures are the whole city's for everybody who may see them; the
cases behind them are only those that the person may see.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select

from app.basics import clock
from app.database import db
from app.models import Department, Staff, Tally, Turn
from app.models.times import ANY, ANY_DEPARTMENT, NOBODY
from app.people.rights import Act, must_be_allowed
from app.reports.summing import MEASURES, first_of

NONE = "ingen"
"""As a department: the turn lay with none."""
AGES = {"day": timedelta(days=1), "three_days": timedelta(days=3), "week": timedelta(days=7)}
"""Of what is unanswered: under so long by the wall clock; `older` is more than the last."""
GRAINS = ("day", "week", "month")
A_DAY = timedelta(days=1)
OWN = 4
"""A row of a tally begins with so many columns that say what it is of."""
IS_OPEN = Turn.ended == literal_column("'open'")
"""In so many letters, so that the index of the open turns alone is found fit for it."""


@dataclass(frozen=True)
class Span:
    """Local days (Europe/Stockholm), both counted; a department's slug or NONE; None is all."""

    first: date
    last: date
    department: str | None = None
    channel: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Tallied:
    """Counts by name, and of each measure how many took how many whole minutes.

    Counts: `asked` = `answered` + `closed` (without an answer) + `set_waiting` + `removed` (by the
    writer or the platform) + `open`. Of the answered: `on_time`, `late`; `answer` (ours), `native`
    (on the platform itself), `phone`. Of the closed, by outcome: `closed_no_answer_needed` and so
    on. Of the open: `open_late` (the due time has passed), `open_no_demand` (needs no answer).
    `handed_back`: how often a department said "not ours".
    Measures: see MEASURES; all but `waiting` are minutes within opening hours.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    minutes: Mapping[str, Mapping[int, int]] = field(default_factory=dict)

    def share_on_time(self) -> tuple[int, int]:
        """How many were answered on time, of all that are answered or still open and late."""
        count = self.counts.get
        return count("on_time", 0), count("answered", 0) + count("open_late", 0)

    def median(self, measure: str) -> int | None:
        """The middle one in whole minutes (the lower of two); None when there is none."""
        return self.percentile(measure, 50)

    def percentile(self, measure: str, percent: int) -> int | None:
        """The least number of minutes that so many of a hundred did not exceed (nearest rank)."""
        taken = self.minutes.get(measure, {})
        order = sorted(taken)
        passed = list(accumulate(map(taken.__getitem__, order)))
        wanted = -(-passed[-1] * percent // 100) if passed else 0
        return order[bisect_left(passed, wanted)] if wanted > 0 else None

    def number_of(self, measure: str) -> int:
        """How many turns a measure is of."""
        return sum(self.minutes.get(measure, {}).values())


def tallied(
    span: Span, staff: Staff, *, now: datetime | None = None, measures: Collection[str] = MEASURES
) -> Tallied:
    """All figures of a span; `now` (aware UTC) says what of the open is late (this moment).

    Raises `NotAllowed`.
    """
    return tallied_by(span, staff, "", now=now, measures=measures).get("", Tallied())


def tallied_by(
    span: Span,
    staff: Staff,
    by: str,
    *,
    now: datetime | None = None,
    measures: Collection[str] = MEASURES,
) -> dict[str, Tallied]:
    """The same, apart by something.

    `by`: "day", "week" and "month" by their first day in ISO form, "department" by slug or NONE,
    "channel", "kind"; "weekday_hour" (Monday 8 to 9 is "0-08") has the count `asked` alone, and
    "route" (hand-backs, "miljo>gata-park") the count `handed_back` alone. Fewer `measures` are read
    faster. Raises `NotAllowed`.
    """
    must_be_allowed(staff, Act.READ_CASES)
    if by in ("weekday_hour", "route"):
        parts = inside(span, staff, measures=())
        found = parts.hours if by == "weekday_hour" else parts.routes
        name = "asked" if by == "weekday_hour" else "handed_back"
        return {key: Tallied({name: n}) for key, n in found.items()}
    slugs = department_slugs()
    columns = ("counts", *measures)
    sums: defaultdict[str, list[dict[str, int]]] = defaultdict(lambda: [{} for _ in columns])
    for row in _rows(span, by, columns, slugs):
        for total, told in zip(sums[_key(row, by, slugs)], row[OWN:], strict=True):
            _add(total, told)
    for key, counts in _open_now(span, by, now or clock.now(), slugs):
        _add(sums[key][0], counts)
    return {
        key: Tallied(one[0], dict(zip(measures, map(_minutes, one[1:]), strict=True)))
        for key, one in sorted(sums.items())
    }


def _minutes(told: Mapping[str, int]) -> dict[int, int]:
    """Minutes to how many, the fewest first: so they are sorted once, whatever is asked of them."""
    found = dict(zip(map(int, told), told.values(), strict=True))
    return {minutes: found[minutes] for minutes in sorted(found)}


def _add(total: dict[Any, int], more: Mapping[Any, int]) -> None:
    """Add counts name by name."""
    before = total.get
    for name, n in more.items():
        total[name] = before(name, 0) + n


def together(parts: Iterable[Tallied]) -> Tallied:
    """The figures of several parts that have no turn in common, as one."""
    counts: dict[str, int] = {}
    minutes: dict[str, dict[int, int]] = {}
    for part in parts:
        _add(counts, part.counts)
        for measure, taken in part.minutes.items():
            _add(minutes.setdefault(measure, {}), taken)
    return Tallied(counts, minutes)


@dataclass(frozen=True)
class Inside:
    """What a tally holds beside its counts.

    `minutes` as `Tallied` has them; `hours`: asked by weekday and hour (Monday 8 to 9 is "0-08");
    `routes`: hand-backs by way ("miljo>gata-park").
    """

    minutes: Mapping[str, Mapping[int, int]]
    hours: Mapping[str, int]
    routes: Mapping[str, int]


def inside(span: Span, staff: Staff, *, measures: Collection[str]) -> Inside:
    """Some measures of a span with its hours and ways, in one reading. Raises `NotAllowed`."""
    must_be_allowed(staff, Act.READ_CASES)
    slugs = department_slugs()
    columns = ("hours", "routes", *measures)
    sums: list[dict[str, int]] = [{} for _ in columns]
    for row in _rows(span, "", columns, slugs):
        for total, told in zip(sums, row[OWN:], strict=True):
            _add(total, told)
    ways: defaultdict[str, int] = defaultdict(int)
    for key, n in sums[1].items():
        left, right = key.split(">")
        ways[way_of(left, right, slugs)] += n
    return Inside(
        dict(zip(measures, map(_minutes, sums[2:]), strict=True)),
        dict(sorted(sums[0].items())),
        dict(sorted(ways.items())),
    )


def asked_by_channel(span: Span, staff: Staff, by: str) -> dict[str, dict[str, int]]:
    """How many were asked, by channel and, in it, by "day", "week", "month" or "department".

    With `by` "" in all, under "". Raises `NotAllowed`.
    """
    must_be_allowed(staff, Act.READ_CASES)
    slugs = department_slugs()
    found: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in _rows(span, by, ("counts",), slugs, "channel"):
        found[row.channel][_key(row, by, slugs)] += row.counts.get("asked", 0)
    return {channel: dict(sorted(parts.items())) for channel, parts in sorted(found.items())}


def way_of(left: str | int, right: str | int, slugs: Mapping[int, str]) -> str:
    """From where a hand-back went where, in slugs."""
    return f"{slugs.get(int(left), NONE)}>{slugs.get(int(right), NONE)}"


def department_slugs() -> dict[int, str]:
    """The departments' slugs by number."""
    rows = db.session.execute(select(Department.id, Department.slug))
    return {row.id: row.slug for row in rows}


def id_of(slug: str, slugs: Mapping[int, str]) -> int:
    """A department's id; a slug that there is not means one that no turn has."""
    if slug == NONE:
        return NOBODY
    return next((number for number, one in slugs.items() if one == slug), -2)


# --- Which tallies --------------------------------------------------------------------------------


def pieces(first: date, last: date, by: str = "") -> list[tuple[str, date, date]]:
    """A span as whole months and weeks where it holds them, and days: (grain, first, last).

    By week there are no months, by month no weeks, by day only days; else as few as can be had
    with all the months that it holds, or with none.
    """
    if by in GRAINS:
        return _cut(first, last, by)
    weeks = _cut(first, last, "week")
    begins = first if first.day == 1 else end_of("month", first) + A_DAY
    ends = last if last == end_of("month", last) else last.replace(day=1) - A_DAY
    if begins > ends:
        return weeks
    months = _cut(begins, ends, "month")
    around = _cut(first, begins - A_DAY, "week"), _cut(ends + A_DAY, last, "week")
    return min([*around[0], *months, *around[1]], weeks, key=len)


def _cut(first: date, last: date, grain: str) -> list[tuple[str, date, date]]:
    """A span as whole periods of one grain, and the days that are left."""
    found, day = [], first
    while day <= last:
        end = end_of(grain, day) if grain != "day" and first_of(grain, day) == day else day
        end = end if end <= last else day
        found.append((grain if end > day else "day", day, end))
        day = end + A_DAY
    return found


def end_of(grain: str, day: date) -> date:
    """The last day of the week or month that a day lies in."""
    if grain == "week":
        return first_of(grain, day) + timedelta(days=6)
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _rows(
    span: Span, by: str, columns: Collection[str], slugs: Mapping[int, str], apart: str = ""
) -> Iterable[Any]:
    """The tallies that together are the span, each with what it is of and the columns asked for.

    They are told `apart` by that as well as `by`.
    """
    firsts: defaultdict[str, list[date]] = defaultdict(list)
    for grain, first, _last in pieces(span.first, span.last, by):
        firsts[grain].append(first)
    wanted = [getattr(Tally, name) for name in columns]
    key = (Tally.first, Tally.department_id, Tally.channel, Tally.kind)
    kept = _kept(span, (by, apart), slugs)
    for grain, days in firsts.items():
        statement = select(*key, *wanted).where(Tally.grain == grain, Tally.first.in_(days), *kept)
        yield from db.session.execute(statement)


def _kept(span: Span, by: Collection[str], slugs: Mapping[int, str]) -> list[ColumnElement[bool]]:
    """The condition on the tallies of a span: what is summed over, what is apart."""
    said: list[ColumnElement[bool]] = []
    department = id_of(span.department, slugs) if span.department is not None else None
    for column, value, name, every in (
        (Tally.department_id, department, "department", ANY_DEPARTMENT),
        (Tally.channel, span.channel, "channel", ANY),
        (Tally.kind, span.kind, "kind", ANY),
    ):
        if value is not None:
            said.append(column == value)
        else:
            said.append(column != every if name in by else column == every)
    return said


def _key(row: Any, by: str, slugs: Mapping[int, str]) -> str:
    match by:
        case "day" | "week" | "month":
            return first_of(by, row.first).isoformat()
        case "department":
            return slugs.get(row.department_id, NONE)
        case "channel" | "kind":
            return str(getattr(row, by))
        case _:
            return ""


# --- What is open now -----------------------------------------------------------------------------


def of_span(span: Span, slugs: Mapping[int, str]) -> list[ColumnElement[bool]]:
    """The condition on `Turn` that it belongs to a span."""
    said = [Turn.day >= span.first, Turn.day <= span.last]
    if span.department is not None:
        said.append(Turn.department_id == id_of(span.department, slugs))
    if span.channel is not None:
        said.append(Turn.channel == span.channel)
    if span.kind is not None:
        said.append(Turn.kind == span.kind)
    return said


def _open_now(
    span: Span, by: str, now: datetime, slugs: Mapping[int, str]
) -> Iterable[tuple[str, dict[str, int]]]:
    """What is open and late at this moment, which no tally can know."""
    apart = {"department": Turn.department_id, "channel": Turn.channel, "kind": Turn.kind}
    column: Any = apart.get(by, Turn.day if by in GRAINS else Turn.ended)
    late = select(column, func.count()).where(IS_OPEN, Turn.due_at < now, *of_span(span, slugs))
    for value, n in db.session.execute(late.group_by(column)):
        if by == "department":
            key = slugs.get(value, NONE)
        else:
            key = first_of(by, value).isoformat() if by in GRAINS else value if by else ""
        yield key, {"open_late": n}


def backlog(staff: Staff, now: datetime) -> dict[str, dict[str, int]]:
    """The unanswered that want an answer, per department (slug or NONE), by how long they waited.

    Each of AGES is those younger than that and older than the one before, `older` the rest; `late`
    are those whose due time has passed, of all ages. `now` is aware UTC. Raises `NotAllowed`.
    """
    must_be_allowed(staff, Act.READ_CASES)
    slugs, found = department_slugs(), {}
    edges = {name: now - span for name, span in AGES.items()}
    names, before = list(edges), now + timedelta(days=36500)
    parts = []
    for name in names:
        parts.append(func.count().filter(Turn.asked_at > edges[name], Turn.asked_at <= before))
        before = edges[name]
    parts.append(func.count().filter(Turn.asked_at <= before))
    parts.append(func.count().filter(Turn.due_at < now))
    unanswered = (IS_OPEN, Turn.no_answer_needed.is_(False))
    statement = select(Turn.department_id, *parts).where(*unanswered)
    for row in db.session.execute(statement.group_by(Turn.department_id)):
        counts = dict(zip((*names, "older", "late"), row[1:], strict=True))
        found[slugs.get(row[0], NONE)] = counts
    return dict(sorted(found.items()))
