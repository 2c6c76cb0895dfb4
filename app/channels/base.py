"""The contract between Växeln and a platform.

A channel is one module in this folder with a module-level `CHANNEL` object. It knows everything
there is to know about its platform and nothing about Växeln: it sees no table, no Flask and no
other channel. Times are aware UTC throughout.

How a look goes: the collector asks `fetch` for one page at a time, keeps every raw payload,
asks `parse` what each one means, commits, and only then saves the page's cursor. So `fetch`
must tolerate being called again with a cursor it has answered before.

Failing has six names (see `ChannelError`); the caller acts on the name, never on a status code.
"""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Protocol

# --- What a channel is asked about ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing an account of this channel needs; the form that connects it is drawn from these."""

    name: str
    label: str
    """Plain Swedish, shown on the form."""
    secret: bool = False
    required: bool = True
    default: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """What a channel may know of one account and one source while it works for us.

    `settings` and `credentials` hold the values of the channel's own `Setting` rows.
    `allowed_private_hosts` are host names or addresses that an administrator has allowed although
    they resolve to a private address. `data_dir` is where a channel that never leaves the machine
    may keep its own file.
    """

    kind: str
    external_id: str
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    allowed_private_hosts: frozenset[str] = frozenset()
    data_dir: Path | None = None
    pepper: str = field(default="", repr=False)
    """A secret of this installation, for hashing what must not be kept in clear."""
    city: str = "Landskrona stad"
    contact: str = ""
    backfill_since: datetime | None = None
    """The first reading goes no further back than this (aware UTC); None: no first reading."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One thing that can be polled on an account: `comments`, `mentions`, ..."""

    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the channel can do; the page shows only what is here."""

    answer: bool
    hide: bool = False
    recheck: bool = False
    """`recheck` can tell whether messages read before have changed or gone."""
    max_characters: int | None = None
    shows_held: bool = False
    """Comments waiting for the site's own approval can be read, approved and held."""
    natural_duplicate_guard: bool = False
    """The platform itself refuses the same reply twice."""


# --- What a channel answers -----------------------------------------------------------------


class AtSource(StrEnum):
    """How a message stands on the platform."""

    VISIBLE = "visible"
    HELD = "held"
    HIDDEN = "hidden"
    SPAM = "spam"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Raw:
    """One message exactly as the platform gave it, before anybody has tried to understand it."""

    external_id: str
    payload: str


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """An identity on this channel; `external_id` is unique there. Never joined to another."""

    external_id: str
    name: str
    handle: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class PostSeen:
    """What residents write under. `by_city`: the city's own post (else a resident's)."""

    external_id: str
    title: str = ""
    text: str = ""
    url: str = ""
    published_at: datetime | None = None
    by_city: bool = True


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """One comment as we understand it.

    `text` is cleaned for reading; `published_at` is the platform's time (aware UTC);
    `time_uncertain` says that the platform gave none and the time of reading stands in.
    `author` None: the platform does not say who wrote it. `by_city`: written by the account itself.
    `parent_external_id` None: written directly under the post.
    """

    external_id: str
    post: PostSeen
    text: str
    published_at: datetime
    author: PersonSeen | None
    parent_external_id: str | None = None
    by_city: bool = False
    at_source: AtSource = AtSource.VISIBLE
    url: str = ""
    time_uncertain: bool = False
    alternative_ids: tuple[str, ...] = ()
    """Other ids the same message may already be stored under (unstable feed guids)."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a look.

    `cursor` is to be saved once the page is committed. `more`: there is another page to ask for
    with that cursor. `until_known`: the caller may end the look at a page that brought no news;
    it then saves `rest_cursor`, which also holds when `more` is False. `removed` are ids that the
    platform says are gone. `asked_to_wait_until`: the platform's own wish for the next look.
    `notices` are short codes for the status page (`gap`, `moved`, `not_all_parsed`, ...) with a
    detail that holds no personal data.
    """

    raws: tuple[Raw, ...] = ()
    cursor: str | None = None
    rest_cursor: str | None = None
    more: bool = False
    until_known: bool = False
    removed: tuple[str, ...] = ()
    asked_to_wait_until: datetime | None = None
    notices: tuple[tuple[str, str], ...] = ()
    budget: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An answer on its way: exactly the text a person saw when they pressed send.

    `key` is unique to the answer; `pressed_at` bounds the search for an earlier try.
    """

    key: str
    text: str
    post_external_id: str
    parent_external_id: str | None
    pressed_at: datetime
    addressed_to: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's word that an answer is there. `at_source` HELD: waits for its approval."""

    external_id: str
    url: str = ""
    at_source: AtSource = AtSource.VISIBLE


@dataclass(frozen=True, slots=True)
class PermissionCheck:
    """One thing the credentials must allow, and whether they do; `detail` says more."""

    name: str
    allowed: bool
    detail: str = ""


# --- How a channel fails ---------------------------------------------------------------------


class Reason(StrEnum):
    """Why a platform said no. Each has a sentence for staff with what to do (web/words.py)."""

    COMMENTS_CLOSED = "comments_closed"
    DUPLICATE = "duplicate"
    TOO_FAST = "too_fast"
    TOO_LONG = "too_long"
    EMPTY = "empty"
    POST_GONE = "post_gone"
    MESSAGE_GONE = "message_gone"
    MESSAGE_HELD = "message_held"
    NOT_ALLOWED = "not_allowed"
    NOT_SUPPORTED = "not_supported"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    TOO_LARGE = "too_large"
    NOT_UNDERSTOOD = "not_understood"
    OTHER = "other"


class ChannelError(Exception):
    """A platform did not do what was asked. `detail` is for the log: nothing secret or personal."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class TryLater(ChannelError):
    """Nothing happened; the same may be asked again. `until`: not before then (aware UTC)."""

    def __init__(self, detail: str = "", *, until: datetime | None = None) -> None:
        super().__init__(detail)
        self.until = until


class BudgetSpent(TryLater):
    """The platform's allowance is used up until `until`."""


class SignInNeeded(ChannelError):
    """The credentials are dead, missing or too weak; a person must act."""


class Refused(ChannelError):
    """The platform said no for good; the answer was certainly not published."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or reason.value)
        self.reason = reason


class Gone(ChannelError):
    """What was asked for is no longer there, for good (410, a removed page): stop asking."""


class Uncertain(ChannelError):
    """The request left us and no clear answer came: it may have been done. Never ask it again."""


class NotUnderstood(ChannelError):
    """`parse` cannot make sense of a payload: it is kept and tried again after an upgrade."""


# --- The contract ------------------------------------------------------------------------------


class Channel(Protocol):
    """What every platform's module offers as `CHANNEL`."""

    name: str
    """Stored in the database and used in addresses: lower-case ASCII, never changed."""
    label: str
    """What staff see, e.g. "Facebook"."""
    icon: str
    """The id of a symbol in the icon sprite, e.g. `i-ch-facebook`."""
    parser_version: int
    """Raised when `parse` learns something: what was kept as not understood is tried again."""
    abilities: Abilities
    settings: tuple[Setting, ...]
    source_kinds: tuple[SourceKind, ...]

    def fetch(self, connection: Connection, cursor: str | None, *, now: datetime) -> Page:
        """Read one page of news. Raises `ChannelError`s; never changes anything on the platform."""
        ...

    def parse(self, connection: Connection, payload: str, *, now: datetime) -> MessageSeen:
        """Understand one payload; pure. Raises `NotUnderstood`."""
        ...

    def recheck(
        self, connection: Connection, external_ids: Sequence[str], *, now: datetime
    ) -> Page:
        """Look again at messages read before (at most 100): payloads now, and which are gone."""
        ...

    def send(self, connection: Connection, outgoing: Outgoing, *, now: datetime) -> Receipt:
        """Publish an answer, once. Raises `Uncertain` whenever it may have been published."""
        ...

    def find_sent(
        self, connection: Connection, outgoing: Outgoing, *, now: datetime
    ) -> Receipt | None:
        """Look for an answer on the platform. None: certainly not there now."""
        ...

    def hide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Take a message out of public view; already hidden is success."""
        ...

    def unhide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Show a hidden or held message; already visible is success."""
        ...

    def check(self, connection: Connection, *, now: datetime) -> list[PermissionCheck]:
        """Try each permission the credentials must give, one by one, changing nothing."""
        ...


@cache
def all_channels() -> Mapping[str, Channel]:
    """Every channel by name, found by listing this folder."""
    found: dict[str, Channel] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name in ("base", "web_requests"):
            continue
        channel: Channel = importlib.import_module(f"app.channels.{module.name}").CHANNEL
        found[channel.name] = channel
    return found


def channel_named(name: str) -> Channel:
    """The channel of that name. Raises KeyError when no file offers it."""
    return all_channels()[name]


def wait_of(seconds: float) -> timedelta:
    """Seconds a platform asks for, held between 1 second and 24 hours."""
    return timedelta(seconds=min(max(seconds, 1.0), 24 * 3600.0))
