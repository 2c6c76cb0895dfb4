"""A report as a document: its title, what it is about, its tables and drawings, in one language.

The page, the files and the letter are all written from this.
"""

from collections.abc import Callable

from app.reports import tables_contacts, tables_inflow, tables_times
from app.reports.cells import Table
from app.reports.drawings import drawings
from app.reports.exports import Document
from app.reports.headlines import headlines
from app.reports.telling import Telling

TABLES: tuple[Callable[[Telling], Table], ...] = (
    tables_times.in_time,
    tables_times.weeks,
    tables_times.steps,
    tables_times.distribution,
    tables_times.departments,
    tables_times.backlog,
    tables_times.outcomes,
    tables_inflow.channels,
    tables_inflow.hours,
    tables_inflow.subjects,
    tables_times.kinds,
    tables_inflow.routing,
    tables_inflow.routes,
    tables_contacts.contacts,
    tables_contacts.called_about,
    tables_contacts.website,
)
"""The parts of a report, in the order in which files hold them."""


def document_of(t: Telling) -> Document:
    """The whole report in words."""
    say, asked = t.say, t.report.asked
    whom = t.department(asked.department) if asked.department else say.gettext("hela staden")
    lines = [
        t.city,
        say.gettext("%(days)s, %(whom)s") % {"days": t.days(asked.days), "whom": whom},
        say.gettext("Jämförelsen: %(days)s") % {"days": t.days(asked.before)},
    ]
    if asked.channel is not None:
        lines.append(say.gettext("Kanal: %(name)s") % {"name": t.channel(asked.channel)})
    if asked.kind is not None:
        lines.append(say.gettext("Typ: %(name)s") % {"name": t.kinds.get(asked.kind, asked.kind)})
    tables = [make(t) for make in TABLES]
    sounds = [(one.word, one.examples[0]) for one in t.report.subjects.rising if one.examples]
    title = say.gettext("Svarstider och inflöde")
    return Document(title, tuple(lines), tables, t.language, say, drawings(t), headlines(t), sounds)
