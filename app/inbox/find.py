"""Finds cases and conversations. Every query carries the rule of who may see what.

Lists cost one statement, all counts together one more: counts stop at 1 000, so that they take as
long at a million cases as at a thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased, joinedload

from app.channels.base import AtSource
from app.database import UtcDateTime, db
from app.models import (
    Answer,
    Case,
    CaseSeen,
    Department,
    Event,
    Message,
    MessageVersion,
    Note,
    Source,
    Staff,
    Suggestion,
)
from app.models.answer import VANISHED, AnswerState
from app.models.case import CaseState
from app.people.rights import visible_cases

COUNT_TO = 1000
A_PAGE = 40
OPEN_QUESTIONS = (AnswerState.UNCERTAIN, AnswerState.REFUSED)
"""States of an answer that its author has something to do about."""


class View(StrEnum):
    """The lists; the values stand in addresses."""

    MINE = "mina"
    UNASSIGNED = "otilldelade"
    UNSURE = "osakra"
    OPEN = "oppna"
    WAITING = "vantar"
    DONE = "klara"


@dataclass(frozen=True, slots=True)
class Wish:
    """What list a person asks for; all of it stands in the address."""

    view: View = View.OPEN
    department: str = ""
    channel: str = ""
    newest_first: bool = False
    after: tuple[datetime, int] | None = None


def condition(view: View, staff: Staff) -> ColumnElement[bool]:
    """Which cases a view holds, before visibility."""
    match view:
        case View.MINE:
            return and_(Case.is_open, Case.assignee_id == staff.id)
        case View.UNASSIGNED:
            return and_(Case.is_open, Case.assignee_id.is_(None))
        case View.UNSURE:
            return and_(
                Case.is_open, Case.department_id.is_(None), Case.no_answer_needed.is_(False)
            )
        case View.WAITING:
            return Case.state.in_((CaseState.WAITING, CaseState.ANSWERED))
        case View.DONE:
            return Case.is_open.is_(False)
        case _:
            return Case.is_open.is_(True)


def listed(wish: Wish, staff: Staff) -> list[Row[Any]]:
    """One page of a list, plus one row more when there is a next page.

    Rows have `Case`, `seen_version` (None: never seen), `assignee_name`, `department_slug` and
    `has_draft`. The oldest waiting comes first, urgent ones above all; done ones newest first.
    """
    backwards = wish.newest_first or wish.view == View.DONE
    order = (Case.sort_at.desc(), Case.id.desc()) if backwards else (Case.sort_at, Case.id)
    draft = (
        select(Answer.id)
        .where(
            Answer.case_id == Case.id,
            Answer.author_id == staff.id,
            Answer.state == AnswerState.DRAFT,
        )
        .exists()
    )
    query = (
        select(
            Case,
            CaseSeen.version.label("seen_version"),
            Staff.name.label("assignee_name"),
            Department.slug.label("department_slug"),
            draft.label("has_draft"),
        )
        .outerjoin(CaseSeen, and_(CaseSeen.case_id == Case.id, CaseSeen.staff_id == staff.id))
        .outerjoin(Staff, Staff.id == Case.assignee_id)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(condition(wish.view, staff), visible_cases(staff))
        .order_by(*order)
        .limit(A_PAGE + 1)
    )
    if wish.department:
        wanted = select(Department.id).where(Department.slug == wish.department)
        query = query.where(Case.department_id == wanted.scalar_subquery())
    if wish.channel:
        query = query.where(Case.channel == wish.channel)
    if wish.after is not None:
        here = tuple_(Case.sort_at, Case.id)
        there = tuple_(literal(wish.after[0], Case.sort_at.type), literal(wish.after[1]))
        query = query.where(here < there if backwards else here > there)
    rows: Sequence[Any] = db.session.execute(query).all()
    return list(rows)


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
    staff: Staff, *, departments: Sequence[str], channels: Sequence[str], late_before: datetime
) -> Counts:
    """All counts of the side bar in one statement.

    `departments` and `channels` name those wanted; `late_before`: a resident waiting since before
    then waits too long.
    """
    who = (staff.id, staff.role, staff.department_id)
    statement = _counting(who, tuple(departments), tuple(channels))
    found = {
        (row.kind, row.name): row.n
        for row in db.session.execute(statement, {"late_before": late_before})
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


@lru_cache(maxsize=512)
def _counting(
    who: tuple[int, str, int | None], departments: tuple[str, ...], channels: tuple[str, ...]
) -> Any:
    """The statement that counts everything for a person, kept: building it costs more than it."""
    staff = Staff(id=who[0], role=who[1], department_id=who[2], active=True)
    seen = visible_cases(staff)
    parts: dict[tuple[str, str], Any] = {}
    for view in View:
        parts["view", view] = _capped(condition(view, staff), seen)
    parts["late", ""] = _capped(
        Case.is_open.is_(True),
        Case.waiting_since < bindparam("late_before", type_=UtcDateTime()),
        seen,
    )
    for slug in departments:
        wanted = select(Department.id).where(Department.slug == slug).scalar_subquery()
        parts["department", slug] = _capped(
            Case.department_id == wanted, Case.is_open.is_(True), seen
        )
    for channel in channels:
        parts["channel", channel] = _capped(Case.channel == channel, Case.is_open.is_(True), seen)
    parts["event", ""] = select(func.max(Event.id))
    parts["sources", ""] = select(func.count()).where(
        Source.state != "off", or_(Source.error_class != "", Source.state == "gone")
    )
    mine = select(func.count()).where(Answer.author_id == staff.id)
    parts["author", ""] = select(
        mine.where(Answer.state.in_(OPEN_QUESTIONS)).scalar_subquery()
        + mine.where(Answer.reason == VANISHED).scalar_subquery()
    )
    return union_all(
        *(
            select(literal(kind).label("kind"), literal(name).label("name"),
                   part.scalar_subquery().label("n"))
            for (kind, name), part in parts.items()
        )
    )  # fmt: skip


def _capped(*conditions: ColumnElement[bool]) -> Any:
    """A count that stops at COUNT_TO + 1."""
    # the limit stands in the statement itself: a planner that does not see it plans for all rows
    most: Any = literal_column(str(COUNT_TO + 1))
    some = select(literal_column("1")).select_from(Case).where(*conditions).limit(most).subquery()
    return select(func.count()).select_from(some)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What surrounds a case: messages in order of time, and how many more are under the post."""

    messages: list[Message]
    versions: dict[int, list[MessageVersion]]
    others: int


def conversation(case: Case, staff: Staff, *, whole_post: bool = False) -> Conversation:
    """The resident's words, what they answer, what answers them; or all under the post (500).

    Of cases that this person may not see there is what every visitor of the platform sees: what is
    held, hidden, private or gone there is left out and not counted, and no earlier text is shown.
    """
    theirs = Message.case_id.in_(select(Case.id).where(visible_cases(staff)))
    public = and_(Message.at_source == AtSource.VISIBLE, ~Message.private)
    shown = or_(Message.case_id == case.id, theirs, public)
    wanted = select(Message).where(Message.post_id == case.post_id, shown)
    if not whole_post:
        mine = select(Message.id).where(Message.case_id == case.id)
        above = select(Message.parent_id).where(
            Message.case_id == case.id, Message.parent_id.is_not(None)
        )
        sibling = aliased(Message)
        below = select(sibling.id).where(
            or_(sibling.parent_id.in_(mine), sibling.parent_id.in_(above))
        )
        wanted = wanted.where(
            or_(Message.id.in_(mine), Message.id.in_(above), Message.id.in_(below))
        )
    rows = list(
        db.session.scalars(
            wanted.options(joinedload(Message.person))
            .order_by(Message.published_at.desc(), Message.id.desc())
            .limit(500)
        )
    )[::-1]
    total = db.session.scalar(
        select(func.count()).select_from(Message).where(Message.post_id == case.post_id, shown)
    )
    edited = [row.id for row in rows if row.edited_at is not None]
    versions = _versions_of(edited, or_(Message.case_id == case.id, theirs))
    return Conversation(rows, versions, max((total or 0) - len(rows), 0))


def _versions_of(ids: list[int], may: ColumnElement[bool]) -> dict[int, list[MessageVersion]]:
    """The earlier texts of these messages, as far as `may` lets them be seen, the oldest first."""
    versions: dict[int, list[MessageVersion]] = {}
    if not ids:
        return versions
    for version in db.session.scalars(
        select(MessageVersion)
        .join(Message, Message.id == MessageVersion.message_id)
        .where(MessageVersion.message_id.in_(ids), may)
        .order_by(MessageVersion.seen_until)
    ):
        versions.setdefault(version.message_id, []).append(version)
    return versions


def notes_of(case: Case) -> list[Note]:
    """The internal notes, oldest first; whether this person may read them is `may_read_notes`."""
    return list(
        db.session.scalars(
            select(Note)
            .options(joinedload(Note.author))
            .where(Note.case_id == case.id)
            .order_by(Note.at, Note.id)
        )
    )


def answers_of(case: Case) -> list[Answer]:
    """Answers that have been pressed, oldest first; taken-back and drafts are not among them."""
    return list(
        db.session.scalars(
            select(Answer)
            .options(joinedload(Answer.sent_by), joinedload(Answer.author))
            .where(
                Answer.case_id == case.id,
                Answer.state.not_in((AnswerState.DRAFT, AnswerState.DISCARDED)),
            )
            .order_by(Answer.pressed_at, Answer.id)
        )
    )


def suggestion_of(case: Case) -> Suggestion | None:
    """What the model said last."""
    return db.session.scalar(
        select(Suggestion)
        .where(Suggestion.case_id == case.id)
        .order_by(Suggestion.id.desc())
        .limit(1)
    )


def events_of(case: Case) -> list[Row[Any]]:
    """The case's ledger, oldest first: rows of (`Event`, `staff_name`)."""
    return list(
        db.session.execute(
            select(Event, Staff.name.label("staff_name"))
            .outerjoin(Staff, Staff.id == Event.staff_id)
            .where(Event.case_id == case.id)
            .order_by(Event.id)
            .limit(500)
        )
    )


def answers_that_need(staff: Staff) -> list[Answer]:
    """The person's own answers that are uncertain, refused or have vanished, newest first."""
    return list(
        db.session.scalars(
            select(Answer)
            .options(joinedload(Answer.case))
            .where(
                Answer.author_id == staff.id,
                or_(Answer.state.in_(OPEN_QUESTIONS), Answer.reason == VANISHED),
            )
            .order_by(Answer.changed_at.desc())
            .limit(100)
        )
    )
