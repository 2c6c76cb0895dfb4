"""Changing something on X: an answer, once; hiding and showing replies; taking an own answer away.

X has no key that would keep the same answer from being published twice, so a request that may have
arrived is never sent again; it is looked for among the account's own posts instead.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.basics.clock import parse_utc
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
from app.channels.x.account import is_id, status_url
from app.channels.x.dialect import Found, references, versions
from app.channels.x.interface import Interface, since
from app.channels.x.length import links_in, weight_of
from app.channels.x.words import reads_as, summoned

SEARCH_FROM = timedelta(minutes=5)
"""How much X's clock may be behind ours when an earlier try is looked for."""
SAME_TEXT_FROM = timedelta(hours=24)
MOST_PAGES = 8


def publish(interface: Interface, outgoing: Outgoing) -> Receipt:
    """Publish an answer, once, to the newest version of what is answered.

    Looks at that first: X's refusals do not tell apart what is gone, what is not for us to answer
    and what has been said already.
    """
    if not outgoing.text.strip():
        raise Refused(Reason.EMPTY)
    weight = weight_of(interface.connection, outgoing.text)
    if weight.most is not None and weight.used > weight.most:
        raise Refused(Reason.TOO_LONG, f"{weight.used} of {weight.most}")
    interface.money.must_leave_for_answers()
    answered, found = _answered(interface, outgoing)
    may = _may_be_answered(interface, answered, found)
    price = "post_with_link" if weight.links else "summoned_reply" if may else "post"
    try:
        made = interface.answer(outgoing.text, versions(answered)[-1], price)
    except Refused as refusal:
        if not interface.problem.unexplained:
            raise
        return _why_not(interface, outgoing, refusal, may=may)
    if not made.get("id"):
        raise Uncertain("X accepted the answer without saying which it became")
    return _receipt(interface, str(made["id"]))


def find(interface: Interface, outgoing: Outgoing) -> Receipt | None:
    """An own post with this text under the same message, since the button was pressed."""
    target = outgoing.parent_external_id or outgoing.post_external_id
    links = links_in(outgoing.text)
    for post, found in _own_since(interface, outgoing.pressed_at - SEARCH_FROM):
        if _answers(post, found, target) and reads_as(post, outgoing.text, links):
            return _receipt(interface, versions(post)[0])
    return None


def set_hidden(interface: Interface, external_id: str, hidden: bool) -> AtSource:
    """Hide or show a reply in a conversation that the account began. Both may be repeated."""
    _must_be_id(external_id)
    interface.money.must_leave_for_answers()
    try:
        said = interface.set_hidden(external_id, hidden)
    except Uncertain as error:
        raise TryLater(error.detail) from None
    if said.get("hidden") is not hidden:
        raise Refused(Reason.CANNOT_HIDE, "X left the reply as it was")
    return AtSource.HIDDEN if hidden else AtSource.VISIBLE


def delete(interface: Interface, external_id: str) -> None:
    """Take one of the account's own posts away; already gone is success."""
    _must_be_id(external_id)
    interface.money.must_leave_for_answers()
    try:
        said = interface.delete(external_id)
    except Uncertain as error:
        raise TryLater(error.detail) from None
    except Refused as refusal:
        if refusal.reason is Reason.MESSAGE_GONE:
            return
        raise
    if said.get("deleted") is not True:
        raise Refused(Reason.OTHER, "X left the post where it was")


# --- Before and after an answer -------------------------------------------------------------


def _answered(interface: Interface, outgoing: Outgoing) -> tuple[dict[str, Any], Found]:
    """The post that is answered, as it is now. Raises `Refused` when it is not there for us."""
    target = outgoing.parent_external_id or outgoing.post_external_id
    gone = Reason.MESSAGE_GONE if outgoing.parent_external_id else Reason.POST_GONE
    if not is_id(target):
        raise Refused(gone, "no id of X's")
    found = interface.posts([target])
    answered = next(iter(found.posts), None)
    if answered is not None:
        return answered, found
    if found.missing.get(target) == "not-authorized-for-resource":
        raise Refused(Reason.NOT_ALLOWED, "the writer does not let the account see it")
    raise Refused(gone, "X does not have it any more")


def _may_be_answered(interface: Interface, answered: Mapping[str, Any], found: Found) -> bool:
    """Whether the summoned rule lets the account answer: known before anything is sent."""
    account = interface.account
    if account.enterprise or answered.get("author_id") == account.id:
        return True
    return summoned(answered, found.others, account, account.id)


def _why_not(interface: Interface, outgoing: Outgoing, refusal: Refused, *, may: bool) -> Receipt:
    """What a refusal without a reliable reason means, decided by facts; its wording comes last.

    The same text said lately makes it a duplicate, or, under the same message since the button was
    pressed, the answer itself. Raises `Refused` otherwise.
    """
    links = links_in(outgoing.text)
    target = outgoing.parent_external_id or outgoing.post_external_id
    hint = interface.problem.hint
    same = hint == "duplicate"
    try:
        for post, found in _own_since(interface, interface.now - SAME_TEXT_FROM):
            if not reads_as(post, outgoing.text, links):
                continue
            same = True
            if _answers(post, found, target) and _written(post) >= (
                outgoing.pressed_at - SEARCH_FROM
            ):
                return _receipt(interface, versions(post)[0])
    except ChannelError:
        pass  # the facts cannot be had: this request was refused all the same, the wording decides
    if same:
        raise Refused(Reason.DUPLICATE, refusal.detail)
    if not may or hint == "summoned":
        raise Refused(Reason.NOT_SUMMONED, refusal.detail)
    raise Refused(Reason.NOT_ALLOWED, refusal.detail)


def _own_since(interface: Interface, moment: datetime) -> Iterator[tuple[dict[str, Any], Found]]:
    """The account's own posts since then, the newest first, each with what came along."""
    token = ""
    for _page in range(MOST_PAGES):
        start = since(moment, interface.now)
        found = interface.own_posts(pagination_token=token, start_time=start)
        for post in found.posts:
            if _written(post) >= start:
                yield post, found
        token = found.token
        if not token:
            return


def _written(post: Mapping[str, Any]) -> datetime:
    """When a post was written; one without a time counts as new, so that it is not overlooked."""
    written = parse_utc(str(post.get("created_at") or ""))
    return written or datetime.max.replace(tzinfo=UTC)


def _answers(post: Mapping[str, Any], found: Found, target: str) -> bool:
    """Whether a post answers that message, whichever of its versions."""
    replied = references(post).get("replied_to")
    if replied is None:
        return False
    parent = found.post(replied)
    return target == replied or (parent is not None and target in versions(parent))


def _receipt(interface: Interface, external_id: str) -> Receipt:
    return Receipt(external_id, status_url(interface.account.handle, external_id))


def _must_be_id(external_id: str) -> None:
    if not is_id(external_id):
        raise Refused(Reason.MESSAGE_GONE, "no id of X's")
