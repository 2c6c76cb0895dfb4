"""What the pages show of a second person's approval, and of answers that wait for somebody."""

from dataclasses import dataclass, replace
from datetime import timedelta

from flask import current_app, g

from app.answers import approve
from app.answers.attention import Attention, attention
from app.answers.ready import asks_a_second_person, never_alone, signature_of
from app.answers.write import may_sort_out
from app.basics import clock
from app.models import Answer, Case
from app.models.answer import AnswerState
from app.people.rights import Act, may
from app.web import words
from app.web.composing import Advice, Ask, advice_on
from app.web.guard import me
from app.web.held import has_none

SLOW = timedelta(minutes=10)
"""From when on an answer in the queue says how long it has waited."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """What waits in a case: what this person may approve, their own, and what is others' matter.

    `together`: what they may approve that answers several; it is looked at on a page of its own.
    """

    theirs: list[Answer]
    own: Answer | None
    others: list[Answer]
    together: list[Answer]


def approvals_in(case: Case) -> Approvals:
    """What waits for a second person in this case, as this person stands to it."""
    if has_none(case, "forward"):
        return Approvals([], None, [], [])
    found, roles = approve.waiting_in(case), approval_roles()
    mine = [one for one in found if approve.may_approve(one, me(), roles)]
    own = next((one for one in found if one.author_id == me().id), None)
    others = [one for one in found if one not in mine and one != own]
    together = [one for one in mine if one.to_post]
    return Approvals([one for one in mine if not one.to_post], own, others, together)


def approval_roles() -> tuple[str, ...]:
    """The roles whose answers a second person publishes."""
    roles: tuple[str, ...] = current_app.config["APPROVAL_ROLES"]
    return roles


def needs_second(case: Case) -> bool:
    """Whether this person's answer here is put forward instead of published."""
    return asks_a_second_person(case, me(), approval_roles())


def waits_for_me() -> Attention:
    """What of the answers waits for the person who looks; asked for once a page."""
    if not may(me(), Act.ANSWER):
        return Attention()
    found: Attention | None = g.get("attention")
    if found is None:
        alone = not never_alone(me(), approval_roles())
        found = g.attention = attention(me(), may_approve=alone, now=clock.now())
    return found


def advice_for_approval(answer: Answer, ask: Ask | None) -> Advice:
    """What to think of in an answer that waits for this person; `ask`: a reason is asked for."""
    return replace(advice_on(answer.case, answer.body, signature_of(answer.author), ask), own=False)


def minutes_waited(answer: Answer) -> int:
    """How long a queued answer has waited beyond its time, when that is long; else 0 (minutes).

    One that the platform keeps waiting has waited since it was pressed.
    """
    if answer.state != AnswerState.QUEUED or answer.send_after is None:
        return 0
    since = answer.pressed_at if answer.reason else answer.send_after
    waited = clock.now() - (since or answer.send_after)
    return int(waited.total_seconds() // 60) if waited >= SLOW else 0


def why_it_waits(answer: Answer) -> str:
    """Why an answer is still in the queue, in words."""
    return str(words.POSTPONED.get(answer.reason) or words.NOT_FETCHED)


def my_turn(answer: Answer) -> bool:
    """Whether this person may sort the answer out now."""
    return may_sort_out(answer, me(), now=clock.now())
