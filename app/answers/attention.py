"""What of the answers waits for this person: counted in one statement, for every page."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, literal, or_, select
from sqlalchemy.orm import joinedload

from app.answers.write import AUTHORS_TURN
from app.database import UtcDateTime, db
from app.inbox.approvals import all_open_to
from app.inbox.wishes import Who, person_of, who_of
from app.models import Answer, Case, Department, Staff
from app.models.answer import VANISHED, AnswerState
from app.models.staff import Role
from app.people.rights import visible_cases

OPEN_QUESTIONS = (AnswerState.UNCERTAIN, AnswerState.REFUSED)
SORT_OUT_OTHERS = (Role.CUSTOMER_SERVICE, Role.MANAGER)
"""Who is shown what colleagues have left lying."""


@dataclass(frozen=True, slots=True)
class Attention:
    """How many answers wait for somebody.

    `own`: theirs that are uncertain, refused or have vanished; `sent_back`: theirs that a second
    person gave back; `others`: colleagues' that nobody has seen to for AUTHORS_TURN; `approvals`:
    those that they may approve.
    """

    own: int = 0
    sent_back: int = 0
    others: int = 0
    approvals: int = 0


def attention(staff: Staff, *, may_approve: bool, now: datetime) -> Attention:
    """What waits for this person; `may_approve`: they may publish without a second one."""
    row = db.session.execute(_counting(who_of(staff)), {"before": now - AUTHORS_TURN}).one()
    return Attention(row.own, row.sent_back, row.others, row.approvals if may_approve else 0)


@lru_cache(maxsize=512)
def _counting(who: Who) -> Any:
    """The statement, kept: building it costs more than it."""
    staff = person_of(who)
    mine = select(func.count()).where(Answer.author_id == staff.id)
    own = (
        mine.where(Answer.state.in_(OPEN_QUESTIONS)).scalar_subquery()
        + mine.where(Answer.reason == VANISHED).scalar_subquery()
    )
    sent_back = mine.where(
        Answer.state == AnswerState.DRAFT, Answer.asked_at.is_(None), Answer.asked_body != ""
    ).scalar_subquery()
    others: Any = literal(0)
    if staff.role in SORT_OUT_OTHERS:
        left = _left_by_others(staff, bindparam("before", type_=UtcDateTime()))
        others = select(func.count()).select_from(Answer).join(Case).where(left).scalar_subquery()
    approvals = (
        select(func.count())
        .select_from(Answer)
        .join(Case)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(
            Answer.asked_at.is_not(None),
            Answer.state == AnswerState.DRAFT,
            Answer.author_id != staff.id,
            or_(
                Department.id.is_(None),
                Department.restricted.is_(False),
                Department.id == staff.department_id,
            ),
            visible_cases(staff),
            or_(~Answer.to_post, all_open_to(staff)),
        )
        .scalar_subquery()
    )
    return select(
        own.label("own"),
        sent_back.label("sent_back"),
        others.label("others"),
        approvals.label("approvals"),
    )


def _left_by_others(staff: Staff, before: Any) -> ColumnElement[bool]:
    return and_(
        Answer.state.in_(OPEN_QUESTIONS),
        Answer.author_id != staff.id,
        or_(Answer.sent_by_id.is_(None), Answer.sent_by_id != staff.id),
        Answer.changed_at <= before,
        visible_cases(staff),
    )


def left_by_others(staff: Staff, *, now: datetime) -> list[Answer]:
    """Colleagues' uncertain and refused answers that nobody has seen to, the oldest first.

    None for those who are not asked to sort out others'.
    """
    if staff.role not in SORT_OUT_OTHERS:
        return []
    return list(
        db.session.scalars(
            select(Answer)
            .join(Case)
            .options(joinedload(Answer.case), joinedload(Answer.author))
            .where(_left_by_others(staff, now - AUTHORS_TURN))
            .order_by(Answer.changed_at)
            .limit(100)
        )
    )


def slow_ones(staff: Staff, *, before: datetime) -> list[Answer]:
    """The person's answers that were pressed before then and are still in the queue.

    Those that wait for one more press of theirs are not slow.
    """
    return list(
        db.session.scalars(
            select(Answer)
            .options(joinedload(Answer.case))
            .where(
                Answer.author_id == staff.id,
                Answer.state == AnswerState.QUEUED,
                Answer.send_after.is_not(None),
                Answer.pressed_at <= before,
            )
            .order_by(Answer.pressed_at)
            .limit(100)
        )
    )
