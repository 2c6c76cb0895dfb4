"""The cases behind a figure of a report, as far as a person may see them."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.database import db
from app.models import Case, Department, Staff, Turn
from app.models.times import NOBODY
from app.people.rights import Act, must_be_allowed, visible_cases
from app.reports.contacts import BEHIND, contacts_behind
from app.reports.figures import Asked, limited
from app.reports.routing_weeks import routed_behind
from app.reports.tallies import NONE, Span
from app.reports.turns_behind import cases_behind

MOST = 1000
SHOWN = 100
OF_ROUTING = ("routed_sure", "routed_unsure")
"""Figures of the whole city's routing, whatever department, channel or kind is asked for."""


class NoSuchFigure(Exception):
    """Nothing is counted under that name."""


def behind(what: str, asked: Asked, staff: Staff, *, now: datetime, threshold: float) -> list[int]:
    """The numbers of the cases behind a figure, those asked first before.

    `what` is a name of `turns_behind.cases_behind`, of `contacts.BEHIND` or of OF_ROUTING, or
    "took:60:120" (more minutes than the first, no more than the second, either may be left out),
    "hours:0-08" (two hours of a weekday) or "backlog_late". `threshold` is the certainty from which
    a suggestion decides. Raises `NotAllowed` and `NoSuchFigure`.
    """
    must_be_allowed(staff, Act.SEE_REPORTS)
    span = limited(asked, staff).span()
    if what in BEHIND:
        return contacts_behind(what, span, staff, most=MOST)
    if what in OF_ROUTING:
        return routed_behind(what, asked.days, staff, threshold=threshold, most=MOST)
    name, _, rest = what.partition(":")
    try:
        if name == "took":
            return _these(_took(rest), span, staff, days=True)
        if name == "backlog_late":
            late = (Turn.ended == "open", Turn.due_at < now, Turn.no_answer_needed.is_(False))
            return _these(late, span, staff, days=False)
        if name == "hours":
            return _two_hours(rest, span, staff, now)
        return cases_behind(span, staff, what, now=now)
    except ValueError:
        raise NoSuchFigure(what) from None


def _took(rest: str) -> tuple[Any, ...]:
    least, _, most = rest.partition(":")
    said: list[Any] = [Turn.answering.is_not(None)]
    if least:
        said.append(Turn.answering > int(least))
    if most:
        said.append(Turn.answering <= int(most))
    return tuple(said)


def _two_hours(rest: str, span: Span, staff: Staff, now: datetime) -> list[int]:
    day, _, hour = rest.partition("-")
    if not (day in tuple("0123456") and hour.isdigit()):
        raise ValueError(rest)
    found: dict[int, None] = {}
    for one in (int(hour), int(hour) + 1):
        cases = cases_behind(span, staff, f"weekday_hour:{day}-{one:02}", now=now)
        found |= dict.fromkeys(cases)
    return sorted(found)


def _these(said: tuple[Any, ...], span: Span, staff: Staff, *, days: bool) -> list[int]:
    """The cases of turns of which this holds, within the span's days or of any day."""
    wanted: list[Any] = list(said)
    if days:
        wanted += [Turn.day >= span.first, Turn.day <= span.last]
        wanted += [Turn.channel == span.channel] if span.channel is not None else []
        wanted += [Turn.kind == span.kind] if span.kind is not None else []
    if span.department is not None:
        home = select(Department.id).where(Department.slug == span.department).scalar_subquery()
        wanted.append(Turn.department_id == (NOBODY if span.department == NONE else home))
    first = func.min(Turn.asked_at)
    rows = db.session.execute(
        select(Turn.case_id, first)
        .join(Case, Case.id == Turn.case_id)
        .where(*wanted, visible_cases(staff))
        .group_by(Turn.case_id)
        .order_by(first, Turn.case_id)
        .limit(MOST)
    )
    return [row.case_id for row in rows]


def cases_shown(numbers: list[int], staff: Staff) -> list[Case]:
    """The first of these cases that a person may see, in the same order."""
    some = numbers[:SHOWN]
    rows = db.session.scalars(select(Case).where(Case.id.in_(some), visible_cases(staff)))
    found = {row.id: row for row in rows}
    return [found[number] for number in some if number in found]
