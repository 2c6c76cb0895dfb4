"""A person changes opening hours or goals: always a new version, never one that has begun to count.

What has been measured stays measured: a version is valid from today at the earliest, and one that
is not valid yet is replaced by what is said of the same day later.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from app.basics.clock import to_local
from app.basics.working_time import NeverOpen, OpeningHours, next_opening
from app.database import db, writing
from app.models import Calendar, Department, Goal, Staff
from app.models.event import log_event
from app.people.rights import Act, must_be_allowed

LONGEST = {"days": 30, "hours": 200}


class BadTimes(Exception):
    """These hours, or this goal, cannot be kept; `field` is where, `sentence` why, in Swedish.

    An empty sentence: `field` alone says it ('past', 'department', 'amount').
    """

    def __init__(self, field: str, sentence: str = "") -> None:
        super().__init__(f"{field} {sentence}")
        self.field, self.sentence = field, sentence


def keep_hours(
    department: str, *, valid_from: date, rules: Mapping[str, Any], by: Staff, now: datetime
) -> Calendar:
    """Keep opening hours from a local day on, for a department (its slug; '' the whole city).

    `rules` as `OpeningHours.from_dict` reads them. Raises `NotAllowed` and `BadTimes`.
    """
    must_be_allowed(by, Act.CHANGE_HOURS)
    try:
        next_opening(now, OpeningHours.from_dict(rules))
    except NeverOpen as error:
        raise BadTimes("never", str(error)) from None
    except ValueError as error:
        raise BadTimes("rules", str(error)) from None
    with writing():
        department_id = _department(department, valid_from, now)
        row = db.session.scalar(
            select(Calendar).where(
                Calendar.department_id == department_id
                if department_id is not None
                else Calendar.department_id.is_(None),
                Calendar.valid_from == valid_from,
            )
        )
        if row is None:
            row = Calendar(department_id=department_id, valid_from=valid_from)
            db.session.add(row)
        row.rules, row.created_at = dict(rules), now
        facts = {"department": department, "valid_from": valid_from.isoformat()}
        log_event("hours_changed", at=now, staff_id=by.id, **facts)
    return row


def keep_goal(
    department: str,
    channel: str,
    *,
    amount: int,
    unit: str,
    valid_from: date,
    by: Staff,
    now: datetime,
) -> Goal:
    """Keep within how long residents are answered, from a local day on.

    `department`: a slug, '' for all; `channel`: '' for all; `unit`: "days" (working days) or
    "hours" (open hours). Raises `NotAllowed` and `BadTimes`.
    """
    must_be_allowed(by, Act.CHANGE_HOURS)
    if unit not in LONGEST or not 0 < amount <= LONGEST[unit]:
        raise BadTimes("amount")
    with writing():
        department_id = _department(department, valid_from, now)
        row = db.session.scalar(
            select(Goal).where(
                Goal.department_id == department_id
                if department_id is not None
                else Goal.department_id.is_(None),
                Goal.channel == channel,
                Goal.valid_from == valid_from,
            )
        )
        if row is None:
            row = Goal(department_id=department_id, channel=channel, valid_from=valid_from)
            db.session.add(row)
        row.amount, row.unit, row.created_at = amount, unit, now
        facts = {"department": department, "channel": channel, "amount": amount, "unit": unit}
        log_event("goal_changed", at=now, staff_id=by.id, **facts)
    return row


def _department(slug: str, valid_from: date, now: datetime) -> int | None:
    if valid_from < to_local(now).date():
        raise BadTimes("past")
    if not slug:
        return None
    found = db.session.scalar(select(Department.id).where(Department.slug == slug, Department.open))
    if found is None:
        raise BadTimes("department")
    return found
