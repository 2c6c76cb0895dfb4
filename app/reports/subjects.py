"""What residents write about: how many cases mention a word, week by week, and what has risen.

Counted at night into a file in DATA_DIR, so that no page reads messages. A week is counted anew
until it and the next are over, then for good. Public words in Swedish alone are counted; a word
of fewer than `FEWEST` cases is never shown, nor is a name (see `subject_words`).
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from app.basics.clock import to_local
from app.channels.base import AtSource
from app.database import db
from app.models import Case, Department, Message, Staff
from app.people.rights import visible_cases
from app.reports.periods import Days
from app.reports.subject_words import subject_words
from app.reports.tallies import NONE

VERSION = 1
FEWEST = 5
"""Cases that a subject needs to be shown."""
CLEAR = 2.5
"""How many standard deviations (of a count by chance) a rise must be."""
MOST_SHOWN = 10
EXAMPLES = 3
MOST_A_WEEK, MOST_OF_ONE = 400, 100
"""Words that are kept of a week, the most frequent: of the whole city, and of one department."""
KEPT_WEEKS = 106
A_BATCH, MOST_A_RUN = 2_000, 150_000
WEEK = timedelta(weeks=1)

Kept = dict[str, dict[str, dict[str, tuple[str, int, list[int]]]]]
"""Monday -> department's slug or EVERY -> stem -> (word, cases, the newest of them)."""
EVERY = "*"
"""As a department: all of them, and none."""


@dataclass(frozen=True, slots=True)
class Example:
    """A case that a subject comes up in, and the newest of its resident's words."""

    case_id: int
    opened_at: datetime
    snippet: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A word, in how many cases now and in the period before, and examples one may see."""

    word: str
    now: int
    before: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Subjects:
    """What has risen most, the most first; `made_at` None: not counted yet."""

    made_at: datetime | None
    rising: list[Subject]


@dataclass(slots=True)
class _Book:
    """What the file holds; weeks from `open_from` on are counted anew from after `closed_id`."""

    weeks: Kept = field(default_factory=dict)
    open_from: str = ""
    closed_id: int = 0
    made_at: str = ""


def subjects_path(config: Mapping[str, Any]) -> Path:
    """Where the counts are kept."""
    return Path(config["DATA_DIR"]) / "subjects.json"


# --- Counting -----------------------------------------------------------------------------------


def count_subjects(path: Path, *, now: datetime) -> int:
    """Count what has come since the last time; returns how many messages were read.

    What it does not manage in one run it takes up in the next.
    """
    book = _read(path)
    book.weeks = {week: kept for week, kept in book.weeks.items() if week < book.open_from}
    staff = tuple(db.session.scalars(select(Staff.name)))
    counting = _Counting(book, staff, oldest=_monday(now) - KEPT_WEEKS * WEEK)
    last, read = book.closed_id, 0
    while read < MOST_A_RUN:
        rows = _next(last)
        counting.take(rows)
        read += len(rows)
        if len(rows) < A_BATCH:
            break
        last = rows[-1].id
    counting.close(None if read < MOST_A_RUN else counting.newest, now)
    oldest = (_monday(now) - KEPT_WEEKS * WEEK).isoformat()
    book.weeks = {week: kept for week, kept in book.weeks.items() if week >= oldest}
    book.made_at = now.isoformat()
    _write(path, book)
    return read


def _next(last: int) -> Sequence[Any]:
    """The next residents' words to count, by their numbers."""
    return db.session.execute(
        select(
            Message.id, Message.text, Message.author_name, Message.published_at, Message.case_id,
            func.coalesce(Department.slug, NONE).label("slug"),
        )
        .join(Case, Case.id == Message.case_id)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(
            Message.id > last,
            ~Message.by_city,
            ~Message.history,
            ~Message.private,
            ~Message.sealed,
            Message.at_source == AtSource.VISIBLE,
            Case.language.in_(("", "sv")),
        )
        .order_by(Message.id)
        .limit(A_BATCH)
    ).all()  # fmt: skip


def _monday(now: datetime) -> date:
    today = to_local(now).date()
    return today - timedelta(days=today.weekday())


class _Counting:
    """Weeks under way; those that are over are put in the book, so that memory stays small."""

    def __init__(self, book: _Book, staff: Sequence[str], oldest: date) -> None:
        self._book, self._staff = book, staff
        self._first = max(book.open_from, oldest.isoformat())
        self._cases: dict[tuple[str, str], dict[str, dict[int, str]]] = {}
        self._first_id: dict[str, int] = {}
        self.newest = ""
        self._last_id = book.closed_id

    def take(self, rows: Sequence[Any]) -> None:
        """Count a batch; late words of a week that is over are passed over."""
        weeks = set()
        for row in rows:
            self._last_id = row.id
            week = _monday(row.published_at).isoformat()
            if week < self._first:
                continue
            weeks.add(week)
            self._first_id.setdefault(week, row.id)
            said = subject_words(row.text, (row.author_name, *self._staff))
            for slug in (EVERY, row.slug):
                place = self._cases.setdefault((week, slug), defaultdict(dict))
                for stem, word in said.items():
                    place[stem][row.case_id] = word
        if weeks:
            self.newest = max(self.newest, *weeks)
            self._put_away((date.fromisoformat(min(weeks)) - WEEK).isoformat())

    def close(self, newest: str | None, now: datetime) -> None:
        """Put everything in the book; weeks before the last two may not be counted again.

        `newest`: the week in which counting was broken off; None when all has been counted.
        """
        upto = date.fromisoformat(newest) if newest else _monday(now)
        self._book.open_from = max((upto - WEEK).isoformat(), self._book.open_from)
        open_ids = [n for week, n in self._first_id.items() if week >= self._book.open_from]
        self._book.closed_id = min(open_ids) - 1 if open_ids else self._last_id
        self._put_away("9999")

    def _put_away(self, before: str) -> None:
        """Weeks before this: their most frequent words go into the book."""
        for week, slug in [key for key in self._cases if key[0] < before]:
            place = self._cases.pop((week, slug))
            most = sorted(place.items(), key=lambda item: (-len(item[1]), item[0]))
            most = most[: MOST_A_WEEK if slug == EVERY else MOST_OF_ONE]
            self._book.weeks.setdefault(week, {})[slug] = {
                stem: (_usual(cases.values()), len(cases), sorted(cases)[-EXAMPLES:])
                for stem, cases in most
            }


def _usual(words: Iterable[str]) -> str:
    """The form of a word that is written most."""
    return sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))[0][0]


# --- Telling --------------------------------------------------------------------------------------


def rising(path: Path, staff: Staff, days: Days, before: Days, department: str | None) -> Subjects:
    """The subjects that have risen against the days before, in whole weeks.

    `department`: a slug, or None for all. A subject rises by how many more cases it has than the
    earlier period would make one expect, each period seen against all that was written in it.
    """
    try:
        made_at, scored = _risen(str(path), path.stat().st_mtime_ns, days, before, department)
    except (OSError, ValueError, KeyError):
        return Subjects(None, [])
    seen = _visible([n for one in scored for n in one[3]], staff)
    found = [
        Subject(word, count, earlier, tuple(seen[n] for n in reversed(cases) if n in seen))
        for word, count, earlier, cases in scored
    ]
    return Subjects(made_at, found)


@lru_cache(maxsize=128)
def _risen(
    path: str, changed: int, days: Days, before: Days, department: str | None
) -> tuple[datetime, list[tuple[str, int, int, list[int]]]]:
    """When it was counted, and of the subjects that rose most: word, cases now and before, cases.

    Raises ValueError and KeyError for a file that is none of ours.
    """
    book = _parsed(path, changed)
    now, now_all = _sum(book.weeks, days, department or EVERY)
    then, then_all = _sum(book.weeks, before, department or EVERY)
    scale = now_all / then_all if then_all else 1.0
    scored = []
    for stem, (word, count, cases) in now.items():
        earlier = then[stem][1] if stem in then else 0
        rise = count - earlier * scale
        score = rise / (count + 1) ** 0.5
        if count >= FEWEST and score >= CLEAR:
            scored.append((score, word, count, earlier, cases))
    scored.sort(key=lambda one: (-one[0], one[1]))
    return datetime.fromisoformat(book.made_at), [one[1:] for one in scored[:MOST_SHOWN]]


def _sum(weeks: Kept, days: Days, slug: str) -> tuple[dict[str, tuple[str, int, list[int]]], int]:
    """Stem -> (word, cases, newest cases) of the weeks that begin or run in these days."""
    first = (days.first - timedelta(days=days.first.weekday())).isoformat()
    total: dict[str, tuple[str, int, list[int]]] = {}
    mentions = 0
    for week in sorted(weeks):
        if not first <= week <= days.last.isoformat():
            continue
        for stem, (word, count, cases) in weeks[week].get(slug, {}).items():
            known = total.get(stem)
            if known is None:
                total[stem] = (word, count, cases)
            else:
                total[stem] = (word, known[1] + count, [*known[2], *cases][-EXAMPLES:])
            mentions += count
    return total, mentions


def _visible(numbers: Sequence[int], staff: Staff) -> dict[int, Example]:
    """Those of these cases that the person may see, by number."""
    if not numbers:
        return {}
    wanted = select(Case.id, Case.opened_at, Case.snippet)
    rows = db.session.execute(wanted.where(Case.id.in_(numbers), visible_cases(staff)))
    return {row.id: Example(row.id, row.opened_at, row.snippet) for row in rows}


# --- The file -------------------------------------------------------------------------------------


def _read(path: Path) -> _Book:
    """What the file holds; an empty book when there is none that we understand."""
    try:
        return _parsed(str(path), path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError):
        return _Book()


@lru_cache(maxsize=2)
def _parsed(path: str, _changed: int) -> _Book:
    held = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(held, dict) or held["version"] != VERSION:
        raise ValueError("another version")
    return _Book(held["weeks"], held["open_from"], held["closed_id"], held["made_at"])


def _write(path: Path, book: _Book) -> None:
    """Whole or not at all: a reader never meets half a file."""
    held = {
        "version": VERSION, "weeks": book.weeks, "open_from": book.open_from,
        "closed_id": book.closed_id, "made_at": book.made_at,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")
    fresh.replace(path)
