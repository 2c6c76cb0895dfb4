"""The days that a report is about, and the days that it is held against.

Days are of Europe/Stockholm, first and last both counted. What is held against always begins on
the same weekday, so that as many Mondays and weekends lie in both.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

LONGEST = 731
"""Days of the longest period one may ask for."""
A_YEAR = timedelta(weeks=52)


class Period(StrEnum):
    """What one chooses among; the values stand in addresses."""

    WEEK = "vecka"
    FOUR_WEEKS = "4veckor"
    QUARTER = "kvartal"
    YEAR = "ar"
    OWN = "egna"


class Against(StrEnum):
    """What a period is held against."""

    BEFORE = "fore"
    YEAR_BEFORE = "aret-fore"


WEEKS = {Period.WEEK: 1, Period.FOUR_WEEKS: 4, Period.QUARTER: 13, Period.YEAR: 52}


class BadPeriod(Exception):
    """The days cannot be a period; `why`: not_days, backwards, ahead or long."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day to the last."""

    first: date
    last: date

    @property
    def count(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def moved(self, by: timedelta) -> "Days":
        """So much earlier."""
        return Days(self.first - by, self.last - by)


def days_of(period: Period, today: date, first: str = "", last: str = "") -> Days:
    """The days of a period that ends today; own ones are ISO dates. Raises `BadPeriod`.

    A week begins on Monday, and the one that runs is counted among the weeks.
    """
    if period == Period.OWN:
        return _own(first, last, today)
    monday = today - timedelta(days=today.weekday())
    return Days(monday - timedelta(weeks=WEEKS[period] - 1), today)


def _own(first: str, last: str, today: date) -> Days:
    try:
        days = Days(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise BadPeriod("not_days") from None
    if days.first > days.last:
        raise BadPeriod("backwards")
    if days.first > today:
        raise BadPeriod("ahead")
    days = Days(days.first, min(days.last, today))
    if days.count > LONGEST:
        raise BadPeriod("long")
    return days


def to_sunday(day: date) -> date:
    """The last day of the week that a day lies in."""
    return day + timedelta(days=6 - day.weekday())


def held_against(days: Days, how: Against, *, whole_weeks: bool = False) -> Days:
    """As many days before: just before, in whole weeks, or 52 weeks earlier.

    With `whole_weeks` a week that is not over is held against a whole one.
    """
    if whole_weeks:
        days = Days(days.first, to_sunday(days.last))
    if how == Against.YEAR_BEFORE:
        weeks = -(-days.count // A_YEAR.days)
        return days.moved(A_YEAR * weeks)
    return days.moved(timedelta(weeks=-(-days.count // 7)))
