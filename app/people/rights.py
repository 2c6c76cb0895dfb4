"""Who may do what, and which cases a person may see: one table and one rule, used everywhere."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import joinedload

from app.database import KEPT_UNTIL_WRITTEN, db
from app.models import Account, Case, Department, Staff
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
    CHANGE_POLICY = "change_policy"
    BLOCK_PEOPLE = "block_people"
    SEE_BLOCKED = "see_blocked"
    REGISTER_CALLS = "register_calls"
    SEE_REPORTS = "see_reports"
    CHANGE_HOURS = "change_hours"
    """Opening hours, and within how long residents are answered."""
    BRING_FIGURES = "bring_figures"
    """Take in counts from outside: the switchboard's calls, visits to the website."""


WORK = frozenset(
    {
        Act.READ_CASES,
        Act.ANSWER,
        Act.NOTE,
        Act.ROUTE,
        Act.CLOSE,
        Act.MODERATE,
        Act.REGISTER_CALLS,
        Act.SEE_REPORTS,
    }
)

ALLOWED: dict[Role, frozenset[Act]] = {
    Role.CUSTOMER_SERVICE: WORK | {Act.BRING_FIGURES, Act.SEE_STATUS},
    Role.HANDLER: WORK | {Act.SEE_STATUS},
    Role.MANAGER: WORK
    | {Act.BLOCK_PEOPLE, Act.SEE_BLOCKED, Act.BRING_FIGURES, Act.SEE_STATUS, Act.SEE_ACCOUNTS}
    | {Act.SEE_ROUTING, Act.CHANGE_TEMPLATES},
    Role.COMMUNICATIONS: WORK
    | {Act.CHANGE_HOURS, Act.CHANGE_POLICY, Act.SEE_BLOCKED, Act.BRING_FIGURES, Act.SEE_STATUS}
    | {Act.SEE_ACCOUNTS, Act.CHANGE_ACCOUNTS, Act.CHANGE_TEMPLATES},
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
            Act.SEE_REPORTS,
            Act.CHANGE_RULES,
            Act.CHANGE_TEMPLATES,
            Act.BRING_FIGURES,
            Act.CHANGE_HOURS,
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

    Handlers, and managers of a department, see their own department's cases, those they have taken
    themselves, and those on their department's own accounts; customer service, communications,
    administrators and managers of the whole city see all.
    """
    if not may(staff, Act.READ_CASES):
        return false()
    if sees_all(staff):
        return true()
    own = (Case.department_id == staff.department_id, Case.assignee_id == staff.id)
    accounts = accounts_of(staff.department_id)
    return or_(*own, _on_their_accounts(accounts)) if accounts else or_(*own)


def sees_all(staff: Staff) -> bool:
    """Whether the person works for the whole city, and not for one department."""
    return not (staff.role == Role.HANDLER or (staff.role == Role.MANAGER and staff.department_id))


def accounts_of(department_id: int | None) -> tuple[int, ...]:
    """The accounts that a department runs itself; central ones have no owner.

    The session remembers them until something is written.
    """
    if department_id is None:
        return ()
    kept: dict[int, tuple[int, ...]] = db.session.info.setdefault(KEPT_UNTIL_WRITTEN, {})
    if department_id not in kept:
        owned = Account.owner_department_id == department_id
        kept[department_id] = tuple(db.session.scalars(select(Account.id).where(owned)))
    return kept[department_id]


def _on_their_accounts(accounts: Sequence[int]) -> ColumnElement[bool]:
    """Cases on these accounts, except those of a department whose matters are restricted."""
    restricted = select(Department.id).where(Department.restricted)
    elsewhere = or_(Case.department_id.is_(None), Case.department_id.not_in(restricted))
    return and_(Case.account_id.in_(accounts), elsewhere)


def may_review(staff: Staff, account: Account) -> bool:
    """Whether the person may say that they have looked through the whole account."""
    if not may(staff, Act.MODERATE):
        return False
    owner = account.owner_department_id
    return sees_all(staff) or (owner is not None and owner == staff.department_id)


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
