"""One feed entry into our words: what it is known by, what is kept of it, and what it means."""

import hashlib
import html
import json
import re
from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import struct_time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from app.basics.clock import parse_utc
from app.basics.plain_text import plain_text
from app.channels.base import (
    Connection,
    MessageSeen,
    NotUnderstood,
    PersonSeen,
    PostSeen,
)

LONGEST_ID = 190
POST_LETTERS = 2000
WORDPRESS_COMMENT = re.compile(r"#comment-(\d+)$")
WORDPRESS_REPLY = re.compile(
    r"""^\s*<p>[^<>]{1,60}<a\s[^>]*href=["']([^"']+)["'][^>]*>[^<>]*</a>\s*\.?\s*</p>\s*""",
    re.IGNORECASE,
)
"""The paragraph that WordPress puts first in a reply ("Som svar till ..."), in RSS and Atom."""
SESSION_PARAMETERS = frozenset({"sid", "phpsessid", "jsessionid", "fbclid", "gclid"})
SWEDISH_MONTHS = {
    "januari": "Jan", "februari": "Feb", "mars": "Mar", "april": "Apr", "maj": "May",
    "juni": "Jun", "juli": "Jul", "augusti": "Aug", "september": "Sep", "oktober": "Oct",
    "november": "Nov", "december": "Dec",
}  # fmt: skip
SWEDEN = ZoneInfo("Europe/Stockholm")


def key_of(identity: str) -> str:
    """What an entry's id (or a reference to it) is stored under.

    WordPress's `...#comment-17` is 17, as its REST interface says. Other addresses lose what tends
    to change without meaning anything: the scheme, `www.`, a last slash, session and campaign
    parameters. What is too long is replaced by its SHA-256.
    """
    identity = identity.strip()
    found = WORDPRESS_COMMENT.search(identity)
    if found:
        return found[1]
    if identity.lower().startswith(("http://", "https://")):
        identity = _same_address(identity)
    if len(identity) > LONGEST_ID:
        return "sha256:" + _hash(identity)
    return identity


def _same_address(address: str) -> str:
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        return address
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not name.lower().startswith("utm_") and name.lower() not in SESSION_PARAMETERS
    ]
    path = re.sub(r";jsessionid=[^/]*", "", parts.path, flags=re.IGNORECASE).rstrip("/")
    where = host if port in (None, 80, 443) else f"{host}:{port}"
    return urlunsplit(("https", where, path, urlencode(kept), parts.fragment))


def kept_of(entry: Mapping[str, Any], references: list[Mapping[str, str]]) -> dict[str, Any]:
    """What is kept of an entry as feedparser gives it, enough to understand it again later.

    `references` are all its `thr:in-reply-to`, in order; feedparser itself keeps only the last.
    """
    contents = [str(part.get("value") or "") for part in entry.get("content") or []]
    when = "published" if "published" in entry or "updated" not in entry else "updated"
    parsed = entry.get(f"{when}_parsed") if f"{when}_parsed" in entry else None
    author = entry.get("author_detail") or {}
    return {
        "id": str(entry.get("id") or ""),
        "link": str(entry.get("link") or ""),
        "title": str(entry.get("title") or ""),
        "author": str(author.get("name") or entry.get("author") or ""),
        "author_url": str(author.get("href") or ""),
        "published": _utc(parsed) if parsed else None,
        "published_said": str(entry.get(when, "")),
        "html": max(contents, key=len, default="") or str(entry.get("summary") or ""),
        "references": [dict(reference) for reference in references],
    }


def _utc(parsed: struct_time) -> str:
    """feedparser's UTC `struct_time` as ISO text with its zone."""
    return datetime.fromtimestamp(timegm(parsed), UTC).isoformat()


def entry_id(kept: Mapping[str, Any]) -> str:
    """The external id: the entry's own id, else its link when that points at it, else its words."""
    if kept["id"]:
        return key_of(kept["id"])
    if "#" in kept["link"]:
        return key_of(kept["link"])
    words = f"{kept['author']}|{kept['published'] or kept['published_said']}|{kept['html']}"
    return "sha256:" + _hash(words)


def other_ids(kept: Mapping[str, Any]) -> tuple[str, ...]:
    """What the same entry may be known by after a change of ids: the id as given, and its words."""
    mine = entry_id(kept)
    others = []
    if kept["id"] and len(kept["id"]) <= LONGEST_ID:
        others.append(kept["id"])
    when = kept["published"] or kept["published_said"]
    if when:
        others.append(f"alt:{_hash(kept['author'] + '|' + when + '|' + _text(kept)[:200])[:40]}")
    return tuple(other for other in others if other != mine)


def payload_of(
    kept: Mapping[str, Any], post: Mapping[str, str] | None, feed: Mapping[str, str]
) -> str:
    """The raw payload: the entry, the post it is known to stand under (if so) and the feed."""
    everything = {"entry": kept, "post": dict(post or {}), "feed": dict(feed)}
    return json.dumps(everything, ensure_ascii=False, sort_keys=True)


def message_of(connection: Connection, payload: str, now: datetime) -> MessageSeen:
    """Understand one payload; pure. Raises `NotUnderstood`."""
    try:
        everything = json.loads(payload)
        return _message(
            connection, everything["entry"], everything["post"], everything["feed"], now
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise NotUnderstood(f"feed entry: {type(error).__name__}") from None


def _message(
    connection: Connection,
    kept: Mapping[str, Any],
    post: Mapping[str, str],
    feed: Mapping[str, str],
    now: datetime,
) -> MessageSeen:
    published = published_at(kept)
    if published is not None and published > now + timedelta(days=1):
        published = None  # a clock that is wrong says nothing
    name = html.unescape(kept["author"]).strip()
    text = _text(kept)
    if not text and not name:
        raise NotUnderstood("feed entry without words and writer")
    return MessageSeen(
        external_id=entry_id(kept),
        post=_post(kept, post, feed),
        text=text,
        published_at=published or now,
        author=_person(name, kept["author_url"]) if name else None,
        parent_external_id=_parent(kept, post),
        by_city=bool(name) and name.casefold() in _city_names(connection),
        url=_web_address(kept["link"]),
        time_uncertain=published is None,
        alternative_ids=other_ids(kept),
    )


def _person(name: str, url: str) -> PersonSeen:
    """A feed gives no id for people: the name and the address they gave stand in."""
    mark = _hash(f"{name.casefold()}|{url}")[:24]
    return PersonSeen(external_id=f"name:{mark}", name=name, url=_web_address(url))


def _city_names(connection: Connection) -> frozenset[str]:
    said = connection.settings.get("city_authors", "")
    return frozenset(name.strip().casefold() for name in re.split(r"[,\n]", said) if name.strip())


def published_at(kept: Mapping[str, Any]) -> datetime | None:
    """When the entry was written (aware UTC); a date in Swedish is read too. None if unsaid."""
    if kept["published"]:
        return parse_utc(kept["published"])
    found = re.search(
        r"(\d{1,2})\s+([a-zåäö]{3,9})\.?\s+(\d{4})(.*)", kept["published_said"], re.IGNORECASE
    )
    if not found:
        return None
    day, word, year, rest = found.groups()
    month = next((m for name, m in SWEDISH_MONTHS.items() if name.startswith(word.lower())), None)
    clock = re.search(r"(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?\s*([+-]\d{4}|Z|GMT|UTC)?", rest)
    if month is None or clock is None:
        return None
    hours, minutes, seconds, zone = clock.groups()
    text = f"{day} {month} {year} {hours}:{minutes}:{seconds or '00'} {zone or ''}".strip()
    try:
        moment = parsedate_to_datetime(text.replace("Z", "+0000"))
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=SWEDEN)).astimezone(UTC)


def _parent(kept: Mapping[str, Any], post: Mapping[str, str]) -> str | None:
    """The comment this one answers; None when it stands directly under the post.

    Of several references the one to a comment of the same feed wins, else the last that is not the
    post's. A reference without a fragment to the page itself is the post's.
    """
    page = _page(kept["link"])
    candidates = []
    for reference in kept["references"]:
        to, href = reference.get("ref", ""), reference.get("href", "")
        if reference.get("in_feed"):
            return key_of(to)
        is_post = to == post.get("id") or (page and page in (_whole(to), _whole(href)))
        if to and not is_post:
            candidates.append(key_of(to))
    if candidates:
        return candidates[-1]
    answered = _answered_in_words(kept)
    return key_of(answered) if answered and not kept["references"] else None


def _answered_in_words(kept: Mapping[str, Any]) -> str | None:
    """What WordPress's own first paragraph says a comment answers (RSS says it nowhere else)."""
    if not WORDPRESS_COMMENT.search(kept["id"] or kept["link"]):
        return None
    found = WORDPRESS_REPLY.match(kept["html"])
    if not found or not WORDPRESS_COMMENT.search(html.unescape(found[1])):
        return None
    answered = html.unescape(found[1])
    return answered if _page(answered) == _page(kept["link"]) else None


def _text(kept: Mapping[str, Any]) -> str:
    words = kept["html"]
    if _answered_in_words(kept):
        words = WORDPRESS_REPLY.sub("", words, count=1)
    return plain_text(words)


def _post(kept: Mapping[str, Any], post: Mapping[str, str], feed: Mapping[str, str]) -> PostSeen:
    """The post: the one whose comment feed this is, else the page the comment stands on."""
    url = post.get("link") or kept["link"].split("#")[0] or feed.get("link", "")
    known = post.get("link") or ("#" in kept["link"] and url)
    written = post.get("published")
    return PostSeen(
        external_id=key_of(url) or "feed",
        title=post.get("title", "") if known else post.get("title") or feed.get("title", ""),
        text=post.get("text", ""),
        url=_web_address(url),
        published_at=parse_utc(written) if written else None,
    )


def _page(address: str) -> str:
    """The page that a fragment points into, normalised; '' when there is none."""
    return key_of(address.split("#")[0]) if address else ""


def _whole(address: str) -> str:
    """The address normalised when it is a whole page's, else ''."""
    return "" if "#" in address else _page(address)


def _web_address(value: str) -> str:
    return value if value.lower().startswith(("https://", "http://")) else ""


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
