"""What the cursor says: which posts are watched, how they stood, and what remains of this look.

It is JSON and bounded. A look is a list of jobs, each at most one page of the platform's; what is
left of them is in the cursor, so a look can be broken off anywhere and go on later.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from os.path import commonprefix
from typing import Any

WATCHED = 200
"""The newest posts whose counts are compared."""
POSTS_KEPT = 250
IDS_KEPT = 2000
"""Ids of comments in all; of the posts beyond, what goes is seen by rechecking the messages."""
WALK_IDS = 2000

HOUR, DAY = 3600, 86400
YOUNG, MIDDLE = 3 * DAY, 14 * DAY
"""Posts younger than the first are read every hour, than the second every day."""
SWEEP_AT_LEAST = 7 * DAY
SWEEP_STEPS = 7 * 24
"""A sweep over the older posts takes a step an hour, and no less than a week."""
STEP_LEAST, STEP_MOST = 5, 25

Job = dict[str, Any]


@dataclass(slots=True)
class Sweep:
    """The slow pass over the older posts, from the newest of them to the oldest, for ever.

    `at`: posts up to this time are next (unix; 0 when between two sweeps). `step`: how many at a
    time, as many as let a sweep take a week; with very many posts it takes up to a month or more.
    """

    next: int = 0
    at: int = 0
    began: int = 0
    met: int = 0
    step: int = STEP_LEAST


@dataclass(slots=True)
class Memory:
    """All that is known from one look to the next. Times are unix seconds.

    `floor`: nothing written earlier is taken in. `posts`: when each was written, and what the list
    said of it when all its comments were last read. `known`: the ids of those comments. `hour` and
    `day`: when the posts of three days, and of two weeks, are next read whatever the list says.
    `token_at` and `token_ends`: when the sign-in was last checked, and when it ends (0 never).
    """

    floor: int
    posts: dict[str, tuple[int, str]] = field(default_factory=dict)
    known: dict[str, list[str]] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    hour: int = 0
    day: int = 0
    sweep: Sweep = field(default_factory=Sweep)
    token_at: int = 0
    token_ends: int = 0

    def note_post(self, post: str, created: int, mark: str, ids: Iterable[str] | None) -> list[str]:
        """A post has been read: how it stood, and which comments it had (None: not all was seen).

        Returns the ids that it had before and has no longer.
        """
        self.posts[post] = (created, mark)
        if ids is None:
            self.known.pop(post, None)
            return []
        now = list(ids)
        there = set(now)
        missing = [one for one in self.known.get(post, []) if one not in there]
        self.known[post] = now
        return missing

    def is_unchanged(self, post: str, mark: str) -> bool:
        """Whether a post stands as when its comments were last read."""
        return post in self.posts and self.posts[post][1] == mark

    def forget_post(self, post: str) -> None:
        """A post is gone."""
        self.posts.pop(post, None)
        self.known.pop(post, None)

    def _bound(self) -> None:
        """Keep the newest posts, and the comment ids of as many of them as there is room for."""
        newest = sorted(self.posts.items(), key=lambda row: row[1][0], reverse=True)[:POSTS_KEPT]
        self.posts = dict(newest)
        room, known = IDS_KEPT, {}
        for post, _row in newest:
            ids = self.known.get(post)
            if ids is not None and len(ids) <= room:
                known[post] = ids
                room -= len(ids)
        self.known = known

    def to_cursor(self) -> str:
        """The cursor; ids that begin alike are written once."""
        self._bound()
        kept = asdict(self)
        kept["known"] = {post: _packed(ids) for post, ids in self.known.items()}
        return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)


def memory_from(cursor: str | None, *, floor: datetime) -> Memory:
    """What a cursor says; without one, that nothing has been read since `floor`."""
    if cursor is None:
        return Memory(floor=int(floor.timestamp()))
    kept = json.loads(cursor)
    kept["posts"] = {post: (int(at), str(mark)) for post, (at, mark) in kept["posts"].items()}
    kept["known"] = {post: _unpacked(packed) for post, packed in kept["known"].items()}
    kept["sweep"] = Sweep(**kept["sweep"])
    return Memory(**kept)


def begin_look(memory: Memory, now: int) -> None:
    """Write down what this look is to do."""
    first = memory.hour == 0
    if first:
        memory.jobs.append({"do": "window", "since": memory.floor, "until": 0})
        memory.day, memory.sweep.next = now + DAY, now + HOUR
    elif now >= memory.hour:
        memory.jobs.append({"do": "window", "since": now - YOUNG, "until": 0})
    if now >= memory.day:
        memory.jobs.append({"do": "window", "since": now - MIDDLE, "until": now - YOUNG})
        memory.day = now + DAY
    if now >= memory.sweep.next:
        memory.jobs.append({"do": "sweep"})
        memory.sweep.next = now + HOUR
    hourly = now >= memory.hour
    memory.jobs.append({"do": "list", "pages": 2 if hourly else 1, "first": first})
    if hourly:
        memory.hour = now + HOUR
    if now >= memory.token_at + DAY:
        memory.jobs.append({"do": "token"})


def sweep_on(sweep: Sweep, created: list[int], now: int) -> None:
    """A step of the sweep brought posts written then; none: the sweep has come to its end."""
    if created:
        oldest = min(created)
        sweep.at = oldest if oldest < sweep.at else sweep.at - 1
        sweep.met += len(created)
        return
    wanted = -(-sweep.met // SWEEP_STEPS)
    sweep.step = min(max(wanted, STEP_LEAST), STEP_MOST)
    sweep.next = max(sweep.began + SWEEP_AT_LEAST, now + HOUR)
    sweep.at = sweep.met = 0


def begin_sweep(sweep: Sweep, now: int) -> None:
    """Start a sweep, unless one is under way."""
    if not sweep.at:
        sweep.at, sweep.began = now - MIDDLE, now


def _packed(ids: list[str]) -> list[str]:
    start = commonprefix(ids)  # noqa: RUF071 - by characters is what is wanted
    return [start, *(one[len(start) :] for one in ids)]


def _unpacked(packed: list[str]) -> list[str]:
    start, *rest = packed
    return [start + one for one in rest]
