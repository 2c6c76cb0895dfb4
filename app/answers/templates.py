"""Templates (svarsmallar): who may change them, what stands in them, which of them fit a case.

A template is text to begin from. Its fields are filled by plain substitution, once: what is put in
is never read as a field itself. Nothing here sends, and nothing overwrites what somebody has typed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, bindparam, or_, select, update
from sqlalchemy import case as choose
from sqlalchemy.orm import joinedload

from app.answers.care_words import FIRST_NAMES
from app.answers.ready import tidy_body
from app.basics.search_words import words_of
from app.channels.base import Connection, Weight, all_channels
from app.database import db, writing
from app.models import Account, Case, Department, Staff
from app.models.event import log_event
from app.models.staff import Role
from app.models.workbench import Template
from app.people.rights import Act, NotAllowed, may, must_be_allowed

FIELDS = ("namn", "avdelning", "arendenummer", "vaxelnummer", "stad", "handlaggare")
"""What may stand in braces. `namn` is the only one that can be without a value."""
KINDS = ("fråga", "synpunkt", "felanmälan", "beröm", "övrigt")
LANGUAGES = ("sv", "en", "ar", "bs", "de", "es", "fa", "fi", "fr", "pl", "so", "ti", "tr", "uk")
LONGEST_TITLE = 120
LONGEST_BODY = 5000
OFFERED = 6
"""Templates that are shown before anybody has searched, and `FOUND` when somebody has."""
FOUND = 20

_BRACED = re.compile(r"\{[^{}\n]*\}|[{}]")
_FIELD = re.compile(r"(?P<before>,?[ \t]*)\{(?P<name>[a-z]+)\}(?P<after>,?)")
_FIRST_ON_LINE = re.compile(r"^\{(?P<name>[a-z]+)\}[,!]?[ \t]*(?P<next>\w?)", re.MULTILINE)
_NAME = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NO_NAMES = _words(
    "admin anonym anonymous användare arg bror den det dr en ett familjen fru föreningen glad guest"
    " gäst herr jag kommunen lilla mamma mr mrs ms okänd pappa profil stora svenska sveriges team"
    " the user vi"
)


class BadTemplate(Exception):
    """A template cannot be kept. `why` says what is wrong, `said` where, as it was written."""

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.said = said


@dataclass(frozen=True, slots=True)
class Wanted:
    """A template as a person has written it. `department` (a slug) and `kind`: '' for all."""

    title: str
    body: str
    department: str = ""
    kind: str = ""
    language: str = "sv"


# --- What stands in a text -----------------------------------------------------------------------


def unknown_fields(text: str) -> list[str]:
    """What stands in braces (or a brace alone) that is none of `FIELDS`, as it was written."""
    known = {f"{{{name}}}" for name in FIELDS}
    return [said for said in _BRACED.findall(text) if said not in known]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields replaced by the values, in one pass.

    A field without a value goes together with the comma or blank before it; first on a line also
    with what follows it, and the line then begins with a capital.
    """
    clean = {name: " ".join(values.get(name, "").split()) for name in FIELDS}

    def without(match: re.Match[str]) -> str:
        empty = match["name"] in clean and not clean[match["name"]]
        return match["next"].upper() if empty else match.group()

    def put(match: re.Match[str]) -> str:
        if match["name"] not in clean:
            return match.group()
        value = clean[match["name"]]
        if value:
            return f"{match['before']}{value}{match['after']}"
        return "" if match["before"].startswith(",") else match["after"]

    return _FIELD.sub(put, _FIRST_ON_LINE.sub(without, text)).strip()


def first_name_of(shown: str) -> str:
    """The first name in what a resident calls themselves on the platform; '' if it looks like none.

    A handle, a word in capitals, one with digits or signs in it, and "Familjen" are no names. A
    word that stands alone (Dottern, Solros) is one only when it is common as a first name.
    """
    words = shown.split()
    first = words[0] if words else ""
    if not 2 <= len(first) <= 20 or not _NAME.fullmatch(first) or first.casefold() in _NO_NAMES:
        return ""
    parts = re.split(r"[-'’]", first)
    if first[0].islower() or any(part[1:] != part[1:].lower() for part in parts):
        return ""
    return first if len(words) > 1 or first in FIRST_NAMES else ""


def joined(draft: str, text: str) -> str:
    """What somebody has typed, whole, with a text after it."""
    typed = draft.rstrip()
    if not typed:
        return text
    only_addressed = typed.startswith("@") and "\n" not in typed and len(typed.split()) <= 3
    return f"{typed} {text}" if only_addressed else f"{typed}\n\n{text}"


def tightest(text: str, installation: Mapping[str, str]) -> tuple[str, Weight] | None:
    """On which of the city's channels the text has least room, by name, and how long it is there.

    None: no account that answers has a limit.
    """
    found: list[tuple[float, str, Weight]] = []
    seen: set[tuple[str, str]] = set()
    for account in db.session.scalars(select(Account).order_by(Account.id)):
        channel = all_channels().get(account.channel)
        if channel is None or not channel.abilities.answer:
            continue
        options = {**installation, **account.platform}
        if (account.channel, repr(options)) in seen:
            continue
        seen.add((account.channel, repr(options)))
        weight = channel.weigh(
            Connection(
                kind="",
                external_id=account.external_id,
                settings=account.settings,
                installation=options,
            ),
            text,
        )
        if weight.most:
            found.append((weight.used / weight.most, account.channel, weight))
    if not found:
        return None
    _share, name, weight = max(found, key=lambda one: one[0])
    return name, weight


# --- Who may change what -------------------------------------------------------------------------


def may_change(staff: Staff, department_id: int | None) -> bool:
    """Whether the person may change templates of this department (None: those for all).

    Communications and administrators all of them, a department's manager the department's own.
    """
    if not may(staff, Act.CHANGE_TEMPLATES):
        return False
    if staff.role == Role.MANAGER:
        return staff.department_id is not None and staff.department_id == department_id
    return True


def may_change_some(staff: Staff) -> bool:
    """Whether there is any template that the person may write."""
    return may_change(staff, staff.department_id) or may_change(staff, None)


def save(template_id: int | None, wanted: Wanted, *, by: Staff, now: datetime) -> Template:
    """Keep a new template (`template_id` None), or an old one's new words.

    Raises `NotAllowed`, also for a template that does not exist, and `BadTemplate`.
    """
    must_be_allowed(by, Act.CHANGE_TEMPLATES)
    with writing():
        template = _changeable(template_id, by) if template_id is not None else None
        department_id = _department(wanted.department, template)
        if not may_change(by, department_id):
            raise NotAllowed(Act.CHANGE_TEMPLATES)
        title, body = _checked(wanted)
        what = "changed" if template else "written"
        if template is None:
            template = Template(active=True, used=0)
            db.session.add(template)
        template.title, template.body = title, body
        template.department_id = department_id
        template.kind, template.language = wanted.kind, wanted.language
        _changed(template, what, by, now)
    return template


def switch(template_id: int, *, on: bool, by: Staff, now: datetime) -> Template:
    """Offer a template again, or no longer; it is never deleted. Raises `NotAllowed`."""
    must_be_allowed(by, Act.CHANGE_TEMPLATES)
    with writing():
        template = _changeable(template_id, by)
        if template.active != on:
            template.active = on
            _changed(template, "on" if on else "off", by, now)
    return template


def _changeable(template_id: int, by: Staff) -> Template:
    template = db.session.get(Template, template_id, populate_existing=True)
    if template is None or not may_change(by, template.department_id):
        raise NotAllowed(Act.CHANGE_TEMPLATES)
    return template


def _changed(template: Template, what: str, by: Staff, now: datetime) -> None:
    template.changed_by_id, template.changed_at = by.id, now
    db.session.flush()
    log_event("template_changed", at=now, staff_id=by.id, template=template.id, what=what)


def _department(slug: str, template: Template | None) -> int | None:
    """The department's id. A closed one may only stay where it already stands."""
    if not slug:
        return None
    row = db.session.scalar(select(Department).where(Department.slug == slug))
    if row is None or not (row.open or (template and template.department_id == row.id)):
        raise BadTemplate("department")
    return row.id


def _checked(wanted: Wanted) -> tuple[str, str]:
    """Title and body as they are kept. Raises `BadTemplate` naming the first fault."""
    title, body = " ".join(wanted.title.replace("\x00", "").split()), tidy_body(wanted.body)
    unknown = unknown_fields(body)
    faults = {
        "title": not title,
        "long_title": len(title) > LONGEST_TITLE,
        "body": not body,
        "long": len(body) > LONGEST_BODY,
        "kind": wanted.kind not in ("", *KINDS),
        "language": wanted.language not in LANGUAGES,
        "field": bool(unknown),
    }
    for why, wrong in faults.items():
        if wrong:
            raise BadTemplate(why, unknown[0] if why == "field" else "")
    return title, body


# --- Which fit -----------------------------------------------------------------------------------


def all_templates() -> Sequence[Template]:
    """Every template, those in use first, then by title."""
    query = select(Template).options(joinedload(Template.department))
    return db.session.scalars(
        query.order_by(Template.active.desc(), Template.title, Template.id)
    ).all()


def fitting(case: Case, language: str, search: str = "") -> list[Template]:
    """The templates to offer in a case, those that fit best first.

    Without a search: those for its department and its kind (or for all), at most `OFFERED`, in the
    resident's language before others. With one: whichever hold all its words, at most `FOUND`.
    """
    given = {"department": case.department_id, "kind": case.kind, "language": language}
    wanted, (fits, every) = words_of(search), _best_first()
    if not wanted:
        return list(db.session.scalars(fits, given))
    found = [one for one in db.session.scalars(every, given) if holds(one, wanted)]
    return found[:FOUND]


@cache
def _best_first() -> tuple[Any, Any]:
    """The statements for those that fit and for all in use, kept: building costs more than they."""
    kind: Any = bindparam("kind")
    own: Any = Template.department_id == bindparam("department", type_=Integer)
    for_all = Template.department_id.is_(None)
    every = (
        select(Template)
        .options(joinedload(Template.department))
        .where(Template.active)
        .order_by(
            _rank(Template.language == bindparam("language")),
            _rank(own, for_all),
            _rank(Template.kind == kind, Template.kind == ""),
            Template.used.desc(),
            Template.title,
            Template.id,
        )
    )
    fits = every.where(or_(own, for_all), or_(Template.kind == "", Template.kind == kind))
    return fits.limit(OFFERED), every


def holds(template: Template, wanted: Iterable[str]) -> bool:
    """Whether every word asked for begins, or stands within, a word of the template."""
    text = " ".join(words_of(f"{template.title} {template.body}"))
    return all(word in text for word in wanted)


def _rank(*conditions: Any) -> Any:
    """0 for what meets the first condition, 1 for the second, and so on."""
    return choose(
        *((condition, place) for place, condition in enumerate(conditions)), else_=len(conditions)
    )


def offered(template_id: int) -> Template | None:
    """A template that can be inserted: it exists and is in use."""
    return db.session.scalar(select(Template).where(Template.id == template_id, Template.active))


def count_use(template_id: int) -> None:
    """One insertion more."""
    with writing():
        db.session.execute(
            update(Template)
            .where(Template.id == template_id, Template.active)
            .values(used=Template.used + 1)
            .execution_options(synchronize_session=False)
        )
