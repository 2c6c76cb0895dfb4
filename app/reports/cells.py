"""What stands in a report's tables: values of four sorts, and how each is said.

Screen, CSV, XLSX, PDF and letter all show these, rounded here and nowhere else. Words are Swedish
unless the catalogue that is given says otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from babel.support import NullTranslations

FEWEST = 10
"""A share or a median of fewer than this says nothing, and is not told."""
FEWEST_TAIL = 20
"""The same for the ninth tenth, which rests on the slowest two of twenty."""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain words."""

    text: str


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number of things; None is a thing that could not be counted."""

    n: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int
    fewest: int = FEWEST

    @property
    def tenths(self) -> int | None:
        """Tenths of a percent, halves upwards; None when it is of too few to be told."""
        if self.whole < max(self.fewest, 1):
            return None
        return (2000 * self.part + self.whole) // (2 * self.whole)


@dataclass(frozen=True, slots=True)
class Minutes:
    """A time in whole minutes, worked out of so many; not told when they are too few."""

    minutes: int | None
    of: int
    fewest: int = FEWEST

    @property
    def told(self) -> int | None:
        """The minutes, if they are worked out of enough."""
        return self.minutes if self.of >= self.fewest else None


Value = Text | Count | Share | Minutes


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, and where one may look behind it: the names of the address that lists the cases.

    `examples`: cases to open, as (number, reference).
    """

    value: Value
    behind: Mapping[str, str] | None = None
    examples: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, and the sort of its values."""

    head: str
    sort: type[Text] | type[Count] | type[Share] | type[Minutes] = Count


@dataclass(frozen=True, slots=True)
class Table:
    """One part of a report: what it is about, how it is counted, its columns and rows.

    The first cell of a row is what the row is about. `note` stands where there are no rows.
    """

    key: str
    title: str
    definition: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]] = ()
    note: str = ""


def said(value: Value, say: NullTranslations) -> str:
    """A value as it is read, with hard spaces where a line must not break."""
    if isinstance(value, Text):
        return value.text
    if isinstance(value, Count):
        return "–" if value.n is None else whole(value.n)
    if isinstance(value, Minutes):
        return _too_few(value.fewest, say) if value.told is None else span(value.told, say)
    shown = say.gettext("%(part)s av %(whole)s") % {
        "part": whole(value.part),
        "whole": whole(value.whole),
    }
    if value.tenths is None:
        return f"{_too_few(value.fewest, say)}: {shown}" if value.whole else _none(say)
    return f"{percent(value.tenths, say)} ({shown})"


def _none(say: NullTranslations) -> str:
    return say.gettext("inga")


def _too_few(fewest: int, say: NullTranslations) -> str:
    return say.gettext("för få (under %(n)d)") % {"n": fewest}


def whole(n: int) -> str:
    """A count with a narrow hard space between thousands."""
    return f"{n:,}".replace(",", "\u202f")


def percent(tenths: int, say: NullTranslations) -> str:
    """84,3 % from tenths of a percent, with a hard space."""
    shown = say.gettext("%(whole)d,%(tenth)d %%") % {"whole": tenths // 10, "tenth": tenths % 10}
    return shown.replace(" ", "\u00a0")


def points(tenths: int, say: NullTranslations) -> str:
    """A change in tenths of a percent, with its sign: +3,1 or −0,4."""
    sign = "−" if tenths < 0 else "+" if tenths else "±"
    whole_part, tenth = divmod(abs(tenths), 10)
    return sign + say.gettext("%(whole)d,%(tenth)d") % {"whole": whole_part, "tenth": tenth}


def span(minutes: int, say: NullTranslations) -> str:
    """40 min, 2 t 40 min, 104 t: nothing is rounded away."""
    hours, left = divmod(minutes, 60)
    told = [say.gettext("%(h)d t") % {"h": hours}] if hours else []
    if left or not hours:
        told.append(say.gettext("%(n)d min") % {"n": left})
    return " ".join(told).replace(" ", "\u00a0")


def day(at: date, language: str) -> str:
    """22 nov 2026."""
    return str(format_date(at, format="d MMM y", locale=language)).replace(".", "")
