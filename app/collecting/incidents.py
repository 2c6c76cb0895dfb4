"""A platform-wide incident: an administrator switches a channel to read-only, and back."""

from datetime import datetime, timedelta

from sqlalchemy import select

from app.channels.base import TryLater
from app.database import db, writing
from app.models import Incident, Staff
from app.models.event import log_event
from app.people.rights import Act, must_be_allowed

ASK_AGAIN = timedelta(minutes=5)


class NotSaid(Exception):
    """An incident needs a sentence that says what has happened."""


def open_incidents() -> dict[str, Incident]:
    """The incidents that go on, by channel."""
    rows = db.session.scalars(select(Incident).where(Incident.ended_at.is_(None)))
    return {row.channel: row for row in rows}


def incident_on(channel: str) -> Incident | None:
    """The incident that goes on on this channel."""
    return open_incidents().get(channel)


def must_not_be_an_incident(channel: str, *, now: datetime) -> None:
    """Raises `TryLater` while the channel is read-only: what is queued waits and is not lost."""
    if incident_on(channel) is not None:
        raise TryLater("read-only: an incident", until=now + ASK_AGAIN)


def begin(channel: str, *, text: str, by: Staff, now: datetime) -> Incident:
    """Switch a channel to read-only. Raises `NotAllowed` and `NotSaid`.

    Reading goes on; queued answers wait until it ends. A second one only changes the sentence.
    """
    must_be_allowed(by, Act.DECLARE_INCIDENT)
    if not text.strip():
        raise NotSaid
    with writing():
        incident = incident_on(channel)
        if incident is not None:
            incident.text = text.strip()[:500]
            return incident
        incident = Incident(
            channel=channel, text=text.strip()[:500], started_at=now, started_by_id=by.id
        )
        db.session.add(incident)
        log_event("incident_began", at=now, staff_id=by.id, channel=channel)
    return incident


def end(channel: str, *, by: Staff, now: datetime) -> None:
    """Let a channel send again; nothing happens where there is no incident. Raises `NotAllowed`."""
    must_be_allowed(by, Act.DECLARE_INCIDENT)
    with writing():
        incident = incident_on(channel)
        if incident is not None:
            incident.ended_at, incident.ended_by_id = now, by.id
            log_event("incident_ended", at=now, staff_id=by.id, channel=channel)
