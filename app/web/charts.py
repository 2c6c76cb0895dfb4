"""Where the points of the routing page's two charts lie; the templates draw them as SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

from app.basics.clock import to_local
from app.reports.routing import Bin, Share, Week
from app.web.sureness import percent


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a drawing that the values 0-1 span, in the drawing's own units."""

    left: float
    top: float
    right: float
    bottom: float

    def x(self, share: float) -> float:
        """Where a value lies from the left."""
        return round(self.left + share * (self.right - self.left), 1)

    def y(self, share: float) -> float:
        """Where a value lies from the top; 1 is at the top."""
        return round(self.bottom - share * (self.bottom - self.top), 1)


WEEKS_FRAME = Frame(40, 14, 584, 192)
CERTAINTY_FRAME = Frame(48, 16, 464, 352)
SMALLEST, LARGEST = 5.0, 16.0
"""Radius of a point of the fewest and of the most cases."""
MOST_LABELS = 14


@dataclass(frozen=True, slots=True)
class Point:
    """A value on a line; `open`: the week is not over."""

    x: float
    y: float
    said: str
    open: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line that breaks where a week has too few cases to tell a share."""

    path: str
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Dot:
    """One range of certainty: where it lies, how large, how many cases, where their number goes."""

    x: float
    y: float
    radius: float
    count: int
    label_y: float


def line_of(weeks: Sequence[Week], share_of: Callable[[Week], Share]) -> Line:
    """The line of one share over the weeks."""
    path, points, pen_up = "", [], True
    for number, week in enumerate(weeks):
        share = share_of(week).of
        if share is None:
            pen_up = True
            continue
        x, y = week_x(number, len(weeks)), WEEKS_FRAME.y(share)
        path += f"{'M' if pen_up else 'L'}{x} {y}"
        points.append(Point(x, y, percent(share), number == len(weeks) - 1))
        pen_up = False
    return Line(path, points)


def week_x(number: int, weeks: int) -> float:
    """Where a week lies from the left."""
    return WEEKS_FRAME.x(number / max(weeks - 1, 1))


def week_labels(weeks: Sequence[Week]) -> list[tuple[float, str]]:
    """ISO week numbers and where they stand; every second or third when there are many."""
    every = -(-len(weeks) // MOST_LABELS)
    last = len(weeks) - 1
    return [
        (week_x(number, len(weeks)), week_number(week))
        for number, week in enumerate(weeks)
        if (last - number) % every == 0
    ]


def week_number(week: Week) -> str:
    """The ISO week's number, as Swedes name weeks."""
    return str(to_local(week.monday).isocalendar().week)


def dots_of(bins: Sequence[Bin]) -> list[Dot]:
    """The ranges of certainty that hold enough cases, as points of a size that tells how many."""
    enough = [(one, one.right.of) for one in bins]
    most = max((one.right.whole for one in bins), default=1)
    dots = []
    for one, share in enough:
        if share is None:
            continue
        x, y = CERTAINTY_FRAME.x(one.certainty), CERTAINTY_FRAME.y(share)
        radius = round(max(LARGEST * sqrt(one.right.whole / most), SMALLEST), 1)
        # the number stands above its point, or below where the frame ends
        above = y - radius - 5 > CERTAINTY_FRAME.top
        label_y = y - radius - 5 if above else y + radius + 13
        dots.append(Dot(x, y, radius, one.right.whole, round(label_y, 1)))
    return dots
