"""How residents reach the city: written contacts, calls and visits, and visits to the website.

A written contact is a question turn (one question, see `tallies`) on any channel but the telephone;
so is a registered call or visit on that one. The switchboard's own counts come from its files and
hold every call, registered here or not: the two are shown beside each other and never added.
Whoever sees the cases of one department alone gets that department's figures.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, func, select

from app.basics.clock import STOCKHOLM, to_local, utc
from app.database import db
from app.inbox.calls import PHONE
from app.models import Arrival, Call, CallCount, Case, Department, PhoneMark, Staff
from app.people.rights import Act, must_be_allowed, sees_all, visible_cases
from app.reports.summing import first_of
from app.reports.tallies import NONE, Span, asked_by_channel

DEPARTMENT = "department"
GROUPS = ("day", "week", DEPARTMENT)
BEHIND = ("calls", "visits", "would_have_phoned")
"""Counts that have cases behind them."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """Contacts of a period, or of one part of it.

    `written`: question turns by channel, the telephone not among them (in a part by "" alone).
    `calls`, `visits`: registered here. `counted`: by the switchboard itself; None when a kind is
    asked for, which it does not know. `would_have_phoned`: written cases that somebody marked so.
    """

    written: Mapping[str, int] = field(default_factory=dict)
    calls: int = 0
    visits: int = 0
    counted: int | None = 0
    would_have_phoned: int = 0

    @property
    def written_in_all(self) -> int:
        """All written contacts, whatever the channel."""
        return sum(self.written.values())


@dataclass(frozen=True, slots=True)
class ContactReport:
    """The contacts of a span: in all, and by day and week (first day, ISO), department, subject.

    Departments by slug, NONE for none: a case that nobody has placed, a queue for the whole city.
    `subjects`: the switchboard's counts by what its file says that they were about, most first.
    """

    total: Contacts
    by: Mapping[str, Mapping[str, Contacts]]
    subjects: Mapping[str, int]


Written = Mapping[str, Mapping[str, Mapping[str, int]]]
"""A group of GROUPS -> channel -> part of the span -> question turns."""


def contacts_by_channel(
    span: Span, staff: Staff, *, written: Written | None = None
) -> ContactReport:
    """How residents reached the city in a span.

    `written`: what `asked_by_channel` says of the same span, where that is known already; the
    report is then of these groups alone. Raises `NotAllowed`.
    """
    must_be_allowed(staff, Act.READ_CASES)
    span = _limited(span, staff)
    registered, marked = _registered(span), _marked(span)
    counted = [] if span.kind is not None else _counted(span)
    written = written or {by: asked_by_channel(span, staff, by) for by in GROUPS}
    asked = _in_all(next(iter(written.values())))
    spoken, visits = _calls_and_visits(registered)
    total = Contacts(
        {name: n for name, n in asked.items() if n},
        spoken,
        visits,
        counted=None if span.kind is not None else sum(row.calls for row in counted),
        would_have_phoned=len(marked),
    )
    parts = {}
    for by, channels in written.items():
        key = _key_of(by)
        parts[by] = _grouped(
            _by_part(channels),
            _by(registered, key),
            _by(marked, key),
            None if span.kind is not None else _by(counted, key),
        )
    subjects = Counter[str]()
    for row in counted:
        subjects[row.subject] += row.calls
    return ContactReport(total, parts, dict(subjects.most_common()))


def _limited(span: Span, staff: Staff) -> Span:
    """What a person may have of what they ask for."""
    if sees_all(staff):
        return span
    return replace(span, department=staff.department.slug if staff.department else NONE)


@dataclass(frozen=True, slots=True)
class _One:
    """Some contacts of one local day at one department."""

    day: date
    department: str
    calls: int = 1
    visit: bool = False
    subject: str = ""


def _key_of(by: str) -> Callable[[_One], str]:
    if by == DEPARTMENT:
        return lambda one: one.department
    return lambda one: first_of(by, one.day).isoformat() if by == "week" else one.day.isoformat()


def _by(rows: list[_One], key: Callable[[_One], str]) -> dict[str, list[_One]]:
    found: defaultdict[str, list[_One]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def _calls_and_visits(rows: list[_One]) -> tuple[int, int]:
    visits = sum(row.visit for row in rows)
    return len(rows) - visits, visits


def _grouped(
    written: Mapping[str, int],
    registered: Mapping[str, list[_One]],
    marked: Mapping[str, list[_One]],
    counted: Mapping[str, list[_One]] | None,
) -> dict[str, Contacts]:
    keys = {*written, *registered, *marked, *(counted or {})}
    return {
        key: Contacts(
            {"": written[key]} if written.get(key) else {},
            *_calls_and_visits(registered.get(key, [])),
            counted=None if counted is None else sum(row.calls for row in counted.get(key, [])),
            would_have_phoned=len(marked.get(key, [])),
        )
        for key in sorted(keys)
    }


def _in_all(channels: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Question turns by channel, the telephone left out."""
    return {name: sum(parts.values()) for name, parts in channels.items() if name != PHONE}


def _by_part(channels: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Question turns by a part of the span, those of the telephone left out."""
    found = Counter[str]()
    for name, parts in channels.items():
        found.update(parts if name != PHONE else {})
    return {key: n for key, n in found.items() if n}


# --- What is read ---------------------------------------------------------------------------------


def _moments(span: Span) -> tuple[datetime, datetime]:
    """When the first day begins and the last is over, aware UTC."""
    after = span.last + timedelta(days=1)
    first, last = (datetime.combine(day, time(), STOCKHOLM) for day in (span.first, after))
    return utc(first), utc(last)


def _inside(span: Span) -> list[ColumnElement[bool]]:
    """The condition on `Case` that it began in a span and is of what was asked for."""
    first, after = _moments(span)
    said: list[ColumnElement[bool]] = [Case.opened_at >= first, Case.opened_at < after]
    if span.department == NONE:
        said.append(Case.department_id.is_(None))
    elif span.department is not None:
        said.append(Department.slug == span.department)
    if span.kind is not None:
        said.append(Case.kind == span.kind)
    return said


def contacts_behind(what: str, span: Span, staff: Staff, *, most: int) -> list[int]:
    """The cases behind a count, the first begun before, as far as a person may see them.

    `what`: "calls", "visits" or "would_have_phoned". Raises ValueError for any other.
    """
    if what not in BEHIND:
        raise ValueError(what)
    wanted = select(Case.id).outerjoin(Department, Department.id == Case.department_id)
    wanted = wanted.where(*_inside(span), visible_cases(staff))
    if span.channel is not None:
        wanted = wanted.where(Case.channel == span.channel)
    if what == "would_have_phoned":
        wanted = wanted.join(PhoneMark, PhoneMark.case_id == Case.id)
    else:
        wanted = wanted.join(Call, Call.case_id == Case.id).where(Call.visit == (what == "visits"))
    return list(db.session.scalars(wanted.order_by(Case.opened_at, Case.id).limit(most)))


def _registered(span: Span) -> list[_One]:
    """The calls and visits that were registered; with a channel asked for, those of that one."""
    if span.channel not in (None, PHONE):
        return []
    rows = db.session.execute(
        select(Case.opened_at, Department.slug, Call.visit)
        .join(Call, Call.case_id == Case.id)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(*_inside(span))
    )
    return [_One(to_local(at).date(), slug or NONE, visit=visit) for at, slug, visit in rows]


def _marked(span: Span) -> list[_One]:
    """The written cases that somebody marked "would have phoned"."""
    channel = () if span.channel is None else (Case.channel == span.channel,)
    rows = db.session.execute(
        select(Case.opened_at, Department.slug)
        .join(PhoneMark, PhoneMark.case_id == Case.id)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(*_inside(span), *channel)
    )
    return [_One(to_local(at).date(), slug or NONE) for at, slug in rows]


def _counted(span: Span) -> list[_One]:
    """The switchboard's own counts, hours and queues summed; whatever the channel asked for."""
    said: list[ColumnElement[bool]] = [CallCount.day >= span.first, CallCount.day <= span.last]
    if span.department == NONE:
        said.append(CallCount.department_id.is_(None))
    elif span.department is not None:
        said.append(Department.slug == span.department)
    key = (CallCount.day, Department.slug, CallCount.subject)
    rows = db.session.execute(
        select(CallCount.day, Department.slug, CallCount.subject, func.sum(CallCount.calls))
        .outerjoin(Department, Department.id == CallCount.department_id)
        .where(*said)
        .group_by(*key)
    )
    return [
        _One(day, slug or NONE, calls=int(calls), subject=subject)
        for day, slug, subject, calls in rows
    ]


# --- The website ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Visits to the website that began at a link; no persons, so one who comes twice is two.

    `social`: by the network that the link stood on, as Matomo calls it. `campaigns`: by the mark of
    our own answers' links. The same visit can be in both only if Matomo counts it so (it does not:
    a marked link is a campaign). `by_day`: (social, campaign) by day in ISO form. `days`: how many
    days of the span anything is known of.
    """

    social: Mapping[str, int]
    campaigns: Mapping[str, int]
    by_day: Mapping[str, tuple[int, int]]
    days: int


def arrivals(span: Span) -> Arrivals:
    """Visits to the city's website from links, of the days of a span; nothing else of it counts."""
    rows = db.session.execute(
        select(Arrival.day, Arrival.kind, Arrival.label, Arrival.visits).where(
            Arrival.day >= span.first, Arrival.day <= span.last
        )
    )
    by_kind: dict[str, Counter[str]] = {"social": Counter(), "campaign": Counter()}
    by_day: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for day, kind, label, visits in rows:
        counts = by_day[day.isoformat()]
        if label:
            by_kind[kind][label] += visits
            counts[kind == "campaign"] += visits
    return Arrivals(
        social=dict(by_kind["social"].most_common()),
        campaigns=dict(by_kind["campaign"].most_common()),
        by_day={day: (social, campaign) for day, (social, campaign) in sorted(by_day.items())},
        days=len(by_day),
    )
