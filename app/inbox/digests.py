"""The day's letter: for whom it is due, and what waits for them when it is written."""

from collections.abc import Sequence
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import joinedload

from app.basics.clock import to_local
from app.channels.base import all_channels
from app.database import db, writing
from app.inbox.letter_text import MOST_LINES, CaseLine, Reader, Waiting
from app.inbox.letters import answers_to_approve, reading, unread_mentions, waits
from app.inbox.overdue import overdue
from app.models import Case, Mail, Staff
from app.models.staff import Role
from app.people.approvals import ending
from app.people.hours import Times, closed_days, times
from app.people.rights import Act, may, visible_cases


def queue_digests(*, now: datetime) -> int:
    """Queue the day's letters that are due; returns how many. Several may call it side by side."""
    people = reading("digest")
    closed, known = (closed_days(), times()) if people else (frozenset(), None)
    today, count = to_local(now).date(), 0
    for one in people:
        if not digest_is_due(one.digest_at, one.digest_on, now, closed):
            continue
        if known is not None and not known.calendar(one.department_id).intervals(today):
            continue  # their department is closed all day
        with writing():
            first = db.session.scalar(
                update(Staff)
                .where(Staff.id == one.id, or_(Staff.digest_on.is_(None), Staff.digest_on < today))
                .values(digest_on=today)
                .returning(Staff.id)
                .execution_options(synchronize_session=False)
            )
            if first is not None:
                letter = Mail(staff_id=one.id, kind="digest", created_at=now, due_at=now)
                db.session.add(letter)
                count += 1
    return count


def digest_is_due(at: str, last: date | None, now: datetime, closed: frozenset[date]) -> bool:
    """Whether the day's letter should be written now.

    `at` is HH:MM in Stockholm, `last` the day of the last letter, `now` aware UTC. A moment that
    was missed, or that the spring shift takes, is made up the same day; none comes on Saturdays,
    Sundays and closed days.
    """
    local = to_local(now)
    today = local.date()
    if today.weekday() >= 5 or today in closed or (last is not None and last >= today):
        return False
    return local.time() >= time.fromisoformat(at)


def waiting_for(staff: Staff, reader: Reader, prefix: str, never_alone: frozenset[str]) -> Waiting:
    """What waits for a person at the reader's moment; false when there is nothing."""
    known = times()
    mine = and_(waits(reader.now), visible_cases(staff), _for(staff))
    too_old = Case.waiting_since < known.late_before(reader.now, staff.department_id)
    count, late = db.session.execute(
        select(func.count(), func.count().filter(too_old)).select_from(Case).where(mine)
    ).one()
    oldest = select(Case.id).where(mine).order_by(Case.waiting_since, Case.id).limit(MOST_LINES)
    asked = db.session.scalars(answers_to_approve(staff, never_alone).with_only_columns(Case.id))
    named = db.session.scalars(unread_mentions(staff).with_only_columns(Case.id))
    over = overdue(staff, known, now=reader.now) if staff.role == Role.MANAGER else []
    return Waiting(
        over=len(over),
        overdue=case_lines(over[:MOST_LINES], staff, reader, prefix),
        count=count,
        late=late,
        cases=case_lines(db.session.scalars(oldest).all(), staff, reader, prefix),
        mentioned=case_lines(list(dict.fromkeys(named)), staff, reader, prefix),
        approvals=case_lines(list(dict.fromkeys(asked)), staff, reader, prefix),
        accounts=_accounts(staff, reader.now),
    )


def _accounts(staff: Staff, now: datetime) -> list[tuple[str, int | None]]:
    """Accounts whose approval ends, for those who can enter a new one."""
    if not may(staff, Act.CHANGE_ACCOUNTS):
        return []
    return [(one.account.name, None if one.over else one.days) for one in ending(now)]


def _for(staff: Staff) -> ColumnElement[bool]:
    """`letters.is_for` as a condition on `Case`."""
    at_home = and_(Case.assignee_id.is_(None), Case.department_id == staff.department_id)
    return or_(Case.assignee_id == staff.id, at_home)


def case_lines(
    numbers: Sequence[int], staff: Staff, reader: Reader, prefix: str, why: str = ""
) -> list[CaseLine]:
    """What a letter tells of these cases, in this order; those that are not there are left out."""
    wanted = select(Case).options(joinedload(Case.department)).where(Case.id.in_(numbers))
    fresh = wanted.execution_options(populate_existing=True)
    cases = {row.id: row for row in db.session.scalars(fresh)}
    known = times()
    found = [cases[number] for number in numbers if number in cases]
    return [_line(case, staff, reader, prefix, why, known) for case in found]


def _line(
    case: Case, staff: Staff, reader: Reader, prefix: str, why: str, known: Times
) -> CaseLine:
    channel = all_channels().get(case.channel)
    where = case.department
    since = case.waiting_since if case.is_open else None
    return CaseLine(
        reference=f"{prefix}-{case.opened_at.year}-{case.id}",
        link=f"{reader.address}/arenden/{case.id}",
        channel=channel.label if channel else case.channel,
        kind=case.kind,
        department=(where.short_en if reader.language == "en" else where.short_sv) if where else "",
        urgent=case.urgent,
        waiting_since=since,
        limit=known.due(since, case.department_id, case.channel) if since else None,
        why=why,
        mine=case.assignee_id == staff.id,
    )
