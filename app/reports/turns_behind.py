"""The cases behind a figure: which turns it is of, and of them those that a person may see."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_

from app.basics import clock
from app.database import db
from app.inbox.calls import PHONE
from app.models import Case, Staff, Turn
from app.people.rights import Act, must_be_allowed, visible_cases
from app.reports.summing import MEASURES, hour_of
from app.reports.tallies import AGES, Span, department_slugs, of_span, way_of

MOST_CASES = 1000
OUTCOMES = ("no_answer_needed", "referred", "duplicate", "answered", "spam")
"""How a case is closed without an answer, as far as the report has a row for each."""


def cases_behind(
    span: Span, staff: Staff, what: str, *, now: datetime | None = None, most: int = MOST_CASES
) -> list[int]:
    """The ids of the cases behind a count, those asked first before, as far as one may see them.

    `what` is a name of `Tallied.counts`, "due" (the denominator of `share_on_time`), "backlog" or
    "backlog:week" (a name of AGES or `older`; of the span the department alone matters then),
    "weekday_hour:0-08", "route:miljo>gata-park", "measured:looking" (all that a measure is of),
    "more:answering:480" (of more minutes than that) or "written" (not on the telephone). Raises
    `NotAllowed`, and ValueError for a name that there is not.
    """
    must_be_allowed(staff, Act.READ_CASES)
    slugs = department_slugs()
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
        whole = Span(date.min, date.max, span.department)
        asks = Turn.no_answer_needed.is_(False)
        return and_(Turn.ended == "open", asks, *_aged(rest, now), *of_span(whole, slugs)[2:])
    inside = and_(*of_span(span, slugs))
    if name == "weekday_hour":
        return and_(inside, _ids(_asked_in(span, rest, slugs)))
    if name == "route":
        return and_(inside, _ids(_went(span, rest, slugs)))
    if name in ("more", "measured"):
        measure, _, minutes = rest.partition(":")
        if measure not in MEASURES:
            raise ValueError(what)
        taken: ColumnElement[int] = getattr(Turn, measure)
        return and_(inside, taken > int(minutes) if name == "more" else taken.is_not(None))
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
        "written": Turn.channel != PHONE,
        "closed_other": and_(Turn.ended == "closed", Turn.outcome.not_in(OUTCOMES)),
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
    rows = db.session.execute(
        select(Turn.case_id, Turn.number, Turn.asked_at).where(*of_span(span, slugs))
    )
    return [(row.case_id, row.number) for row in rows if hour_of(row.asked_at) == hour]


def _went(span: Span, way: str, slugs: Mapping[int, str]) -> Iterable[tuple[int, int]]:
    """The turns that a department gave back and that then went to another."""
    wanted = (Turn.handed_back > 0, *of_span(span, slugs))
    rows = db.session.execute(select(Turn.case_id, Turn.number, Turn.routes).where(*wanted))
    return [
        (row.case_id, row.number)
        for row in rows
        if any(way_of(left, right, slugs) == way for left, right in row.routes)
    ]
