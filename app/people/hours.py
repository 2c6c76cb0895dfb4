"""When the municipality and its departments are open, and by when a resident shall be answered.

All of it has versions: a day is measured with the opening hours that were valid on it, a question
with the goal that was valid on the day it was asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.basics.clock import to_local
from app.basics.working_time import (
    Calendar,
    Hours,
    NeverOpen,
    OpeningHours,
    add_open_time,
    before_open_time,
    next_opening,
    open_time_between,
    working_days_limit,
)
from app.database import db
from app.models import Calendar as CalendarRow
from app.models import ClosedDay, Department
from app.models import Goal as GoalRow

CITY = 0
"""As a department's number: the whole city's own."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Answered within so many working days ('days') or open hours ('hours')."""

    amount: int = 1
    unit: str = "days"


ONE_DAY = Goal()
GoalKey = tuple[int, str]
"""Department (CITY for all) and channel ('' for all)."""


@dataclass(frozen=True, eq=False)
class Times:
    """All opening hours and goals at once: what every clock is read from."""

    calendars: Mapping[int, Calendar]
    goals: Mapping[GoalKey, list[tuple[date, Goal]]] = field(default_factory=dict)

    def calendar(self, department_id: int | None) -> Calendar:
        """A department's hours; the city's for none."""
        return self.calendars.get(department_id or CITY, self.calendars[CITY])

    def goal(self, day: date, department_id: int | None, channel: str = "") -> Goal:
        """The goal on a local day: the department's on the channel, else its own, else the city's
        on the channel, else the city's; one working day where nobody has said anything."""
        mine = department_id or CITY
        for key in ((mine, channel), (mine, ""), (CITY, channel), (CITY, "")):
            for valid_from, goal in reversed(self.goals.get(key, ())):
                if valid_from <= day:
                    return goal
        return ONE_DAY

    def due(self, asked_at: datetime, department_id: int | None, channel: str = "") -> datetime:
        """By when a question shall be answered (aware UTC)."""
        goal = self.goal(to_local(asked_at).date(), department_id, channel)
        try:
            return _due(asked_at, goal, self.calendar(department_id))
        except NeverOpen:
            return _due(asked_at, goal, self.calendars[CITY])

    def late_before(
        self, now: datetime, department_id: int | None = None, channel: str = ""
    ) -> datetime:
        """Who has waited since before then has waited longer than today's goal (aware UTC)."""
        goal = self.goal(to_local(now).date(), department_id, channel)
        hours = self.calendar(department_id)
        if goal.unit == "hours":
            return before_open_time(now, timedelta(hours=goal.amount), hours)
        return late_before(now, hours, days=goal.amount)

    def minutes(self, start: datetime, end: datetime, department_id: int | None) -> int:
        """Whole minutes between two moments within the department's opening hours."""
        return (
            int(open_time_between(start, end, self.calendar(department_id)).total_seconds()) // 60
        )


def _due(asked_at: datetime, goal: Goal, hours: Hours) -> datetime:
    if goal.unit == "hours":
        return add_open_time(asked_at, timedelta(hours=goal.amount), hours)
    return working_days_limit(asked_at, goal.amount, hours)


def times() -> Times:
    """Opening hours and goals as they stand in the database."""
    closed = closed_days()
    rows = db.session.scalars(select(CalendarRow).order_by(CalendarRow.valid_from)).all()
    versions: dict[int, list[CalendarRow]] = {}
    for row in rows:
        versions.setdefault(row.department_id or CITY, []).append(row)
    city = versions.get(CITY, [])
    calendars = {CITY: _calendar(None, [], city, closed)}
    for number, hours in db.session.execute(select(Department.id, Department.opening_hours)):
        calendars[number] = _calendar(hours, versions.get(number, []), city, closed)
    goals: dict[GoalKey, list[tuple[date, Goal]]] = {}
    for goal in db.session.scalars(select(GoalRow).order_by(GoalRow.valid_from)):
        said = (goal.valid_from, Goal(goal.amount, goal.unit))
        goals.setdefault((goal.department_id or CITY, goal.channel), []).append(said)
    return Times(calendars, goals)


def _calendar(
    in_file: Mapping[str, Any] | None,
    own: Iterable[CalendarRow],
    city: Iterable[CalendarRow],
    closed: frozenset[date],
) -> Calendar:
    """A department's versions: its own; before them the city's, unless its file says otherwise."""
    first = replace(OpeningHours.from_dict(in_file) if in_file else OpeningHours(), closed=closed)
    mine = list(own)
    plain = first.week == OpeningHours().week and not first.exceptions
    before = min((row.valid_from for row in mine), default=date.max)
    theirs = [row for row in city if row.valid_from < before] if plain else []
    found = [(date.min, 0, first)]
    for row in (*theirs, *mine):
        hours = replace(OpeningHours.from_dict(row.rules), closed=closed)
        found.append((row.valid_from, row.id, hours))
    return Calendar(found)


def closed_days() -> frozenset[date]:
    """The days on which the whole municipality is closed, besides Saturdays and Sundays."""
    return frozenset(db.session.scalars(select(ClosedDay.day)))


def next_open(at: datetime, department_id: int | None, known: Times) -> datetime:
    """This moment if somebody is there then, else when the department opens next (aware UTC)."""
    try:
        return next_opening(at, known.calendar(department_id))
    except NeverOpen:
        return next_opening(at, known.calendars[CITY])


def late_before(now: datetime, hours: Hours, *, days: int = 1) -> datetime:
    """Who has waited since before then has waited more than so many working days (aware UTC).

    The last closing of a day, so many working days before the last one that has passed. Raises
    `NeverOpen`.
    """
    today, passed = to_local(now).date(), 0
    for back in range(60 + 3 * days):
        day = hours.intervals(today - timedelta(days=back))
        if day and day[-1][1] <= now:
            passed += 1
            if passed > days:
                return day[-1][1]
    raise NeverOpen("de här öppettiderna har inte haft så många öppna dagar på länge")
