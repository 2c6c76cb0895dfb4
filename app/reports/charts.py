"""Drawings of a report: marks on a plane, drawn as SVG on the page and as such in the PDF.

Units are the drawing's own, y grows downwards. A mark says what it is (`look`), never a colour:
the page and the paper have a palette each. Every drawing tells in words what it shows, and stands
beside a table with the same figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

WIDTH = 640.0
MOST_LABELS = 14
SERIES = ("c1", "c2", "c3", "c4")
HEATS = 8
"""Shades of the map of weekdays and hours, besides none."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    look: str

    @property
    def path(self) -> str:
        """The same as an SVG path."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in self.points)


@dataclass(frozen=True, slots=True)
class Bar:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    look: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point; `open` when it is not final."""

    x: float
    y: float
    look: str


@dataclass(frozen=True, slots=True)
class Label:
    """Words; `anchor` is start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    look: str = ""


Mark = Stroke | Bar | Dot | Label


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its name, what it shows in words, and what its series are called."""

    key: str
    title: str
    desc: str
    height: float
    marks: list[Mark] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)
    """(look, words) for each series."""


@dataclass(frozen=True, slots=True)
class Point:
    """A share at a time: its name, tenths of a percent (None: too few to tell), how it is said."""

    name: str
    tenths: int | None
    said: str


@dataclass(frozen=True, slots=True)
class Pile:
    """One bar: its name, and how much of each series it holds, from the bottom."""

    name: str
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values 0-1 lie."""

    left: float = 40.0
    top: float = 14.0
    right: float = 586.0
    bottom: float = 192.0

    def x(self, share: float) -> float:
        return round(self.left + share * (self.right - self.left), 1)

    def y(self, share: float) -> float:
        return round(self.bottom - share * (self.bottom - self.top), 1)


def share_line(
    chart: Chart, points: Sequence[Point], *, goal: int, goal_said: str, running: bool
) -> Chart:
    """Shares over time with the line of the goal (tenths of a percent).

    The line breaks where a share is not told. A filled point has reached the goal; with `running`
    the last one is a square, for its week is not over.
    """
    frame = _Frame()
    told = [point.tenths for point in points if point.tenths is not None]
    low = min([*told, goal, 900]) // 100 * 100

    def y(tenths: int) -> float:
        return frame.y((tenths - low) / (1000 - low))

    for mark in range(low, 1001, 100 if low >= 500 else 200):
        chart.marks.extend(_grid(frame, y(mark), str(mark // 10)))
    chart.marks.append(Stroke(((frame.left, y(goal)), (frame.right, y(goal))), "goal"))
    chart.marks.append(Label(frame.right + 8, y(goal) + 4, goal_said, "start", "strong"))
    placed = [
        (frame.x(number / max(len(points) - 1, 1)), point) for number, point in enumerate(points)
    ]
    for is_told, group in groupby(placed, key=lambda one: one[1].tenths is not None):
        if is_told:
            line = tuple((x, y(one.tenths or 0)) for x, one in group)
            chart.marks.append(Stroke(line if len(line) > 1 else line * 2, "line"))
    for x, point in placed:
        if point.tenths is not None:
            last = running and point is points[-1]
            look = "running" if last else "reached" if point.tenths >= goal else "below"
            chart.marks.append(Dot(x, y(point.tenths), look))
    chart.marks.extend(_names([(x, point.name) for x, point in placed], frame))
    return chart


def piles(chart: Chart, bars: Sequence[Pile], *, series: Sequence[str] = ()) -> Chart:
    """Bars of one or several series upon each other, each with its sum above."""
    frame = _Frame(bottom=180.0)
    most = max((sum(bar.parts) for bar in bars), default=0)
    step = _step_of(most)
    top = max(-(-most // step), 1) * step
    for mark in range(0, top + 1, step):
        chart.marks.extend(_grid(frame, frame.y(mark / top), str(mark)))
    wide = (frame.right - frame.left) / max(len(bars), 1)
    placed = []
    for number, bar in enumerate(bars):
        left = frame.left + number * wide + wide * 0.18
        placed.append((round(left + wide * 0.32, 1), bar.name))
        below = 0
        for place, part in enumerate(bar.parts):
            foot, head = frame.y(below / top), frame.y((below + part) / top)
            if part:
                height = round(foot - head, 1)
                chart.marks.append(
                    Bar(round(left, 1), head, round(wide * 0.64, 1), height, SERIES[place])
                )
            below += part
        if len(bars) <= MOST_LABELS:
            chart.marks.append(
                Label(placed[-1][0], frame.y(below / top) - 5, str(below), look="strong")
            )
    chart.marks.extend(_names(placed, frame))
    chart.legend.extend(zip(SERIES, series, strict=False))
    return chart


def heat(chart: Chart, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]]) -> Chart:
    """A map of counts: one row of squares a weekday, darker for more, each with its count."""
    left, top, wide, high = 44.0, 24.0, 48.0, 26.0
    most = max((n for _name, counts in rows for n in counts), default=0)
    for place, head in enumerate(heads):
        chart.marks.append(Label(left + (place + 0.5) * wide, 15, head))
    for down, (name, counts) in enumerate(rows):
        y = top + down * (high + 4)
        chart.marks.append(Label(left - 8, y + 17, name, "end"))
        for place, n in enumerate(counts):
            shade = -(-n * HEATS // most) if n else 0
            chart.marks.append(Bar(left + place * wide, y, wide - 3, high, f"heat{shade}"))
            dark = "on-dark" if shade > HEATS // 2 else "on-light"
            chart.marks.append(Label(left + (place + 0.5) * wide - 1.5, y + 17, str(n), look=dark))
    return chart


def _grid(frame: _Frame, y: float, name: str) -> list[Mark]:
    """A line across, with its value at the left."""
    line = Stroke(((frame.left, y), (frame.right, y)), "grid")
    return [line, Label(frame.left - 6, y + 4, name, "end")]


def _step_of(most: int) -> int:
    """How far apart the lines are so that there are at most six: 1, 2 or 5 times a power of ten."""
    step = 1
    while most / step > 5:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def _names(placed: Sequence[tuple[float, str]], frame: _Frame) -> list[Mark]:
    """The names under a drawing; every second or third when there are many."""
    every = -(-len(placed) // MOST_LABELS)
    last = len(placed) - 1
    return [
        Label(x, frame.bottom + 18, name)
        for number, (x, name) in enumerate(placed)
        if (last - number) % every == 0
    ]
