"""A blog whose feeds a test writes by hand, and how to look at them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.channels import web_requests
from app.channels.base import (
    ChannelError,
    Connection,
    MessageSeen,
    Page,
)
from app.channels.feeds import CHANNEL

from .loopback import Asked, Loopback, Reply

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ATOM = {"Content-Type": "application/atom+xml; charset=UTF-8"}
RSS = {"Content-Type": "application/rss+xml; charset=UTF-8"}
HTML = {"Content-Type": "text/html"}


class Blog:
    """A blog whose feeds are given by path; `/feed` is the one that is read."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.web = Loopback(lambda asked: self.replies.get(asked.path, Reply(404)))
        self.feed_url = f"{self.web.url}/feed"

    def gives(self, body: str | bytes, headers: dict[str, str] = ATOM, status: int = 200) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.replies["/feed"] = Reply(status, data, headers)

    @property
    def last(self) -> Asked:
        return self.web.asked[-1]


@pytest.fixture(name="blog")
def a_blog(monkeypatch: Any) -> Iterator[Blog]:
    monkeypatch.setattr(web_requests, "READ_SECONDS", 2.0)
    made = Blog()
    yield made
    made.web.close()


def connection(blog: Blog, kind: str = "comments", **settings: str) -> Connection:
    return Connection(
        kind,
        "x",
        {"feed_url": blog.feed_url, **settings},
        allowed_private_hosts=frozenset({"127.0.0.1"}),
        backfill_since=NOW - timedelta(days=30),
    )


def fetch(blog: Blog, cursor: str | None = None, now: datetime = NOW) -> Page:
    return CHANNEL.fetch(connection(blog), cursor, now=now)


def messages(blog: Blog, page: Page, **settings: str) -> list[MessageSeen]:
    known = connection(blog, **settings)
    return [CHANNEL.parse(known, raw.payload, now=NOW) for raw in page.raws]


def error_of(blog: Blog, cursor: str | None = None, now: datetime = NOW) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        fetch(blog, cursor, now)
    return caught.value


def state_of(cursor: str | None) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(cursor or "{}")["feed"]
    return state


def entry(number: int, text: str = "Hej", more: str = "", published: str | None = None) -> str:
    when = published if published is not None else f"2026-11-23T{number % 24:02}:00:00Z"
    link = f"https://blogg.example.se/bad/#c{number}"
    return (
        f"<entry><id>{link}</id><title>T</title><link rel='alternate' href='{link}'/>"
        f"<author><name>Åsa {number}</name></author><published>{when}</published>"
        f"<updated>{when}</updated><content type='html'>{text}</content>{more}</entry>"
    )


def atom(*entries: str, more: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"'
        ' xmlns:thr="http://purl.org/syndication/thread/1.0"'
        ' xmlns:at="http://purl.org/atompub/tombstones/1.0"><title>Kommentarer</title>'
        f"{more}{''.join(entries)}</feed>"
    )


def item(inside: str) -> str:
    return f"<item>{inside}</item>"


def rss(*items: str, more: str = "", declaration: str = '<?xml version="1.0"?>') -> str:
    return (
        f'{declaration}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:wfw="http://wellformedweb.org/CommentAPI/"'
        ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
        ' xmlns:slash="http://purl.org/rss/1.0/modules/slash/"><channel><title>Blogg</title>'
        f"<link>https://blogg.example.se/</link>{more}{''.join(items)}</channel></rss>"
    )
