"""Puts cases with a department on the model's advice, always with certainty and reason.

Receiving comes first and does not wait for the model: a case that has words the model has not
seen carries `route_wanted`, and is unsure until this has run. Below the threshold it stays unsure
and a person decides. A case that a person has routed is never moved by the model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import insert, select, update

from app.basics.logs import log
from app.basics.personal_data import mask
from app.database import db, writing
from app.inbox.following import waiting_behind
from app.inbox.states import sort_time_of
from app.models import Case, Department, Message, Post, Suggestion
from app.models.case import RoutedBy
from app.models.event import event_row, log_events
from app.routing.rules import Decided, active_rules, decide
from classifiers.suggest import Suggestion as Advice
from classifiers.suggest import Text


class Suggests(Protocol):
    """What gives advice on texts: the model, or what has been said already."""

    def suggest(self, texts: Sequence[Text]) -> list[Advice]:
        """A suggestion for each text, in their order."""
        ...


RouterOf = Callable[[], Suggests]
A_BATCH = 200
NO_ANSWER = "ingen"
QUESTION = "fråga"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case as the model is to see it: all the resident's words, the post as context."""

    case_id: int
    account_id: int
    version: int
    words: Text


def route_waiting(
    router: RouterOf, *, threshold: float, now: datetime, only: int | None = None
) -> int:
    """Route every case that waits for it, or that one alone; returns how many.

    `threshold` is a certainty (0-1). `router` is called only when there is something to route, so
    that the model is loaded late. A model that fails leaves the cases unsure, for a person.
    """
    routed = 0
    while wanted := _wanted(only):
        try:
            advice = router().suggest([item.words for item in wanted])
        except Exception:  # whatever is wrong with the model, the cases wait for a person
            log().exception("routing_failed", cases=len(wanted))
            return routed
        rules = active_rules()
        decided = [
            decide(one, rules, item.account_id, item.words.text)
            for item, one in zip(wanted, advice, strict=True)
        ]
        _write(wanted, decided, threshold, now)
        routed += len(wanted)
        if len(wanted) < A_BATCH:
            break
    return routed


def _wanted(only: int | None) -> list[Wanted]:
    one = () if only is None else (Case.id == only,)
    rows = db.session.execute(
        select(Case.id, Case.account_id, Case.version, Case.channel, Post.title, Post.text)
        .join(Post, Post.id == Case.post_id)
        .where(Case.route_wanted, Case.is_open, *one)
        .order_by(Case.id)
        .limit(A_BATCH)
    ).all()
    words = resident_words([row.id for row in rows])
    return [
        Wanted(
            row.id,
            row.account_id,
            row.version,
            Text(words.get(row.id, ""), f"{row.title}\n{row.text}".strip(), row.channel),
        )
        for row in rows
    ]


def resident_words(case_ids: Sequence[int]) -> dict[int, str]:
    """All that the resident has said in each case, oldest first, in one text."""
    rows = db.session.execute(
        select(Message.case_id, Message.text)
        .where(Message.case_id.in_(case_ids), ~Message.by_city, Message.at_source != "removed")
        .order_by(Message.published_at, Message.id)
    )
    words: dict[int, list[str]] = {}
    for row in rows:
        words.setdefault(row.case_id, []).append(row.text)
    return {case_id: "\n".join(texts) for case_id, texts in words.items()}


def _write(
    wanted: Sequence[Wanted], decided: Sequence[Decided], threshold: float, now: datetime
) -> None:
    """Store the advice for the cases that have not changed meanwhile; the others come again."""
    with writing():
        departments, current = _open_departments(), _still_wanted(wanted)
        updates: list[dict[str, Any]] = []
        suggestions: list[dict[str, Any]] = []
        events: list[dict[str, Any]] = []
        behind = waiting_behind(item.case_id for item in wanted)
        for item, one in zip(wanted, decided, strict=True):
            row = current.get(item.case_id)
            if row is None or row.version != item.version:
                continue
            suggestions.append(_suggestion_row(item.case_id, one, now))
            change = _decision(one.advice, departments, threshold)
            urgent = one.advice.urgent
            times = (row.waiting_since, row.closed_at, row.last_word_at)
            order = sort_time_of(*times, urgent, behind.get(item.case_id))
            updates.append(
                {
                    "id": item.case_id,
                    "sort_at": order,
                    "urgent_why": mask(one.why)[:200],
                    "urgent_by_rule": one.urgent_rule_id is not None,
                    **change,
                }
            )
            sure = change["department_id"] is not None or change["no_answer_needed"]
            events.append(_event_of(item.case_id, one, sure, now))
        if suggestions:
            db.session.execute(insert(Suggestion), suggestions)
            db.session.execute(update(Case), updates)
            log_events(events)


def _open_departments() -> dict[str, int]:
    """The open departments' ids by slug."""
    rows = db.session.execute(select(Department.slug, Department.id).where(Department.open))
    return {row.slug: row.id for row in rows}


def _still_wanted(wanted: Sequence[Wanted]) -> dict[int, Any]:
    """Those of the cases that nobody has routed meanwhile, held until the transaction ends."""
    rows = db.session.execute(
        select(Case.id, Case.version, Case.waiting_since, Case.closed_at, Case.last_word_at)
        .where(
            Case.id.in_([item.case_id for item in wanted]),
            Case.routed_by != RoutedBy.PERSON,
            Case.route_wanted,
        )
        .with_for_update()
    )
    return {row.id: row for row in rows}


def _event_of(case_id: int, decided: Decided, sure: bool, now: datetime) -> dict[str, Any]:
    """The ledger's line about a suggestion, with the rules that had a say."""
    rules = {"rule": decided.rule_id, "urgent_rule": decided.urgent_rule_id}
    return event_row(
        "case_routed" if sure else "case_unsure",
        at=now,
        case_id=case_id,
        to=decided.advice.department,
        certainty=round(decided.advice.certainty, 3),
        model=decided.advice.model_version,
        kind=decided.advice.kind,
        **{name: rule_id for name, rule_id in rules.items() if rule_id},
    )


def _suggestion_row(case_id: int, decided: Decided, now: datetime) -> dict[str, Any]:
    one = decided.advice
    return {
        "case_id": case_id,
        "department": one.department,
        "certainty": one.certainty,
        "next": [[slug, round(certainty, 4)] for slug, certainty in one.next],
        "words": list(one.words),
        "refer": one.refer,
        "also": one.also or "",
        "kind": one.kind,
        "urgent": one.urgent,
        "urgent_words": [mask(word) for word in one.urgent_words],
        "language": one.language,
        "rule_id": decided.rule_id,
        "urgent_rule_id": decided.urgent_rule_id,
        "model_version": one.model_version,
        "at": now,
    }


def _decision(one: Advice, departments: dict[str, int], threshold: float) -> dict[str, Any]:
    """What the advice means for the case; a department we do not have makes it unsure.

    So does a question that is said to need no answer: only a person puts a question aside.
    """
    sure = one.certainty >= threshold
    return {
        "department_id": departments.get(one.department) if sure else None,
        "no_answer_needed": sure and one.department == NO_ANSWER and one.kind != QUESTION,
        "refer_to": one.refer or "" if sure else "",
        "also": one.also or "" if sure else "",
        "certainty": one.certainty,
        "kind": one.kind,
        "urgent": one.urgent,
        "language": one.language,
        "routed_by": RoutedBy.MODEL.value,
        "route_wanted": False,
    }
