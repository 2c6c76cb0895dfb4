"""The contract's bench for YouTube, over its stand-in; all that is said is held to the description."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.channels.base import AtSource, Connection
from app.channels.practice.standins import youtube as standin
from app.channels.practice.standins.stage import Stage
from app.channels.practice.standins.wire import Asked, Reply
from app.channels.youtube import CHANNEL, again, videos

from . import bench
from .loopback import BREAKS, Loopback
from .youtube_description import faults_of_reply, faults_of_request


@dataclass
class Keeper:
    """Keeps credentials in memory, as the account's keeper does in the database."""

    stored: dict[str, str]
    asked: list[str] = field(default_factory=list)

    def renew(
        self, stale: str, ask: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> Mapping[str, str]:
        if self.stored.get("access_token", "") not in ("", stale):
            return dict(self.stored)
        self.asked.append(stale)
        self.stored = {**self.stored, **ask(dict(self.stored))}
        return dict(self.stored)


class Bench:
    """See `bench.PlatformBench`. `faults`: what the description does not know of what was said."""

    channel = CHANNEL
    page_size = 100
    holds = None
    has_sign_in = True
    can_break = BREAKS
    reading_ends_at = 8000.0
    secrets = (
        standin.CLIENT_SECRET,
        standin.REFRESH_TOKEN,
        "ya29.",
        "Bearer",
        "allThreadsRelatedToChannelId",
        "pageToken=",
    )

    def __init__(self, clock: Callable[[], datetime] = bench.now) -> None:
        videos.forget()
        again.forget()
        self.clock = clock
        self.youtube = standin.YouTubeStandIn(clock=clock)
        self.faults: list[str] = []
        self.web = Loopback(self._answer)
        self.keeper: Keeper | None = Keeper(self.signed_in())

    @property
    def stage(self) -> Stage:
        return self.youtube.stage

    def signed_in(self) -> dict[str, str]:
        """Credentials with an access token that still holds for a while."""
        return {
            "refresh_token": standin.REFRESH_TOKEN,
            "access_token": self.youtube.access_token(),
            "expires_at": (self.clock() + timedelta(minutes=50)).isoformat(),
            "signed_in_as": standin.CHANNEL_ID,
        }

    def _answer(self, asked: Asked) -> Reply:
        reply = self.youtube.answer(asked)
        if asked.path != standin.TOKEN_PATH:
            self.faults += faults_of_request(asked) + faults_of_reply(asked, reply)
        return reply

    def connection(self, *, spent: float = 0.0, **installation: str) -> Connection:
        stored = self.keeper.stored if self.keeper else {"refresh_token": standin.REFRESH_TOKEN}
        return Connection(
            kind="comments",
            external_id=standin.CHANNEL_ID,
            settings={"channel_id": standin.CHANNEL_ID},
            credentials=stored,
            keeper=self.keeper,
            allowed_private_hosts=frozenset({"127.0.0.1"}),
            contact="kontakt@example.test",
            backfill_since=self.clock().astimezone(UTC) - timedelta(days=30),
            installation={
                "YOUTUBE_API_URL": f"{self.web.url}{standin.API_PATH}",
                "GOOGLE_TOKEN_URL": f"{self.web.url}{standin.TOKEN_PATH}",
                "GOOGLE_CLIENT_ID": standin.CLIENT_ID,
                "GOOGLE_CLIENT_SECRET": standin.CLIENT_SECRET,
                "YOUTUBE_DAILY_UNITS": "10000",
                "YOUTUBE_RESERVED_UNITS": "2000",
                **installation,
            },
            spent_before=spent,
        )

    def make_post(self, title: str, text: str) -> str:
        return self.stage.add_post(title, text, at=self.clock() - timedelta(minutes=1)).id

    def comment(
        self, post: str, name: str, text: str, parent: str | None = None, **more: object
    ) -> str:
        at = more.pop("at", None) or self.clock()
        while parent in self.stage.comments and self.stage.comments[parent].parent:
            parent = self.stage.comments[parent].parent  # there is one level of replies only
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
        self.youtube.revoke()

    def restore_credentials(self) -> None:
        self.youtube.revoked = False

    def lose_permission(self) -> None:
        self.youtube.scopes = "https://www.googleapis.com/auth/youtube.readonly"

    def expire_token(self) -> None:
        self.youtube.forget_access()

    def renewals(self) -> int:
        return self.youtube.calls["token"]

    def exhaust(self) -> None:
        self.youtube.daily_units = 0

    def refill(self) -> None:
        self.youtube.daily_units = 1_000_000

    def put(self, external_id: str, state: AtSource) -> None:
        self.stage.set_state(external_id, state.value)

    def close(self) -> None:
        self.web.close()
        assert not self.faults, self.faults
