"""The contract's bench for Facebook, over its stand-in; all said is held to Meta's own lists."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app.channels.base import Connection
from app.channels.facebook import CHANNEL
from app.channels.practice.standins import graph as standin
from app.channels.practice.standins.stage import Stage
from app.channels.practice.standins.wire import Asked, Reply

from . import bench
from .facebook_description import faults_of_reply, faults_of_request
from .loopback import BREAKS, Loopback


class Bench:
    """See `bench.PlatformBench`. `faults`: what Meta's lists do not know of what was said."""

    channel = CHANNEL
    page_size = 100
    holds = None
    has_sign_in = True
    can_break = BREAKS
    secrets = (
        standin.PAGE_TOKEN,
        standin.APP_SECRET,
        "EAAovning",
        "Bearer",
        "appsecret_proof",
        "fields=",
        "after=",
    )

    def __init__(self, clock: Callable[[], datetime] = bench.now) -> None:
        self.clock = clock
        self.graph = standin.GraphStandIn(clock=clock)
        self.graph.needs_proof = True
        self.faults: list[str] = []
        self.web = Loopback(self._answer)
        self.graph.manners.link_base = f"{self.web.url}/v26.0"

    def _answer(self, asked: Asked) -> Reply:
        reply = self.graph.answer(asked)
        self.faults += faults_of_request(asked) + faults_of_reply(asked, reply)
        return reply

    @property
    def stage(self) -> Stage:
        return self.graph.stage

    def connection(self, **installation: str) -> Connection:
        return Connection(
            kind="comments",
            external_id=standin.PAGE_ID,
            settings={"page_id": standin.PAGE_ID},
            credentials={"page_token": standin.PAGE_TOKEN},
            allowed_private_hosts=frozenset({"127.0.0.1"}),
            contact="kontakt@example.test",
            backfill_since=self.clock().astimezone(UTC) - timedelta(days=30),
            installation={
                "GRAPH_API_URL": self.web.url,
                "GRAPH_VERSION": "v26.0",
                "META_APP_ID": standin.APP_ID,
                "META_APP_SECRET": standin.APP_SECRET,
                **installation,
            },
        )

    def make_post(self, title: str, text: str) -> str:
        at = self.clock() - timedelta(minutes=1)
        return self.stage.add_post(title, text, at=at).id

    def comment(
        self, post: str, name: str, text: str, parent: str | None = None, **more: object
    ) -> str:
        at = more.pop("at", self.clock())
        return self.stage.add_comment(post, name, text, at=at, parent=parent, **more).id

    def edit(self, external_id: str, text: str) -> None:
        self.stage.edit(external_id, text, at=self.clock())

    def delete(self, external_id: str) -> None:
        self.stage.set_state(external_id, "removed")

    def on_platform(self, post: str) -> list[bench.OnPlatform]:
        return [
            bench.OnPlatform(row.id, row.text, row.parent, row.by_city, row.state == "visible")
            for row in self.stage.under(post)
            if row.state != "removed"
        ]

    def break_in(self, way: str, *, on: str = "all", after_acting: bool = False) -> None:
        self.web.break_in(way, on=on, after_acting=after_acting)

    def mend(self) -> None:
        self.web.mend()

    def kill_credentials(self) -> None:
        self.graph.revoke()

    def restore_credentials(self) -> None:
        self.graph.token.dead = 0

    def lose_permission(self) -> None:
        self.graph.manners.scopes.discard("pages_read_engagement")

    def exhaust(self) -> None:
        self.graph.fail("any", 80001, times=1000)

    def refill(self) -> None:
        self.graph.faults.clear()

    def close(self) -> None:
        self.web.close()
        assert not self.faults, self.faults
