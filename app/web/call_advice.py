"""What the router makes of a call while it is written down: shown, and then used as it was shown.

The advice that a person saw travels signed in the form, so the press that registers the call needs
no model in its own process, and decides by what was on the page.
"""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from app.basics.logs import log
from app.basics.plain_text import tidy
from app.inbox.calls import PHONE
from app.routing.kept_model import router_in_use
from app.web import looks
from app.web.sureness import certainty_told
from classifiers.suggest import BadModel, Text
from classifiers.suggest import Suggestion as Advice

SHORTEST = 8
"""Letters below which nothing is suggested: it would only flicker."""
LIKELY_FROM = 0.03
"""Departments less likely than this are not offered, they are chosen among all."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A department that the call could be put with, and how likely it is."""

    slug: str
    certainty: float


def advised(given: Mapping[str, str]) -> dict[str, Any]:
    """What the page shows of the router's advice on the words so far; nothing for a few letters.

    The same model, threshold and names as for what residents write. Nothing is kept.
    """
    words = tidy(given["text"])
    advice = None
    if len(words) >= SHORTEST:
        advice = shown_before(given) or _asked(given, words)
    if advice is None:
        return {"advice": None, "sure": False, "told": None, "offered": [], "signed": ""}
    return {
        "advice": advice,
        "sure": advice.certainty >= current_app.config["ROUTING_THRESHOLD"],
        "told": certainty_told(advice.certainty),
        "offered": _offers(advice),
        "signed": _signer().dumps([_told_by(given), asdict(advice)]),
    }


def _asked(given: Mapping[str, str], words: str) -> Advice | None:
    """The router's own word; None when it is mute."""
    title = "Besök" if given["typ"] == "besok" else "Samtal"
    try:
        return router_in_use(current_app.config).suggest([Text(words, title, PHONE)])[0]
    except Exception:  # whatever is wrong with the model, the call can be registered all the same
        log().exception("call_suggestion_failed")
        return None


def shown_before(given: Mapping[str, str]) -> Advice | None:
    """The advice that the form carries, if we signed it and it is about these very words."""
    try:
        told_by, told = _signer().loads(given["forslag"])
        if told_by != _told_by(given):
            return None
        likely = tuple((slug, share) for slug, share in told.pop("next"))
        lists = {name: tuple(told.pop(name)) for name in ("words", "urgent_words")}
        return Advice(next=likely, **lists, **told)  # type: ignore[arg-type]  # two pairs, as signed
    except (BadSignature, KeyError, TypeError, ValueError):
        return None


class AsShown:
    """A router that says what the page showed, and asks the model where it showed nothing."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.advice = shown_before(given)

    def suggest(self, texts: Sequence[Text]) -> list[Advice]:
        """The advice for the one call that is being registered."""
        if self.advice is not None and len(texts) == 1:
            return [self.advice]
        return router_in_use(current_app.config).suggest(texts)


def warm_up() -> None:
    """Load the model while the first words are typed: it takes a second or two, once a process."""
    with contextlib.suppress(BadModel):
        router_in_use(current_app.config)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="call-advice")


def _told_by(given: Mapping[str, str]) -> str:
    """What the advice is about, in short: the words and whether it was a visit."""
    said = f"{given['typ']} {tidy(given['text'])}"
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def _offers(advice: Advice) -> list[Offer]:
    """The likely departments, the likeliest first."""
    known = looks.departments()
    likely = [(advice.department, advice.certainty), *advice.next]
    return [Offer(slug, share) for slug, share in likely if slug in known and share >= LIKELY_FROM]
