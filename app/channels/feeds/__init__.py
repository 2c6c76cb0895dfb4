"""Any blog's comment feed, RSS or Atom: read only, so answers are written on the blog's own page.

A source of kind `comments` reads one comment feed. A source of kind `site` reads a blog's post feed
and the comment feeds that its posts name (wfw:commentRss, or an Atom link `replies`). A feed is a
window: what is no longer in it says nothing, and what passed between two looks is lost; the notice
`gap` says that this may have happened.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from app.basics.plain_text import plain_text
from app.channels.base import (
    Abilities,
    ChannelError,
    Connection,
    Gone,
    MessageSeen,
    Page,
    PermissionCheck,
    Plain,
    Raw,
    Refused,
    Setting,
    SignInNeeded,
    SourceKind,
    TryLater,
)
from app.channels.feeds.entries import (
    POST_LETTERS,
    entry_id,
    kept_of,
    message_of,
    payload_of,
    published_at,
)
from app.channels.feeds.reading import FeedRead, FeedState, mark_of, read_feed

YOUNG = timedelta(days=60)
"""Comment feeds of older posts are left alone."""
READ_AGAIN = timedelta(hours=24)
"""A comment feed is read this often even when its post counts as many comments as before."""
MOST_THREADS = 100
"""At most so many comment feeds of one post feed are read in a look."""
PROTECTED_POST_FORM = "action=postpass"
"""WordPress shows this form instead of comments under a post with a password."""


class Feed(Plain):
    """The channel; see `app.channels.base.Channel`."""

    name = "feed"
    label = "Blogg (flöde)"
    icon = "i-ch-blogg"
    parser_version = 1
    abilities = Abilities(answer=False)
    settings = (
        Setting(
            "feed_url",
            "Flödets adress",
            hint="RSS eller Atom, till exempel https://blogg.example.se/comments/feed/atom/",
        ),
        Setting(
            "city_authors",
            "Namn som staden svarar under",
            required=False,
            hint="Precis som de står på bloggen, med komma emellan. Vem som helst kan skriva ett"
            " namn: välj sådana som ingen annan har anledning att använda.",
        ),
    )
    source_kinds = (
        SourceKind("comments", "Kommentarsflöde"),
        SourceKind("site", "Inläggsflöde med kommentarer"),
    )

    def fetch(self, connection: Connection, cursor: str | None, *, now: datetime) -> Page:
        """The comments in the feed now; of a `site`, one of its feeds at a time."""
        kept = json.loads(cursor) if cursor else _fresh(connection, now)
        if connection.kind == "site":
            return _site_page(connection, kept, now)
        read = read_feed(connection, _address(connection), _state(kept.get("feed")), now=now)
        state, raws = _raws(read, None, kept)
        return _page(read, raws, {**kept, "feed": asdict(state)}, more=False)

    def parse(self, connection: Connection, payload: str, *, now: datetime) -> MessageSeen:
        """What one kept entry means."""
        return message_of(connection, payload, now)

    def check(self, connection: Connection, *, now: datetime) -> list[PermissionCheck]:
        """Whether the feed is there and is a feed, and on a `site` names comment feeds."""
        try:
            read = read_feed(connection, _address(connection), FeedState(), now=now)
        except TryLater:
            raise
        except ChannelError as error:
            return [PermissionCheck("feed", False, error.detail)]
        if read.state.missing_since:
            return [PermissionCheck("feed", False, "404")]
        checks = [PermissionCheck("feed", True)]
        if connection.kind == "site":
            named = any(_comment_feed(entry) for entry in read.raw_entries)
            checks.append(PermissionCheck("comment_feeds", named))
        return checks


CHANNEL = Feed()


def _address(connection: Connection) -> str:
    return connection.settings.get("feed_url", "").strip()


def _fresh(connection: Connection, now: datetime) -> dict[str, Any]:
    since = connection.backfill_since
    return {"floor": (since or now).isoformat(), "from_now": since is None}


def _state(kept: Mapping[str, Any] | None) -> FeedState:
    return FeedState.of(kept) if kept else FeedState()


def _page(read: FeedRead, raws: tuple[Raw, ...], kept: Mapping[str, Any], *, more: bool) -> Page:
    cursor = json.dumps(kept, sort_keys=True)
    return Page(
        raws=raws,
        cursor=cursor,
        rest_cursor=cursor,
        more=more,
        removed=read.removed,
        asked_to_wait_until=read.wait_until,
        notices=read.notices,
    )


def _raws(
    read: FeedRead, post: Mapping[str, str] | None, kept: Mapping[str, Any]
) -> tuple[FeedState, tuple[Raw, ...]]:
    """The entries to keep. What the first reading was not to reach stays left out afterwards."""
    if not read.feed:
        return read.state, ()
    skipped = set(read.state.skipped)
    if not read.state.looked:
        skipped |= {mark_of(entry_id(entry)) for entry in read.entries if _is_before(entry, kept)}
    skipped &= set(read.state.seen)
    raws: dict[str, Raw] = {}
    for entry in read.entries:
        external_id = entry_id(entry)
        if mark_of(external_id) not in skipped and PROTECTED_POST_FORM not in entry["html"]:
            raws.setdefault(external_id, Raw(external_id, payload_of(entry, post, read.feed)))
    state = replace(read.state, skipped=tuple(sorted(skipped)), looked=True)
    return state, tuple(raws.values())


def _is_before(entry: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    """Whether an entry is older than what is to be read; without a date it is if all of it is."""
    written = published_at(entry)
    return written < datetime.fromisoformat(kept["floor"]) if written else bool(kept["from_now"])


def _site_page(connection: Connection, kept: dict[str, Any], now: datetime) -> Page:
    """First the posts, which only tell which comment feeds have news; then those, one by one."""
    if kept.get("queue"):
        return _comment_feed_page(connection, kept, now)
    state = replace(_state(kept.get("posts")), seen=())  # posts may all be new without a gap
    read = read_feed(connection, _address(connection), state, now=now, conditional=False)
    if read.state.missing_since:
        return _page(read, (), {**kept, "posts": asdict(read.state)}, more=False)
    known, feeds, queue = kept.get("feeds", {}), {}, []
    for entry in read.raw_entries:
        address, post = _comment_feed(entry), _post_of(entry)
        if not address or not _is_young(post, now):
            continue
        before = known.get(address, {})
        feeds[address] = before
        count = _count(entry)
        if _has_news(before, count, now):
            queue.append({"url": address, "post": post, "count": count})
    if len(queue) > MOST_THREADS:
        read = replace(read, notices=(*read.notices, ("too_many", f"{len(queue)}")))
    queue = queue[:MOST_THREADS]
    kept = {**kept, "posts": asdict(read.state), "feeds": feeds, "queue": queue}
    return _page(replace(read, removed=()), (), kept, more=bool(queue))


def _comment_feed_page(connection: Connection, kept: dict[str, Any], now: datetime) -> Page:
    asked, *queue = kept["queue"]
    before = kept["feeds"].get(asked["url"], {})
    state = _state(before.get("state"))
    changed = asked["count"] is not None and asked["count"] != before.get("count")
    refused = ""
    try:
        read = read_feed(connection, asked["url"], state, now=now, conditional=not changed)
    except (Gone, Refused, SignInNeeded) as error:  # one closed thread does not stop the others
        refused = error.detail or type(error).__name__
        read = FeedRead(state)
    state, raws = _raws(read, asked["post"], kept)
    after = {"state": asdict(state), "count": asked["count"], "read_at": now.isoformat()}
    after["refused"] = bool(refused)
    feeds = {**kept["feeds"], asked["url"]: after}
    if refused:
        every = all(feed.get("refused") for feed in feeds.values())
        code = "comments_not_read" if every else "thread_not_read"
        read = replace(read, notices=((code, refused),))
    kept = {**kept, "feeds": feeds, "queue": queue}
    return _page(read, raws, kept, more=bool(queue))


def _has_news(before: Mapping[str, Any], count: int | None, now: datetime) -> bool:
    if "read_at" not in before:
        return count != 0
    if count is None or count != before.get("count"):
        return True
    return now - datetime.fromisoformat(before["read_at"]) >= READ_AGAIN


def _comment_feed(entry: Mapping[str, Any]) -> str:
    """The address of a post's own comment feed, '' when it names none."""
    found = entry.get("wfw_commentrss") or ""
    for link in entry.get("links") or []:
        if link.get("rel") == "replies" and "html" not in str(link.get("type", "")):
            found = found or link.get("href", "")
    return str(found)


def _count(entry: Mapping[str, Any]) -> int | None:
    counts = [entry.get("slash_comments"), entry.get("thr_total")]
    counts += [link.get("thr:count") for link in entry.get("links") or []]
    said = next((str(count) for count in counts if count), "")
    return int(said) if said.isdigit() else None


def _post_of(entry: Mapping[str, Any]) -> dict[str, str]:
    kept = kept_of(entry, [])
    written = published_at(kept)
    return {
        "id": kept["id"],
        "link": kept["link"],
        "title": plain_text(kept["title"]),
        "text": plain_text(kept["html"])[:POST_LETTERS],
        "published": written.isoformat() if written else "",
    }


def _is_young(post: Mapping[str, str], now: datetime) -> bool:
    return not post["published"] or datetime.fromisoformat(post["published"]) > now - YOUNG
