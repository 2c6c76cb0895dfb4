"""How many cases each list holds: one statement for the side bar, one for named lists.

Counts stop at 1 000, so that they take as long at a million cases as at a thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)

from app.database import UtcDateTime, db
from app.inbox.find import OPEN_QUESTIONS
from app.inbox.wishes import (
    View,
    Who,
    Wish,
    condition,
    id_of,
    in_lists,
    number_of,
    person_of,
    times,
    wanted,
    ways_of,
    who_of,
)
from app.models import Answer, Case, Event, Source, Staff
from app.models.answer import VANISHED

COUNT_TO = 1000


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases each list holds, up to COUNT_TO + 1; and how many are late."""

    views: dict[str, int]
    late: int
    departments: dict[str, int]
    channels: dict[str, int]
    troubled_sources: int
    needs_author: int
    newest_event: int
    """The ledger's newest line: what a list's news are counted from."""


def counts(
    staff: Staff,
    *,
    departments: Sequence[str],
    channels: Sequence[str],
    now: datetime,
    late_before: datetime,
) -> Counts:
    """All counts of the side bar in one statement.

    `departments` and `channels` name those wanted; `late_before`: a resident waiting since before
    then waits too long.
    """
    statement = _counting(who_of(staff), tuple(departments), tuple(channels))
    found = {
        (row.kind, row.name): row.n
        for row in db.session.execute(statement, times(now, late_before))
    }
    return Counts(
        views={view.value: found["view", view] for view in View},
        late=found["late", ""],
        departments={slug: found["department", slug] for slug in departments},
        channels={channel: found["channel", channel] for channel in channels},
        troubled_sources=found["sources", ""],
        needs_author=found["author", ""],
        newest_event=found["event", ""] or 0,
    )


def sizes(
    wishes: Sequence[Wish], staff: Staff, *, now: datetime, late_before: datetime
) -> list[int]:
    """How many cases each of these lists holds, up to COUNT_TO + 1, in one statement."""
    if not wishes:
        return []
    statement = _sizing(who_of(staff), tuple(replace(wish, after=None) for wish in wishes))
    rows = db.session.execute(statement, times(now, late_before))
    found = {row.name: row.n for row in rows}
    return [found[str(number)] for number in range(len(wishes))]


@lru_cache(maxsize=1024)
def _sizing(who: Who, wishes: tuple[Wish, ...]) -> Any:
    ways = ways_of(person_of(who))
    return _together(
        {
            ("wish", str(number)): _capped(ways, wanted(wish, who[0]))
            for number, wish in enumerate(wishes)
        }
    )


@lru_cache(maxsize=512)
def _counting(who: Who, departments: tuple[str, ...], channels: tuple[str, ...]) -> Any:
    """The statement that counts everything for a person, kept: building it costs more than it."""
    ways = ways_of(person_of(who))
    parts: dict[tuple[str, str], Any] = {}
    for view in View:
        parts["view", view] = _capped(ways, condition(view, who[0]))
    before = bindparam("late_before", type_=UtcDateTime())
    late = and_(Case.waiting_since < before, Case.sort_at < before)
    parts["late", ""] = _capped(ways, and_(Case.is_open, late, in_lists()))
    for slug in departments:
        parts["department", slug] = _capped(
            ways, and_(Case.department_id == id_of(slug), Case.is_open, in_lists())
        )
    for channel in channels:
        parts["channel", channel] = _capped(
            ways, and_(Case.channel == channel, Case.is_open, in_lists())
        )
    parts["event", ""] = select(func.max(Event.id))
    parts["sources", ""] = select(func.count()).where(
        Source.state != "off", or_(Source.error_class != "", Source.state == "gone")
    )
    mine = select(func.count()).where(Answer.author_id == who[0])
    parts["author", ""] = select(
        mine.where(Answer.state.in_(OPEN_QUESTIONS)).scalar_subquery()
        + mine.where(Answer.reason == VANISHED).scalar_subquery()
    )
    return _together(parts)


def _together(parts: dict[tuple[str, str], Any]) -> Any:
    """Several counts as one statement: rows of `kind`, `name` and `n`."""
    return union_all(
        *(
            select(literal(kind).label("kind"), literal(name).label("name"),
                   part.scalar_subquery().label("n"))
            for (kind, name), part in parts.items()
        )
    )  # fmt: skip


def _capped(ways: list[ColumnElement[bool]], which: ColumnElement[bool]) -> Any:
    """A count that stops at COUNT_TO + 1."""
    rows: list[Any] = [
        select(literal_column("1")).select_from(Case).where(way, which) for way in ways
    ]
    some: Any = union_all(*rows) if len(rows) > 1 else rows[0]
    return select(func.count()).select_from(some.limit(number_of(COUNT_TO + 1)).subquery())
