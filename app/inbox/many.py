"""One act on many cases: what can be done, done one by one, kept with how each stood, put back.

What is done to a case is the caller's: the same function that does it to one. Nothing here sends,
hides or answers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select, update

from app.basics import clock
from app.database import db, writing
from app.inbox.handle import CaseChanged
from app.inbox.states import NotFromHere, sort_time
from app.models import BulkAct, Case, Correction, Message, Staff
from app.models.event import log_event
from app.people.rights import Act, NotAllowed, must_be_allowed, visible_cases

MOST = 100
"""So many cases at a time."""
TIMES = ("closed_at", "waiting_since", "snoozed_until")
KEPT = (
    "state", "is_open", "outcome", "outcome_reason", "assignee_id", "department_id", "routed_by",
    "no_answer_needed", "route_wanted", "merged_into_id", *TIMES,
)  # fmt: skip
"""The columns of a case that an act may change, and that its undo puts back."""


class Left(StrEnum):
    """Why a case is left as it is."""

    UNSEEN = "unseen"
    """It is not there, or not for this person."""
    CHANGED = "changed"
    """It is no longer what the person had before them."""
    NO_USE = "no_use"
    """The act does not fit it: it is done, or it stands like that already."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A case that a person has chosen, and how it stood when they did; see `stamp_of`."""

    case_id: int
    stamp: str


@dataclass(slots=True)
class Plan:
    """What an act would do, or has done: to these cases; and which it leaves, and why."""

    cases: list[Case] = field(default_factory=list)
    left: list[tuple[Pick, Case | None, Left]] = field(default_factory=list)


def stamp_of(case: Case) -> str:
    """How a case stands, in short: what is different when somebody or something has changed it."""
    aside = int(case.snoozed_until.timestamp()) if case.snoozed_until else 0
    numbers = (case.assignee_id, case.department_id, int(case.no_answer_needed),
               case.merged_into_id, aside)  # fmt: skip
    return "-".join((str(case.version), case.state, *(str(number or 0) for number in numbers)))


def read_picks(said: Iterable[str]) -> list[Pick]:
    """Picks as rows send them (`17.3-new-0-5-0-0-0`), at most MOST; what is none is passed over."""
    picks: dict[int, Pick] = {}
    for one in said:
        number, _, stamp = one.partition(".")
        if number.isdecimal() and len(number) < 10 and len(picks) < MOST:
            picks.setdefault(int(number), Pick(int(number), stamp))
    return list(picks.values())


def plan(picks: Sequence[Pick], *, fits: Callable[[Case], bool], by: Staff) -> Plan:
    """What an act would do to these cases; `fits` says whether it has a meaning for one."""
    must_be_allowed(by, Act.CLOSE)
    rows = db.session.scalars(
        select(Case)
        .where(Case.id.in_([pick.case_id for pick in picks]), visible_cases(by))
        .execution_options(populate_existing=True)
    )
    seen = {case.id: case for case in rows}
    found = Plan()
    for pick in picks:
        case = seen.get(pick.case_id)
        if case is None:
            found.left.append((pick, None, Left.UNSEEN))
        elif stamp_of(case) != pick.stamp:
            found.left.append((pick, case, Left.CHANGED))
        elif not fits(case):
            found.left.append((pick, case, Left.NO_USE))
        else:
            found.cases.append(case)
    return found


def do_to_many(
    picks: Sequence[Pick],
    *,
    name: str,
    act: Callable[[Case], Case],
    fits: Callable[[Case], bool],
    by: Staff,
    now: datetime,
) -> tuple[BulkAct | None, Plan]:
    """Do an act to each case, in a transaction of its own, and keep how each stood before.

    `name` is kept as what was done. What was done, and what was left, comes back; nothing is kept
    when nothing was done. Raises `NotAllowed` only for a role that may not do such things.
    """
    wished = plan(picks, fits=fits, by=by)
    if not wished.cases:
        return None, wished
    befores = [_before(case) for case in wished.cases]
    with writing():
        bulk = BulkAct(staff_id=by.id, act=name, at=now, before=befores)
        db.session.add(bulk)
    stamps = {pick.case_id: pick for pick in picks}
    done = Plan(left=wished.left)
    kept = []
    for case, before in zip(wished.cases, befores, strict=True):
        pick = stamps[case.id]
        why = _do(pick, act)
        if why is None:
            kept.append({**before, "stands": stamp_of(case), "behind": _stand(before["behind"])})
            done.cases.append(case)
        else:
            done.left.append((pick, case, why))
    with writing():
        bulk.before = kept
        if not kept:
            db.session.delete(bulk)
    return (bulk if kept else None), done


def _do(pick: Pick, act: Callable[[Case], Case]) -> Left | None:
    """Do it to one case that still stands as it stood; else the reason why it was left."""
    case = db.session.get(Case, pick.case_id, populate_existing=True)
    if case is None or stamp_of(case) != pick.stamp:
        return Left.CHANGED
    try:
        act(case)
    except CaseChanged:
        return Left.CHANGED
    except NotFromHere:
        return Left.NO_USE
    except NotAllowed:
        return Left.UNSEEN
    return None


def _before(case: Case) -> dict[str, Any]:
    """How a case stands, with the words in it that wait, and the cases that follow it."""
    followers = select(Case).where(Case.merged_into_id == case.id).order_by(Case.id)
    behind = [_standing(one) for one in db.session.scalars(followers)]
    return {**_standing(case), "behind": behind}


def _standing(case: Case) -> dict[str, Any]:
    was = {name: getattr(case, name) for name in KEPT}
    was |= {name: was[name].isoformat() for name in TIMES if was[name] is not None}
    words = db.session.scalars(
        select(Message.id).where(Message.case_id == case.id, ~Message.by_city, ~Message.settled)
    )
    return {"id": case.id, "was": was, "words": list(words), "stands": ""}


def _stand(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The followers' entries with how each stands now."""
    ids = [entry["id"] for entry in entries]
    rows = db.session.scalars(
        select(Case).where(Case.id.in_(ids)).execution_options(populate_existing=True)
    )
    now = {case.id: stamp_of(case) for case in rows}
    return [{**entry, "stands": now.get(entry["id"], "")} for entry in entries]


def act_of(bulk_id: int, staff: Staff) -> BulkAct | None:
    """One of the person's own acts on many; None for others' and for none."""
    bulk = db.session.get(BulkAct, bulk_id)
    return bulk if bulk is not None and bulk.staff_id == staff.id else None


def cases_of(bulk: BulkAct, staff: Staff) -> list[Case]:
    """The cases of an act that the person may see now, in the order in which they were done."""
    ids = [entry["id"] for entry in bulk.before]
    rows = db.session.scalars(select(Case).where(Case.id.in_(ids), visible_cases(staff)))
    found = {case.id: case for case in rows}
    return [found[number] for number in ids if number in found]


def put_back(bulk: BulkAct, *, by: Staff, now: datetime) -> Plan:
    """Undo an act on many: every case that nobody has changed since stands as it stood before.

    The others are left as they are and come back as left. A second undo does nothing. Only for the
    person's own act: they had every case of it before them, wherever it lies now.
    """
    must_be_allowed(by, Act.CLOSE)
    found = Plan()
    if bulk.undone_at is not None or bulk.staff_id != by.id:
        return found
    for entry in bulk.before:
        with writing():
            case = _put_back(entry, bulk, by=by, now=now)
        if case is not None:
            found.cases.append(case)
        else:
            pick = Pick(entry["id"], entry["stands"])
            seen = select(Case).where(Case.id == entry["id"], visible_cases(by))
            found.left.append((pick, db.session.scalar(seen), Left.CHANGED))
    with writing():
        bulk.undone_at = now
    return found


def _put_back(entry: dict[str, Any], bulk: BulkAct, *, by: Staff, now: datetime) -> Case | None:
    """One case as it stood, and what follows it; None when it is no longer as the act left it."""
    case = db.session.scalar(
        select(Case)
        .where(Case.id == entry["id"])
        .with_for_update(of=Case)
        .execution_options(populate_existing=True)
    )
    if case is None or stamp_of(case) != entry["stands"]:
        return None
    for name, value in entry["was"].items():
        is_time = name in TIMES and value is not None
        setattr(case, name, clock.parse_utc(value) if is_time else value)
    db.session.execute(
        update(Message).where(Message.id.in_(entry["words"])).values(settled=False)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    # what was moved by mistake is nothing to learn from
    db.session.execute(
        delete(Correction).where(
            Correction.case_id == case.id, Correction.by_id == by.id, Correction.at == bulk.at
        )
    )
    log_event("case_put_back", at=now, case_id=case.id, staff_id=by.id, act=bulk.act)
    for follower in entry.get("behind", []):
        _put_back(follower, bulk, by=by, now=now)
    db.session.flush()
    case.sort_at = sort_time(case)
    return case
