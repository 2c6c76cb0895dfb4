"""Changing something on a blog: publishing an answer once, and holding or approving a comment."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from app.channels.base import (
    AtSource,
    ChannelError,
    Outgoing,
    Reason,
    Receipt,
    Refused,
    TryLater,
    Uncertain,
)
from app.channels.wordpress.site import PER_PAGE, Site, has_more, items_of
from app.channels.wordpress.words import STATES, html_for, moment, reads_as

SEARCH_FROM = timedelta(minutes=5)
"""How much the blog's clock may be behind ours when an earlier try is looked for."""


def publish(site: Site, outgoing: Outgoing) -> Receipt:
    """Publish an answer; an equal one that is there already is taken for ours."""
    site.must_be_signed_in()
    if not outgoing.text.strip():
        raise Refused(Reason.EMPTY)
    _must_be_open_for_answers(site, outgoing)
    try:
        made = site.change(
            "comments",
            {
                "post": int(outgoing.post_external_id),
                "parent": int(outgoing.parent_external_id or 0),
                "content": html_for(outgoing.text),
            },
        )
    except Refused as refusal:
        if refusal.reason is Reason.DUPLICATE:
            return _adopted(site, outgoing, refusal)
        raise
    if not made.get("id"):
        raise Uncertain("WordPress accepted the answer without saying which it became")
    return _receipt(made)


def find(site: Site, outgoing: Outgoing) -> Receipt | None:
    """Our own comment with this text under the same parent, visible, held or taken for spam.

    WordPress can only be asked for times in the site's own zone, where an hour comes twice each
    autumn, so all our comments under the parent are read and the time is looked at here.
    """
    site.must_be_signed_in()
    me = site.signed_in_user()["id"]
    for status in ("all", "spam"):
        for item in _own_under(site, outgoing, me, status):
            written = moment(item.get("date_gmt"))
            late_enough = written is None or written >= outgoing.pressed_at - SEARCH_FROM
            if late_enough and reads_as(item.get("content") or {}, outgoing.text):
                return _receipt(item)
    return None


def _must_be_open_for_answers(site: Site, outgoing: Outgoing) -> None:
    """WordPress takes an answer to anything, even to what is missing or waits: look first."""
    if not outgoing.post_external_id.isdigit():
        raise Refused(Reason.POST_GONE, "not a WordPress id")
    if outgoing.parent_external_id is None:
        return
    parent = site.comment(outgoing.parent_external_id, ("id", "post", "status"))
    state = STATES.get(parent.get("status", ""))
    if str(parent.get("post")) != outgoing.post_external_id:
        raise Refused(Reason.MESSAGE_GONE, "the comment now stands under another post")
    if state is AtSource.HELD:
        raise Refused(Reason.MESSAGE_HELD, "the comment waits for approval: show it first")
    if state is not AtSource.VISIBLE:
        raise Refused(Reason.MESSAGE_GONE, "the comment is not public")


def _adopted(site: Site, outgoing: Outgoing, refusal: Refused) -> Receipt:
    """The answer that WordPress says is there already, if it is from this press of the button."""
    try:
        found = find(site, outgoing)
    except ChannelError as error:
        raise Uncertain(error.detail) from None
    if found is None:
        raise refusal
    return found


def _own_under(site: Site, outgoing: Outgoing, me: int, status: str) -> list[dict[str, Any]]:
    """All our own comments under the answer's parent, the newest first."""
    found: list[dict[str, Any]] = []
    question: dict[str, str | int] = {
        "context": "edit",
        "status": status,
        "post": outgoing.post_external_id,
        "parent": outgoing.parent_external_id or 0,
        "author": me,
        "orderby": "id",
        "order": "desc",
        "per_page": PER_PAGE,
        "_fields": "id,date_gmt,content,link,status",
    }
    page, more = 1, True
    while more:
        answer = site.get("comments", {**question, "page": page})
        listed = items_of(answer)
        found += listed
        more = has_more(answer, page, len(listed))
        page += 1
    return found


def _receipt(item: Mapping[str, Any]) -> Receipt:
    state = STATES.get(str(item.get("status")), AtSource.VISIBLE)
    return Receipt(str(item["id"]), str(item.get("link") or ""), state)


def set_status(site: Site, external_id: str, wish: str, fine: Sequence[AtSource]) -> AtSource:
    """Ask for a status unless the comment has it. WordPress answers 500 to one it already has.

    Setting a status twice does no harm, so an unclear answer is settled by looking again, and what
    is still unclear may simply be asked again (`TryLater`).
    """
    site.must_be_signed_in()
    state = _state(site, external_id)
    if state in fine:
        return state
    try:
        changed = site.change(f"comments/{external_id}", {"status": wish})
        return STATES.get(str(changed.get("status")), AtSource.HIDDEN)
    except Uncertain as error:
        state = _state(site, external_id)
        if state in fine:
            return state
        raise TryLater(error.detail) from None


def _state(site: Site, external_id: str) -> AtSource:
    found = site.comment(external_id, ("id", "status"))
    state = STATES.get(str(found.get("status")), AtSource.HIDDEN)
    if state is AtSource.REMOVED:
        raise Refused(Reason.MESSAGE_GONE, "the comment is in the bin")
    return state
