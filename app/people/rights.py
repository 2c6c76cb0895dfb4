"""Who may do what, and which cases a person may see: one table and one rule, used everywhere."""

from enum import StrEnum

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import joinedload

from app.database import db
from app.models import Case, Department, Staff
from app.models.staff import Role


class Act(StrEnum):
    """Something a person may be allowed to do."""

    READ_CASES = "read_cases"
    ANSWER = "answer"
    NOTE = "note"
    ROUTE = "route"
    CLOSE = "close"
    MODERATE = "moderate"
    SEE_STATUS = "see_status"
    SEE_ACCOUNTS = "see_accounts"
    CHANGE_ACCOUNTS = "change_accounts"
    SEE_NOT_UNDERSTOOD = "see_not_understood"
    MANAGE_STAFF = "manage_staff"
    DECLARE_INCIDENT = "declare_incident"
    SEE_ROUTING = "see_routing"
    CHANGE_RULES = "change_rules"
    CHANGE_TEMPLATES = "change_templates"


WORK = frozenset({Act.READ_CASES, Act.ANSWER, Act.NOTE, Act.ROUTE, Act.CLOSE, Act.MODERATE})

ALLOWED: dict[Role, frozenset[Act]] = {
    Role.CUSTOMER_SERVICE: WORK | {Act.SEE_STATUS},
    Role.HANDLER: WORK | {Act.SEE_STATUS},
    Role.MANAGER: WORK | {Act.SEE_STATUS, Act.SEE_ACCOUNTS, Act.SEE_ROUTING, Act.CHANGE_TEMPLATES},
    Role.COMMUNICATIONS: WORK
    | {Act.SEE_STATUS, Act.SEE_ACCOUNTS, Act.CHANGE_ACCOUNTS, Act.CHANGE_TEMPLATES},
    Role.ADMINISTRATOR: frozenset(
        {
            Act.READ_CASES,
            Act.SEE_STATUS,
            Act.SEE_ACCOUNTS,
            Act.CHANGE_ACCOUNTS,
            Act.SEE_NOT_UNDERSTOOD,
            Act.MANAGE_STAFF,
            Act.DECLARE_INCIDENT,
            Act.SEE_ROUTING,
            Act.CHANGE_RULES,
            Act.CHANGE_TEMPLATES,
        }
    ),
}
"""The administrator runs the installation and answers nobody."""


BESIDE = (Case.post, Case.account, Case.department, Case.assignee)
"""What whoever opens a case asks for next."""


class NotAllowed(Exception):
    """The person may not do this (or may not see the case at all)."""

    def __init__(self, act: str) -> None:
        super().__init__(act)
        self.act = act


def may(staff: Staff, act: Act) -> bool:
    """Whether the person's role allows the act at all."""
    return staff.active and act in ALLOWED[Role(staff.role)]


def must_be_allowed(staff: Staff, act: Act) -> None:
    """Raise `NotAllowed` when the person's role does not allow the act."""
    if not may(staff, act):
        raise NotAllowed(act)


def visible_cases(staff: Staff) -> ColumnElement[bool]:
    """The condition on `Case` that a person's every query carries.

    Handlers, and managers of a department, see their own department's cases and those they have
    taken themselves; customer service, communications, administrators and managers of the whole
    city see all.
    """
    if not may(staff, Act.READ_CASES):
        return false()
    if staff.role == Role.HANDLER or (staff.role == Role.MANAGER and staff.department_id):
        return or_(Case.department_id == staff.department_id, Case.assignee_id == staff.id)
    return true()


def case_for(staff: Staff, case_id: int, act: Act = Act.READ_CASES) -> Case:
    """The case, if this person may do this with it. Raises `NotAllowed`, also for no such case.

    Whether a case exists is not told to somebody who may not see it.
    """
    must_be_allowed(staff, act)
    case = db.session.scalar(
        select(Case)
        .options(*(joinedload(one) for one in BESIDE))
        .where(Case.id == case_id, visible_cases(staff))
        .execution_options(populate_existing=True)
    )
    if case is None:
        raise NotAllowed(act)
    return case


def may_read_notes(staff: Staff, department: Department | None) -> bool:
    """Internal notes of a restricted department are for that department's own people."""
    if department is None or not department.restricted:
        return True
    return staff.department_id == department.id
