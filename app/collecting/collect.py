"""The only poller, the same for all channels: takes due sources, reads them, decides when again.

Several collectors may run beside each other: a lease in the source's row keeps two from reading
the same one, and every commit checks that the lease is still held. A collector that dies leaves a
lease that runs out. One failing source never delays another: several read side by side, a thread
or process each, and every look is bounded.
"""

import os
import secrets
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from sqlalchemy import or_, select, true, update

from app.basics.keys import BadSeal
from app.basics.logs import log
from app.channels.base import ChannelError, SignInNeeded, TryLater
from app.collecting.connect import Options, channel_of, connection_of
from app.collecting.ledger import counted
from app.collecting.outcome import NOT_READ, Look, note_failure, note_success
from app.collecting.page import LeaseLost, Work, read_again, take_in
from app.collecting.recheck import recheck
from app.database import db, writing
from app.models import Account, Source
from app.models.event import log_event
from app.models.source import AccountState, SourceState
from app.people.approvals import approved
from app.routing.route import RouterOf, route_waiting

PAGES_A_LOOK = 40
SECONDS_A_LOOK = 45.0

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Collector:
    """Who collects, with what: the options, the clock, and (loaded late) the router."""

    options: Options
    clock: Clock
    router: RouterOf | None = None
    threshold: float = 0.5
    name: str = field(
        default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    )


def collect_due(
    collector: Collector, *, account_id: int | None = None, all_now: bool = False
) -> int:
    """Read every source that is due, one after the other; returns how many.

    With `all_now` every source that is on is read once. What a source brought is routed at once.
    Must be called inside an application context. Call it in several threads or processes to read
    side by side: a source that hangs then holds up only the one that reads it.
    """
    done: list[int] = []
    while (source_id := _take_one(collector, account_id, all_now, done)) is not None:
        done.append(source_id)
        look_at(collector, source_id)
        if collector.router is not None:
            route_waiting(collector.router, threshold=collector.threshold, now=collector.clock())
    return len(done)


def _take_one(
    collector: Collector, account_id: int | None, all_now: bool, done: Sequence[int]
) -> int | None:
    """Lease the source that is due longest, by compare-and-set: only one collector gets it."""
    now = collector.clock()
    free = or_(Source.lease_until.is_(None), Source.lease_until < now)
    is_due = true() if all_now else Source.next_look_at <= now
    due = (
        select(Source.id)
        .join(Account)
        .where(
            Source.state == SourceState.ON,
            Account.state == AccountState.ACTIVE,
            approved(now),
            Source.id.not_in(done),
            free,
            is_due,
        )
        .order_by(Source.next_look_at)
    )
    if account_id is not None:
        due = due.where(Source.account_id == account_id)
    for candidate in db.session.scalars(due.limit(20)).all():
        with writing():
            taken = db.session.scalar(
                update(Source)
                .where(Source.id == candidate, free, is_due)
                .values(lease_owner=collector.name, lease_until=now + collector.options.lease)
                .returning(Source.id)
                .execution_options(synchronize_session=False)
            )
        if taken is not None:
            return taken
    return None


def look_at(collector: Collector, source_id: int) -> None:
    """Read one source that we hold, from its cursor to its news' end, and say how it went."""
    source = db.session.get_one(Source, source_id, populate_existing=True)
    started, look = monotonic(), Look(due=source.next_look_at)
    try:
        channel = channel_of(source.account)
        connection = connection_of(source, collector.options, now=collector.clock())
        work = Work(source, channel, connection, collector.name)
        look.new += read_again(work, now=collector.clock())
        _read_pages(collector, work, look, started)
        if channel.abilities.recheck:
            recheck(work, look, now=collector.clock())
        if not_read := NOT_READ & set(look.notices):
            raise TryLater(", ".join(sorted(not_read)))
        note_success(source, look, collector.options, owner=collector.name, now=collector.clock())
    except LeaseLost:
        db.session.rollback()
        log().warning("lease_lost", source=source_id)
        return
    except Exception as error:
        db.session.rollback()
        _failed(collector, source_id, error, look)
    log().info(
        "looked",
        source=source_id,
        channel=source.account.channel,
        new=look.new,
        changed=look.changed,
        pages=look.pages,
        ms=round((monotonic() - started) * 1000),
    )


def _failed(collector: Collector, source_id: int, error: Exception, look: Look) -> None:
    if isinstance(error, BadSeal):
        error = SignInNeeded(str(error))
    if not isinstance(error, ChannelError | KeyError):
        log().exception("look_failed", source=source_id)
    source = db.session.get_one(Source, source_id, populate_existing=True)
    note_failure(
        source, error, look, collector.options, owner=collector.name, now=collector.clock()
    )


def _read_pages(collector: Collector, work: Work, look: Look, started: float) -> None:
    """Ask for page after page; end at the end, at a page without news, or when time is up."""
    cursor = work.source.cursor
    while True:
        with counted(work.source.account_id, work.connection.meter):
            page = work.channel.fetch(work.connection, cursor, now=collector.clock())
        now = collector.clock()
        cursor = page.cursor
        received = take_in(work, page, cursor=cursor, now=now)
        look.add(page, received)
        known = page.until_known and not (received.new or received.changed)
        first = work.source.first_read_at is None
        if not page.more or (known and not first):
            _save_cursor(work, page.rest_cursor if page.rest_cursor is not None else cursor)
            look.complete = True
            return
        if look.pages >= PAGES_A_LOOK or monotonic() - started > SECONDS_A_LOOK:
            return  # the cursor stands where we are; the next look goes on from there
        _renew(collector, work)


def _save_cursor(work: Work, cursor: str | None) -> None:
    with writing():
        db.session.execute(
            update(Source)
            .where(Source.id == work.source.id, Source.lease_owner == work.owner)
            .values(cursor=cursor)
            .execution_options(synchronize_session=False)
        )


def _renew(collector: Collector, work: Work) -> None:
    """Hold the source a while longer. Raises `LeaseLost`."""
    with writing():
        held = db.session.scalars(
            update(Source)
            .where(Source.id == work.source.id, Source.lease_owner == work.owner)
            .values(lease_until=collector.clock() + collector.options.lease)
            .returning(Source.id)
            .execution_options(synchronize_session=False)
        ).all()
    if not held:
        raise LeaseLost


def look_soon(source_id: int, *, now: datetime) -> None:
    """Make a source due at once (a person asked for it)."""
    with writing():
        db.session.execute(update(Source).where(Source.id == source_id).values(next_look_at=now))


def ring(channel: str, external_ids: Collection[str], *, now: datetime) -> int:
    """Make the sources of these accounts due at once; how many were not due already.

    One that is being looked at in this moment is looked at again right after: what rang may have
    come too late for the page that is being read.
    Sources that are being waited with at a platform's own wish (a spent budget, a limit) keep
    waiting: a doorbell must never make us break it.
    """
    mine = select(Account.id).where(
        Account.channel == channel, Account.external_id.in_(list(external_ids))
    )
    with writing():
        rung = db.session.scalars(
            update(Source)
            .where(
                Source.account_id.in_(mine),
                or_(Source.next_look_at > now, Source.lease_until > now),
                Source.error_class == "",
            )
            .values(next_look_at=now)
            .returning(Source.id)
            .execution_options(synchronize_session=False)
        ).all()
        for source_id in rung:
            log_event("source_rung", at=now, source_id=source_id)
    return len(rung)
