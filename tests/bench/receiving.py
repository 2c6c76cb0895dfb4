"""Messages a second through the whole door, beside the same rows inserted raw and the model alone."""

from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from sqlalchemy import insert, select

from app.channels.base import Connection, Page
from app.collecting.page import Work, take_in
from app.database import Table, db, writing
from app.models import Account, Case, Message, Person, Post, RawPayload, Source, Suggestion
from app.models.event import Event
from app.routing.route import route_waiting
from classifiers.suggest import Text, load
from tests.bench.town import fresh_app, messages, understood

COUNT, A_PAGE = 6000, 100
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TABLES: tuple[type[Table], ...] = (Post, Person, Case, RawPayload, Message, Suggestion, Event)


def run(folder: Path, url: str) -> None:
    """Measure and print three lines."""
    app = fresh_app(folder, url, NOW)
    raws = messages(COUNT, NOW)
    router = load()
    with app.app_context():
        source = a_source()
        channel: Any = SimpleNamespace(
            name="bench", parser_version=1, parse=lambda _c, payload, now: understood(payload)
        )
        work = Work(source, channel, Connection("comments", "x"), "bench")
        started = perf_counter()
        for first in range(0, COUNT, A_PAGE):
            take_in(work, Page(raws=tuple(raws[first : first + A_PAGE])), cursor="x", now=NOW)
            route_waiting(lambda: router, threshold=0.5, now=NOW)
        whole = perf_counter() - started
        kept: dict[type[Table], Any] = {
            table: db.session.execute(select(table.__table__)).mappings().all() for table in TABLES
        }
        assert len(kept[Message]) == COUNT
        kept[Event] = [{**row, "id": row["id"] + COUNT * 10} for row in kept[Event]]
    with fresh_app(folder, url, NOW).app_context():
        a_source()
        floor = raw_floor(kept)
    texts = [Text(understood(raw.payload).text) for raw in raws]
    started = perf_counter()
    for first in range(0, COUNT, A_PAGE):
        router.suggest(texts[first : first + A_PAGE])
    model = perf_counter() - started
    print(f"through the whole door      {COUNT / whole:8.0f} messages/s")
    print(f"  the same rows, raw        {COUNT / floor:8.0f} messages/s (x{whole / floor:.1f})")
    print(f"  the model alone           {COUNT / model:8.0f} messages/s (x{whole / model:.1f})")


def raw_floor(kept: dict[type[Table], Any]) -> float:
    """Seconds to insert the very same rows with nothing but inserts, a page's worth a commit."""
    pages = COUNT // A_PAGE
    started = perf_counter()
    for number in range(pages):
        with writing():
            for table, rows in kept.items():
                size = -(-len(rows) // pages)
                some = [
                    {**row, "parent_id": None} if table is Message else dict(row)
                    for row in rows[number * size : (number + 1) * size]
                ]
                if some and table in (Post, Person, RawPayload, Event):
                    db.session.execute(insert(table.__table__), some)
                elif some:
                    held.setdefault(table, []).extend(some)
    for table in (Case, Message, Suggestion):
        rows = held.pop(table, [])
        for first in range(0, len(rows), A_PAGE):
            with writing():
                db.session.execute(insert(table.__table__), rows[first : first + A_PAGE])
    return perf_counter() - started


held: dict[type[Table], list[dict[str, Any]]] = {}
"""Rows that refer to others wait until those are there."""


def a_source() -> Source:
    """An account with a source that we hold."""
    with writing():
        account = Account(
            channel="practice", external_id="bench", name="Bench", created_at=NOW, settings={}
        )
        db.session.add(account)
        db.session.flush()
        source = Source(
            account_id=account.id, kind="comments", next_look_at=NOW, lease_owner="bench"
        )
        db.session.add(source)
    return db.session.scalars(select(Source)).one()
