"""What stands on a stand-in's platform: posts and comments, kept in a file when it has one."""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MakeId = Callable[[str, datetime, int], str]
"""(`post` or `comment`, when, a number that grows) -> the platform's id."""


@dataclass
class Post:
    """What people write under. `by` '' for the city's own. `extra`: what only one platform has."""

    id: str
    title: str
    text: str
    at: datetime
    by: str = ""
    gone: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Comment:
    """One comment. `author` is the writer's id there, '' when the platform does not say.

    `state`: visible, held, hidden, spam, rejected or removed. `changed_at` None until edited.
    """

    id: str
    post: str
    parent: str | None
    author: str
    name: str
    text: str
    at: datetime
    by_city: bool = False
    state: str = "visible"
    changed_at: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Stage:
    """The platform's memory, safe for several threads; written to `path` after every change."""

    def __init__(self, make_id: MakeId, path: Path | None = None) -> None:
        """What is in the file is there again."""
        self.make_id, self.path = make_id, path
        self.lock = threading.RLock()
        self.posts: dict[str, Post] = {}
        self.comments: dict[str, Comment] = {}
        self.facts: dict[str, Any] = {}
        """Whatever else is to be remembered (JSON)."""
        self.last = 0
        if path is not None and path.exists():
            self._load(path)

    def add_post(
        self, title: str, text: str, *, at: datetime, by: str = "", key: str = "", **extra: Any
    ) -> Post:
        """Somebody publishes; with a `key` that has been used, what it made then."""
        with self.lock:
            known = self.facts.get(f"post:{key}") if key else None
            if known:
                return self.posts[known]
            post = Post(self._id("post", at), title, text, at, by, extra=extra)
            self.posts[post.id] = post
            self._remember("post", key, post.id)
            return post

    def add_comment(
        self,
        post: str,
        name: str,
        text: str,
        *,
        at: datetime,
        parent: str | None = None,
        author: str | None = None,
        by_city: bool = False,
        state: str = "visible",
        key: str = "",
        **extra: Any,
    ) -> Comment:
        """Somebody writes under a post; with a `key` that has been used, what it made then."""
        with self.lock:
            known = self.facts.get(f"comment:{key}") if key else None
            if known:
                return self.comments[known]
            who = f"u-{name}" if author is None else author
            comment = Comment(
                self._id("comment", at), post, parent, who, name, text, at, by_city, state,
                extra=extra,
            )  # fmt: skip
            self.comments[comment.id] = comment
            self._remember("comment", key, comment.id)
            return comment

    def edit(self, external_id: str, text: str, *, at: datetime) -> None:
        """A comment gets another text."""
        with self.lock:
            self.comments[external_id].text = text
            self.comments[external_id].changed_at = at
            self.save()

    def set_state(self, external_id: str, state: str) -> None:
        """A comment is held, hidden, shown, rejected or removed."""
        with self.lock:
            self.comments[external_id].state = state
            self.save()

    def under(self, post: str) -> list[Comment]:
        """Everything under a post, whatever its state, the oldest first."""
        with self.lock:
            found = [comment for comment in self.comments.values() if comment.post == post]
        return sorted(found, key=lambda comment: comment.at)

    def save(self) -> None:
        """Write everything to the file in one step."""
        if self.path is None:
            return
        with self.lock:
            kept = {
                "last": self.last,
                "facts": self.facts,
                "posts": [_plain(asdict(post)) for post in self.posts.values()],
                "comments": [_plain(asdict(comment)) for comment in self.comments.values()],
            }
            beside = self.path.with_suffix(".new")
            beside.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
            beside.replace(self.path)

    def _load(self, path: Path) -> None:
        kept = json.loads(path.read_text(encoding="utf-8"))
        self.last, self.facts = kept["last"], kept["facts"]
        self.posts = {row["id"]: Post(**_timed(row)) for row in kept["posts"]}
        self.comments = {row["id"]: Comment(**_timed(row)) for row in kept["comments"]}

    def _id(self, kind: str, at: datetime) -> str:
        self.last += 1
        return self.make_id(kind, at, self.last)

    def _remember(self, kind: str, key: str, external_id: str) -> None:
        if key:
            self.facts[f"{kind}:{key}"] = external_id
        self.save()


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    times = {
        name: datetime.fromisoformat(row[name]) for name in ("at", "changed_at") if row.get(name)
    }
    return {**row, **times}
