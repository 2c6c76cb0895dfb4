"""Hiding a comment and showing it again: a copy and a reason first, then the act itself."""

from datetime import datetime

from sqlalchemy import select

from app.channels.base import AtSource, Reason, Refused
from app.collecting.connect import Options, channel_of, connection_of
from app.database import db, writing
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


def hide(message_id: int, *, reason: str, by: Staff, options: Options, now: datetime) -> Message:
    """Take a comment out of public view. Our copy (text, raw payload, author, time) stays.

    Raises `NotAllowed`, `ReasonNeeded` and the channel's errors; nothing is written then.
    """
    _message_for(by, message_id)  # first, so that nobody learns which messages there are
    if reason not in HIDE_REASONS:
        raise ReasonNeeded
    return _act(message_id, "message_hidden", by, options, now, reason=reason)


def show(message_id: int, *, by: Staff, options: Options, now: datetime) -> Message:
    """Show a held or hidden comment. Raises `NotAllowed` and the channel's errors."""
    return _act(message_id, "message_shown", by, options, now)


def _act(
    message_id: int, event: str, by: Staff, options: Options, now: datetime, **why: str
) -> Message:
    message = _message_for(by, message_id)
    source = db.session.get_one(Source, message.source_id)
    channel = channel_of(source.account)
    if not channel.abilities.hide:
        raise Refused(Reason.NOT_SUPPORTED)
    connection, external_id = connection_of(source, options), message.external_id
    db.session.commit()  # nothing is held open while we talk to the platform
    act = channel.hide if event == "message_hidden" else channel.unhide
    stands: AtSource = act(connection, external_id, now=now)
    with writing():
        row = db.session.scalars(select(Message).where(Message.id == message_id)).one()
        row.at_source = stands
        log_event(event, at=now, case_id=row.case_id, message_id=row.id, staff_id=by.id, **why)
    return row


def _message_for(by: Staff, message_id: int) -> Message:
    """The message, for somebody who may moderate in its case. Raises `NotAllowed`."""
    message = db.session.get(Message, message_id, populate_existing=True)
    if message is None or message.case_id is None:
        raise NotAllowed(Act.MODERATE)
    case_for(by, message.case_id, Act.MODERATE)
    return message
