"""Facebook's words into ours: what is asked for, what is kept of it, and what it means.

Nothing that changes by itself is asked for (counts of likes, signed addresses of pictures): a kept
payload must be the same bytes for as long as the comment is the same.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app.basics.clock import parse_utc
from app.basics.plain_text import one_line, tidy
from app.channels.base import (
    AtSource,
    Attachment,
    MessageSeen,
    NotUnderstood,
    PersonSeen,
    PostSeen,
    Raw,
    Reason,
)

POST_LETTERS = 2000
"""How much of a post's text follows with each comment: it is context, not a message."""
TITLE_LETTERS = 120
PRIVATE_WINDOW = timedelta(days=7)
"""How long after a comment its writer may be answered in private (Messenger, Private Replies)."""

PERSON = "from{id,name}"
ATTACHMENT = "{type,title,description}"
COMMENT_KEPT = (
    "id",
    "message",
    "created_time",
    "from",
    "parent",
    "attachment",
    "can_comment",
    "can_hide",
    "can_remove",
    "can_reply_privately",
    "is_hidden",
    "is_private",
    "permalink_url",
)
COMMENT_FIELDS = (
    f"id,message,created_time,{PERSON},parent{{id,created_time}},attachment{ATTACHMENT},"
    "can_comment,can_hide,can_remove,can_reply_privately,is_hidden,is_private,permalink_url"
)
POST_KEPT = (
    "id",
    "message",
    "story",
    "created_time",
    "from",
    "attachments",
    "can_reply_privately",
    "is_hidden",
    "permalink_url",
)
POST_FIELDS = (
    f"id,message,story,created_time,updated_time,{PERSON},"
    f"attachments{{media_type,title,description}},can_reply_privately,is_hidden,permalink_url"
)
CONTEXT_KEPT = ("id", "story", "created_time", "from", "permalink_url")
"""What follows of a post with each comment under it, besides its text."""

KINDS = (
    ("sticker", "sticker"),
    ("animated", "picture"),
    ("gif", "picture"),
    ("photo", "picture"),
    ("image", "picture"),
    ("album", "picture"),
    ("video", "film"),
    ("audio", "sound"),
    ("music", "sound"),
)
"""How the platform's kind of an attachment begins, or what it holds, and what we call it."""


def comments_field(limit: int) -> str:
    """The expansion that brings a post's first comments, of all levels, with the post."""
    return (
        "comments.filter(stream).live_filter(no_filter).order(reverse_chronological)"
        f".limit({limit}).summary(total_count,can_comment){{{COMMENT_FIELDS}}}"
    )


COUNT_FIELD = (
    "comments.filter(stream).live_filter(no_filter).limit(0).summary(total_count,can_comment)"
)
"""The expansion that only counts a post's comments."""


# --- What is kept -----------------------------------------------------------------------------


def context_of(post: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a post with each comment under it."""
    kept = {name: post[name] for name in CONTEXT_KEPT if name in post}
    kept["message"] = _post_text(post)[:POST_LETTERS]
    return kept


def comment_raw(comment: Mapping[str, Any], context: Mapping[str, Any], page_id: str) -> Raw:
    """What is kept of one comment: itself, the post it stands under, and which page is ours."""
    kept = {name: comment[name] for name in COMMENT_KEPT if name in comment}
    return _raw(str(comment["id"]), {"comment": kept, "post": dict(context), "page": page_id})


def post_raw(post: Mapping[str, Any], page_id: str) -> Raw:
    """What is kept of somebody else's post, which is a message too."""
    kept = {name: post[name] for name in POST_KEPT if name in post}
    summary = (post.get("comments") or {}).get("summary") or {}
    if "can_comment" in summary:
        kept["can_comment"] = summary["can_comment"]
    return _raw(str(post["id"]), {"resident_post": kept, "page": page_id})


def _raw(external_id: str, payload: Mapping[str, Any]) -> Raw:
    return Raw(external_id, json.dumps(payload, ensure_ascii=False, sort_keys=True))


def author_id(thing: Mapping[str, Any]) -> str:
    """The id of who wrote a comment or post; '' when the platform does not say."""
    author = thing.get("from")
    return str(author.get("id") or "") if isinstance(author, Mapping) else ""


def moment(value: object) -> datetime | None:
    """A time of the platform's (`2026-11-22T09:00:00+0000`, or unix seconds) as aware UTC."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError):
            return None
    return parse_utc(value) if isinstance(value, str) else None


def unix(value: object) -> int:
    """A time of the platform's as whole unix seconds; 0 when there is none."""
    found = moment(value)
    return int(found.timestamp()) if found else 0


# --- What it means ----------------------------------------------------------------------------


def message_of(payload: str, now: datetime) -> MessageSeen:
    """Understand one payload; pure. Raises `NotUnderstood`."""
    try:
        kept = json.loads(payload)
        page_id = str(kept["page"])
        if "resident_post" in kept:
            return _from_post(kept["resident_post"], page_id, now)
        return _from_comment(kept["comment"], kept["post"], page_id, now)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotUnderstood(f"Facebook: {type(error).__name__}") from None


def _from_comment(
    comment: Mapping[str, Any], post: Mapping[str, Any], page_id: str, now: datetime
) -> MessageSeen:
    written = moment(comment.get("created_time"))
    address = web_address(comment.get("permalink_url"))
    by_city = author_id(comment) == page_id
    closed = comment.get("can_comment") is False
    return MessageSeen(
        external_id=str(comment["id"]),
        post=_post_seen(post, page_id),
        text=tidy(str(comment.get("message") or "")),
        published_at=written or now,
        author=_person(comment),
        parent_external_id=_parent(comment, post, page_id),
        by_city=by_city,
        at_source=AtSource.HIDDEN if comment.get("is_hidden") is True else AtSource.VISIBLE,
        url=address,
        time_uncertain=written is None,
        attachments=_attachments([comment.get("attachment")]),
        no_answer=Reason.COMMENTS_CLOSED if closed else None,
        answer_elsewhere=address if closed else "",
        can_hide=False if by_city else _said(comment, "can_hide"),
        private_reply_until=_private_until(comment, written),
    )


def _from_post(post: Mapping[str, Any], page_id: str, now: datetime) -> MessageSeen:
    written = moment(post.get("created_time"))
    address = web_address(post.get("permalink_url"))
    closed = post.get("can_comment") is False
    return MessageSeen(
        external_id=str(post["id"]),
        post=_post_seen(context_of(post), page_id),
        text=tidy(str(post.get("message") or "")),
        published_at=written or now,
        author=_person(post),
        by_city=author_id(post) == page_id,
        at_source=AtSource.HIDDEN if post.get("is_hidden") is True else AtSource.VISIBLE,
        url=address,
        time_uncertain=written is None,
        attachments=_attachments(listed(post.get("attachments"))),
        no_answer=Reason.COMMENTS_CLOSED if closed else None,
        answer_elsewhere=address if closed else "",
        private_reply_until=_private_until(post, written),
    )


def _post_seen(post: Mapping[str, Any], page_id: str) -> PostSeen:
    text = tidy(str(post.get("message") or ""))
    return PostSeen(
        external_id=str(post["id"]),
        title=one_line(text or tidy(str(post.get("story") or "")), TITLE_LETTERS),
        text=text,
        url=web_address(post.get("permalink_url")),
        published_at=moment(post.get("created_time")),
        by_city=author_id(post) == page_id,
    )


def _person(thing: Mapping[str, Any]) -> PersonSeen | None:
    """Who wrote it; None when the platform keeps it to itself."""
    found = author_id(thing)
    return PersonSeen(found, tidy(str(thing["from"].get("name") or ""))) if found else None


def _parent(comment: Mapping[str, Any], post: Mapping[str, Any], page_id: str) -> str | None:
    """What a comment answers: another comment, or a resident's post, which is a message too."""
    parent = comment.get("parent")
    if isinstance(parent, Mapping) and parent.get("id"):
        return str(parent["id"])
    return str(post["id"]) if author_id(post) not in ("", page_id) else None


def _private_until(thing: Mapping[str, Any], written: datetime | None) -> datetime | None:
    if thing.get("can_reply_privately") is not True or written is None:
        return None
    return written + PRIVATE_WINDOW


def _said(comment: Mapping[str, Any], name: str) -> bool | None:
    value = comment.get(name)
    return value if isinstance(value, bool) else None


def _attachments(found: Iterable[object]) -> tuple[Attachment, ...]:
    return tuple(_attachment(one) for one in found if isinstance(one, Mapping))


def _attachment(told: Mapping[str, Any]) -> Attachment:
    kind = str(told.get("type") or told.get("media_type") or "").lower()
    ours = next((name for word, name in KINDS if word in kind), "link")
    words = tidy(str(told.get("title") or told.get("description") or ""))
    return Attachment(ours, one_line(words, 300))


def _post_text(post: Mapping[str, Any]) -> str:
    """A post's own words; without any, the title of the first thing in it."""
    text = str(post.get("message") or "")
    titles = [str(one.get("title") or "") for one in listed(post.get("attachments"))]
    return text or next((title for title in titles if title), "")


def listed(edge: object) -> list[dict[str, Any]]:
    """The objects of a list (`{"data": [...]}`), without anything that is none."""
    data = edge.get("data") if isinstance(edge, Mapping) else None
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []


def things(edge: object) -> list[dict[str, Any]]:
    """The objects of a list that have an id, without which nothing can be done with them."""
    return [one for one in listed(edge) if one.get("id")]


def web_address(value: object) -> str:
    """An address that a page may link to, else ''."""
    address = str(value or "").strip()
    try:
        return address if urlsplit(address).scheme == "https" else ""
    except ValueError:
        return ""
