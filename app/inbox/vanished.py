"""Answers of ours that a platform has taken away: their authors are told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from app.database import db
from app.models import Answer, AnswerCase, Message
from app.models.answer import VANISHED, AnswerState
from app.models.event import event_row


def note_vanished(rows: Sequence[Message], now: datetime) -> list[dict[str, Any]]:
    """Mark the answers that these messages were; the events, one for each case an answer answered.

    Must run inside the caller's transaction, which writes the events; `now` is aware UTC.
    """
    ours = [row.id for row in rows if row.ours]
    if not ours:
        return []
    gone = db.session.execute(
        update(Answer)
        .where(Answer.message_id.in_(ours), Answer.state == AnswerState.SENT)
        .values(reason=VANISHED, changed_at=now)
        .returning(Answer.id, Answer.case_id)
        .execution_options(synchronize_session=False)
    ).all()
    together = select(AnswerCase.answer_id, AnswerCase.case_id).where(
        AnswerCase.answer_id.in_([row.id for row in gone])
    )
    answered = {(row.id, row.case_id) for row in gone}
    answered |= {(row.answer_id, row.case_id) for row in db.session.execute(together)}
    return [
        event_row("answer_vanished", at=now, case_id=case_id, answer_id=answer_id)
        for answer_id, case_id in sorted(answered)
    ]
