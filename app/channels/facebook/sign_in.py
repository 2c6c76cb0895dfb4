"""The page's token: whether it lives, when it ends, and what it may do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.channels.base import ChannelError, PermissionCheck, SignInNeeded, TryLater
from app.channels.facebook.graph import Graph, node
from app.channels.facebook.words import author_id, listed, moment

WARN_BEFORE = timedelta(days=14)

SCOPES = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "pages_messaging",
)
"""The permissions of Facebook's that we use, each for itself."""
NEEDED = ("pages_read_engagement", "pages_read_user_content")
"""Without these, what residents have written looks as if it were gone."""


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What Facebook says of a token. `ends`: the sooner of its own end and that of data access."""

    valid: bool
    ends: datetime | None
    scopes: frozenset[str]


def token_facts(graph: Graph) -> TokenFacts:
    """Ask about our own token. Raises `ChannelError` when Facebook does not tell.

    The question must name the token, so it travels inside a batch: in the body, not in an address.
    The app asks when we know it; else the token asks about itself.
    """
    as_app = bool(graph.app_id and graph.app_secret)
    question = ("debug_token", {"input_token": graph.token})
    part = graph.batch([question], operation="token", as_app=as_app)[0]
    if part.fault is not None:
        raise TryLater(part.fault.detail)
    data = (part.body or {}).get("data")
    if not isinstance(data, dict) or not isinstance(data.get("is_valid"), bool):
        raise TryLater("Facebook told nothing of the token")
    scopes = data.get("scopes")
    return TokenFacts(
        valid=data["is_valid"],
        ends=_end(data),
        scopes=frozenset(map(str, scopes)) if isinstance(scopes, list) else frozenset(),
    )


def must_be_allowed_to_see(graph: Graph) -> None:
    """Raise `SignInNeeded` when the token may no longer see what residents write.

    When Facebook does not tell, its word on each object stands.
    """
    try:
        facts = token_facts(graph)
    except ChannelError:
        return
    must_see(facts)


def must_see(facts: TokenFacts) -> None:
    """Raise `SignInNeeded` for a token that is dead or may not see what residents write."""
    if not facts.valid:
        raise SignInNeeded("Facebook: the token is no longer valid")
    lacking = [name for name in NEEDED if facts.scopes and name not in facts.scopes]
    if lacking:
        raise SignInNeeded(f"Facebook: missing {', '.join(lacking)}")


def _end(data: Mapping[str, Any]) -> datetime | None:
    """When the token or the access to data ends; 0 and nothing mean never."""
    told = [data.get(name) for name in ("expires_at", "data_access_expires_at")]
    ends = [found for value in told if value and (found := moment(value))]
    return min(ends, default=None)


def notices_of(token_ends: int, now: datetime) -> tuple[tuple[str, str], ...]:
    """The warning that the sign-in ends, from 14 days before; `token_ends` in unix seconds."""
    ends = moment(token_ends) if token_ends else None
    if ends is None or ends - now > WARN_BEFORE:
        return ()
    return (("sign_in_ends", ends.astimezone(UTC).date().isoformat()),)


def checks_of(graph: Graph) -> list[PermissionCheck]:
    """What the token must allow, tried one by one; changes nothing."""
    checks = [
        _tried("page", lambda: graph.get(node(graph.page_id), {"fields": "id,name"})),
        _tried("posts", lambda: graph.get(*_feed(graph, "id"))),
        _authors(graph),
    ]
    try:
        facts = token_facts(graph)
    except ChannelError as error:
        return [*checks, PermissionCheck("token", False, error.detail)]
    end = facts.ends.date().isoformat() if facts.ends else ""
    checks.append(PermissionCheck("token", facts.valid, end))
    checks += [PermissionCheck(name, name in facts.scopes) for name in SCOPES]
    if graph.connection.installation.get("META_VERIFY_TOKEN"):
        checks.append(_doorbell(graph))
    return checks


def _feed(graph: Graph, fields: str) -> tuple[str, dict[str, str | int]]:
    return node(graph.page_id, "feed"), {"fields": fields, "limit": 10}


def _authors(graph: Graph) -> PermissionCheck:
    """Whether Facebook tells who writes: without full access it silently leaves that out."""
    inner = "id,comments.filter(stream).limit(10){id,from{id}}"
    try:
        posts = listed(graph.get(*_feed(graph, inner)))
    except ChannelError as error:
        return PermissionCheck("authors", False, error.detail)
    comments = [comment for post in posts for comment in listed(post.get("comments"))]
    named = sum(1 for comment in comments if author_id(comment))
    return PermissionCheck("authors", named > 0 or not comments, f"{named}/{len(comments)}")


def _doorbell(graph: Graph) -> PermissionCheck:
    """Whether the page tells our app of what happens; asked only where the doorbell is used."""
    try:
        apps = listed(graph.get(node(graph.page_id, "subscribed_apps"), {}))
    except ChannelError as error:
        return PermissionCheck("doorbell", False, error.detail)
    fields = {str(name) for app in apps for name in app.get("subscribed_fields") or ()}
    return PermissionCheck("doorbell", "feed" in fields, ", ".join(sorted(fields)))


def _tried(name: str, ask: Callable[[], object]) -> PermissionCheck:
    try:
        ask()
    except ChannelError as error:
        return PermissionCheck(name, False, error.detail)
    return PermissionCheck(name, True)
