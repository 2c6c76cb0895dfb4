"""The clock beside a case, and by when it shall be answered, in words.

Opening hours and goals are read from the database at most once a minute; a department's handlers
have its own hours before them, those who see all cases the city's.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from time import monotonic

from flask import current_app, g
from flask_babel import format_date, get_locale, gettext

from app.basics import clock
from app.models import Case
from app.people.hours import Times, times
from app.people.rights import sees_all
from app.web import words

SOON = timedelta(hours=1)
KEPT = 60.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What the small clock beside a case shows: its shape, its share filled (0-1), its words.

    `due`: by when it shall be answered, as a sentence; '' where nothing is due.
    """

    shape: str
    share: float
    text: str
    due: str = ""


def known_times() -> Times:
    """Opening hours and goals, at most a minute old."""
    kept = current_app.extensions.get("times")
    if kept is None or monotonic() - kept[0] > KEPT:
        kept = (monotonic(), times())
        current_app.extensions["times"] = kept
    found: Times = kept[1]
    return found


def forget_times() -> None:
    """Opening hours or goals have been changed here: read them anew."""
    current_app.extensions.pop("times", None)
    current_app.extensions.pop("late_before", None)


@lru_cache(maxsize=4096)
def _due(asked_at: datetime, department_id: int | None, channel: str, known: Times) -> datetime:
    return known.due(asked_at, department_id, channel)


def due_of(case: Case) -> datetime | None:
    """By when the one who waits shall be answered (aware UTC); None where nobody waits."""
    if case.waiting_since is None or case.no_answer_needed:
        return None
    return _due(case.waiting_since, case.department_id, case.channel, known_times())


def clock_of(case: Case) -> Clock:
    """How long there is left to the first answer by the department's goal, or how late it is."""
    if case.waiting_since is None:
        if not case.is_open:
            return Clock("done", 1.0, str(words.OUTCOMES.get(case.outcome or "", "")))
        return Clock("none", 0.0, str(words.STATES[case.state]))
    limit = due_of(case)
    if limit is None:
        return Clock("none", 0.0, gettext("inget krav"))
    now = clock.now()
    told = due_told(limit, now)
    if now > limit:
        return Clock("late", 1.0, gettext("%(time)s över", time=short_time(now - limit)), told)
    left = limit - now
    whole = max((limit - case.waiting_since).total_seconds(), 1.0)
    share = min(max(left.total_seconds() / whole, 0.0), 1.0)
    return Clock("soon" if left <= SOON else "", share, short_time(left), told)


def due_told(due: datetime, now: datetime) -> str:
    """By when, in words: besvaras i dag före 15.10, i morgon före 12.00, senast tis 7 apr 16.30."""
    today = clock.to_local(now).date().toordinal()
    return _told(due, due < now, today, str(get_locale() or "sv"))


@lru_cache(maxsize=4096)
def _told(due: datetime, late: bool, this_day: int, language: str) -> str:
    """The same, of a local day (its ordinal), in the reader's language."""
    local, today = clock.to_local(due), date.fromordinal(this_day)
    hour, day = f"{local:%H.%M}", _day(local.date().toordinal(), language)
    if late:
        said = hour if local.date() == today else f"{day} {hour}"
        return gettext("skulle ha besvarats %(when)s", when=said)
    if local.date() == today:
        return gettext("besvaras i dag före %(hour)s", hour=hour)
    if local.date() == today + timedelta(days=1):
        return gettext("besvaras i morgon före %(hour)s", hour=hour)
    return gettext("besvaras senast %(day)s %(hour)s", day=day, hour=hour)


@lru_cache(maxsize=512)
def _day(number: int, _language: str) -> str:
    """tis 7 apr, in the reader's language."""
    day = datetime.fromordinal(number).date()
    return str(format_date(day, format="EEE d MMM", rebase=False)).replace(".", "")


def short_time(span: timedelta) -> str:
    """40 min, 1 t 10, 6 t, 2 dagar."""
    minutes = max(int(span.total_seconds() // 60), 0)
    if minutes < 60:
        return gettext("%(n)d min", n=minutes)
    if minutes < 180:
        return gettext("%(h)d t %(m)02d", h=minutes // 60, m=minutes % 60)
    if minutes < 48 * 60:
        return gettext("%(h)d t", h=minutes // 60)
    return gettext("%(n)d dagar", n=minutes // (24 * 60))


def late_before() -> datetime:
    """A resident who has waited since before then has waited longer than today's goal (aware UTC).

    By the hours and goal of the department whose cases alone the person sees, else the city's.
    Worked out once a minute.
    """
    me = g.get("me")
    department = None if me is None or sees_all(me) else me.department_id
    kept = current_app.extensions.setdefault("late_before", {})
    found = kept.get(department)
    if found is None or monotonic() - found[0] > KEPT:
        before = known_times().late_before(clock.now(), department)
        found = kept[department] = (monotonic(), before)
    at: datetime = found[1]
    return at
