"""The cases that one answer answers: one, or under a post several that are alike."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.database import db
from app.inbox.clocks import lock_cases
from app.models import Answer, AnswerCase, Case
from app.models.event import event_row, log_events


def case_ids_of(answer: Answer) -> list[int]:
    """The ids of all cases that an answer answers, in ascending order."""
    others = select(AnswerCase.case_id).where(AnswerCase.answer_id == answer.id)
    return sorted({answer.case_id, *db.session.scalars(others)})


def cases_of(answer: Answer) -> list[Case]:
    """All cases that an answer answers, held until the transaction ends."""
    ids = case_ids_of(answer)
    lock_cases(ids)
    found = select(Case).where(Case.id.in_(ids)).order_by(Case.id)
    return list(db.session.scalars(found.execution_options(populate_existing=True)))


def log_answer(name: str, answer: Answer, *, at: datetime, **what: Any) -> None:
    """What happened to an answer, as a line of the ledger for each case that it answers."""
    log_events(
        [
            event_row(name, at=at, case_id=case_id, answer_id=answer.id, **what)
            for case_id in case_ids_of(answer)
        ]
    )
