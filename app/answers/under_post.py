"""What a person has typed to several and not sent: one draft per person and post, on the server."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, or_, select

from app.answers.draft_places import chosen_in, lay_down
from app.answers.drafts import LATE_SAVE
from app.answers.ready import tidy_body
from app.answers.together import case_ids_of
from app.database import db, writing
from app.inbox import posts
from app.models import Answer, AnswerCase, Case, Staff
from app.models.answer import AnswerState
from app.people.rights import Act

MOST_CASES = 200
"""Cases that one answer may answer: more than a person reads through before pressing."""


def draft_under(post_id: int, by: Staff) -> Answer | None:
    """This person's draft to several under a post, also one that waits for approval."""
    return db.session.scalar(
        select(Answer).where(
            Answer.author_id == by.id,
            Answer.state == AnswerState.DRAFT,
            Answer.to_post,
            _under(post_id),
        )
    )


def _under(post_id: int) -> ColumnElement[bool]:
    answered = select(AnswerCase.case_id).join(Case, Case.id == AnswerCase.case_id)
    return answered.where(AnswerCase.answer_id == Answer.id, Case.post_id == post_id).exists()


def save_draft_under(
    post_id: int, seen: Mapping[int, int], *, body: str, by: Staff, now: datetime
) -> Answer | None:
    """Keep what a person has typed to these cases; an empty text is discarded.

    `seen`: each chosen case with the version that the page showed. Nothing is kept (None) of what
    has just been sent, and of a text to nobody. With no case chosen any more the ones before are
    kept; what waits for a second person stays as it was put forward. Raises `NotAllowed`, and
    `CannotSend` where there is no room (see `draft_places`).
    """
    with writing():
        posts.post_for(by, post_id, Act.ANSWER)
        draft = draft_under(post_id, by)
        if draft is not None and draft.asked_at is not None:
            return draft
        chosen = _under_the_post(post_id, seen, by)
        if draft is None:
            typed = tidy_body(body)
            if not typed or not chosen or _was_just_pressed(post_id, typed, by, now):
                return None
            draft = new_draft_under(chosen, by, now)
        draft.body, draft.changed_at = tidy_body(body), now
        if chosen:
            choose(draft, chosen)
        if not body.strip():
            draft.state = AnswerState.DISCARDED
    return draft


def _under_the_post(post_id: int, seen: Mapping[int, int], by: Staff) -> dict[int, int]:
    """Those of the chosen cases that lie under this post and that the person may see."""
    some = list(seen)[:MOST_CASES]
    there = db.session.scalars(
        select(Case.id).where(Case.id.in_(some), posts.under(post_id, by)).order_by(Case.id)
    )
    return {case_id: seen[case_id] for case_id in there}


def _was_just_pressed(post_id: int, body: str, by: Staff, now: datetime) -> bool:
    pressed = (
        select(Answer.id)
        .join(Case, Case.id == Answer.case_id)
        .where(
            Case.post_id == post_id,
            Answer.to_post,
            or_(Answer.sent_by_id == by.id, Answer.author_id == by.id),
            Answer.pressed_at > now - LATE_SAVE,
            Answer.state != AnswerState.DISCARDED,
            Answer.body == body,
        )
    )
    return db.session.scalar(pressed.limit(1)) is not None


def new_draft_under(chosen: Mapping[int, int], by: Staff, now: datetime) -> Answer:
    """An empty draft to these cases, which lie under one post. Raises `CannotSend`."""
    draft = Answer(
        author_id=by.id,
        state=AnswerState.DRAFT,
        key=secrets.token_hex(16),
        body="",
        case_version=1,
        to_post=True,
        created_at=now,
        changed_at=now,
    )
    lay_down(draft, by, list(chosen), among_them=False)
    db.session.add(draft)
    db.session.flush()
    choose(draft, chosen)
    return draft


def choose(draft: Answer, chosen: Mapping[int, int]) -> None:
    """Let a draft answer exactly these cases, as they stood at these versions."""
    if chosen_in(draft) == dict(chosen):
        return
    db.session.execute(delete(AnswerCase).where(AnswerCase.answer_id == draft.id))
    rows = [
        {"answer_id": draft.id, "case_id": case_id, "case_version": version}
        for case_id, version in chosen.items()
    ]
    db.session.execute(insert(AnswerCase), rows)


def again_under(answer: Answer, by: Staff, now: datetime) -> Answer:
    """An answer's words as the person's draft to the same cases; what they typed meanwhile stays
    below them. One that waits for approval is the person's own again."""
    ids = case_ids_of(answer)
    versions = select(Case.id, Case.version).where(Case.id.in_(ids))
    chosen = {row.id: row.version for row in db.session.execute(versions)}
    draft = draft_under(answer.case.post_id, by)
    if draft is None:
        draft = new_draft_under(chosen, by, now)
        draft.body = answer.body
    elif draft.body.strip() != answer.body.strip():
        draft.body = f"{answer.body}\n\n{draft.body}".strip()
    choose(draft, {**chosen_in(draft), **chosen})
    draft.asked_at, draft.changed_at = None, now
    db.session.flush()
    return draft
