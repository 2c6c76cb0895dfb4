"""What is over its goal: the manager's list, which nothing takes a case off but an answer."""

from datetime import datetime

from sqlalchemy import select

from app.database import db
from app.models import Case, Staff
from app.people.hours import Times
from app.people.rights import visible_cases


def overdue(staff: Staff, known: Times, *, now: datetime) -> list[int]:
    """The cases that this person may see in which a resident waits past the due time.

    Those furthest past it come first. Cases put aside, or following another, are among them: their
    residents wait all the same. `now` is aware UTC.
    """
    rows = db.session.execute(
        select(Case.id, Case.waiting_since, Case.department_id, Case.channel).where(
            Case.is_open,
            Case.waiting_since < now,
            Case.no_answer_needed.is_(False),
            visible_cases(staff),
        )
    )
    due = {row.id: known.due(row.waiting_since, row.department_id, row.channel) for row in rows}
    return sorted((one for one, at in due.items() if at < now), key=lambda one: (due[one], one))
