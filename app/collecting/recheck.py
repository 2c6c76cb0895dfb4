"""Looks again at what was read before: edits, approvals and removals leave no other trace."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from app.collecting.ledger import counted
from app.collecting.outcome import Look
from app.collecting.page import Work, hold, take_in
from app.database import db, writing
from app.models import Case, Message

A_LOOK = 100
CLOSED_AGAIN = timedelta(hours=12)
NO_LONGER_AFTER = timedelta(days=60)


def recheck(work: Work, look: Look, *, now: datetime) -> None:
    """Ask the platform how up to 100 messages stand that were not told of for the longest.

    Words in open cases and held ones are asked about as often as the channel says (at nearly every
    look where it costs nothing), others at most twice a day for 60 days. Raises what the channel
    raises.
    """
    ids = _due(work, now)
    if not ids:
        return
    with counted(work.source.account_id, work.connection.meter):
        page = work.channel.recheck(work.connection, ids, now=now)
    received = take_in(work, page, cursor=_cursor(work), now=now)
    look.changed += received.changed
    with writing():
        hold(work)
        db.session.execute(
            update(Message)
            .where(Message.source_id == work.source.id, Message.external_id.in_(ids))
            .values(checked_at=now)
            .execution_options(synchronize_session=False)
        )


def _cursor(work: Work) -> str | None:
    """The source's cursor as it stands: a recheck does not move it."""
    db.session.refresh(work.source)
    return work.source.cursor


def _due(work: Work, now: datetime) -> list[str]:
    open_again = work.channel.abilities.recheck_every
    rows = db.session.scalars(
        select(Message.external_id)
        .outerjoin(Case, Case.id == Message.case_id)
        .where(
            Message.source_id == work.source.id,
            Message.at_source != "removed",
            ~Message.private,
            or_(
                (Message.checked_at < now - open_again)
                & (Case.is_open | (Message.at_source == "held")),
                (Message.checked_at < now - max(CLOSED_AGAIN, open_again))
                & (Message.published_at > now - NO_LONGER_AFTER),
            ),
        )
        .order_by(Message.checked_at)
        .limit(A_LOOK)
    )
    return list(rows)
