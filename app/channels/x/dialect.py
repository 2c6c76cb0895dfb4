"""X's two sets of names for the same things, and an answer of either read into one shape.

Up to document 2.166 (and in tweepy 4.17) a post is a `tweet` in the names of parameters and fields;
from 2.167 (7 August 2026) it is a `post`. Paths and what is written are the same in both. We ask in
the one that X_FIELD_DIALECT says and understand answers in either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.channels.base import Connection

RENAMED = {"tweet.fields": "post.fields"}
"""tweepy's parameters that have another name in the `post` dialect."""

FIELDS = {
    "tweet": (
        "attachments", "author_id", "conversation_id", "created_at", "display_text_range",
        "edit_history_tweet_ids", "entities", "in_reply_to_user_id", "note_tweet",
        "referenced_tweets",
    ),
    "post": (
        "attachments", "conversation_id", "created_at", "display_text_range", "entities",
        "note_post",
    ),
}  # fmt: skip
"""Which fields of a post we ask for; the newer dialect gives the others by expansion alone."""

EXPANSIONS = {
    "tweet": ("attachments.media_keys", "referenced_tweets.id"),
    "post": ("attachments.media_keys", "author_id", "edit_history_post_ids", "referenced_posts"),
}
BARE_EXPANSIONS = {"tweet": (), "post": ("author_id", "edit_history_post_ids")}
"""For posts of which only the text and the writer matter."""

USER_FIELDS = ("name", "username")
MEDIA_FIELDS = ("alt_text", "media_key", "type")
"""No addresses of pictures: they change, and no page of ours asks X for anything."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer that lists posts. `others`, `users` and `media` came along, by id or key.

    `missing`: ids that were asked for or referred to, and the last part of X's reason for leaving
    them out. `token` leads to the next page ('' when there is none).
    """

    posts: tuple[dict[str, Any], ...] = ()
    others: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    users: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    media: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    token: str = ""

    def post(self, external_id: str) -> dict[str, Any] | None:
        """A post of this answer, listed or come along."""
        listed = next((post for post in self.posts if post["id"] == external_id), None)
        return listed or self.others.get(external_id)


def dialect_of(connection: Connection) -> str:
    """`tweet` or `post`."""
    return "post" if connection.installation.get("X_FIELD_DIALECT") == "post" else "tweet"


def asked(dialect: str, *, authors: bool = False, bare: bool = False) -> dict[str, list[str]]:
    """tweepy's arguments for what we want of each post.

    `authors`: their names along with it (the newer dialect always gives them). `bare`: only what
    the text and the writer need.
    """
    expansions = list((BARE_EXPANSIONS if bare else EXPANSIONS)[dialect])
    if authors and "author_id" not in expansions:
        expansions.append("author_id")
    question = {"tweet_fields": list(FIELDS[dialect])}
    if expansions:
        question["expansions"] = expansions
    if "author_id" in expansions:
        question["user_fields"] = list(USER_FIELDS)
    if "attachments.media_keys" in expansions:
        question["media_fields"] = list(MEDIA_FIELDS)
    return question


def either(item: Mapping[str, Any], *names: str) -> Any:
    """What stands under the first of these names that has anything."""
    return next((item[name] for name in names if item.get(name)), None)


def found_in(body: Mapping[str, Any]) -> Found:
    """An answer in either dialect; what X leaves out is empty, what makes no sense is left out."""
    came_along = body.get("includes")
    along: Mapping[str, Any] = came_along if isinstance(came_along, Mapping) else {}
    meta = body.get("meta")
    token = meta.get("next_token") if isinstance(meta, Mapping) else None
    return Found(
        posts=tuple(item for item in items(body.get("data")) if _has_id(item)),
        others=_by(either(along, "posts", "tweets"), "id"),
        users=_by(along.get("users"), "id"),
        media=_by(along.get("media"), "media_key"),
        missing=_missing(body),
        token=token if isinstance(token, str) else "",
    )


def items(value: Any) -> list[dict[str, Any]]:
    """A list's objects; one object alone counts as a list of it."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def versions(post: Mapping[str, Any]) -> list[str]:
    """A post's ids from the first to the last: each edit on X makes a new one."""
    told = either(post, "edit_history_tweet_ids", "edit_history_post_ids")
    ids = [str(one) for one in told] if isinstance(told, list) else []
    own = str(post["id"])
    return ids if own in ids else [*ids, own]


def references(post: Mapping[str, Any]) -> dict[str, str]:
    """Which posts this one is about: `replied_to`, `quoted`, `retweeted` -> id."""
    told = items(either(post, "referenced_tweets", "referenced_posts"))
    return {str(one.get("type")): str(one["id"]) for one in told if one.get("id")}


def note_of(post: Mapping[str, Any]) -> Mapping[str, Any]:
    """A long post's whole text and its entities; empty for a short one."""
    told = either(post, "note_tweet", "note_post")
    return told if isinstance(told, Mapping) and isinstance(told.get("text"), str) else {}


def last_part(kind: object) -> str:
    """The end of a problem's type, which is the same in both dialects."""
    return str(kind or "").rsplit("/", 1)[-1]


def _has_id(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("id"), str) and bool(item["id"])


def _by(value: Any, name: str) -> dict[str, dict[str, Any]]:
    return {item[name]: item for item in items(value) if isinstance(item.get(name), str)}


def _missing(body: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for problem in items(body.get("errors")):
        which = problem.get("resource_id") or problem.get("value")
        if which:
            found[str(which)] = last_part(problem.get("type"))
    return found
