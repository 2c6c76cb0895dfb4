"""What YouTube's and Google's error codes mean, by the contract's names. The wording is never read.

Codes: https://developers.google.com/youtube/v3/docs/errors and the page of each method.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.channels.base import (
    BudgetSpent,
    ChannelError,
    Gone,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
    Uncertain,
)
from app.channels.web_requests import Answer, host_of, retry_at, trouble_of, unclear
from app.channels.youtube.quota import next_midnight

AGAIN_AFTER = timedelta(seconds=30)
"""`processingFailure` is mostly a bad question but may pass: one more try after this."""

QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded"})
TOO_FAST = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"}
)
SIGN_IN = frozenset(
    {
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "SERVICE_DISABLED",
        "accessNotConfigured",
        "accountClosed",
        "accountSuspended",
        "authError",
        "authenticatedUserAccountClosed",
        "authenticatedUserAccountSuspended",
        "authenticatedUserNotChannel",
        "channelClosed",
        "channelSuspended",
        "ineligibleAccount",
        "insufficientPermissions",
        "insufficientScopes",
        "required",
    }
)
REASONS = {
    "commentTextRequired": Reason.EMPTY,
    "commentTextTooLong": Reason.TOO_LONG,
    "commentsDisabled": Reason.COMMENTS_CLOSED,
    "operationNotSupported": Reason.COMMENTS_CLOSED,
    "parentCommentIsPrivate": Reason.MESSAGE_HELD,
    "videoNotFound": Reason.POST_GONE,
    "commentNotFound": Reason.MESSAGE_GONE,
    "commentThreadNotFound": Reason.MESSAGE_GONE,
    "parentCommentNotFound": Reason.MESSAGE_GONE,
    "parentIdMissing": Reason.MESSAGE_GONE,
}
NOT_THERE = (Reason.MESSAGE_GONE, Reason.POST_GONE, Reason.COMMENTS_CLOSED)
"""Refusals of a read that are an answer in themselves: there is nothing to be read."""


class PageTokenDied(Refused):
    """The place in a list that we wanted to go on from is no longer known: begin anew."""


class NotProcessed(TryLater):
    """YouTube could not process a reading question, for whatever reason."""


class Forbidden(SignInNeeded):
    """A read that we may not make: of a whole list a sign-in too weak, of one thread its own."""


def code_of(answer: Answer) -> str:
    """The code of what went wrong, '' when the answer has none."""
    try:
        body = answer.json_body()
    except ChannelError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):  # the token endpoint's way (RFC 6749, section 5.2)
        return _plain(error)
    return _plain(_reason(error)) if isinstance(error, Mapping) else ""


def _reason(error: Mapping[str, Any]) -> object:
    for name in ("errors", "details"):
        listed = error.get(name)
        for row in listed if isinstance(listed, list) else []:
            if isinstance(row, Mapping) and row.get("reason"):
                return row["reason"]
    return error.get("status") or ""


def _plain(code: object) -> str:
    return re.sub(r"\W", "", str(code))[:60]


def trouble(answer: Answer, now: datetime) -> ChannelError | None:
    """The error that an answer stands for; None for a good one."""
    if answer.status < 300:
        return None
    code = code_of(answer)
    detail = f"{host_of(answer.url)}: {code or 'no code'} ({answer.status})"
    until = retry_at(answer, now=now)
    if answer.status in (403, 429) and code in QUOTA:
        return BudgetSpent(detail, until=next_midnight(now))
    if answer.status == 429 or (answer.status == 403 and code in TOO_FAST):
        return TryLater(detail, until=until)
    if answer.status in (409, 503) and until is None:
        return unclear(answer.method, detail)
    if answer.status >= 500 or not code:
        return _by_status(answer, now, detail)
    return _by_code(answer, code, detail, now)


def _by_status(answer: Answer, now: datetime, detail: str) -> ChannelError | None:
    found = trouble_of(answer, now=now)
    if found is not None:
        found.detail = detail
    return found


def _by_code(answer: Answer, code: str, detail: str, now: datetime) -> ChannelError:
    reading = not answer.may_have_changed_something
    if answer.status == 401 or code in SIGN_IN:
        return SignInNeeded(detail)
    if code == "invalidPageToken":
        return PageTokenDied(Reason.OTHER, detail)
    if code == "processingFailure":
        if reading:
            return NotProcessed(detail, until=now + AGAIN_AFTER)
        return Uncertain(detail)
    if code == "channelNotFound" and reading:
        return Gone(detail)
    if code in REASONS:
        return Refused(REASONS[code], detail)
    if answer.status == 403:
        return Forbidden(detail) if reading else Refused(Reason.NOT_ALLOWED, detail)
    if answer.status == 404 and not reading:
        return Refused(Reason.MESSAGE_GONE, detail)
    return Refused(Reason.OTHER, detail)
