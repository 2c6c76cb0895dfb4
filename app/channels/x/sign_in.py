"""How we sign in at X: with an OAuth 1.0a user token that lasts, or an OAuth 2 one that wears out.

An OAuth 2 access token lives two hours. Each renewal gives a new refresh token too and kills the
old one, so the account's keeper lets one process ask at a time and stores what it got before it is
used. Source: https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.basics.clock import parse_utc
from app.channels.base import ChannelError, Connection, SignInNeeded, TryLater, Uncertain
from app.channels.web_requests import host_of, request, trouble_of
from app.channels.x.account import base_url

OAUTH1 = ("consumer_key", "consumer_secret", "oauth1_token", "oauth1_secret")
RENEW_BEFORE = timedelta(seconds=60)
LIFE = timedelta(hours=2)
TOKEN_PATH = "/2/oauth2/token"  # noqa: S105 - an address


class SignIn:
    """The account's sign-in at one moment. Raises `SignInNeeded` when neither set is whole."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection, self.now = connection, now
        said = connection.credentials
        self.oauth1 = tuple(said.get(name, "").strip() for name in OAUTH1)
        self.uses_oauth1 = all(self.oauth1)
        self.client_id = connection.settings.get("client_id", "").strip()
        self.token = "" if self.uses_oauth1 else self._usable_token(said)
        if not self.uses_oauth1 and not (self.client_id and said.get("refresh_token", "").strip()):
            raise SignInNeeded("neither the OAuth 1.0a keys nor the OAuth 2 sign-in is complete")

    def arguments(self) -> dict[str, str]:
        """What tweepy's client is made with. Renews a token that is missing or about to end."""
        if self.uses_oauth1:
            names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
            return dict(zip(names, self.oauth1, strict=True))
        if not self.token:
            self.renew()
        return {"bearer_token": self.token}

    def renew(self) -> None:
        """Get another access token. Raises `SignInNeeded` when X gives none."""
        if self.uses_oauth1:
            raise SignInNeeded("X does not accept the OAuth 1.0a keys")
        keeper = self.connection.keeper
        if keeper is None:
            raise SignInNeeded("the sign-in has ended and nobody here may renew it")
        stale = self.connection.credentials.get("access_token", "")
        self.token = keeper.renew(stale, self._ask).get("access_token", "")
        if not self.token:
            raise SignInNeeded("X gave no new sign-in")

    @property
    def scopes(self) -> frozenset[str] | None:
        """What the OAuth 2 sign-in allows; None when X has not said."""
        said = self.connection.credentials.get("scope", "")
        return None if self.uses_oauth1 or not said else frozenset(said.split())

    def _usable_token(self, said: Mapping[str, str]) -> str:
        ends = parse_utc(said.get("expires_at", ""))
        if ends is not None and self.now >= ends - RENEW_BEFORE:
            return ""
        return said.get("access_token", "").strip()

    def _ask(self, stored: Mapping[str, str]) -> dict[str, str]:
        """X's answer to the refresh token, as it is to be stored."""
        secret = stored.get("client_secret", "").strip()
        form = {
            "grant_type": "refresh_token",
            "refresh_token": stored.get("refresh_token", "").strip(),
        }
        if not secret:
            form["client_id"] = self.client_id
        address = base_url(self.connection) + TOKEN_PATH
        auth = (self.client_id, secret) if secret else None
        try:
            answer = request(self.connection, "POST", address, data=form, auth=auth)
            if answer.status in (400, 401, 403):
                raise SignInNeeded(f"{host_of(address)} renews no sign-in ({answer.status})")
            trouble = trouble_of(answer, now=self.now)
            if trouble is not None:
                raise trouble
            return self._kept(answer.json_body())
        except Uncertain as error:  # the next try shows whether the old one still lives
            raise TryLater(error.detail) from None

    def _kept(self, body: Any) -> dict[str, str]:
        if not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
            raise _no_token()
        life = body.get("expires_in")
        lasts = timedelta(seconds=life) if isinstance(life, int) and life > 0 else LIFE
        kept = {
            "access_token": body["access_token"],
            "expires_at": (self.now + lasts).isoformat(timespec="seconds"),
        }
        for name in ("refresh_token", "scope"):
            if isinstance(body.get(name), str) and body[name]:
                kept[name] = body[name]
        return kept


def _no_token() -> ChannelError:
    return TryLater("X renewed the sign-in without a token in the answer")
