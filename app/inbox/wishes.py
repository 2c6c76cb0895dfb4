"""What list a person asks for, and which cases it means: views, filters and sight as conditions.

Every time in a condition is a named parameter (see `times`), so that a statement can be built once
per person and wish and kept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BindParameter,
    BooleanClauseList,
    ColumnElement,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.operators import or_ as either

from app.database import UtcDateTime
from app.models import Case, Department, Staff
from app.models.case import CaseState
from app.people.rights import accounts_of, sees_all, visible_cases

WRITES_FOR = timedelta(seconds=60)
"""Somebody who has typed within this time is writing."""
NO_ANSWER = "ingen"
"""As a department in an address: the suggestion is that no answer is needed."""


class View(StrEnum):
    """The lists; the values stand in addresses."""

    MINE = "mina"
    UNASSIGNED = "otilldelade"
    UNSURE = "osakra"
    OPEN = "oppna"
    WAITING = "vantar"
    SNOOZED = "undanlagda"
    DONE = "klara"


class Order(StrEnum):
    """How a list is ordered; what is done stands newest first unless the oldest is asked for."""

    LEAST_TIME = ""
    NEWEST = "nyast"
    OLDEST = "aldst"


class Age(StrEnum):
    """For how long a resident has waited at least."""

    HOUR = "1t"
    LATE = "over"
    """Longer than one working day: over the limit."""
    DAY = "1d"
    THREE_DAYS = "3d"
    WEEK = "1v"


SPANS = {
    Age.HOUR: timedelta(hours=1),
    Age.DAY: timedelta(days=1),
    Age.THREE_DAYS: timedelta(days=3),
    Age.WEEK: timedelta(days=7),
}


class Whose(StrEnum):
    """Whose cases, beside a colleague's number."""

    MINE = "jag"
    NOBODYS = "ingen"


@dataclass(frozen=True, slots=True)
class Wish:
    """What list a person asks for; all of it stands in the address.

    `assignee`: a value of `Whose` or the number of a colleague, as text.
    """

    view: View = View.OPEN
    department: str = ""
    channel: str = ""
    kind: str = ""
    urgent: bool = False
    language: str = ""
    account: int = 0
    assignee: str = ""
    age: Age | None = None
    order: Order = Order.LEAST_TIME
    after: tuple[datetime, int] | None = None


Who = tuple[int, str, int | None, tuple[int, ...]]
"""Whose sight a kept statement is for: id, role, department, and the accounts it runs itself."""
NOW: BindParameter[datetime] = bindparam("now", type_=UtcDateTime())


def times(now: datetime, late_before: datetime) -> dict[str, Any]:
    """The times that the kept statements name; `late_before`: waiting since then is too long."""
    spans = {f"before_{age.value}": now - span for age, span in SPANS.items()}
    late = {"late_before": late_before, f"before_{Age.LATE.value}": late_before}
    return {"now": now, "writing_since": now - WRITES_FOR, **late, **spans}


def in_lists() -> ColumnElement[bool]:
    """Neither put aside nor following another case: needs the parameter `now`."""
    awake = or_(Case.snoozed_until.is_(None), Case.snoozed_until <= NOW)
    return and_(Case.merged_into_id.is_(None), awake)


def condition(view: View, staff_id: int) -> ColumnElement[bool]:
    """Which cases a view holds, before visibility; needs the parameter `now`."""
    match view:
        case View.MINE:
            return and_(Case.is_open, Case.assignee_id == staff_id, in_lists())
        case View.UNASSIGNED:
            return and_(Case.is_open, Case.assignee_id.is_(None), in_lists())
        case View.UNSURE:
            nowhere = and_(Case.department_id.is_(None), Case.no_answer_needed.is_(False))
            return and_(Case.is_open, nowhere, in_lists())
        case View.WAITING:
            # not by the index of states: that one knows no order among several of them
            ours_is_said = func.coalesce(Case.state, "").in_(
                (CaseState.WAITING, CaseState.ANSWERED)
            )
            return and_(Case.is_open, ours_is_said, in_lists())
        case View.SNOOZED:
            aside = and_(Case.snoozed_until.is_not(None), Case.snoozed_until > NOW)
            return and_(Case.is_open, Case.merged_into_id.is_(None), aside)
        case View.DONE:
            return and_(~Case.is_open, Case.merged_into_id.is_(None))
        case _:
            return and_(Case.is_open, in_lists())


def wanted(wish: Wish, staff_id: int) -> ColumnElement[bool]:
    """Which cases a wish means: its view and every filter, before visibility; see `times`."""
    parts = [condition(wish.view, staff_id)]
    by = _columns_of(wish)
    if wish.department == NO_ANSWER:
        parts += [Case.department_id.is_(None), Case.no_answer_needed.is_(True)]
    elif wish.department:
        parts.append(by["department_id"] == id_of(wish.department))
    if wish.assignee == Whose.NOBODYS:
        parts.append(func.coalesce(Case.assignee_id, 0) == 0)
    elif wish.assignee:
        whom = staff_id if wish.assignee == Whose.MINE else int(wish.assignee)
        parts.append(by["assignee_id"] == whom)
    if wish.age is not None:
        parts.append(_waiting_longer(wish))
    said = {"channel": wish.channel, "language": wish.language, "account_id": wish.account}
    parts += [by[name] == value for name, value in said.items() if value]
    if wish.kind:
        parts.append(Case.kind == wish.kind)
    if wish.urgent:
        parts.append(Case.urgent.is_(True))
    return and_(*parts)


def _columns_of(wish: Wish) -> dict[str, Any]:
    """The columns to filter by, each with an index of its own where it is the only filter.

    Several filters at once are found from the one index that holds them all, in order: for that
    the columns are written so that their own indexes are no choice.
    """
    number, text = ("department_id", "assignee_id", "account_id"), ("channel", "language")
    filters = (wish.department, wish.channel, wish.kind, wish.urgent, wish.language, wish.account,
               wish.assignee, wish.age)  # fmt: skip
    if sum(map(bool, filters)) <= 1:
        return {name: getattr(Case, name) for name in (*number, *text)}
    numbers = {name: func.coalesce(getattr(Case, name), 0) for name in number}
    return numbers | {name: func.coalesce(getattr(Case, name), "") for name in text}


def _waiting_longer(wish: Wish) -> ColumnElement[bool]:
    """The residents who have waited so long; nobody waits in what is done or answered."""
    if wish.age is None or wish.view in (View.DONE, View.WAITING):
        return false()
    before = bindparam(f"before_{wish.age.value}", type_=UtcDateTime())
    # who waits is never sorted after the time waited from: the second part bounds the index
    return and_(Case.waiting_since < before, Case.sort_at < before)


def id_of(slug: str) -> Any:
    """A department's id, looked up within the statement."""
    return select(Department.id).where(Department.slug == slug).scalar_subquery()


def ways_of(staff: Staff) -> list[ColumnElement[bool]]:
    """Who may see what, as conditions that each have an index and do not overlap.

    The rule itself is `visible_cases`. Where it says "these or those", a database does better
    with these first and the rest of those after.
    """
    rule = visible_cases(staff)
    if not isinstance(rule, BooleanClauseList) or rule.operator is not either:
        return [rule]
    clauses = list(rule.clauses)
    return [
        and_(clause, *(before.is_not(True) for before in clauses[:number]))
        for number, clause in enumerate(clauses)
    ]


def person_of(who: Who) -> Staff:
    """Somebody with just what their sight depends on."""
    return Staff(id=who[0], role=who[1], department_id=who[2], active=True)


def who_of(staff: Staff) -> Who:
    """What a person's sight depends on."""
    accounts = () if sees_all(staff) else accounts_of(staff.department_id)
    return staff.id, staff.role, staff.department_id, accounts


def number_of(most: int) -> Any:
    """A limit that stands in the statement itself: a planner that does not see it plans for all."""
    return literal_column(str(most))
