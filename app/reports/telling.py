"""With what a report is put to words: the language, and what things are called in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from babel.support import NullTranslations

from app.channels.base import all_channels
from app.reports.cells import FEWEST_TAIL, Cell, Count, Minutes, Share, day
from app.reports.figures import Report
from app.reports.periods import Days
from app.reports.tallies import NONE, Tallied

PERCENTILE = 90
OF_THE_ANSWERED = ("waiting", "answering", "handling")
"""What is measured of every question that was answered, and of no other."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A report and the words for it; `departments`: what each is called, by slug."""

    report: Report
    say: NullTranslations
    language: str
    departments: Mapping[str, str]
    city: str
    prefix: str
    kinds: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        say = self.say
        kinds = {
            "fråga": say.gettext("Fråga"),
            "synpunkt": say.gettext("Synpunkt"),
            "felanmälan": say.gettext("Felanmälan"),
            "beröm": say.gettext("Beröm"),
            "övrigt": say.gettext("Övrigt"),
            "": say.gettext("Ingen typ"),
        }
        object.__setattr__(self, "kinds", kinds)

    def department(self, slug: str) -> str:
        """What a department is called; the turns of none have a name too."""
        if slug == NONE:
            return self.say.gettext("Ingen avdelning")
        return self.departments.get(slug, slug)

    def channel(self, name: str) -> str:
        """What staff call a channel."""
        channel = all_channels().get(name)
        return channel.label if channel else name

    def days(self, days: Days) -> str:
        """24 aug 2026 – 15 nov 2026."""
        return days_said(days, self.language)

    def week(self, monday: str) -> str:
        """v. 47, with its year when the period holds more than one."""
        at = date.fromisoformat(monday).isocalendar()
        asked = self.report.asked.days
        years = {asked.first.isocalendar().year, asked.last.isocalendar().year}
        told = self.say.gettext("v. %(n)s") % {"n": at.week}
        return f"{told} {at.year}" if len(years) > 1 else told


def days_said(days: Days, language: str) -> str:
    """24 aug 2026 – 15 nov 2026."""
    return f"{day(days.first, language)} – {day(days.last, language)}"


def days_behind(days: Days) -> dict[str, str]:
    """The names of an address that say these days."""
    return {"fran": days.first.isoformat(), "till": days.last.isoformat()}


def week_behind(monday: str, within: Days) -> dict[str, str]:
    """The same for the part of a week that lies within a period."""
    first = date.fromisoformat(monday)
    last = min(first + timedelta(days=6), within.last)
    return days_behind(Days(max(first, within.first), last))


def count(tallied: Tallied, name: str, behind: Mapping[str, str] | None = None) -> Cell:
    """A count by its name, leading to its cases."""
    n = tallied.counts.get(name, 0)
    return Cell(Count(n), {"vad": name, **(behind or {})} if n else None)


def share_on_time(tallied: Tallied, behind: Mapping[str, str] | None = None) -> Cell:
    """The share answered in time, leading to all that it is of."""
    part, whole = tallied.share_on_time()
    return Cell(Share(part, whole), {"vad": "due", **(behind or {})} if whole else None)


def median(tallied: Tallied, measure: str, behind: Mapping[str, str] | None = None) -> Cell:
    """The middle time of a measure, leading to all that it was measured of."""
    n = tallied.number_of(measure)
    return Cell(Minutes(tallied.median(measure), n), measured(measure, behind) if n else None)


def number_of(tallied: Tallied, measure: str) -> Cell:
    """How many turns a measure is of, leading to them."""
    n = tallied.number_of(measure)
    return Cell(Count(n), measured(measure) if n else None)


def measured(measure: str, behind: Mapping[str, str] | None = None) -> dict[str, str]:
    """The names of an address that lists all that a measure is of."""
    name = "answered" if measure in OF_THE_ANSWERED else f"measured:{measure}"
    return {"vad": name, **(behind or {})}


def ninth_tenth(tallied: Tallied, measure: str, behind: Mapping[str, str] | None = None) -> Cell:
    """The time that nine of ten did not exceed, leading to the cases that took longer."""
    minutes = tallied.percentile(measure, PERCENTILE)
    value = Minutes(minutes, tallied.number_of(measure), FEWEST_TAIL)
    if value.told is None:
        return Cell(value)
    return Cell(value, {"vad": f"more:{measure}:{minutes}", **(behind or {})})
