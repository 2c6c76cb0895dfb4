"""What the contract suite needs of each channel: a platform it can make things happen on.

A channel called `name` plugs in with `benches/<name>.py`, which holds a class `Bench` made without
arguments and keeping to `PlatformBench`. What a platform cannot do is said by the channel's own
abilities, or by the flags below; everything else must work. A module may also have `VARIANTS`: the
same channel set up in other ways, by name, each held to all of it.

A platform on a wire (`web`) is a `WiredBench`; where sign-ins are renewed, money is counted or
comments are moderated, it also has the methods of `Renewing`, `Counting` and `Moderated`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from app.channels.base import AtSource, Channel, Connection

from .loopback import Loopback


@dataclass(frozen=True)
class OnPlatform:
    """One comment as the platform itself has it."""

    external_id: str
    text: str
    parent_external_id: str | None
    by_city: bool
    visible: bool


class PlatformBench(Protocol):
    """A fake platform that speaks the wire, and the account we have there.

    `page_size`: how many comments fit in one page of a look. `holds`: how many can be read at all
    (a feed is a window); None for all. `has_sign_in`: credentials can die. `can_break`: the ways of
    `loopback.BREAKS` that apply; empty for a channel that never leaves the machine.
    `secrets`: what no error may ever show.
    """

    channel: Channel
    page_size: int
    holds: int | None
    has_sign_in: bool
    can_break: tuple[str, ...]
    secrets: tuple[str, ...]

    def connection(self) -> Connection:
        """The account and source, with a first reading of 30 days."""
        ...

    def make_post(self, title: str, text: str) -> str:
        """A post of the city's; its id as the channel will call it."""
        ...

    def comment(
        self,
        post: str,
        name: str,
        text: str,
        parent: str | None = None,
        at: datetime | None = None,
    ) -> str:
        """A resident writes, now or with the time `at`; the comment's id as the channel says it."""
        ...

    def edit(self, external_id: str, text: str) -> None:
        """The resident changes the text."""
        ...

    def delete(self, external_id: str) -> None:
        """The resident takes the comment away."""
        ...

    def on_platform(self, post: str) -> list[OnPlatform]:
        """Everything under the post, whatever its state."""
        ...

    def break_in(self, way: str, *, on: str = "all", after_acting: bool = False) -> None:
        """Fail this way on `reads`, `changes` or `all` until mended; first acting, if so asked."""
        ...

    def mend(self) -> None:
        """Work again."""
        ...

    def kill_credentials(self) -> None:
        """From now on our credentials are not accepted."""
        ...

    def close(self) -> None:
        """Let everything go."""
        ...


class WiredBench(PlatformBench, Protocol):
    """A platform that is asked over HTTP."""

    web: Loopback

    def restore_credentials(self) -> None:
        """They are accepted again, as they were."""
        ...

    def lose_permission(self) -> None:
        """The credentials live, but no longer allow reading what we read."""
        ...


class Renewing(WiredBench, Protocol):
    """A platform whose access tokens wear out."""

    def expire_token(self) -> None:
        """The access token that was given is no longer accepted, though its time is not up."""
        ...

    def renewals(self) -> int:
        """How many times we have asked for a new one."""
        ...


class Counting(WiredBench, Protocol):
    """A platform that counts. `reading_ends_at`: what must be used for us to stop reading."""

    reading_ends_at: float

    def connection(self, *, spent: float = 0.0) -> Connection:
        """As usual, with so much used before."""
        ...

    def exhaust(self) -> None:
        """The platform itself says that the allowance is used up."""
        ...

    def refill(self) -> None:
        """A new period has begun there."""
        ...


class Moderated(PlatformBench, Protocol):
    """A platform where comments can wait for approval."""

    def put(self, external_id: str, state: AtSource) -> None:
        """Somebody moderates on the platform: held or visible."""
        ...


def now() -> datetime:
    """The time, for channels and platforms alike."""
    return datetime.now(UTC)


def month_ago() -> datetime:
    """How far back the first reading goes on a bench."""
    return now() - timedelta(days=30)
