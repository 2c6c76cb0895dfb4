"""The contract's bench for WordPress, over the fake one."""

import html
from datetime import datetime
from typing import Any

from app.channels.base import AtSource, Connection
from app.channels.wordpress import CHANNEL

from . import bench
from .fake_wordpress import FakeWordPress
from .loopback import BREAKS, Loopback


class Bench:
    """See `bench.PlatformBench`."""

    channel = CHANNEL
    page_size = 100
    holds = None
    has_sign_in = True
    can_break = BREAKS
    secrets = ("abcd efgh", "YWJjZCBlZmdo", "redaktor:")

    def __init__(self) -> None:
        self.site = FakeWordPress()
        self.redaktor = self.site.users["redaktor"]

    def connection(self, user: str = "redaktor", **settings: str) -> Connection:
        password = self.site.users[user][1] if user else ""
        return Connection(
            kind="comments",
            external_id=self.site.url,
            settings={"base_url": self.site.url, "user": user, **settings},
            credentials={"application_password": password},
            allowed_private_hosts=frozenset({"127.0.0.1"}),
            contact="kontakt@example.test",
            backfill_since=bench.month_ago(),
        )

    def make_post(self, title: str, text: str) -> str:
        return str(self.site.add_post(title, text))

    def comment(
        self,
        post: str,
        name: str,
        text: str,
        parent: str | None = None,
        at: datetime | None = None,
        email: str = "",
    ) -> str:
        escaped = html.escape(text, quote=False)
        more: dict[str, Any] = {"email": email} if email else {}
        more |= {"at": at} if at else {}
        return str(self.site.add_comment(int(post), name, escaped, parent=parent, **more))

    def make_page(self, title: str, text: str) -> str:
        return str(self.site.add_post(title, text, route="pages"))

    def set_status(self, external_id: str, status: str) -> None:
        stored = "approved" if status == "approve" else status
        self.site.comments[int(external_id)].status = stored

    def edit(self, external_id: str, text: str) -> None:
        self.site.comments[int(external_id)].raw = html.escape(text, quote=False)

    def edit_html(self, external_id: str, html: str) -> None:
        self.site.comments[int(external_id)].raw = html

    def delete(self, external_id: str) -> None:
        del self.site.comments[int(external_id)]

    def on_platform(self, post: str) -> list[bench.OnPlatform]:
        return [
            bench.OnPlatform(
                str(c.id),
                html.unescape(c.raw),
                str(c.parent) if c.parent else None,
                c.author > 0,
                c.status == "approved",
            )
            for c in self.site.comments.values()
            if c.post == int(post)
        ]

    def a_closed_post(self) -> str:
        post = self.make_post("Stängd", "Här är det stängt.")
        self.site.posts[int(post)].open = False
        return post

    def break_in(self, way: str, *, on: str = "all", after_acting: bool = False) -> None:
        self.site.web.break_in(way, on=on, after_acting=after_acting)

    def mend(self) -> None:
        self.site.web.mend()

    def kill_credentials(self) -> None:
        self.site.users["redaktor"] = (2, "utbytt", True)

    def restore_credentials(self) -> None:
        self.site.users["redaktor"] = self.redaktor

    def lose_permission(self) -> None:
        number, password, _may = self.redaktor
        self.site.users["redaktor"] = (number, password, False)

    def put(self, external_id: str, state: AtSource) -> None:
        self.set_status(external_id, "hold" if state is AtSource.HELD else "approve")

    @property
    def web(self) -> Loopback:
        return self.site.web

    def close(self) -> None:
        self.site.web.close()
