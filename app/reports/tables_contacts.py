"""The tables about other ways: written contacts against calls, and visits to the website."""

from collections.abc import Mapping

from app.reports.cells import Cell, Column, Count, Share, Table, Text
from app.reports.contacts import Contacts
from app.reports.telling import Telling, week_behind

MOST_LINKS = 12


def contacts(t: Telling) -> Table:
    """Written contacts, calls and visits, in all and week by week."""
    say, found = t.say, t.report.contacts
    rows = [_contacts(say.gettext("Hela perioden"), found.total, {})]
    weeks, days = found.by.get("week", {}), t.report.asked.days
    rows += [
        _contacts(t.week(monday), one, week_behind(monday, days)) for monday, one in weeks.items()
    ]
    return Table(
        "kontakter",
        say.gettext("Skrivet mot samtal"),
        say.gettext(
            "Skrivet: frågor i alla kanaler utom telefon. Samtal och besök: sådana som någon har"
            " registrerat här. Växeln räknade: alla samtal enligt växelns egna filer, även de som"
            " inte är registrerade här; de läggs därför aldrig ihop. Skulle ha ringt: skrivna"
            " ärenden som någon har märkt så."
        ),
        (
            Column(say.gettext("Vecka"), Text),
            Column(say.gettext("Skrivet")),
            Column(say.gettext("Samtal")),
            Column(say.gettext("Besök")),
            Column(say.gettext("Växeln räknade")),
            Column(say.gettext("Skulle ha ringt")),
        ),
        rows if _any(found.total) else [],
        say.gettext("Inga kontakter under perioden."),
    )


def _any(one: Contacts) -> bool:
    return bool(one.written_in_all or one.calls or one.visits or one.counted)


def _contacts(name: str, one: Contacts, at: Mapping[str, str]) -> tuple[Cell, ...]:
    def leading(n: int, what: str) -> Cell:
        return Cell(Count(n), {"vad": what, **at} if n else None)

    return (
        Cell(Text(name)),
        leading(one.written_in_all, "written"),
        leading(one.calls, "calls"),
        leading(one.visits, "visits"),
        Cell(Count(one.counted)),
        leading(one.would_have_phoned, "would_have_phoned"),
    )


def called_about(t: Telling) -> Table:
    """What the switchboard's own counts say that calls were about."""
    say, subjects = t.say, t.report.contacts.subjects
    whole = sum(subjects.values())
    unnamed = say.gettext("Inget ämne angett")
    rows = [
        (Cell(Text(name or unnamed)), Cell(Count(n)), Cell(Share(n, whole)))
        for name, n in list(subjects.items())[:MOST_LINKS]
    ]
    return Table(
        "samtalsamnen",
        say.gettext("Vad samtalen gällde"),
        say.gettext("Växelns egna räkningar efter ämne, så som filen från växeln säger."),
        (
            Column(say.gettext("Ämne"), Text),
            Column(say.gettext("Samtal")),
            Column(say.gettext("Andel"), Share),
        ),
        rows,
        say.gettext("Det finns inga räkningar från växeln för perioden."),
    )


def website(t: Telling) -> Table:
    """Visits to the city's website that began at a link: on networks, and in our answers."""
    say, found = t.say, t.report.arrivals
    rows = []
    if found is not None:
        network, ours = say.gettext("Sociala medier"), say.gettext("Länkar i våra svar")
        for sort, links in ((network, found.social), (ours, found.campaigns)):
            if links:
                rows.append((Cell(Text(sort)), Cell(Text(say.gettext("Alla"))),
                             Cell(Count(sum(links.values())))))  # fmt: skip
            rows += [
                (Cell(Text(sort)), Cell(Text(label)), Cell(Count(n)))
                for label, n in list(links.items())[:MOST_LINKS]
            ]
    return Table(
        "webbplatsen",
        say.gettext("Besök på webbplatsen"),
        say.gettext(
            "Besök på stadens webbplats som började vid en länk på sociala medier, eller vid en"
            " märkt länk i ett av våra svar. Besök räknas, inte personer: den som kommer två"
            " gånger är två. Gäller hela staden, alla kanaler och typer."
        ),
        (
            Column(say.gettext("Väg"), Text),
            Column(say.gettext("Länk"), Text),
            Column(say.gettext("Besök")),
        ),
        rows,
        say.gettext("Det finns inga siffror från webbplatsen för perioden."),
    )
