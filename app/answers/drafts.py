"""What a person has typed and not sent: one draft per person and case, kept on the server."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from app.answers.draft_places import make_room
from app.answers.ready import CannotSend, tidy_body
from app.channels.base import Reason
from app.database import db, writing
from app.models import Answer, Case, Message, Staff
from app.models.answer import AnswerState
from app.people.rights import Act, case_for

LATE_SAVE = timedelta(minutes=1)
"""How late a page may save a draft that has been sent meanwhile."""


def save_draft(case_id: int, *, body: str, by: Staff, now: datetime) -> Answer | None:
    """Keep what a person has typed, one draft per person and case; an empty one is discarded.

    What the person has just pressed send on is no draft again: a page saves by itself, and may be
    late. What waits for a second person stays as it was put forward. Raises `NotAllowed`.
    """
    with writing():
        case = case_for(by, case_id, Act.ANSWER)
        draft = draft_of(case_id, by)
        if draft is None:
            if not body.strip() or _was_just_pressed(case_id, tidy_body(body), by, now):
                return None
            draft = new_draft(case, by, now)
        if draft.asked_at is not None:
            return draft
        draft.body, draft.changed_at = tidy_body(body), now
        if not body.strip():
            draft.state = AnswerState.DISCARDED
    return draft


def _was_just_pressed(case_id: int, body: str, by: Staff, now: datetime) -> bool:
    pressed = select(Answer.id).where(
        Answer.case_id == case_id,
        or_(Answer.sent_by_id == by.id, Answer.author_id == by.id),
        Answer.pressed_at > now - LATE_SAVE,
        Answer.state != AnswerState.DISCARDED,
        Answer.body == body,
    )
    return db.session.scalar(pressed.limit(1)) is not None


def draft_of(case_id: int, by: Staff) -> Answer | None:
    """This person's draft in this case, also one that waits for a second person's approval."""
    return db.session.scalar(
        select(Answer).where(
            Answer.case_id == case_id,
            Answer.author_id == by.id,
            Answer.state == AnswerState.DRAFT,
            ~Answer.to_post,
        )
    )


def new_draft(case: Case, by: Staff, now: datetime) -> Answer:
    """An empty draft to the resident's newest words.

    Raises `CannotSend` where there are none, and where a draft to several cannot give way.
    """
    newest = db.session.scalar(
        select(Message)
        .where(Message.case_id == case.id, ~Message.by_city)
        .order_by(Message.published_at.desc())
        .limit(1)
    )
    if newest is None:
        raise CannotSend(Reason.MESSAGE_GONE)
    make_room(case.id, by)
    draft = Answer(
        case_id=case.id,
        in_reply_to_id=newest.id,
        author_id=by.id,
        state=AnswerState.DRAFT,
        key=secrets.token_hex(16),
        case_version=case.version,
        created_at=now,
        changed_at=now,
    )
    db.session.add(draft)
    return draft


def again_as_draft(answer: Answer, by: Staff, now: datetime) -> Answer:
    """The answer's words as the person's draft; words typed meanwhile stay below them.

    A draft that waits for approval is the person's own again: it is no longer what was put forward.
    """
    draft = draft_of(answer.case_id, by)
    if draft is None:
        draft = new_draft(answer.case, by, now)
        draft.body = answer.body
    elif draft.body.strip() != answer.body.strip():
        draft.body = f"{answer.body}\n\n{draft.body}".strip()
    draft.asked_at, draft.changed_at = None, now
    db.session.flush()
    return draft
