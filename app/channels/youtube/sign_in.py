"""The access token: got with the refresh token, kept for an hour, and always the right channel's.

Google's part: https://developers.google.com/identity/protocols/oauth2/web-server#offline
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.basics.clock import parse_utc
from app.channels.base import Connection, SignInNeeded, TryLater, Uncertain
from app.channels.web_requests import Answer, host_of, request, retry_at, trouble_of
from app.channels.youtube.errors import code_of

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
SCOPE = "https://www.googleapis.com/auth/youtube.force-ssl"
EARLY = timedelta(seconds=60)
"""A token is renewed this long before it ends, so that no request is on its way at that moment."""
USUAL_SECONDS = 3599
WARN_BEFORE = timedelta(days=14)


class SignIn:
    """The account's sign-in at Google during one call of ours."""

    def __init__(self, connection: Connection, now: datetime, whose: Callable[[str], str]) -> None:
        """`whose`: which channel an access token belongs to ('' none)."""
        self.connection, self.now, self.whose = connection, now, whose
        self.credentials: Mapping[str, str] = connection.credentials
        self.channel_id = connection.settings.get("channel_id", "").strip()
        self.renewed = False

    def token(self) -> str:
        """An access token that lives and is our channel's. Raises `SignInNeeded`, `TryLater`."""
        if not self._is_good():
            self.renew()
        return self.credentials["access_token"]

    def renew(self) -> None:
        """Get another access token than the one we have. Raises `SignInNeeded`, `TryLater`."""
        stale = self.credentials.get("access_token", "")
        keeper = self.connection.keeper
        if keeper is None:
            self.credentials = {**self.credentials, **self._ask(self.credentials)}
        else:
            self.credentials = dict(keeper.renew(stale, self._ask))
            if not self._is_good():  # another process got it, but long ago
                stale = self.credentials.get("access_token", "")
                self.credentials = dict(keeper.renew(stale, self._ask))
        self.renewed = True

    def notices(self) -> tuple[tuple[str, str], ...]:
        """The warning that the sign-in ends; Google tells only where an end is set (testing)."""
        ends = parse_utc(self.credentials.get("sign_in_ends", ""))
        if ends is None or ends - self.now > WARN_BEFORE:
            return ()
        return (("sign_in_ends", ends.date().isoformat()),)

    def _is_good(self) -> bool:
        ends = parse_utc(self.credentials.get("expires_at", ""))
        return (
            bool(self.credentials.get("access_token"))
            and ends is not None
            and ends - self.now > EARLY
            and self.credentials.get("signed_in_as") == self.channel_id
        )

    def _ask(self, stored: Mapping[str, str]) -> Mapping[str, str]:
        """New credentials with the stored refresh token, for our channel and no other."""
        given = self._given(stored)
        try:
            seconds = int(given.get("expires_in") or USUAL_SECONDS)
        except (TypeError, ValueError):
            seconds = USUAL_SECONDS
        found = {
            "access_token": str(given["access_token"]),
            "expires_at": (self.now + timedelta(seconds=seconds)).isoformat(),
            "signed_in_as": self.channel_id,
            "scope": str(given.get("scope") or ""),
            "sign_in_ends": _end(given, self.now),
        }
        if given.get("refresh_token"):
            found["refresh_token"] = str(given["refresh_token"])
        signed_in = self.whose(found["access_token"])
        if signed_in != self.channel_id or not signed_in:
            told = "another channel" if signed_in else "no channel"
            raise SignInNeeded(f"wrong_channel: {told} is signed in, wanted {self.channel_id}")
        return found

    def _given(self, stored: Mapping[str, str]) -> Mapping[str, Any]:
        """The token endpoint's answer. What is unclear there may be asked again: `TryLater`."""
        installation = self.connection.installation
        form = {
            "client_id": installation.get("GOOGLE_CLIENT_ID", ""),
            "client_secret": installation.get("GOOGLE_CLIENT_SECRET", ""),
            "refresh_token": stored.get("refresh_token", "").strip(),
            "grant_type": "refresh_token",
        }
        if not (form["client_id"] and form["client_secret"]):
            raise SignInNeeded("no_client: GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET are not set")
        if not form["refresh_token"]:
            raise SignInNeeded("no_refresh_token")
        address = installation.get("GOOGLE_TOKEN_URL") or TOKEN_URL
        try:
            answer = request(self.connection, "POST", address, data=form)
            self._raise_for(answer)
            given = answer.json_body()
        except Uncertain as error:
            raise TryLater(error.detail) from None
        if not isinstance(given, dict) or not given.get("access_token"):
            raise TryLater(f"{host_of(address)} gave no token")
        return given

    def _raise_for(self, answer: Answer) -> None:
        if answer.status < 300:
            return
        code = code_of(answer)
        if answer.status < 500 and code == "invalid_grant":
            raise SignInNeeded("invalid_grant")
        detail = f"{host_of(answer.url)}: {code or 'no code'} ({answer.status})"
        waited = trouble_of(answer, now=self.now)
        until = waited.until if isinstance(waited, TryLater) else retry_at(answer, now=self.now)
        raise TryLater(detail, until=until)


def _end(given: Mapping[str, Any], now: datetime) -> str:
    """When the refresh token itself ends, in ISO; '' when Google sets no end."""
    seconds = given.get("refresh_token_expires_in")
    if not isinstance(seconds, int) or seconds <= 0:
        return ""
    return (now + timedelta(seconds=seconds)).isoformat()
