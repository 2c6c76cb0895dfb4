"""The drawings of a report, each beside the table that holds the same figures."""

from app.reports.cells import Share, percent, said, span, whole
from app.reports.charts import Chart, Pile, Point, heat, piles, share_line
from app.reports.tables_inflow import HOURS, asked_at, out_of_hours, weekdays
from app.reports.tables_times import BINS, age_names, bin_names, bins_of
from app.reports.telling import Telling

MOST_CHANNELS = 4
"""Series that can be told apart; the smallest channels share the last one."""


def drawings(t: Telling) -> dict[str, Chart]:
    """Every drawing by the key of its table; none where there is nothing to draw."""
    made = {"fordelning": distribution(t), "alder": backlog(t)}
    if any(one.counts.get("asked") for one in t.report.weeks.values()):
        made |= {"veckor": weeks(t), "kanaler": channels(t), "timmar": hours(t)}
    return made


def _short(t: Telling, monday: str) -> str:
    return t.week(monday).split()[1]


def weeks(t: Telling) -> Chart:
    """The share answered in time, with the line of the goal."""
    say, report = t.say, t.report
    points, told = [], []
    for monday, one in report.weeks.items():
        share = Share(*one.share_on_time())
        points.append(Point(_short(t, monday), share.tenths, said(share, say)))
        told.append(f"{t.week(monday)}: {said(share, say)}.")
    goal = percent(report.goal, say)
    chart = Chart(
        "veckor",
        say.gettext("Andel besvarade i tid, vecka för vecka"),
        say.gettext("Målet är %(goal)s.") % {"goal": goal} + " " + " ".join(told),
        222.0,
    )
    running = report.asked.days.last.weekday() < 6
    short = say.gettext("Mål %(n)s") % {"n": f"{report.goal / 10:g}"}
    return share_line(chart, points, goal=report.goal, goal_said=short, running=running)


def channels(t: Telling) -> Chart:
    """What came in, week by week, in piles of channels."""
    say, found = t.say, t.report.channels

    def asked(name: str, monday: str) -> int:
        return found[name].get(monday, 0)

    sums = {name: sum(asked(name, monday) for monday in t.report.weeks) for name in found}
    most = sorted(sums, key=lambda name: (-sums[name], name))
    groups = [[name] for name in most[: MOST_CHANNELS - 1]]
    groups += [most[MOST_CHANNELS - 1 :]] if len(most) >= MOST_CHANNELS else []
    names = [", ".join(map(t.channel, group)) for group in groups]
    bars = [
        Pile(_short(t, monday), tuple(sum(asked(n, monday) for n in group) for group in groups))
        for monday in t.report.weeks
    ]
    told = [
        f"{name}: {whole(sum(sums[one] for one in group))}."
        for name, group in zip(names, groups, strict=True)
    ]
    chart = Chart("kanaler", say.gettext("Inkomna per vecka och kanal"), " ".join(told), 210.0)
    return piles(chart, bars, series=names)


def distribution(t: Telling) -> Chart:
    """How many were answered within how long."""
    names, counts = bin_names(t), bins_of(t.report.total)
    told = [f"{name}: {whole(n)}." for name, n in zip(names, counts, strict=True)]
    # under a bar there is room for its longest time alone; the table has the whole name
    short = [*(span(edge, t.say) for edge in BINS), f"> {span(BINS[-1], t.say)}"]
    bars = [Pile(name, (n,)) for name, n in zip(short, counts, strict=True)]
    chart = Chart(
        "fordelning", t.say.gettext("Besvarade frågor efter svarstid"), " ".join(told), 210.0
    )
    return piles(chart, bars)


def hours(t: Telling) -> Chart:
    """The map of the week."""
    rows = [
        (name, [asked_at(t, day, hour) for hour in HOURS]) for day, name in enumerate(weekdays(t))
    ]
    share = out_of_hours(t)
    chart = Chart(
        "timmar",
        t.say.gettext("Inkomna efter veckodag och klockslag"),
        t.say.gettext("%(share)s kom före 8, efter 18 eller på en helg.")
        % {"share": said(share, t.say)},
        236.0,
    )
    return heat(chart, [f"{hour:02}" for hour in HOURS], rows)


def backlog(t: Telling) -> Chart:
    """How old the unanswered are."""
    names, every = age_names(t), t.report.open_by_age
    counts = {age: sum(one.get(age, 0) for one in every.values()) for age in names}
    told = [f"{names[age]}: {whole(n)}." for age, n in counts.items()]
    bars = [Pile(names[age], (n,)) for age, n in counts.items()]
    chart = Chart("alder", t.say.gettext("Obesvarade efter ålder"), " ".join(told), 210.0)
    return piles(chart, bars)
