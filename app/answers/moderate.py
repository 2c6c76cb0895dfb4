"""Hiding a comment and showing it again: a copy and a reason first, then the act itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.answers.freeze import SEALED_REASONS, freeze, seal_copies, words_before
from app.channels.base import AtSource, Channel, Connection, Reason, Refused
from app.collecting.connect import Options, channel_of, connection_of
from app.collecting.incidents import must_not_be_an_incident
from app.collecting.ledger import counted
from app.database import db, writing
from app.inbox.sealed import put_words_back, take_words_out
from app.models import Message, Source, Staff
from app.models.event import log_event
from app.people.rights import Act, NotAllowed, case_for

HIDE_REASONS = (
    "hot",
    "integritetsintrång",
    "uppvigling",
    "hets",
    "barnpornografi",
    "våldsskildring",
    "terror",
    "upphovsrätt",
    "förtal",
    "sekretess",
    "personuppgifter",
    "skräppost",
    "upprepning",
)
"""The closed list: what the Act on bulletin boards (1998:112) 5 § names, and what else the law
makes necessary. None of them is criticism, tone or politics."""


class ReasonNeeded(Exception):
    """A comment is hidden only for a reason on the closed list."""


def hide(
    message_id: int, *, reason: str, by: Staff, options: Options, now: datetime, why: str = ""
) -> Message:
    """Take a comment out of public view, once a copy is frozen; without the copy nothing is done.

    `why` is the person's own words beside the reason. Raises `NotAllowed`, `ReasonNeeded` and the
    channel's errors; nothing but the copy is written then.
    """
    _message_for(by, message_id)  # first, so that nobody learns which messages there are
    if reason not in HIDE_REASONS:
        raise ReasonNeeded
    return _act(message_id, "message_hidden", by, options, now, Why(reason, why.strip()[:1000]))


def show(message_id: int, *, by: Staff, options: Options, now: datetime) -> Message:
    """Show a held or hidden comment. Raises `NotAllowed` and the channel's errors."""
    return _act(message_id, "message_shown", by, options, now, None)


def reject(
    message_id: int, *, reason: str, by: Staff, options: Options, now: datetime, why: str = ""
) -> Message:
    """Turn a held comment down for good: it may never be readable on the platform again.

    A copy is frozen first, as for `hide`, which tells also what is raised.
    """
    _message_for(by, message_id)
    if reason not in HIDE_REASONS:
        raise ReasonNeeded
    return _act(message_id, "message_rejected", by, options, now, Why(reason, why.strip()[:1000]))


def delete_own(
    message_id: int, *, reason: str, by: Staff, options: Options, now: datetime
) -> Message:
    """Take one of the city's own answers away from the platform, once a copy is frozen.

    `reason` is a sentence of the person's own. Raises `NotAllowed`, `ReasonNeeded` and the
    channel's errors; nothing but the copy is written then.
    """
    _message_for(by, message_id)
    if not reason.strip():
        raise ReasonNeeded
    return _act(message_id, "answer_deleted", by, options, now, Why(reason.strip()[:300]))


DOES: dict[str, str] = {
    "message_hidden": "hide",
    "message_shown": "hide",
    "message_rejected": "reject",
    "answer_deleted": "delete_own",
}
"""The ability that each act needs of the channel."""


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, and the person's own words about it, which stand in the copy only."""

    reason: str
    words: str = ""


def _act(
    message_id: int, event: str, by: Staff, options: Options, now: datetime, why: Why | None
) -> Message:
    """Freeze a copy, ask the platform, write down how it stands. `why` None: it is shown again."""
    message = _message_for(by, message_id)
    if message.private or message.by_city != (event == "answer_deleted"):
        raise NotAllowed(Act.MODERATE)
    source = db.session.get_one(Source, message.source_id)
    channel = channel_of(source.account)
    if not getattr(channel.abilities, DOES[event]):
        raise Refused(Reason.NOT_SUPPORTED)
    connection, external_id = connection_of(source, options, now=now), message.external_id
    account_id = source.account_id
    must_not_be_an_incident(source.account.channel, now=now)
    facts: dict[str, Any] = {"was": message.at_source}
    if why is not None:
        copy = freeze(
            message_id,
            act=event,
            reason=why.reason,
            why=why.words,
            by=by,
            keys=options.keys,
            now=now,
        )
        facts = {"reason": why.reason, "copy": copy.id}
    db.session.commit()  # nothing is held open while we talk to the platform
    with counted(account_id, connection.meter):
        stands = _asked(channel, connection, event, external_id, now)
    with writing():
        row = db.session.scalars(select(Message).where(Message.id == message_id)).one()
        row.at_source = stands
        row.removed_at = now if stands == AtSource.REMOVED else row.removed_at
        if why is not None and why.reason in SEALED_REASONS:
            take_words_out(row)
            seal_copies(row.id, options.keys)
        elif why is None and row.sealed:
            put_words_back(row, words_before(row.id, options.keys))
        log_event(event, at=now, case_id=row.case_id, message_id=row.id, staff_id=by.id, **facts)
    return row


def _asked(
    channel: Channel, connection: Connection, event: str, external_id: str, now: datetime
) -> AtSource:
    """Ask the platform for the act; how the message stands afterwards."""
    if event == "answer_deleted":
        channel.delete_own(connection, external_id, now=now)
        return AtSource.REMOVED
    acts = {
        "message_hidden": channel.hide,
        "message_shown": channel.unhide,
        "message_rejected": channel.reject,
    }
    return acts[event](connection, external_id, now=now)


def _message_for(by: Staff, message_id: int) -> Message:
    """The message, for somebody who may moderate in its case. Raises `NotAllowed`."""
    message = db.session.get(Message, message_id, populate_existing=True)
    if message is None or message.case_id is None:
        raise NotAllowed(Act.MODERATE)
    case_for(by, message.case_id, Act.MODERATE)
    return message
