"""The one way out to the net for channels: bounded in time and size, and never into our own net.

`request` answers with any complete HTTP answer and raises only for what went wrong on the way;
`trouble_of` and `Answer.json_body` then turn an answer that is no answer into a `ChannelError`.
What may already have happened at the other end is `Uncertain`; what certainly has not is
`TryLater` or `Refused`. The sockets themselves are in `connections.py`, imported when first used.
"""

import json as json_module
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from app.channels.base import (
    ChannelError,
    Connection,
    Gone,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
    Uncertain,
    wait_of,
)

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
TOTAL_SECONDS = 60.0
MAX_BYTES = 5 * 1024 * 1024
MAX_REDIRECTS = 5
MAX_RATIO = 200
"""How many times larger a body may become when decompressed, once it is over a megabyte."""

READING = ("GET", "HEAD")
PERMANENT = (301, 308)
REDIRECTS = (301, 302, 303, 307, 308)
HEADERS_FOR_ANY_HOST = frozenset(
    {"accept", "accept-language", "user-agent", "if-none-match", "if-modified-since"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete HTTP answer. Header names are lower-case; `body` is decompressed.

    `moved_to` is where the first hops of a redirect that all said "for good" (301, 308) led.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    method: str
    moved_to: str | None = None

    @property
    def may_have_changed_something(self) -> bool:
        """Whether the request asked for a change, so that a bad answer leaves us uncertain."""
        return self.method not in READING

    @property
    def is_json(self) -> bool:
        """Whether the answer says that it is JSON."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        return kind == "application/json" or kind.endswith("+json")

    def json_body(self) -> Any:
        """The body as JSON. Raises `Uncertain` (after a change) or `TryLater` when it is not."""
        try:
            return json_module.loads(self.body)
        except ValueError:
            raise unclear(
                self.method, f"{host_of(self.url)} gave no JSON ({self.status})"
            ) from None


def request(
    connection: Connection,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str | int] | None = None,
    json: object | None = None,
    data: Mapping[str, str] | bytes | None = None,
    auth: tuple[str, str] | None = None,
    max_bytes: int = MAX_BYTES,
    redirects: int = MAX_REDIRECTS,
) -> Answer:
    """Ask once, following at most `redirects` redirects of a GET; a change follows none.

    Redirects are checked like the first address, and to another host go neither `auth` nor any
    header of ours that could be a secret. Raises `TryLater` when the request never left or only
    read, `Uncertain` when a change may have been made, `Refused` for an address that may not be
    asked or an answer that is too large. No exception text holds more of the address than its host.
    """
    from app.channels.web_requests import connections

    sent_headers = {"User-Agent": user_agent(connection), **(headers or {})}
    moved_to: str | None = None
    all_permanent = True
    for hop in range(redirects + 1):
        check_address(url)
        answer = connections.ask(
            connection, method, url, sent_headers, params, json, data, auth, max_bytes
        )
        onward = answer.headers.get("location") if answer.status in REDIRECTS else None
        if not onward or method not in READING or redirects == 0:
            return replace(answer, moved_to=moved_to)
        target = urljoin(answer.url, onward)
        all_permanent = all_permanent and answer.status in PERMANENT
        moved_to = target if all_permanent else moved_to
        if not _same_site(url, target):
            auth = None
            sent_headers = {
                name: value
                for name, value in sent_headers.items()
                if name.lower() in HEADERS_FOR_ANY_HOST
            }
        url, params = target, None
        if hop == redirects:
            break
    raise TryLater(f"{host_of(url)} redirects too many times")


def check_address(url: str) -> None:
    """Refuse what is no plain http or https address. Raises `Refused`."""
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.username is None
            and parts.port != 0
        )
    except ValueError:
        usable = False
    if not usable:
        raise Refused(Reason.ADDRESS_NOT_ALLOWED, "only plain http and https addresses are asked")


def host_of(url: str) -> str:
    """The host of an address, which is all of it that may be logged ('?' when there is none)."""
    try:
        return urlsplit(url).hostname or "?"
    except ValueError:
        return "?"


def _same_site(one: str, other: str) -> bool:
    """Whether secrets sent to `one` may be sent to `other`: the same origin, or its https twin."""
    try:
        before, after = urlsplit(one), urlsplit(other)
        ports = {"http": 80, "https": 443}
        first = (
            before.scheme,
            before.hostname,
            before.port or ports.get(before.scheme),
        )
        second = (after.scheme, after.hostname, after.port or ports.get(after.scheme))
    except ValueError:
        return False
    return first == second or (
        first[1] == second[1]
        and (first[0], first[2]) == ("http", 80)
        and (second[0], second[2]) == ("https", 443)
    )


def user_agent(connection: Connection) -> str:
    """Who asks: the system, the city and where to write, in plain ASCII as headers want it."""
    said = f"Vaxeln/1.0 ({connection.city}; {connection.contact or 'ingen adress'})"
    plain = unicodedata.normalize("NFKD", said).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain if letter.isprintable())


def unclear(method: str, detail: str) -> ChannelError:
    """The right name for "no clear answer": nothing happened on a read, who knows on a change."""
    return TryLater(detail) if method in READING else Uncertain(detail)


def retry_at(answer: Answer, *, now: datetime) -> datetime | None:
    """When the platform wants to be asked again (aware UTC), from Retry-After; None if unsaid.

    Retry-After is whole seconds or an HTTP date (RFC 9110, section 10.2.3); held within 24 hours.
    """
    said = answer.headers.get("retry-after", "").strip()
    if not said:
        return None
    if said.isascii() and said.isdigit():
        return now + wait_of(float(said[:12]))
    try:
        moment = parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return now + wait_of((moment - now).total_seconds())


def trouble_of(answer: Answer, *, now: datetime) -> ChannelError | None:
    """What an answer's status alone means, by the contract's names; None for a 2xx or a 304.

    A channel that knows its platform's own codes looks at those first and comes here with the rest.
    """
    status, said = answer.status, f"{host_of(answer.url)} answered {answer.status}"
    until = retry_at(answer, now=now)
    if status < 300 or status == 304:
        return None
    if status == 429:
        return TryLater(said, until=until)
    if status == 503 and (until is not None or not answer.may_have_changed_something):
        return TryLater(said, until=until)
    if status in (303, 408) or status >= 500:
        return unclear(answer.method, said)
    if status < 400:
        return Refused(Reason.OTHER, f"{said}: the address has moved")
    if status in (401, 407):
        return SignInNeeded(said)
    if status == 410:
        return Gone(said)
    if status == 413:
        return Refused(Reason.TOO_LONG, said)
    return Refused(Reason.NOT_ALLOWED if status == 403 else Reason.OTHER, said)
