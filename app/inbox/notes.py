"""Internal notes, and the colleagues named in them with @."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy.orm import joinedload

from app.database import db, writing
from app.models import Case, Department, Mention, Note, Staff
from app.models.event import log_event
from app.people.rights import Act, NotAllowed, case_for, may_read_notes, visible_cases

AT = re.compile(r"(?<![\w@.])@(?=\w)")
"""The sign before a name; the one in the middle of an address names nobody."""
GOES_ON = re.compile(r"\w|[.-]\w")
"""What follows a name that is not over: @Anna-Lena is not Anna."""
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A name in a text: where it stands, and everybody whom it fits."""

    start: int
    stop: int
    people: tuple[Staff, ...]


@dataclass(slots=True)
class Named:
    """Whom a note names: those told, and names as written of those who cannot be.

    `unseeing` may not see the case or its notes; `unclear` fits several people.
    """

    told: list[Staff] = field(default_factory=list)
    unseeing: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)


def write_note(case_id: int, *, body: str, by: Staff, now: datetime) -> Note | None:
    """Keep an internal note; an empty one is nothing. Raises `NotAllowed`."""
    if not body.strip():
        return None
    with writing():
        case = case_for(by, case_id, Act.NOTE)
        if not may_read_notes(by, case.department):
            raise NotAllowed(Act.NOTE)
        return add_note(case, body, by=by, now=now)


def add_note(
    case: Case, body: str, *, by: Staff, now: datetime, to: Staff | None = None
) -> Note | None:
    """A note in the running transaction; told of it: everybody it names, and `to`, if they may."""
    text = body.replace("\x00", "").strip()
    if not text:
        return None
    note = Note(case_id=case.id, author_id=by.id, text=text, at=now)
    db.session.add(note)
    db.session.flush()
    told = named_in(text, case, by=by).told
    if to is not None and to.id != by.id and to not in told and who_read(case, [to]):
        told.append(to)
    for one in told:
        db.session.add(Mention(note_id=note.id, staff_id=one.id, case_id=case.id))
    log_event("note_written", at=now, case_id=case.id, staff_id=by.id)
    return note


# --- Whom a text names ----------------------------------------------------------------------------


def named_in(text: str, case: Case, *, by: Staff) -> Named:
    """Whom a note in this case names, as far as they may read it there."""
    named = Named()
    if not AT.search(text):
        return named
    for place in places(text, _everybody()):
        reached = who_read(case, place.people)
        written = text[place.start : place.stop]
        if len(reached) == 1:
            if reached[0].id != by.id and reached[0] not in named.told:
                named.told.append(reached[0])
        else:
            said = named.unclear if reached else named.unseeing
            said += [written] if written not in said else []
    return named


def places(text: str, people: Iterable[Staff]) -> list[Place]:
    """Where a text names any of these with @ and login, full name or first name.

    The longest name that fits is the one meant.
    """
    known: dict[str, list[Staff]] = {}
    for one in people:
        for name in {one.login.lower(), one.name.lower(), one.first_name.lower()} - {""}:
            known.setdefault(name, []).append(one)
    longest_first = sorted(known, key=len, reverse=True)
    found = []
    for sign in AT.finditer(text):
        for name in longest_first:
            stop = sign.end() + len(name)
            if text[sign.end() : stop].lower() == name and not GOES_ON.match(text, stop):
                found.append(Place(sign.start(), stop, tuple(known[name])))
                break
    return found


def pieces(text: str, people: Iterable[Staff]) -> list[tuple[str, bool]]:
    """A text cut at these people's names: pieces, each with whether it is a name."""
    cut: list[tuple[str, bool]] = []
    done = 0
    for place in places(text, people):
        cut += [(text[done : place.start], False), (text[place.start : place.stop], True)]
        done = place.stop
    return [piece for piece in [*cut, (text[done:], False)] if piece[0]]


def who_see(case: Case, people: Iterable[Staff]) -> list[Staff]:
    """Those of these people who may see the case, in the same order."""
    known: dict[tuple[Any, ...], bool] = {}
    seeing = []
    for one in people:
        alike = (one.active, one.role, one.department_id, one.id == case.assignee_id)
        if alike not in known:
            mine = select(Case.id).where(Case.id == case.id, visible_cases(one))
            known[alike] = db.session.scalar(mine) is not None
        if known[alike]:
            seeing.append(one)
    return seeing


def who_read(case: Case, people: Iterable[Staff]) -> list[Staff]:
    """Those of these people who may see the case and read its notes."""
    return who_see(case, (one for one in people if may_read_notes(one, case.department)))


def _everybody() -> Sequence[Staff]:
    return db.session.scalars(select(Staff).where(Staff.active).order_by(Staff.name)).all()


# --- What was mentioned ---------------------------------------------------------------------------


def mentioned(note: Note) -> list[Staff]:
    """Those who have been told of a note: named in it, or the one it was handed to."""
    return mentions_of([note.id]).get(note.id, [])


def mentions_of(note_ids: Sequence[int]) -> dict[int, list[Staff]]:
    """Who was told of each of these notes."""
    found: dict[int, list[Staff]] = {}
    if note_ids:
        rows = (
            select(Mention.note_id, Staff)
            .join(Staff, Staff.id == Mention.staff_id)
            .where(Mention.note_id.in_(note_ids))
            .order_by(Staff.name)
        )
        for note_id, one in db.session.execute(rows):
            found.setdefault(note_id, []).append(one)
    return found


def readable_notes(staff: Staff) -> ColumnElement[bool]:
    """`may_read_notes` as a condition on `Case`."""
    closed = select(Department.id).where(Department.restricted)
    if staff.department_id is not None:
        closed = closed.where(Department.id != staff.department_id)
    return or_(Case.department_id.is_(None), Case.department_id.not_in(closed))


def _for(staff: Staff) -> tuple[ColumnElement[bool], ...]:
    """The mentions of a person, in cases that they (still) may see and read notes in."""
    return (Mention.staff_id == staff.id, visible_cases(staff), readable_notes(staff))


def count_waiting(staff: Staff) -> int:
    """How many mentions the person has not seen."""
    waiting = (
        select(func.count())
        .select_from(Mention)
        .join(Case, Case.id == Mention.case_id)
        .where(Mention.read_at.is_(None), *_for(staff))
    )
    return db.session.scalar(waiting) or 0


def mentions(staff: Staff) -> list[Row[Any]]:
    """The person's newest mentions, unseen ones first: rows of (`Mention`, `Note`, `Case`)."""
    rows = (
        select(Mention, Note, Case)
        .join(Note, Note.id == Mention.note_id)
        .join(Case, Case.id == Mention.case_id)
        .options(joinedload(Note.author))
        .where(*_for(staff))
        .order_by(Mention.read_at.is_not(None), Note.at.desc(), Note.id.desc())
        .limit(MOST_SHOWN)
    )
    return list(db.session.execute(rows))


def mark_read(case: Case, *, by: Staff, now: datetime) -> None:
    """In the running transaction: this person has now seen what they were told in this case."""
    if may_read_notes(by, case.department):
        db.session.execute(
            update(Mention)
            .where(Mention.staff_id == by.id, Mention.read_at.is_(None), Mention.case_id == case.id)
            .values(read_at=now)
            .execution_options(synchronize_session=False)
        )
