"""Where the bars of a post's chart lie, and what each is called; the template draws them as SVG."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import format_date, gettext

from app.basics.clock import to_local
from app.inbox.posts import Flow
from app.web.charts import Frame
from app.web.looks import hour

FRAME = Frame(34, 12, 632, 128)
GAP = 0.2
"""The part of a bar's place that stays empty."""
WIDEST = 0.08
"""A bar is never wider than this share of the drawing: three bars are no walls."""
MOST_LABELS = 7


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: its place in the drawing's units, how many comments, its span in words, its label.

    `label` '': too close to the one before to have one.
    """

    x: float
    y: float
    width: float
    height: float
    count: int
    span: str
    label: str


def columns_of(flow: Flow) -> list[Column]:
    """The bars from left to right."""
    most = max((bar.count for bar in flow.bars), default=1)
    share = 1 / max(len(flow.bars), 1)
    every = -(-len(flow.bars) // MOST_LABELS)
    width = min(share * (1 - GAP), WIDEST) * (FRAME.right - FRAME.left)
    found = []
    for number, bar in enumerate(flow.bars):
        middle, top = FRAME.x((number + 0.5) * share), FRAME.y(bar.count / most)
        label = _label(bar.begins, flow.step) if number % every == 0 else ""
        found.append(
            Column(
                round(middle - width / 2, 1), top, round(width, 1), round(FRAME.bottom - top, 1),
                bar.count, span(bar.begins, flow.step), label,
            )
        )  # fmt: skip
    return found


def ticks(flow: Flow) -> list[tuple[float, int]]:
    """The numbers beside the drawing and where they stand: none, half (if whole) and the most."""
    most = max((bar.count for bar in flow.bars), default=1)
    numbers = [0, most // 2, most] if most > 1 and most % 2 == 0 else [0, most]
    return [(FRAME.y(number / most), number) for number in numbers]


def span(begins: datetime, step: str) -> str:
    """A bar's span in words: 23 nov kl. 08–09, 23 nov, vecka 48 (23 nov), november 2026."""
    local = to_local(begins)
    day = _day(begins)
    if step == "hour":
        ends = to_local(begins + timedelta(hours=1))
        return gettext("%(day)s kl. %(a)s–%(b)s", day=day, a=f"{local:%H}", b=f"{ends:%H}")
    if step == "week":
        week = local.isocalendar().week
        return gettext("vecka %(n)d (från %(day)s)", n=week, day=day)
    if step == "month":
        return str(format_date(local, format="LLLL y", rebase=False))
    return day


def _label(begins: datetime, step: str) -> str:
    local = to_local(begins)
    if step == "hour":
        return hour(begins)
    if step == "month":
        return str(format_date(local, format="MMM yy", rebase=False))
    return _day(begins)


def _day(begins: datetime) -> str:
    return str(format_date(to_local(begins), format="d MMM", rebase=False)).replace(".", "")
