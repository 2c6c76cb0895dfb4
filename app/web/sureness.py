"""What the system advised about a case, as staff see it: in a word, a number and a shape."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from flask_babel import get_locale, gettext
from markupsafe import Markup, escape
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.database import db
from app.models import Case, Rule, Suggestion
from app.models.case import RoutedBy
from app.web import words
from classifiers.danger import danger_words

SURE, LIKELY = 0.8, 0.5
"""From these certainties on a suggestion is called säker and trolig; below it is osäker."""
NO_ANSWER = "ingen"


@dataclass(frozen=True, slots=True)
class Sureness:
    """How certain it is that a case lies right.

    `shape` is the cord's; `beside` stands after the department's name where there is little room,
    `told` says all of it.
    """

    shape: str
    beside: str
    told: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A department to move a case to with one press; `here`: the case lies there already."""

    slug: str
    certainty: float
    here: bool
    by_rule: bool


def percent(share: float) -> str:
    """87 % with a hard space."""
    return f"{round(share * 100)}\u00a0%"


def certain(certainty: float) -> str:
    """A certainty in whole per cent, never rounded up into the next word: 79 % is only likely."""
    return percent(floor(certainty * 100 + 1e-9) / 100)


def place_of(case: Case) -> str:
    """Where a case lies: a slug, `ingen`, or '' for nowhere."""
    if case.no_answer_needed:
        return NO_ANSWER
    return case.department.slug if case.department else ""


def is_surely_urgent(case: Case) -> bool:
    """Whether a rule or words of danger say that it is urgent; else only the model thinks so."""
    return case.urgent_by_rule or not case.urgent_why or bool(danger_words(case.urgent_why))


def sureness_of(case: Case, rule: Rule | None = None) -> Sureness:
    """How certain the case's place is; `rule` is the one that decided, if one did."""
    nowhere = case.department_id is None and not case.no_answer_needed
    if case.routed_by == RoutedBy.PERSON:
        return _named("dotted", "back") if nowhere else _named("moved", "moved")
    certainty = case.certainty or 0.0
    if nowhere or certainty < LIKELY:
        # sure of a department that we do not have: the number would only confuse
        number = certain(certainty) if case.certainty is not None and certainty < SURE else ""
        said = _named("dotted", "unsure", number)
        return Sureness("dotted", number, said.told) if nowhere else said
    if rule is not None:
        text = gettext("regel: %(words)s", words=rule_words(rule))
        return Sureness("solid", text, text[:1].upper() + text[1:])
    level = "sure" if certainty >= SURE else "likely"
    shape = "cut" if case.no_answer_needed else "solid" if level == "sure" else "dashed"
    return _named(shape, level, certain(certainty))


def _named(shape: str, level: str, number: str = "") -> Sureness:
    word = str(words.SURENESS[level])
    told = word[:1].upper() + word[1:]
    return Sureness(shape, f"{word} {number}".strip(), f"{told}, {number}" if number else told)


def certainty_told(certainty: float) -> Sureness:
    """How certain a suggestion was, whatever became of the case."""
    if certainty >= SURE:
        return _named("solid", "sure", certain(certainty))
    if certainty >= LIKELY:
        return _named("dashed", "likely", certain(certainty))
    return _named("dotted", "unsure", certain(certainty))


def rule_words(rule: Rule) -> str:
    """What a rule goes by, in short: its words, else the account's name."""
    return rule.words or (rule.account.name if rule.account else "")


def rules_behind(cases: Sequence[Case]) -> dict[int, Rule]:
    """The rules that decided about these cases, by case.

    What a rule decides has certainty 1, so that a list without any costs no statement.
    """
    certain = [one.id for one in cases if one.routed_by == RoutedBy.MODEL and one.certainty == 1.0]
    if not certain:
        return {}
    last = (
        select(func.max(Suggestion.id))
        .where(Suggestion.case_id.in_(certain))
        .group_by(Suggestion.case_id)
    )
    rows = db.session.execute(
        select(Suggestion.case_id, Rule)
        .join(Rule, Rule.id == Suggestion.rule_id)
        .where(Suggestion.id.in_(last))
        .options(joinedload(Rule.account))
    )
    return {row.case_id: row.Rule for row in rows}


def offers(case: Case, suggestion: Suggestion | None, open_slugs: Sequence[str]) -> list[Offer]:
    """The three departments suggested, best first; the one where the case lies stands last.

    So the two next best come first while the system's choice stands. Departments that have been
    closed since are left out.
    """
    if suggestion is None:
        return []
    ranked = [(suggestion.department, suggestion.certainty), *suggestion.next]
    here = place_of(case)
    found = [
        Offer(slug, certainty, slug == here, number == 0 and suggestion.rule_id is not None)
        for number, (slug, certainty) in enumerate(ranked)
        if slug == NO_ANSWER or slug in open_slugs
    ]
    return sorted(found, key=lambda offer: offer.here)


def also_of(case: Case, slug: str | None) -> str:
    """The slug of a second department that the matter touches beside the one where it lies."""
    return "" if case.no_answer_needed or case.also == slug else case.also


def language_name(code: str) -> str:
    """What a language is called in the reader's own; '' for Swedish and when it is not known."""
    if code in ("", "sv"):
        return ""
    locale = get_locale()
    name = locale.languages.get(code) if locale is not None else None
    return str(name or code)


def marked(text: str, marks: Sequence[str]) -> Markup:
    """The resident's text, escaped, with the deciding words marked where they stand.

    Whole words only, in any script: signs that belong to the letter before them (as in Arabic or
    Hindi) are neither cut off nor taken for the word's end.
    """
    wanted = sorted({mark for mark in marks if mark.strip()}, key=len, reverse=True)
    if not wanted:
        return escape(text)
    any_of = "|".join(re.escape(mark) for mark in wanted)
    shown, done = Markup(), 0
    for match in re.finditer(rf"(?<!\w)(?:{any_of})(?!\w)", text, re.IGNORECASE):
        first, last = match.span()
        while last < len(text) and _belongs_to_letter(text[last]):
            last += 1
        inside = text[last : last + 1].isalnum() or _belongs_to_letter(text[first - 1 : first])
        if not inside:
            shown += escape(text[done:first]) + Markup("<mark>{}</mark>").format(text[first:last])
            done = last
    return shown + escape(text[done:])


def _belongs_to_letter(sign: str) -> bool:
    return sign != "" and unicodedata.category(sign).startswith("M")
