"""The contract's bench for feeds: one Atom comment feed, as WordPress makes it."""

import email.utils
import html
from datetime import UTC, datetime

from app.channels.base import Connection
from app.channels.feeds import CHANNEL

from . import bench
from .loopback import BREAKS, Asked, Loopback, Reply

WINDOW = 10
ATOM = {"Content-Type": "application/atom+xml; charset=UTF-8"}


class Bench:
    """See `bench.PlatformBench`."""

    channel = CHANNEL
    page_size = WINDOW
    holds = WINDOW
    has_sign_in = True
    can_break = BREAKS
    secrets = ("nyckel-i-adressen",)

    def __init__(self) -> None:
        self.web = Loopback(self._answer)
        self.entries: dict[str, bench.OnPlatform] = {}
        self.posts: dict[str, str] = {}
        self.where: dict[str, str] = {}
        self.times: dict[str, datetime] = {}
        self.closed = False

    def connection(self) -> Connection:
        return Connection(
            kind="comments",
            external_id=self.web.url,
            settings={
                "feed_url": f"{self.web.url}/comments/feed/atom/?key=nyckel-i-adressen",
                "city_authors": "Landskrona stad",
            },
            allowed_private_hosts=frozenset({"127.0.0.1"}),
            backfill_since=bench.month_ago(),
        )

    def make_post(self, title: str, text: str) -> str:
        number = len(self.posts) + 1
        link = f"{self.web.url}/inlagg-{number}/"
        self.posts[f"https://127.0.0.1:{self.web.port}/inlagg-{number}"] = link
        return f"https://127.0.0.1:{self.web.port}/inlagg-{number}"

    def comment(
        self,
        post: str,
        name: str,
        text: str,
        parent: str | None = None,
        at: datetime | None = None,
    ) -> str:
        external_id = str(len(self.times) + 1)
        by_city = name == "Landskrona stad"
        self.entries[external_id] = bench.OnPlatform(external_id, text, parent, by_city, True)
        self.where[external_id] = f"{post}\n{name}"
        self.times[external_id] = at or datetime.now(UTC)
        return external_id

    def edit(self, external_id: str, text: str) -> None:
        old = self.entries[external_id]
        self.entries[external_id] = bench.OnPlatform(
            external_id, text, old.parent_external_id, old.by_city, True
        )

    def delete(self, external_id: str) -> None:
        del self.entries[external_id]

    def on_platform(self, post: str) -> list[bench.OnPlatform]:
        return [e for e in self.entries.values() if self.where[e.external_id].startswith(post)]

    def break_in(self, way: str, *, on: str = "all", after_acting: bool = False) -> None:
        self.web.break_in(way, on=on, after_acting=after_acting)

    def mend(self) -> None:
        self.web.mend()

    def kill_credentials(self) -> None:
        self.closed = True

    def restore_credentials(self) -> None:
        self.closed = False

    def lose_permission(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.web.close()

    def _answer(self, _asked: Asked) -> Reply:
        if self.closed:
            return Reply(403, b"nej", {"Content-Type": "text/html"})
        newest = list(self.entries.values())[::-1][:WINDOW]
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"'
            ' xmlns:thr="http://purl.org/syndication/thread/1.0"><title>Kommentarer</title>'
            + "".join(self._entry(entry) for entry in newest)
            + "</feed>"
        )
        modified = email.utils.format_datetime(datetime.now(UTC), usegmt=True)
        return Reply(200, body.encode(), {**ATOM, "Last-Modified": modified})

    def _entry(self, entry: bench.OnPlatform) -> str:
        post, name = self.where[entry.external_id].split("\n")
        page = self.posts[post]
        at = self.times[entry.external_id].isoformat()
        parent = f"#comment-{entry.parent_external_id}" if entry.parent_external_id else ""
        words = html.escape(f"<p>{html.escape(entry.text)}</p>")
        link = f"{page}#comment-{entry.external_id}"
        return (
            f"<entry><id>{link}</id><title>Kommentar</title><link rel='alternate' href='{link}'/>"
            f"<author><name>{html.escape(name)}</name></author><published>{at}</published>"
            f"<updated>{at}</updated><content type='html'>{words}</content>"
            f"<thr:in-reply-to ref='{page}{parent}' href='{page}{parent}'/></entry>"
        )
