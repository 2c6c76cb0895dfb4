"""One Facebook page as one account reaches it over the Graph API.

The token goes in a header and in no address. A page of a list is followed by its `after` mark only:
the ready-made link to the next page carries the token, so it is looked at and never followed.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from app.channels.base import ChannelError, Connection, SignInNeeded, TryLater, Uncertain
from app.channels.facebook.errors import Fault, error_of, fault_of
from app.channels.facebook.usage import Usage, usage_of
from app.channels.web_requests import (
    Answer,
    host_of,
    request,
    retry_at,
    trouble_of,
    unclear,
)

DEFAULT_ADDRESS = "https://graph.facebook.com"
DEFAULT_VERSION = "v26.0"
LARGEST_ANSWER = 20 * 1024 * 1024
MOST_IN_A_BATCH = 50

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Part:
    """One answer of a batch: the object, or the fault; neither when the platform gave up on it."""

    body: dict[str, Any] | None = None
    fault: Fault | None = None


class Graph:
    """One page as one account reaches it, at one moment (`now`, aware UTC).

    `usage` is the worst that the answers so far have told. Raises `SignInNeeded` without a token.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        installation = connection.installation
        self.connection = connection
        self.now = now
        self.page_id = connection.settings.get("page_id", "").strip()
        self.base = (installation.get("GRAPH_API_URL") or DEFAULT_ADDRESS).rstrip("/")
        self.version = installation.get("GRAPH_VERSION") or DEFAULT_VERSION
        self.app_id = installation.get("META_APP_ID", "").strip()
        self.app_secret = installation.get("META_APP_SECRET", "").strip()
        self.token = connection.credentials.get("page_token", "").strip()
        self.usage = Usage()
        if not self.token or not self.page_id:
            raise SignInNeeded("no page number or no token given")

    def get(self, path: str, params: Params, *, operation: str = "read") -> dict[str, Any]:
        """Read one object or one page of a list. Raises `ChannelError`s."""
        return self._object(self._ask("GET", path, params, operation))

    def change(self, path: str, fields: Mapping[str, str], *, operation: str) -> dict[str, Any]:
        """POST form fields. Raises `Uncertain` whenever the change may have been made."""
        return self._object(self._ask("POST", path, fields, operation))

    def delete(self, path: str) -> None:
        """Take an object away. Raises as `change` does."""
        self._object(self._ask("DELETE", path, {}, "delete"))

    def batch(
        self, questions: Sequence[tuple[str, Params]], *, operation: str, as_app: bool = False
    ) -> list[Part]:
        """Read several objects in one request; each counts as a call of its own.

        With `as_app` it is the app that asks, not the page. Raises `TryLater` for no clear answer.
        """
        asked = [
            {"method": "GET", "relative_url": f"{path}?{urlencode(params)}"}
            for path, params in questions
        ]
        fields = {"batch": json.dumps(asked), "include_headers": "false"}
        token = f"{self.app_id}|{self.app_secret}" if as_app else self.token
        try:
            answer = self._ask("POST", "", fields, operation, token=token, count=len(asked))
            told = self._body(answer, changing=False)
        except Uncertain as error:  # nothing was to be changed
            raise TryLater(error.detail) from None
        if not isinstance(told, list) or len(told) != len(asked):
            raise TryLater("Facebook answered a batch with something unexpected")
        return [_part(one) for one in told]

    def raise_for(self, fault: Fault) -> None:
        """Raise what a fault means; a code that we do not know raises nothing."""
        error = error_of(fault, now=self.now, until=self.usage_until())
        if error is not None:
            raise error

    def usage_until(self) -> datetime | None:
        """When the platform lets us in again, when it has said so."""
        return self.now + self.usage.regain if self.usage.regain else None

    def is_own_address(self, address: object) -> bool:
        """Whether a link is one of the platform's own (or of the proxy that stands in for it)."""
        try:
            parts = urlsplit(str(address))
            origin = f"{parts.scheme}://{parts.netloc}"
        except ValueError:
            return False
        ours = urlsplit(self.base)
        return origin in (DEFAULT_ADDRESS, f"{ours.scheme}://{ours.netloc}")

    def _ask(
        self,
        method: str,
        path: str,
        params: Params,
        operation: str,
        *,
        token: str = "",
        count: int = 1,
    ) -> Answer:
        token = token or self.token
        sent = {name: str(value) for name, value in params.items()}
        if self.app_secret:
            sent["appsecret_proof"] = proof_of(self.app_secret, token)
        in_address = method != "POST"
        try:
            answer = request(
                self.connection,
                method,
                f"{self.base}/{self.version}/{path}",
                headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
                params=sent if in_address else None,
                data=None if in_address else sent,
                max_bytes=LARGEST_ANSWER,
                redirects=0,
            )
        finally:
            today = self.now.astimezone(UTC).date()
            self.connection.meter.spend(operation, count, float(count), today)
        self.usage = self.usage.worst(usage_of(answer.headers))
        return answer

    def _object(self, answer: Answer) -> dict[str, Any]:
        told = self._body(answer, changing=answer.may_have_changed_something)
        if not isinstance(told, dict):
            raise unclear(answer.method, f"{host_of(answer.url)} answered something unexpected")
        return told

    def _body(self, answer: Answer, *, changing: bool) -> Any:
        """The answer's JSON. Raises what its error code means, and else what its status means."""
        fault = fault_of(_json_or_none(answer), answer.status, changing=changing)
        trouble = trouble_of(answer, now=self.now)
        if fault is not None:
            until = self.usage_until() or retry_at(answer, now=self.now)
            known = error_of(fault, now=self.now, until=until)
            if known is not None:
                raise known
            raise _unknown(fault, trouble, answer)
        if trouble is not None:
            raise trouble
        return answer.json_body()


def proof_of(app_secret: str, token: str) -> str:
    """`appsecret_proof`: that whoever uses the token also knows the app's secret."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def node(external_id: str, edge: str = "") -> str:
    """The path of an object or of one of its lists; whatever the id holds, it stays one step."""
    return quote(external_id, safe="") + (f"/{edge}" if edge else "")


def _unknown(fault: Fault, trouble: ChannelError | None, answer: Answer) -> ChannelError:
    """An error that only its status says something of; in a 200 it says that nothing was done."""
    if trouble is None:
        return unclear(answer.method, fault.detail)
    trouble.detail = fault.detail
    return trouble


def _json_or_none(answer: Answer) -> Any:
    try:
        return answer.json_body()
    except ChannelError:
        return None


def _part(told: object) -> Part:
    """One part of a batch's answer: its body is JSON once more, as text."""
    if not isinstance(told, Mapping):
        return Part()
    try:
        body = json.loads(str(told.get("body")))
    except ValueError:
        return Part()
    status = told.get("code")
    status = status if isinstance(status, int) else 0
    fault = fault_of(body, status, changing=False)
    if fault is not None:
        return Part(fault=fault)
    return Part(body=body) if isinstance(body, dict) and status == 200 else Part()
