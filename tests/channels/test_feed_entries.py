"""Feed entries: ids, times, words, people and threads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.channels.feeds import CHANNEL
from app.channels.feeds.entries import key_of, published_at

from .benches.blog import NOW, Blog, a_blog, atom, connection, entry, fetch, item, messages, rss

__all__ = ["a_blog"]

# --- ids ---------------------------------------------------------------------------------------


def test_a_wordpress_comment_has_its_number(blog: Blog) -> None:
    """`#comment-17` in a WordPress guid is the id 17, as in its REST interface."""
    guid = "<guid>http://gammal.example.se/?p=4#comment-17</guid>"
    blog.gives(rss(item(f"{guid}<description>Hej</description>")))
    assert [raw.external_id for raw in fetch(blog).raws] == ["17"]


@pytest.mark.parametrize(
    "twin",
    [
        "http://blogg.example.se/bad#c1",
        "https://www.blogg.example.se/bad/#c1",
        "https://BLOGG.example.se/bad?utm_source=rss&utm_medium=feed#c1",
        "https://blogg.example.se/bad?PHPSESSID=abc#c1",
        "https://blogg.example.se/bad;jsessionid=1F#c1",
        " https://blogg.example.se:443/bad#c1 ",
    ],
)
def test_addresses_that_mean_the_same(twin: str) -> None:
    """Scheme, www, a last slash, session and campaign parameters do not make another comment."""
    assert key_of(twin) == key_of("https://blogg.example.se/bad#c1")


def test_addresses_that_do_not(blog: Blog) -> None:
    """Another fragment, page or parameter is another comment."""
    base = "https://blogg.example.se/bad#c1"
    for other in ("bad#c2", "bad2#c1", "bad?p=1#c1"):
        assert key_of(f"https://blogg.example.se/{other}") != key_of(base)
    assert len(key_of("https://blogg.example.se/" + "x" * 900)) < 100


def test_no_guid(blog: Blog) -> None:
    """Without a guid the link's fragment counts, and without that writer, time and words."""
    when = "<pubDate>Mon, 23 Nov 2026 10:00:00 +0000</pubDate><dc:creator>Åsa</dc:creator>"
    linked = item(f"<link>https://b.example.se/x#c9</link>{when}<description>Ett</description>")
    bare = [
        item(f"<link>https://b.example.se/x</link>{when}<description>{text}</description>")
        for text in ("Två", "Tre")
    ]
    blog.gives(rss(linked, *bare))
    ids = [raw.external_id for raw in fetch(blog).raws]
    assert ids[0] == "https://b.example.se/x#c9"
    assert len(set(ids)) == 3
    assert all(key.startswith("sha256:") for key in ids[1:])
    assert ids == [raw.external_id for raw in fetch(blog).raws]


def test_a_guid_that_changes(blog: Blog) -> None:
    """After a change of guids the same writer, time and words give the same alternative id."""
    blog.gives(atom(entry(1, "Hej på er")))
    first = messages(blog, fetch(blog))[0]
    blog.gives(atom(entry(1, "Hej på er").replace("<id>https://blogg", "<id>tag:ny,2026:x")))
    second = messages(blog, fetch(blog))[0]
    assert first.external_id != second.external_id
    assert set(first.alternative_ids) & set(second.alternative_ids)
    blog.gives(atom(entry(1, "Något annat").replace("<id>https://blogg", "<id>tag:ny,2026:y")))
    third = messages(blog, fetch(blog))[0]
    assert not set(first.alternative_ids) & set(third.alternative_ids)


def test_the_same_entry_twice_in_a_feed(blog: Blog) -> None:
    """An entry that a feed repeats is given once."""
    blog.gives(atom(entry(1), entry(1), entry(2)))
    assert len(fetch(blog).raws) == 2


# --- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Mon, 23 Nov 2026 10:00:00 +0100", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 10:00:00 GMT", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("mån, 23 nov 2026 10:00:00 +0100", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("tisdag 5 maj 2026 kl. 09.30", datetime(2026, 5, 5, 7, 30, tzinfo=UTC)),
        ("5 oktober 2026 10:00:00 GMT", datetime(2026, 10, 5, 10, tzinfo=UTC)),
        ("i går", None),
        ("", None),
        ("31 februari 2026 10:00", None),
    ],
)
def test_dates_as_they_come(blog: Blog, said: str, expected: datetime | None) -> None:
    """Dates in English and Swedish become UTC; one that is none is the time of reading, uncertain."""
    date = f"<pubDate>{said}</pubDate>" if said else ""
    blog.gives(rss(item(f"<guid>a#c1</guid>{date}<description>Hej</description>")))
    page = CHANNEL.fetch(
        replace(connection(blog), backfill_since=NOW - timedelta(days=900)), None, now=NOW
    )
    message = messages(blog, page)[0]
    assert message.published_at == (expected or NOW)
    assert message.time_uncertain is (expected is None)
    assert message.published_at.utcoffset() == timedelta(0)


def test_a_date_in_the_future(blog: Blog) -> None:
    """A date far ahead says nothing: the time of reading stands in, uncertain."""
    blog.gives(atom(entry(1, published="2031-01-01T00:00:00Z")))
    message = messages(blog, fetch(blog))[0]
    assert message.time_uncertain
    assert message.published_at == NOW


def test_summer_and_winter_time(blog: Blog) -> None:
    """A Swedish date without a zone is Swedish time, in summer and winter."""
    for month, hours in (("juli", 2), ("december", 1)):
        kept = {"published": None, "published_said": f"1 {month} 2026 12:00"}
        moment = published_at(kept)
        assert moment is not None
        assert moment.hour == 12 - hours
        assert moment.astimezone(ZoneInfo("Europe/Stockholm")).hour == 12


# --- words, people and threads -------------------------------------------------------------------


def test_words_are_cleaned(blog: Blog) -> None:
    """Scripts and images go, entities become signs, once, in text and name."""
    inside = (
        "<guid>a#c1</guid><dc:creator><![CDATA[Café &amp; Co]]></dc:creator>"
        "<description><![CDATA[kort]]></description><content:encoded><![CDATA[<p>R&auml;tt &amp; "
        "slätt<script>alert(1)</script><img src='http://spion.example/x.gif'></p><p>Två</p>]]>"
        "</content:encoded>"
    )
    blog.gives(rss(item(inside)))
    message = messages(blog, fetch(blog))[0]
    assert message.text.split() == ["Rätt", "&", "slätt", "Två"]
    assert message.author
    assert message.author.name == "Café & Co"


def test_whose_words_are_the_citys(blog: Blog) -> None:
    """Comments under a name that the city has given as its own are the city's."""
    blog.gives(atom(entry(1), entry(2)))
    page = fetch(blog)
    own = [m.by_city for m in messages(blog, page, city_authors="Kommunen, åsa 2")]
    assert own == [False, True]
    assert not any(m.by_city for m in messages(blog, page))


def reference(ref: str, href: str = "") -> str:
    return f"<thr:in-reply-to ref='{ref}'" + (f" href='{href}'/>" if href else "/>")


PAGE = "https://blogg.example.se/bad/"


@pytest.mark.parametrize(
    ("references", "parent"),
    [
        ("", None),
        (reference(PAGE, PAGE), None),
        (reference("tag:inlägg", PAGE), None),
        (reference(f"{PAGE}#c1"), f"{PAGE}#c1"),
        (reference("tag:inlägg", PAGE) + reference(f"{PAGE}#c1"), f"{PAGE}#c1"),
        (reference(f"{PAGE}#c1") + reference("tag:inlägg", PAGE), f"{PAGE}#c1"),
        (reference("https://b.example.se/?p=1#comment-44"), "44"),
        (reference("tag:okänd", f"{PAGE}#c77"), "tag:okänd"),
        (reference(f"{PAGE}#c1") + reference("tag:okänd", f"{PAGE}#c77"), f"{PAGE}#c1"),
    ],
)
def test_whom_an_entry_answers(blog: Blog, references: str, parent: str | None) -> None:
    """The parent is the comment referred to, known or not, in any order; the post is no parent."""
    blog.gives(atom(entry(1), entry(2, more=references)))
    answered = messages(blog, fetch(blog))[1].parent_external_id
    assert answered == (key_of(parent) if parent else None)


def test_whom_a_wordpress_reply_answers(blog: Blog) -> None:
    """In WordPress's RSS the paragraph it puts first tells the parent, and is taken out again."""
    start = "http://b.example.se/x/#comment-"
    said = f'<p>Som svar till <a href="{start}7">Åsa</a>.</p>\n<p>Håller med.</p>'
    other = '<p>Se <a href="http://annan.example/x/#comment-7">här</a>.</p>\n<p>Bra.</p>'
    blog.gives(
        rss(
            *[
                item(
                    f"<guid>{start}{n}</guid><link>{start}{n}</link>"
                    f"<content:encoded><![CDATA[{words}]]></content:encoded>"
                )
                for n, words in ((8, said), (9, other))
            ]
        )
    )
    reply, top = messages(blog, fetch(blog))
    assert (reply.parent_external_id, reply.text) == ("7", "Håller med.")
    assert top.parent_external_id is None
    assert "här" in top.text
    assert reply.post.url == "http://b.example.se/x/"


def test_a_post_with_a_password_is_passed_over(blog: Blog) -> None:
    """The form that WordPress gives in place of a protected comment is no comment."""
    form = "<form action='/wp-login.php?action=postpass'>Lösenord</form>".replace("<", "&lt;")
    blog.gives(atom(entry(1, form), entry(2)))
    assert len(fetch(blog).raws) == 1
