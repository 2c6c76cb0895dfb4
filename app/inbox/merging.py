"""Two cases about one matter: the one follows the other, its own clock kept, until told otherwise.

Nobody's identity is joined with another's: each case keeps its person, post, messages and clock.
Every function is one transaction and takes the versions of the cases that the person had before
them; one that has changed meanwhile raises `handle.CaseChanged`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from app.basics import clock
from app.database import db, writing
from app.inbox.clocks import lock_cases, set_clocks
from app.inbox.following import followers_of, waiting_behind
from app.inbox.handle import CaseChanged
from app.inbox.states import move
from app.models import Case, Event, Message, Staff
from app.models.case import CaseState
from app.models.event import log_event
from app.people.rights import Act, case_for


class CannotMerge(Exception):
    """These cases cannot be joined, or parted, like this; `reason` has a sentence for staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def as_seen(case_id: int, version: int, by: Staff) -> Case:
    """The case, held since `lock_cases`, as the person had it before them.

    Raises `NotAllowed` and `CaseChanged`.
    """
    case = case_for(by, case_id, Act.CLOSE)
    if case.version != version:
        raise CaseChanged(case.version)
    return case


def merge(
    case_id: int, into_id: int, *, by: Staff, seen_versions: tuple[int, int], now: datetime
) -> Case:
    """Let a case follow another; what followed it follows that one too. Returns the follower.

    A leader that was done is opened again while the follower waits. Raises `NotAllowed` unless the
    person may close both and see all that moves, `CaseChanged`, and `CannotMerge` ("itself",
    "follows", "other_follows", "hidden", "gone").
    """
    with writing():
        lock_cases([case_id, into_id])
        case = as_seen(case_id, seen_versions[0], by)
        leader = as_seen(into_id, seen_versions[1], by)
        if why := why_not(case, leader, by):
            raise CannotMerge(why)
        was = _how_it_stood(leader)
        _follow([case.id, *followers_of(case.id)], leader.id)
        leader.version += 1
        set_clocks([case.id, leader.id], now=now)
        db.session.refresh(leader)
        changed: dict[str, Any] = {}
        if leader.state != was["state"]:
            changed = {"was": was, "became": leader.state}
        facts: dict[str, Any] = {"at": now, "staff_id": by.id}
        log_event("case_merged", case_id=case.id, into=leader.id, **facts, **changed)
        log_event("case_merged", case_id=leader.id, follower=case.id, **facts)
        db.session.refresh(case)
    return case


def why_not(case: Case, leader: Case, by: Staff) -> str:
    """Why the one cannot follow the other, a code; '' when it can."""
    if case.id == leader.id or leader.merged_into_id == case.id:
        return "itself"
    if not has_words(case) or not has_words(leader):
        return "gone"
    if case.merged_into_id is not None:
        return "follows"
    if leader.merged_into_id is not None:
        return "other_follows"
    if followers_of(case.id) != followers_of(case.id, seen_by=by):
        return "hidden"
    return ""


def unmerge(case_id: int, *, by: Staff, seen_version: int, now: datetime) -> Case:
    """Let a case stand by itself again, with those that followed it before, and return it.

    Its clock is what its own messages say. A leader that the merge had opened again is as it was
    before, unless something has happened there. Raises `NotAllowed` unless the person may close
    both, `CaseChanged`, and `CannotMerge` ("gone") for a case that follows none.
    """
    with writing():
        lock_cases([case_id])
        case = as_seen(case_id, seen_version, by)
        if case.merged_into_id is None or not has_words(case):
            raise CannotMerge("gone")
        leader = case_for(by, case.merged_into_id, Act.CLOSE)
        theirs = _came_with(case.id, leader.id)
        _follow([case.id], None)
        _follow(theirs, case.id)
        leader.version += 1
        set_clocks([case.id, leader.id, *theirs], now=now)
        db.session.refresh(leader)
        _as_it_stood(leader, _merge_of(case.id))
        facts: dict[str, Any] = {"at": now, "staff_id": by.id}
        log_event("case_unmerged", case_id=case.id, into=leader.id, **facts)
        log_event("case_unmerged", case_id=leader.id, follower=case.id, **facts)
        db.session.flush()
        db.session.refresh(case)
    return case


def has_words(case: Case) -> bool:
    """Whether a resident's words lie in the case; in one that was put back they do not."""
    words = select(Message.id).where(Message.case_id == case.id, ~Message.by_city)
    return db.session.scalar(words.limit(1)) is not None


def _follow(case_ids: list[int], leader_id: int | None) -> None:
    if case_ids:
        db.session.execute(
            update(Case).where(Case.id.in_(case_ids)).values(merged_into_id=leader_id)
        )


def _how_it_stood(leader: Case) -> dict[str, Any]:
    closed_at = leader.closed_at.isoformat() if leader.closed_at else ""
    return {"state": leader.state, "outcome": leader.outcome, "closed_at": closed_at}


def _as_it_stood(leader: Case, merged: dict[str, Any]) -> None:
    """Undo that a merge opened the leader again, unless somebody waits there or has acted since."""
    waits = leader.waiting_since is not None or waiting_behind([leader.id])
    if waits or "was" not in merged or leader.state != merged["became"]:
        return
    was = merged["was"]
    closed_at = clock.parse_utc(was["closed_at"])
    state = CaseState(was["state"])
    move(leader, state, now=closed_at or leader.last_word_at, outcome=was["outcome"])


def _merge_of(case_id: int) -> dict[str, Any]:
    """What the ledger says of the act by which this case came to follow another."""
    return _merges([case_id]).get(case_id, {})


def _merges(case_ids: list[int]) -> dict[int, dict[str, Any]]:
    """Per case: the newest act by which it came to follow another."""
    rows = db.session.execute(
        select(Event.case_id, Event.details)
        .where(Event.case_id.in_(case_ids), Event.name.in_(("case_merged", "case_unsplit")))
        .order_by(Event.id)
    )
    return {row.case_id: row.details for row in rows if "into" in row.details}


def _came_with(case_id: int, leader_id: int) -> list[int]:
    """Those of the leader's followers that followed this case when it was merged.

    Each follows what it was merged into, and that what it was merged into itself.
    """
    behind = [one for one in followers_of(leader_id) if one != case_id]
    merges = {one: act["into"] for one, act in _merges([*behind, case_id]).items()}
    found = []
    for one in behind:
        at, passed = merges.get(one), {one}
        while at in behind and at not in passed:
            passed.add(at)
            at = merges.get(at)
        if at == case_id:
            found.append(one)
    return found
