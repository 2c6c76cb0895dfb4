"""Opening hours of a Swedish municipality, and time counted within them.

Hours are local (Europe/Stockholm), every moment that goes in or out is aware UTC. Closed are
Saturdays, Sundays, the public holidays (lag 1989:253) and the eves on which a municipality is
closed although they are not red: Midsummer Eve, Christmas Eve, New Year's Eve. Which other days
are short, and whether squeeze days are worked, each municipality says for itself.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Protocol

from app.basics.clock import STOCKHOLM, to_local, utc

Span = tuple[time, time]
Week = tuple[tuple[Span, ...], ...]
Interval = tuple[datetime, datetime]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHORT_DAYS = (
    "trettondagsafton",
    "skartorsdagen",
    "valborgsmassoafton",
    "fore_kristi",
    "fore_allhelgona",
)
"""Days before red ones on which many municipalities close early."""
OFFICE: Span = (time(8, 0), time(16, 30))
LONGEST_LOOK = 366
"""Days ahead that are searched for an opening before hours count as never open."""
A_DAY = timedelta(days=1)


class NeverOpen(ValueError):
    """These hours hold no opening within a year."""


class Hours(Protocol):
    """What time can be counted in: `OpeningHours`, or a `Calendar` of its versions."""

    def intervals(self, day: date) -> tuple[Interval, ...]:
        """When it is open on a local day, as (opens, closes) in UTC, in order."""
        ...


@dataclass(frozen=True)
class Summer:
    """Other hours for a part of every year, both days counted, as (month, day)."""

    first: tuple[int, int]
    last: tuple[int, int]
    week: Week

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.first <= (day.month, day.day) <= self.last


@dataclass(frozen=True)
class OpeningHours:
    """Spans a day of the week, and what differs (an empty tuple: closed).

    A day is, in this order: an exception; closed when it is red (`closed`; None: as the holidays
    package says, or never without `holidays_closed`); else the week's (the summer's) day, cut where
    a short or squeeze day closes.
    `squeeze`: when a single working day between free ones closes; None like any other, midnight
    (00:00) not open at all.
    """

    week: Week = ((OFFICE,),) * 5 + ((), ())
    exceptions: tuple[tuple[date, tuple[Span, ...]], ...] = field(default=())
    holidays_closed: bool = True
    closed: frozenset[date] | None = None
    summer: Summer | None = None
    short: tuple[tuple[str, time], ...] = ()
    squeeze: time | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "OpeningHours":
        """Hours from {"mon": [["08:00", "16:30"]], ..., "2026-12-23": []}.

        Beside days: "summer": {"from": "06-15", "to": "08-15", "mon": ...}, "squeeze": "closed" or
        an hour, "short": {"skartorsdagen": "12:00"}. Days left out are closed. Raises ValueError
        with a sentence for what cannot be.
        """
        special = {name: values[name] for name in ("summer", "short", "squeeze") if name in values}
        days = {name: spans for name, spans in values.items() if name not in special}
        exceptions = [(_date(name), _spans(name, days[name])) for name in days if name not in DAYS]
        squeeze = special.get("squeeze")
        return cls(
            _week(days),
            tuple(sorted(exceptions)),
            summer=_summer(special["summer"]) if special.get("summer") else None,
            short=tuple(sorted(_short(special.get("short") or {}))),
            squeeze=None if not squeeze else time() if squeeze == "closed" else _hour(squeeze),
        )

    def to_dict(self) -> dict[str, Any]:
        """The same as `from_dict` reads."""
        told: dict[str, Any] = dict(zip(DAYS, map(_written, self.week), strict=True))
        told |= {day.isoformat(): _written(spans) for day, spans in self.exceptions}
        if self.summer is not None:
            edges = {"from": "{:02}-{:02}".format(*self.summer.first),
                     "to": "{:02}-{:02}".format(*self.summer.last)}  # fmt: skip
            told["summer"] = edges | dict(zip(DAYS, map(_written, self.summer.week), strict=True))
        if self.short:
            told["short"] = {name: f"{closes:%H:%M}" for name, closes in self.short}
        if self.squeeze is not None:
            told["squeeze"] = f"{self.squeeze:%H:%M}" if self.squeeze != time() else "closed"
        return told

    def intervals(self, day: date) -> tuple[Interval, ...]:
        """When it is open on a local day, as (opens, closes) in UTC, in order."""
        return open_intervals(day, self)

    def spans(self, day: date) -> tuple[Span, ...]:
        """The same by the clock on the wall."""
        for other, spans in self.exceptions:
            if other == day:
                return spans
        if self._is_red(day):
            return ()
        spans = self._usual(day)
        for name, closes in self.short:
            if day == short_day(name, day.year):
                spans = _until(spans, closes)
        if self.squeeze is not None and spans and self._is_squeezed(day):
            spans = _until(spans, self.squeeze)
        return spans

    def _usual(self, day: date) -> tuple[Span, ...]:
        summer = self.summer is not None and self.summer.holds(day)
        week = self.summer.week if summer and self.summer else self.week
        return week[day.weekday()]

    def _is_red(self, day: date) -> bool:
        if self.closed is not None:
            return day in self.closed
        return self.holidays_closed and day in holidays_of(day.year)

    def _is_squeezed(self, day: date) -> bool:
        """A working day with a free one on both sides, of which at least one is red."""
        beside = (day - A_DAY, day + A_DAY)
        free = [self._is_red(one) or not self._usual(one) for one in beside]
        return all(free) and any(self._is_red(one) and one.weekday() < 5 for one in beside)


class Calendar:
    """Opening hours with their versions: each day is measured with the one valid on it."""

    def __init__(self, versions: Sequence[tuple[date, int, OpeningHours]]) -> None:
        """Versions as (valid from, number, hours); the earliest also holds before its day."""
        self.versions = sorted(versions, key=lambda one: one[0])
        self._firsts = [one[0] for one in self.versions]
        self._days: dict[date, tuple[Interval, ...]] = {}

    def version_on(self, day: date) -> tuple[date, int, OpeningHours]:
        """The version that is valid on a local day."""
        return self.versions[max(bisect_right(self._firsts, day) - 1, 0)]

    def intervals(self, day: date) -> tuple[Interval, ...]:
        """When it is open on a local day, as (opens, closes) in UTC, in order."""
        known = self._days.get(day)
        if known is None:
            known = self._days[day] = _in_utc(day, self.version_on(day)[2].spans(day))
        return known


# --- Reading and writing hours --------------------------------------------------------------------


def _hour(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except (ValueError, TypeError):
        raise ValueError(f"{text!r} är inget klockslag, skriv som 12:00") from None


def _date(name: str) -> date:
    try:
        return date.fromisoformat(name)
    except ValueError:
        raise ValueError(f"{name!r} är varken en veckodag eller ett datum") from None


def _week(values: Mapping[str, Any]) -> Week:
    return tuple(_spans(name, values.get(name, ())) for name in DAYS)


def _short(values: Mapping[str, str]) -> list[tuple[str, time]]:
    unknown = set(values) - set(SHORT_DAYS)
    if unknown:
        raise ValueError(f"{min(unknown)!r} är ingen känd dag före en röd dag")
    return [(name, _hour(closes)) for name, closes in values.items() if closes]


def _summer(values: Mapping[str, Any]) -> Summer:
    edges = []
    for name in ("from", "to"):
        try:
            day = date.fromisoformat(f"2000-{values[name]}")
        except (ValueError, KeyError, TypeError):
            raise ValueError("sommartiden behöver en första och en sista dag, som 06-15") from None
        edges.append((day.month, day.day))
    if edges[0] > edges[1]:
        raise ValueError("sommartiden ska börja före den slutar")
    return Summer(edges[0], edges[1], _week(values))


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


def _written(spans: Sequence[Span]) -> list[list[str]]:
    return [[f"{opens:%H:%M}", f"{closes:%H:%M}"] for opens, closes in spans]


def _until(spans: Sequence[Span], closes: time) -> tuple[Span, ...]:
    return tuple((opens, min(ends, closes)) for opens, ends in spans if opens < closes)


# --- Days -----------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def holidays_of(year: int) -> frozenset[date]:
    """The year's red days and the eves on which a municipality is closed."""
    import holidays

    return frozenset(holidays.country_holidays("SE", years=year, categories=("public", "de_facto")))


@lru_cache(maxsize=64)
def easter(year: int) -> date:
    """Easter Sunday (Gauss's rule as Meeus and others give it, for the Gregorian calendar)."""
    golden, century, rest = year % 19, year // 100, year % 100
    moon = (19 * golden + century - century // 4 - (8 * century + 13) // 25 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=512)
def short_day(name: str, year: int) -> date:
    """The day of a year that one of SHORT_DAYS is."""
    match name:
        case "trettondagsafton":
            return date(year, 1, 5)
        case "skartorsdagen":
            return easter(year) - 3 * A_DAY
        case "valborgsmassoafton":
            return date(year, 4, 30)
        case "fore_kristi":  # the day before Ascension
            return easter(year) + 38 * A_DAY
        case "fore_allhelgona":  # the Friday before All Saints, the Saturday of 31 Oct to 6 Nov
            first = date(year, 10, 30)
            return first + ((4 - first.weekday()) % 7) * A_DAY
        case _:
            raise ValueError(f"{name!r} är ingen känd dag före en röd dag")


@lru_cache(maxsize=8192)
def open_intervals(day: date, hours: Hours) -> tuple[Interval, ...]:
    """When it is open on a local day, as (opens, closes) in UTC, in order."""
    if isinstance(hours, OpeningHours):
        return _in_utc(day, hours.spans(day))
    return hours.intervals(day)


def _in_utc(day: date, spans: Sequence[Span]) -> tuple[Interval, ...]:
    found = []
    for opens, closes in spans:
        begins = datetime.combine(day, opens, STOCKHOLM).astimezone(UTC)
        ends = datetime.combine(day, closes, STOCKHOLM).astimezone(UTC)
        if begins < ends:  # a span inside the hour that the spring shift takes is nothing
            found.append((begins, ends))
    return tuple(found)


# --- Counting -------------------------------------------------------------------------------------


def is_open(at: datetime, hours: Hours) -> bool:
    """Whether it is open at this moment."""
    return any(a <= at < b for a, b in hours.intervals(to_local(at).date()))


def next_opening(at: datetime, hours: Hours) -> datetime:
    """This moment if it is open, else when it opens next. Raises `NeverOpen`."""
    at, day = utc(at), to_local(at).date()
    for ahead in range(LONGEST_LOOK):
        for opens, closes in hours.intervals(day + timedelta(days=ahead)):
            if at < closes:
                return max(at, opens)
    raise NeverOpen("de här öppettiderna har ingen öppning på ett år")


def open_time_between(start: datetime, end: datetime, hours: Hours) -> timedelta:
    """How long it was open between two moments; nothing when `end` is not after `start`."""
    total = timedelta()
    if end <= start:
        return total
    day, last = to_local(start).date(), to_local(end).date()
    while day <= last:
        for opens, closes in hours.intervals(day):
            if opens < end and closes > start:
                total += min(end, closes) - max(start, opens)
        day += A_DAY
    return total


def add_open_time(start: datetime, span: timedelta, hours: Hours) -> datetime:
    """The moment by which `span` of open time has passed since `start`. Raises `NeverOpen`."""
    at, left = utc(start), span
    while True:
        at = next_opening(at, hours)
        closes = next(b for a, b in hours.intervals(to_local(at).date()) if a <= at < b)
        if left <= closes - at:
            return at + left
        left -= closes - at
        at = closes


def before_open_time(end: datetime, span: timedelta, hours: Hours) -> datetime:
    """The latest moment since which at least `span` of open time has passed at `end`.

    Raises `NeverOpen`.
    """
    end, left = utc(end), span
    day = to_local(end).date()
    for back in range(LONGEST_LOOK):
        for opens, closes in reversed(hours.intervals(day - timedelta(days=back))):
            passed = min(end, closes) - opens
            if passed >= left:
                return opens + (passed - left)
            left -= max(passed, timedelta())
    raise NeverOpen("de här öppettiderna har ingen öppning på ett år")


def working_days_limit(at: datetime, days: int, hours: Hours) -> datetime:
    """A reply is within so many working days until the end of that working day after `at`.

    What comes outside opening hours counts as come at the next opening. Raises `NeverOpen`.
    """
    counted, left = to_local(next_opening(at, hours)).date(), days
    for ahead in range(1, LONGEST_LOOK):
        intervals = hours.intervals(counted + timedelta(days=ahead))
        left -= bool(intervals)
        if not left:
            return intervals[-1][1]
    raise NeverOpen("de här öppettiderna har ingen öppning på ett år")


def one_working_day_limit(at: datetime, hours: Hours) -> datetime:
    """Until when a reply is within one working day; see `working_days_limit`."""
    return working_days_limit(at, 1, hours)
