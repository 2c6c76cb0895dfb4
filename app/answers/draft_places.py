"""Where a draft to several lies: in a case in which its author has no other draft.

A person has one draft in a case, and the database holds to that. What a draft under a post answers
is said by its rows of `AnswerCase`; the case that it lies in is its place only, so it gives way to
what its author writes in that case.
"""

from sqlalchemy import ColumnElement, and_, select

from app.answers.ready import CannotSend
from app.database import db
from app.models import Answer, AnswerCase, Case, Message, Staff
from app.models.answer import AnswerState
from app.people.rights import visible_cases

NO_ROOM = "several_no_room"
"""The reason when each case that it could lie in has a draft of the same person."""


def chosen_in(draft: Answer) -> dict[int, int]:
    """The cases that a draft to several is to answer, each with the version that was read."""
    rows = db.session.execute(
        select(AnswerCase.case_id, AnswerCase.case_version)
        .where(AnswerCase.answer_id == draft.id)
        .order_by(AnswerCase.case_id)
    )
    return {row.case_id: row.case_version for row in rows}


def lay_down(
    draft: Answer, by: Staff, chosen: list[int], *, among_them: bool, never: int = 0
) -> None:
    """Give a draft to several a place: in one of the chosen cases, under their post, or anywhere
    on the account; `among_them`: only in one that it answers; `never`: not in this case.

    Raises `CannotSend`.
    """
    post = select(Case.post_id).where(Case.id.in_(chosen)).limit(1).scalar_subquery()
    account = select(Case.account_id).where(Case.id.in_(chosen)).limit(1).scalar_subquery()
    tries: list[ColumnElement[bool]] = [Case.id.in_(chosen)]
    if not among_them:
        tries += [Case.post_id == post, Case.account_id == account]
    for condition in tries:
        place = _free(and_(condition, Case.id != never), by, draft.id)
        if place is not None:
            draft.case_id, draft.in_reply_to_id = place
            return
    raise CannotSend(NO_ROOM)


def make_room(case_id: int, by: Staff) -> None:
    """Let a draft to several that lies in this case give way to one of the case's own.

    Raises `CannotSend` when there is no other place for it: above all when it waits for approval,
    and each of its cases has a draft.
    """
    draft = db.session.scalar(
        select(Answer).where(
            Answer.case_id == case_id,
            Answer.author_id == by.id,
            Answer.state == AnswerState.DRAFT,
            Answer.to_post,
        )
    )
    if draft is not None:
        asked = draft.asked_at is not None
        lay_down(draft, by, list(chosen_in(draft)), among_them=asked, never=case_id)
        db.session.flush()


def _free(
    condition: ColumnElement[bool], by: Staff, draft_id: int | None
) -> tuple[int, int] | None:
    """A case in which this person has no draft (but this one), and its newest resident's word."""
    taken = select(Answer.case_id).where(
        Answer.author_id == by.id, Answer.state == AnswerState.DRAFT, Answer.id != (draft_id or 0)
    )
    word = (
        select(Message.id)
        .where(Message.case_id == Case.id, ~Message.by_city)
        .order_by(Message.published_at.desc(), Message.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    row = db.session.execute(
        select(Case.id, word)
        .where(condition, Case.id.not_in(taken), word.is_not(None), visible_cases(by))
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None
