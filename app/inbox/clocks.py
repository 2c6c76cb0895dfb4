"""Keeps a case's state and clocks in step with its conversation, for many cases at once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import aliased

from app.basics.personal_data import mask
from app.basics.plain_text import one_line
from app.database import db
from app.inbox.states import after_words, sort_time_of
from app.models import Answer, Case, Message
from app.models.answer import AnswerState
from app.models.case import CaseState, Outcome
from app.models.event import event_row, log_events

GONE = ("removed", "spam")
ON_ITS_WAY = (AnswerState.QUEUED, AnswerState.SENDING, AnswerState.UNCERTAIN)
SNIPPET = 200


def snippet_of(text: str) -> str:
    """One line for the list, personal identity numbers masked."""
    return mask(one_line(text, SNIPPET))


def set_clocks(case_ids: Iterable[int], *, now: datetime) -> None:
    """Work out anew who waits since when, and whether the case is open, from the messages.

    A resident's word waits unless it is settled (see `settle_words`), the city answered after it on
    the platform itself, it is history, or it is gone from the platform. A word that waits opens a
    closed case again. Must run inside the transaction that changed the messages; `now` is aware
    UTC.
    """
    ids = sorted(set(case_ids))
    if not ids:
        return
    columns = (
        Case.id, Case.state, Case.assignee_id, Case.outcome, Case.answered_at, Case.closed_at,
        Case.last_word_at, Case.urgent,
    )  # fmt: skip
    native, waits, newest = _native_answers(ids), _waiting(ids), _newest_words(ids)
    updates, events = [], []
    for row in db.session.execute(select(*columns).where(Case.id.in_(ids))).all():
        values, happened = _after(row, native.get(row.id), waits.get(row.id), newest.get(row.id))
        updates.append({"id": row.id, **values})
        events += [event_row(name, at=now, case_id=row.id) for name in happened]
    db.session.execute(update(Case), updates)
    log_events(events)


def lock_cases(case_ids: Iterable[int]) -> None:
    """Hold these cases until the transaction ends: whoever changes a conversation does this first.

    So a person who presses send or closes a case, and a collector that takes words in, come one
    after the other (on SQLite all writers do).
    """
    ids = sorted(set(case_ids))
    if ids:
        db.session.execute(
            select(Case.id).where(Case.id.in_(ids)).order_by(Case.id).with_for_update()
        ).all()


def cover_words(case_id: int, answer_id: int) -> None:
    """Remember which of the resident's words an answer was pressed against.

    Those that another answer on its way was pressed against before stay with that one.
    """
    db.session.execute(
        update(Message)
        .where(
            Message.case_id == case_id,
            ~Message.by_city,
            or_(
                Message.covered_by.is_(None),
                Message.covered_by.not_in(_pressed(case_id, *ON_ITS_WAY)),
            ),
        )
        .values(covered_by=answer_id)
        .execution_options(synchronize_session=False)
    )


def uncover_words(answer: Answer) -> Answer | None:
    """An answer will not arrive: its words go to the next one that was pressed after it.

    Returns that one (on its way or sent), None when there is none and the words wait again.
    """
    later = db.session.scalar(
        select(Answer)
        .where(
            Answer.case_id == answer.case_id,
            Answer.id != answer.id,
            Answer.state.in_((*ON_ITS_WAY, AnswerState.SENT)),
            Answer.pressed_at >= answer.pressed_at,
        )
        .order_by(Answer.pressed_at, Answer.id)
        .limit(1)
    )
    db.session.execute(
        update(Message)
        .where(Message.covered_by == answer.id)
        .values(covered_by=later.id if later else None)
        .execution_options(synchronize_session=False)
    )
    return later


def _pressed(case_id: int, *states: AnswerState) -> Any:
    return select(Answer.id).where(Answer.case_id == case_id, Answer.state.in_(states))


def settle_words(case_id: int, answer_id: int | None = None) -> None:
    """The resident's words are dealt with: all of them, or those an answer was pressed against."""
    words = update(Message).where(Message.case_id == case_id, ~Message.by_city)
    if answer_id is not None:
        words = words.where(Message.covered_by == answer_id)
    db.session.execute(words.values(settled=True).execution_options(synchronize_session=False))


def _native() -> tuple[Any, ...]:
    return (Message.by_city, ~Message.ours, Message.at_source.not_in(GONE))


def _native_answers(ids: list[int]) -> dict[int, datetime]:
    """Per case: when the city last answered on the platform itself."""
    rows = db.session.execute(
        select(Message.case_id, func.max(Message.published_at).label("at"))
        .where(Message.case_id.in_(ids), *_native())
        .group_by(Message.case_id)
    )
    return {row.case_id: row.at for row in rows}


def _waiting(ids: list[int]) -> dict[int, datetime]:
    """Per case: the platform's time of the first word that waits for us."""
    answer = aliased(Message)
    answered_natively = (
        select(answer.id)
        .where(
            answer.case_id == Message.case_id,
            answer.by_city,
            ~answer.ours,
            answer.at_source.not_in(GONE),
            answer.published_at > Message.published_at,
        )
        .exists()
    )
    rows = db.session.execute(
        select(Message.case_id, func.min(Message.published_at).label("at"))
        .where(
            Message.case_id.in_(ids),
            ~Message.by_city,
            ~Message.history,
            Message.at_source.not_in(GONE),
            ~Message.settled,
            ~answered_natively,
        )
        .group_by(Message.case_id)
    )
    return {row.case_id: row.at for row in rows}


def _newest_words(ids: list[int]) -> dict[int, Any]:
    """Per case: time and text of the newest of the resident's words."""
    rows = db.session.execute(
        select(Message.case_id, Message.published_at, Message.text)
        .where(Message.case_id.in_(ids), ~Message.by_city)
        .order_by(Message.published_at, Message.id)
    )
    return {row.case_id: row for row in rows}


def _after(
    row: Any, native: datetime | None, waiting: datetime | None, newest: Any
) -> tuple[dict[str, Any], list[str]]:
    """A case's columns after its conversation changed, and what happened to it."""
    state, outcome, closed_at = CaseState(row.state), row.outcome, row.closed_at
    happened: list[str] = []
    if waiting is not None:
        state = after_words(state, row.assignee_id)
        if row.state == CaseState.CLOSED:
            happened.append("case_reopened")
            outcome, closed_at = None, None
    answered = native is not None and (row.answered_at is None or native > row.answered_at)
    if answered and row.outcome != Outcome.HISTORY:
        happened.append("case_answered_natively")
    if answered and waiting is None and state != CaseState.CLOSED:
        state = CaseState.ANSWERED
    last_word = newest.published_at if newest else row.last_word_at
    values = {
        "state": state.value,
        "is_open": state != CaseState.CLOSED,
        "outcome": outcome,
        "closed_at": closed_at,
        "waiting_since": waiting,
        "answered_at": native if answered else row.answered_at,
        "last_word_at": last_word,
        "sort_at": sort_time_of(waiting, closed_at, last_word, row.urgent),
    }
    if newest:
        values["snippet"] = snippet_of(newest.text)
    return values, happened
