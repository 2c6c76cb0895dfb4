"""What the cursor says: how far each pass has come, and how the threads stood that it has read.

A look is some passes over YouTube's lists, page by page. The cursor holds what is left of it, so a
look can be broken off anywhere and go on later. What a pass has met counts as known only when the
whole pass is done: until then a new try must not stop at it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from app.basics.clock import to_local

HELD_EVERY = timedelta(minutes=15)
NIGHT_AT = timedelta(hours=3)
"""The deep pass and the one over likely spam go once a day, from three at night in Sweden on."""
MARKS_KEPT = 2000
TRIES = 3

Pass = str
"""`first`, `fast` and `deep` read what is published; `held` and `spam` what is not."""


@dataclass(slots=True)
class Job:
    """A thread whose replies are to be read: the thread's facts, the place in its list, the tries.

    `old`: neither the thread nor what came with it is young enough to be taken in for itself.
    """

    thread: str
    video: str
    may_reply: bool | None
    old: bool = False
    token: str = ""
    tries: int = 0


@dataclass(slots=True)
class Memory:
    """All that is known from one look to the next. Times are ISO in UTC, '' for never.

    `floor`: what is older is taken in only around something younger. `read_to`: threads begun
    before then have been met. `passes`: what is left of this look, the running one first; `began`,
    `token`, `pages`, `tries` are the running one's. `known`: marks of threads (id, replies, edit)
    that whole passes have met, the latest first; `seen`: those of the running one.
    """

    floor: str
    read_to: str = ""
    deep_at: str = ""
    held_at: str = ""
    spam_at: str = ""
    passes: list[Pass] = field(default_factory=list)
    began: str = ""
    token: str = ""
    pages: int = 0
    tries: int = 0
    known: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        """Whether something is left of this look."""
        return bool(self.passes or self.jobs)

    def begin_look(self, now: datetime) -> None:
        """Write down which passes this look is to make."""
        if not self.read_to:
            self.passes.append("first")
        elif _is_new_night(self.deep_at, now):
            self.passes.append("deep")
        else:
            self.passes.append("fast")
        if not self.held_at or now - datetime.fromisoformat(self.held_at) >= HELD_EVERY:
            self.passes.append("held")
        if _is_new_night(self.spam_at, now):
            self.passes.append("spam")

    def begin_again(self) -> bool:
        """Start the running pass anew, its place being lost; False after too many tries."""
        self.token, self.pages, self.tries = "", 0, self.tries + 1
        return self.tries < TRIES

    def note_marks(self, marks: Iterable[str]) -> None:
        """The running pass has met threads that stand like this."""
        self.seen = list(dict.fromkeys([*self.seen, *marks]))

    def end_pass(self) -> None:
        """The running pass is done: what it met is known from now on."""
        done = self.passes[0]
        self.known = list(dict.fromkeys([*self.seen, *self.known]))[:MARKS_KEPT]
        if done in ("first", "fast", "deep"):
            self.read_to = self.began
        if done in ("first", "deep"):
            self.deep_at = self.began
        elif done == "held":
            self.held_at = self.began
        elif done == "spam":
            self.spam_at = self.began
        self.drop_pass()

    def drop_pass(self) -> None:
        """Go on to the next pass without having ended this one."""
        self.passes = self.passes[1:]
        self.began, self.token, self.pages, self.tries, self.seen = "", "", 0, 0, []

    def to_cursor(self) -> str:
        """The cursor."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)


def memory_from(cursor: str | None, *, floor: datetime) -> Memory:
    """What a cursor says; without one, that nothing has been read since `floor`."""
    if cursor is None:
        return Memory(floor=floor.isoformat())
    kept: dict[str, Any] = json.loads(cursor)
    kept["jobs"] = [Job(**job) for job in kept["jobs"]]
    return Memory(**kept)


def mark_of(thread: str, replies: int, edited: str, status: str) -> str:
    """A short name for how a thread stood in one of the lists."""
    said = "\x1f".join((thread, str(replies), edited, status))
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _is_new_night(last: str, now: datetime) -> bool:
    if not last:
        return True
    nights = [(to_local(at) - NIGHT_AT).date() for at in (datetime.fromisoformat(last), now)]
    return nights[1] > nights[0]
