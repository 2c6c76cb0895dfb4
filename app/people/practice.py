"""The practice town's people: anybody may sign in as them until a real account is connected."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from app.database import db
from app.models import Staff, StaffSession
from app.models.event import log_event
from app.models.staff import Role
from app.people.staff import add_staff


@dataclass(frozen=True, slots=True)
class PracticePerson:
    """Somebody to sign in as in the practice town."""

    login: str
    name: str
    role: Role
    department: str = ""


PRACTICE_STAFF = (
    PracticePerson("anna", "Anna Holm", Role.CUSTOMER_SERVICE),
    PracticePerson("omar", "Omar Nasser", Role.HANDLER, "gata-park"),
    PracticePerson("petra", "Petra Lund", Role.HANDLER, "miljo"),
    PracticePerson("karin", "Karin Ek", Role.MANAGER),
    PracticePerson("erik", "Erik Nord", Role.COMMUNICATIONS),
    PracticePerson("admin", "Ida Sand", Role.ADMINISTRATOR),
)
PRACTICE_PASSWORD = "ovningsstaden"  # noqa: S105 - shown on the sign-in page, practice only


def add_practice_staff(*, now: datetime) -> None:
    """Make the practice town's people, unless somebody has been given access already."""
    if db.session.scalar(select(Staff.id).limit(1)):
        return
    for person in PRACTICE_STAFF:
        add_staff(
            login=person.login,
            name=person.name,
            role=person.role,
            department=person.department,
            password=PRACTICE_PASSWORD,
            now=now,
            practice=True,
        )


def switch_off_practice_staff(*, now: datetime) -> None:
    """Their password is known to all: none of them may sign in beside a real account.

    Runs in the caller's transaction.
    """
    people = select(Staff.id).where(Staff.practice, Staff.active)
    for staff_id in db.session.scalars(people).all():
        log_event("staff_changed", at=now, person=staff_id, active=False)
    everybody = select(Staff.id).where(Staff.practice)
    db.session.execute(delete(StaffSession).where(StaffSession.staff_id.in_(everybody)))
    db.session.execute(update(Staff).where(Staff.practice).values(active=False))
