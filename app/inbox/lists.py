"""One page of a list of cases: one statement, built once per person and wish and kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    false,
    func,
    select,
    tuple_,
    union_all,
)

from app.database import UtcDateTime, db
from app.inbox.states import URGENT_FIRST
from app.inbox.wishes import (
    Order,
    View,
    Who,
    Wish,
    number_of,
    person_of,
    times,
    wanted,
    ways_of,
    who_of,
)
from app.models import Answer, Case, CaseSeen, Department, Presence, Staff
from app.models.answer import AnswerState
from app.people.rights import visible_cases

A_PAGE = 40
URGENT_BELOW = datetime(1970, 1, 1, tzinfo=UTC)
"""Cases sorted before this are urgent and wait: see `states.URGENT_FIRST`."""
IN_ORDER = (View.SNOOZED, View.DONE)
"""The views where nothing urgent is kept early: one column gives their order."""


def listed(wish: Wish, staff: Staff, *, now: datetime, late_before: datetime) -> list[Row[Any]]:
    """One page of a list, plus one row more when there is a next page; see `_columns`.

    The oldest waiting comes first, urgent ones above all, unless another order is asked for; done
    ones come newest first, those put aside in the order in which they come back.
    """
    given = times(now, late_before)
    if wish.after is not None:
        at, number = wish.after
        given |= {"after": at, "after_urgent": at - URGENT_FIRST, "after_id": number}
    statement = _page(who_of(staff), replace(wish, after=None), wish.after is not None)
    rows: Sequence[Any] = db.session.execute(statement, given).all()
    if wish.view not in IN_ORDER and wish.order != Order.LEAST_TIME:
        rows = sorted(rows, key=lambda row: (place_of(row.Case, wish), row.Case.id),
                      reverse=wish.order == Order.NEWEST)  # fmt: skip
    return list(rows[: A_PAGE + 1])


def place_of(case: Case, wish: Wish) -> datetime:
    """The time by which a case stands where it stands in this list: where the next page begins."""
    if wish.view == View.SNOOZED and case.snoozed_until is not None:
        return case.snoozed_until
    early = wish.order != Order.LEAST_TIME and case.sort_at < URGENT_BELOW
    return case.sort_at + URGENT_FIRST if early else case.sort_at


@lru_cache(maxsize=1024)
def _page(who: Who, wish: Wish, further: bool) -> Any:
    """The statement for one page: first the numbers, from indexes alone, then the rows."""
    staff = person_of(who)
    backwards = wish.order == Order.NEWEST
    if wish.view == View.DONE:
        backwards = wish.order != Order.OLDEST
    streams = _streams(wish)
    numbers = []
    for way in ways_of(staff):
        for key, bounds, after in streams:
            some = select(Case.id).where(wanted(wish, staff.id), way, *bounds)
            if further:
                here, there = tuple_(key, Case.id), tuple_(after, bindparam("after_id"))
                some = some.where(here < there if backwards else here > there)
            order = (key.desc(), Case.id.desc()) if backwards else (key, Case.id)
            part = some.order_by(*order).limit(number_of(A_PAGE + 1)).subquery()
            numbers.append(select(part.c.id))
    found = union_all(*numbers) if len(numbers) > 1 else numbers[0]
    rows = _columns(staff.id).where(Case.id.in_(found))
    if len(streams) > 1:  # each is in order; `listed` puts them together
        return rows
    when = streams[0][0]
    order = (when.desc(), Case.id.desc()) if backwards else (when, Case.id)
    return rows.order_by(*order).limit(number_of(A_PAGE + 1))


def _streams(wish: Wish) -> list[tuple[Any, list[ColumnElement[bool]], Any]]:
    """The indexed columns that together give a list's order: (column, its bounds, after what).

    Urgent cases that wait are kept a hundred years early. In a list by age they are a stream of
    their own, which is put back among the others.
    """
    after = bindparam("after", type_=UtcDateTime())
    if wish.view == View.SNOOZED:
        return [(Case.snoozed_until, [], after)]
    if wish.order == Order.LEAST_TIME or wish.view in IN_ORDER:
        return [(Case.sort_at, [], after)]
    early = bindparam("after_urgent", type_=UtcDateTime())
    return [
        (Case.sort_at, [Case.sort_at >= URGENT_BELOW], after),
        (Case.sort_at, [Case.sort_at < URGENT_BELOW], early),
    ]


def _columns(staff_id: int) -> Select[Any]:
    """What a row shows.

    Rows of `Case`, `seen_version` (None: never seen), `assignee_name`, `department_slug`,
    `has_draft` and `writer` (the name of somebody else who is writing in it just now).
    """
    draft = select(Answer.id).where(
        Answer.case_id == Case.id,
        Answer.author_id == staff_id,
        Answer.state == AnswerState.DRAFT,
        ~Answer.to_post,
    )
    other = Staff.__table__.alias("other")
    writer = (
        select(other.c.name)
        .join(Presence, Presence.staff_id == other.c.id)
        .where(
            Presence.case_id == Case.id,
            Presence.staff_id != staff_id,
            Presence.writing_at > bindparam("writing_since", type_=UtcDateTime()),
        )
        .order_by(Presence.writing_at.desc())
        .limit(1)
    )
    return (
        select(
            Case,
            CaseSeen.version.label("seen_version"),
            Staff.name.label("assignee_name"),
            Department.slug.label("department_slug"),
            draft.exists().label("has_draft"),
            writer.scalar_subquery().label("writer"),
        )
        .outerjoin(CaseSeen, and_(CaseSeen.case_id == Case.id, CaseSeen.staff_id == staff_id))
        .outerjoin(Staff, Staff.id == Case.assignee_id)
        .outerjoin(Department, Department.id == Case.department_id)
    )


def rows_of(
    ids: Sequence[int], wish: Wish, staff: Staff, *, now: datetime, late_before: datetime
) -> list[Row[Any]]:
    """The rows of these cases as they stand now, as far as the person may see them.

    As `listed`, and with `still`: whether the list that is asked for still holds it.
    """
    statement = _columns(staff.id).add_columns(
        func.coalesce(wanted(replace(wish, after=None), staff.id), false()).label("still")
    )
    statement = statement.where(Case.id.in_(ids), visible_cases(staff))
    rows: Sequence[Any] = db.session.execute(statement, times(now, late_before)).all()
    return list(rows)
