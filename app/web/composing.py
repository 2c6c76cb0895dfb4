"""What the composer says while somebody writes: what is in the way, the length, the price."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import format_decimal, gettext, ngettext
from sqlalchemy import select

from app.answers.write import CannotSend, text_of, weigh
from app.channels.base import Weight
from app.collecting.connect import options_from
from app.collecting.incidents import incident_on
from app.database import db
from app.models import Case, Message, Source
from app.models.source import AccountState
from app.reports.health import Light, light_of
from app.web import words

KRONOR_PER_DOLLAR = 10
"""A round figure, only for "omkring": what X really charges stands in the console there."""
DEAR = 0.05
"""US dollars from which an answer's price is worth a word."""


NEARLY = 20
"""Characters left from which the page says how many."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Why nothing can be sent, what to do, and where it can be answered instead ('' nowhere).

    `for_good`: waiting does not help, so there is nothing to write here.
    """

    why: str
    what: str
    elsewhere: str = ""
    for_good: bool = False


@dataclass(frozen=True, slots=True)
class Hint:
    """A line under the text. `level`: stop, warn or tip."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Advice:
    """How long a text is by the platform's count, and what to think of before it is sent."""

    used: int = 0
    most: int | None = None
    hints: list[Hint] = field(default_factory=list)

    @property
    def too_long(self) -> bool:
        """Whether the platform would say no."""
        return self.most is not None and self.used > self.most

    @property
    def counted(self) -> bool:
        """Whether the count is worth showing: a short limit, or more than half of a long one."""
        return self.most is not None and (self.most <= 1000 or self.used > self.most / 2)


@dataclass(frozen=True, slots=True)
class Way:
    """What can be sent to the message that is answered: publicly unless `lock`, privately until."""

    lock: Lock | None
    private_until: datetime | None


def way_to(case: Case, channel: Any, target: Message | None, *, now: datetime) -> Way:
    """What is possible, known before anybody writes."""
    lock = _lock_of_account(case, channel, now)
    if lock is not None:
        return Way(lock, None)
    until = _private_until(channel, target, now)
    if target is not None and target.no_answer:
        why, what = words.reason(target.no_answer)
        lock = Lock(why, what, elsewhere=target.answer_elsewhere, for_good=until is None)
    return Way(lock, until)


def _lock_of_account(case: Case, channel: Any, now: datetime) -> Lock | None:
    """Why nothing at all can be sent from the account."""
    if channel is None or not channel.abilities.answer:
        return Lock(*words.reason("not_supported"), for_good=True)
    if case.account.state != AccountState.ACTIVE:
        return Lock(*words.reason("account_paused"))
    incident = incident_on(case.channel)
    if incident is not None:
        why, what = words.reason("incident")
        return Lock(why, f"{incident.text.rstrip('.')}. {what}")
    sources = db.session.scalars(select(Source).where(Source.account_id == case.account_id)).all()
    if any(light_of(source, now) == Light.SIGN_IN_NEEDED for source in sources):
        return Lock(*words.reason("sign_in_needed"))
    return None


def _private_until(channel: Any, target: Message | None, now: datetime) -> datetime | None:
    """Until when the platform takes a private answer to this message; None: not any more."""
    if not channel.abilities.private_reply or target is None:
        return None
    until = target.private_reply_until
    return until if until is not None and until > now else None


def advice_on(case: Case, body: str, signature: str) -> Advice:
    """What to tell somebody who has typed this much; no hints for an empty box."""
    try:
        text = text_of(body.strip(), signature)
        weight = weigh(case, text, options_from(current_app.config).installation)
    except CannotSend:
        return Advice()
    hints: list[Hint] = []
    if body.strip():
        hints = [*_on_length(weight), *_on_links(weight)]
    return Advice(weight.used, weight.most, hints)


def _on_length(weight: Weight) -> list[Hint]:
    """That the text is too long, or nearly."""
    if weight.most is None:
        return []
    left = weight.most - weight.used
    if left < 0:
        sentence = ngettext(
            "svaret är för långt. Korta med %(num)d tecken.",
            "svaret är för långt. Korta med %(num)d tecken.",
            -left,
        )
        return [Hint("stop", sentence)]
    if left <= NEARLY:
        sentence = ngettext("%(num)d tecken kvar.", "%(num)d tecken kvar.", left)
        return [Hint("tip", sentence)]
    return []


def _on_links(weight: Weight) -> list[Hint]:
    """What has become a link by a slip of the finger, and what a link costs."""
    dear = weight.price >= DEAR
    kronor = format_decimal(weight.price * KRONOR_PER_DOLLAR, format="0.#")
    hints = []
    for slip in weight.slips:
        sentence = gettext("”%(text)s” blir en länk. Saknas ett mellanslag?", text=slip)
        if dear:
            sentence += " " + gettext("Med länk kostar svaret omkring %(kr)s kr.", kr=kronor)
        hints.append(Hint("warn", sentence))
    if dear and not hints:
        sentence = gettext("svaret har en länk och kostar omkring %(kr)s kr.", kr=kronor)
        hints.append(Hint("tip", sentence))
    return hints
