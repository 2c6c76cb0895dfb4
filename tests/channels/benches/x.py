"""The contract's bench for X, over its stand-in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.channels.base import Connection
from app.channels.practice.standins import x as standin
from app.channels.x import CHANNEL

from . import bench
from .loopback import BREAKS, Loopback


@dataclass
class Keeper:
    """Keeps credentials in memory, as the account's keeper does in the database."""

    stored: dict[str, str]
    asked: list[str] = field(default_factory=list)

    def renew(
        self, stale: str, ask: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> Mapping[str, str]:
        if self.stored.get("access_token", "") not in ("", stale):
            return self.stored
        self.asked.append(stale)
        self.stored.update(ask(dict(self.stored)))
        return self.stored


OAUTH1 = {
    "consumer_key": standin.CONSUMER_KEY,
    "consumer_secret": standin.CONSUMER_SECRET,
    "oauth1_token": standin.OAUTH1_TOKEN,
    "oauth1_secret": standin.OAUTH1_SECRET,
}
OAUTH2 = {"client_secret": standin.CLIENT_SECRET, "refresh_token": standin.REFRESH_TOKEN}


class Bench:
    """See `bench.PlatformBench`. `kind` is the source's, `dialect` X's names of fields."""

    channel = CHANNEL
    page_size = 100
    holds = None
    has_sign_in = True
    can_break = BREAKS
    reading_ends_at = 25.0
    secrets = (
        *OAUTH1.values(),
        standin.CLIENT_SECRET,
        "ovning-atkomst",
        "ovning-fornya",
        "oauth_signature",
        "since_id=",
        "start_time=",
    )

    def __init__(
        self,
        kind: str = "mentions",
        dialect: str = "tweet",
        sign_in: str = "oauth1",
        clock: Callable[[], datetime] = bench.now,
    ) -> None:
        self.kind, self.dialect, self.sign_in = kind, dialect, sign_in
        self.clock = clock
        self.x = standin.XStandIn(clock=clock)
        self.x.signed_strictly = True
        self.web = Loopback(self.x.answer)
        self.keeper = Keeper(dict(OAUTH2 if sign_in == "oauth2" else OAUTH1))

    @property
    def stage(self) -> standin.Timeline:
        return self.x.stage

    def connection(self, *, spent: float = 0.0, **settings: str) -> Connection:
        return Connection(
            kind=self.kind,
            external_id=standin.ACCOUNT_ID,
            settings={
                "account_id": standin.ACCOUNT_ID,
                "handle": standin.HANDLE,
                "client_id": standin.CLIENT_ID,
                **settings,
            },
            credentials=self.keeper.stored,
            keeper=self.keeper,
            allowed_private_hosts=frozenset({"127.0.0.1"}),
            contact="kontakt@example.test",
            backfill_since=self.clock() - timedelta(days=30),
            installation={"X_API_URL": self.web.url, "X_FIELD_DIALECT": self.dialect},
            spent_before=spent,
        )

    def make_post(self, title: str, text: str, *, by: str = "") -> str:
        return self.stage.add_post(title, text, at=self.clock() - timedelta(minutes=1), by=by).id

    def comment(
        self,
        post: str,
        name: str,
        text: str,
        parent: str | None = None,
        at: datetime | None = None,
        **extra: object,
    ) -> str:
        when = at or self.clock()
        return self.stage.add_comment(post, name, text, at=when, parent=parent, **extra).id

    def edit(self, external_id: str, text: str) -> None:
        self.stage.edit(external_id, text, at=self.clock())

    def delete(self, external_id: str) -> None:
        self.stage.set_state(external_id, "removed")

    def on_platform(self, post: str) -> list[bench.OnPlatform]:
        return [
            bench.OnPlatform(
                row.id,
                row.text,
                None if row.parent in (None, post) else row.parent,
                row.by_city,
                row.state == "visible",
            )
            for row in self.stage.under(post)
            if row.state != "removed"
        ]

    def break_in(self, way: str, *, on: str = "all", after_acting: bool = False) -> None:
        self.web.break_in(way, on=on, after_acting=after_acting)

    def mend(self) -> None:
        self.web.mend()

    def kill_credentials(self) -> None:
        self.x.revoked = True

    def restore_credentials(self) -> None:
        self.x.revoked = False

    def lose_permission(self) -> None:
        trouble = standin.Trouble(403, "client-forbidden", "This app may no longer read.")
        self.x.fail(standin.problem(trouble, self.dialect), times=1000)

    def exhaust(self) -> None:
        self.x.credits = 0.0

    def refill(self) -> None:
        self.x.credits = None

    def close(self) -> None:
        self.web.close()


class PostFields(Bench):
    """X with its newer names of fields, signed in with OAuth 2, whose tokens wear out."""

    def __init__(self, clock: Callable[[], datetime] = bench.now) -> None:
        super().__init__(dialect="post", sign_in="oauth2", clock=clock)

    def expire_token(self) -> None:
        self.x.stage.facts["access_token"] = "another"

    def renewals(self) -> int:
        return len(self.keeper.asked)


VARIANTS = {"x-post-fields": PostFields}
