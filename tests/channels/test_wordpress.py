"""WordPress on the fake one: the facts it shares with the real one, and what the real one cannot do
at will."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.channels import web_requests
from app.channels.base import (
    AtSource,
    Connection,
    Outgoing,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
    Uncertain,
)
from app.channels.wordpress import CHANNEL, reading, site
from app.channels.wordpress.words import moment

from .benches.bench import now
from .benches.loopback import Loopback, Reply
from .benches.wordpress import Bench
from .benches.wordpress_facts import FACTS, an_answer, by_id, fetch, find, send, whole_look


@pytest.fixture
def bench(monkeypatch: Any) -> Iterator[Bench]:
    monkeypatch.setattr(web_requests, "READ_SECONDS", 2.0)
    made = Bench()
    yield made
    made.close()


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_a_fact_shared_with_the_real_one(
    bench: Bench, monkeypatch: Any, fact: Callable[[Any, Any], None]
) -> None:
    """The fake WordPress and the channel keep each fact that a real WordPress keeps."""
    fact(bench, monkeypatch)


def test_the_hour_that_comes_twice(bench: Bench) -> None:
    """An answer written in the repeated hour of the autumn shift is found, and its time is right."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    pressed = datetime(2026, 10, 25, 0, 58, tzinfo=UTC)  # 02.58 summer time
    written = datetime(2026, 10, 25, 1, 1, tzinfo=UTC)  # 02.01 winter time: "earlier" on the wall
    bench.site.add_comment(int(post), "Vi", "Kl. 8.", parent=comment, author=2, at=written)
    outgoing = Outgoing("k", "Kl. 8.", post, comment, pressed_at=pressed)
    found = find(bench, outgoing)
    assert found is not None
    page = CHANNEL.recheck(bench.connection(), [found.external_id], now=now())
    message = CHANNEL.parse(bench.connection(), page.raws[0].payload, now=now())
    assert message.published_at == written
    assert not message.time_uncertain


def test_an_answer_from_long_before_is_not_ours(bench: Bench) -> None:
    """The same words under the same comment from another day are not taken for this answer."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    bench.site.add_comment(
        int(post), "Vi", "Kl. 8.", parent=comment, author=2, at=now() - timedelta(days=1)
    )
    assert find(bench, an_answer(post, comment, "Kl. 8.")) is None


def test_a_flood_is_waited_out(bench: Bench) -> None:
    """Too fast is TryLater with a time, although WordPress says 400."""
    bench.site.flood = True
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    send(bench, an_answer(post, comment, "Ett."))
    moment_ = now()
    with pytest.raises(TryLater) as caught:
        CHANNEL.send(bench.connection(), an_answer(post, comment, "Två."), now=moment_)
    assert caught.value.until == moment_ + timedelta(seconds=15)


def test_an_answer_that_waits_for_approval_says_so(bench: Bench) -> None:
    """A 201 with the status hold is a receipt that says held."""
    bench.site.held_by_default = True
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    assert send(bench, an_answer(post, comment, "Ett.")).at_source is AtSource.HELD


def test_a_503_that_says_nothing_more_is_unclear(bench: Bench) -> None:
    """A 503 without Retry-After to an answer is Uncertain: it may have come from behind WordPress."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    bench.break_in("503", on="changes", after_acting=True)
    with pytest.raises(Uncertain):
        send(bench, an_answer(post, comment, "Ett."))


def test_hiding_survives_an_unclear_answer(bench: Bench) -> None:
    """Hidden, but the word was lost: looked at again and reported as done; not done: TryLater."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "Dumt")
    bench.break_in("502", on="changes", after_acting=True)
    assert CHANNEL.hide(bench.connection(), comment, now=now()) is AtSource.HELD
    bench.set_status(comment, "approved")
    bench.break_in("502", on="changes")
    with pytest.raises(TryLater):
        CHANNEL.hide(bench.connection(), comment, now=now())


def test_a_blog_without_pretty_links_is_found(bench: Bench) -> None:
    """A blog that has no /wp-json/ is found at ?rest_route= without being told."""
    bench.site.pretty = False
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    message = by_id(bench)[comment]
    assert message.url.endswith(f"?p={post}#comment-{comment}")
    assert message.post.title == "Badet"


def test_a_blog_that_changes_its_links(bench: Bench) -> None:
    """A blog that loses its pretty links is TryLater once, and then found anew."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    fetch(bench)
    bench.site.pretty = False
    with pytest.raises(TryLater):
        fetch(bench)
    assert comment in by_id(bench)


def test_headers_that_a_proxy_took_away(bench: Bench, monkeypatch: Any) -> None:
    """Without X-WP-TotalPages a full page means that there may be another one."""
    for module in (reading, site):
        monkeypatch.setattr(module, "PER_PAGE", 3)
    post = bench.make_post("Badet", "Öppet.")
    ids = {bench.comment(post, "Åsa", f"Fråga {number}") for number in range(7)}
    real = bench.site.web.answer

    def without(asked: Any) -> Reply:
        reply = real(asked)
        kept = {name: value for name, value in reply.headers.items() if "X-WP" not in name}
        return Reply(reply.status, reply.body, kept)

    bench.site.web.answer = without
    assert set(by_id(bench)) == ids


def test_an_answer_is_found_behind_a_hundred_others(bench: Bench) -> None:
    """All pages of our comments under the parent are looked through."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    outgoing = an_answer(post, comment, "Den första")
    receipt = send(bench, outgoing)
    for number in range(105):
        bench.site.add_comment(int(post), "Vi", f"Svar {number}", parent=comment, author=2)
    assert find(bench, outgoing) == receipt


def test_no_wordpress_at_all(bench: Bench) -> None:
    """An address where there is no WordPress is refused as not understood."""
    web = Loopback(lambda _asked: Reply(200, b"<title>Hej</title>", {"Content-Type": "text/html"}))
    connection = Connection(
        "comments", "x", {"base_url": web.url}, allowed_private_hosts=frozenset({"127.0.0.1"})
    )
    with pytest.raises(Refused) as caught:
        CHANNEL.fetch(connection, None, now=now())
    assert caught.value.reason is Reason.NOT_UNDERSTOOD
    web.close()


def test_a_wall_in_front_of_wordpress(bench: Bench) -> None:
    """A site whose REST interface is closed to us asks for a person, not for another try."""
    web = Loopback(lambda _asked: Reply(403, b"<h1>Nej</h1>", {"Content-Type": "text/html"}))
    connection = Connection(
        "comments", "x", {"base_url": web.url}, allowed_private_hosts=frozenset({"127.0.0.1"})
    )
    with pytest.raises(SignInNeeded):
        CHANNEL.fetch(connection, None, now=now())
    web.close()


def test_the_login_is_sent_as_wordpress_wants_it(bench: Bench) -> None:
    """The Authorization header holds user and password, letters beyond ASCII as UTF-8."""
    bench.site.users["åsa"] = (9, "lösen ord", True)
    bench.make_post("Badet", "Öppet.")
    fetch(bench, user="åsa")
    sent = [asked.headers["authorization"] for asked in bench.site.web.asked[1:]]
    assert set(sent) == {"Basic w6VzYTpsw7ZzZW4gb3Jk"}


def test_a_moved_redirect_carries_no_login(bench: Bench) -> None:
    """A blog that sends us to another host never gets our password sent on there."""
    elsewhere = Loopback(lambda _asked: Reply(200, b"[]", {"Content-Type": "application/json"}))
    target = elsewhere.url.replace("127.0.0.1", "localhost")
    real = bench.site.web.answer
    bench.site.web.answer = lambda asked: (
        Reply(302, b"", {"Location": f"{target}/x"}) if "comments" in asked.path else real(asked)
    )
    connection = bench.connection()
    allowed = frozenset({"127.0.0.1", "localhost"})
    connection = Connection(
        "comments", "x", connection.settings, connection.credentials, allowed_private_hosts=allowed
    )
    CHANNEL.fetch(connection, None, now=now())
    assert elsewhere.asked
    assert "authorization" not in elsewhere.asked[0].headers
    elsewhere.close()


@pytest.mark.parametrize("said", ["0000-00-00T00:00:00", "", None, "2026-02-31T10:00:00"])
def test_a_time_that_is_none(bench: Bench, said: str | None) -> None:
    """A comment without a usable time gets the time of reading, marked as uncertain."""
    assert moment(said) is None
    post = bench.make_post("Badet", "Öppet.")
    number = bench.site.add_comment(int(post), "Åsa", "När?", date_gmt=said or "0000-00-00T00:00")
    raw = next(r for r in fetch(bench).raws if r.external_id == str(number))
    moment_ = now()
    message = CHANNEL.parse(bench.connection(), raw.payload, now=moment_)
    assert message.time_uncertain
    assert message.published_at == moment_


def test_what_is_no_comment_is_left(bench: Bench) -> None:
    """Pingbacks, editors' notes and the like never come, even when the site gives them."""
    post = bench.make_post("Badet", "Öppet.")
    bench.site.lists_every_type = True
    for kind in ("pingback", "trackback", "note"):
        bench.site.add_comment(int(post), "Robot", kind, type=kind)
    comment = bench.comment(post, "Åsa", "När?")
    assert [raw.external_id for raw in fetch(bench).raws] == [comment]


def test_the_first_reading_goes_no_further_than_it_may(bench: Bench) -> None:
    """Comments from before the first reading's limit never come, not in the daily pass either."""
    post = bench.make_post("Badet", "Öppet.")
    bench.site.add_comment(int(post), "Åsa", "Gammal", at=now() - timedelta(days=40))
    recent = bench.site.add_comment(int(post), "Åsa", "Ny", at=now() - timedelta(days=20))
    found, cursor = whole_look(bench)
    assert [m.external_id for m in found] == [str(recent)]
    again, _cursor = whole_look(bench, cursor, days=2)
    assert [m.external_id for m in again] == [str(recent)]


def test_the_daily_pass_goes_sixty_days_back(bench: Bench) -> None:
    """Once a day everything of the last 60 days is read again, and nothing older."""
    post = bench.make_post("Badet", "Öppet.")
    connection = Connection(
        "comments",
        "x",
        bench.connection().settings,
        bench.connection().credentials,
        allowed_private_hosts=frozenset({"127.0.0.1"}),
        backfill_since=now() - timedelta(days=300),
    )
    old, recent = (
        str(bench.site.add_comment(int(post), "Åsa", "Hej", at=now() - timedelta(days=days)))
        for days in (100, 30)
    )
    page = CHANNEL.fetch(connection, None, now=now())
    assert {raw.external_id for raw in page.raws} == {old, recent}
    page = CHANNEL.fetch(connection, page.rest_cursor, now=now() + timedelta(hours=25))
    assert [raw.external_id for raw in page.raws] == [recent]
    page = CHANNEL.fetch(connection, page.rest_cursor, now=now() + timedelta(hours=26))
    assert page.until_known


def test_without_a_login_three_pages_are_enough(bench: Bench, monkeypatch: Any) -> None:
    """Without login a look at the news ends after three pages; the first reading does not."""
    monkeypatch.setattr("app.channels.wordpress.reading.PER_PAGE", 2)
    post = bench.make_post("Badet", "Öppet.")
    for number in range(9):
        bench.comment(post, "Åsa", f"Fråga {number}")
    first, cursor = whole_look(bench, user="")
    assert len(first) == 9
    second, _cursor = whole_look(bench, cursor, user="")
    assert len(second) == 6


def test_what_is_asked_of_the_blog(bench: Bench) -> None:
    """With a login the edit view of all states is asked for, never addresses on the net or browsers."""
    bench.make_post("Badet", "Öppet.")
    fetch(bench)
    asked = next(a for a in bench.site.web.asked if a.path.endswith("/comments"))
    assert asked.query["context"] == "edit"
    assert asked.query["status"] == "all"
    assert asked.query["after"].endswith("Z")
    assert asked.query["orderby"] == "id"
    assert "author_ip" not in asked.query["_fields"]
    assert "agent" not in asked.query["_fields"]
    assert "Landskrona stad" in asked.headers["user-agent"]
    assert asked.headers["accept-encoding"] == "identity"


def test_the_base_address_as_people_write_it() -> None:
    """The blog's address may be written with a last slash, with /wp-json, or without https."""
    for written in ("blogg.example.se", "https://blogg.example.se/", "blogg.example.se/wp-json/"):
        connection = Connection("comments", "x", {"base_url": written})
        assert site.base_address(connection) == "https://blogg.example.se"
