"""Everything that the manager's pages show of a period: one object, made in one place.

Screen, CSV, XLSX, PDF and the Monday letter are all made of it, so that none can say another
figure. Whoever sees the cases of one department alone gets the figures of that department alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from app.channels.base import all_channels
from app.database import db
from app.models import Account, Department, Staff
from app.people.rights import Act, must_be_allowed, sees_all
from app.reports.contacts import Arrivals, ContactReport, Contacts, arrivals, contacts_by_channel
from app.reports.periods import Against, Days, Period, to_sunday
from app.reports.routing_weeks import RoutingWeek, routing_weeks
from app.reports.subjects import Subjects, rising, subjects_path
from app.reports.tallies import (
    NONE,
    Span,
    Tallied,
    asked_by_channel,
    backlog,
    inside,
    tallied_by,
    together,
)

MEASURES = ("waiting", "answering", "looking", "routing", "handling", "closing")
ANSWERING = ("answering",)
"""What is told of every part of a period."""
BESIDE = tuple(name for name in MEASURES if name not in ANSWERING)
"""What is told of the whole period alone."""
NO_CONTACTS = ContactReport(Contacts(), {}, {})
KINDS = ("fråga", "synpunkt", "felanmälan", "beröm", "övrigt")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants to see: the days, what they are held against, and of what."""

    period: Period
    days: Days
    against: Against
    before: Days
    department: str | None = None
    channel: str | None = None
    kind: str | None = None
    today: date | None = None

    def span(self, days: Days | None = None) -> Span:
        """The same as the tallies want it: a period that ends today takes its whole week along,
        which holds no more and is one tally instead of one for each day and department."""
        days = days or self.days
        last = to_sunday(days.last) if days.last == self.today else days.last
        return Span(days.first, last, self.department, self.channel, self.kind)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period, before any word is put to them."""

    asked: Asked
    now: datetime
    goal: int
    """The share that shall be answered in time, in tenths of a percent."""
    total: Tallied
    before: Tallied
    weeks: Mapping[str, Tallied]
    """By Monday in ISO form, every week of the period."""
    channels: Mapping[str, Mapping[str, int]]
    """How many were asked in the same weeks, for each channel."""
    departments: Mapping[str, Tallied]
    departments_before: Mapping[str, Tallied]
    kinds: Mapping[str, Tallied]
    hours: Mapping[str, int]
    """Asked by weekday and hour, Monday 8 to 9 as "0-08"."""
    routes: Mapping[str, int]
    """Handed back by way, "miljo>gata-park"."""
    open_by_age: Mapping[str, Mapping[str, int]]
    subjects: Subjects
    routing: list[RoutingWeek] = field(default_factory=list)
    """Weeks of the whole city's routing; none for who sees one department alone."""
    contacts: ContactReport = NO_CONTACTS
    arrivals: Arrivals | None = None
    """Visits to the website; None for who sees one department alone."""


def only_department(staff: Staff) -> str | None:
    """The department to which a person's figures are limited; None when they see the city's."""
    if sees_all(staff):
        return None
    return staff.department.slug if staff.department else NONE


def limited(asked: Asked, staff: Staff) -> Asked:
    """What a person may have of what they ask for."""
    own = only_department(staff)
    return asked if own is None else replace(asked, department=own)


def report_of(asked: Asked, staff: Staff, *, now: datetime, config: Mapping[str, Any]) -> Report:
    """The whole report as a person may see it, at `now` (aware UTC). Raises `NotAllowed`.

    Nothing is read twice: what is a sum of parts that are told is summed from them.
    """
    must_be_allowed(staff, Act.SEE_REPORTS)
    asked = limited(asked, staff)
    span, earlier = asked.span(), asked.span(asked.before)
    own = only_department(staff)
    weeks = tallied_by(span, staff, "week", now=now, measures=ANSWERING)
    beside = inside(span, staff, measures=BESIDE)
    departments_before = tallied_by(earlier, staff, "department", now=now, measures=())
    asked_in_weeks = asked_by_channel(span, staff, "week")
    return Report(
        asked=asked,
        now=now,
        goal=round(config["GOAL_SHARE"] * 10),
        total=_whole(weeks, beside.minutes),
        before=_whole(departments_before, inside(earlier, staff, measures=ANSWERING).minutes),
        weeks={monday: weeks.get(monday, Tallied()) for monday in _mondays(asked.days)},
        channels=_in_use(asked, asked_in_weeks),
        departments=tallied_by(span, staff, "department", now=now, measures=ANSWERING),
        departments_before=departments_before,
        kinds=tallied_by(span, staff, "kind", now=now, measures=ANSWERING),
        hours=beside.hours,
        routes=beside.routes,
        open_by_age=_open(asked, staff, now),
        subjects=rising(subjects_path(config), staff, asked.days, asked.before, asked.department),
        routing=routing_weeks(config, asked.days) if own is None else [],
        contacts=contacts_by_channel(span, staff, written={"week": asked_in_weeks}),
        arrivals=arrivals(span) if own is None else None,
    )


def _mondays(days: Days) -> list[str]:
    """The Mondays of the weeks that a period touches."""
    first = days.first.toordinal() - days.first.weekday()
    return [date.fromordinal(n).isoformat() for n in range(first, days.last.toordinal() + 1, 7)]


def _whole(parts: Mapping[str, Tallied], minutes: Mapping[str, Mapping[int, int]]) -> Tallied:
    """The figures of all parts together, with measures that were read for the whole."""
    every = together(parts.values())
    return Tallied(every.counts, {**minutes, **every.minutes})


def _in_use(asked: Asked, weeks: Mapping[str, Mapping[str, int]]) -> dict[str, Mapping[str, int]]:
    """What came week by week, for each channel that anything can have come by."""
    wanted = [asked.channel] if asked.channel else channels_in_use()
    return {name: weeks[name] for name in wanted if name in weeks}


def channels_in_use() -> list[str]:
    """The channels of the accounts there are, in the order in which channels are listed."""
    used = set(db.session.scalars(select(Account.channel).distinct()))
    return [name for name in all_channels() if name in used] + sorted(used - set(all_channels()))


def _open(asked: Asked, staff: Staff, now: datetime) -> dict[str, Mapping[str, int]]:
    """The unanswered by age, of the department that is asked for; not of the period."""
    every = backlog(staff, now)
    return {slug: counts for slug, counts in every.items() if asked.department in (None, slug)}


def department_names(language: str) -> dict[str, str]:
    """What departments are called in short, by slug."""
    rows = db.session.execute(select(Department.slug, Department.short_sv, Department.short_en))
    return {row.slug: row.short_en if language == "en" else row.short_sv for row in rows}
