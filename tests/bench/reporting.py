"""What the figures of response times cost: made anew, kept up, and read for a page.

A message is a resident's word or an answer; every question has its lines in the ledger. Times are
the process's own on SQLite and the clock's on PostgreSQL, whose work is done elsewhere.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import insert, select

from app.database import db, writing
from app.models import Department, Event, Staff
from app.people.staff import add_staff
from app.reports.tallies import Span, backlog, tallied, tallied_by
from app.reports.turns import keep_up, rebuild
from tests.bench.town import fresh_app

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
SIZES = (100_000, 1_000_000)
YEARS = 3
MINUTE = timedelta(minutes=1)
CHANNELS = ("facebook", "x", "youtube", "wordpress", "phone")
KINDS = ("fråga", "synpunkt", "felanmälan", "beröm", "övrigt")
LOOKS = 7


def run(folder: Path, url: str) -> None:
    """Measure and print: each size (a million on SQLite only)."""
    for size in SIZES if not url else SIZES[:1]:
        app = fresh_app(folder, url, NOW)
        timed = process_time if not url else perf_counter
        with app.app_context():
            karin = add_staff(login="karin", name="Karin Ek", role="manager", department="",
                              password="ett långt lösenord", now=NOW)  # fmt: skip
            fill(size)
            started = timed()
            count = rebuild()
            whole = timed() - started
            with writing():
                db.session.execute(insert(Event), list(questions(500, seed=9, first=10_000_000)))
            keep_up(now=NOW)
            started = timed()
            keep_up(now=NOW)
            again = (timed() - started) * 1000
            twelve = page(karin, 84, timed)
            year = page(karin, 364, timed)
        print(
            f"figures, {size:>9,} messages  made anew {whole:6.1f} s ({count:,} cases),"
            f" kept up (500 cases, nothing new) {again:.0f} ms,"
            f" all figures of a page: 12 weeks {twelve:.0f} ms, a year {year:.0f} ms"
        )


def page(staff: Staff, days: int, timed: Callable[[], float]) -> float:
    """Median milliseconds for all that the manager's page reads, with the period before."""
    last = NOW.date()
    span = Span(last - timedelta(days=days - 1), last)
    before = Span(last - timedelta(days=2 * days - 1), last - timedelta(days=days))
    taken = []
    for _ in range(LOOKS):
        started = timed()
        tallied(span, staff, now=NOW)
        tallied(before, staff, now=NOW)
        tallied_by(span, staff, "week", now=NOW, measures=("answering",))
        tallied_by(span, staff, "department", now=NOW, measures=("answering",))
        tallied_by(before, staff, "department", now=NOW, measures=())
        tallied_by(span, staff, "kind", now=NOW, measures=("answering",))
        for channel in CHANNELS:
            of = Span(span.first, span.last, channel=channel)
            tallied_by(of, staff, "week", now=NOW, measures=())
        tallied_by(span, staff, "weekday_hour", now=NOW)
        tallied_by(span, staff, "route", now=NOW)
        backlog(staff, NOW)
        taken.append((timed() - started) * 1000)
    return median(taken)


def fill(messages: int) -> None:
    """The ledger of so many messages over three years: half of them words, half answers."""
    rows: list[dict[str, Any]] = []
    for row in questions(messages // 2, seed=1):
        rows.append(row)
        if len(rows) >= 20_000:
            _write(rows)
    _write(rows)


def _write(rows: list[dict[str, Any]]) -> None:
    if rows:
        with writing():
            db.session.execute(insert(Event), rows)
        rows.clear()


def questions(count: int, *, seed: int, first: int = 1) -> Iterator[dict[str, Any]]:
    """The lines of so many questions, case by case, the newest last."""
    chance = random.Random(seed)
    homes = list(db.session.scalars(select(Department.slug)))
    whole = int(YEARS * 365 * 24 * 60)
    for number in range(count):
        asked = NOW - (whole - whole * number // count) * MINUTE - chance.randrange(1, 9) * MINUTE
        yield from _question(chance, first + number, asked, chance.choice(homes))


def _question(
    chance: random.Random, case: int, asked: datetime, home: str
) -> Iterator[dict[str, Any]]:
    def line(name: str, after: int, **more: Any) -> dict[str, Any]:
        row = {"name": name, "at": asked + after * MINUTE, "case_id": case, "message_id": None,
               "answer_id": None, "staff_id": None, "account_id": None, "source_id": None}  # fmt: skip
        details = {key: more.pop(key) for key in list(more) if key not in row}
        return {**row, **more, "details": details}

    yield line("case_opened", 1, account_id=1, channel=chance.choice(CHANNELS))
    yield line("message_received", 1, message_id=case, published=asked.isoformat())
    yield line("case_routed", 2, to=home, kind=chance.choice(KINDS))
    looked = chance.randrange(3, 1500)
    yield line("case_looked_at", looked, staff_id=1)
    sent = looked + chance.randrange(1, 2500)
    if asked + sent * MINUTE < NOW and chance.random() < 0.95:
        yield line("answer_queued", sent - 1, staff_id=1, answer_id=case)
        yield line("answer_sent", sent, staff_id=1, answer_id=case)
        yield line("case_closed", sent, staff_id=1, outcome="answered")
