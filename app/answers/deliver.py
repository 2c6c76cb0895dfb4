"""Carries the outbox to the platforms: at most once, and nothing silently missing.

1. Claim a queued answer by compare-and-set, commit.
2. Write down that the request is about to leave (`left_at`), commit. Only then does it leave.
3. Write down what the platform said.

A deliverer that dies before 2 leaves an answer that certainly did not go: it is queued again. One
that dies after 2 leaves an answer that may be there: the platform is searched for it, and what the
search does not find is asked of a person. Nothing is ever sent a second time without a search
first, and after an unclear outcome not without a person's press.
"""

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, update
from sqlalchemy.orm import aliased

from app.answers.record import postponed, published, refused, unclear
from app.basics.keys import BadSeal
from app.basics.logs import log
from app.channels.base import (
    Channel,
    ChannelError,
    Connection,
    Gone,
    Outgoing,
    Reason,
    Receipt,
    Refused,
    SignInNeeded,
    TryLater,
    all_channels,
    contract_name,
)
from app.collecting.connect import Options, channel_of, connection_of
from app.collecting.incidents import must_not_be_an_incident
from app.collecting.ledger import counted
from app.database import db, writing
from app.models import Account, Answer, Message, Source
from app.models.answer import AnswerState
from app.models.source import AccountState
from app.people.approvals import is_approved

SEARCH_AFTER = (timedelta(seconds=5), timedelta(seconds=60), timedelta(minutes=10))
"""When an uncertain answer is looked for again; after the last it is the author's question."""


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Who delivers, with what: the options and the clock."""

    options: Options
    clock: Callable[[], datetime]
    name: str = field(
        default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    )


def deliver_due(deliverer: Deliverer) -> int:
    """Deliver what is due and look for what is uncertain; returns how many answers were handled.

    Must be called inside an application context. Call it in several threads or processes to
    deliver side by side; an account that hangs holds up only the one that serves it.
    """
    recover_lost(deliverer.clock())
    done: list[int] = []
    while (taken := _take_one(deliverer, done)) is not None:
        answer_id, state = taken
        done.append(answer_id)
        try:
            if state == AnswerState.SENDING:
                send(deliverer, answer_id)
            else:
                search(deliverer, answer_id)
        except Exception:  # one answer's trouble must not hold up the next
            db.session.rollback()
            log().exception("delivery_failed", answer=answer_id)
    return len(done)


def recover_lost(now: datetime) -> None:
    """What a dead deliverer held: back in the queue if it never left, else uncertain."""
    with writing():
        lost = (Answer.state == AnswerState.SENDING, Answer.lease_until < now)
        ids = db.session.scalars(select(Answer.id).where(*lost).with_for_update()).all()
        for answer in db.session.scalars(select(Answer).where(Answer.id.in_(ids))):
            answer.lease_owner = answer.lease_until = None
            if answer.left_at is None:
                answer.state = AnswerState.QUEUED
            else:
                unclear(answer, "deliverer_lost", now)


def _take_one(deliverer: Deliverer, done: Sequence[int]) -> tuple[int, str] | None:
    """Claim the next due answer of an account that nobody is serving at this moment."""
    now = deliverer.clock()
    target, served = aliased(Message), aliased(Answer)
    busy = (
        select(Source.account_id)
        .join(target, target.source_id == Source.id)
        .join(served, served.in_reply_to_id == target.id)
        .where(served.lease_until > now)
    )
    candidates = db.session.scalars(
        select(Answer.id)
        .join(Message, Message.id == Answer.in_reply_to_id)
        .join(Source, Source.id == Message.source_id)
        .where(
            _due(now),
            Answer.id.not_in(done),
            Source.account_id.not_in(busy),
            Source.account_id.not_in(_resting(now)),
        )
        .order_by(Answer.send_after, Answer.id)
        .limit(20)
    ).all()
    for answer_id in candidates:
        state = _claim(deliverer, answer_id)
        if state is not None:
            return answer_id, state
    return None


def _resting(now: datetime) -> Any:
    """Accounts from which an answer has just left, where the platform wants a pause between two."""
    target, left = aliased(Message), aliased(Answer)
    pauses = [
        (Account.channel == channel.name) & (left.left_at > now - channel.abilities.answer_every)
        for channel in all_channels().values()
        if channel.abilities.answer_every
    ]
    return (
        select(Source.account_id)
        .join(Account, Account.id == Source.account_id)
        .join(target, target.source_id == Source.id)
        .join(left, left.in_reply_to_id == target.id)
        .where(or_(false(), *pauses))
    )


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(
        (Answer.state == AnswerState.QUEUED) & (Answer.send_after <= now),
        (Answer.state == AnswerState.UNCERTAIN)
        & (Answer.looks < len(SEARCH_AFTER))
        & (Answer.send_after <= now)
        & (Answer.lease_until.is_(None) | (Answer.lease_until < now)),
    )


def _claim(deliverer: Deliverer, answer_id: int) -> str | None:
    """Take one answer by compare-and-set; None when somebody else was first."""
    now = deliverer.clock()
    lease = {"lease_owner": deliverer.name, "lease_until": now + deliverer.options.lease}
    one = update(Answer).where(Answer.id == answer_id).execution_options(synchronize_session=False)
    with writing():
        queued = (Answer.state == AnswerState.QUEUED) & (Answer.send_after <= now)
        taken = db.session.scalar(
            one.where(queued)
            .values(state=AnswerState.SENDING, left_at=None, tries=Answer.tries + 1, **lease)
            .returning(Answer.state)
        )
        if taken is None:
            taken = db.session.scalar(
                one.where(_due(now), Answer.state == AnswerState.UNCERTAIN)
                .values(looks=Answer.looks + 1, looked_at=now, **lease)
                .returning(Answer.state)
            )
    return taken


def send(deliverer: Deliverer, answer_id: int) -> None:
    """Publish an answer that we hold, once; search first when it has been tried before."""
    answer = db.session.get_one(Answer, answer_id, populate_existing=True)
    options, clock = deliverer.options, deliverer.clock
    try:
        source = _source_of(answer)
        if source.account.state != AccountState.ACTIVE:
            again = clock() + timedelta(minutes=5)
            postponed(answer_id, again, "account_paused", now=clock())
            return
        if not is_approved(source.account, clock()):
            again = clock() + timedelta(minutes=5)
            postponed(answer_id, again, "not_approved", now=clock())
            return
        must_not_be_an_incident(source.account.channel, now=clock())
        channel, connection = (
            channel_of(source.account),
            connection_of(source, options, now=clock()),
        )
        outgoing, private = outgoing_of(answer), answer.private
        account_id, tries = source.account_id, answer.tries
        db.session.commit()  # nothing is held open while we talk to the platform
        with counted(account_id, connection.meter):
            found = None
            if tries > 1 and not private:
                found = channel.find_sent(connection, outgoing, now=clock())
            if found is None:
                if not _leaves_now(deliverer, answer_id):
                    return
                found = _published(channel, connection, outgoing, private, clock())
    except Exception as error:
        db.session.rollback()
        _not_published(answer_id, error, clock())
        return
    published(answer_id, found, now=clock())


def _published(
    channel: Channel, connection: Connection, outgoing: Outgoing, private: bool, now: datetime
) -> Receipt:
    """The platform's word for it, in public or in private."""
    if not private:
        return channel.send(connection, outgoing, now=now)
    receiver = outgoing.parent_external_id or ""
    return channel.reply_privately(connection, receiver, outgoing.text, now=now)


def _leaves_now(deliverer: Deliverer, answer_id: int) -> bool:
    """Write down that the request is about to leave, if the answer is still ours."""
    with writing():
        return (
            db.session.scalar(
                update(Answer)
                .where(
                    Answer.id == answer_id,
                    Answer.state == AnswerState.SENDING,
                    Answer.lease_owner == deliverer.name,
                )
                .values(left_at=deliverer.clock())
                .returning(Answer.id)
                .execution_options(synchronize_session=False)
            )
            is not None
        )


def _not_published(answer_id: int, error: Exception, now: datetime) -> None:
    """What each of the contract's errors means for the answer."""
    log().warning("answer_not_published", answer=answer_id, error=type(error).__name__)
    if isinstance(error, Refused):
        refused(answer_id, error.reason, now=now)
    elif isinstance(error, Gone):
        refused(answer_id, Reason.POST_GONE, now=now)
    elif isinstance(error, SignInNeeded | BadSeal):
        refused(answer_id, "sign_in_needed", now=now)
    elif isinstance(error, TryLater):
        why = contract_name(error)
        why = "asked_to_wait" if why == "TryLater" and error.until is not None else why
        postponed(answer_id, error.until, why, now=now)
    elif isinstance(error, KeyError):
        refused(answer_id, Reason.NOT_SUPPORTED, now=now)
    else:
        if not isinstance(error, ChannelError):
            log().exception("delivery_fault", answer=answer_id)
        with writing():
            answer = db.session.get_one(Answer, answer_id, with_for_update={"of": Answer})
            if answer.state == AnswerState.SENDING:
                unclear(answer, type(error).__name__, now)


def search(deliverer: Deliverer, answer_id: int) -> None:
    """Look on the platform for an uncertain answer that we hold."""
    answer = db.session.get_one(Answer, answer_id, populate_existing=True)
    receipt: Receipt | None = None
    try:
        source = _source_of(answer)
        channel = channel_of(source.account)
        connection = connection_of(source, deliverer.options, now=deliverer.clock())
        outgoing, account_id = outgoing_of(answer), source.account_id
        private = answer.private
        db.session.commit()
        with counted(account_id, connection.meter):
            if not private:  # a private answer cannot be looked for: a person must say
                receipt = channel.find_sent(connection, outgoing, now=deliverer.clock())
    except Exception as error:
        db.session.rollback()
        log().warning("search_failed", answer=answer_id, error=type(error).__name__)
    if receipt is not None:
        published(answer_id, receipt, now=deliverer.clock())
        return
    with writing():
        answer = db.session.get_one(
            Answer, answer_id, populate_existing=True, with_for_update={"of": Answer}
        )
        answer.lease_owner = answer.lease_until = None
        if answer.looks < len(SEARCH_AFTER):
            answer.send_after = deliverer.clock() + SEARCH_AFTER[answer.looks]


def _source_of(answer: Answer) -> Source:
    return db.session.get_one(Source, answer.in_reply_to.source_id)


def outgoing_of(answer: Answer) -> Outgoing:
    """Exactly what the person pressed send on, as the channel needs it.

    An answer to the post itself has no parent and is addressed to nobody.
    """
    above = None if answer.to_post else answer.in_reply_to
    return Outgoing(
        key=answer.key,
        text=answer.text,
        post_external_id=answer.in_reply_to.post.external_id,
        parent_external_id=above.external_id if above else None,
        pressed_at=answer.pressed_at or answer.created_at,
        addressed_to=above.author_name if above else "",
        thread_external_id=above.parent_external_id if above else None,
    )
