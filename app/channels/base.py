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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
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
class Spend:
    """What one call used of a budget: which operation, how many, how much, on which day.

    `amount` is in the budget's own unit (`Budget.unit`); `day` in the budget's own zone.
    """

    operation: str
    count: int
    amount: float
    day: date


@dataclass(slots=True)
class Meter:
    """Takes down what calls cost. The caller empties it into the ledger after every call."""

    spends: list[Spend] = field(default_factory=list)
    """What is not in the ledger yet."""
    amount: float = 0.0
    """Everything taken down since the meter was made."""

    def spend(self, operation: str, count: int, amount: float, day: date) -> None:
        """Note a cost as soon as the request has left, whatever the platform then says."""
        self.spends.append(Spend(operation, count, amount, day))
        self.amount += amount

    def take(self) -> list[Spend]:
        """What is not in the ledger yet; it is the caller's from now on."""
        taken, self.spends = self.spends, []
        return taken


class Keeper(Protocol):
    """Renews credentials that wear out, so that no two processes ask at once."""

    def renew(
        self, stale: str, ask: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> Mapping[str, str]:
        """The account's credentials with an access token other than `stale`.

        When the stored ones hold another `access_token` already, they are given; else `ask` is
        called with the stored ones, and what it answers is stored before it is given out. Raises
        what `ask` raises, and `TryLater` while another process is asking.
        """
        ...


@dataclass(frozen=True, slots=True)
class Connection:
    """What a channel may know of one account and one source while it works for us.

    `settings` and `credentials` hold the values of the channel's own `Setting` rows.
    `allowed_private_hosts` are host names or addresses that an administrator has allowed although
    they resolve to a private address. `data_dir` is where a channel that never leaves the machine
    may keep its own file. `installation` holds the settings of config.py that speak of platforms
    (base addresses, app secrets, prices, quotas), by name and as text.
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
    installation: Mapping[str, str] = field(default_factory=dict, repr=False)
    spent_before: float = 0.0
    """What was used of the channel's budget in the running period before this connection."""
    meter: Meter = field(default_factory=Meter, repr=False)
    keeper: Keeper | None = field(default=None, repr=False)

    @property
    def spent(self) -> float:
        """What is used of the channel's budget in the running period, these calls included."""
        return self.spent_before + self.meter.amount


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One thing that can be polled on an account: `comments`, `mentions`, ..."""

    kind: str
    label: str
    by_default: bool = False
    """Polled unless a person chooses otherwise; the first kind always is."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a platform counts. `unit`: `usd`, `units` or `calls`; `period`: `day` or `month`.

    `zone` is where the period begins at midnight. `shared`: all accounts of the channel use the
    same one. `ceiling` names the account's or the installation's setting that bounds it ('' none).
    """

    unit: str
    period: str
    zone: str = "UTC"
    shared: bool = False
    ceiling: str = ""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the channel can do; the page shows only what is here."""

    answer: bool
    connected: bool = True
    """It is a platform that an account is connected to; else people write down what was said."""
    answer_post: bool = False
    """An answer can stand directly under the city's own post, with no parent."""
    hide: bool = False
    delete_own: bool = False
    """The city's own answers can be taken away."""
    reject: bool = False
    """A held message can be turned down for good."""
    private_reply: bool = False
    recheck: bool = False
    """`recheck` can tell whether messages read before have changed or gone."""
    recheck_every: timedelta = timedelta(seconds=30)
    """The shortest time between two rechecks of the same open message (a recheck may cost)."""
    answer_every: timedelta = timedelta()
    """The shortest time between two answers of one account (the platform takes more for spam)."""
    budget: Budget | None = None
    max_characters: int | None = None
    max_private_characters: int | None = None
    """When a private answer may be shorter than a public one."""
    shows_held: bool = False
    """Comments waiting for the site's own approval can be read, approved and held."""
    names_whom_it_answers: bool = False
    """Answers to replies stand beside them, so the text itself names who is answered."""
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
class Attachment:
    """Something in a message that is no text: `picture`, `sticker`, `film`, `sound`, `link`.

    `description` is the writer's own alternative text or title, '' when there is none. No address:
    the platform's picture addresses expire, and no page of ours asks a third party for anything.
    """

    kind: str
    description: str = ""


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
    attachments: tuple[Attachment, ...] = ()
    no_answer: "Reason | None" = None
    """Why the platform takes no answer to this message from here; None: it may be answered."""
    answer_elsewhere: str = ""
    """Where a person can answer it on the platform itself (https), when not from here."""
    can_hide: bool | None = None
    """What the platform says of this very message; None: as the channel generally."""
    private_reply_until: datetime | None = None
    """Until when a private answer may be sent (aware UTC); None: it may not."""


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
    thread_external_id: str | None = None
    """The message that the parent itself answers, on platforms that nest only one level."""


@dataclass(frozen=True, slots=True)
class Weight:
    """How long a text is by the platform's own count, and what sending it would cost.

    `most` None: no limit known. `links`: what the platform takes for links; `slips`: those of them
    that look like a space missing after a full stop. `price` is in `Budget.unit`.
    """

    used: int
    most: int | None = None
    links: tuple[str, ...] = ()
    slips: tuple[str, ...] = ()
    price: float = 0.0


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
    NOT_SUMMONED = "not_summoned"
    """X: only who mentions or quotes the account can be answered through the interface."""
    CANNOT_HIDE = "cannot_hide"
    WINDOW_CLOSED = "window_closed"
    """A private answer came too late, or there has been one already."""
    BLOCKED = "blocked"
    """The platform has blocked the account for a while, for its rules or its pace."""
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


def contract_name(error: ChannelError) -> str:
    """The contract's own name for an error; a channel may have finer ones for itself."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == __name__)


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

    def reject(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Turn a held message down for good; it may never be readable again."""
        ...

    def delete_own(self, connection: Connection, external_id: str, *, now: datetime) -> None:
        """Take one of the city's own answers away; already gone is success."""
        ...

    def reply_privately(
        self, connection: Connection, external_id: str, text: str, *, now: datetime
    ) -> Receipt:
        """Answer a comment's writer in private, once. Raises `Uncertain` as `send` does."""
        ...

    def weigh(self, connection: Connection, text: str) -> Weight:
        """How long a text is by the platform's own count. Pure, and quick: asked while typing."""
        ...

    def check(self, connection: Connection, *, now: datetime) -> list[PermissionCheck]:
        """Try each permission the credentials must give, one by one, changing nothing."""
        ...


class Plain:
    """What a channel says to everything its abilities do not promise. Channels inherit it."""

    abilities: Abilities

    def recheck(
        self, connection: Connection, external_ids: Sequence[str], *, now: datetime
    ) -> Page:
        """Refused: nothing can be looked at again."""
        raise Refused(Reason.NOT_SUPPORTED)

    def send(self, connection: Connection, outgoing: Outgoing, *, now: datetime) -> Receipt:
        """Refused: there is no answering."""
        raise Refused(Reason.NOT_SUPPORTED)

    def find_sent(
        self, connection: Connection, outgoing: Outgoing, *, now: datetime
    ) -> Receipt | None:
        """Refused: there is no answering."""
        raise Refused(Reason.NOT_SUPPORTED)

    def hide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Refused: there is no hiding."""
        raise Refused(Reason.NOT_SUPPORTED)

    def unhide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Refused: there is no hiding."""
        raise Refused(Reason.NOT_SUPPORTED)

    def reject(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Refused: there is no turning down."""
        raise Refused(Reason.NOT_SUPPORTED)

    def delete_own(self, connection: Connection, external_id: str, *, now: datetime) -> None:
        """Refused: there is no taking away."""
        raise Refused(Reason.NOT_SUPPORTED)

    def reply_privately(
        self, connection: Connection, external_id: str, text: str, *, now: datetime
    ) -> Receipt:
        """Refused: there is no private answer."""
        raise Refused(Reason.NOT_SUPPORTED)

    def weigh(self, connection: Connection, text: str) -> Weight:
        """Every character counts one."""
        return Weight(len(text), self.abilities.max_characters)


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
