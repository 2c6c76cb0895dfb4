"""Changing something on Facebook: an answer, once; hiding and showing; our own answers away.

Graph has no key that would keep the same answer from being published twice, so a request that may
have arrived is never sent again; it is looked for among the replies instead. What may be done with
a comment is asked just before it is done: `can_comment` and `can_hide` hold for the moment only.
"""

from datetime import timedelta
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
from app.channels.facebook.errors import BadParameter, NoSuchObject
from app.channels.facebook.graph import Graph, node
from app.channels.facebook.look import after_of
from app.channels.facebook.sign_in import must_be_allowed_to_see
from app.channels.facebook.words import author_id, moment, things, web_address

LONGEST = 8000
SEARCH_FROM = timedelta(minutes=5)
"""How much Facebook's clock may be behind ours when an earlier try is looked for."""
REPLIES_A_PAGE, MOST_PAGES = 100, 50
REPLY_FIELDS = "id,message,created_time,from{id},is_hidden,permalink_url"
UNSEEN = "\u200b\u200e\u200f\ufeff\xad"
"""Signs that cannot be seen and that the platform may leave out."""


def publish(graph: Graph, outgoing: Outgoing) -> Receipt:
    """Publish exactly the text given, under the thread's top comment or the resident's post."""
    if not outgoing.text.strip():
        raise Refused(Reason.EMPTY)
    if len(outgoing.text) > LONGEST:
        raise Refused(Reason.TOO_LONG, f"{len(outgoing.text)} of {LONGEST}")
    _must_take_comments(graph, outgoing)
    path = node(_place(outgoing), "comments")
    made = graph.change(path, {"message": outgoing.text}, operation="answer")
    if not made.get("id"):
        raise Uncertain("Facebook took the answer without saying which it became")
    return Receipt(str(made["id"]))


def _place(outgoing: Outgoing) -> str:
    """Where an answer goes: Facebook nests two levels, so an answer to a reply to its top comment.

    A comment directly under a resident's post answers the post, and is a top comment all the same.
    """
    answered, post = outgoing.parent_external_id, outgoing.post_external_id
    thread = outgoing.thread_external_id
    return thread if thread and thread != post else answered or post


def _must_take_comments(graph: Graph, outgoing: Outgoing) -> None:
    """Raise `Refused` when what is answered has gone meanwhile, or takes no more comments."""
    answered, post = outgoing.parent_external_id, outgoing.post_external_id
    if answered and answered != post:
        told = graph.get(node(answered), {"fields": "id,can_comment"}, operation="look_again")
        may = told.get("can_comment")
    else:
        fields = "id,comments.limit(0).summary(can_comment)"
        told = graph.get(node(post), {"fields": fields}, operation="look_again")
        may = ((told.get("comments") or {}).get("summary") or {}).get("can_comment")
    if may is False:
        raise Refused(Reason.COMMENTS_CLOSED)


def find(graph: Graph, outgoing: Outgoing) -> Receipt | None:
    """The page's own comment with this text in the thread, since the button was pressed.

    Raises `TryLater` when it cannot be told for sure: too many replies, or one with this very text
    that Facebook names no writer of.
    """
    nameless = False
    for reply in _replies(graph, _place(outgoing), outgoing.post_external_id):
        if not _could_be_it(reply, outgoing):
            continue
        if author_id(reply) == graph.page_id:
            return _receipt(reply)
        nameless = nameless or not author_id(reply)
    if nameless:
        raise TryLater("Facebook: a comment with this text has no writer's name")
    return None


def _could_be_it(reply: dict[str, Any], outgoing: Outgoing) -> bool:
    at = moment(reply.get("created_time"))
    if at is not None and at < outgoing.pressed_at - SEARCH_FROM:
        return False
    return reads_as(reply.get("message")) == reads_as(outgoing.text)


def _replies(graph: Graph, place: str, post: str) -> list[dict[str, Any]]:
    """What stands where the answer goes: everything below a comment, directly under a post.

    One that is gone has nothing below it.
    """
    found: list[dict[str, Any]] = []
    after = ""
    for _page in range(MOST_PAGES):
        question: dict[str, str | int] = {
            "filter": "toplevel" if place == post else "stream",
            "order": "reverse_chronological",
            "limit": REPLIES_A_PAGE,
            "fields": REPLY_FIELDS,
        }
        if after:
            question["after"] = after
        try:
            told = graph.get(node(place, "comments"), question, operation="look_again")
        except NoSuchObject:
            must_be_allowed_to_see(graph)
            return found
        found += things(told)
        after, is_last = after_of(graph, told)
        if is_last:
            return found
        if not after:
            break
    raise TryLater("Facebook: not all replies could be read")


def reads_as(text: object) -> str:
    """A text without what Facebook may change in it: white space, and signs that are not seen."""
    seen = "".join(sign for sign in str(text or "") if sign not in UNSEEN)
    return " ".join(seen.split())


def _receipt(comment: dict[str, Any]) -> Receipt:
    state = AtSource.HIDDEN if comment.get("is_hidden") is True else AtSource.VISIBLE
    return Receipt(str(comment["id"]), web_address(comment.get("permalink_url")), state)


def set_hidden(graph: Graph, external_id: str, hidden: bool) -> AtSource:
    """Hide or show a comment or a resident's post. Both may be repeated; unclear is `TryLater`."""
    told = _as_it_is(graph, external_id)
    state = AtSource.HIDDEN if hidden else AtSource.VISIBLE
    if told.get("is_hidden") is hidden:
        return state
    if hidden and (told.get("can_hide") is False or author_id(told) == graph.page_id):
        raise Refused(Reason.CANNOT_HIDE)
    fields = {"is_hidden": "true" if hidden else "false"}
    try:
        said = graph.change(node(external_id), fields, operation="hide")
    except Uncertain as error:
        raise TryLater(error.detail) from None
    if said.get("success") is not True:
        raise Refused(Reason.CANNOT_HIDE, "Facebook left it as it was")
    return state


def delete(graph: Graph, external_id: str) -> None:
    """Take one of the page's own comments away; gone already is fine. Never anybody else's."""
    try:
        told = graph.get(node(external_id), {"fields": "id,from{id}"}, operation="look_again")
        if author_id(told) != graph.page_id:
            raise Refused(Reason.NOT_ALLOWED, "not written by the page")
        graph.delete(node(external_id))
    except NoSuchObject:
        must_be_allowed_to_see(graph)
    except Uncertain as error:
        raise TryLater(error.detail) from None


def _as_it_is(graph: Graph, external_id: str) -> dict[str, Any]:
    """A comment's state and what may be done; a post has no `can_hide` and is asked without."""
    for fields in ("id,is_hidden,can_hide,from{id}", "id,is_hidden,from{id}"):
        try:
            return graph.get(node(external_id), {"fields": fields}, operation="look_again")
        except BadParameter:
            continue
    raise Refused(Reason.CANNOT_HIDE, "Facebook does not say whether it is hidden")
