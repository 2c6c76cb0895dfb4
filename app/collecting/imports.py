"""Messages in bulk from JSON lines, through the same door as everything else."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from app.basics.plain_text import tidy
from app.channels.base import MessageSeen, PersonSeen, PostSeen
from app.database import db, writing
from app.inbox.receive import Incoming, receive
from app.models import Account, Source

A_BATCH = 200


class BadRow(Exception):
    """A line cannot be taken in; the text says which and why, in plain Swedish."""


@dataclass(slots=True)
class Imported:
    """How an import went: new messages, known ones, and a sentence for each bad line."""

    new: int = 0
    known: int = 0
    bad: list[str] = field(default_factory=list)


def import_messages(account: Account, lines: Iterable[str], *, now: datetime) -> Imported:
    """Take in lines of {"id","post","author","text","at"[,"parent","url","post_title","by_city"]}.

    `at` is ISO 8601 with a zone. A line may come twice. Bad lines are told and passed over; what
    came before them is kept.
    """
    source = _source_of(account, now)
    result = Imported()
    batch: list[MessageSeen] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            batch.append(_read(line))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            result.bad.append(f"Rad {number} går inte att läsa: {error}")
        if len(batch) >= A_BATCH:
            _take(source, batch, result, now)
            batch = []
    _take(source, batch, result, now)
    return result


def _take(source: Source, batch: list[MessageSeen], result: Imported, now: datetime) -> None:
    if not batch:
        return
    with writing():
        new = receive(source, [Incoming(seen) for seen in batch], now=now).new
    result.new += new
    result.known += len(batch) - new


def _source_of(account: Account, now: datetime) -> Source:
    """The account's import source: never polled, made at the first import."""
    mine = (Source.account_id == account.id, Source.kind == "import")
    with writing():
        source = db.session.scalar(select(Source).where(*mine))
        if source is None:
            source = Source(account_id=account.id, kind="import", state="off", next_look_at=now)
            db.session.add(source)
            db.session.flush()
    return db.session.scalars(select(Source).where(*mine)).one()


def _read(line: str) -> MessageSeen:
    row: dict[str, Any] = json.loads(line)
    for name in ("id", "post", "text", "at"):
        if name not in row:
            raise ValueError(f"{name} saknas")
    at = datetime.fromisoformat(str(row["at"]))
    if at.tzinfo is None:
        raise ValueError("at behöver en tidszon")
    author = tidy(str(row.get("author") or ""))
    return MessageSeen(
        external_id=_id(row, "id"),
        post=PostSeen(_id(row, "post"), title=tidy(str(row.get("post_title", "")))),
        text=tidy(str(row["text"])),
        published_at=at.astimezone(UTC),
        author=PersonSeen(f"import:{author}"[:300], author) if author else None,
        parent_external_id=_id(row, "parent") if row.get("parent") else None,
        by_city=bool(row.get("by_city", False)),
        url=tidy(str(row.get("url", ""))),
    )


def _id(row: Mapping[str, Any], name: str) -> str:
    """An id as it stands. One with half a character or a control character is refused.

    Mending it could make two messages' ids the same.
    """
    found = str(row[name])
    if tidy(found) != found.strip():
        raise ValueError(f"{name} innehåller tecken som inte är text")
    return found[:300]
