"""The four figures that stand first, on the page, the paper and in the Monday letter.

Each is a figure of one of the tables, said with the same words.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.reports.cells import Count, Minutes, Share, points, said, whole
from app.reports.tallies import AGES
from app.reports.telling import Telling, median, ninth_tenth, share_on_time


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure: what it is, the figure, what belongs to it, and what it means.

    `table`: the key of the table that it stands in, with its definition. `good`: True when a goal
    is reached, False when not, None when there is none. `behind`: as of a cell.
    """

    title: str
    figure: str
    beside: str
    told: str
    table: str
    good: bool | None = None
    behind: Mapping[str, str] | None = None


def headlines(t: Telling) -> list[Headline]:
    """The figures in their order, each leading to its cases when it has any."""
    return [_on_time(t), _time(t), _unanswered(t), _right(t)]


def _figure(value: Share | Minutes | Count, t: Telling) -> tuple[str, str]:
    """The figure by itself and what stands small beside it."""
    told = said(value, t.say)
    if isinstance(value, Share):
        if value.tenths is None:
            fewest = t.say.gettext("För få svar för att räkna (under %(n)d)")
            beside = t.say.gettext("%(part)s av %(whole)s")
            both = {"part": whole(value.part), "whole": whole(value.whole)}
            return fewest % {"n": value.fewest}, beside % both
        figure, _, beside = told.partition(" (")
        return figure, beside.rstrip(")")
    if isinstance(value, Minutes) and value.told is None:
        fewest = t.say.gettext("För få svar för att räkna (under %(n)d)")
        return fewest % {"n": value.fewest}, ""
    return told, ""


def _on_time(t: Telling) -> Headline:
    """The share answered in time, against the goal and against the period before."""
    say, report = t.say, t.report
    now, before = Share(*report.total.share_on_time()), Share(*report.before.share_on_time())
    figure, beside = _figure(now, t)
    goal = {"n": f"{report.goal / 10:g}"}
    title = say.gettext("Besvarade i tid")
    behind = share_on_time(report.total).behind
    if now.tenths is None:
        told = say.gettext("Målet är %(n)s %%.") % goal
        return Headline(title, figure, beside, told, "tid", behind=behind)
    good = now.tenths >= report.goal
    told = (
        say.gettext("Målet %(n)s %% är nått.") if good else say.gettext("Under målet %(n)s %%.")
    ) % goal
    if before.tenths is not None:
        change = points(now.tenths - before.tenths, say)
        more = say.gettext("%(change)s procentenheter mot jämförelsen.")
        told = f"{told} {more % {'change': change}}"
    return Headline(title, figure, beside, told, "tid", good, behind)


def _time(t: Telling) -> Headline:
    """The median answering time and the ninth tenth."""
    say, total = t.say, t.report.total
    middle = median(total, "answering")
    figure, _ = _figure(_minutes(middle.value), t)
    tail = _minutes(ninth_tenth(total, "answering").value)
    nine = said(tail, say)
    told = (
        say.gettext("Nio av tio inom %(time)s.") % {"time": nine}
        if tail.told is not None
        else say.gettext("Nio av tio visas från %(n)d svar.") % {"n": tail.fewest}
    )
    before = _minutes(median(t.report.before, "answering").value)
    if before.told is not None:
        told += " " + say.gettext("Jämförelsen: %(time)s.") % {"time": said(before, say)}
    beside = say.gettext("median")
    title = say.gettext("Typisk svarstid")
    return Headline(title, figure, beside, told, "steg", behind=middle.behind)


def _minutes(value: object) -> Minutes:
    assert isinstance(value, Minutes)  # noqa: S101 - what `median` and `ninth_tenth` make
    return value


def _unanswered(t: Telling) -> Headline:
    """How many wait now, and how many of them too long."""
    say, every = t.say, t.report.open_by_age.values()
    left = sum(one.get(age, 0) for one in every for age in (*AGES, "older"))
    late, old = (sum(one.get(name, 0) for one in every) for name in ("late", "older"))
    told = say.gettext("%(late)s över tiden, %(old)s har väntat över en vecka.") % {
        "late": whole(late),
        "old": whole(old),
    }
    beside = say.gettext("just nu")
    title, behind = say.gettext("Obesvarade"), {"vad": "backlog"} if left else None
    return Headline(title, whole(left), beside, told, "alder", late == 0, behind)


def _right(t: Telling) -> Headline:
    """How often the first department was the right one; without it, how much was handed back."""
    say, report = t.say, t.report
    back = report.total.counts.get("handed_back", 0)
    told = say.gettext("%(n)s gånger lämnade en avdelning tillbaka.") % {"n": whole(back)}
    weeks = report.routing
    if not weeks:
        title = say.gettext("Lämnade tillbaka")
        told = say.gettext("Så många gånger har en avdelning tryckt Inte vår.")
        at = {"vad": "handed_back"} if back else None
        return Headline(title, whole(back), say.gettext("gånger"), told, "avdelningar", behind=at)
    share = Share(sum(one.right for one in weeks), sum(one.right_of for one in weeks))
    figure, beside = _figure(share, t)
    title, at = say.gettext("Rätt avdelning direkt"), {"vad": "routed_sure"}
    return Headline(title, figure, beside, told, "koppling", behind=at if share.whole else None)
