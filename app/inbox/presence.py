"""Who has a case before them, and who is writing in it: told to those who may see the case.

A courtesy and no lock: nobody is ever stopped by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import joinedload

from app.database import db, insert_or_ignore, writing
from app.models import Presence, Staff
from app.people.rights import Act, case_for

HERE = timedelta(seconds=20)
"""How long somebody counts as here after their page last said so."""
WRITING = timedelta(seconds=60)
"""How long somebody counts as writing after the last key."""
AT_MOST_EVERY = timedelta(seconds=5)
"""How often one person's page is written down for one case, but for its beginning to write."""


@dataclass(frozen=True, slots=True)
class Other:
    """A colleague who has the case before them, and whether they write in it."""

    name: str
    first_name: str
    initials: str
    writes: bool


def others(case_id: int, *, by: Staff, now: datetime) -> list[Other]:
    """The colleagues in a case besides this person, those who write first; changes nothing.

    Raises `NotAllowed`.
    """
    return _others(_rows(case_for(by, case_id).id, now), by, now)


def look_in(
    case_id: int, *, by: Staff, now: datetime, typed: bool = False, just_opened: bool = False
) -> list[Other]:
    """This person's page is open at a case; who else is there, those who write first.

    `typed`: they have just typed in the answer. `just_opened`: nobody has typed in the page yet,
    so what they wrote before is over. Raises `NotAllowed`.
    """
    case = case_for(by, case_id, Act.ANSWER if typed else Act.READ_CASES)
    rows = _rows(case.id, now)
    mine = next((row for row in rows if row.staff_id == by.id), None)
    if _is_news(mine, typed, just_opened, now):
        _keep(case.id, by, now, typed=typed, just_opened=just_opened)
    return _others(rows, by, now)


def stop_writing(case_id: int, *, by: Staff, now: datetime) -> list[Other]:
    """This person leaves the answer to a colleague; who is there. Raises `NotAllowed`."""
    case = case_for(by, case_id)
    _keep(case.id, by, now, typed=False, just_opened=True)
    return _others(_rows(case.id, now), by, now)


def _rows(case_id: int, now: datetime) -> Sequence[Presence]:
    """Everybody who is here now, as it stands in the database."""
    return db.session.scalars(
        select(Presence)
        .options(joinedload(Presence.staff))
        .where(Presence.case_id == case_id, Presence.seen_at > now - HERE)
        .execution_options(populate_existing=True)
    ).all()


def _others(rows: Sequence[Presence], by: Staff, now: datetime) -> list[Other]:
    found = [
        Other(row.staff.name, row.staff.first_name, row.staff.initials, _writes(row, now))
        for row in rows
        if row.staff_id != by.id
    ]
    return sorted(found, key=lambda one: (not one.writes, one.name))


def _writes(row: Presence, now: datetime) -> bool:
    return row.writing_at is not None and row.writing_at > now - WRITING


def _is_news(mine: Presence | None, typed: bool, just_opened: bool, now: datetime) -> bool:
    """Whether there is anything to write down that colleagues would see."""
    if mine is None or mine.seen_at <= now - AT_MOST_EVERY:
        return True
    if typed:
        return not _writes(mine, now)
    return just_opened and mine.writing_at is not None


def _keep(case_id: int, by: Staff, now: datetime, *, typed: bool, just_opened: bool) -> None:
    """Write the person's row, and take away everybody's that means nothing any more."""
    told: dict[str, datetime | None] = {"seen_at": now}
    if typed or just_opened:
        told["writing_at"] = now if typed else None
    with writing():
        db.session.execute(delete(Presence).where(Presence.seen_at <= now - HERE))
        row = {"staff_id": by.id, "case_id": case_id, "seen_at": now, "writing_at": None}
        insert_or_ignore(Presence, [row | told])
        db.session.execute(
            update(Presence)
            .where(Presence.staff_id == by.id, Presence.case_id == case_id)
            .values(**told)
            .execution_options(synchronize_session=False)
        )
