"""What the ledger says of a case, taken together: its words, its turns, where it has lain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


class Line(Protocol):
    """A line of the ledger, as `models.Event` has it."""

    id: int
    at: datetime
    name: str
    case_id: int
    message_id: int | None
    answer_id: int | None
    staff_id: int | None
    account_id: int | None
    details: Mapping[str, Any]


@dataclass(slots=True)
class Word:
    """One of the resident's texts, from when it waits (`asked`, the platform's time)."""

    id: int
    asked: datetime
    received: datetime
    line: int
    """The event's id with which it began to wait."""
    published: datetime
    """What `asked` was before the word was answered and then changed."""


@dataclass(slots=True)
class Place:
    """Where a case lies: a department's slug ('' none), since when, and whether it asks at all."""

    slug: str = ""
    since: datetime | None = None
    no_answer_needed: bool = False


@dataclass(slots=True)
class Turn:
    """A turn that has ended, or (`ended` is 'open') goes on; see `models.Turn`."""

    words: dict[int, Word]
    ended: str = "open"
    at: datetime | None = None
    line: int | None = None
    """The event's id that ended it."""
    how: str = ""
    outcome: str = ""
    native: int | None = None
    before: tuple[str, datetime | None, str] | None = None
    """How it had ended, when and with what outcome, before an answer turned out to be there."""
    place: Place = field(default_factory=Place)
    kind: str = ""

    @property
    def asked(self) -> datetime:
        """The platform's time of its first word."""
        return min(word.asked for word in self.words.values())

    @property
    def received(self) -> datetime:
        """When the first of its words reached us."""
        return min(word.received for word in self.words.values())

    @property
    def begins(self) -> int:
        """The event's id of its first word."""
        return min(word.line for word in self.words.values())


@dataclass(slots=True)
class Closing:
    """A case was closed: event's id, when, since when somebody had waited; `into`: another case
    that a person closed, and that took this one along."""

    line: int
    at: datetime
    since: datetime | None
    into: int | None


@dataclass(slots=True)
class History:
    """All that the ledger says of one case."""

    id: int
    account_id: int = 0
    channel: str = ""
    kind: str = ""
    place: Place = field(default_factory=Place)
    waiting: dict[int, Word] = field(default_factory=dict)
    known: dict[int, Word] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    """Words that are no longer on the platform."""
    settled: set[int] = field(default_factory=set)
    """Words that an answer of ours, or a closing, has dealt with."""
    loose: set[int] = field(default_factory=set)
    """Words that would wait, were they not gone, and belong to no turn."""
    ended: list[Turn] = field(default_factory=list)
    natives: dict[int, datetime] = field(default_factory=dict)
    leader: int | None = None
    came_with: int | None = None
    looks: list[tuple[int, datetime]] = field(default_factory=list)
    takes: list[tuple[int, datetime]] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    routes: list[list[Any]] = field(default_factory=list)
    """Hand-backs: event's id, from where, to where ('' nowhere yet)."""
    before: tuple[str, Place, set[int]] | None = None
    """What a person's last act was, where the case lay before it, and what was settled."""

    def turns(self) -> list[Turn]:
        """Every turn in the order in which they were asked, what still waits among them."""
        found = list(self.ended)
        if self.waiting:
            found.append(Turn(dict(self.waiting), place=self.place, kind=self.kind))
        return sorted(found, key=lambda turn: (turn.asked, turn.begins, turn.line or 0))


@dataclass(slots=True)
class Press:
    """An answer that was sent: by event's id, against which words of which cases."""

    line: int
    words: dict[int, set[int]] = field(default_factory=dict)
    on_its_way: bool = True
    arrived: datetime | None = None
    unclear: datetime | None = None
