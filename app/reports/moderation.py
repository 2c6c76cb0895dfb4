"""What was hidden and why, counted from the ledger; no text, no names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from app.answers.moderate import HIDE_REASONS
from app.channels.base import AtSource
from app.database import db
from app.models import Event

HIDDEN = ("message_hidden", "message_rejected")


@dataclass(frozen=True, slots=True)
class Moderated:
    """What happened within a period. `reasons` holds every reason of the list, 0 included."""

    hidden: int = 0
    shown_again: int = 0
    blocked: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


def moderated(since: datetime, until: datetime) -> Moderated:
    """How many messages were hidden, by reason, from `since` up to `until` (aware UTC).

    What was hidden, shown and hidden again counts each time: these are acts, not messages.
    """
    reasons = dict.fromkeys(HIDE_REASONS, 0)
    hidden = shown = blocked = 0
    names = (*HIDDEN, "message_shown", "person_blocked")
    within = (Event.name.in_(names), Event.at >= since, Event.at < until)
    for row in db.session.execute(select(Event.name, Event.details).where(*within)):
        if row.name == "message_shown":
            shown += row.details.get("was") == AtSource.HIDDEN
        elif row.name == "person_blocked":
            blocked += "reason" in row.details
        else:
            hidden += 1
            reason = row.details.get("reason", "")
            reasons[reason] = reasons.get(reason, 0) + 1
    return Moderated(hidden, shown, blocked, reasons)
