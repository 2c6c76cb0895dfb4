"""One look at one feed: asked conditionally, read within bounds, understood as far as it goes."""

import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

from app.basics.plain_text import plain_text
from app.channels.base import (
    Connection,
    Gone,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
)
from app.channels.feeds.entries import entry_id, kept_of
from app.channels.web_requests import Answer, host_of, request, retry_at, trouble_of

ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5"
MOST_ENTRIES = 500
WHOLE_EVERY = timedelta(hours=1)
"""WordPress says "unchanged" when an old comment is released, edited or removed: so ask whole."""
MISSING_FOR = timedelta(hours=24)
MOVES_BEFORE_NOTICE = 3
SLOWEST = timedelta(hours=1)
"""A feed's own wish for how seldom it is read is honoured no further than this."""
THREAD = "{http://purl.org/syndication/thread/1.0}in-reply-to"
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
ATOM = "{http://www.w3.org/2005/Atom}"
PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
ENDINGS = ("</rss>", "</feed>", "</rdf:rdf>")


@dataclass(frozen=True, slots=True)
class FeedState:
    """What a cursor remembers of one feed. Times are aware UTC in ISO form.

    `etag` and `modified` are the server's own words. `seen` are short marks of the entries of the
    last look, `skipped` of those that were older than the first reading was to go. `moves` counts
    looks in a row that were sent on for good to `moved_to`. `whole_at`: last asked unconditionally.
    """

    etag: str = ""
    modified: str = ""
    seen: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    moves: int = 0
    moved_to: str = ""
    missing_since: str = ""
    whole_at: str = ""
    looked: bool = False

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "FeedState":
        """A state as JSON gave it back."""
        return cls(**{**kept, "seen": tuple(kept["seen"]), "skipped": tuple(kept["skipped"])})


@dataclass(frozen=True, slots=True)
class FeedRead:
    """What one look gave. `entries` are what `entries.kept_of` keeps, the feed's order."""

    state: FeedState
    entries: tuple[dict[str, Any], ...] = ()
    raw_entries: tuple[Mapping[str, Any], ...] = ()
    feed: Mapping[str, str] | None = None
    removed: tuple[str, ...] = ()
    notices: tuple[tuple[str, str], ...] = ()
    wait_until: datetime | None = None


def read_feed(
    connection: Connection, url: str, state: FeedState, *, now: datetime, conditional: bool = True
) -> FeedRead:
    """Ask for the feed and read it. Raises the contract's errors; a 304 brings no entries."""
    whole = not conditional or _is_due_whole(state, now)
    answer = request(connection, "GET", url, headers=_headers(state, whole))
    if answer.status == 404:
        return _missing(state, host_of(url), now)
    _raise_for(answer, now)
    state, notices = _after_move(replace(state, missing_since=""), answer)
    if answer.status == 304:
        return FeedRead(state, notices=notices, wait_until=_wish(answer, None, now))
    parsed = _parsed(answer)
    references, deleted = _extras(answer.body)
    given = list(parsed.entries[:MOST_ENTRIES])
    cut = _is_cut(answer.body)
    if cut:
        given = given[: _whole_entries(answer.body)]
        notices = (*notices, ("cut", f"{len(given)}"))
    entries = _kept(given, references)
    marks = tuple(mark_of(entry_id(kept)) for kept in entries)
    if state.seen and marks and not set(marks) & set(state.seen):
        notices = (*notices, ("gap", f"{len(marks)}"))
    if len(parsed.entries) > MOST_ENTRIES:
        notices = (*notices, ("too_many", f"{len(parsed.entries)}"))
    state = replace(
        state,
        etag="" if cut else _etag(answer, parsed),
        modified="" if cut else answer.headers.get("last-modified", ""),
        seen=marks or state.seen,
        whole_at=now.isoformat() if whole else state.whole_at,
    )
    feed = {
        "title": plain_text(str(parsed.feed.get("title") or "")),
        "link": str(parsed.feed.get("link") or ""),
    }
    return FeedRead(
        state, entries, tuple(given), feed, deleted, notices, _wish(answer, parsed, now)
    )


def mark_of(external_id: str) -> str:
    """A short mark that stands for an id in the cursor."""
    return hashlib.sha256(external_id.encode()).hexdigest()[:10]


def _is_due_whole(state: FeedState, now: datetime) -> bool:
    return not state.whole_at or now - datetime.fromisoformat(state.whole_at) >= WHOLE_EVERY


def _headers(state: FeedState, whole: bool) -> dict[str, str]:
    headers = {"Accept": ACCEPT}
    if not whole and state.etag:
        headers["If-None-Match"] = state.etag
    if not whole and state.modified:
        headers["If-Modified-Since"] = state.modified
    return headers


def _etag(answer: Answer, parsed: Any) -> str:
    """The ETag to send back: verbatim, but WordPress does not know its own behind a W/."""
    etag = answer.headers.get("etag", "")
    generator = f"{parsed.feed.get('generator', '')}".lower()
    return etag.removeprefix("W/") if "wordpress" in generator else etag


def _missing(state: FeedState, host: str, now: datetime) -> FeedRead:
    """A 404 may be a site being mended; after a day of them a person has to look."""
    since = state.missing_since or now.isoformat()
    if now - datetime.fromisoformat(since) >= MISSING_FOR:
        raise Refused(Reason.OTHER, f"{host} has had no feed there for a day")
    return FeedRead(replace(state, missing_since=since), notices=(("missing", since),))


def _raise_for(answer: Answer, now: datetime) -> None:
    host = host_of(answer.url)
    if answer.status in (401, 403):
        raise SignInNeeded(f"{host} keeps us out ({answer.status})")
    if answer.status == 410:
        raise Gone(f"{host}: the feed is gone for good")
    if answer.status in (429, 503):
        raise TryLater(f"{host} is busy", until=retry_at(answer, now=now))
    trouble = trouble_of(answer, now=now)
    if trouble is not None:
        raise trouble


def _after_move(state: FeedState, answer: Answer) -> tuple[FeedState, tuple[tuple[str, str], ...]]:
    """Count looks in a row that were sent on for good; the address itself is never changed here."""
    if not answer.moved_to:
        return replace(state, moves=0, moved_to=""), ()
    moves = state.moves + 1 if answer.moved_to == state.moved_to else 1
    state = replace(state, moves=moves, moved_to=answer.moved_to)
    return state, (("moved", answer.moved_to),) if moves >= MOVES_BEFORE_NOTICE else ()


def _parsed(answer: Answer) -> Any:
    """The feed as feedparser gives it. Raises `Refused` for what is no feed, or a trap."""
    import feedparser

    host = host_of(answer.url)
    if not answer.body.strip():
        raise TryLater(f"{host} answered nothing")
    if b"<!entity" in answer.body.replace(b"\0", b"").lower():
        raise Refused(Reason.NOT_UNDERSTOOD, f"{host}: a feed that declares entities is not read")
    headers = {"content-type": _content_type(answer), "content-location": answer.url}
    try:
        parsed = feedparser.parse(io.BytesIO(answer.body), response_headers=headers)
    except Exception as error:
        raise Refused(Reason.NOT_UNDERSTOOD, f"{host}: {type(error).__name__}") from None
    if not parsed.get("version"):
        raise Refused(Reason.NOT_UNDERSTOOD, f"{host} gave something that is no feed")
    return parsed


def _content_type(answer: Answer) -> str:
    """The type to go by: what reads as UTF-8 is UTF-8, whatever is said of it."""
    said = answer.headers.get("content-type", "")
    try:
        if not answer.body.decode("utf-8").isascii():
            return "application/xml; charset=utf-8"
    except UnicodeDecodeError:
        pass
    return said or "application/xml"


def _extras(body: bytes) -> tuple[list[list[dict[str, str]]], tuple[str, ...]]:
    """What feedparser loses: each entry's references in order, and ids of deleted entries.

    Expat reads no external entities, and bodies that declare any were refused before.
    """
    references: list[list[dict[str, str]]] = []
    deleted: list[str] = []
    if b"in-reply-to" not in body and b"deleted-entry" not in body:
        return references, ()
    reader: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(["end"])
    try:
        reader.feed(body)
        for _event, element in _elements(reader):
            if element.tag == DELETED:
                deleted.append(element.get("ref", ""))
            elif element.tag in (f"{ATOM}entry", "item"):
                references.append([dict(found.attrib) for found in element.findall(THREAD)])
    except ElementTree.ParseError:
        pass  # a cut feed gives what came before the cut
    return references, tuple(entry_id({"id": ref, "link": ""}) for ref in deleted if ref)


def _elements(reader: Any) -> Iterable[tuple[str, Any]]:
    elements: Iterable[tuple[str, Any]] = reader.read_events()
    return elements


def _kept(
    given: list[Mapping[str, Any]], references: list[list[dict[str, str]]]
) -> tuple[dict[str, Any], ...]:
    ids = {str(entry.get("id") or "") for entry in given}
    kept = []
    for place, entry in enumerate(given):
        own = references[place] if place < len(references) else _last_reference(entry)
        marked = [{**ref, "in_feed": "1"} if ref.get("ref") in ids else ref for ref in own]
        kept.append(kept_of(entry, list(marked)))
    return tuple(kept)


def _last_reference(entry: Mapping[str, Any]) -> list[dict[str, str]]:
    found = entry.get("thr_in-reply-to")
    return [{str(name): str(value) for name, value in found.items()}] if found else []


def _is_cut(body: bytes) -> bool:
    end = body.replace(b"\0", b"").rstrip()[-200:].decode("ascii", "ignore").lower()
    return not any(ending in end for ending in ENDINGS)


def _whole_entries(body: bytes) -> int:
    return len(re.findall(rb"</(?:\w+:)?(?:item|entry)\s*>", body))


def _wish(answer: Answer, parsed: Any, now: datetime) -> datetime | None:
    """When the feed would like to be read next, at most an hour ahead.

    WordPress writes "hourly" in every feed it makes, with room for ten comments: not a wish.
    """
    seconds = 0.0
    age = re.search(r"max-age=(\d+)", answer.headers.get("cache-control", ""))
    if age:
        seconds = float(age[1][:9])
    if parsed is not None:
        ttl = str(parsed.feed.get("ttl") or "")
        seconds = max(seconds, float(ttl[:6]) * 60 if ttl.isdigit() else 0)
        generator = f"{parsed.feed.get('generator', '')}".lower()
        hours = PERIODS.get(str(parsed.feed.get("sy_updateperiod") or "").strip().lower(), 0)
        often = str(parsed.feed.get("sy_updatefrequency") or "1").strip()
        if hours and "wordpress" not in generator and often.isdigit() and int(often):
            seconds = max(seconds, hours * 3600 / int(often))
    return now + min(timedelta(seconds=seconds), SLOWEST) if seconds > 0 else None
