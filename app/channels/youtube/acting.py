"""Changing something on YouTube: an answer, once; moderation; taking our own answers away."""

from datetime import timedelta

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
from app.channels.youtube.interface import Interface, items_of, part
from app.channels.youtube.reading import all_replies
from app.channels.youtube.waiting import waiting
from app.channels.youtube.words import (
    PUBLISHED,
    STATES,
    Found,
    Thread,
    author_of,
    comment_url,
    written,
)

LONGEST = 10_000
SEARCH_FROM = timedelta(minutes=5)
"""How much YouTube's clock may be behind ours when an earlier try is looked for."""


def publish(api: Interface, outgoing: Outgoing) -> Receipt:
    """Publish an answer under the thread's top comment, which is the only place YouTube has."""
    if not outgoing.text.strip():
        raise Refused(Reason.EMPTY)
    if len(outgoing.text) > LONGEST:
        raise Refused(Reason.TOO_LONG)
    thread = _thread_id(outgoing)
    if outgoing.parent_external_id != thread:
        _must_be_there(api, outgoing.parent_external_id or "")
    body = {"snippet": {"parentId": thread, "textOriginal": outgoing.text}}
    made = api.change("comments.insert", {"part": "snippet"}, body)
    if not made.get("id"):
        raise Uncertain("YouTube took the answer without saying which it became")
    status = str(part(made, "snippet").get("moderationStatus") or PUBLISHED)
    return _receipt(str(made["id"]), status, outgoing)


def _thread_id(outgoing: Outgoing) -> str:
    thread = outgoing.thread_external_id or outgoing.parent_external_id
    if not thread:
        raise Refused(Reason.NOT_SUPPORTED, "an answer must answer a comment")
    return thread


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
    """Our own reply with this text in the thread: to be seen, held back, or taken for spam."""
    thread = _thread_id(outgoing)
    for found in _replies(api, Thread(thread, outgoing.post_external_id, None)):
        if _is_it(api, found, outgoing):
            return _receipt(found.id, found.status or PUBLISHED, outgoing)
    for kind in ("held", "spam"):
        there, whole = waiting(api, kind)
        for found in there.values():
            if found.thread.id == thread and _is_it(api, found, outgoing):
                return _receipt(found.id, found.status, outgoing)
        if not whole:
            raise TryLater(f"too many comments are {kind} to be sure")
    return None


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
