"""A person moves a case; the correction is kept as a labelled example."""

from datetime import datetime

from sqlalchemy import select

from app.basics.personal_data import mask_all
from app.database import db, writing
from app.inbox.notes import add_note
from app.models import Case, Correction, Department, Message, Staff, Suggestion
from app.models.case import RoutedBy
from app.models.event import log_event
from app.people.rights import Act, case_for
from app.routing.route import NO_ANSWER, resident_words


class NoSuchDepartment(Exception):
    """The department does not exist or is closed."""


def reroute(case_id: int, *, to: str, by: Staff, now: datetime, message: str = "") -> Case:
    """Move a case to a department (a slug), or to `ingen` for "no answer needed".

    A `message` becomes a note for those who take over: both happen, or neither. Raises `NotAllowed`
    and `NoSuchDepartment`. A case that lies there already is left as it is.
    """
    with writing():
        case = case_for(by, case_id, Act.ROUTE)
        department = _department(to)
        was = _where(case)
        if was != to or case.routed_by == RoutedBy.NOBODY:
            _keep_correction(case, was, to, by=by, now=now, handed_back=False)
            log_event("case_rerouted", at=now, case_id=case.id, staff_id=by.id, was=was, to=to)
        case.department_id = department.id if department else None
        case.no_answer_needed = department is None
        case.routed_by, case.route_wanted = RoutedBy.PERSON, False
        if case.assignee_id and department and case.assignee and _leaves(case.assignee, department):
            case.assignee_id = None
        if was != to:
            case.snoozed_until = None
        _tell(case, message, by=by, now=now)
    return case


def hand_back(case_id: int, *, by: Staff, now: datetime, message: str = "") -> Case:
    """Say "not ours": the case becomes unsure again and customer service decides.

    A `message` becomes a note for them. Raises `NotAllowed`.
    """
    with writing():
        case = case_for(by, case_id, Act.ROUTE)
        was = _where(case)
        _keep_correction(case, was, "", by=by, now=now, handed_back=True)
        case.department_id, case.no_answer_needed = None, False
        case.routed_by, case.route_wanted, case.assignee_id = RoutedBy.PERSON, False, None
        case.snoozed_until = None
        log_event("case_handed_back", at=now, case_id=case.id, staff_id=by.id, was=was)
        _tell(case, message, by=by, now=now)
    return case


def _tell(case: Case, message: str, *, by: Staff, now: datetime) -> None:
    """A note where the case lies now: who may read it, and be named in it, is decided there."""
    if message.strip():
        db.session.flush()
        db.session.refresh(case, ["department"])
        add_note(case, message, by=by, now=now)


def _leaves(assignee: Staff, department: Department) -> bool:
    """A handler of another department no longer sees the case, and so cannot keep it."""
    return assignee.department_id is not None and assignee.department_id != department.id


def _department(slug: str) -> Department | None:
    if slug == NO_ANSWER:
        return None
    found = db.session.scalar(select(Department).where(Department.slug == slug, Department.open))
    if found is None:
        raise NoSuchDepartment(slug)
    return found


def _where(case: Case) -> str:
    if case.no_answer_needed:
        return NO_ANSWER
    return case.department.slug if case.department else ""


def _keep_correction(
    case: Case, was: str, to: str, *, by: Staff, now: datetime, handed_back: bool
) -> None:
    suggestion_id = db.session.scalar(
        select(Suggestion.id)
        .where(Suggestion.case_id == case.id)
        .order_by(Suggestion.id.desc())
        .limit(1)
    )
    names = _names_in(case)
    db.session.add(
        Correction(
            case_id=case.id,
            suggestion_id=suggestion_id,
            from_department=was,
            to_department=to,
            handed_back=handed_back,
            text=mask_all(resident_words([case.id]).get(case.id, ""), names),
            post=mask_all(f"{case.post.title}\n{case.post.text}".strip(), names),
            channel=case.channel,
            by_id=by.id,
            at=now,
        )
    )


def _names_in(case: Case) -> list[str]:
    """Whose names must not go into training material: all residents who wrote under the post."""
    wrote = (Message.post_id == case.post_id, ~Message.by_city, Message.author_name != "")
    rows = select(Message.author_name).where(*wrote).distinct().limit(500)
    return list(db.session.scalars(rows))
