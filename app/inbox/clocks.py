"""Keeps a case's state and clocks in step with its conversation, for many cases at once."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.basics.personal_data import mask
from app.basics.plain_text import one_line
from app.database import db
from app.inbox.following import followers_of, ties_of, waiting_behind
from app.inbox.states import after_words, keep_place, move, sort_time_of
from app.models import Answer, AnswerCase, Case, Message, Staff
from app.models.answer import AnswerState
from app.models.case import CaseState, Outcome
from app.models.event import event_row, log_event, log_events

GONE = ("removed", "spam")
ON_ITS_WAY = (AnswerState.QUEUED, AnswerState.SENDING, AnswerState.UNCERTAIN)
SNIPPET = 200


def snippet_of(text: str) -> str:
    """One line for the list, personal identity numbers masked."""
    return mask(one_line(text, SNIPPET))


def set_clocks(case_ids: Iterable[int], *, now: datetime, new_words: bool = False) -> None:
    """Work out anew who waits since when, and whether the case is open, from the messages.

    A resident's word waits unless it is settled (see `settle_words`), the city answered after it on
    the platform itself, it is history, or it is gone from the platform. A word that waits opens a
    closed case again, and the case that this one follows; with `new_words` what was written against
    that one is out of date. Must run inside the transaction that changed the messages; `now` is
    aware UTC.
    """
    ids = set(case_ids)
    ties = ties_of(ids)
    leaders = {leader for one, leader in ties.items() if one in ids}
    if leaders and new_words:
        newer = update(Case).where(Case.id.in_(leaders)).values(version=Case.version + 1)
        db.session.execute(newer.execution_options(synchronize_session=False))
    _set(sorted(ids & ties.keys()), {}, now)
    _end_natively(ids & set(ties.values()), now)
    whole = (ids | leaders) - ties.keys()
    _set(sorted(whole), waiting_behind(whole) if ties else {}, now)


def _set(ids: list[int], behind: Mapping[int, datetime], now: datetime) -> None:
    """`set_clocks` of cases none of which follows another of them; `behind`: who waits there."""
    if not ids:
        return
    columns = (
        Case.id, Case.state, Case.assignee_id, Case.outcome, Case.answered_at, Case.closed_at,
        Case.last_word_at, Case.urgent, Case.snoozed_until,
    )  # fmt: skip
    native, waits, newest = _native_answers(ids), _waiting(ids), _newest_words(ids)
    updates, events = [], []
    rows = db.session.execute(select(*columns).where(Case.id.in_(ids))).all()
    woken = _just_said([row.id for row in rows if row.snoozed_until is not None], now)
    for row in rows:
        values, happened = _after(
            row, native.get(row.id), waits.get(row.id), newest.get(row.id), behind.get(row.id)
        )
        values["snoozed_until"] = None if row.id in woken else row.snoozed_until
        happened += ["case_woken"] if row.id in woken else []
        updates.append({"id": row.id, **values})
        events += [_told(name, row.id, native.get(row.id), now) for name in happened]
    db.session.execute(update(Case), updates)
    log_events(events)


def _told(name: str, case_id: int, native: datetime | None, now: datetime) -> dict[str, Any]:
    """The ledger's line of what happened to a case; of an answer elsewhere, when it was given."""
    facts: dict[str, Any] = {}
    if name == "case_answered_natively" and native is not None:
        facts["published"] = native.isoformat()
    return event_row(name, at=now, case_id=case_id, **facts)


def lock_cases(case_ids: Iterable[int]) -> None:
    """Hold these cases until the transaction ends: whoever changes a conversation does this first.

    So a person who presses send or closes a case, and a collector that takes words in, come one
    after the other (on SQLite all writers do). The cases that these follow, or that follow them,
    are held too, all in the order of their ids.
    """
    if not (wanted := set(case_ids)):
        return
    ties = ties_of(wanted)
    ids = sorted(wanted.union(ties, ties.values()))
    db.session.execute(
        select(Case.id).where(Case.id.in_(ids)).order_by(Case.id).with_for_update()
    ).all()


def cover_words(case_id: int, answer_id: int) -> None:
    """Remember which of the resident's words an answer was pressed against.

    Those that another answer on its way was pressed against before stay with that one. The words
    of followers, which the person had before them as well, are covered with them.
    """
    presser = db.session.get(Staff, db.session.get_one(Answer, answer_id).sent_by_id)
    behind = followers_of(case_id, seen_by=presser) if presser else []
    _cover(case_id, answer_id, beside=(case_id,))
    for one in behind:
        _cover(one, answer_id, beside=(case_id, one))


def _cover(case_id: int, answer_id: int, *, beside: Iterable[int]) -> None:
    """Cover a case's words, but for those that answers on their way in `beside` were pressed on."""
    on_their_way = or_(*(Message.covered_by.in_(_pressed(one, *ON_ITS_WAY)) for one in beside))
    db.session.execute(
        update(Message)
        .where(
            Message.case_id == case_id,
            ~Message.by_city,
            or_(Message.covered_by.is_(None), ~on_their_way),
        )
        .values(covered_by=answer_id)
        .execution_options(synchronize_session=False)
    )


def uncover_words(answer: Answer, case_id: int) -> Answer | None:
    """An answer will not arrive: a case's words go to the next one that was pressed after it.

    Returns that one (on its way or sent), None when there is none and the words wait again.
    """
    later = db.session.scalar(
        select(Answer)
        .where(
            answers_case(case_id),
            Answer.id != answer.id,
            Answer.state.in_((*ON_ITS_WAY, AnswerState.SENT)),
            Answer.pressed_at >= answer.pressed_at,
        )
        .order_by(Answer.pressed_at, Answer.id)
        .limit(1)
    )
    db.session.execute(
        update(Message)
        .where(
            Message.covered_by == answer.id,
            Message.case_id.in_([case_id, *followers_of(case_id)]),
        )
        .values(covered_by=later.id if later else None)
        .execution_options(synchronize_session=False)
    )
    return later


def _pressed(case_id: int, *states: AnswerState) -> Any:
    return select(Answer.id).where(answers_case(case_id), Answer.state.in_(states))


def answers_case(case_id: int | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The condition on `Answer` that it answers this case: alone, or together with others."""
    together = select(AnswerCase.answer_id).where(AnswerCase.case_id == case_id)
    return or_(Answer.case_id == case_id, Answer.id.in_(together))


def settle_words(case_id: int, answer_id: int | None = None) -> None:
    """The resident's words are dealt with: all of them, or those an answer was pressed against."""
    words = update(Message).where(Message.case_id == case_id, ~Message.by_city)
    if answer_id is not None:
        words = words.where(Message.covered_by == answer_id)
    db.session.execute(words.values(settled=True).execution_options(synchronize_session=False))


def settle_followers(
    case_id: int, *, by_id: int | None, now: datetime, answer_id: int | None = None
) -> bool:
    """What it means for the cases that follow this one that a person has answered or closed it.

    Dealt with are the followers' words that the answer was pressed against, or that the person may
    see who closes; a follower in which nobody waits any more is closed as a duplicate at this
    moment, which so ends its own clock. One that waits and that the person may not see stands by
    itself again. Returns whether somebody behind waits still; `now` is aware UTC.
    """
    behind = followers_of(case_id)
    if not behind:
        return False
    by = db.session.get(Staff, by_id)
    seen = followers_of(case_id, seen_by=by) if by else []
    for one in behind if answer_id else seen:
        settle_words(one, answer_id)
    facts: dict[str, Any] = {"at": now, "staff_id": by_id, "answer_id": answer_id, "into": case_id}
    for case in _close_those_done(behind, facts):
        if case.id not in seen:
            case.merged_into_id = None
            log_event("case_unmerged", case_id=case.id, **facts)
    db.session.flush()
    keep_place(case_id)
    return bool(waiting_behind([case_id]))


def _end_natively(leader_ids: set[int], now: datetime) -> None:
    """What an answer on the platform itself, which came at `now`, means for those that follow.

    As one of ours does: what they had said before it is dealt with, and a follower in which nobody
    waits any more is closed as a duplicate. One merged later has not been answered by it.
    """
    came = (
        select(Message.case_id, Message.id, Message.published_at)
        .where(Message.case_id.in_(leader_ids), *_native(), Message.fetched_at == now)
        .order_by(Message.published_at, Message.id)
    )
    newest = {row.case_id: row for row in db.session.execute(came)} if leader_ids else {}
    for leader_id, native in newest.items():
        behind = followers_of(leader_id)
        db.session.execute(
            update(Message)
            .where(
                Message.case_id.in_(behind),
                ~Message.by_city,
                Message.published_at < native.published_at,
            )
            .values(settled=True)
            .execution_options(synchronize_session=False)
        )
        _close_those_done(behind, {"at": now, "message_id": native.id, "into": leader_id})
        db.session.flush()


def _close_those_done(behind: list[int], facts: Mapping[str, Any]) -> list[Case]:
    """Close the followers in which nobody waits any more as duplicates; those that wait come back.

    `facts` go into the ledger; their `at` is the moment, aware UTC.
    """
    now, waited = facts["at"], _waiting_since(behind)
    _set(behind, {}, now)
    wanted = select(Case).where(Case.id.in_(behind), Case.is_open).order_by(Case.id)
    waiting = []
    for case in db.session.scalars(wanted.execution_options(populate_existing=True)).all():
        if case.waiting_since is not None:
            waiting.append(case)
            continue
        move(case, CaseState.CLOSED, now=now, outcome=Outcome.DUPLICATE)
        told: dict[str, Any] = {"outcome": Outcome.DUPLICATE, **waited.get(case.id, {})}
        log_event("case_closed", case_id=case.id, **facts, **told)
    return waiting


def _waiting_since(ids: list[int]) -> dict[int, dict[str, str]]:
    """Since when the cases that wait do so, as the ledger writes it beside a closing."""
    rows = db.session.execute(
        select(Case.id, Case.waiting_since).where(Case.id.in_(ids), Case.waiting_since.is_not(None))
    )
    return {row.id: {"waited_since": row.waiting_since.isoformat()} for row in rows}


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


def _just_said(ids: list[int], now: datetime) -> set[int]:
    """Those of these cases whose resident, or a follower's, has said (or changed) something that
    came at `now`."""
    if not ids:
        return set()
    said = (~Message.by_city, ~Message.history, Message.fetched_at == now)
    rows = db.session.execute(
        select(Case.id, Case.merged_into_id)
        .join(Message, Message.case_id == Case.id)
        .where(or_(Case.id.in_(ids), Case.merged_into_id.in_(ids)), *said)
    )
    return {case_id for row in rows for case_id in row if case_id in ids}


def _newest_words(ids: list[int]) -> dict[int, Any]:
    """Per case: time and text of the newest of the resident's words."""
    rows = db.session.execute(
        select(Message.case_id, Message.published_at, Message.text)
        .where(Message.case_id.in_(ids), ~Message.by_city)
        .order_by(Message.published_at, Message.id)
    )
    return {row.case_id: row for row in rows}


def _after(
    row: Any,
    native: datetime | None,
    waiting: datetime | None,
    newest: Any,
    behind: datetime | None,
) -> tuple[dict[str, Any], list[str]]:
    """A case's columns after its conversation changed, and what happened to it.

    `behind`: the place of the foremost follower that waits; the case is not done before that.
    """
    state, outcome, closed_at = CaseState(row.state), row.outcome, row.closed_at
    happened: list[str] = []
    if waiting is not None or behind is not None:
        state = after_words(state, row.assignee_id)
        if row.state == CaseState.CLOSED:
            happened.append("case_reopened")
            outcome, closed_at = None, None
    answered = native is not None and (row.answered_at is None or native > row.answered_at)
    if answered and row.outcome != Outcome.HISTORY:
        happened.append("case_answered_natively")
    if answered and waiting is None and behind is None and state != CaseState.CLOSED:
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
        "sort_at": sort_time_of(waiting, closed_at, last_word, row.urgent, behind),
    }
    if newest:
        values["snippet"] = snippet_of(newest.text)
    return values, happened
