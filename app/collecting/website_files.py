"""Visits to the website from a file, for a city whose statistics cannot be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from app.basics.campaign import PREFIX
from app.basics.csv_rows import NotATable, day_and_hour, lines_of, text_of, whole_number
from app.basics.plain_text import one_line
from app.collecting.call_counts import LARGEST, MOST_LINES, Bad, Why
from app.collecting.matomo import Found, keep
from app.database import writing
from app.models import Staff
from app.models.event import log_event
from app.people.rights import Act, must_be_allowed

COLUMNS: Mapping[str, Sequence[str]] = {
    "day": ("datum", "dag", "date", "day"),
    "network": ("nätverk", "källa", "kampanj", "label", "etikett", "network", "source"),
    "visits": ("besök", "antal", "antal besök", "visits", "nb_visits"),
}


@dataclass(slots=True)
class Taken:
    """How it went: days that are kept, those that said something else before, bad lines."""

    days: int = 0
    replaced: list[date] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)


def take_in(data: bytes, *, by: Staff, today: date, now: datetime) -> Taken:
    """Keep what a file says of each of its days; bad lines are told and passed over.

    A label that begins with the mark of our own links is a campaign. Raises `NotAllowed` and
    `NotATable`.
    """
    must_be_allowed(by, Act.BRING_FIGURES)
    if len(data) > LARGEST:
        raise NotATable("too_long")
    columns, lines = lines_of(text_of(data), COLUMNS, most=MOST_LINES)
    for needed in COLUMNS:
        if needed not in columns:
            raise NotATable("no_column", needed)
    result, found = Taken(), Found()
    for line in lines:
        bad = _read(line.number, line.cells, found, today)
        result.bad += [bad] if bad else []
    with writing():
        result.replaced = keep(found, now=now)
        result.days = len(found)
        if found:
            facts = {"days": len(found), "replaced": len(result.replaced)}
            log_event("arrivals_imported", at=now, staff_id=by.id, **facts)
    return result


def _read(number: int, cells: Mapping[str, str], found: Found, today: date) -> Bad | None:
    """Put one line among what is found, or say why not."""
    day, _hour = day_and_hour(cells.get("day", ""))
    if day is None:
        return Bad(number, Why.NO_DAY, one_line(cells.get("day", ""), 40))
    if day > today:
        return Bad(number, Why.NOT_YET, day.isoformat())
    visits = whole_number(cells.get("visits", ""))
    if visits is None:
        return Bad(number, Why.NO_CALLS, one_line(cells.get("visits", ""), 40))
    label = one_line(cells.get("network", ""), 200)
    if not label:
        return Bad(number, Why.NO_NETWORK)
    kind = "campaign" if label.casefold().startswith(PREFIX) else "social"
    table = found.setdefault(day, {})
    if (kind, label) in table:
        return Bad(number, Why.NETWORK_TWICE, label)
    table[kind, label] = visits
    return None
