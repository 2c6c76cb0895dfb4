"""The account as its settings tell of it: who we are on X, and on which terms."""

from dataclasses import dataclass

from app.channels.base import Connection, SignInNeeded

API_URL = "https://api.x.com"
MAX_WEIGHTED = 280
LONGEST_ID = 19


@dataclass(frozen=True, slots=True)
class XAccount:
    """Who we are on X.

    `owned`: the app belongs to this very account, which makes reading its own things cheaper.
    `enterprise`: the account may answer people who have not mentioned it.
    """

    id: str
    handle: str
    owned: bool
    enterprise: bool


def account_of(connection: Connection) -> XAccount:
    """The account's settings, read; nothing is checked (see `must_have_id`)."""
    said = connection.settings
    return XAccount(
        id=said.get("account_id", "").strip(),
        handle=said.get("handle", "").strip().lstrip("@"),
        owned=_yes(said.get("owned", "") or "ja"),
        enterprise=_yes(said.get("enterprise", "")),
    )


def must_have_id(account: XAccount) -> None:
    """Raise `SignInNeeded` for an account without its number: X is asked by it, not by handle."""
    if not is_id(account.id):
        raise SignInNeeded("the account's number on X is missing or no number")


def is_id(text: str) -> bool:
    """Whether this may be an id on X: up to 19 digits. What the digits mean is X's own affair."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_ID


def newest(*ids: str) -> str:
    """The one that X gave last ('' when there is none); more digits are later."""
    return max(ids, key=in_order, default="")


def in_order(external_id: str) -> tuple[int, str]:
    """What ids are sorted by, the oldest first."""
    return len(external_id), external_id


def base_url(connection: Connection) -> str:
    """Where X's interface is."""
    return (connection.installation.get("X_API_URL") or API_URL).rstrip("/")


def max_weighted(connection: Connection) -> int:
    """How long a post may be, in X's weighted characters."""
    said = connection.installation.get("X_MAX_WEIGHTED", "")
    return int(said) if said.isdigit() and int(said) > 0 else MAX_WEIGHTED


def profile_url(username: str, user_id: str) -> str:
    """A person's page on X, also when only the number is known."""
    return f"https://x.com/{username}" if username else f"https://x.com/i/user/{user_id}"


def status_url(username: str, external_id: str) -> str:
    """A post's page on X, also when its writer's name is not known."""
    return f"https://x.com/{username or 'i'}/status/{external_id}"


def _yes(text: str) -> bool:
    return text.strip().lower() in ("ja", "yes", "1", "true", "on")
