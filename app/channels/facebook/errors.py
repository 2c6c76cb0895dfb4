"""Facebook's error codes by the contract's names. Its words are for people and decide nothing.

A throttle usually comes as HTTP 400 or 403, so the code goes before the status. Source: Graph API,
Error Handling; Rate Limits; Messenger Platform, Error Codes.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.channels.base import (
    ChannelError,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
    Uncertain,
)

TEMPORARY = frozenset({1, 2})
TOO_MUCH_DATA = 1
DEAD_TOKEN = frozenset({102, 190})
THROTTLED = frozenset({4, 17, 32, 341, 613, 80001, 80002})
WINDOW_CLOSED = frozenset({551, 10900, 10903})
WINDOW_CLOSED_SUBCODE = 2018109
BAD_PARAMETER, NO_SUCH_OBJECT = 100, 33
BLOCKED, SAME_TEXT_AGAIN, DEPRECATED = 368, 506, 12

THROTTLE_WAIT = timedelta(hours=1)
BLOCKED_WAIT = timedelta(hours=24)


class TooMuchAsked(TryLater):
    """The answer would be too heavy, or something was wrong for a moment: ask for less."""


class BadParameter(Refused):
    """A parameter or field that does not fit the object (code 100, but the object may be there)."""


class NoSuchObject(Refused):
    """The object is not there, or not for us (code 100, subcode 33)."""


class NotPermitted(SignInNeeded):
    """A permission is missing, perhaps for this one object only; the token itself may be well."""


@contextmanager
def by_the_contracts_names() -> Iterator[None]:
    """Let out none of the finer names above: who asked goes by the contract's own."""
    try:
        yield
    except NotPermitted as error:
        raise SignInNeeded(error.detail) from None
    except TooMuchAsked as error:
        raise TryLater(error.detail, until=error.until) from None
    except (BadParameter, NoSuchObject) as error:
        raise Refused(error.reason, error.detail) from None


@dataclass(frozen=True, slots=True)
class Fault:
    """One error as Facebook tells it. `changing`: it answers a request for a change."""

    code: int
    subcode: int
    transient: bool
    status: int
    trace: str
    changing: bool

    @property
    def detail(self) -> str:
        """For the log: the numbers only."""
        subcode = f"/{self.subcode}" if self.subcode else ""
        return f"Facebook: code {self.code}{subcode} ({self.status}) {self.trace}".rstrip()

    @property
    def lacks_permission(self) -> bool:
        """Whether a capability or permission is missing."""
        return self.code in (3, 10) or 200 <= self.code <= 299


def fault_of(body: object, status: int, *, changing: bool) -> Fault | None:
    """The error in a body, whatever the status; None when there is none."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return None
    return Fault(
        code=_whole(error, "code"),
        subcode=_whole(error, "error_subcode"),
        transient=error.get("is_transient") is True,
        status=status,
        trace=re.sub(r"[^\w-]", "", str(error.get("fbtrace_id") or ""))[:40],
        changing=changing,
    )


def error_of(fault: Fault, *, now: datetime, until: datetime | None) -> ChannelError | None:
    """A fault by the contract's names; None for a code that says nothing to us.

    `until` is when the platform's headers want us back.
    """
    detail = fault.detail
    if fault.code in DEAD_TOKEN:
        return SignInNeeded(detail)
    if fault.code in THROTTLED:
        return TryLater(detail, until=until or now + THROTTLE_WAIT)
    if fault.code == BLOCKED:
        if fault.changing:
            return Refused(Reason.BLOCKED, detail)
        return TryLater(detail, until=until or now + BLOCKED_WAIT)
    if fault.code in WINDOW_CLOSED or fault.subcode == WINDOW_CLOSED_SUBCODE:
        return Refused(Reason.WINDOW_CLOSED, detail)
    if fault.code in TEMPORARY or fault.transient:
        return _temporary(fault, until)
    if fault.code == BAD_PARAMETER:
        if fault.subcode == NO_SUCH_OBJECT:
            return NoSuchObject(Reason.MESSAGE_GONE, detail)
        return BadParameter(Reason.OTHER, detail)
    if fault.code == SAME_TEXT_AGAIN:
        return Refused(Reason.DUPLICATE, detail)
    if fault.code == DEPRECATED:
        return Refused(Reason.NOT_SUPPORTED, detail)
    if fault.lacks_permission:
        return Refused(Reason.NOT_ALLOWED, detail) if fault.changing else NotPermitted(detail)
    return None


def _temporary(fault: Fault, until: datetime | None) -> ChannelError:
    """A change that ended like this may have been made all the same."""
    if fault.changing:
        return Uncertain(fault.detail)
    if fault.code == TOO_MUCH_DATA:
        return TooMuchAsked(fault.detail, until=until)
    return TryLater(fault.detail, until=until)


def _whole(error: Mapping[str, Any], name: str) -> int:
    value = error.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
