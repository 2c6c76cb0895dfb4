"""Takes one page in: raw first and committed, then understood, then the cursor, all or nothing."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from app.basics.logs import log
from app.channels.base import Channel, Connection, MessageSeen, NotUnderstood, Page, Raw
from app.database import db, insert_or_ignore, writing
from app.inbox.receive import Incoming, Received, mark_removed, receive
from app.inbox.sealed import sealed_among, without_words
from app.models import Message, RawPayload, Source


class LeaseLost(Exception):
    """Another collector has taken the source over; whatever we hold of it is stale."""


@dataclass(frozen=True, slots=True)
class Work:
    """One look at one source: the row, its channel, what the channel may know, and who we are."""

    source: Source
    channel: Channel
    connection: Connection
    owner: str


def payload_hash(payload: str) -> str:
    """A short name for exactly this payload."""
    return hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def take_in(work: Work, page: Page, *, cursor: str | None, now: datetime) -> Received:
    """Keep a page's payloads, understand them, move the cursor.

    The raw payloads are committed first. A payload that is not understood is kept as such and
    stops nothing. Raises `LeaseLost` (and keeps nothing but the raw payloads) when another
    collector holds the source by now.
    """
    news = _news(work, page.raws)
    sealed = sealed_among(work.source, list(news))
    _keep(work, news, now, sealed)
    understood, not_understood = _understand(work, news, now)
    understood = [
        replace(one, seen=without_words(one.seen)) if one.seen.external_id in sealed else one
        for one in understood
    ]
    with writing():
        hold(work)
        result = receive(work.source, understood, now=now)
        if page.removed:
            gone = mark_removed(work.source, page.removed, now=now)
            result.changed += gone.changed
        _mark(work, [(i.seen.external_id, i.payload_hash) for i in understood], "parsed", {})
        _mark(work, list(not_understood), "not_understood", not_understood)
        _set_overtaken(work, (item.seen.external_id for item in understood))
        db.session.execute(update(Source).where(Source.id == work.source.id).values(cursor=cursor))
    return result


def hold(work: Work) -> None:
    """Lock the source's row and make sure that it is still ours. Raises `LeaseLost`."""
    owner = db.session.scalar(
        select(Source.lease_owner).where(Source.id == work.source.id).with_for_update()
    )
    if owner != work.owner:
        raise LeaseLost


def _news(work: Work, raws: Sequence[Raw]) -> dict[str, Raw]:
    """The payloads that differ from what we last read, by external id (the last one wins)."""
    source = work.source
    latest = {raw.external_id: raw for raw in raws}
    if not latest:
        return {}
    known = {
        (row.external_id, row.payload_hash)
        for row in db.session.execute(
            select(Message.external_id, Message.payload_hash).where(
                Message.source_id == source.id, Message.external_id.in_(list(latest))
            )
        )
    }
    kept = {
        (row.external_id, row.payload_hash)
        for row in db.session.execute(
            select(RawPayload.external_id, RawPayload.payload_hash).where(
                RawPayload.source_id == source.id,
                RawPayload.external_id.in_(list(latest)),
                RawPayload.state == "not_understood",
                RawPayload.parser_version >= work.channel.parser_version,
            )
        )
    }
    return {
        key: raw
        for key, raw in latest.items()
        if (key, payload_hash(raw.payload)) not in known | kept
    }


def _keep(work: Work, news: dict[str, Raw], now: datetime, sealed: set[str]) -> None:
    if not news:
        return
    with writing():
        insert_or_ignore(
            RawPayload,
            [
                {
                    "source_id": work.source.id,
                    "external_id": raw.external_id,
                    "payload": "" if raw.external_id in sealed else storable(raw.payload),
                    "payload_hash": payload_hash(raw.payload),
                    "state": "parsed" if raw.external_id in sealed else "waiting",
                    "parser_version": work.channel.parser_version,
                    "error": "",
                    "fetched_at": now,
                }
                for raw in news.values()
            ],
        )


def _understand(
    work: Work, news: dict[str, Raw], now: datetime
) -> tuple[list[Incoming], dict[tuple[str, str], str]]:
    """What the channel makes of the payloads; and those it cannot, with the reason."""
    understood: list[Incoming] = []
    not_understood: dict[tuple[str, str], str] = {}
    for raw in news.values():
        name = payload_hash(raw.payload)
        try:
            seen = work.channel.parse(work.connection, raw.payload, now=now)
            _must_be_text(seen)
        except NotUnderstood as error:
            not_understood[raw.external_id, name] = error.detail
        except Exception as error:  # a fault of ours in one message must not lose the others
            log().exception("parse_failed", channel=work.channel.name, source=work.source.id)
            not_understood[raw.external_id, name] = type(error).__name__
        else:
            understood.append(Incoming(seen, name))
    return understood, not_understood


def _must_be_text(seen: MessageSeen) -> None:
    """Raise `NotUnderstood` when something in a message is no text that a database can keep."""
    said = [seen.external_id, seen.text, seen.url, seen.parent_external_id or ""]
    said += [seen.post.external_id, seen.post.title, seen.post.text, seen.post.url]
    if seen.author is not None:
        said += [seen.author.external_id, seen.author.name, seen.author.handle, seen.author.url]
    if any(storable(one) != one for one in said):
        raise NotUnderstood("characters that are no text")


def storable(text: str) -> str:
    """The text without what no database keeps: NUL, and halves of characters (lone surrogates)."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _mark(
    work: Work, keys: Sequence[tuple[str, str]], state: str, errors: dict[tuple[str, str], str]
) -> None:
    """Write down what became of kept payloads."""
    if not keys:
        return
    hashes = [name for _id, name in keys]
    values: dict[str, Any] = {"state": state, "parser_version": work.channel.parser_version}
    mine = update(RawPayload).where(RawPayload.source_id == work.source.id)
    quiet = {"synchronize_session": False}
    db.session.execute(
        mine.where(RawPayload.payload_hash.in_(hashes)).values(error="", **values),
        execution_options=quiet,
    )
    for (external_id, name), error in errors.items():
        db.session.execute(
            mine.where(
                RawPayload.external_id == external_id, RawPayload.payload_hash == name
            ).values(error=error[:2000]),
            execution_options=quiet,
        )


def _set_overtaken(work: Work, external_ids: Iterable[str]) -> None:
    """Set aside what was never understood of messages of which something newer has been."""
    waiting = RawPayload.state.in_(("waiting", "not_understood"))
    mine = RawPayload.source_id == work.source.id
    left = select(RawPayload.external_id).where(mine, waiting).limit(5000)
    ids = set(db.session.scalars(left)) & set(external_ids)
    if not ids:
        return
    newer = aliased(RawPayload)
    newest = select(func.max(newer.id)).where(
        newer.source_id == RawPayload.source_id,
        newer.external_id == RawPayload.external_id,
        newer.state == "parsed",
    )
    db.session.execute(
        update(RawPayload)
        .where(mine, waiting, RawPayload.external_id.in_(ids))
        .where(RawPayload.id < newest.scalar_subquery())
        .values(state="overtaken")
        .execution_options(synchronize_session=False)
    )


def _to_read_again(work: Work) -> Sequence[RawPayload]:
    """What waits, and what an older version did not understand (at most 500)."""
    return db.session.scalars(
        select(RawPayload)
        .where(
            RawPayload.source_id == work.source.id,
            (RawPayload.state == "waiting")
            | (
                (RawPayload.state == "not_understood")
                & (RawPayload.parser_version < work.channel.parser_version)
            ),
        )
        .order_by(RawPayload.id)
        .limit(500)
    ).all()


def read_again(work: Work, *, now: datetime) -> int:
    """Try payloads that an older version did not understand (or that a crash left waiting).

    Of several payloads of one message the newest counts. Returns how many messages they gave.
    Raises `LeaseLost`.
    """
    rows = _to_read_again(work)
    if not rows:
        return 0
    news = {row.external_id: Raw(row.external_id, row.payload) for row in rows}
    understood, not_understood = _understand(work, news, now)
    with writing():
        hold(work)
        result = receive(work.source, understood, now=now)
        for row in rows:
            if payload_hash(news[row.external_id].payload) != row.payload_hash:
                row.state = "overtaken"
            elif (row.external_id, row.payload_hash) not in not_understood:
                row.state, row.error = "parsed", ""
            else:
                row.state = "not_understood"
                row.error = not_understood[row.external_id, row.payload_hash][:2000]
            row.parser_version = work.channel.parser_version
        db.session.flush()
        _set_overtaken(work, (item.seen.external_id for item in understood))
    return result.new
