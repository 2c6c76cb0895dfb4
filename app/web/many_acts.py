"""What can be done to many cases at once: the choice in the form, in words, and how it is done.

Each is the same function that does it to one case. Answers, hides and sends are not among them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import get_locale, gettext
from werkzeug.datastructures import MultiDict

from app.basics import clock
from app.inbox import handle, snooze
from app.models import Case, Staff
from app.models.case import CaseState, Outcome, RoutedBy
from app.routing.route import NO_ANSWER
from app.routing.transfer import reroute
from app.web import looks, words

CLOSINGS = (Outcome.NO_ANSWER_NEEDED, Outcome.SPAM, Outcome.DUPLICATE)
"""How many may be closed at once: never as answered, for nobody was."""
OWN_TIME = "tid"

NAMES = words.MANY_ACTS


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person has chosen to do: `act` and `what` as in the form (`koppla.miljo`)."""

    act: str
    what: str
    reason: str
    until: datetime | None

    @property
    def value(self) -> str:
        """As it stands in the form."""
        return f"{self.act}.{self.what}" if self.what else self.act


def groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """The choices as the form offers them, by kind."""
    departments = [(f"koppla.{slug}", looks.department_name(slug)) for slug in looks.departments()]
    departments.append((f"koppla.{NO_ANSWER}", looks.department_name(NO_ANSWER)))
    closings = [(f"klar.{one.value}", str(words.OUTCOMES[one])) for one in CLOSINGS]
    times = [(f"undan.{key}", str(words.ASIDE_TIMES[key])) for key in snooze.choices(clock.now())]
    return [
        (gettext("Handläggare"), [("ta", str(NAMES["ta"])), ("slapp", str(NAMES["slapp"]))]),
        (gettext("Läge"), [("vanta", str(NAMES["vanta"]))]),
        (gettext("Markera klar"), closings),
        (gettext("Lägg undan"), [*times, (f"undan.{OWN_TIME}", gettext("till en egen tid …"))]),
        (gettext("Koppla till"), departments),
    ]


def kept_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """The same in the reader's language, worked out once a day and for each set of departments."""
    today = clock.to_local(clock.now()).date()
    key = (str(get_locale()), today, tuple(looks.departments()))
    kept: dict[Any, Any] = current_app.extensions.setdefault("many_acts", {})
    if key not in kept:
        kept.clear()
        kept[key] = groups()
    found: list[tuple[str, list[tuple[str, str]]]] = kept[key]
    return found


def choice_of(form: MultiDict[str, str]) -> Choice | None:
    """What a form asks for; None for what is not offered."""
    value = form.get("gor", "")
    if value not in {one for _group, acts in groups() for one, _text in acts}:
        return None
    act, _, what = value.partition(".")
    until = None
    if act == "undan":
        until = snooze.choices(clock.now()).get(what)
        until = until or snooze.written(form.get("dag", ""), form.get("klocka", ""))
    return Choice(act, what, form.get("skal", "").strip(), until)


def lacks(choice: Choice, now: datetime) -> str:
    """What has to be filled in before it can be done, as a sentence; '' when nothing."""
    if choice.act == "klar" and choice.what in handle.NEED_REASON and not choice.reason:
        return gettext("Skriv ett kort skäl. Det sparas i varje ärende.")
    if choice.act == "undan":
        if choice.until is None:
            return gettext("Skriv både dag och klockslag.")
        if not now < choice.until <= now + handle.LONGEST_ASIDE:
            return gettext("Välj en tid som kommer, högst ett år bort.")
    return ""


def name_of(choice: Choice) -> str:
    """What is done, in words: Koppla till Miljö."""
    match choice.act:
        case "koppla":
            return gettext("Koppla till %(name)s", name=looks.department_name(choice.what))
        case "klar":
            outcome = words.OUTCOMES[choice.what]
            return gettext("Markera klar: %(outcome)s", outcome=outcome)
        case "undan" if choice.until is not None:
            return gettext("Lägg undan till %(when)s", when=looks.until(choice.until))
        case _:
            return str(NAMES[choice.act])


def fits(choice: Choice, by: Staff) -> Callable[[Case], bool]:
    """Whether the act has a meaning for a case: done ones are left, and what stands so already."""

    def has_meaning(case: Case) -> bool:
        if not case.is_open or case.merged_into_id is not None:
            return False
        match choice.act:
            case "koppla":
                return case.routed_by != RoutedBy.PERSON or place_of(case) != choice.what
            case "ta":
                return case.assignee_id != by.id
            case "slapp":
                return case.assignee_id is not None
            case "vanta":
                return case.state != CaseState.WAITING
            case _:
                return True

    return has_meaning


def place_of(case: Case) -> str:
    """Where a case lies: a department's slug, `ingen`, or '' for nowhere."""
    if case.no_answer_needed:
        return NO_ANSWER
    return case.department.slug if case.department else ""


def doing(choice: Choice, *, by: Staff, now: datetime) -> Callable[[Case], Case]:
    """The act on one case, as it is done to one."""
    match choice.act:
        case "koppla":
            return lambda case: reroute(case.id, to=choice.what, by=by, now=now)
        case "ta":
            return lambda case: handle.take(case.id, by=by, now=now)
        case "slapp":
            return lambda case: handle.let_go(case.id, by=by, now=now)
        case "vanta":
            return lambda case: handle.wait_for_resident(
                case.id, by=by, seen_version=case.version, now=now
            )
        case "klar":
            return lambda case: handle.close(
                case.id, outcome=Outcome(choice.what), reason=choice.reason, by=by,
                seen_version=case.version, now=now,
            )  # fmt: skip
        case _:
            until = choice.until or now
            return lambda case: handle.snooze(
                case.id, until=until, by=by, now=now, seen_version=case.version
            )


def change(case: Case, choice: Choice, by: Staff) -> tuple[str, str]:
    """What of a case is changed: how it stands, and how it will."""
    match choice.act:
        case "koppla":
            before, after = place_of(case), choice.what
            return looks.department_name(before), looks.department_name(after)
        case "ta":
            return _assignee(case), by.name
        case "slapp":
            return _assignee(case), gettext("Otilldelad")
        case "vanta":
            return str(words.STATES[case.state]), str(words.STATES[CaseState.WAITING])
        case "klar":
            return str(words.STATES[case.state]), str(words.OUTCOMES[choice.what])
        case _:
            return str(words.STATES[case.state]), gettext("Undanlagd")


def _assignee(case: Case) -> str:
    return case.assignee.name if case.assignee else gettext("Otilldelad")
