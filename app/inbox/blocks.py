"""Blocking a person on a channel: a manager's decision, one at a time, with an end and a review.

There is no list from anybody else, no bulk, no blocking by words. Växeln goes on reading what the
person writes (it is a public record, and a threat must be seen); the mark tells staff. No channel
of ours can block for the city: whoever blocks on the platform writes here that it is done.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.database import db, writing
from app.models import Block, Case, Staff
from app.models.event import log_event
from app.people.rights import Act, NotAllowed, case_for, must_be_allowed, visible_cases

LONGEST = timedelta(days=366)
LONGEST_TO_REVIEW = timedelta(days=92)


class BadBlock(Exception):
    """A block cannot be decided like this. `why`: 'reason', 'words', 'end', 'review', 'nobody' or
    'already'."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class NewBlock:
    """What a manager decides: the reason (of a closed list), own words, when it is looked at anew,
    and when it ends (aware UTC)."""

    reason: str
    words: str
    review_at: datetime
    ends_at: datetime


def block(
    case_id: int, new: NewBlock, reasons: tuple[str, ...], *, by: Staff, now: datetime
) -> Block:
    """Block the person behind a case. Raises `NotAllowed` and `BadBlock`."""
    case = case_for(by, case_id, Act.BLOCK_PEOPLE)
    if new.reason not in reasons:
        raise BadBlock("reason")
    if not new.words.strip():
        raise BadBlock("words")
    _must_be_times(new.review_at, new.ends_at, now)
    if case.person_id is None:
        raise BadBlock("nobody")
    with writing():
        before = db.session.scalar(
            select(Block).where(Block.person_id == case.person_id, Block.lifted_at.is_(None))
        )
        if before is not None and before.ends_at > now:
            raise BadBlock("already")
        if before is not None:
            before.lifted_at = before.ends_at
            db.session.flush()
        row = Block(
            person_id=case.person_id,
            account_id=case.account_id,
            case_id=case.id,
            reason=new.reason,
            why=new.words.strip()[:1000],
            began_at=now,
            review_at=new.review_at,
            ends_at=new.ends_at,
            blocked_by_id=by.id,
        )
        db.session.add(row)
        db.session.flush()
        _log("person_blocked", row, by, now, reason=new.reason)
    return row


def prolong(
    block_id: int, *, review_at: datetime, ends_at: datetime, by: Staff, now: datetime
) -> Block:
    """Look at a block anew and let it stand until another day. Raises `NotAllowed`, `BadBlock`."""
    _must_be_times(review_at, ends_at, now)
    with writing():
        row = _block_for(by, block_id)
        row.review_at, row.ends_at = review_at, ends_at
        _log("person_unblocked", row, by, now, what="prolonged")
    return row


def lift(block_id: int, *, by: Staff, now: datetime) -> Block:
    """End a block at once. Raises `NotAllowed`."""
    with writing():
        row = _block_for(by, block_id)
        row.lifted_at, row.lifted_by_id = now, by.id
        _log("person_unblocked", row, by, now, what="lifted")
    return row


def say_done(block_id: int, done: bool, *, by: Staff, now: datetime) -> Block:
    """Somebody has blocked the person on the platform itself, or no longer. Raises `NotAllowed`."""
    with writing():
        row = _block_for(by, block_id)
        row.done_at_source = done
        _log("person_blocked" if done else "person_unblocked", row, by, now, what="at_source")
    return row


def blocks_seen_by(staff: Staff) -> list[Block]:
    """The blocks that have not been lifted, in cases the person may see; the next review first.

    Raises `NotAllowed`.
    """
    must_be_allowed(staff, Act.SEE_BLOCKED)
    rows = select(Block).join(Case, Case.id == Block.case_id)
    rows = rows.where(Block.lifted_at.is_(None), visible_cases(staff))
    return list(db.session.scalars(rows.order_by(Block.review_at, Block.id)))


def block_on(case: Case, now: datetime) -> Block | None:
    """The block that holds for the person behind a case."""
    if case.person_id is None:
        return None
    return db.session.scalar(
        select(Block).where(
            Block.person_id == case.person_id, Block.lifted_at.is_(None), Block.ends_at > now
        )
    )


def _must_be_times(review_at: datetime, ends_at: datetime, now: datetime) -> None:
    if not now < ends_at <= now + LONGEST:
        raise BadBlock("end")
    if not now < review_at <= min(ends_at, now + LONGEST_TO_REVIEW):
        raise BadBlock("review")


def _block_for(by: Staff, block_id: int) -> Block:
    """A block that holds or has run out, for a manager who may see its case."""
    row = db.session.get(Block, block_id, with_for_update={"of": Block})
    if row is None or row.lifted_at is not None:
        raise NotAllowed(Act.BLOCK_PEOPLE)
    case_for(by, row.case_id, Act.BLOCK_PEOPLE)
    return row


def _log(name: str, row: Block, by: Staff, now: datetime, **facts: str) -> None:
    log_event(
        name,
        at=now,
        case_id=row.case_id,
        account_id=row.account_id,
        staff_id=by.id,
        block=row.id,
        **facts,
    )
