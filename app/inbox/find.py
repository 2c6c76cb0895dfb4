"""Finds a case's conversation and what hangs on it; every query carries who may see what."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from app.channels.base import AtSource
from app.database import db
from app.inbox.clocks import answers_case
from app.inbox.wishes import Who, person_of, who_of
from app.models import (
    Answer,
    AnswerCase,
    Case,
    Event,
    Message,
    MessageVersion,
    Note,
    Staff,
    Suggestion,
)
from app.models.answer import VANISHED, AnswerState
from app.people.rights import visible_cases

OPEN_QUESTIONS = (AnswerState.UNCERTAIN, AnswerState.REFUSED)
"""States of an answer that its author has something to do about."""
MOST = 500
"""Messages of a conversation that are shown, the newest."""
MOST_OTHERS = 99
"""Comments of others under the post that are counted; there may be thousands."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What surrounds a case: messages in order of time, and how many more are under the post.

    `others` is counted up to MOST_OTHERS + 1.
    """

    messages: list[Message]
    versions: dict[int, list[MessageVersion]]
    others: int


def conversation(case: Case, staff: Staff, *, whole_post: bool = False) -> Conversation:
    """The resident's words, what they answer, what answers them; or all under the post (MOST).

    Of cases that this person may not see there is what every visitor of the platform sees: what is
    held, hidden, private or gone there is left out and not counted, and no earlier text is shown.
    """
    given = {"case_id": case.id, "post_id": case.post_id}
    wanted, under = _around(who_of(staff), whole_post)
    rows = list(db.session.scalars(wanted, given))[::-1]
    total = db.session.scalar(under, given)
    edited = [row.id for row in rows if row.edited_at is not None]
    versions = _versions_of(edited, or_(Message.case_id == case.id, _theirs(staff)))
    others = max((total or 0) - len(rows), 0)
    return Conversation(rows, versions, min(others, MOST_OTHERS + 1))


@lru_cache(maxsize=512)
def _around(who: Who, whole_post: bool) -> tuple[Any, Any]:
    """The statements for what is shown and for how much there is, kept: building costs most."""
    case_id: Any = bindparam("case_id")
    public = and_(Message.at_source == AtSource.VISIBLE, ~Message.private)
    together = Message.id.in_(_said_to_several(case_id))
    shown = or_(Message.case_id == case_id, _theirs(person_of(who)), public, together)
    under = (Message.post_id == bindparam("post_id"), shown)
    wanted = select(Message).where(*under)
    if not whole_post:
        mine = select(Message.id).where(Message.case_id == case_id)
        above = select(Message.parent_id).where(
            Message.case_id == case_id, Message.parent_id.is_not(None)
        )
        sibling = aliased(Message)
        below = select(sibling.id).where(
            or_(sibling.parent_id.in_(mine), sibling.parent_id.in_(above))
        )
        wanted = wanted.where(
            or_(Message.id.in_(mine), Message.id.in_(above), Message.id.in_(below), together)
        )
    newest_first = wanted.order_by(Message.published_at.desc(), Message.id.desc())
    some = select(Message.id).where(*under).limit(MOST + MOST_OTHERS + 1).subquery()
    return (
        newest_first.options(joinedload(Message.person)).limit(MOST),
        select(func.count()).select_from(some),
    )


def _theirs(staff: Staff) -> ColumnElement[bool]:
    """The condition on `Message` that it belongs to a case that this person may see."""
    return select(Case.id).where(Case.id == Message.case_id, visible_cases(staff)).exists()


def _said_to_several(case_id: Any) -> Any:
    """The messages of answers under the post that answer this case together with another."""
    shared = select(AnswerCase.answer_id).where(AnswerCase.case_id == case_id)
    return select(Answer.message_id).where(Answer.id.in_(shared), Answer.message_id.is_not(None))


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
                answers_case(case.id),
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
