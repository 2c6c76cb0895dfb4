"""Opening hours of a Swedish municipality, and time counted within them.

Hours are local (Europe/Stockholm), every moment that goes in or out is aware UTC. Closed are
Saturdays, Sundays, the public holidays (lag 1989:253) and the eves on which a municipality is
closed although they are not red: Midsummer Eve, Christmas Eve, New Year's Eve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from app.basics.clock import STOCKHOLM, to_local, utc

Span = tuple[time, time]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE: Span = (time(8, 0), time(16, 30))
LONGEST_LOOK = 366
"""Days ahead that are searched for an opening before hours count as never open."""


class NeverOpen(ValueError):
    """These hours hold no opening within a year."""


@dataclass(frozen=True)
class OpeningHours:
    """Spans a day of the week, and days that differ (an empty tuple: closed)."""

    week: tuple[tuple[Span, ...], ...] = ((OFFICE,),) * 5 + ((), ())
    exceptions: tuple[tuple[date, tuple[Span, ...]], ...] = field(default=())
    holidays_closed: bool = True

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "OpeningHours":
        """Hours from {"mon": [["08:00", "16:30"]], ..., "2026-12-23": []}.

        Days left out are closed. Raises ValueError with a sentence for what cannot be.
        """
        week: list[tuple[Span, ...]] = [()] * 7
        exceptions = []
        for name, spans in values.items():
            read = _spans(name, spans)
            if name in DAYS:
                week[DAYS.index(name)] = read
                continue
            try:
                exceptions.append((date.fromisoformat(name), read))
            except ValueError:
                raise ValueError(f"{name!r} är varken en veckodag eller ett datum") from None
        return cls(tuple(week), tuple(sorted(exceptions)))

    def to_dict(self) -> dict[str, list[list[str]]]:
        """The same as `from_dict` reads."""
        days = dict(zip(DAYS, self.week, strict=True)) | {
            day.isoformat(): spans for day, spans in self.exceptions
        }
        return {
            name: [[f"{a:%H:%M}", f"{b:%H:%M}"] for a, b in spans] for name, spans in days.items()
        }


def _spans(name: str, spans: Sequence[Sequence[str]]) -> tuple[Span, ...]:
    try:
        read = tuple(sorted((time.fromisoformat(a), time.fromisoformat(b)) for a, b in spans))
    except (ValueError, TypeError):
        raise ValueError(f"tiderna för {name} ska se ut som 08:00 och 16:30") from None
    for number, (opens, closes) in enumerate(read):
        if opens >= closes:
            raise ValueError(f"{name} öppnar {opens:%H:%M} men stänger {closes:%H:%M}")
        if number and read[number - 1][1] > opens:
            raise ValueError(f"tiderna för {name} går in i varandra")
    return read


@lru_cache(maxsize=64)
def holidays_of(year: int) -> frozenset[date]:
    """The year's red days and the eves on which a municipality is closed."""
    import holidays

    return frozenset(holidays.country_holidays("SE", years=year, categories=("public", "de_facto")))


@lru_cache(maxsize=8192)
def open_intervals(day: date, hours: OpeningHours) -> tuple[tuple[datetime, datetime], ...]:
    """When it is open on a local day, as (opens, closes) in UTC, in order."""
    for other, spans in hours.exceptions:
        if other == day:
            return _in_utc(day, spans)
    if hours.holidays_closed and day in holidays_of(day.year):
        return ()
    return _in_utc(day, hours.week[day.weekday()])


def _in_utc(day: date, spans: Sequence[Span]) -> tuple[tuple[datetime, datetime], ...]:
    found = []
    for opens, closes in spans:
        begins = datetime.combine(day, opens, STOCKHOLM).astimezone(UTC)
        ends = datetime.combine(day, closes, STOCKHOLM).astimezone(UTC)
        if begins < ends:  # a span inside the hour that the spring shift takes is nothing
            found.append((begins, ends))
    return tuple(found)


def is_open(at: datetime, hours: OpeningHours) -> bool:
    """Whether it is open at this moment."""
    return any(a <= at < b for a, b in open_intervals(to_local(at).date(), hours))


def next_opening(at: datetime, hours: OpeningHours) -> datetime:
    """This moment if it is open, else when it opens next. Raises `NeverOpen`."""
    at, day = utc(at), to_local(at).date()
    for ahead in range(LONGEST_LOOK):
        for opens, closes in open_intervals(day + timedelta(days=ahead), hours):
            if at < closes:
                return max(at, opens)
    raise NeverOpen("de här öppettiderna har ingen öppning på ett år")


def open_time_between(start: datetime, end: datetime, hours: OpeningHours) -> timedelta:
    """How long it was open between two moments; nothing when `end` is not after `start`."""
    total = timedelta()
    if end <= start:
        return total
    day, last = to_local(start).date(), to_local(end).date()
    while day <= last:
        for opens, closes in open_intervals(day, hours):
            total += max(min(end, closes) - max(start, opens), timedelta())
        day += timedelta(days=1)
    return total


def add_open_time(start: datetime, span: timedelta, hours: OpeningHours) -> datetime:
    """The moment by which `span` of open time has passed since `start`. Raises `NeverOpen`."""
    at, left = utc(start), span
    while True:
        at = next_opening(at, hours)
        closes = next(b for a, b in open_intervals(to_local(at).date(), hours) if a <= at < b)
        if left <= closes - at:
            return at + left
        left -= closes - at
        at = closes


def one_working_day_limit(at: datetime, hours: OpeningHours) -> datetime:
    """A reply is within one working day until the end of the working day after `at`.

    What comes outside opening hours counts as come at the next opening. Raises `NeverOpen`.
    """
    counted = to_local(next_opening(at, hours)).date()
    for ahead in range(1, LONGEST_LOOK):
        intervals = open_intervals(counted + timedelta(days=ahead), hours)
        if intervals:
            return intervals[-1][1]
    raise NeverOpen("de här öppettiderna har ingen öppning på ett år")
