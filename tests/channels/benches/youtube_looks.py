"""A channel on YouTube with a clock that a test moves, and how to look at it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from app.channels import web_requests
from app.channels.base import Connection, MessageSeen, Outgoing, Page, Raw
from app.channels.youtube import CHANNEL

from .youtube import Bench

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTES_5, MINUTES_15 = timedelta(minutes=5), timedelta(minutes=15)
DAY = timedelta(days=1)


@dataclass
class Look:
    """A whole look: what it brought, where it ended, what it said, and what it cost."""

    raws: list[Raw] = field(default_factory=list)
    messages: dict[str, MessageSeen] = field(default_factory=dict)
    cursor: str | None = None
    notices: dict[str, str] = field(default_factory=dict)
    wait_until: datetime | None = None
    units: float = 0.0
    asked: list[str] = field(default_factory=list)
    pages: int = 0


class Town(Bench):
    """The bench with a clock of its own and one film. Times are aware UTC."""

    def __init__(self) -> None:
        self.now = START
        super().__init__(clock=lambda: self.now)
        self.film = self.stage.add_post("Badet öppnar", "Nu öppnar badet.", at=START - DAY).id

    def later(self, by: timedelta) -> None:
        self.now += by
        self.keeper.stored = self.signed_in()

    def says(
        self, text: str, parent: str | None = None, ago: timedelta = DAY, **more: object
    ) -> str:
        at = self.now - ago
        name = str(more.pop("name", "Åsa"))
        return self.stage.add_comment(self.film, name, text, at=at, parent=parent, **more).id

    def crowd(self, count: int, parent: str | None = None, ago: timedelta = DAY) -> list[str]:
        step = timedelta(seconds=1)
        return [self.says(f"Ord {n}", parent, ago - n * step, name=f"P{n}") for n in range(count)]

    def look(self, cursor: str | None = None, *, spent: float = 0.0, **settings: str) -> Look:
        """Every page until there are no more, as one look of the collector's."""
        connection, look = self.connection(spent=spent, **settings), Look(cursor=cursor)
        for _page in range(60):
            page = CHANNEL.fetch(connection, look.cursor, now=self.now)
            self.take(look, page, connection)
            if not page.more:
                return look
        raise AssertionError("the look never ends")

    def take(self, look: Look, page: Page, connection: Connection) -> None:
        look.pages += 1
        look.raws += page.raws
        look.notices |= dict(page.notices)
        look.cursor, look.wait_until = page.cursor, page.asked_to_wait_until
        look.units = connection.meter.amount
        look.asked = [spend.operation for spend in connection.meter.spends]
        for raw in page.raws:
            look.messages[raw.external_id] = CHANNEL.parse(connection, raw.payload, now=self.now)

    def again(self, *external_ids: str) -> tuple[Look, tuple[str, ...]]:
        """A recheck: what it brought, and what it says is gone."""
        connection, look = self.connection(), Look()
        page = CHANNEL.recheck(connection, external_ids, now=self.now)
        self.take(look, page, connection)
        return look, page.removed

    def answer_to(self, parent: str | None, text: str, thread: str | None = None) -> Outgoing:
        return Outgoing(f"n-{parent}-{text[:9]}", text, self.film, parent, self.now, "", thread)


@pytest.fixture(name="town")
def a_town(monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setattr(web_requests, "READ_SECONDS", 0.5)
    made = Town()
    yield made
    made.close()
