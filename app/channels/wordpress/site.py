"""Talking to one WordPress: where its REST interface is, who we are there, what its errors mean."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app.channels.base import (
    ChannelError,
    Connection,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
)
from app.channels.web_requests import Answer, host_of, request, retry_at, trouble_of, unclear

PER_PAGE = 100
"""The most that WordPress gives in one answer; 101 is an error."""
LARGEST_PAGE = 48 * 1024 * 1024
"""100 comments of 65 525 bytes, twice, with every letter written as a JSON escape."""
ASKED = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Not packed: a resident who writes one letter 60 000 times must not look like a bomb to us."""
FLOOD_SECONDS = 15
"""WordPress lets one person comment once in this time (core, `wp_throttle_comment_flood`)."""

REASONS = {
    "rest_comment_closed": Reason.COMMENTS_CLOSED,
    "comment_duplicate": Reason.DUPLICATE,
    "rest_comment_content_invalid": Reason.EMPTY,
    "comment_content_column_length": Reason.TOO_LONG,
    "rest_comment_invalid_post_id": Reason.POST_GONE,
    "rest_comment_draft_post": Reason.POST_GONE,
    "rest_comment_trash_post": Reason.POST_GONE,
    "rest_cannot_read_post": Reason.POST_GONE,
    "rest_post_invalid_id": Reason.POST_GONE,
    "rest_comment_invalid_id": Reason.MESSAGE_GONE,
    "rest_already_trashed": Reason.MESSAGE_GONE,
    "rest_no_route": Reason.NOT_SUPPORTED,
}
SIGN_IN_CODES = frozenset(
    {
        "rest_forbidden_context",
        "rest_not_logged_in",
        "rest_comment_login_required",
        "incorrect_password",
        "invalid_username",
        "invalid_email",
        "application_passwords_disabled",
        "application_passwords_disabled_for_user",
    }
)

_roots: dict[str, str] = {}
"""Where each blog's REST interface was found, by base address, for as long as the process lives."""


class Site:
    """One WordPress as one account reaches it, at one moment (`now`, aware UTC)."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.base = base_address(connection)
        self.user = connection.settings.get("user", "").strip()
        password = connection.credentials.get("application_password", "").strip()
        self.auth = (self.user, password) if self.user and password else None

    @property
    def signed_in(self) -> bool:
        """Whether this account has a login; without one only what is public can be read."""
        return self.auth is not None

    def must_be_signed_in(self) -> None:
        """Raise `SignInNeeded` on an account that can only read."""
        if not self.signed_in:
            raise SignInNeeded(f"{host_of(self.base)}: no user and application password given")

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Answer:
        """GET below `/wp/v2/`. Raises `ChannelError`s for everything but a JSON answer."""
        answer = request(
            self.connection,
            "GET",
            self._address(path),
            params=params,
            auth=self.auth,
            headers=ASKED,
            max_bytes=LARGEST_PAGE,
        )
        if answer.status == 404 and not answer.is_json:
            _roots.pop(self.base, None)
            raise TryLater(f"{host_of(self.base)}: the REST interface is no longer where it was")
        self._raise_for(answer)
        return answer

    def change(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """POST JSON below `/wp/v2/` and give back the item. Raises `ChannelError`s."""
        answer = request(
            self.connection,
            "POST",
            self._address(path),
            json=body,
            auth=self.auth,
            headers=ASKED,
            max_bytes=LARGEST_PAGE,
        )
        self._raise_for(answer)
        return _mapping(answer)

    def comment(self, external_id: str, fields: Sequence[str]) -> dict[str, Any]:
        """One comment in any state. Raises `Refused(MESSAGE_GONE)` when there is none."""
        if not external_id.isdigit():
            raise Refused(Reason.MESSAGE_GONE, "not a WordPress id")
        context = "edit" if self.signed_in else "view"
        return _mapping(
            self.get(f"comments/{external_id}", {"context": context, "_fields": ",".join(fields)})
        )

    def signed_in_user(self) -> dict[str, Any]:
        """Our own user: `id` and `capabilities`. Raises `SignInNeeded`."""
        return _mapping(self.get("users/me", {"context": "edit", "_fields": "id,capabilities"}))

    def _address(self, path: str) -> str:
        return f"{self._root()}wp/v2/{path}"

    def _root(self) -> str:
        if self.base not in _roots:
            _roots[self.base] = self._find_root()
        return _roots[self.base]

    def _find_root(self) -> str:
        """Try the pretty address, the one the blog itself names, and the plain one."""
        candidates = [f"{self.base}/wp-json/", f"{self.base}/?rest_route=/"]
        closed: ChannelError | None = None
        while candidates:
            address = candidates.pop(0)
            answer = request(self.connection, "GET", address, params={"_fields": "namespaces"})
            if host_of(answer.url) != host_of(self.base):
                raise Refused(
                    Reason.ADDRESS_NOT_ALLOWED, f"{host_of(self.base)} sends us elsewhere"
                )
            if answer.status < 500 and answer.status != 429 and _is_rest(answer):
                return address if address.endswith("?rest_route=/") else _without_query(answer.url)
            trouble = trouble_of(answer, now=self.now)
            if isinstance(trouble, TryLater):
                raise trouble
            closed = trouble if answer.status in (401, 403) else closed
            named = _named_root(answer, self.base)
            if named and named not in candidates and named != address:
                candidates.insert(0, named)
        if closed is not None:
            raise SignInNeeded(closed.detail)
        raise Refused(Reason.NOT_UNDERSTOOD, f"no WordPress REST at {host_of(self.base)}")

    def _raise_for(self, answer: Answer) -> None:
        if answer.status < 300:
            answer.json_body()
            return
        code = error_code(answer)
        detail = f"{host_of(answer.url)}: {code or 'no code'} ({answer.status})"
        if code == "comment_flood":
            until = retry_at(answer, now=self.now) or self.now + timedelta(seconds=FLOOD_SECONDS)
            raise TryLater(detail, until=until)
        if code in REASONS and answer.status < 500:
            raise Refused(REASONS[code], detail)
        if code.endswith("_column_length"):
            raise Refused(Reason.TOO_LONG, detail)
        if code in SIGN_IN_CODES or answer.status == 401:
            raise SignInNeeded(detail)
        if answer.status == 403:
            if code or answer.may_have_changed_something:
                raise Refused(Reason.NOT_ALLOWED, detail)
            raise SignInNeeded(detail)  # something in front of WordPress keeps us out
        trouble = trouble_of(answer, now=self.now)
        if trouble is not None:
            trouble.detail = detail
            raise trouble


def base_address(connection: Connection) -> str:
    """The blog's address as set on the account, with a scheme and without a last slash."""
    base = connection.settings.get("base_url", "").strip().split("?")[0].rstrip("/")
    base = base.removesuffix("/wp-json")
    return base if "://" in base else f"https://{base}"


def error_code(answer: Answer) -> str:
    """WordPress's own code for what went wrong, '' when the answer has none."""
    try:
        code = answer.json_body().get("code", "")
    except (ChannelError, AttributeError):
        return ""
    return re.sub(r"\W", "", str(code))[:60]


def _mapping(answer: Answer) -> dict[str, Any]:
    found = answer.json_body()
    if not isinstance(found, dict):
        raise unclear(answer.method, f"{host_of(answer.url)} answered something unexpected")
    return found


def _is_rest(answer: Answer) -> bool:
    try:
        found = answer.json_body()
    except ChannelError:
        return False
    return isinstance(found, dict) and ("namespaces" in found or "code" in found)


def _without_query(address: str) -> str:
    return address.split("?")[0].rstrip("/") + "/"


def _named_root(answer: Answer, base: str) -> str | None:
    """The REST address that the blog's Link header names, held to the host we were told of."""
    found = re.search(r'<([^>]+)>;\s*rel="?https://api\.w\.org/', answer.headers.get("link", ""))
    if not found:
        return None
    named, ours = urlsplit(found[1]), urlsplit(base)
    query = f"?{named.query}" if named.query else ""
    return f"{ours.scheme}://{ours.netloc}{named.path}{query}"


def count_of(answer: Answer, header: str) -> int:
    """The number in a header of a list, 0 when it is not there."""
    said = answer.headers.get(header, "")
    return int(said) if said.isdigit() else 0


def has_more(answer: Answer, page: int, listed: int) -> bool:
    """Whether there are later pages: as the headers say, or a full page where a proxy ate them.

    A page may be short although there are more: what we may not read is taken out after counting.
    """
    if "x-wp-totalpages" in answer.headers:
        return page < count_of(answer, "x-wp-totalpages")
    return listed >= PER_PAGE


def items_of(answer: Answer) -> list[dict[str, Any]]:
    """The items of a list. Raises `TryLater` when it is none."""
    found = answer.json_body()
    if not isinstance(found, list):
        raise TryLater("WordPress gave no list")
    return found
