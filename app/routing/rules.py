"""Rules beside the model, few and readable: an account's comments, or words, go to a department.

A rule outranks the model and is outranked by people. Each is told in the ledger like the model, so
that its hits and misses can be counted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from sqlalchemy import func, select, union

from app.database import db, writing
from app.models import Account, Correction, Department, Rule, Staff, Suggestion
from app.models.event import log_event
from app.people.rights import Act, must_be_allowed
from classifiers.suggest import Suggestion as Advice

MOST_RULES = 50
"""Rules are to stay few: what needs more than these is better taught to the model."""
LONGEST_WORDS = 500


class BadRule(Exception):
    """A rule cannot be kept; `why` is one of `empty`, `nothing`, `department`, `account`,
    `long`, `many`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Decided:
    """The advice after the rules, which rules chose and called it urgent, and why it is urgent."""

    advice: Advice
    rule_id: int | None
    urgent_rule_id: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How a rule has fared: cases it decided on, and those that people moved elsewhere.

    Urgency has no misses: nobody says that something is not urgent.
    """

    hits: int
    misses: int


def active_rules() -> list[Rule]:
    """The rules in force, in the order they were written: the first that fits decides."""
    return list(db.session.scalars(select(Rule).where(Rule.active).order_by(Rule.id)))


def decide(advice: Advice, rules: Sequence[Rule], account_id: int, text: str) -> Decided:
    """The model's advice as the rules change it.

    A rule's department has certainty 1; the model's own best two then stand as the next best.
    """
    why = ", ".join(advice.urgent_words)
    rule_id: int | None = None
    urgent_rule_id: int | None = None
    for rule in rules:
        found = _fits(rule, account_id, text)
        if found is None:
            continue
        if rule.urgent and urgent_rule_id is None:
            urgent_rule_id = rule.id
            advice = replace(advice, urgent=True, urgent_words=found)
            why = ", ".join(found) or (rule.account.name if rule.account else "")
        if rule.department and rule_id is None:
            rule_id = rule.id
            advice = _chosen(advice, rule.department, found)
    return Decided(advice, rule_id, urgent_rule_id, why)


def _chosen(advice: Advice, department: str, words: tuple[str, ...]) -> Advice:
    own = [(advice.department, advice.certainty), *advice.next]
    first, second = [one for one in own if one[0] != department][:2]
    same = advice.department == department
    return replace(
        advice,
        department=department,
        certainty=1.0,
        next=(first, second),
        words=words or (advice.words if same else ()),
        refer=advice.refer if same else None,
        also=None if advice.also == department else advice.also,
    )


def _fits(rule: Rule, account_id: int, text: str) -> tuple[str, ...] | None:
    """The words of the text that the rule met; () when the account alone decides; None: no."""
    if rule.account_id is not None and rule.account_id != account_id:
        return None
    if not rule.words:
        return ()
    found = [match.group(0) for match in _pattern(rule.words).finditer(text)]
    return tuple(dict.fromkeys(found))[:5] or None


@lru_cache(maxsize=256)
def _pattern(words: str) -> re.Pattern[str]:
    """One pattern for a rule's words: whole words in any case, `*` for any ending."""
    said = [
        re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "")
        for word in _words(words)
    ]
    return re.compile(r"(?<!\w)(?:" + "|".join(said) + r")(?!\w)", re.IGNORECASE)


def _words(words: str) -> list[str]:
    tidy = (" ".join(word.split()) for word in words.split(","))
    return [word for word in tidy if word.strip("*")]


def add_rule(
    *,
    account_id: int | None,
    words: str,
    department: str,
    urgent: bool,
    by: Staff,
    now: datetime,
) -> Rule:
    """Keep a rule. Raises `NotAllowed`, and `BadRule` when it says too little or names nothing."""
    must_be_allowed(by, Act.CHANGE_RULES)
    told = ", ".join(_words(words))
    if not told and account_id is None:
        raise BadRule("empty")
    if not department and not urgent:
        raise BadRule("nothing")
    if len(told) > LONGEST_WORDS:
        raise BadRule("long")
    with writing():
        if account_id is not None and db.session.get(Account, account_id) is None:
            raise BadRule("account")
        known = select(Department.id).where(Department.slug == department, Department.open)
        if department and db.session.scalar(known) is None:
            raise BadRule("department")
        if len(active_rules()) >= MOST_RULES:
            raise BadRule("many")
        rule = Rule(
            account_id=account_id,
            words=told,
            department=department,
            urgent=urgent,
            created_by_id=by.id,
            created_at=now,
        )
        db.session.add(rule)
        db.session.flush()
        log_event("rule_added", at=now, staff_id=by.id, rule=rule.id, to=department, urgent=urgent)
    return rule


def switch_rule(rule_id: int, *, on: bool, by: Staff, now: datetime) -> Rule | None:
    """Switch a rule on or off; None when there is no such rule. Raises `NotAllowed`."""
    must_be_allowed(by, Act.CHANGE_RULES)
    with writing():
        rule = db.session.get(Rule, rule_id)
        if rule is not None and rule.active != on:
            rule.active = on
            log_event("rule_switched", at=now, staff_id=by.id, rule=rule.id, on=on)
    return rule


def tallies() -> dict[int, Tally]:
    """Every rule's hits (cases) and misses (those that people moved elsewhere), by rule id."""
    missed = (
        select(Suggestion.rule_id, func.count(func.distinct(Correction.case_id)).label("n"))
        .join(Correction, Correction.suggestion_id == Suggestion.id)
        .where(
            Suggestion.rule_id.is_not(None),
            Correction.to_department != Suggestion.department,
        )
        .group_by(Suggestion.rule_id)
    )
    misses = {row.rule_id: row.n for row in db.session.execute(missed)}
    used = union(  # each case once, however often it was routed
        *(
            select(by.label("rule_id"), Suggestion.case_id).where(by.is_not(None))
            for by in (Suggestion.rule_id, Suggestion.urgent_rule_id)
        )
    ).subquery()
    hit = select(used.c.rule_id, func.count().label("n")).group_by(used.c.rule_id)
    return {
        row.rule_id: Tally(row.n, misses.get(row.rule_id, 0)) for row in db.session.execute(hit)
    }
