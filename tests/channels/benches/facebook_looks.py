"""A channel on Facebook with a clock that a test moves, and how to look at it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.channels.base import Connection, MessageSeen, Outgoing, Page, Raw
from app.channels.facebook import CHANNEL

from .facebook import Bench

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTES_5, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)


@dataclass
class Look:
    """A whole look: what it brought, where it ended, what it said, and what it asked."""

    raws: list[Raw] = field(default_factory=list)
    messages: dict[str, MessageSeen] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    cursor: str | None = None
    notices: dict[str, str] = field(default_factory=dict)
    wait_until: datetime | None = None
    calls: float = 0.0
    pages: int = 0


class Town(Bench):
    """The bench with a clock of its own and one post of yesterday's. Times are aware UTC."""

    def __init__(self) -> None:
        self.now = START
        super().__init__(clock=lambda: self.now)
        self.post = self.posts("Nu öppnar badet.")

    def posts(self, text: str, ago: timedelta = DAY, **more: Any) -> str:
        return self.stage.add_post("", text, at=self.now - ago, **more).id

    def says(self, text: str, parent: str | None = None, ago: timedelta = HOUR, **more: Any) -> str:
        post, name = more.pop("post", self.post), more.pop("name", "Åsa")
        return self.stage.add_comment(post, name, text, at=self.now - ago, parent=parent, **more).id

    def crowd(self, count: int, parent: str | None = None, **more: Any) -> list[str]:
        return [self.says(f"Ord {n}", parent, name=f"P{n}", **more) for n in range(count)]

    def later(self, by: timedelta) -> None:
        self.now += by

    def look(self, cursor: str | None = None, **installation: str) -> Look:
        """Every page until there are no more, as one look of the collector's."""
        connection, look = self.connection(**installation), Look(cursor=cursor)
        for _page in range(200):
            page = CHANNEL.fetch(connection, look.cursor, now=self.now)
            self.take(look, page, connection)
            if not page.more:
                return look
        raise AssertionError("the look never ends")

    def looks(self, cursor: str | None, every: timedelta, times: int) -> Look:
        """Look after look, as one."""
        all_of_it = Look(cursor=cursor)
        for _time in range(times):
            self.later(every)
            one = self.look(all_of_it.cursor)
            all_of_it.cursor = one.cursor
            all_of_it.raws += one.raws
            all_of_it.messages |= one.messages
            all_of_it.removed |= one.removed
            all_of_it.notices |= one.notices
            all_of_it.calls += one.calls
        return all_of_it

    def take(self, look: Look, page: Page, connection: Connection) -> None:
        look.pages += 1
        look.raws += page.raws
        look.removed |= set(page.removed)
        look.notices |= dict(page.notices)
        look.cursor, look.wait_until = page.cursor, page.asked_to_wait_until
        look.calls = connection.meter.amount
        for raw in page.raws:
            look.messages[raw.external_id] = CHANNEL.parse(connection, raw.payload, now=self.now)

    def again(self, *external_ids: str) -> Look:
        """A recheck: what it brought, and what it says is gone."""
        connection, look = self.connection(), Look()
        self.take(look, CHANNEL.recheck(connection, external_ids, now=self.now), connection)
        return look

    def answer_to(
        self, parent: str | None, text: str, thread: str | None = None, post: str = ""
    ) -> Outgoing:
        place = post or self.post
        return Outgoing(f"n-{parent}-{text[:9]}", text, place, parent, self.now, "Åsa", thread)

    def asked(self, ending: str = "") -> list[dict[str, str]]:
        """The parameters of the questions so far about paths that end like this."""
        return [one.query for one in self.web.asked if one.path.endswith(ending)]

    def read_whole(self) -> set[str]:
        """The posts that the comments of were read of by themselves since last asked."""
        found = {
            one.path.split("/")[2]
            for one in self.web.asked
            if "created_time" in one.query.get("fields", "") and "/feed" not in one.path
        }
        self.web.asked.clear()
        return found


@pytest.fixture(name="town")
def a_town() -> Iterator[Town]:
    made = Town()
    yield made
    made.close()
