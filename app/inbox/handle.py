"""What a person does with a case besides answering: take it, let go, wait, close, note."""

from datetime import datetime

from sqlalchemy import update

from app.database import db, insert_or_ignore, writing
from app.inbox import states
from app.inbox.clocks import settle_words
from app.models import Case, CaseSeen, Note, Staff
from app.models.case import CaseState, Outcome
from app.models.event import log_event
from app.people.rights import Act, NotAllowed, case_for, may_read_notes


class CaseChanged(Exception):
    """The conversation is no longer what the person had before them."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the conversation is now at version {version}")
        self.version = version


class ReasonNeeded(Exception):
    """Closing with this outcome needs a reason in words."""


BY_HAND = (
    Outcome.ANSWERED,
    Outcome.REFERRED,
    Outcome.NO_ANSWER_NEEDED,
    Outcome.DUPLICATE,
    Outcome.SPAM,
)
"""The outcomes a person may choose; `history` is set when an account is connected."""


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
    """Nothing to do until the resident writes again. Raises `NotAllowed`, `CaseChanged`."""
    with writing():
        case = _unchanged(case_id, seen_version, by)
        states.move(case, CaseState.WAITING, now=now)
        settle_words(case.id)
        log_event("case_waiting", at=now, case_id=case.id, staff_id=by.id)
    return case


def close(
    case_id: int, *, outcome: Outcome, reason: str, by: Staff, seen_version: int, now: datetime
) -> Case:
    """Close a case with an outcome; "no answer needed" also needs a reason.

    Raises `NotAllowed`, `CaseChanged` when the resident has said more than the person had before
    them, `ReasonNeeded`, `states.NotFromHere`.
    """
    with writing():
        case = _unchanged(case_id, seen_version, by)
        if outcome not in BY_HAND or (outcome == Outcome.NO_ANSWER_NEEDED and not reason.strip()):
            raise ReasonNeeded
        states.move(case, CaseState.CLOSED, now=now, outcome=outcome)
        settle_words(case.id)
        case.outcome_reason = reason.strip()[:1000]
        log_event("case_closed", at=now, case_id=case.id, staff_id=by.id, outcome=outcome)
    return case


def write_note(case_id: int, *, body: str, by: Staff, now: datetime) -> Note | None:
    """Keep an internal note; an empty one is nothing. Raises `NotAllowed`."""
    if not body.strip():
        return None
    with writing():
        case = case_for(by, case_id, Act.NOTE)
        if not may_read_notes(by, case.department):
            raise NotAllowed(Act.NOTE)
        note = Note(case_id=case.id, author_id=by.id, text=body.replace("\x00", "").strip(), at=now)
        db.session.add(note)
        log_event("note_written", at=now, case_id=case.id, staff_id=by.id)
    return note


def mark_seen(case: Case, *, by: Staff, now: datetime) -> None:
    """This person has now seen the case as it stands."""
    with writing():
        seen = {"staff_id": by.id, "case_id": case.id, "version": case.version, "at": now}
        insert_or_ignore(CaseSeen, [seen])
        db.session.execute(
            update(CaseSeen)
            .where(CaseSeen.staff_id == by.id, CaseSeen.case_id == case.id)
            .values(version=case.version, at=now)
            .execution_options(synchronize_session=False)
        )


def _unchanged(case_id: int, seen_version: int, by: Staff) -> Case:
    case = case_for(by, case_id, Act.CLOSE)
    db.session.refresh(case, with_for_update={"of": Case})
    if case.version != seen_version:
        raise CaseChanged(case.version)
    return case
