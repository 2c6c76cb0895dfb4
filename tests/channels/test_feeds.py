"""Feeds: each way an address can answer, each thing a feed can get wrong, and its window."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.channels.base import (
    Gone,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
)
from app.channels.feeds import CHANNEL
from app.channels.feeds.entries import key_of
from app.channels.feeds.reading import MOST_ENTRIES

from .benches.blog import (
    ATOM,
    HTML,
    NOW,
    RSS,
    Blog,
    a_blog,
    atom,
    connection,
    entry,
    error_of,
    fetch,
    item,
    messages,
    rss,
    state_of,
)
from .benches.loopback import Reply

__all__ = ["a_blog"]

# --- what an address can answer (HTTP) ------------------------------------------------------


def test_a_feed_is_asked_politely(blog: Blog) -> None:
    """The first request has no conditions, names the city and prefers Atom."""
    blog.gives(atom(entry(1)))
    fetch(blog)
    assert not {"if-none-match", "if-modified-since"} & set(blog.last.headers)
    assert "Landskrona stad" in blog.last.headers["user-agent"]
    assert blog.last.headers["accept"].startswith("application/atom+xml")


def test_conditions_are_sent_back_word_for_word(blog: Blog) -> None:
    """ETag and Last-Modified come back together, quotes, W/ and all; a 304 is nothing new."""
    validators = {"ETag": 'W/"aB-1"', "Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT"}
    blog.gives(atom(entry(1)), {**ATOM, **validators})
    page = fetch(blog)
    blog.replies["/feed"] = Reply(304)
    again = fetch(blog, page.cursor, NOW + timedelta(minutes=5))
    assert blog.last.headers["if-none-match"] == 'W/"aB-1"'
    assert blog.last.headers["if-modified-since"] == "Tue, 24 Nov 2026 10:00:00 GMT"
    assert not again.raws
    assert not again.notices
    assert not again.removed
    assert state_of(again.cursor) == state_of(page.cursor)


def test_wordpress_gets_its_own_etag_back(blog: Blog) -> None:
    """A W/ that compression put before WordPress's ETag is taken off again: it knows no other."""
    generator = "<generator uri='https://wordpress.org/'>WordPress</generator>"
    blog.gives(atom(entry(1), more=generator), {**ATOM, "ETag": 'W/"c37"'})
    page = fetch(blog)
    fetch(blog, page.cursor, NOW + timedelta(minutes=5))
    assert blog.last.headers["if-none-match"] == '"c37"'


def test_once_an_hour_the_whole_feed_is_asked_for(blog: Blog) -> None:
    """A 304 can hide a late approval, so each hour the feed is asked for without conditions."""
    blog.gives(atom(entry(1)), {**ATOM, "ETag": '"1"'})
    page = fetch(blog)
    page = fetch(blog, page.cursor, NOW + timedelta(minutes=59))
    assert "if-none-match" in blog.last.headers
    page = fetch(blog, page.cursor, NOW + timedelta(minutes=60))
    assert "if-none-match" not in blog.last.headers
    fetch(blog, page.cursor, NOW + timedelta(minutes=70))
    assert "if-none-match" in blog.last.headers


@pytest.mark.parametrize("status", [301, 308])
def test_moved_for_good_is_told_the_third_time(blog: Blog, status: int) -> None:
    """Three looks in a row sent on for good tell the new address; ours is asked all the same."""
    blog.gives("", {"Location": "/ny"}, status)
    blog.replies["/ny"] = Reply(200, atom(entry(1)).encode(), ATOM)
    cursor = None
    told = []
    for _look in range(4):
        page = fetch(blog, cursor)
        cursor = page.cursor
        told.append(dict(page.notices).get("moved"))
    assert told == [None, None, f"{blog.web.url}/ny", f"{blog.web.url}/ny"]
    assert [asked.path for asked in blog.web.asked] == ["/feed", "/ny"] * 4


def test_moved_counts_only_in_a_row(blog: Blog) -> None:
    """A look that was not sent on starts the count anew, and so does another new address."""
    there = Reply(200, atom(entry(1)).encode(), ATOM)
    blog.replies |= {"/ny": there, "/nyare": there}
    cursor = None
    for way in ("/ny", "/ny", None, "/ny", "/ny", "/nyare"):
        blog.replies["/feed"] = Reply(301, b"", {"Location": way}) if way else there
        page = fetch(blog, cursor)
        assert "moved" not in dict(page.notices)
        cursor = page.cursor


@pytest.mark.parametrize("status", [302, 303, 307])
def test_moved_for_now_is_just_followed(blog: Blog, status: int) -> None:
    """A passing redirect is followed and never told."""
    blog.gives("", {"Location": "/ny"}, status)
    blog.replies["/ny"] = Reply(200, atom(entry(1)).encode(), ATOM)
    cursor = None
    for _look in range(4):
        page = fetch(blog, cursor)
        assert len(page.raws) == 1
        assert not page.notices
        cursor = page.cursor


@pytest.mark.parametrize("status", [401, 403])
def test_kept_out(blog: Blog, status: int) -> None:
    """401 and 403 need a person."""
    blog.gives("nej", HTML, status)
    assert isinstance(error_of(blog), SignInNeeded)


def test_missing_is_told_and_after_a_day_needs_a_person(blog: Blog) -> None:
    """A 404 is told with the hour it began; after 24 hours of them it is refused."""
    blog.gives(atom(entry(1)))
    page = fetch(blog)
    del blog.replies["/feed"]
    page = fetch(blog, page.cursor, NOW + timedelta(hours=1))
    since = (NOW + timedelta(hours=1)).isoformat()
    assert page.notices == (("missing", since),)
    assert not page.raws
    page = fetch(blog, page.cursor, NOW + timedelta(hours=24))
    assert page.notices == (("missing", since),)
    assert isinstance(error_of(blog, page.cursor, NOW + timedelta(hours=25)), Refused)
    blog.gives(atom(entry(1)))
    page = fetch(blog, page.cursor, NOW + timedelta(hours=26))
    assert not page.notices
    assert not state_of(page.cursor)["missing_since"]


def test_gone_is_gone(blog: Blog) -> None:
    """A 410 says at once that nobody need ask again."""
    blog.gives("", HTML, 410)
    assert isinstance(error_of(blog), Gone)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "seconds"),
    [("90", 90), ("Tue, 24 Nov 2026 12:10:00 GMT", 600), ("999999", 86400), (None, None)],
)
def test_asked_to_wait(blog: Blog, status: int, said: str | None, seconds: int | None) -> None:
    """Busy is TryLater with the time asked for, in seconds or as a date, at most a day."""
    blog.gives("", {**HTML, **({"Retry-After": said} if said else {})}, status)
    error = error_of(blog)
    assert isinstance(error, TryLater)
    assert error.until == (NOW + timedelta(seconds=seconds) if seconds else None)


@pytest.mark.parametrize("way", ["500", "502", "silent", "cut_body", "cut_connection"])
def test_trouble_on_the_way(blog: Blog, way: str) -> None:
    """Server errors, silence and cut answers may be asked again."""
    blog.web.break_in(way)
    assert isinstance(error_of(blog), TryLater)


def test_a_feed_that_is_too_large(blog: Blog) -> None:
    """More than five megabytes is refused."""
    blog.gives(atom(entry(1, "x" * 6_000_000)))
    error = error_of(blog)
    assert isinstance(error, Refused)
    assert error.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("path", ["/etc/passwd", "file:///etc/passwd", "", "flöde.xml"])
def test_a_file_is_never_read(blog: Blog, path: str) -> None:
    """What is no web address is refused; in particular a path on our own machine."""
    with pytest.raises(Refused) as caught:
        CHANNEL.fetch(connection(blog, feed_url=path), None, now=NOW)
    assert caught.value.reason is Reason.ADDRESS_NOT_ALLOWED


@pytest.mark.parametrize(
    ("headers", "more", "minutes"),
    [
        ({}, "", None),
        ({"Cache-Control": "max-age=600"}, "", 10),
        ({"Cache-Control": "public, max-age=86400"}, "", 60),
        ({}, "<ttl>30</ttl>", 30),
        ({}, "<sy:updatePeriod>hourly</sy:updatePeriod>", 60),
        ({}, "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 15),
        ({}, "<generator>https://wordpress.org/</generator><sy:updatePeriod>hourly</sy:updatePeriod>", None),
    ],
)  # fmt: skip
def test_how_often_a_feed_wants_to_be_read(
    blog: Blog, headers: dict[str, str], more: str, minutes: int | None
) -> None:
    """A feed's own wish is passed on, at most an hour; WordPress's boilerplate is no wish."""
    blog.gives(rss(more=more), {**RSS, **headers})
    expected = NOW + timedelta(minutes=minutes) if minutes else None
    assert fetch(blog).asked_to_wait_until == expected


# --- what a feed can get wrong (bozo) ---------------------------------------------------------


def test_html_instead_of_a_feed(blog: Blog) -> None:
    """A web page is not a feed, whatever type it is sent as."""
    for headers in (HTML, ATOM):
        blog.gives("<!doctype html><html><head><title>Hej</title></head></html>", headers)
        error = error_of(blog)
        assert isinstance(error, Refused)
        assert error.reason is Reason.NOT_UNDERSTOOD


@pytest.mark.parametrize("body", ["", "  \n "])
def test_an_empty_answer(blog: Blog, body: str) -> None:
    """An answer of nothing is asked for again."""
    blog.gives(body)
    assert isinstance(error_of(blog), TryLater)


@pytest.mark.parametrize("body", [b"\x00\x01\x02", b"{}", b"%PDF-1.7", b"\xff\xfe"])
def test_rubbish(blog: Blog, body: bytes) -> None:
    """Anything else that is no feed is refused as not understood."""
    blog.gives(body)
    error = error_of(blog)
    assert isinstance(error, Refused)
    assert error.reason is Reason.NOT_UNDERSTOOD


def test_a_cut_feed(blog: Blog) -> None:
    """A cut feed gives the whole entries before the cut, tells it, and is asked for whole again."""
    whole = atom(*[entry(n, f"Text {n} som är lång") for n in range(5)])
    blog.gives(whole[: whole.index("Text 3") + 4], {**ATOM, "ETag": '"1"'})
    page = fetch(blog)
    assert [m.text for m in messages(blog, page)] == [f"Text {n} som är lång" for n in range(3)]
    assert page.notices == (("cut", "3"),)
    assert not page.removed
    blog.gives(whole, {**ATOM, "ETag": '"1"'})
    page = fetch(blog, page.cursor, NOW + timedelta(minutes=1))
    assert "if-none-match" not in blog.last.headers
    assert len(page.raws) == 5


def test_signs_that_xml_does_not_allow(blog: Blog) -> None:
    """A bare & and a control character do not stop the entries from being read."""
    blog.gives(atom(entry(1, "Sim & bad \x07 nu"), entry(2)))
    page = fetch(blog)
    assert len(page.raws) == 2
    assert not page.notices
    assert messages(blog, page)[0].text.startswith("Sim & bad")


def test_the_wrong_type(blog: Blog) -> None:
    """A feed sent as text/html is read all the same."""
    blog.gives(atom(entry(1, "Åäö")), {"Content-Type": "text/html"})
    assert messages(blog, fetch(blog))[0].text == "Åäö"


@pytest.mark.parametrize(
    ("encoding", "declared", "said"),
    [
        ("utf-8", "UTF-8", "utf-8"),
        ("utf-8", "ISO-8859-1", "utf-8"),
        ("utf-8", "UTF-8", "iso-8859-1"),
        ("utf-8", "ISO-8859-1", "iso-8859-1"),
        ("iso-8859-1", "ISO-8859-1", "iso-8859-1"),
        ("iso-8859-1", "ISO-8859-1", "utf-8"),
        ("iso-8859-1", "UTF-8", "utf-8"),
        ("windows-1252", "windows-1252", None),
        ("utf-8", "windows-1252", "windows-1252"),
        ("utf-8", "UTF-8", "windows-1252"),
    ],
)
def test_letters_under_a_wrong_name(
    blog: Blog, encoding: str, declared: str, said: str | None
) -> None:
    """Swedish letters are right whichever of header and declaration is wrong about them."""
    declaration = f'<?xml version="1.0" encoding="{declared}"?>'
    text = item(
        "<guid>a#c1</guid><dc:creator>Åsa</dc:creator><description>Räksmörgås</description>"
    )
    charset = f"; charset={said}" if said else ""
    headers = {"Content-Type": f"application/rss+xml{charset}"}
    blog.gives(rss(text, declaration=declaration).encode(encoding), headers)
    message = messages(blog, fetch(blog))[0]
    assert message.text == "Räksmörgås"
    assert message.author
    assert message.author.name == "Åsa"


def test_a_bomb_is_not_opened(blog: Blog) -> None:
    """A feed that declares entities, as no honest one does, is refused before it is parsed."""
    levels = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 9))
    bomb = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY b0 "ha">{levels}]>'
    for body in (
        rss(item("<title>&b8;</title>"), declaration=bomb).encode(),
        rss(item("<title>&b8;</title>"), declaration=bomb).encode("utf-16"),
        rss(declaration='<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>').encode(),
    ):
        blog.gives(body)
        error = error_of(blog)
        assert isinstance(error, Refused)
        assert error.reason is Reason.NOT_UNDERSTOOD


def test_no_more_than_five_hundred_entries(blog: Blog) -> None:
    """Of a feed with too many entries the first 500 are taken, and it is told."""
    blog.gives(atom(*[entry(number) for number in range(MOST_ENTRIES + 7)]))
    page = fetch(blog)
    assert len(page.raws) == MOST_ENTRIES
    assert page.notices == (("too_many", str(MOST_ENTRIES + 7)),)


# --- windows -----------------------------------------------------------------------------------


def test_a_gap_is_told(blog: Blog) -> None:
    """Ten new entries of ten mean that some may have passed unseen; one known means not."""
    blog.gives(atom(*[entry(number) for number in range(10)]))
    page = fetch(blog)
    assert not page.notices
    blog.gives(atom(*[entry(number) for number in range(9, 19)]))
    page = fetch(blog, page.cursor)
    assert not page.notices
    assert len(page.raws) == 10
    blog.gives(atom(*[entry(number) for number in range(19, 29)]))
    page = fetch(blog, page.cursor)
    assert page.notices == (("gap", "10"),)
    assert len(page.raws) == 10


def test_absence_says_nothing(blog: Blog) -> None:
    """An entry that is no longer in the feed is not removed; a feed may be empty."""
    blog.gives(atom(entry(1), entry(2)))
    page = fetch(blog)
    for left in (atom(entry(2)), atom()):
        blog.gives(left)
        page = fetch(blog, page.cursor)
        assert not page.removed
        assert not page.notices


def test_a_deleted_entry_is_removed(blog: Blog) -> None:
    """Every at:deleted-entry of a feed is told, under the id that the entry had."""
    gone = "".join(
        f"<at:deleted-entry ref='https://www.blogg.example.se/bad/#c{n}' when='2026-11-24T00:00:00Z'/>"
        for n in (1, 2)
    )
    blog.gives(atom(entry(3), more=gone))
    assert fetch(blog).removed == (
        key_of("https://blogg.example.se/bad/#c1"),
        key_of("https://blogg.example.se/bad/#c2"),
    )


def test_what_the_first_reading_leaves_out(blog: Blog) -> None:
    """Entries from before the first reading's limit stay out; later ones come whatever their date."""
    old = entry(1, published="2026-01-01T10:00:00Z")
    blog.gives(atom(old, entry(2)))
    page = fetch(blog)
    assert [m.author.name for m in messages(blog, page) if m.author] == ["Åsa 2"]
    released = entry(3, published="2026-01-02T10:00:00Z")
    blog.gives(atom(old, entry(2), released))
    page = fetch(blog, page.cursor, NOW + timedelta(hours=2))
    assert [m.author.name for m in messages(blog, page) if m.author] == ["Åsa 2", "Åsa 3"]


def test_no_first_reading(blog: Blog) -> None:
    """Without a first reading only what comes later is given, dated or not."""
    blog.gives(atom(entry(1), entry(2, published="")))
    fresh = replace(connection(blog), backfill_since=None)
    page = CHANNEL.fetch(fresh, None, now=NOW)
    assert not page.raws
    blog.gives(atom(entry(1), entry(2, published=""), entry(3)))
    page = CHANNEL.fetch(fresh, page.cursor, now=NOW + timedelta(hours=1))
    assert [m.author.name for m in messages(blog, page) if m.author] == ["Åsa 3"]
