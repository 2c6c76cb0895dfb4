"""How a look went, written on the source's row: what the light shows and when to look again."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.basics.working_time import OpeningHours
from app.channels.base import ChannelError, Gone, Page, TryLater, contract_name
from app.collecting.connect import Options
from app.collecting.next_look import Activity, next_look
from app.database import db, writing
from app.inbox.receive import Received
from app.models import Message, Post, Source
from app.models.event import log_event
from app.models.source import SourceState

OUR_FAULT = "OurFault"
NOT_READ = frozenset({"missing", "comments_not_read"})
"""Notices that say that the source could not be read after all."""
SOON = timedelta(seconds=1)


@dataclass(slots=True)
class Look:
    """What one look has brought so far. `due`: when the source was to be looked at (aware UTC), as
    it stood when the look began; `complete`: it went to the end of the news."""

    due: datetime | None = None
    pages: int = 0
    new: int = 0
    changed: int = 0
    complete: bool = False
    asked_to_wait_until: datetime | None = None
    notices: dict[str, str] = field(default_factory=dict)
    budget: dict[str, Any] = field(default_factory=dict)

    def add(self, page: Page, received: Received) -> None:
        """Count one page in."""
        self.pages += 1
        self.new += received.new
        self.changed += received.changed
        self.notices |= dict(page.notices)
        self.budget |= dict(page.budget)
        if page.asked_to_wait_until is not None:
            self.asked_to_wait_until = page.asked_to_wait_until


def note_success(
    source: Source, look: Look, options: Options, *, owner: str, now: datetime
) -> None:
    """Write a good look down, let the source go, and decide when to look again."""
    with writing():
        if not _still_ours(source, owner):
            return
        if source.error_class:
            log_event("source_recovered", at=now, source_id=source.id, was=source.error_class)
        source.last_look_at = source.last_read_at = now
        source.failures, source.error_class, source.error_text = 0, "", ""
        source.notice, source.notice_text = next(iter(look.notices.items()), ("", ""))
        source.budget = {**source.budget, **look.budget}
        if look.new or look.changed:
            source.last_news_at, source.quiet_looks = now, 0
        else:
            source.quiet_looks += 1
        if look.complete and source.first_read_at is None:
            source.first_read_at = now
        source.next_look_at = _after_success(source, look, options, now)
        source.lease_owner = source.lease_until = None


def note_failure(
    source: Source, error: Exception, look: Look, options: Options, *, owner: str, now: datetime
) -> None:
    """Write a failed look down in the contract's words, let go, and back off."""
    with writing():
        if not _still_ours(source, owner):
            return
        name = contract_name(error) if isinstance(error, ChannelError) else OUR_FAULT
        if source.error_class != name:
            log_event("source_failed", at=now, source_id=source.id, error=name)
        source.last_look_at = now
        source.failures += 1
        source.error_class = name
        source.error_text = str(error)[:500] if isinstance(error, ChannelError) else ""
        source.notice, source.notice_text = next(iter(look.notices.items()), ("", ""))
        until = error.until if isinstance(error, TryLater) else look.asked_to_wait_until
        source.next_look_at = _next(source, options, until, now)
        if isinstance(error, Gone):
            source.state = SourceState.GONE
            log_event("source_gone", at=now, source_id=source.id)
        source.lease_owner = source.lease_until = None


def _after_success(source: Source, look: Look, options: Options, now: datetime) -> datetime:
    """When to look next: soon while there is more, or when somebody has rung during the look."""
    if not look.complete:
        return now + SOON
    usual = _next(source, options, look.asked_to_wait_until, now)
    rung = look.due is not None and source.next_look_at != look.due
    if rung and look.asked_to_wait_until is None:
        return min(max(source.next_look_at, now + SOON), usual)
    return usual


def _still_ours(source: Source, owner: str) -> bool:
    db.session.refresh(source, with_for_update={"of": Source})
    return source.lease_owner == owner


def _next(
    source: Source, options: Options, asked_to_wait_until: datetime | None, now: datetime
) -> datetime:
    hours = source.account.owner_department and source.account.owner_department.opening_hours
    return next_look(
        now=now,
        history=_activity(source, now),
        floor=options.floor,
        ceiling=options.ceiling,
        hours=OpeningHours.from_dict(hours) if hours else OpeningHours(),
        asked_to_wait_until=asked_to_wait_until,
        failures=source.failures,
        jitter=random.random(),  # noqa: S311 - spreads the looks, hides nothing
    )


def _activity(source: Source, now: datetime) -> Activity:
    """How much has been said lately, and how old the newest post is."""
    heard = select(func.count()).select_from(Message).where(Message.source_id == source.id)
    day = db.session.scalar(heard.where(Message.fetched_at > now - timedelta(days=1))) or 0
    hour = db.session.scalar(heard.where(Message.fetched_at > now - timedelta(hours=1))) or 0
    newest = db.session.scalar(
        select(func.max(Post.published_at)).where(Post.account_id == source.account_id)
    )
    return Activity(
        last_hour=hour,
        last_day=day,
        newest_post_age=now - newest if newest else None,
        quiet_looks=source.quiet_looks,
    )
