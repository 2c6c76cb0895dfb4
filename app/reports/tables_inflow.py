"""The tables about what comes in: how much, when, by which way, about what, and who gets it."""

from collections.abc import Mapping

from app.reports.cells import Cell, Column, Count, Share, Table, Text
from app.reports.tallies import NONE
from app.reports.telling import Telling, week_behind

HOURS = range(0, 24, 2)
"""The map of the week has one square for each two hours."""
FEWEST_ROUTES = 1
MOST_ROUTES = 12


def channels(t: Telling) -> Table:
    """How much came week by week and channel by channel."""
    say, report = t.say, t.report
    rows = []
    for monday, one in report.weeks.items():
        behind = week_behind(monday, report.asked.days)
        cells = []
        for name, weeks in report.channels.items():
            n = weeks.get(monday, 0)
            cells.append(Cell(Count(n), {"vad": "asked", "kanal": name, **behind} if n else None))
        total = one.counts.get("asked", 0)
        every = Cell(Count(total), {"vad": "asked", **behind} if total else None)
        rows.append((Cell(Text(t.week(monday))), *cells, every))
    return Table(
        "kanaler",
        say.gettext("Inkomna per vecka och kanal"),
        say.gettext("Antal frågor efter dagen då de ställdes, och kanalen de kom genom."),
        (
            Column(say.gettext("Vecka"), Text),
            *(Column(t.channel(name)) for name in report.channels),
            Column(say.gettext("Alla")),
        ),
        rows if report.channels else [],
        say.gettext("Ingen fråga har kommit in."),
    )


def weekdays(t: Telling) -> list[str]:
    """Monday first, in short."""
    say = t.say
    return [
        say.gettext("mån"), say.gettext("tis"), say.gettext("ons"), say.gettext("tor"),
        say.gettext("fre"), say.gettext("lör"), say.gettext("sön"),
    ]  # fmt: skip


def asked_at(t: Telling, day: int, hour: int) -> int:
    """How many questions came in the two hours from this one, Monday as 0."""
    return sum(t.report.hours.get(f"{day}-{one:02}", 0) for one in (hour, hour + 1))


def out_of_hours(t: Telling) -> Share:
    """How many came on a weekend or from 18 to 8: a rough map, whatever the opening hours are."""
    inside = sum(asked_at(t, day, hour) for day in range(5) for hour in range(8, 18, 2))
    whole = sum(asked_at(t, day, hour) for day in range(7) for hour in HOURS)
    return Share(whole - inside, whole)


def hours(t: Telling) -> Table:
    """When residents write: by weekday and pairs of hours."""
    say = t.say
    rows = []
    for day, name in enumerate(weekdays(t)):
        cells = []
        for hour in HOURS:
            n = asked_at(t, day, hour)
            cells.append(Cell(Count(n), {"vad": f"hours:{day}-{hour:02}"} if n else None))
        rows.append((Cell(Text(name)), *cells))
    return Table(
        "timmar",
        say.gettext("När hör folk av sig?"),
        say.gettext(
            "Antal frågor efter veckodag och klockslag då de skrevs, två timmar i varje ruta. 08"
            " är klockan 8 till 10."
        ),
        (Column(say.gettext("Dag"), Text), *(Column(f"{hour:02}") for hour in HOURS)),
        rows if t.report.hours else [],
        say.gettext("Ingen fråga har kommit in."),
    )


def subjects(t: Telling) -> Table:
    """What residents write more about than before."""
    say, found = t.say, t.report.subjects
    rows = []
    for one in found.rising:
        cases = tuple(
            (case.case_id, f"{t.prefix}-{case.opened_at.year}-{case.case_id}")
            for case in one.examples
        )
        told = ", ".join(reference for _number, reference in cases) or "–"
        rows.append(
            (
                Cell(Text(one.word)),
                Cell(Count(one.now)),
                Cell(Count(one.before)),
                Cell(Text(told), examples=cases),
            )
        )
    note = say.gettext(
        "Inget ämne har ökat under perioden, eller så är det för få som har skrivit."
    )
    return Table(
        "amnen",
        say.gettext("Det här skriver fler om"),
        say.gettext(
            "Ord som förekommer i fler ärenden än man kunde vänta sig av jämförelsen, räknat på"
            " hela veckor. Böjningar av samma ord räknas ihop. Bara offentliga ord på svenska"
            " räknas, och ett ord visas från fem ärenden. Namn, nummer och länkar räknas aldrig."
            " Räknas varje natt, oavsett kanal och typ."
        ),
        (
            Column(say.gettext("Ord"), Text),
            Column(say.gettext("Ärenden")),
            Column(say.gettext("Jämförelsen")),
            Column(say.gettext("Exempel"), Text),
        ),
        rows,
        note if found.made_at else say.gettext("Ämnena räknas i natt."),
    )


def routes(t: Telling) -> Table:
    """Who handed back, and where the questions went next."""
    say, report = t.say, t.report
    counted = sorted(
        ((n, way) for way, n in report.routes.items()),
        key=lambda pair: (-pair[0], pair[1]),
    )
    rows = []
    for n, way in [pair for pair in counted if pair[0] >= FEWEST_ROUTES][:MOST_ROUTES]:
        left, right = way.split(">")
        to = t.department(right) if right != NONE else say.gettext("ligger ännu i Osäkra")
        cells = (Cell(Text(t.department(left))), Cell(Text(to)))
        rows.append((*cells, Cell(Count(n), {"vad": f"route:{way}"})))
    return Table(
        "vagar",
        say.gettext("Lämnade tillbaka, väg för väg"),
        say.gettext("Vem som tryckte Inte vår, och vart frågan gick sedan. De tolv vanligaste."),
        (
            Column(say.gettext("Från"), Text),
            Column(say.gettext("Till"), Text),
            Column(say.gettext("Gånger")),
        ),
        rows,
        say.gettext("Inget ärende har lämnats tillbaka."),
    )


def routing(t: Telling) -> Table:
    """How often the system found the right department, in all and week by week."""
    say, weeks = t.say, t.report.routing
    rows = []
    if weeks:
        right, of = sum(one.right for one in weeks), sum(one.right_of for one in weeks)
        unsure, decided = sum(one.unsure for one in weeks), sum(one.decided for one in weeks)
        whole = say.gettext("Hela perioden")
        rows.append(_routing(whole, Share(right, of), Share(unsure, decided), {}))
    for one in weeks:
        monday = one.monday.isoformat()
        shares = Share(one.right, one.right_of), Share(one.unsure, one.decided)
        rows.append(_routing(t.week(monday), *shares, week_behind(monday, t.report.asked.days)))
    return Table(
        "koppling",
        say.gettext("Rätt avdelning direkt"),
        say.gettext(
            "Av de avgjorda ärenden som systemet självt la hos en avdelning: så många ligger kvar"
            " där. Osäkra lämnade systemet till en person. Räknas varje natt för hela staden,"
            " efter veckan då systemet först kopplade ärendet."
        ),
        (
            Column(say.gettext("Vecka"), Text),
            Column(say.gettext("Rätt direkt"), Share),
            Column(say.gettext("Osäkra"), Share),
        ),
        rows,
        say.gettext("Kopplingen är inte räknad för de här veckorna. Det görs varje natt."),
    )


def _routing(name: str, right: Share, unsure: Share, at: Mapping[str, str]) -> tuple[Cell, ...]:
    """Shares that lead to all that the first is of, and to those that the second counts."""
    return (
        Cell(Text(name)),
        Cell(right, {"vad": "routed_sure", **at} if right.whole else None),
        Cell(unsure, {"vad": "routed_unsure", **at} if unsure.part else None),
    )
