"""Changing something on YouTube: an answer, once; moderation; taking our own answers away.

An answer stands in a comment's thread, or begins a thread of its own directly under the film.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from app.channels.base import (
    AtSource,
    Outgoing,
    Reason,
    Receipt,
    Refused,
    TryLater,
    Uncertain,
)
from app.channels.youtube.errors import NOT_THERE
from app.channels.youtube.interface import PER_PAGE, Interface, items_of, part
from app.channels.youtube.reading import all_replies
from app.channels.youtube.waiting import waiting
from app.channels.youtube.words import (
    PUBLISHED,
    STATES,
    Found,
    Thread,
    author_of,
    comment_url,
    comments_of,
    written,
)

LONGEST = 10_000
SEARCH_FROM = timedelta(minutes=5)
"""How much YouTube's clock may be behind ours when an earlier try is looked for."""
MOST_PAGES = 50
"""Pages of a film's newest threads that are looked through for an answer of ours."""


def publish(api: Interface, outgoing: Outgoing) -> Receipt:
    """Publish an answer under the thread's top comment, or under the film when no comment is named.

    YouTube has no other places.
    """
    if not outgoing.text.strip():
        raise Refused(Reason.EMPTY)
    if len(outgoing.text) > LONGEST:
        raise Refused(Reason.TOO_LONG)
    made = _in_thread(api, outgoing) if _thread_of(outgoing) else _under_film(api, outgoing)
    if not made.get("id"):
        raise Uncertain("YouTube took the answer without saying which it became")
    status = str(part(made, "snippet").get("moderationStatus") or PUBLISHED)
    return _receipt(str(made["id"]), status, outgoing)


def _in_thread(api: Interface, outgoing: Outgoing) -> dict[str, Any]:
    """The comment that our answer became in a thread."""
    thread = _thread_of(outgoing)
    if outgoing.parent_external_id != thread:
        _must_be_there(api, outgoing.parent_external_id or "")
    body = {"snippet": {"parentId": thread, "textOriginal": outgoing.text}}
    return api.change("comments.insert", {"part": "snippet"}, body)


def _under_film(api: Interface, outgoing: Outgoing) -> dict[str, Any]:
    """The top comment that our answer became, in a thread that bears its id."""
    film = outgoing.post_external_id
    if film == api.channel_id:
        raise Refused(Reason.NOT_SUPPORTED, "the channel's own page takes no comments any more")
    top = {"snippet": {"textOriginal": outgoing.text}}
    body = {
        "snippet": {"channelId": api.channel_id, "videoId": film, "topLevelComment": top},
    }
    made = api.change("commentThreads.insert", {"part": "snippet"}, body)
    comment = part(part(made, "snippet"), "topLevelComment")
    return {"id": made.get("id"), **comment}


def _thread_of(outgoing: Outgoing) -> str:
    """The thread that is answered in; '' when the answer goes directly under the film."""
    return outgoing.thread_external_id or outgoing.parent_external_id or ""


def _must_be_there(api: Interface, reply: str) -> None:
    """The answer would stand in the thread although the reply it answers has gone: look first."""
    try:
        found = items_of(api.get("comments.list", {"part": "id", "id": reply}))
    except Refused as refusal:
        if refusal.reason in NOT_THERE:
            raise Refused(Reason.MESSAGE_GONE, refusal.detail) from None
        raise
    if not found:
        raise Refused(Reason.MESSAGE_GONE, "the reply is no longer there")


def find(api: Interface, outgoing: Outgoing) -> Receipt | None:
    """Our own words in the thread, or under the film: to be seen, held back, or taken for spam."""
    thread, film = _thread_of(outgoing), outgoing.post_external_id
    there: Iterator[Found] | list[Found]
    there = _replies(api, Thread(thread, film, None)) if thread else _tops(api, outgoing)
    for found in there:
        if _is_it(api, found, outgoing):
            return _receipt(found.id, found.status or PUBLISHED, outgoing)
    for kind in ("held", "spam"):
        waits, whole = waiting(api, kind)
        for found in waits.values():
            top = not thread and not found.is_reply and found.thread.video == film
            if (top or found.thread.id == thread) and _is_it(api, found, outgoing):
                return _receipt(found.id, found.status, outgoing)
        if not whole:
            raise TryLater(f"too many comments are {kind} to be sure")
    return None


def _tops(api: Interface, outgoing: Outgoing) -> Iterator[Found]:
    """The film's top comments, the newest first, back to when the button was pressed."""
    question: dict[str, str | int] = {
        "part": "snippet",
        "videoId": outgoing.post_external_id,
        "order": "time",
        "maxResults": PER_PAGE,
        "textFormat": "plainText",
    }
    for _page in range(MOST_PAGES):
        try:
            body = api.get("commentThreads.list", question)
        except Refused as refusal:
            if refusal.reason in NOT_THERE:
                return
            raise
        found = [one for item in items_of(body) for one in comments_of(item) if not one.is_reply]
        yield from found
        question["pageToken"] = str(body.get("nextPageToken") or "")
        if not question["pageToken"] or _all_before(found, outgoing.pressed_at - SEARCH_FROM):
            return
    raise TryLater("too many comments under the film to be sure")


def _all_before(found: list[Found], moment: datetime) -> bool:
    """Whether a page of the newest comments reaches back beyond a moment."""
    times = [at for one in found if (at := written(one.snippet)) is not None]
    return bool(times) and max(times) < moment


def _replies(api: Interface, thread: Thread) -> list[Found]:
    try:
        return all_replies(api, thread)
    except Refused as refusal:
        if refusal.reason is Reason.MESSAGE_GONE:
            return []
        raise


def _is_it(api: Interface, found: Found, outgoing: Outgoing) -> bool:
    if author_of(found.snippet) != api.channel_id:
        return False
    at = written(found.snippet)
    if at is not None and at < outgoing.pressed_at - SEARCH_FROM:
        return False
    wanted = reads_as(outgoing.text)
    return wanted in [reads_as(found.snippet.get(name)) for name in ("textOriginal", "textDisplay")]


def reads_as(text: object) -> str:
    """A text without what YouTube changes in it: white space, and signs that cannot be seen."""
    seen = "".join(sign for sign in str(text or "") if sign not in "\u200b\u200e\u200f\ufeff\xad")
    return " ".join(seen.split())


def _receipt(external_id: str, status: str, outgoing: Outgoing) -> Receipt:
    state = STATES.get(status, AtSource.VISIBLE)
    return Receipt(external_id, comment_url(outgoing.post_external_id, external_id), state)


def set_status(api: Interface, external_id: str, status: str) -> AtSource:
    """Hold, publish or turn down a comment. Twice does no harm: what is unclear is `TryLater`."""
    try:
        api.change("comments.setModerationStatus", {"id": external_id, "moderationStatus": status})
    except Uncertain as error:
        raise TryLater(error.detail) from None
    return STATES[status]


def delete(api: Interface, external_id: str) -> None:
    """Take one of our own answers away; one that is gone already is fine."""
    try:
        api.change("comments.delete", {"id": external_id})
    except Uncertain as error:
        raise TryLater(error.detail) from None
    except Refused as refusal:
        if refusal.reason is not Reason.MESSAGE_GONE:
            raise
