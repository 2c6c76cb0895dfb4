"""What a person does with a case besides answering: take it, let go, put aside, close, open."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update

from app.basics import clock
from app.database import db, insert_or_ignore, writing
from app.inbox import states
from app.inbox.clocks import (
    answers_case,
    lock_cases,
    set_clocks,
    settle_followers,
    settle_words,
)
from app.inbox.following import closed_with
from app.inbox.notes import add_note, mark_read, who_see
from app.inbox.notes import write_note as write_note
from app.models import Answer, Case, CaseSeen, Event, Message, Staff
from app.models.answer import AnswerState
from app.models.case import CaseState, Outcome
from app.models.event import log_event
from app.people.rights import Act, NotAllowed, case_for, may


class CaseChanged(Exception):
    """The conversation is no longer what the person had before them."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the conversation is now at version {version}")
        self.version = version


class ReasonNeeded(Exception):
    """Closing with this outcome needs a reason in words."""


class NoSuchCase(Exception):
    """The case that this one is said to double is itself, or none that the person may see."""


class BadTime(Exception):
    """A case cannot be put aside until then: it is not ahead, or too far."""


class NotTheirs(Exception):
    """The colleague may not see the case, or does not work with cases."""


BY_HAND = (
    Outcome.ANSWERED,
    Outcome.REFERRED,
    Outcome.NO_ANSWER_NEEDED,
    Outcome.DUPLICATE,
    Outcome.SPAM,
)
"""The outcomes a person may choose; `history` is set when an account is connected."""
NEED_REASON = (Outcome.NO_ANSWER_NEEDED, Outcome.REFERRED, Outcome.DUPLICATE)
"""Why no answer is needed, to whom the resident was referred, what case it doubles."""
LONGEST_ASIDE = timedelta(days=366)


def take(case_id: int, *, by: Staff, now: datetime) -> Case:
    """Take a case: it is this person's now, and under way. Raises `NotAllowed`."""
    with writing():
        case = case_for(by, case_id, Act.CLOSE)
        case.assignee_id = by.id
        if case.state in (CaseState.NEW, CaseState.REOPENED):
            states.move(case, CaseState.ONGOING, now=now)
        log_event("case_taken", at=now, case_id=case.id, staff_id=by.id)
    return case


def let_go(case_id: int, *, by: Staff, now: datetime) -> Case:
    """Leave a case without an assignee. Raises `NotAllowed`."""
    with writing():
        case = case_for(by, case_id, Act.CLOSE)
        case.assignee_id = None
        log_event("case_released", at=now, case_id=case.id, staff_id=by.id)
    return case


def wait_for_resident(case_id: int, *, by: Staff, seen_version: int, now: datetime) -> Case:
    """Nothing to do until the resident writes again. Raises `NotAllowed`, `CaseChanged`.

    Those who wait in cases that follow this one go on waiting, and keep its place in the lists.
    """
    with writing():
        case = _unchanged(case_id, seen_version, by)
        states.move(case, CaseState.WAITING, now=now)
        settle_words(case.id)
        log_event("case_waiting", at=now, case_id=case.id, staff_id=by.id)
    return case


def hand_over(case_id: int, *, to: int, message: str, by: Staff, now: datetime) -> Case:
    """Give a case to a named colleague who may see it, with a message that mentions them.

    Note and assignment happen together or not at all. Raises `NotAllowed` and `NotTheirs`.
    """
    with writing():
        case = case_for(by, case_id, Act.CLOSE)
        colleague = db.session.get(Staff, to)
        if colleague is None or colleague not in may_take(case, [colleague]):
            raise NotTheirs(to)
        case.assignee_id, case.snoozed_until = colleague.id, None
        if case.state in (CaseState.NEW, CaseState.REOPENED):
            states.move(case, CaseState.ONGOING, now=now)
        db.session.flush()
        add_note(case, message, by=by, now=now, to=colleague)
        given = {"case_id": case.id, "staff_id": by.id, "to_staff": colleague.id}
        log_event("case_taken", at=now, **given)
    return case


def may_take(case: Case, people: Iterable[Staff]) -> list[Staff]:
    """Those of these people to whom the case can be handed over."""
    return [one for one in who_see(case, people) if may(one, Act.CLOSE)]


def close(
    case_id: int,
    *,
    outcome: Outcome,
    reason: str,
    by: Staff,
    seen_version: int,
    now: datetime,
    duplicate_of: int | None = None,
) -> Case:
    """Close a case with an outcome; some need a reason (see NEED_REASON).

    Whom a resident was referred to is the suggestion's when nobody is named. Raises `NotAllowed`,
    `CaseChanged` when the resident has said more than the person had before them, `ReasonNeeded`,
    `NoSuchCase` and `states.NotFromHere`.
    """
    with writing():
        lock_cases([case_id])
        case = _unchanged(case_id, seen_version, by)
        said = reason.strip()[:1000] or (case.refer_to if outcome == Outcome.REFERRED else "")
        if outcome not in BY_HAND or (outcome in NEED_REASON and not said):
            raise ReasonNeeded
        details = _doubles(case, duplicate_of, by) if outcome == Outcome.DUPLICATE else {}
        if case.waiting_since is not None:
            details["waited_since"] = case.waiting_since.isoformat()
        states.move(case, CaseState.CLOSED, now=now, outcome=outcome)
        settle_words(case.id)
        settle_followers(case.id, by_id=by.id, now=now)
        case.outcome_reason, case.snoozed_until = said, None
        facts = {"case_id": case.id, "staff_id": by.id, "outcome": outcome}
        log_event("case_closed", at=now, **facts, **details)
    return case


def _doubles(case: Case, other_id: int | None, by: Staff) -> dict[str, Any]:
    """The case that this one doubles, for the ledger; one that the person may see."""
    if other_id is None:
        return {}
    try:
        other = case_for(by, other_id)
    except NotAllowed as error:
        raise NoSuchCase(other_id) from error
    if other.id == case.id:
        raise NoSuchCase(other_id)
    return {"duplicate_of": other.id}


def reopen(case_id: int, *, by: Staff, now: datetime) -> Case:
    """Open a case that was closed by mistake; who waited then waits still, since the same moment.

    Raises `NotAllowed`, and `states.NotFromHere` for a case that is open.
    """
    with writing():
        case = case_for(by, case_id, Act.CLOSE)
        db.session.refresh(case, with_for_update={"of": Case})
        if case.is_open:
            raise states.NotFromHere(case.state, CaseState.REOPENED)
        states.move(case, CaseState.REOPENED, now=now)
        case.outcome_reason = ""
        behind = closed_with(case.id)
        for one in (case, *behind):
            _unsettle(one)
        db.session.flush()
        set_clocks([case.id, *(one.id for one in behind)], now=now)
        db.session.refresh(case)
        log_event("case_reopened", at=now, case_id=case.id, staff_id=by.id)
    return case


def _unsettle(case: Case) -> None:
    """The words that only the closing had settled wait again."""
    closings = select(Event.details).where(Event.case_id == case.id, Event.name == "case_closed")
    last = db.session.scalar(closings.order_by(Event.id.desc()).limit(1)) or {}
    since = clock.parse_utc(last.get("waited_since", ""))
    if since is None:
        return
    arrived = select(Answer.id).where(answers_case(case.id), Answer.state == AnswerState.SENT)
    db.session.execute(
        update(Message)
        .where(
            Message.case_id == case.id,
            ~Message.by_city,
            Message.published_at >= since,
            or_(Message.covered_by.is_(None), Message.covered_by.not_in(arrived)),
        )
        .values(settled=False)
        .execution_options(synchronize_session=False)
    )


def snooze(
    case_id: int, *, until: datetime, by: Staff, now: datetime, seen_version: int | None = None
) -> Case:
    """Put an open case aside until a time; whoever waits goes on waiting, since the same moment.

    `until` is aware UTC. Raises `NotAllowed`, `BadTime` when it is not ahead or more than a year
    off, `states.NotFromHere` for a closed case, and `CaseChanged` when `seen_version` is given and
    the conversation is no longer at it.
    """
    if not now < until <= now + LONGEST_ASIDE:
        raise BadTime(until)
    with writing():
        case = _unchanged(case_id, seen_version, by)
        if not case.is_open:
            raise states.NotFromHere(case.state, CaseState.WAITING)
        case.snoozed_until = until
        facts = {"case_id": case.id, "staff_id": by.id, "until": until.isoformat()}
        log_event("case_snoozed", at=now, **facts)
    return case


def wake(case_id: int, *, by: Staff, now: datetime) -> Case:
    """Take a case that was put aside back into the lists now. Raises `NotAllowed`."""
    with writing():
        case = case_for(by, case_id, Act.CLOSE)
        if case.snoozed_until is not None:
            case.snoozed_until = None
            log_event("case_woken", at=now, case_id=case.id, staff_id=by.id)
    return case


def mark_unread(case_id: int, *, by: Staff) -> None:
    """The case stands as unread for this person. Raises `NotAllowed`."""
    with writing():
        case = case_for(by, case_id)
        db.session.execute(
            delete(CaseSeen)
            .where(CaseSeen.staff_id == by.id, CaseSeen.case_id == case.id)
            .execution_options(synchronize_session=False)
        )


def mark_seen(case: Case, *, by: Staff, now: datetime) -> None:
    """This person has now seen the case as it stands, and what they were told in its notes."""
    with writing():
        mark_read(case, by=by, now=now)
        mine = (CaseSeen.staff_id == by.id, CaseSeen.case_id == case.id)
        known = db.session.scalar(select(CaseSeen.version).where(*mine))
        if case.waiting_since is not None and (known is None or known < case.version):
            log_event("case_looked_at", at=now, case_id=case.id, staff_id=by.id)
        seen = {"staff_id": by.id, "case_id": case.id, "version": case.version, "at": now}
        if known is None:
            insert_or_ignore(CaseSeen, [seen])
        else:
            again = update(CaseSeen).where(*mine).values(version=case.version, at=now)
            db.session.execute(again.execution_options(synchronize_session=False))


def _unchanged(case_id: int, seen_version: int | None, by: Staff) -> Case:
    case = case_for(by, case_id, Act.CLOSE)
    db.session.refresh(case, with_for_update={"of": Case})
    if seen_version is not None and case.version != seen_version:
        raise CaseChanged(case.version)
    return case
