"""Giving people access, and taking it back; keeping departments in step with their file."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, select

from app.basics.working_time import holidays_of
from app.database import db, writing
from app.models import ClosedDay, Department, Staff, StaffSession
from app.models.event import log_event
from app.models.staff import Role
from app.people.sign_in import hash_password, normal_login
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
    """Read the departments' file into the table; those that left the file are closed, not deleted.

    Returns how many departments are open. Raises what `load_departments` raises.
    """
    wanted = {department.slug: department for department in load_departments(path)}
    with writing():
        rows = {row.slug: row for row in db.session.scalars(select(Department))}
        changed = False
        for slug, one in wanted.items():
            row = rows.get(slug)
            if row is None:
                row = Department(slug=slug)
                db.session.add(row)
            values = {
                "name_sv": one.name_sv,
                "name_en": one.name_en,
                "short_sv": one.short_sv,
                "short_en": one.short_en,
                "answers_for_sv": one.answers_for_sv,
                "answers_for_en": one.answers_for_en,
                "restricted": one.restricted,
                "company": one.company,
                "opening_hours": one.opening_hours,
                "open": True,
            }
            for name, value in values.items():
                if getattr(row, name) != value:
                    setattr(row, name, value)
                    changed = True
        for slug, row in rows.items():
            if slug not in wanted and row.open:
                row.open, changed = False, True
        _sync_closed_days(now)
        if changed:
            log_event("departments_synced", at=now, count=len(wanted))
    return len(wanted)


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
