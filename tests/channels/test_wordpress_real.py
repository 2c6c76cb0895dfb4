"""WordPress on a real one: every fact that the fake keeps, and the troubles a real site has."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.channels import web_requests
from app.channels.base import TryLater, Uncertain
from app.channels.feeds import CHANNEL as FEED
from app.channels.wordpress import CHANNEL, acting

from .benches.bench import now
from .benches.real_wordpress import RealBench
from .benches.wordpress_facts import FACTS, an_answer, by_id, fetch, find, send

pytestmark = pytest.mark.xdist_group("wordpress")


@pytest.fixture
def bench(wordpress: Any) -> RealBench:
    return RealBench(wordpress)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_a_fact_shared_with_the_fake_one(
    bench: RealBench, monkeypatch: Any, fact: Callable[[Any, Any], None]
) -> None:
    """The real WordPress keeps each fact that the fake one keeps."""
    fact(bench, monkeypatch)


def test_the_first_content(bench: RealBench) -> None:
    """What the site holds from the start is read whole: threads, signs, emoji, length, waiting."""
    messages = by_id(bench)
    rows = [row for post in bench.server.posts for row in bench.on_platform(str(post))]
    assert {key: message.at_source == "visible" for key, message in messages.items()} == {
        row.external_id: row.visible for row in rows
    }
    assert max(len(message.text) for message in messages.values()) > 17_000
    names = {message.author.name for message in messages.values() if message.author}
    assert {'Café "Räkan" & Co', "Linnéa 🌻", "Åsa Öberg"} <= names
    reply = next(m for m in messages.values() if m.author and m.author.name.startswith("Mohammed"))
    assert messages[reply.parent_external_id or ""].author.name == "Åsa Öberg"  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["atom/", ""])
def test_the_feed_agrees_with_the_rest_interface(bench: RealBench, kind: str) -> None:
    """Public comments have the same ids, parents, names and times in the feed, RSS and Atom alike."""
    base = bench.connection()
    connection = replace(base, settings={"feed_url": f"{bench.server.url}/comments/feed/{kind}"})
    page = FEED.fetch(connection, None, now=now())
    in_feed = [FEED.parse(connection, raw.payload, now=now()) for raw in page.raws]
    in_rest = by_id(bench, user="")
    assert {m.external_id for m in in_feed} == set(in_rest)
    for message in in_feed:
        twin = in_rest[message.external_id]
        assert message.parent_external_id == twin.parent_external_id
        assert message.published_at == twin.published_at
        assert message.author
        assert twin.author
        assert message.author.name == twin.author.name
        assert message.url == twin.url
        assert "In reply to" not in message.text
    again = FEED.fetch(connection, page.cursor, now=now())
    assert not again.raws
    assert not again.notices


def test_a_site_read_through_its_post_feed(bench: RealBench) -> None:
    """The comment feeds that a blog's post feed names give the same comments, with their posts."""
    connection = replace(
        bench.connection(), kind="site", settings={"feed_url": f"{bench.server.url}/feed/"}
    )
    found, cursor, more = {}, None, True
    while more:
        page = FEED.fetch(connection, cursor, now=now())
        for raw in page.raws:
            message = FEED.parse(connection, raw.payload, now=now())
            found[message.external_id] = message
        cursor, more = page.cursor, page.more
    public = by_id(bench, user="")
    assert set(found) == set(public)
    assert all(found[key].post.title == public[key].post.title for key in found)
    assert not FEED.fetch(connection, cursor, now=now()).more


@pytest.mark.parametrize("fault", ["503", "429"])
def test_a_site_in_trouble(bench: RealBench, fault: str) -> None:
    """A busy or closed site is TryLater when read, with its own Retry-After when it gives one."""
    fetch(bench)
    bench.server.fault(fault)
    moment = now()
    with pytest.raises(TryLater) as caught:
        CHANNEL.fetch(bench.connection(), None, now=moment)
    waited = (caught.value.until - moment).total_seconds() if caught.value.until else None
    assert waited == (7 if fault == "429" else None)


def test_a_site_that_hangs(bench: RealBench, monkeypatch: Any) -> None:
    """A site that takes the answer and says nothing leaves us uncertain; then it is found or sent."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    outgoing = an_answer(post, comment, "Kl. 8.")
    assert find(bench, outgoing) is None
    monkeypatch.setattr(web_requests, "READ_SECONDS", 2.0)
    look_first = acting._must_be_open_for_answers

    def look_and_then_hang(site: Any, answer: Any) -> None:
        look_first(site, answer)
        bench.server.fault("stall")

    monkeypatch.setattr(acting, "_must_be_open_for_answers", look_and_then_hang)
    with pytest.raises(Uncertain):
        send(bench, outgoing)
    bench.server.fault("off")
    monkeypatch.undo()
    receipt = send(bench, outgoing)  # a second try, as nobody should: WordPress keeps it one
    assert find(bench, outgoing) == receipt
    assert len([m for m in bench.on_platform(post) if m.by_city]) == 1
