"""The `requests` session that tweepy speaks through: ours, so that our bounds and names hold.

tweepy names its host in the middle of its code and cannot be told another. The host is swapped here
before the request is prepared, because OAuth 1.0a signs the address while it is prepared. An answer
that is no good one becomes a `ChannelError` here, before tweepy tries to make sense of it.
Imported when something is first asked: it brings `requests`.
"""

from collections.abc import Callable
from typing import Any

import requests

from app.channels.base import ChannelError, Connection, Reason, Refused, TryLater, Uncertain
from app.channels.web_requests import READING, Answer, check_address, host_of
from app.channels.web_requests.connections import GuardedSession
from app.channels.x.account import base_url
from app.channels.x.dialect import RENAMED, dialect_of

TWEEPYS_HOST = "https://api.twitter.com"

Hear = Callable[[Answer | ChannelError], None]
"""Is told every answer, or that none came; raises what a bad answer means."""


class Session(GuardedSession):
    """Asks X_API_URL in the dialect that is set, and tells `hear` of every answer."""

    def __init__(self, connection: Connection, hear: Hear) -> None:
        super().__init__(connection)
        self.base, self.hear = base_url(connection), hear
        self.renamed = RENAMED if dialect_of(connection) == "post" else {}

    def request(  # type: ignore[override]  # only tweepy calls it, always like this
        self, method: str, url: str, *, params: dict[str, Any] | None = None, **more: Any
    ) -> requests.Response:
        """Ask once. Raises `ChannelError`s for everything but a success in JSON."""
        if not url.startswith(f"{TWEEPYS_HOST}/"):
            raise Refused(Reason.ADDRESS_NOT_ALLOWED, "only X's interface is asked")
        address = self.base + url.removeprefix(TWEEPYS_HOST)
        check_address(address)
        if method not in READING:
            self.close()  # a kept connection may be dead, and nobody could tell what had arrived
        named = {self.renamed.get(name, name): value for name, value in (params or {}).items()}
        try:
            response = super().request(method, address, params=named, **more)
        except Uncertain as error:
            self.hear(error)
            raise
        except (requests.RequestException, ValueError) as error:  # never prepared, never sent
            raise TryLater(f"{host_of(address)} was not asked: {type(error).__name__}") from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        self.hear(Answer(response.status_code, headers, response.content, address, method))
        return response
