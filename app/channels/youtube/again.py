"""Looking again at comments read before: changed, answered, hidden or gone."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.channels.base import Page, Refused
from app.channels.youtube.errors import NOT_THERE, Forbidden
from app.channels.youtube.interface import Interface, in_lots, items_of, part
from app.channels.youtube.reading import all_replies, raws_of
from app.channels.youtube.waiting import waiting
from app.channels.youtube.words import (
    PUBLISHED,
    Found,
    comments_of,
    replies_with,
    reply_count,
    reply_of,
    thread_of,
)

MOST_THREADS = 20
"""Threads whose replies are all read in one call of ours."""
TRUSTED = timedelta(hours=6)
REMEMBERED = 5000

_read: dict[tuple[str, str], tuple[int, datetime]] = {}
"""By address and thread, for as long as the process lives: its replies when all were read."""


def looked_again(api: Interface, external_ids: Sequence[str]) -> Page:
    """The comments as they are now, what was written beside them since, and which are gone.

    Gone is only what YouTube neither gives by its id nor has in its lists of what waits.
    """
    if not external_ids:
        return Page()
    by_id = _comments(api, external_ids)
    items = _threads(api, {_thread_id(comment) for comment in by_id.values()})
    found = _found(api, by_id, items)
    missing = [one for one in external_ids if one not in found]
    unsaid = {key for key, one in found.items() if _may_stand_otherwise(one, items)}
    held, all_held = waiting(api, "held")
    spam, all_spam = dict[str, Found](), True
    if any(one not in held for one in {*missing, *unsaid}):
        spam, all_spam = waiting(api, "spam")
    sure = all_held and all_spam
    doubtful = set() if sure else unsaid
    stands = {
        key: replace(one, status=one.status or PUBLISHED)
        for key, one in found.items()
        if key not in doubtful
    }
    asked = set(external_ids)
    stands |= {key: one for key, one in {**spam, **held}.items() if key in asked or key in found}
    return Page(
        raws=raws_of(api, stands.values(), PUBLISHED),
        removed=tuple(one for one in missing if one not in stands) if sure else (),
    )


def _may_stand_otherwise(found: Found, items: dict[str, dict[str, Any]]) -> bool:
    """Whether only the lists of what waits can tell how a comment stands.

    A top comment whose thread is public is public; of a reply YouTube says nothing by its id.
    """
    if found.status:
        return False
    snippet = part(items.get(found.thread.id, {}), "snippet")
    return found.is_reply or snippet.get("isPublic") is False


def _found(
    api: Interface, by_id: dict[str, dict[str, Any]], items: dict[str, dict[str, Any]]
) -> dict[str, Found]:
    """All comments in the threads, as far as they were read, and those asked for by their id."""
    found: dict[str, Found] = {}
    for key, comment in by_id.items():
        item = items.get(_thread_id(comment))
        if item is not None and _thread_id(comment) != key:
            found[key] = reply_of(comment, thread_of(item))
    for item in items.values():
        found.update({one.id: one for one in comments_of(item)})
    grown = [item for item in items.values() if _has_grown(api, item)]
    for item in grown[:MOST_THREADS]:
        found.update({one.id: one for one in _replies(api, item)})
    return found


def _has_grown(api: Interface, item: dict[str, Any]) -> bool:
    """Whether the thread has replies that neither came with it nor were read before."""
    count = reply_count(item)
    if count <= len(replies_with(item)):
        return False
    before = _read.get((api.base, str(item["id"])))
    return before is None or before[0] != count or abs(api.now - before[1]) > TRUSTED


def _replies(api: Interface, item: dict[str, Any]) -> list[Found]:
    try:
        replies = all_replies(api, thread_of(item))
    except Forbidden:
        return []
    except Refused as refusal:
        if refusal.reason not in NOT_THERE:
            raise
        return []
    _read.pop((api.base, str(item["id"])), None)
    _read[api.base, str(item["id"])] = (reply_count(item), api.now)
    while len(_read) > REMEMBERED:
        _read.pop(next(iter(_read)), None)
    return replies


def forget() -> None:
    """Remember nothing (a new process does not either)."""
    _read.clear()


def _thread_id(comment: dict[str, Any]) -> str:
    return str(part(comment, "snippet").get("parentId") or comment["id"])


def _comments(api: Interface, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    question = {"part": "snippet", "textFormat": "plainText"}
    return _by_id(api, "comments.list", question, list(ids))


def _threads(api: Interface, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    question = {"part": "snippet,replies", "textFormat": "plainText"}
    return _by_id(api, "commentThreads.list", question, sorted(ids))


def _by_id(
    api: Interface, method: str, question: dict[str, str], ids: list[str]
) -> dict[str, dict[str, Any]]:
    """What there is of these, by id. One that is gone may make YouTube refuse the whole lot."""
    found: dict[str, dict[str, Any]] = {}
    lots = in_lots(ids)
    while lots:
        lot = lots.pop(0)
        try:
            body = api.get(method, {**question, "id": ",".join(lot)})
        except Refused as refusal:
            if refusal.reason not in NOT_THERE:
                raise
            if len(lot) > 1:
                half = len(lot) // 2
                lots += [lot[:half], lot[half:]]
            continue
        found.update({str(item["id"]): item for item in items_of(body)})
    return found
