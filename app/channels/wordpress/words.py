"""WordPress's words into ours: what is kept of a comment, and what it means."""

import hashlib
import html
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.basics.clock import parse_utc
from app.basics.plain_text import plain_text
from app.channels.base import (
    AtSource,
    Connection,
    MessageSeen,
    NotUnderstood,
    PersonSeen,
    PostSeen,
    Raw,
)

STATES = {
    "approved": AtSource.VISIBLE,
    "hold": AtSource.HELD,
    "spam": AtSource.SPAM,
    "trash": AtSource.REMOVED,
    "post-trashed": AtSource.REMOVED,
}
"""`comment.status` in WordPress's answers (in questions it is `approve`, not `approved`)."""

KEPT = (
    "id",
    "post",
    "parent",
    "author",
    "author_name",
    "author_url",
    "date_gmt",
    "content",
    "link",
    "status",
    "type",
)
POST_LETTERS = 2000
"""How much of a post's text follows with each comment: it is context, not a message."""


def asked_fields(signed_in: bool) -> tuple[str, ...]:
    """What to ask for of each comment; never the writer's address on the net or their browser.

    WordPress 6.1 leaves `content` out altogether when asked for `content.raw` alone.
    """
    return (*KEPT, "_links.up", *(["author_email"] if signed_in else []))


def raw_of(
    item: Mapping[str, Any], post: Mapping[str, str] | None, *, base: str, me: int | None
) -> Raw:
    """What we keep of one comment: itself, its post, an unreadable mark for its writer, and us.

    The e-mail address is used for the mark and then left behind.
    """
    comment = {name: item[name] for name in KEPT if name in item}
    if "raw" in (comment.get("content") or {}):
        comment["content"] = {"raw": comment["content"]["raw"]}
    payload = {
        "comment": comment,
        "post": dict(post or {}),
        "person": person_mark(item, base),
        "me": me,
    }
    return Raw(str(item["id"]), json.dumps(payload, ensure_ascii=False, sort_keys=True))


def person_mark(item: Mapping[str, Any], base: str) -> str:
    """The writer's identity on this blog: `user:ID`, or `guest:` and a shortened SHA-256.

    A visitor is the same as before when the e-mail address is; where it may not be seen, when name
    and web address are.
    """
    if item.get("author"):
        return f"user:{item['author']}"
    who = str(item.get("author_email") or "").strip().lower()
    if not who:
        who = f"{item.get('author_name') or ''}|{item.get('author_url') or ''}".strip()
    return f"guest:{hashlib.sha256(f'{base}|{who}'.encode()).hexdigest()[:24]}"


def post_of(item: Mapping[str, Any]) -> dict[str, str]:
    """What follows with each comment of the post (or page) it stands under."""
    return {
        "id": str(item["id"]),
        "title": plain_text(_rendered(item, "title")),
        "text": plain_text(_rendered(item, "content"))[:POST_LETTERS],
        "link": str(item.get("link") or ""),
        "date_gmt": str(item.get("date_gmt") or ""),
    }


def message_of(connection: Connection, payload: str, now: datetime) -> MessageSeen:
    """Understand one payload; pure. Raises `NotUnderstood`."""
    try:
        kept = json.loads(payload)
        return _message(connection, kept["comment"], kept, now)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotUnderstood(f"WordPress comment: {type(error).__name__}") from None


def _message(
    connection: Connection, comment: Mapping[str, Any], kept: Mapping[str, Any], now: datetime
) -> MessageSeen:
    written = moment(comment.get("date_gmt"))
    author = int(comment.get("author") or 0)
    parent = int(comment.get("parent") or 0)
    return MessageSeen(
        external_id=str(comment["id"]),
        post=_post(comment, kept.get("post") or {}),
        text=plain_text(_content(comment["content"])),
        published_at=written or now,
        author=PersonSeen(
            external_id=str(kept["person"]),
            name=html.unescape(str(comment.get("author_name") or "")).strip(),
            url=_web_address(comment.get("author_url")),
        ),
        parent_external_id=str(parent) if parent else None,
        by_city=author > 0 and (author == kept.get("me") or str(author) in city_users(connection)),
        at_source=STATES.get(str(comment.get("status")), AtSource.HIDDEN),
        url=_web_address(comment.get("link")),
        time_uncertain=written is None,
    )


def city_users(connection: Connection) -> frozenset[str]:
    """The ids of WordPress users who write for the city, as set on the account."""
    return frozenset(re.findall(r"\d+", connection.settings.get("city_user_ids", "")))


def moment(date_gmt: object) -> datetime | None:
    """WordPress's `date_gmt`, which lacks a zone, as aware UTC; None for 0000-00-00 etc."""
    return parse_utc(date_gmt) if isinstance(date_gmt, str) else None


def html_for(text: str) -> str:
    """An answer as WordPress stores it, so that it reads exactly as it was written.

    A backslash goes as a number: WordPress's guard against doubles forgets backslashes and would
    let the same answer in twice.
    """
    return html.escape(text, quote=False).replace("\\", "&#92;")


def reads_as(content: Mapping[str, Any], text: str) -> bool:
    """Whether a stored comment reads as this answer, give or take white space."""
    wanted = " ".join(text.split())
    stored = str(content.get("raw") or "")
    return wanted in (
        " ".join(html.unescape(stored).split()),
        " ".join(plain_text(_content(content)).split()),
    )


def _post(comment: Mapping[str, Any], post: Mapping[str, str]) -> PostSeen:
    return PostSeen(
        external_id=str(comment["post"]),
        title=post.get("title", ""),
        text=post.get("text", ""),
        url=_web_address(post.get("link") or str(comment.get("link") or "").split("#")[0]),
        published_at=moment(post.get("date_gmt")),
    )


def _content(content: Mapping[str, Any]) -> str:
    """A comment's HTML. What a visitor typed (`raw`) has line breaks that HTML would lose."""
    raw = content.get("raw")
    if raw is None:
        return str(content["rendered"])
    return str(raw).replace("\r\n", "\n").replace("\n", "<br>\n")


def _rendered(item: Mapping[str, Any], field: str) -> str:
    found = item.get(field)
    return str(found.get("rendered") or "") if isinstance(found, Mapping) else ""


def _web_address(value: object) -> str:
    """An address that a page may link to, else ''."""
    address = str(value or "").strip()
    return address if address.lower().startswith(("https://", "http://")) else ""
