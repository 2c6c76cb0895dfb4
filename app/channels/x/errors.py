"""What X's refusals mean, by the contract's names: decided by status, type and code.

The same status can have several causes that only its wording tells apart; the wording changes, so
it is no more than a hint for the one who knows the facts (`Problem.unexplained`).
Source: X's response codes and error types; https://docs.x.com/x-api/fundamentals/response-codes-and-errors
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.channels.base import (
    BudgetSpent,
    ChannelError,
    Gone,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
    wait_of,
)
from app.channels.web_requests import Answer, host_of, trouble_of, unclear
from app.channels.x.dialect import items, last_part
from app.channels.x.money import next_month

REASONS = {
    34: Reason.MESSAGE_GONE,
    64: Reason.BLOCKED,
    144: Reason.MESSAGE_GONE,
    179: Reason.NOT_ALLOWED,
    185: Reason.TOO_FAST,
    186: Reason.TOO_LONG,
    187: Reason.DUPLICATE,
    226: Reason.BLOCKED,
    326: Reason.BLOCKED,
    385: Reason.MESSAGE_GONE,
    433: Reason.NOT_ALLOWED,
}
"""The old numbers, which some answers still carry."""
SIGN_IN_CODES = frozenset({32, 89, 135, 215, 261, 453})
"""A dead token, a wrong clock, an app that may not write, a plan without this call."""

NEEDS_SIGN_IN = frozenset({"client-forbidden", "unsupported-authentication"})
EXPLAINED = NEEDS_SIGN_IN | {"not-authorized-for-resource"}
MARKED_GONE = frozenset({"resource-not-found", "not-authorized-for-resource"})
"""Why a post is not given to us although its id was right: taken away, protected, suspended."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong: the status, the end of the body's type, old codes, named parameters.

    `words` are X's own, lower-case, and no more than a hint.
    """

    status: int = 0
    kind: str = ""
    codes: frozenset[int] = frozenset()
    names: frozenset[str] = frozenset()
    words: str = ""

    @property
    def unexplained(self) -> bool:
        """Whether X said no without a reason that can be relied on."""
        known = self.codes & (REASONS.keys() | SIGN_IN_CODES)
        return self.status == 403 and not known and self.kind not in EXPLAINED

    @property
    def hint(self) -> str:
        """What the wording is about: duplicate, summoned or ''."""
        if "duplicate" in self.words:
            return "duplicate"
        return "summoned" if "mention" in self.words or "quote" in self.words else ""


def problem_of(answer: Answer) -> Problem:
    """The body's own words, in X's new shape or its old; nothing when it is neither."""
    try:
        body = answer.json_body()
    except ChannelError:
        return Problem(answer.status)
    if not isinstance(body, Mapping):
        return Problem(answer.status)
    inner = items(body.get("errors"))
    kind = body.get("type") or next((one["type"] for one in inner if one.get("type")), "")
    said = [str(one.get("detail") or one.get("message") or "") for one in (body, *inner)]
    return Problem(
        status=answer.status,
        kind=last_part(kind),
        codes=frozenset(one["code"] for one in inner if isinstance(one.get("code"), int)),
        names=_names((body, *inner)),
        words=" ".join(said).lower(),
    )


def trouble_in(
    answer: Answer, problem: Problem, operation: str, *, now: datetime
) -> ChannelError | None:
    """What an answer means when it is no good one; None when it is.

    `problem` is what its body says; `operation`: read, post, hide or delete.
    """
    if answer.status < 300:
        return _strange(answer)
    kind = problem.kind if problem.kind.replace("-", "").isalnum() else ""
    detail = f"{host_of(answer.url)}: {kind or 'no type'} ({answer.status})"
    if answer.status == 429:
        return _too_many(answer, problem, detail, now)
    if answer.status == 402:
        return BudgetSpent(f"{detail}: no credits left", until=next_month(now))
    if answer.status == 401:
        return SignInNeeded(detail)
    if answer.status in (400, 403, 404):
        return _refusal(problem, operation, detail)
    return trouble_of(answer, now=now)


def reset_of(answer: Answer, *, now: datetime) -> datetime | None:
    """When X counts anew (aware UTC, from a second to a day away); None when it does not say."""
    said = answer.headers.get("x-rate-limit-reset", "").strip()
    if not (said.isascii() and said.isdigit() and len(said) <= 12):
        return None
    try:
        reset = datetime.fromtimestamp(int(said), UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return now + wait_of((reset - now).total_seconds())


def _strange(answer: Answer) -> ChannelError | None:
    """A success that is no JSON object: nothing can be said of it."""
    try:
        body = answer.json_body()
    except ChannelError as error:
        return error
    if isinstance(body, dict):
        return None
    return unclear(answer.method, f"{host_of(answer.url)} answered something unexpected")


def _too_many(answer: Answer, problem: Problem, detail: str, now: datetime) -> ChannelError:
    reset = reset_of(answer, now=now)
    if reset is not None:
        return TryLater(detail, until=reset)
    if problem.kind == "usage-capped":
        return BudgetSpent(detail, until=next_month(now))
    return trouble_of(answer, now=now) or TryLater(detail)


def _refusal(problem: Problem, operation: str, detail: str) -> ChannelError:
    if problem.kind in NEEDS_SIGN_IN or problem.codes & SIGN_IN_CODES:
        return SignInNeeded(detail)
    for code in sorted(problem.codes & REASONS.keys()):
        return Refused(REASONS[code], f"{detail}, code {code}")
    if problem.status == 404:
        return _not_found(problem, operation, detail)
    if operation == "hide":
        return Refused(Reason.CANNOT_HIDE, detail)
    if problem.status == 400:
        return Refused(Reason.NOT_UNDERSTOOD, detail)
    if problem.kind == "not-authorized-for-resource":
        return Refused(Reason.NOT_ALLOWED, detail)
    if operation == "read":
        return SignInNeeded(detail)
    return Refused(Reason.NOT_ALLOWED, detail)


def _not_found(problem: Problem, operation: str, detail: str) -> ChannelError:
    if operation != "read":
        return Refused(Reason.MESSAGE_GONE, detail)
    return Gone(detail) if problem.kind == "resource-not-found" else TryLater(detail)


def _names(problems: tuple[Mapping[str, Any], ...]) -> frozenset[str]:
    names = {str(one["parameter"]) for one in problems if one.get("parameter")}
    for one in problems:
        if isinstance(one.get("parameters"), Mapping):
            names |= {str(name) for name in one["parameters"]}
    return frozenset(names)
