"""When the municipality and its departments are open, by the closed days in the database."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import select

from app.basics.clock import to_local
from app.basics.working_time import NeverOpen, OpeningHours, next_opening, open_intervals
from app.database import db
from app.models import ClosedDay, Department


def closed_days() -> frozenset[date]:
    """The days on which the whole municipality is closed, besides Saturdays and Sundays."""
    return frozenset(db.session.scalars(select(ClosedDay.day)))


def office_hours(closed: frozenset[date]) -> OpeningHours:
    """The office's hours with these days closed."""
    days = tuple((day, ()) for day in sorted(closed))
    return OpeningHours(exceptions=days, holidays_closed=False)


def hours_of(department: Department | None, closed: frozenset[date]) -> OpeningHours:
    """A department's own hours, else the office's; its own days go before the closed ones."""
    office = office_hours(closed)
    if department is None or not department.opening_hours:
        return office
    own = OpeningHours.from_dict(department.opening_hours)
    return replace(own, exceptions=own.exceptions + office.exceptions, holidays_closed=False)


def next_open(at: datetime, department: Department | None, closed: frozenset[date]) -> datetime:
    """This moment if somebody is there then, else when the department opens next (aware UTC)."""
    try:
        return next_opening(at, hours_of(department, closed))
    except NeverOpen:
        return next_opening(at, office_hours(closed))


def late_before(now: datetime, hours: OpeningHours) -> datetime:
    """Who has waited since before then has waited more than one working day at `now` (aware UTC).

    The closing time before the last one that has passed. Raises `NeverOpen`.
    """
    today, passed = to_local(now).date(), []
    for back in range(60):
        day = open_intervals(today - timedelta(days=back), hours)
        passed += [closes for _opens, closes in day[-1:] if closes <= now]
        if len(passed) == 2:
            return passed[1]
    raise NeverOpen("de här öppettiderna har inte haft två öppna dagar på länge")
