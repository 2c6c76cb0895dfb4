"""The practice town itself: a small platform in a file of its own, and the story it tells.

Posts, comments, and a log of every publishing, in `practice.sqlite` in DATA_DIR. It is seeded with
a week of a believable town (week.toml) at first use and goes on speaking (later.toml) while the
program runs: what has been said is worked out from the time that has passed, at each look. Safe
for several processes at once.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.channels.base import Outgoing
from app.channels.practice.pace import (
    FOLLOW_UP_AFTER,
    FOLLOW_UP_CHANCE,
    MOST_AFTER_A_PAUSE,
    PACE,
    ago,
    chance_of,
    next_at,
    story,
)

TABLES = """
CREATE TABLE IF NOT EXISTS towns (name TEXT PRIMARY KEY, began TEXT, spoken_to TEXT, told INTEGER);
CREATE TABLE IF NOT EXISTS posts (town TEXT, id TEXT, title TEXT, text TEXT, published TEXT,
  PRIMARY KEY (town, id));
CREATE TABLE IF NOT EXISTS comments (town TEXT, id TEXT, post TEXT, parent TEXT, author TEXT,
  name TEXT, text TEXT, published TEXT, state TEXT, by_city INTEGER, key TEXT, changed INTEGER,
  PRIMARY KEY (town, id));
CREATE INDEX IF NOT EXISTS changed ON comments (town, changed);
CREATE TABLE IF NOT EXISTS planned (town TEXT, at TEXT, what TEXT, number TEXT, text TEXT);
CREATE TABLE IF NOT EXISTS sent (town TEXT, key TEXT, id TEXT, text TEXT, at TEXT);
CREATE TABLE IF NOT EXISTS faults (town TEXT, kind TEXT, times INTEGER);
"""


@dataclass(frozen=True, slots=True)
class Said:
    """One comment as it stands in the town."""

    id: str
    post: str
    parent: str | None
    author: str
    name: str
    text: str
    published: datetime
    state: str
    by_city: bool
    key: str | None


class PracticeTown:
    """The platform itself: what tests and the channel speak with."""

    def __init__(self, path: Path, town: str) -> None:
        """The town in that file; the file and its tables are made when they are missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.town = path, town
        with self._writing() as file:
            if file.execute("SELECT 1 FROM sqlite_master WHERE name = 'faults'").fetchone() is None:
                for statement in TABLES.split(";"):
                    if statement.strip():
                        file.execute(statement)

    @classmethod
    def open(cls, data_dir: Path, town: str) -> "PracticeTown":
        """The town of that name in the data folder."""
        return cls(data_dir / "practice.sqlite", town)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        file = sqlite3.connect(self.path, timeout=15, isolation_level=None)
        file.row_factory = sqlite3.Row
        try:
            file.execute("PRAGMA journal_mode=WAL")
            file.execute("BEGIN IMMEDIATE")
            yield file
            file.execute("COMMIT")
        except BaseException:
            if file.in_transaction:
                file.execute("ROLLBACK")
            raise
        finally:
            file.close()

    # --- The town's life --------------------------------------------------------------------

    def advance(self, now: datetime, speed: str) -> None:
        """Let everything be said that should have been said by now."""
        with self._writing() as file:
            row = file.execute("SELECT * FROM towns WHERE name = ?", (self.town,)).fetchone()
            if row is None:
                self._seed(file, now)
            elif speed in PACE:
                self._speak(file, row, now, PACE[speed])

    def _seed(self, file: sqlite3.Connection, now: datetime) -> None:
        week = story("week.toml")
        file.execute("INSERT INTO towns VALUES (?, ?, ?, 0)", (self.town, _iso(now), _iso(now)))
        for post in week["post"]:
            self._put_post(file, post, ago(now, post["ago"]))
        for comment in week["comment"]:
            self._put_comment(file, comment, ago(now, comment["ago"]))
            for what in ("edit", "removal", "hold"):
                if what in comment:
                    self._change(file, comment["id"], what, comment[what])

    def _speak(
        self, file: sqlite3.Connection, row: sqlite3.Row, now: datetime, pace: float
    ) -> None:
        posts, comments = story("later.toml")["post"], story("later.toml")["comment"]
        at, told, spoken = datetime.fromisoformat(row["spoken_to"]), row["told"], 0
        while spoken < MOST_AFTER_A_PAUSE:
            following = next_at(at, chance_of(self.town, told), pace)
            if following > now:
                break
            comment = comments[told % len(comments)]
            again = told // len(comments)
            number = f"{comment['id']}-{again}" if again else comment["id"]
            for post in posts:
                if post["id"] == comment["post"] and not self._has_post(file, post["id"]):
                    self._put_post(file, post, following - timedelta(minutes=20))
            self._put_comment(file, {**comment, "id": number}, following)
            at, told, spoken = following, told + 1, spoken + 1
        if spoken == MOST_AFTER_A_PAUSE:
            at = now  # it was quiet while the program was off
        self._follow_up(file, now)
        file.execute(
            "UPDATE towns SET spoken_to = ?, told = ? WHERE name = ?", (_iso(at), told, self.town)
        )

    def _follow_up(self, file: sqlite3.Connection, now: datetime) -> None:
        """Now and then a resident asks on, some minutes after an answer of ours."""
        rows = file.execute(
            "SELECT s.id AS id, c.post AS post, p.author AS author, p.name AS name FROM sent s"
            " JOIN comments c ON c.town = s.town AND c.id = s.id"
            " JOIN comments p ON p.town = c.town AND p.id = c.parent"
            " WHERE s.town = ? AND s.at < ? AND NOT EXISTS (SELECT 1 FROM comments r"
            " WHERE r.town = s.town AND r.parent = s.id)",
            (self.town, _iso(now - FOLLOW_UP_AFTER)),
        ).fetchall()
        words = story("later.toml")["follow_up"]
        for row in rows:
            chance = chance_of(self.town, row["id"])
            if chance.random() < FOLLOW_UP_CHANCE:
                comment = {
                    "id": f"f-{row['id']}",
                    "post": row["post"],
                    "parent": row["id"],
                    "author": row["author"],
                    "name": row["name"],
                    "text": chance.choice(words),
                }
                self._put_comment(file, comment, now)

    def _has_post(self, file: sqlite3.Connection, number: str) -> bool:
        found = file.execute("SELECT 1 FROM posts WHERE town = ? AND id = ?", (self.town, number))
        return found.fetchone() is not None

    def _put_post(self, file: sqlite3.Connection, post: dict[str, Any], at: datetime) -> None:
        file.execute(
            "INSERT OR IGNORE INTO posts VALUES (?, ?, ?, ?, ?)",
            (self.town, post["id"], post["title"], post["text"], _iso(at)),
        )

    def _put_comment(self, file: sqlite3.Connection, comment: dict[str, Any], at: datetime) -> None:
        by_city = bool(comment.get("by_city", False))
        name = "Övningsstaden" if by_city else comment["name"]
        file.execute(
            "INSERT OR IGNORE INTO comments VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'visible', ?, ?, ?)",
            (
                self.town, comment["id"], comment["post"], comment.get("parent"),
                "city" if by_city else comment.get("author", name), name, comment["text"].strip(),
                _iso(at), by_city, comment.get("key"), self._next(file),
            ),
        )  # fmt: skip

    def _next(self, file: sqlite3.Connection) -> int:
        row = file.execute("SELECT max(changed) FROM comments WHERE town = ?", (self.town,))
        return int(row.fetchone()[0] or 0) + 1

    def _change(self, file: sqlite3.Connection, number: str, what: str, value: Any) -> None:
        column, new = {
            "edit": ("text", value),
            "removal": ("state", "removed"),
            "hold": ("state", "held"),
            "state": ("state", value),
        }[what]
        file.execute(
            f"UPDATE comments SET {column} = ?, changed = ? WHERE town = ? AND id = ?",  # noqa: S608
            (new, self._next(file), self.town, number),
        )

    # --- What tests and residents do ------------------------------------------------------------

    def says(
        self,
        text: str,
        *,
        at: datetime,
        author: str = "Maria Lindqvist",
        post: str = "p-test",
        parent: str | None = None,
        number: str | None = None,
    ) -> str:
        """A resident comments; the comment's id. The post is made when there is none."""
        with self._writing() as file:
            file.execute(
                "INSERT OR IGNORE INTO towns VALUES (?, ?, ?, 0)", (self.town, _iso(at), _iso(at))
            )
            if not self._has_post(file, post):
                made = {"id": post, "title": "Frågor till staden", "text": "Skriv din fråga här."}
                self._put_post(file, made, at - timedelta(hours=1))
            number = number or f"t{self._next(file)}"
            comment = {"id": number, "post": post, "parent": parent, "name": author, "text": text}
            self._put_comment(file, {**comment, "author": f"r:{author}"}, at)
        return number

    def edits(self, number: str, text: str) -> None:
        """The resident changes the text."""
        with self._writing() as file:
            self._change(file, number, "edit", text)

    def removes(self, number: str) -> None:
        """The resident takes the comment away."""
        with self._writing() as file:
            self._change(file, number, "removal", True)

    def holds(self, number: str) -> None:
        """The platform holds the comment for approval."""
        with self._writing() as file:
            self._change(file, number, "hold", True)

    def fail_next(self, kind: str, times: int = 1) -> None:
        """later, refused, sign_in, uncertain_acted, uncertain_not_acted, gone or budget."""
        with self._writing() as file:
            file.execute("INSERT INTO faults VALUES (?, ?, ?)", (self.town, kind, times))

    def everything(self) -> list[Said]:
        """Every comment as it stands, in the order of their first saying."""
        with self._writing() as file:
            rows = file.execute(
                "SELECT * FROM comments WHERE town = ? ORDER BY rowid", (self.town,)
            )
            return [_said(row) for row in rows.fetchall()]

    def sent(self) -> list[tuple[str, str]]:
        """Every publishing there has been, as (key, text): a double would be seen here."""
        with self._writing() as file:
            rows = file.execute(
                "SELECT key, text FROM sent WHERE town = ? ORDER BY rowid", (self.town,)
            )
            return [(row["key"], row["text"]) for row in rows.fetchall()]

    # --- What the channel does ---------------------------------------------------------------

    def fault(self, *kinds: str) -> str | None:
        """The fault that is to happen now, if one of these kinds is set; it is used up."""
        with self._writing() as file:
            row = file.execute(
                "SELECT rowid, * FROM faults WHERE town = ? AND times > 0 ORDER BY rowid",
                (self.town,),
            ).fetchone()
            if row is None or row["kind"] not in kinds:
                return None
            file.execute("UPDATE faults SET times = times - 1 WHERE rowid = ?", (row["rowid"],))
            return str(row["kind"])

    def changed_since(self, changed: int, limit: int) -> list[dict[str, Any]]:
        """Comments with their posts that have changed since that number, in order of change."""
        return self._rows("c.changed > ? ORDER BY c.changed LIMIT ?", (changed, limit))

    def these(self, numbers: Sequence[str]) -> list[dict[str, Any]]:
        """These comments with their posts."""
        marks = ",".join("?" * len(numbers))
        return self._rows(f"c.id IN ({marks})", tuple(numbers))

    def _rows(self, where: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        with self._writing() as file:
            rows = file.execute(
                "SELECT c.*, p.title, p.text AS post_text, p.published AS post_published"  # noqa: S608
                " FROM comments c JOIN posts p ON p.town = c.town AND p.id = c.post"
                f" WHERE c.town = ? AND {where}",
                (self.town, *values),
            )
            return [dict(row) for row in rows.fetchall()]

    def publish(self, outgoing: Outgoing, now: datetime) -> str:
        """The city's answer stands in the town; its id."""
        with self._writing() as file:
            number = f"a{self._next(file)}"
            answer = {
                "id": number,
                "post": outgoing.post_external_id,
                "parent": outgoing.parent_external_id,
                "text": outgoing.text,
                "by_city": True,
                "key": outgoing.key,
            }
            self._put_comment(file, answer, now)
            file.execute(
                "INSERT INTO sent VALUES (?, ?, ?, ?, ?)",
                (self.town, outgoing.key, number, outgoing.text, _iso(now)),
            )
        return number

    def published_with(self, key: str) -> str | None:
        """The id of the answer with that key, if it stands in the town."""
        with self._writing() as file:
            row = file.execute(
                "SELECT id FROM comments WHERE town = ? AND key = ?", (self.town, key)
            ).fetchone()
            return str(row["id"]) if row else None

    def set_state(self, number: str, state: str) -> bool:
        """Hide or show a comment; False when there is none."""
        with self._writing() as file:
            row = file.execute(
                "SELECT state FROM comments WHERE town = ? AND id = ?", (self.town, number)
            ).fetchone()
            if row is None or row["state"] == "removed":
                return False
            if row["state"] != state:
                self._change(file, number, "state", state)
        return True


def _said(row: sqlite3.Row) -> Said:
    return Said(
        row["id"], row["post"], row["parent"], row["author"], row["name"], row["text"],
        datetime.fromisoformat(row["published"]), row["state"], bool(row["by_city"]), row["key"],
    )  # fmt: skip


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
