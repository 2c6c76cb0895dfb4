"""The practice town's people: anybody may sign in as them until a real account is connected."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from app.database import db, writing
from app.models import Department, Staff, StaffSession, Template
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
    _add_practice_templates(now)


PRACTICE_TEMPLATES = (
    (
        "Tack, och så här gör vi",
        "",
        "",
        "sv",
        "Hej {namn}! Tack för att du hör av dig. Vi tittar på det och svarar dig här.",
    ),
    (
        "Ring oss om det som är personligt",
        "",
        "",
        "sv",
        "Hej {namn}! Det här tar vi helst inte öppet. Ring oss på {vaxelnummer} och nämn"
        " {arendenummer}, så hjälper vi dig.",
    ),
    (
        "Call us about personal matters",
        "",
        "",
        "en",
        "Hello {namn}! Please call us on {vaxelnummer} and mention {arendenummer}, and we will"
        " help you.",
    ),
    (
        "Felanmälan: gata, gatljus och park",
        "gata-park",
        "felanmälan",
        "sv",
        "Hej {namn}! Tack för att du säger till. Vi åker dit och ser efter. Skriv gärna vid vilket"
        " husnummer det är, så går det fortare.",
    ),
    (
        "Råttor och andra skadedjur",
        "miljo",
        "",
        "sv",
        "Hej {namn}! Råttor utomhus anmäler du till oss på miljöförvaltningen, på {vaxelnummer}."
        " Vi kontaktar fastighetsägaren.",
    ),
)
"""Title, department ('' for all), kind, language and text of what answers can begin from there."""


def _add_practice_templates(now: datetime) -> None:
    with writing():
        author = db.session.scalars(select(Staff.id).where(Staff.login == "erik")).one()
        homes = {row.slug: row.id for row in db.session.scalars(select(Department))}
        for title, slug, kind, language, body in PRACTICE_TEMPLATES:
            template = Template(title=title, body=body, kind=kind, language=language)
            template.department_id = homes.get(slug)
            template.changed_by_id, template.changed_at = author, now
            db.session.add(template)
            db.session.flush()
            log_event(
                "template_changed", at=now, staff_id=author, template=template.id, what="written"
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
