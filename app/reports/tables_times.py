"""The tables about how fast residents are answered, and what became of their questions."""

from bisect import bisect_left
from collections.abc import Mapping

from app.reports.cells import Cell, Column, Count, Minutes, Share, Table, Text
from app.reports.tallies import AGES, NONE, Tallied
from app.reports.telling import (
    Telling,
    count,
    days_behind,
    median,
    ninth_tenth,
    number_of,
    share_on_time,
    week_behind,
)

BINS = (30, 60, 120, 240, 480, 960, 1440)
"""Edges in minutes within opening hours: a bin holds what took more than the one before."""


def in_time(t: Telling) -> Table:
    """The share answered in time, with what stands beside it, now and before."""
    say, report = t.say, t.report
    rows = [
        _period(t.days(report.asked.days), report.total, {}),
        _period(t.days(report.asked.before), report.before, days_behind(report.asked.before)),
    ]
    return Table(
        "tid",
        say.gettext("Besvarade i tid"),
        say.gettext(
            "Av frågorna som kom under perioden: så många besvarade en människa senast vid slutet"
            " av nästa arbetsdag, eller inom avdelningens eget mål. I nämnaren finns de besvarade"
            " och de obesvarade vars tid har gått ut. En ny fråga efter ett svar räknas för sig."
            " Frågor som avslutades utan svar står under Vad det blev av frågorna."
        ),
        (
            Column(say.gettext("Period"), Text),
            Column(say.gettext("Besvarade i tid"), Share),
            Column(say.gettext("Median svarstid"), Minutes),
            Column(say.gettext("Nio av tio högst"), Minutes),
            Column(say.gettext("Kom in")),
            Column(say.gettext("Besvarade")),
            Column(say.gettext("Obesvarade")),
            Column(say.gettext("Obesvarade över tiden")),
        ),
        rows,
    )


def _period(name: str, one: Tallied, behind: Mapping[str, str]) -> tuple[Cell, ...]:
    return (
        Cell(Text(name)),
        share_on_time(one, behind),
        median(one, "answering", behind),
        ninth_tenth(one, "answering", behind),
        count(one, "asked", behind),
        count(one, "answered", behind),
        count(one, "open", behind),
        count(one, "open_late", behind),
    )


def steps(t: Telling) -> Table:
    """Median and ninth tenth of every measure."""
    say, report = t.say, t.report
    names = {
        "waiting": say.gettext("Väntetid: från frågan till svaret, dygnet runt"),
        "answering": say.gettext("Svarstid: från frågan till svaret"),
        "looking": say.gettext("Till första titt: tills någon av oss hade läst"),
        "routing": say.gettext("Till rätt avdelning: tills den som svarade hade frågan"),
        "handling": say.gettext("Handläggning: från att avdelningen fick frågan till svaret"),
        "closing": say.gettext("Till avslut: tills ärendet var klart"),
    }
    return Table(
        "steg",
        say.gettext("Hur lång tid det tar"),
        say.gettext(
            "Median: hälften tog kortare tid, hälften längre. Nio av tio tog högst den andra"
            " tiden; den visas från 20 frågor. Alla tider utom väntetiden räknas bara när"
            " avdelningen har öppet, med öppettiderna som gällde då. Medelvärden visas inte: några"
            " få mycket långa tider skulle bestämma dem."
        ),
        (
            Column(say.gettext("Tid"), Text),
            Column(say.gettext("Median"), Minutes),
            Column(say.gettext("Nio av tio högst"), Minutes),
            Column(say.gettext("Antal frågor")),
        ),
        [
            (
                Cell(Text(name)),
                median(report.total, measure),
                ninth_tenth(report.total, measure),
                number_of(report.total, measure),
            )
            for measure, name in names.items()
        ],
    )


def weeks(t: Telling) -> Table:
    """The share answered in time week by week."""
    say, days = t.say, t.report.asked.days
    rows = []
    for monday, one in t.report.weeks.items():
        behind = week_behind(monday, days)
        rows.append(
            (
                Cell(Text(t.week(monday))),
                share_on_time(one, behind),
                median(one, "answering", behind),
                count(one, "asked", behind),
                count(one, "open", behind),
            )
        )
    return Table(
        "veckor",
        say.gettext("Besvarade i tid, vecka för vecka"),
        say.gettext(
            "Efter veckan då frågan ställdes. En vecka med färre än 10 frågor får ingen punkt."
            " Är veckan inte slut är punkten en fyrkant: den kan ändras."
        ),
        (
            Column(say.gettext("Vecka"), Text),
            Column(say.gettext("Besvarade i tid"), Share),
            Column(say.gettext("Median svarstid"), Minutes),
            Column(say.gettext("Kom in")),
            Column(say.gettext("Obesvarade")),
        ),
        rows,
    )


def bins_of(tallied: Tallied) -> list[int]:
    """How many first answers took how long, by BINS; the last took longer than all."""
    found = [0] * (len(BINS) + 1)
    for minutes, n in tallied.minutes.get("answering", {}).items():
        found[bisect_left(BINS, minutes)] += n
    return found


def bin_names(t: Telling) -> list[str]:
    """What the bins are called."""
    say = t.say
    between = [
        say.gettext("30 min–1 t"), say.gettext("1–2 t"), say.gettext("2–4 t"),
        say.gettext("4–8 t"), say.gettext("8–16 t"), say.gettext("16–24 t"),
    ]  # fmt: skip
    return [say.gettext("högst 30 min"), *between, say.gettext("över 24 t")]


def distribution(t: Telling) -> Table:
    """How the answering times are spread."""
    say, counts = t.say, bins_of(t.report.total)
    edges = ["", *map(str, BINS), ""]
    rows = []
    for place, (name, n) in enumerate(zip(bin_names(t), counts, strict=True)):
        behind = {"vad": f"took:{edges[place]}:{edges[place + 1]}"} if n else None
        rows.append((Cell(Text(name)), Cell(Count(n), behind), Cell(Share(n, sum(counts)), behind)))
    return Table(
        "fordelning",
        say.gettext("Så fördelar sig svarstiderna"),
        say.gettext(
            "Besvarade frågor efter svarstid: tiden från frågan till svaret, räknad när"
            " avdelningen har öppet. En vanlig arbetsdag är 8 t 30 min."
        ),
        (
            Column(say.gettext("Svarstid"), Text),
            Column(say.gettext("Antal")),
            Column(say.gettext("Andel"), Share),
        ),
        rows if sum(counts) else [],
        say.gettext("Ingen fråga är besvarad än."),
    )


def outcomes(t: Telling) -> Table:
    """What became of all that was asked; the rows are all that came."""
    say, total = t.say, t.report.total
    names = {
        "answer": say.gettext("Besvarade härifrån"),
        "native": say.gettext("Besvarade direkt i kanalen"),
        "phone": say.gettext("Besvarade på telefon"),
        "closed_no_answer_needed": say.gettext("Avslutade: inget svar behövdes"),
        "closed_referred": say.gettext("Avslutade: hänvisade vidare"),
        "closed_duplicate": say.gettext("Avslutade: dubblett av ett annat ärende"),
        "closed_answered": say.gettext("Avslutade som besvarade, utan svar i kanalen"),
        "closed_spam": say.gettext("Avslutade som skräp"),
        "set_waiting": say.gettext("Satta att vänta på invånaren, utan svar"),
        "removed": say.gettext("Borttagna av den som skrev eller av kanalen"),
        "open": say.gettext("Obesvarade"),
    }
    known = sum(total.counts.get(name, 0) for name in names)
    rows = [(Cell(Text(told)), count(total, name)) for name, told in names.items()]
    if known < total.counts.get("asked", 0):
        left = total.counts["asked"] - known
        rows.append((Cell(Text(say.gettext("Övrigt"))), Cell(Count(left), {"vad": "closed_other"})))
    rows.append((Cell(Text(say.gettext("Alla som kom in"))), count(total, "asked")))
    return Table(
        "utfall",
        say.gettext("Vad det blev av frågorna"),
        say.gettext(
            "Varje fråga som kom under perioden finns på en rad. Raderna blir tillsammans alla"
            " som kom in."
        ),
        (Column(say.gettext("Utfall"), Text), Column(say.gettext("Antal"))),
        rows,
    )


def departments(t: Telling) -> Table:
    """Every department that was asked something or has something unanswered."""
    say, report = t.say, t.report
    slugs = {slug for slug, one in report.departments.items() if one.counts.get("asked")}
    slugs |= report.open_by_age.keys()
    if report.asked.department is not None:
        slugs &= {report.asked.department}

    def order(slug: str) -> tuple[bool, int, str]:
        asked = report.departments.get(slug, Tallied()).counts.get("asked", 0)
        return slug == NONE, -asked, t.department(slug)

    rows = [_department(slug, t) for slug in sorted(slugs, key=order)]
    return Table(
        "avdelningar",
        say.gettext("Per avdelning"),
        say.gettext(
            "Efter avdelningen som svarade, eller där frågan ligger. Lämnade tillbaka: så många"
            " gånger avdelningen har tryckt Inte vår. Obesvarade nu räknas över alla dagar,"
            " kanaler och typer."
        ),
        (
            Column(say.gettext("Avdelning"), Text),
            Column(say.gettext("Kom in")),
            Column(say.gettext("Besvarade i tid"), Share),
            Column(say.gettext("I tid, jämförelsen"), Share),
            Column(say.gettext("Median svarstid"), Minutes),
            Column(say.gettext("Nio av tio högst"), Minutes),
            Column(say.gettext("Lämnade tillbaka")),
            Column(say.gettext("Obesvarade nu")),
            Column(say.gettext("varav över tiden")),
        ),
        rows,
        say.gettext("Ingen fråga har kommit in."),
    )


def _department(slug: str, t: Telling) -> tuple[Cell, ...]:
    one = t.report.departments.get(slug, Tallied())
    before = t.report.departments_before.get(slug, Tallied())
    ages = t.report.open_by_age.get(slug, {})
    at = {"avdelning": slug}
    late = ages.get("late", 0)
    left = sum(ages.get(age, 0) for age in (*AGES, "older"))
    return (
        Cell(Text(t.department(slug)), at),
        count(one, "asked", at),
        share_on_time(one, at),
        share_on_time(before, at | days_behind(t.report.asked.before)),
        median(one, "answering", at),
        ninth_tenth(one, "answering", at),
        count(one, "handed_back", at),
        Cell(Count(left), at | {"vad": "backlog"} if left else None),
        Cell(Count(late), at | {"vad": "backlog_late"} if late else None),
    )


def kinds(t: Telling) -> Table:
    """What sort of matters came, and how fast each was answered."""
    say = t.say
    rows = []
    for name, told in t.kinds.items():
        one = t.report.kinds.get(name, Tallied())
        if one.counts.get("asked"):
            at = {"typ": name or "ingen"}
            rows.append(
                (Cell(Text(told)), count(one, "asked", at), share_on_time(one, at),
                 median(one, "answering", at), ninth_tenth(one, "answering", at))
            )  # fmt: skip
    return Table(
        "typer",
        say.gettext("Vad för slags ärenden"),
        say.gettext("Typen föreslås av modellen och kan ändras av den som svarar."),
        (
            Column(say.gettext("Typ"), Text),
            Column(say.gettext("Kom in")),
            Column(say.gettext("Besvarade i tid"), Share),
            Column(say.gettext("Median svarstid"), Minutes),
            Column(say.gettext("Nio av tio högst"), Minutes),
        ),
        rows,
        say.gettext("Ingen fråga har kommit in."),
    )


def age_names(t: Telling) -> dict[str, str]:
    """What the ages of the unanswered are called."""
    say = t.say
    return {
        "day": say.gettext("Under ett dygn"),
        "three_days": say.gettext("1–3 dygn"),
        "week": say.gettext("3–7 dygn"),
        "older": say.gettext("Över en vecka"),
    }


def backlog(t: Telling) -> Table:
    """The unanswered by how long they have waited, all and per department."""
    say, names = t.say, age_names(t)
    every = t.report.open_by_age
    rows = []
    if every:
        total = {age: sum(one.get(age, 0) for one in every.values()) for age in (*names, "late")}
        rows.append(_ages(say.gettext("Alla"), total, names, {}))
    for slug, ages in sorted(every.items(), key=lambda one: (one[0] == NONE, t.department(one[0]))):
        rows.append(_ages(t.department(slug), ages, names, {"avdelning": slug}))
    return Table(
        "alder",
        say.gettext("Obesvarade nu, efter ålder"),
        say.gettext(
            "Frågor som väntar på svar just nu, oavsett period, kanal och typ. Åldern räknas"
            " dygnet runt från att frågan ställdes. Över tiden: svaret skulle ha kommit."
        ),
        (
            Column(say.gettext("Avdelning"), Text),
            *(Column(name) for name in names.values()),
            Column(say.gettext("Över tiden")),
        ),
        rows,
        say.gettext("Ingen väntar på svar."),
    )


def _ages(
    name: str, ages: Mapping[str, int], names: Mapping[str, str], at: Mapping[str, str]
) -> tuple[Cell, ...]:
    counts = []
    for age in names:
        n = ages.get(age, 0)
        counts.append(Cell(Count(n), {"vad": f"backlog:{age}", **at} if n else None))
    late = ages.get("late", 0)
    return (
        Cell(Text(name)),
        *counts,
        Cell(Count(late), {"vad": "backlog_late", **at} if late else None),
    )
