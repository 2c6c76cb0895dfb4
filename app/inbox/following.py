"""Which cases follow which (one step deep: a follower is never followed), and came out of which."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from app.database import db
from app.models import Case, Event, Staff
from app.people.rights import visible_cases


def ties_of(case_ids: Iterable[int]) -> dict[int, int]:
    """What these cases follow, and what follows them: leaders by follower."""
    ids = list(case_ids)
    if not ids:
        return {}
    theirs = and_(Case.id.in_(ids), Case.merged_into_id.is_not(None))
    rows = db.session.execute(
        select(Case.id, Case.merged_into_id).where(or_(theirs, Case.merged_into_id.in_(ids)))
    )
    return {row.id: row.merged_into_id for row in rows}


def followers_of(*case_ids: int, seen_by: Staff | None = None) -> list[int]:
    """The cases that follow these; with `seen_by` those of them that this person may see."""
    wanted = select(Case.id).where(Case.merged_into_id.in_(case_ids)).order_by(Case.id)
    if seen_by is not None:
        wanted = wanted.where(visible_cases(seen_by))
    return list(db.session.scalars(wanted))


def taken_out_of(case_ids: Iterable[int]) -> dict[int, int]:
    """Those of these cases that were split from another, and the whole that they came out of."""
    found: dict[int, int] = {}
    wanted = {one: one for one in case_ids}
    while wanted:
        rows = db.session.execute(
            select(Case.id, Case.split_from_id).where(
                Case.id.in_(set(wanted.values())), Case.split_from_id.is_not(None)
            )
        )
        above: dict[int, int] = {row.id: row.split_from_id for row in rows}
        wanted = {one: above[at] for one, at in wanted.items() if at in above}
        found |= wanted
    return found


def closed_with(case_id: int) -> list[Case]:
    """The followers that were closed as duplicates when a person closed this case."""
    closings = (
        select(Event.case_id, func.max(Event.id).label("newest"))
        .join(Case, Case.id == Event.case_id)
        .where(Case.merged_into_id == case_id, ~Case.is_open, Event.name == "case_closed")
        .group_by(Event.case_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Case, Event.details, Event.answer_id, Event.message_id)
        .join(closings, closings.c.case_id == Case.id)
        .join(Event, Event.id == closings.c.newest)
        .order_by(Case.id)
        .execution_options(populate_existing=True)
    )
    by_hand = (r for r in rows if r.answer_id is None and r.message_id is None)
    return [r.Case for r in by_hand if r.details.get("into") == case_id]


def waiting_behind(case_ids: Iterable[int]) -> dict[int, datetime]:
    """Per case that others follow: the foremost place of those of them that wait for us."""
    rows = db.session.execute(
        select(Case.merged_into_id, func.min(Case.sort_at).label("place"))
        .where(Case.merged_into_id.in_(list(case_ids)), Case.waiting_since.is_not(None))
        .group_by(Case.merged_into_id)
    )
    return {row.merged_into_id: row.place for row in rows}
