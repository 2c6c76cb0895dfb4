"""What is true of WordPress, the fake one and the real one alike.

Each function takes a bench (`WordPressBench`) and asserts one fact about the channel on it;
`test_wordpress.py` runs them all on the fake, `test_wordpress_real.py` on a real WordPress.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

import pytest

from app.channels import wordpress
from app.channels.base import (
    AtSource,
    ChannelError,
    Connection,
    MessageSeen,
    Outgoing,
    Page,
    Reason,
    Receipt,
    Refused,
    SignInNeeded,
)
from app.channels.wordpress import reading, site

from .bench import OnPlatform, now

CHANNEL = wordpress.CHANNEL


class WordPressBench(Protocol):
    """A `PlatformBench` with what only WordPress has."""

    def connection(self, user: str = "redaktor", **settings: str) -> Connection: ...
    def make_post(self, title: str, text: str) -> str: ...
    def make_page(self, title: str, text: str) -> str: ...
    def a_closed_post(self) -> str: ...
    def comment(
        self, post: str, name: str, text: str, parent: str | None = None, email: str = ""
    ) -> str: ...
    def edit(self, external_id: str, text: str) -> None: ...
    def edit_html(self, external_id: str, html: str) -> None: ...
    def delete(self, external_id: str) -> None: ...
    def set_status(self, external_id: str, status: str) -> None: ...
    def on_platform(self, post: str) -> list[OnPlatform]: ...
    def kill_credentials(self) -> None: ...


FACTS: list[Callable[[Any, Any], None]] = []


def fact(function: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Mark a function as a fact; it takes the bench and pytest's monkeypatch."""
    FACTS.append(function)
    return function


def fetch(bench: WordPressBench, cursor: str | None = None, user: str = "redaktor") -> Page:
    return CHANNEL.fetch(bench.connection(user), cursor, now=now())


def whole_look(
    bench: WordPressBench, cursor: str | None = None, user: str = "redaktor", days: int = 0
) -> tuple[list[MessageSeen], str | None]:
    """Every message of a look (made `days` from now) and the cursor it ends with."""
    found: list[MessageSeen] = []
    moment = now() + timedelta(days=days)
    for _page in range(50):
        page = CHANNEL.fetch(bench.connection(user), cursor, now=moment)
        found += [CHANNEL.parse(bench.connection(user), r.payload, now=now()) for r in page.raws]
        cursor = page.cursor
        if not page.more:
            return found, page.rest_cursor
    raise AssertionError("the look never ends")


def by_id(bench: WordPressBench, user: str = "redaktor") -> dict[str, MessageSeen]:
    return {message.external_id: message for message in whole_look(bench, user=user)[0]}


def an_answer(post: str, parent: str | None, text: str) -> Outgoing:
    return Outgoing("nyckel", text, post, parent, pressed_at=now())


def send(bench: WordPressBench, outgoing: Outgoing) -> Receipt:
    return CHANNEL.send(bench.connection(), outgoing, now=now())


def find(bench: WordPressBench, outgoing: Outgoing) -> Receipt | None:
    return CHANNEL.find_sent(bench.connection(), outgoing, now=now())


def refusal(call: Callable[[], Any]) -> Reason:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.reason


@fact
def the_post_comes_along(bench: WordPressBench, _patch: Any) -> None:
    """A payload alone tells the post's title, text, address and time."""
    post = bench.make_post("Sim & bad", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "När?")
    seen = by_id(bench)[comment].post
    assert (seen.external_id, seen.title, seen.text) == (post, "Sim & bad", "Nu öppnar badet.")
    assert seen.url.startswith("http://127.0.0.1")
    assert "#" not in seen.url
    assert seen.published_at is not None
    assert seen.published_at <= now()


@fact
def a_page_is_as_good_as_a_post(bench: WordPressBench, _patch: Any) -> None:
    """Comments under a page are read with the page's title, and answered."""
    page = bench.make_page("Om badet", "Badet ligger vid stranden.")
    comment = bench.comment(page, "Åsa", "Var då?")
    assert by_id(bench)[comment].post.title == "Om badet"
    receipt = send(bench, an_answer(page, comment, "Vid norra piren."))
    assert by_id(bench)[receipt.external_id].parent_external_id == comment


@fact
def no_personal_data_that_nobody_asked_for(bench: WordPressBench, _patch: Any) -> None:
    """A payload holds neither e-mail address, address on the net nor browser."""
    post = bench.make_post("Badet", "Öppet.")
    bench.comment(post, "Åsa", "När?")
    payloads = "".join(raw.payload for raw in fetch(bench).raws)
    for word in ("@example.test", "author_email", "author_ip", '127.0.0.1"', "Mozilla", "192.0.2"):
        assert word not in payloads


@fact
def a_visitor_stays_the_same_person(bench: WordPressBench, _patch: Any) -> None:
    """Two comments with one e-mail address are one person; another address is another person."""
    post = bench.make_post("Badet", "Öppet.")
    wrote = (("Åsa", "a@example.test"), ("Åsa Ek", "a@example.test"), ("Åsa", "b@example.test"))
    ids = [bench.comment(post, who, f"Hej från {at}", email=at) for who, at in wrote]
    people = [seen.author.external_id for seen in by_id(bench).values() if seen.author]
    assert all(person.startswith(("guest:", "user:")) for person in people)
    first, renamed, other = (by_id(bench)[key].author for key in ids)
    assert first
    assert renamed
    assert other
    assert first.external_id == renamed.external_id != other.external_id


@fact
def tags_and_line_breaks_are_read(bench: WordPressBench, _patch: Any) -> None:
    """A visitor's own tags go, and the line breaks beside them stay."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "Ett")
    bench.edit_html(comment, "<strong>Ett</strong> &amp; två\nRad två\n\nNytt stycke")
    assert by_id(bench)[comment].text == "Ett & två\nRad två\n\nNytt stycke"


@fact
def what_waits_is_read_and_can_be_let_out(bench: WordPressBench, _patch: Any) -> None:
    """A held comment is read as held by a moderator, not at all without login, and then shown."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    bench.set_status(comment, "hold")
    assert by_id(bench)[comment].at_source is AtSource.HELD
    assert comment not in by_id(bench, user="")
    state = CHANNEL.unhide(bench.connection(), comment, now=now())
    assert state is AtSource.VISIBLE
    assert by_id(bench, user="")[comment].text == "När?"


@fact
def a_look_goes_no_further_than_it_must(bench: WordPressBench, patch: Any) -> None:
    """After the first reading a page that reaches what was known may end the look."""
    patch.setattr(reading, "PER_PAGE", 3)
    post = bench.make_post("Badet", "Öppet.")
    for number in range(7):
        bench.comment(post, "Åsa", f"Fråga {number}")
    first, cursor = whole_look(bench)
    assert len({m.external_id for m in first}) == len(first) >= 7
    new = [bench.comment(post, "Åsa", f"Ny fråga {number}") for number in range(4)]
    page = fetch(bench, cursor)
    assert [raw.external_id for raw in page.raws] == new[:0:-1]
    assert page.more
    assert not page.until_known
    page = fetch(bench, page.cursor)
    assert page.raws[0].external_id == new[0]
    assert page.until_known
    assert json.loads(page.rest_cursor or "")["known_to"] == int(new[-1])


@fact
def some_that_go_do_not_hide_others(bench: WordPressBench, patch: Any) -> None:
    """Comments deleted between two pages move the rest up, and still none is missed."""
    patch.setattr(reading, "PER_PAGE", 3)
    post = bench.make_post("Badet", "Öppet.")
    ids = [bench.comment(post, "Åsa", f"Fråga {number}") for number in range(8)]
    page = fetch(bench)
    got = {raw.external_id for raw in page.raws}
    for gone in ids[-2:]:
        bench.delete(gone)
    while page.more:
        page = fetch(bench, page.cursor)
        got |= {raw.external_id for raw in page.raws}
    assert set(ids) <= got


@fact
def what_was_taken_for_spam_is_found_when_freed(bench: WordPressBench, patch: Any) -> None:
    """The daily pass finds a comment that was freed from spam after newer ones had been read."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    bench.set_status(comment, "spam")
    bench.comment(post, "Björn", "Var?")
    found, cursor = whole_look(bench)
    assert comment not in {m.external_id for m in found}
    bench.set_status(comment, "approve")
    page = CHANNEL.fetch(bench.connection(), cursor, now=now() + timedelta(hours=25))
    assert not page.until_known
    assert comment in {raw.external_id for raw in page.raws}


@fact
def an_answer_reads_as_it_was_written(bench: WordPressBench, _patch: Any) -> None:
    """Signs, tags, line breaks, emoji and five thousand letters arrive exactly as written."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    for text in (
        '"Kl. 8" & <b>inte</b> 7; 1 < 2 > 0 &amp; &lt; C:\\ny \\\' [galleri] :) -- ... 🌻👩‍🚒 50 €',
        "Rad ett\nRad två\n\nNytt stycke med https://example.test/?a=1&b=2",
        "Fem tusen tecken. " * 277 + "slut!!",
    ):
        receipt = send(bench, an_answer(post, comment, text))
        there = [m.text for m in bench.on_platform(post) if m.external_id == receipt.external_id]
        assert there == [text]
        assert by_id(bench)[receipt.external_id].text == text


@fact
def an_answer_is_the_citys_own(bench: WordPressBench, _patch: Any) -> None:
    """What we wrote comes back as the city's, by our user, and other users' do only when listed."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    receipt = send(bench, an_answer(post, comment, "Kl. 8."))
    message = by_id(bench)[receipt.external_id]
    assert message.by_city
    assert message.author
    assert message.author.external_id == "user:2"
    assert not by_id(bench, user="")[receipt.external_id].by_city
    listed = bench.connection("", city_user_ids="7, 2")
    raws = CHANNEL.fetch(listed, None, now=now()).raws
    own = [CHANNEL.parse(listed, raw.payload, now=now()) for raw in raws]
    assert next(m for m in own if m.external_id == receipt.external_id).by_city


@fact
def the_same_answer_twice_is_one(bench: WordPressBench, _patch: Any) -> None:
    """WordPress refuses the same answer again, and ours is found in place of the second."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    for text in ("Kl. 8.", "C:\\ny <&> \"'"):
        outgoing = an_answer(post, comment, text)
        assert send(bench, outgoing) == send(bench, outgoing)
    assert len([m for m in bench.on_platform(post) if m.by_city]) == 2
    later = replace(an_answer(post, comment, "Kl. 8."), pressed_at=now() + timedelta(hours=1))
    assert refusal(lambda: send(bench, later)) is Reason.DUPLICATE


@fact
def an_answer_that_waits_is_found(bench: WordPressBench, _patch: Any) -> None:
    """An answer put to wait, or taken for spam, is still found; one in the bin is not."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    outgoing = an_answer(post, comment, "Kl. 8.")
    receipt = send(bench, outgoing)
    for status, state in (("hold", AtSource.HELD), ("spam", AtSource.SPAM)):
        bench.set_status(receipt.external_id, status)
        assert find(bench, outgoing) == replace(receipt, at_source=state)
    bench.set_status(receipt.external_id, "trash")
    assert find(bench, outgoing) is None


@fact
def why_an_answer_is_refused(bench: WordPressBench, _patch: Any) -> None:
    """Each thing that stops an answer has its own reason, and nothing is published."""
    post, other = bench.make_post("Badet", "Öppet."), bench.make_post("Biblioteket", "Stängt.")
    here, there = bench.comment(post, "Åsa", "När?"), bench.comment(other, "Björn", "Var?")
    waits = bench.comment(post, "Cecilia", "Vem?")
    bench.set_status(waits, "hold")
    binned = bench.comment(post, "David", "Hur?")
    bench.set_status(binned, "trash")
    for outgoing, reason in (
        (an_answer(post, here, "å" * 40_000), Reason.TOO_LONG),
        (an_answer(post, "999999", "Hej"), Reason.MESSAGE_GONE),
        (an_answer(post, there, "Hej"), Reason.MESSAGE_GONE),
        (an_answer(post, binned, "Hej"), Reason.MESSAGE_GONE),
        (an_answer(post, waits, "Hej"), Reason.MESSAGE_HELD),
        (an_answer("999999", None, "Hej"), Reason.POST_GONE),
        (an_answer(bench.a_closed_post(), None, "Hej"), Reason.COMMENTS_CLOSED),
    ):
        assert refusal(lambda wanted=outgoing: send(bench, wanted)) is reason
    assert not [m for m in bench.on_platform(post) if m.by_city]


@fact
def an_answer_right_under_the_post(bench: WordPressBench, _patch: Any) -> None:
    """An answer without a parent stands directly under the post and is found there."""
    post = bench.make_post("Badet", "Öppet.")
    outgoing = an_answer(post, None, "Tack för alla frågor.")
    receipt = send(bench, outgoing)
    assert find(bench, outgoing) == receipt
    assert by_id(bench)[receipt.external_id].parent_external_id is None


@fact
def a_recheck_knows_spam_from_gone(bench: WordPressBench, _patch: Any) -> None:
    """Looking again tells spam and waiting from what is in the bin or deleted."""
    post = bench.make_post("Badet", "Öppet.")
    ids = [bench.comment(post, "Åsa", f"Fråga {number}") for number in range(5)]
    for comment, status in zip(ids[1:4], ("hold", "spam", "trash"), strict=True):
        bench.set_status(comment, status)
    bench.delete(ids[4])
    page = CHANNEL.recheck(bench.connection(), ids, now=now())
    seen = [CHANNEL.parse(bench.connection(), raw.payload, now=now()) for raw in page.raws]
    assert {m.external_id: m.at_source for m in seen} == {
        ids[0]: AtSource.VISIBLE,
        ids[1]: AtSource.HELD,
        ids[2]: AtSource.SPAM,
    }
    assert page.removed == tuple(ids[3:])
    public = CHANNEL.recheck(bench.connection(""), ids, now=now())
    assert [raw.external_id for raw in public.raws] == ids[:1]
    assert public.removed == tuple(ids[1:])


@fact
def hiding_what_is_out_of_view(bench: WordPressBench, _patch: Any) -> None:
    """Hiding spam leaves it; what is in the bin or deleted can be neither hidden nor shown."""
    post = bench.make_post("Badet", "Öppet.")
    spam, binned = bench.comment(post, "Åsa", "Köp"), bench.comment(post, "Björn", "Nu")
    bench.set_status(spam, "spam")
    bench.set_status(binned, "trash")
    assert CHANNEL.hide(bench.connection(), spam, now=now()) is AtSource.SPAM
    for gone in (binned, "999999"):
        for act in (CHANNEL.hide, CHANNEL.unhide):

            def call(act=act, gone=gone):
                return act(bench.connection(), gone, now=now())

            assert refusal(call) is Reason.MESSAGE_GONE


@fact
def addresses_without_pretty_links(bench: WordPressBench, patch: Any) -> None:
    """Everything works over `?rest_route=` too."""
    base = site.base_address(bench.connection())
    patch.setitem(site._roots, base, f"{base}/?rest_route=/")
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    assert by_id(bench)[comment].post.title == "Badet"
    outgoing = an_answer(post, comment, "Kl. 8.")
    assert find(bench, outgoing) is None
    assert send(bench, outgoing) == find(bench, outgoing)


@fact
def without_a_login_one_only_reads(bench: WordPressBench, _patch: Any) -> None:
    """Without a user public comments are read, and anything else asks for a login."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    assert by_id(bench, user="")[comment].text == "När?"
    connection, outgoing = bench.connection(""), an_answer(post, comment, "Hej")
    for call in (
        lambda: CHANNEL.send(connection, outgoing, now=now()),
        lambda: CHANNEL.find_sent(connection, outgoing, now=now()),
        lambda: CHANNEL.hide(connection, comment, now=now()),
    ):
        with pytest.raises(SignInNeeded):
            call()
    assert all(check.allowed for check in CHANNEL.check(connection, now=now()))


@fact
def a_weak_user_is_told_from_a_strong_one(bench: WordPressBench, _patch: Any) -> None:
    """A user who may not moderate cannot be used, and the check says what is missing."""
    with pytest.raises(SignInNeeded):
        fetch(bench, user="lasare")
    weak = {c.name: c.allowed for c in CHANNEL.check(bench.connection("lasare"), now=now())}
    assert weak == {"sign_in": True, "moderate_comments": False, "read_held": False, "feed": True}
    strong = {c.name: c.allowed for c in CHANNEL.check(bench.connection(), now=now())}
    assert strong == dict.fromkeys(weak, True)


@fact
def a_dead_password_is_noticed_at_once(bench: WordPressBench, _patch: Any) -> None:
    """With a dead password every call says SignInNeeded, with no password in the text."""
    post = bench.make_post("Badet", "Öppet.")
    comment = bench.comment(post, "Åsa", "När?")
    cursor = fetch(bench).rest_cursor
    connection, outgoing = bench.connection(), an_answer(post, comment, "Hej")
    bench.kill_credentials()
    for call in (
        lambda: CHANNEL.fetch(connection, cursor, now=now()),
        lambda: CHANNEL.recheck(connection, [comment], now=now()),
        lambda: CHANNEL.send(connection, outgoing, now=now()),
        lambda: CHANNEL.find_sent(connection, outgoing, now=now()),
        lambda: CHANNEL.unhide(connection, comment, now=now()),
    ):
        with pytest.raises(ChannelError) as caught:
            call()
        assert isinstance(caught.value, SignInNeeded)
        assert connection.credentials["application_password"][:4] not in str(caught.value)
    assert not CHANNEL.check(connection, now=now())[0].allowed
