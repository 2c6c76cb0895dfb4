"""What the page shows on which one answers several: the cases, the text, and what to think of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import current_app, request
from flask_babel import gettext
from sqlalchemy import Row

from app.answers import several
from app.answers.care import Override
from app.answers.ready import signature_of, signature_under, text_of
from app.answers.several import PressedForSeveral
from app.answers.under_post import MOST_CASES
from app.basics import clock
from app.channels.base import all_channels
from app.database import db
from app.inbox import posts
from app.models import Account, Answer, Case, Post, Staff
from app.models.case import Outcome
from app.people.rights import Act, may
from app.web import words
from app.web.answer import undo_of
from app.web.composing import Advice, Ask, Hint, Lock, advice_on, way_to
from app.web.guard import me
from app.web.link_marks import as_sent_on


@dataclass(frozen=True, slots=True)
class Choice:
    """A case on the page where one answers several. `changed`: not as it was on the page before."""

    row: Row[Any]
    chosen: bool
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Writing:
    """Whose text it is that stands on the page, and what became of it before.

    `draft`: where it is kept; `reviews`: it is a colleague's that this person may approve.
    """

    author: Staff
    draft: Answer | None = None
    reviews: bool = False

    @property
    def waiting(self) -> bool:
        """Whether it is the person's own and waits for somebody else."""
        return not self.reviews and self.draft is not None and self.draft.asked_at is not None

    @property
    def sent_back(self) -> bool:
        """Whether a second person has given it back to be changed."""
        return self.draft is not None and not self.draft.asked_at and bool(self.draft.asked_body)


def about(post: Post) -> dict[str, Any]:
    """The post with its account, and whether this person can answer under it."""
    account = db.session.get_one(Account, post.account_id)
    return {
        "post": post,
        "account": account,
        "may_answer": may(me(), Act.ANSWER),
        "lock": _lock(post, account),
        "second": several.needs_second(post, me(), current_app.config["APPROVAL_ROLES"]),
    }


def _lock(post: Post, account: Account) -> Lock | None:
    """Why nobody can answer directly under the post, known before anybody writes."""
    several_as_one = Case(account=account, account_id=account.id, channel=account.channel)
    lock = way_to(several_as_one, all_channels().get(account.channel), None, now=clock.now()).lock
    code = several.why_not(post, now=clock.now())
    if lock is None and code:
        lock = Lock(*words.reason(code), for_good=True)
    return lock


# --- What the form says ---------------------------------------------------------------------------


def seen_in_form() -> dict[int, int]:
    """The chosen cases, each with the version that the page showed."""
    found: dict[int, int] = {}
    for said in request.form.getlist("arende"):
        case_id, _, version = said.partition(":")
        if case_id.isdecimal() and version.isdecimal() and len(said) < 40:
            found[int(case_id)] = int(version)
    return found


def choices_in_form(post: Post) -> list[Choice]:
    """The cases that stood on the page, as they are now; what has changed is no longer chosen."""
    seen = seen_in_form()
    shown = [*seen, *request.form.getlist("visad", type=int)]
    found = []
    for row in posts.chosen(post.id, me(), shown[: 2 * MOST_CASES]):
        before = seen.get(row.Case.id)
        changed = before is not None and before != row.Case.version
        found.append(Choice(row, before is not None and not changed, changed))
    return found


def pressed_in_form(post: Post, body: str, *, close: bool) -> PressedForSeveral:
    """What the form says was pressed."""
    return PressedForSeveral(
        post_id=post.id,
        seen=seen_in_form(),
        body=as_sent_on(post.account_id, body),
        undo=undo_of(me()),
        close_as=Outcome.ANSWERED if close else None,
        care_reason=_reason(),
    )


def _reason() -> str:
    chosen = request.form.get("skal", "")
    return chosen if chosen in list(Override) else ""


# --- What is shown of it --------------------------------------------------------------------------


def written(
    post: Post, choices: Sequence[Choice], body: str, writing: Writing, ask: Ask | None = None
) -> dict[str, Any]:
    """What is written so far, to whom, how it will read, and what to think of."""
    chosen = [choice for choice in choices if choice.chosen]
    tidy = body.strip()
    return {
        "choices": choices,
        "count": len(chosen),
        "body": body,
        "text": text_of(tidy, signature_under(tidy, writing.author)) if tidy else "",
        "signature": signature_of(writing.author),
        "advice": _advice(choices, body, writing, ask),
        "case": choices[0].row.Case if choices else None,
        "post": post,
        "writing": writing,
        "draft": writing.draft,
    }


def _advice(choices: Sequence[Choice], body: str, writing: Writing, ask: Ask | None) -> Advice:
    """As for an answer to one, held against all of them."""
    if not choices:
        return Advice()
    asked = ask or (Ask(_reason()) if "skal" in request.form else None)
    advice = advice_on(as_one(choices, body), body, signature_of(writing.author), asked)
    if ask is not None and advice.ask is None:  # it was stopped for what only one of them shows
        said = gettext("svaret kan peka ut någon. Ändra det, eller välj ett skäl.")
        advice = replace(advice, ask=ask, hints=[*advice.hints, Hint("stop", said, asks=True)])
    return replace(advice, own=not writing.reviews)


def as_one(choices: Sequence[Choice], body: str) -> Case:
    """The chosen cases as one that care can look at: the strictest, in the language of most.

    It bears the name of a resident only if the answer speaks of one.
    """
    cases = [choice.row.Case for choice in choices if choice.chosen] or [choices[0].row.Case]
    languages = [case.language for case in cases]
    named = [case.person_name for case in cases if _is_named(case.person_name, body)]
    strict = [case.department for case in cases if case.department and case.department.restricted]
    return Case(
        id=cases[0].id,
        channel=cases[0].channel,
        account=cases[0].account,
        account_id=cases[0].account_id,
        person_name=named[0] if named else "",
        language=max(languages, key=languages.count),
        department=strict[0] if strict else cases[0].department,
    )


def _is_named(name: str, body: str) -> bool:
    return any(part in body for part in name.split() if len(part) > 2)
