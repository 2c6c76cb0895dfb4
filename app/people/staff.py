"""Giving people access, and taking it back; keeping departments in step with their file."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from app.basics.clock import to_local
from app.basics.mail import is_one_address
from app.basics.working_time import holidays_of
from app.database import db, writing
from app.models import (
    Case,
    ClosedDay,
    Correction,
    Department,
    Rule,
    Staff,
    StaffSession,
    Suggestion,
)
from app.models.event import event_row, log_event, log_events
from app.models.staff import Role
from app.people.sign_in import hash_password, normal_login
from classifiers.departments import Department as Described
from classifiers.departments import load_departments


class BadStaff(Exception):
    """A person cannot be given access like this; the text says why, in plain Swedish."""


def add_staff(
    *,
    login: str,
    name: str,
    role: str,
    department: str,
    password: str,
    now: datetime,
    by: Staff | None = None,
    practice: bool = False,
) -> Staff:
    """Give a named person access. `department` is a slug or ''.

    Raises `BadStaff` (unknown role or department, a login that is taken, no name) and
    `sign_in.WeakPassword`.
    """
    login = normal_login(login)
    if not login or not name.strip():
        raise BadStaff("Både inloggning och namn behövs.")
    if role not in list(Role):
        raise BadStaff(f"Rollen {role} finns inte. Välj en av: {', '.join(Role)}.")
    hashed = hash_password(password)
    with writing():
        home = None
        if department:
            home = db.session.scalar(select(Department).where(Department.slug == department))
            if home is None:
                raise BadStaff(f"Avdelningen {department} finns inte.")
        if role == Role.HANDLER and home is None:
            raise BadStaff("En handläggare behöver en avdelning.")
        if db.session.scalar(select(Staff.id).where(Staff.login == login)) is not None:
            raise BadStaff(f"Inloggningen {login} finns redan.")
        staff = Staff(
            login=login,
            name=name.strip(),
            role=role,
            department_id=home.id if home else None,
            password_hash=hashed,
            practice=practice,
            created_at=now,
        )
        db.session.add(staff)
        db.session.flush()
        by_id = by.id if by else None
        log_event("staff_added", at=now, staff_id=by_id, person=staff.id, role=role)
    return staff


def switch_off(login: str, *, now: datetime, by: Staff | None = None) -> Staff:
    """Take a person's access back and end their sessions; what they have written stays.

    Raises `BadStaff` when there is no such login.
    """
    with writing():
        staff = db.session.scalar(select(Staff).where(Staff.login == normal_login(login)))
        if staff is None:
            raise BadStaff(f"Inloggningen {login} finns inte.")
        staff.active = False
        db.session.execute(delete(StaffSession).where(StaffSession.staff_id == staff.id))
        by_id = by.id if by else None
        log_event("staff_changed", at=now, staff_id=by_id, person=staff.id, active=False)
    return staff


def sync_departments(path: Path | None = None, *, now: datetime) -> int:
    """Read the departments' file into the table; those that left it or say so are closed.

    A renamed one (`formerly`) keeps its row, and with it its cases and people.
    Returns how many departments are open. Raises what `load_departments` raises.
    """
    wanted = {department.slug: department for department in load_departments(path)}
    with writing():
        rows = {row.slug: row for row in db.session.scalars(select(Department))}
        changed = False
        for slug, one in wanted.items():
            row = rows.get(slug) or _renamed(rows, one)
            if row is None:
                row = Department(slug=slug)
                db.session.add(row)
            values: dict[str, Any] = {
                "slug": slug,
                "name_sv": one.name_sv,
                "name_en": one.name_en,
                "short_sv": one.short_sv,
                "short_en": one.short_en,
                "answers_for_sv": one.answers_for_sv,
                "answers_for_en": one.answers_for_en,
                "restricted": one.restricted,
                "company": one.company,
                "opening_hours": one.opening_hours,
                "open": not one.closed,
            }
            for name, value in values.items():
                if getattr(row, name) != value:
                    setattr(row, name, value)
                    changed = True
        for row in rows.values():
            if row.slug not in wanted and row.open:
                row.open, changed = False, True
        db.session.flush()
        for row in rows.values():
            if not row.open:
                moved_to = wanted[row.slug].moved_to if row.slug in wanted else ""
                _empty(row, moved_to, now)
        _sync_closed_days(now)
        count = sum(not one.closed for one in wanted.values())
        if changed:
            log_event("departments_synced", at=now, count=count)
    return count


def _renamed(rows: dict[str, Department], one: Described) -> Department | None:
    """The row of a department that has got a new slug, with what goes by the old one following."""
    row = next((rows[old] for old in one.formerly if old in rows), None)
    if row is None:
        return None
    for column in (
        Suggestion.department,
        Correction.from_department,
        Correction.to_department,
        Rule.department,
        Case.also,
    ):
        of_old = update(column.class_).where(column == row.slug)
        db.session.execute(of_old.values({column.key: one.slug}))
    return row


def _empty(closed: Department, moved_to: str, now: datetime) -> None:
    """Open cases of a closed department go to who answers now, else they become unsure."""
    of_closed = (Case.department_id == closed.id, Case.is_open)
    cases = list(db.session.scalars(select(Case.id).where(*of_closed)))
    if not cases:
        return
    heir = db.session.scalar(
        select(Department.id).where(Department.slug == moved_to, Department.open)
    )
    db.session.execute(update(Case).where(*of_closed).values(department_id=heir))
    to = moved_to if heir else ""
    log_events(
        [event_row("case_rerouted", at=now, case_id=n, was=closed.slug, to=to) for n in cases]
    )


YEARS_KEPT = range(-2, 6)
"""Around this year: what is waiting may be old, what is due may be ahead."""


def _sync_closed_days(now: datetime) -> None:
    """Keep the red days of the years around now in the table."""
    days = {day for ahead in YEARS_KEPT for day in holidays_of(now.year + ahead)}
    known = set(db.session.scalars(select(ClosedDay.day)))
    db.session.add_all([ClosedDay(day=day) for day in sorted(days - known)])


def change_own(staff: Staff, *, language: str, theme: str, undo_seconds: str) -> None:
    """Keep a person's own settings; values that are not offered leave the old ones."""
    with writing():
        person = db.session.merge(staff)
        if language in ("sv", "en"):
            person.language = language
        if theme in ("", "light", "dark"):
            person.theme = theme
        if undo_seconds in ("", "0", "20", "60", "tills"):
            person.undo_seconds = undo_seconds


class BadEmail(Exception):
    """An address cannot be used: 'not_one' mail address, or 'missing' where one is needed."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def change_own_mail(staff: Staff, *, email: str, when: str, at: str, now: datetime) -> None:
    """Keep where and when a person wants letters; values that are not offered leave the old ones.

    Whoever chooses a day's letter, or another hour for it, gets the first at the hour that comes
    next. Raises `BadEmail`, also when letters are wanted and there is no address.
    """
    address = _address(email)
    if when in ("each", "digest") and not address:
        raise BadEmail("missing")
    with writing():
        person = db.session.merge(staff)
        before = (person.mail_when, person.digest_at)
        person.email = address
        if when in ("", "each", "digest"):
            person.mail_when = when
        if HOUR.fullmatch(at):
            person.digest_at = at
        local = to_local(now)
        passed = f"{local:%H:%M}" >= person.digest_at
        if (person.mail_when, person.digest_at) != before and passed:
            person.digest_on = local.date()


def set_email(staff_id: int, email: str, *, now: datetime, by: Staff) -> Staff | None:
    """Set a person's mail address, '' takes it away; None when there is no such person.

    The ledger says that it was changed, and not to what. Raises `BadEmail`.
    """
    address = _address(email)
    with writing():
        person = db.session.get(Staff, staff_id)
        if person is not None and person.email != address:
            person.email = address
            facts = {"person": person.id, "email": bool(address)}
            log_event("staff_changed", at=now, staff_id=by.id, **facts)
    return person


def _address(email: str) -> str:
    address = email.strip()
    if address and not is_one_address(address):
        raise BadEmail("not_one")
    return address
