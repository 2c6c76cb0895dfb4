"""Asking YouTube's Data API v3: who asks, what it costs, and what a bad answer means.

Methods, parameters and fields: the discovery document that the tests hold all this against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.channels.base import Connection, SignInNeeded, TryLater
from app.channels.web_requests import Answer, host_of, request, unclear
from app.channels.youtube.errors import trouble
from app.channels.youtube.quota import day_of, must_be_left
from app.channels.youtube.sign_in import SignIn

API_URL = "https://youtube.googleapis.com/youtube/v3"
PER_PAGE = 100
"""The most comments or threads in one answer; there may be fewer although more follow."""
IDS_AT_ONCE = 50
LARGEST_PAGE = 48 * 1024 * 1024
"""100 threads with five replies of 10 000 letters each, mostly written as JSON escapes."""

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Method:
    """One method and its price: https://developers.google.com/youtube/v3/determine_quota_cost."""

    verb: str
    path: str
    units: int


METHODS = {
    "commentThreads.list": Method("GET", "commentThreads", 1),
    "comments.list": Method("GET", "comments", 1),
    "videos.list": Method("GET", "videos", 1),
    "channels.list": Method("GET", "channels", 1),
    "comments.insert": Method("POST", "comments", 50),
    "commentThreads.insert": Method("POST", "commentThreads", 50),
    "comments.delete": Method("DELETE", "comments", 50),
    "comments.setModerationStatus": Method("POST", "comments/setModerationStatus", 50),
}


class Interface:
    """YouTube as one account reaches it, at one moment (`now`, aware UTC).

    `may_use_reserve`: this is for an answer or for moderation, which may use all units of the day.
    """

    def __init__(
        self, connection: Connection, now: datetime, *, may_use_reserve: bool = False
    ) -> None:
        self.connection, self.now, self.may_use_reserve = connection, now, may_use_reserve
        self.base = (connection.installation.get("YOUTUBE_API_URL") or API_URL).rstrip("/")
        self.sign_in = SignIn(connection, now, self._channel_of)

    @property
    def channel_id(self) -> str:
        """The city's channel."""
        return self.sign_in.channel_id

    def get(self, name: str, params: Params) -> dict[str, Any]:
        """Ask one reading method. Raises `ChannelError`s, `BudgetSpent` before asking too much."""
        answer = self._ask(name, params, self.sign_in.token())
        if answer.status == 401 and not self.sign_in.renewed:
            self.sign_in.renew()
            answer = self._ask(name, params, self.sign_in.token())
        return self._body(answer)

    def change(self, name: str, params: Params, body: object | None = None) -> dict[str, Any]:
        """Ask one changing method, once; `{}` for an answer without a body. Raises `ChannelError`s.

        Even a token that YouTube no longer takes does not make us ask twice: it is renewed, and the
        caller may ask again (`TryLater`).
        """
        answer = self._ask(name, params, self.sign_in.token(), body)
        if answer.status == 401 and not self.sign_in.renewed:
            self.sign_in.renew()
            raise TryLater(f"{host_of(answer.url)}: the sign-in had ended and is renewed")
        return self._body(answer)

    def _ask(self, name: str, params: Params, token: str, body: object | None = None) -> Answer:
        method = METHODS[name]
        if method.verb == "GET" and not self.may_use_reserve:
            must_be_left(self.connection, self.now)
        try:
            return request(
                self.connection,
                method.verb,
                f"{self.base}/{method.path}",
                params=params,
                json=body,
                headers={
                    "Authorization": f"Bearer {token}",
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",  # one letter 10 000 times is no bomb
                },
                max_bytes=LARGEST_PAGE,
                redirects=0,
            )
        finally:
            self.connection.meter.spend(name, 1, method.units, day_of(self.now))

    def _body(self, answer: Answer) -> dict[str, Any]:
        error = trouble(answer, self.now)
        if error is not None:
            raise error
        if answer.status == 204:
            return {}
        found = answer.json_body()
        if not isinstance(found, dict):
            raise unclear(answer.method, f"{host_of(answer.url)} answered something unexpected")
        return found

    def _channel_of(self, token: str) -> str:
        """Which channel a token is signed in as: ours if it is among them, '' for none."""
        answer = self._ask("channels.list", {"part": "id", "mine": "true"}, token)
        error = trouble(answer, self.now)
        if error is not None:
            raise SignInNeeded(error.detail) if answer.status == 401 else error
        ids = [str(item.get("id") or "") for item in items_of(answer.json_body())]
        return self.channel_id if self.channel_id in ids else next(iter(ids), "")


def items_of(body: object) -> list[dict[str, Any]]:
    """The items of a list; a list without any has no `items` at all."""
    if not isinstance(body, Mapping):
        raise TryLater("YouTube gave no list")
    found = body.get("items") or []
    if not isinstance(found, list):
        raise TryLater("YouTube gave no list")
    return [item for item in found if isinstance(item, dict) and item.get("id")]


def part(of: object, name: str) -> dict[str, Any]:
    """A part of a resource that may be missing."""
    found = of.get(name) if isinstance(of, Mapping) else None
    return found if isinstance(found, dict) else {}


def in_lots(ids: Sequence[str]) -> list[list[str]]:
    """Ids in lots of as many as one question may name."""
    return [list(ids[start : start + IDS_AT_ONCE]) for start in range(0, len(ids), IDS_AT_ONCE)]
