"""Trying, one by one, what the sign-in must allow; nothing is changed and next to nothing read."""

from collections.abc import Callable

from app.channels.base import (
    BudgetSpent,
    ChannelError,
    Gone,
    PermissionCheck,
    Refused,
    SignInNeeded,
)
from app.channels.x.interface import Interface, since

NOBODYS = "conversation_id:1"
"""A query that brings nothing, so costs nothing."""
WRITE = {"write": "tweet.write", "hide": "tweet.moderate.write", "stay": "offline.access"}
"""Our names for what an OAuth 2 sign-in must be given beside reading."""


def checks_of(interface: Interface) -> list[PermissionCheck]:
    """Each permission; raises `TryLater` when X cannot be asked."""
    try:
        me = interface.me()
    except (SignInNeeded, Refused) as error:
        return [PermissionCheck("sign_in", False, error.detail)]
    just_now = since(interface.now, interface.now)
    return [
        PermissionCheck("sign_in", True),
        PermissionCheck("right_account", me["id"] == interface.account.id),
        _tried("read_mentions", lambda: interface.mentions(start_time=just_now, max_results=5)),
        _tried("read_own_posts", lambda: interface.own_posts(start_time=just_now, max_results=5)),
        _tried("search", lambda: interface.search(NOBODYS, max_results=10)),
        *_writing(interface),
    ]


def no_sign_in(error: ChannelError) -> list[PermissionCheck]:
    """What is to be said when there is nothing to sign in with."""
    return [PermissionCheck("sign_in", False, error.detail)]


def _writing(interface: Interface) -> list[PermissionCheck]:
    """Whether we may write: as the OAuth 2 sign-in was given, or as X says of the OAuth 1.0a keys.

    X can be asked without writing in no other way; what it does not say is not judged.
    """
    scopes = interface.sign_in.scopes
    if scopes is not None:
        return [PermissionCheck(name, scope in scopes) for name, scope in WRITE.items()]
    if interface.access_level:
        may = "write" in interface.access_level.lower()
        return [PermissionCheck("write", may)]
    return []


def _tried(name: str, ask: Callable[[], object]) -> PermissionCheck:
    try:
        ask()
    except (SignInNeeded, Refused, Gone, BudgetSpent) as error:
        return PermissionCheck(name, False, error.detail)
    return PermissionCheck(name, True)
