"""Whole sites: a post feed and the comment feeds that it names."""

from datetime import datetime, timedelta
from typing import Any

from app.channels.feeds import CHANNEL
from app.collecting.outcome import NOT_READ

from .benches.blog import HTML, NOW, RSS, Blog, a_blog, connection, item, rss
from .benches.loopback import Reply

__all__ = ["a_blog"]

# --- whole sites ----------------------------------------------------------------------------------


def post_item(blog: Blog, number: int, count: int | None, days: int = 1) -> str:
    date = (NOW - timedelta(days=days)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    counted = f"<slash:comments>{count}</slash:comments>" if count is not None else ""
    return item(
        f"<guid>p{number}</guid><title>Inlägg {number}</title><pubDate>{date}</pubDate>"
        f"<link>https://blogg.example.se/p{number}/</link>{counted}"
        f"<wfw:commentRss>{blog.web.url}/p{number}/feed</wfw:commentRss>"
    )


def site_look(blog: Blog, cursor: str | None, now: datetime = NOW) -> tuple[list[Any], str | None]:
    found: list[Any] = []
    for _page in range(20):
        page = CHANNEL.fetch(connection(blog, "site"), cursor, now=now)
        found += [CHANNEL.parse(connection(blog), raw.payload, now=NOW) for raw in page.raws]
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("the look never ends")


def comments_of(number: int, *texts: str) -> Reply:
    items = [
        item(
            f"<guid>https://blogg.example.se/p{number}/#comment-{number}{place}</guid>"
            f"<pubDate>Mon, 23 Nov 2026 10:00:00 +0000</pubDate><description>{text}</description>"
        )
        for place, text in enumerate(texts)
    ]
    return Reply(200, rss(*items).encode(), {**RSS, "ETag": f'"{number}"'})


def test_a_site_is_read_post_by_post(blog: Blog) -> None:
    """The comment feeds of young posts with comments are read, and the comments have their post."""
    blog.gives(
        rss(
            post_item(blog, 1, 2),
            post_item(blog, 2, 0),
            post_item(blog, 3, 1, days=61),
            post_item(blog, 4, None),
        )
    )
    blog.replies |= {
        "/p1/feed": comments_of(1, "Ett", "Två"),
        "/p4/feed": comments_of(4, "Tre"),
    }
    found, _cursor = site_look(blog, None)
    assert [(m.post.title, m.text) for m in found] == [
        ("Inlägg 1", "Ett"),
        ("Inlägg 1", "Två"),
        ("Inlägg 4", "Tre"),
    ]
    assert found[0].post.url == "https://blogg.example.se/p1/"
    assert found[0].post.published_at == NOW - timedelta(days=1)
    assert [asked.path for asked in blog.web.asked] == ["/feed", "/p1/feed", "/p4/feed"]


def test_only_feeds_with_news_are_read_again(blog: Blog) -> None:
    """A comment feed is read again when its post counts otherwise, and once a day in any case."""
    blog.gives(rss(post_item(blog, 1, 1), post_item(blog, 2, 1)))
    blog.replies |= {"/p1/feed": comments_of(1, "Ett"), "/p2/feed": comments_of(2, "Ett")}
    _found, cursor = site_look(blog, None)
    found, cursor = site_look(blog, cursor, NOW + timedelta(minutes=10))
    assert not found
    blog.gives(rss(post_item(blog, 1, 2), post_item(blog, 2, 1)))
    blog.replies["/p1/feed"] = comments_of(1, "Två", "Ett")
    blog.web.asked.clear()
    found, cursor = site_look(blog, cursor, NOW + timedelta(minutes=20))
    assert [m.text for m in found] == ["Två", "Ett"]
    assert "if-none-match" not in blog.web.asked[-1].headers
    blog.web.asked.clear()
    _found, cursor = site_look(blog, cursor, NOW + timedelta(hours=24, minutes=10))
    assert [asked.path for asked in blog.web.asked] == ["/feed", "/p2/feed"]


def test_a_thread_without_a_count_is_asked_for_politely(blog: Blog) -> None:
    """Where a post does not count its comments, its comment feed is asked for conditionally."""
    blog.gives(rss(post_item(blog, 1, None)))
    blog.replies["/p1/feed"] = comments_of(1, "Ett")
    _found, cursor = site_look(blog, None)
    site_look(blog, cursor, NOW + timedelta(minutes=5))
    assert blog.web.asked[-1].headers["if-none-match"] == '"1"'


def test_a_closed_thread_does_not_stop_the_others(blog: Blog) -> None:
    """A comment feed that is gone or no feed is told, the next one is read, and all is well."""
    blog.gives(rss(*[post_item(blog, number, 1) for number in (1, 2, 3)]))
    blog.replies |= {
        "/p1/feed": Reply(410),
        "/p2/feed": Reply(200, b"<html></html>", HTML),
        "/p3/feed": comments_of(3, "Hej"),
    }
    cursor, notices = None, []
    for _page in range(4):
        page = CHANNEL.fetch(connection(blog, "site"), cursor, now=NOW)
        notices += [code for code, _detail in page.notices]
        cursor = page.cursor
    assert notices == ["thread_not_read"] * 2
    assert not NOT_READ & set(notices)
    assert len(page.raws) == 1
    assert not page.more


def test_a_site_whose_threads_are_all_closed_to_us_has_not_been_read(blog: Blog) -> None:
    """When no comment feed at all can be read, that is told as not having read the site."""
    blog.gives(rss(post_item(blog, 1, 1), post_item(blog, 2, 1)))
    blog.replies |= {"/p1/feed": Reply(403), "/p2/feed": Reply(410)}
    cursor, notices = None, []
    for _page in range(3):
        page = CHANNEL.fetch(connection(blog, "site"), cursor, now=NOW)
        notices += [code for code, _detail in page.notices]
        cursor = page.cursor
    assert notices == ["thread_not_read", "comments_not_read"]
    assert set(notices) & NOT_READ


def test_the_check_tells_what_is_there(blog: Blog) -> None:
    """The check says whether the feed is one, and on a site whether it names comment feeds."""

    def checked(kind: str) -> dict[str, bool]:
        found = CHANNEL.check(connection(blog, kind), now=NOW)
        return {check.name: check.allowed for check in found}

    blog.gives(rss(post_item(blog, 1, 1)))
    assert checked("site") == {"feed": True, "comment_feeds": True}
    blog.gives(rss(item("<guid>1</guid>")))
    assert checked("site") == {"feed": True, "comment_feeds": False}
    assert checked("comments") == {"feed": True}
    blog.gives("<html></html>", HTML)
    assert checked("comments") == {"feed": False}
    del blog.replies["/feed"]
    assert checked("comments") == {"feed": False}
