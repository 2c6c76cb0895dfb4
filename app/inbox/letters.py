"""Which letters are due to whom: finds the work that a person should hear of, and queues it.

A person chooses: a letter for each case that comes to them, or one a day with all that waits.
Nothing is told at once: what moves on within minutes tells nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, false, or_, select, update

from app.database import db, writing
from app.inbox.approvals import all_open_to
from app.inbox.notes import readable_notes
from app.models import (
    Answer,
    Case,
    CaseSeen,
    Event,
    Mail,
    Mention,
    Note,
    Presence,
    Staff,
)
from app.models.answer import AnswerState
from app.models.workbench import MailState
from app.people.hours import Times, next_open, times
from app.people.rights import Act, may, visible_cases

WAIT = timedelta(minutes=5)
"""So long a case lies still before anybody is told of it."""
JUST = timedelta(minutes=2)
"""Who has had a case open so shortly before something came to it knows already."""
LOOKS_BACK = timedelta(hours=24)
"""What came longer ago tells nobody any more: the lists do."""
MOST = 2000

CAME = ("case_routed", "case_rerouted", "case_taken", "case_released", "case_reopened")
"""What puts a case before somebody; a `case_taken` by another is a hand-over."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something that came to a person: which case, as what (a kind of `Mail`), and when."""

    staff_id: int
    case_id: int
    kind: str
    at: datetime


def queue_letters(*, now: datetime, never_alone: Iterable[str] = ()) -> int:
    """Queue letters about cases that have come to those who want one each; returns how many.

    `never_alone` are the roles whose own answers need a second person, and who approve none. `now`
    is aware UTC. Several may call it side by side; nothing is queued twice.
    """
    people = reading("each")
    if not people:
        return 0
    known, roles = times(), frozenset(never_alone)
    _hurry(now)
    found = [*_to_approve(people, now, roles), *_mentioned(people, now), *_came(people, now)]
    fresh = _unknown(first_of_each(found))
    if not fresh:
        return 0
    with writing():
        # held until the end: whoever looks at the same moment sees what we have queued
        ids = {one.staff_id for one in fresh}
        held = select(Staff.id).where(Staff.id.in_(ids)).order_by(Staff.id)
        db.session.execute(held.with_for_update(key_share=True)).all()
        fresh = _unknown(fresh)
        db.session.add_all(_rows(fresh, now, known))
    return len(fresh)


def _hurry(now: datetime) -> None:
    """What lies until the department opens leaves now if its case has become urgent."""
    late = (Mail.state == MailState.QUEUED, Mail.tries == 0, Mail.due_at > now + WAIT)
    urgent = select(Mail.id).join(Case, Case.id == Mail.case_id).where(*late, Case.urgent)
    ids = db.session.scalars(urgent).all()
    if ids:
        with writing():
            db.session.execute(update(Mail).where(Mail.id.in_(ids), *late).values(due_at=now))


def reading(how: str) -> list[Staff]:
    """Those who want letters in this way ('each' or 'digest') and can get them."""
    wanted = (Staff.mail_when == how, Staff.email != "", Staff.active)
    people = db.session.scalars(select(Staff).where(*wanted).order_by(Staff.id))
    return [one for one in people if may(one, Act.READ_CASES)]


# --- About cases ----------------------------------------------------------------------------------


def first_of_each(found: Iterable[Told]) -> list[Told]:
    """One thing told per person and case: the first in this order."""
    kept: dict[tuple[int, int], Told] = {}
    for one in found:
        kept.setdefault((one.staff_id, one.case_id), one)
    return list(kept.values())


def _came(people: Sequence[Staff], now: datetime) -> list[Told]:
    """Cases that came to a person or, with nobody in charge, to their department."""
    homes = {one.department_id for one in people if one.department_id is not None}
    rows = db.session.execute(
        select(Event.at, Event.staff_id, Case)
        .join(Case, Case.id == Event.case_id)
        .where(
            Event.name.in_(CAME),
            Event.at > now - LOOKS_BACK,
            waits(now),
            or_(
                Case.assignee_id.in_([one.id for one in people]),
                and_(Case.assignee_id.is_(None), Case.department_id.in_(homes)),
            ),
        )
        .order_by(Event.id.desc())
        .limit(MOST)
    ).all()
    known: set[int] = set()
    told: list[Told] = []
    for row in rows:
        case: Case = row.Case
        if case.id in known:
            continue
        known.add(case.id)
        told += [
            Told(one.id, case.id, "routed", row.at)
            for one in people
            if is_for(case, one) and row.staff_id != one.id
        ]
    return told


def waits(now: datetime) -> Any:
    """The condition on `Case`: a resident waits in it, and it is not put aside."""
    return and_(
        Case.is_open,
        Case.waiting_since.is_not(None),
        Case.merged_into_id.is_(None),
        or_(Case.snoozed_until.is_(None), Case.snoozed_until <= now),
    )


def is_for(case: Case, staff: Staff) -> bool:
    """Whether a case waits for this person: it is theirs, or nobody's and their department's."""
    if case.assignee_id is not None:
        return case.assignee_id == staff.id
    return case.department_id is not None and case.department_id == staff.department_id


def _mentioned(people: Sequence[Staff], now: datetime) -> list[Told]:
    """Notes that name a person who has not read them."""
    told = []
    for one in people:
        rows = db.session.execute(unread_mentions(one).where(Note.at > now - LOOKS_BACK))
        told += [Told(one.id, row.case_id, "mentioned", row.at) for row in rows]
    return told


def unread_mentions(staff: Staff) -> Any:
    """Rows of (case_id, at): unread notes that name this person, in cases they may read."""
    return (
        select(Mention.case_id, Note.at)
        .join(Note, Note.id == Mention.note_id)
        .join(Case, Case.id == Mention.case_id)
        .where(
            Mention.staff_id == staff.id,
            Mention.read_at.is_(None),
            visible_cases(staff),
            readable_notes(staff),
        )
        .order_by(Note.at.desc())
    )


def _to_approve(people: Sequence[Staff], now: datetime, never_alone: frozenset[str]) -> list[Told]:
    """Answers that a person may approve."""
    told = []
    for one in people:
        rows = db.session.execute(
            answers_to_approve(one, never_alone).where(Answer.asked_at > now - LOOKS_BACK)
        )
        told += [Told(one.id, row.case_id, "approval", row.asked_at) for row in rows]
    return told


def answers_to_approve(staff: Staff, never_alone: frozenset[str]) -> Any:
    """Rows of (case_id, asked_at): answers of others that wait for a second person like this.

    As `answers.approve.may_approve` has it: of an answer to several, who may see each of its cases.
    """
    able = may(staff, Act.ANSWER) and not staff.four_eyes and staff.role not in never_alone
    return (
        select(Answer.case_id, Answer.asked_at)
        .join(Case, Case.id == Answer.case_id)
        .where(
            Answer.state == AnswerState.DRAFT,
            Answer.asked_at.is_not(None),
            Answer.author_id != staff.id,
            visible_cases(staff) if able else false(),
            readable_notes(staff),
            or_(~Answer.to_post, all_open_to(staff)),
        )
        .order_by(Answer.asked_at)
    )


def _unknown(found: Sequence[Told]) -> list[Told]:
    """Those whom nobody has told of the case since they last had it open, which was before."""
    if not found:
        return []
    people, numbers = {one.staff_id for one in found}, {one.case_id for one in found}
    seen = {
        (row.staff_id, row.case_id): row.at
        for row in db.session.execute(
            select(CaseSeen.staff_id, CaseSeen.case_id, CaseSeen.at).where(
                CaseSeen.staff_id.in_(people), CaseSeen.case_id.in_(numbers)
            )
        )
    }
    here = {
        (row.staff_id, row.case_id): row.seen_at
        for row in db.session.execute(
            select(Presence.staff_id, Presence.case_id, Presence.seen_at).where(
                Presence.staff_id.in_(people), Presence.case_id.in_(numbers)
            )
        )
    }
    told: dict[tuple[int, int], datetime] = {}
    for row in db.session.execute(
        select(Mail.staff_id, Mail.case_id, Mail.created_at)
        .where(Mail.staff_id.in_(people), Mail.case_id.in_(numbers))
        .order_by(Mail.created_at)
    ):
        told[row.staff_id, row.case_id] = row.created_at
    return [one for one in found if _is_news(one, seen, here, told)]


Moments = dict[tuple[int, int], datetime]


def _is_news(one: Told, seen: Moments, here: Moments, told: Moments) -> bool:
    key = (one.staff_id, one.case_id)
    opened = max((at[key] for at in (seen, here) if key in at), default=None)
    if opened is not None and opened > one.at - JUST:
        return False
    return key not in told or (opened is not None and told[key] < opened)


def _rows(fresh: Sequence[Told], now: datetime, known: Times) -> list[Mail]:
    """The letters, each with when it leaves: minutes after, within opening hours unless urgent."""
    numbers = {one.case_id for one in fresh}
    cases = {row.id: row for row in db.session.scalars(select(Case).where(Case.id.in_(numbers)))}
    people = {one.staff_id for one in fresh}
    homes = {
        row.id: row.department_id
        for row in db.session.scalars(select(Staff).where(Staff.id.in_(people)))
    }
    rows = []
    for one in fresh:
        due = max(one.at + WAIT, now)
        if not cases[one.case_id].urgent:
            due = next_open(due, homes[one.staff_id], known)
        rows.append(
            Mail(
                staff_id=one.staff_id,
                kind=one.kind,
                case_id=one.case_id,
                created_at=now,
                due_at=due,
                state=MailState.QUEUED,
            )
        )
    return rows
