"""The figures of response times, read from the tallies; definitions stand at each name.

A turn (one question, to what ended the waiting) belongs to the local day on which it was asked,
whenever it was answered. The figures are the whole city's for everybody who may see them; the
cases behind them are only those that the person may see.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, tuple_

from app.basics import clock
from app.database import db
from app.models import Case, Department, Staff, Tally, Turn
from app.models.times import ANY, ANY_DEPARTMENT, NOBODY
from app.people.rights import Act, must_be_allowed, visible_cases
from app.reports.summing import MEASURES, first_of

NONE = "ingen"
"""As a department: the turn lay with none."""
AGES = {"day": timedelta(days=1), "three_days": timedelta(days=3), "week": timedelta(days=7)}
"""Of what is unanswered: under so long by the wall clock; `older` is more than the last."""
GRAINS = ("day", "week", "month")
MOST_CASES = 1000
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
        wanted = -(-sum(taken.values()) * percent // 100)
        passed = 0
        for minutes in sorted(taken):
            passed += taken[minutes]
            if passed >= wanted > 0:
                return minutes
        return None

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
    slugs = _slugs()
    if by in ("weekday_hour", "route"):
        return _inside(span, by, slugs)
    sums: defaultdict[str, dict[str, dict[str, int]]] = defaultdict(
        lambda: {name: {} for name in ("counts", *measures)}
    )
    columns = ("counts", *measures)
    for row in _rows(span, by, columns, slugs):
        total = sums[_key(row, by, slugs)]
        for name, told in zip(columns, row[-len(columns) :], strict=True):
            _add(total[name], told)
    for key, counts in _open_now(span, by, now or clock.now(), slugs):
        _add(sums[key]["counts"], counts)
    return {key: _tallied(one, measures) for key, one in sorted(sums.items())}


def _tallied(sums: Mapping[str, dict[str, int]], measures: Collection[str]) -> Tallied:
    minutes = {name: {int(key): n for key, n in sums[name].items()} for name in measures}
    return Tallied(sums["counts"], minutes)


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for key, n in more.items():
        total[key] = total.get(key, 0) + n


def _inside(span: Span, by: str, slugs: Mapping[int, str]) -> dict[str, Tallied]:
    """What stands within each tally as a table of its own."""
    total: dict[str, int] = {}
    column, name = ("hours", "asked") if by == "weekday_hour" else ("routes", "handed_back")
    for row in _rows(span, "", (column,), slugs):
        _add(total, row[-1])
    found: defaultdict[str, int] = defaultdict(int)
    for key, n in total.items():
        found[_way(key, slugs) if by == "route" else key] += n
    return {key: Tallied({name: n}) for key, n in sorted(found.items())}


def _way(key: str, slugs: Mapping[int, str]) -> str:
    left, right = key.split(">")
    return f"{slugs.get(int(left), NONE)}>{slugs.get(int(right), NONE)}"


def _slugs() -> dict[int, str]:
    rows = db.session.execute(select(Department.id, Department.slug))
    return {row.id: row.slug for row in rows}


def _id_of(slug: str, slugs: Mapping[int, str]) -> int:
    """A department's id; a slug that there is not means one that no turn has."""
    if slug == NONE:
        return NOBODY
    return next((number for number, one in slugs.items() if one == slug), -2)


# --- Which tallies --------------------------------------------------------------------------------


def pieces(first: date, last: date, by: str = "") -> Iterable[tuple[str, date, date]]:
    """A span as whole months and weeks where it holds them, and days: (grain, first, last).

    By week there are no months, by month no weeks, by day only days.
    """
    grains = {"day": (), "week": ("week",), "month": ("month",)}.get(by, ("month", "week"))
    day = first
    while day <= last:
        for grain in grains:
            end = end_of(grain, day)
            if first_of(grain, day) == day and end <= last:
                break
        else:
            grain, end = "day", day
        yield grain, day, end
        day = end + timedelta(days=1)


def end_of(grain: str, day: date) -> date:
    """The last day of the week or month that a day lies in."""
    if grain == "week":
        return first_of(grain, day) + timedelta(days=6)
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _rows(span: Span, by: str, columns: Collection[str], slugs: Mapping[int, str]) -> Iterable[Any]:
    """The tallies that together are the span, each with what it is of and the columns asked for."""
    firsts: defaultdict[str, list[date]] = defaultdict(list)
    for grain, first, _last in pieces(span.first, span.last, by):
        firsts[grain].append(first)
    wanted = [getattr(Tally, name) for name in columns]
    key = (Tally.first, Tally.department_id, Tally.channel, Tally.kind)
    for grain, days in firsts.items():
        statement = select(*key, *wanted).where(Tally.grain == grain, Tally.first.in_(days))
        yield from db.session.execute(statement.where(*_kept(span, by, slugs)))


def _kept(span: Span, by: str, slugs: Mapping[int, str]) -> list[ColumnElement[bool]]:
    """The condition on the tallies of a span: what is summed over, what is apart."""
    said: list[ColumnElement[bool]] = []
    department = _id_of(span.department, slugs) if span.department is not None else None
    for column, value, name, every in (
        (Tally.department_id, department, "department", ANY_DEPARTMENT),
        (Tally.channel, span.channel, "channel", ANY),
        (Tally.kind, span.kind, "kind", ANY),
    ):
        if value is not None:
            said.append(column == value)
        else:
            said.append(column != every if by == name else column == every)
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


def _of(span: Span, slugs: Mapping[int, str]) -> list[ColumnElement[bool]]:
    """The condition on `Turn` that it belongs to a span."""
    said = [Turn.day >= span.first, Turn.day <= span.last]
    if span.department is not None:
        said.append(Turn.department_id == _id_of(span.department, slugs))
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
    late = select(column, func.count()).where(IS_OPEN, Turn.due_at < now, *_of(span, slugs))
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
    slugs, found = _slugs(), {}
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


# --- The cases behind a figure --------------------------------------------------------------------


def cases_behind(
    span: Span, staff: Staff, what: str, *, now: datetime | None = None, most: int = MOST_CASES
) -> list[int]:
    """The ids of the cases behind a count, those asked first before, as far as one may see them.

    `what` is a name of `Tallied.counts`, "due" (the denominator of `share_on_time`), "backlog" or
    "backlog:week" (a name of AGES or `older`: the days of the span do not matter then),
    "weekday_hour:0-08", "route:miljo>gata-park" or "more:answering:480" (a measure of more minutes
    than that). Raises `NotAllowed`, and ValueError for a name that there is not.
    """
    must_be_allowed(staff, Act.READ_CASES)
    slugs = _slugs()
    said = _means(what, span, now or clock.now(), slugs)
    statement = select(Turn.case_id, func.min(Turn.asked_at)).join(Case, Case.id == Turn.case_id)
    rows = db.session.execute(
        statement.where(said, visible_cases(staff))
        .group_by(Turn.case_id)
        .order_by(func.min(Turn.asked_at), Turn.case_id)
        .limit(most)
    )
    return [row.case_id for row in rows]


def _means(what: str, span: Span, now: datetime, slugs: Mapping[int, str]) -> ColumnElement[bool]:
    """What a name says of a turn, as a condition."""
    name, _, rest = what.partition(":")
    if name == "backlog":
        whole = Span(date.min, date.max, span.department, span.channel, span.kind)
        asks = Turn.no_answer_needed.is_(False)
        return and_(Turn.ended == "open", asks, *_aged(rest, now), *_of(whole, slugs)[2:])
    inside = and_(*_of(span, slugs))
    if name == "weekday_hour":
        return and_(inside, _ids(_asked_in(span, rest, slugs)))
    if name == "route":
        return and_(inside, _ids(_went(span, rest, slugs)))
    if name == "more":
        measure, _, minutes = rest.partition(":")
        if measure not in MEASURES:
            raise ValueError(what)
        return and_(inside, getattr(Turn, measure) > int(minutes))
    return and_(inside, _counted(name, now))


def _counted(name: str, now: datetime) -> ColumnElement[bool]:
    late = and_(Turn.ended == "open", Turn.due_at < now)
    said: dict[str, ColumnElement[bool]] = {
        "asked": Turn.asked_at.is_not(None),
        "on_time": Turn.on_time.is_(True),
        "late": Turn.on_time.is_(False),
        "open_late": late,
        "open_no_demand": and_(Turn.ended == "open", Turn.no_answer_needed.is_(True)),
        "due": or_(Turn.ended == "answered", late),
        "handed_back": Turn.handed_back > 0,
    }
    if name in said:
        return said[name]
    if name in ("answered", "closed", "set_waiting", "removed", "open"):
        return Turn.ended == name
    if name in ("answer", "native", "phone"):
        return Turn.how == name
    if name.startswith("closed_"):
        return and_(Turn.ended == "closed", Turn.outcome == name.removeprefix("closed_"))
    raise ValueError(name)


def _aged(age: str, now: datetime) -> list[ColumnElement[bool]]:
    if not age:
        return []
    names = [*AGES, "older"]
    if age not in names:
        raise ValueError(age)
    at = names.index(age)
    said: list[ColumnElement[bool]] = []
    if at < len(AGES):
        said.append(Turn.asked_at > now - AGES[age])
    if at:
        said.append(Turn.asked_at <= now - AGES[names[at - 1]])
    return said


def _ids(found: Iterable[tuple[int, int]]) -> ColumnElement[bool]:
    return tuple_(Turn.case_id, Turn.number).in_(list(found))


def _asked_in(span: Span, hour: str, slugs: Mapping[int, str]) -> Iterable[tuple[int, int]]:
    """The turns asked in one hour of the week, as (case, number)."""
    from app.reports.summing import hour_of

    rows = db.session.execute(
        select(Turn.case_id, Turn.number, Turn.asked_at).where(*_of(span, slugs))
    )
    return [(row.case_id, row.number) for row in rows if hour_of(row.asked_at) == hour]


def _went(span: Span, way: str, slugs: Mapping[int, str]) -> Iterable[tuple[int, int]]:
    """The turns that a department gave back and that then went to another."""
    wanted = (Turn.handed_back > 0, *_of(span, slugs))
    rows = db.session.execute(select(Turn.case_id, Turn.number, Turn.routes).where(*wanted))
    return [
        (row.case_id, row.number)
        for row in rows
        if any(_way(f"{left}>{right}", slugs) == way for left, right in row.routes)
    ]
