"""X: answering once, finding what was answered, hiding, deleting, and how long a text is."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.channels.base import (
    AtSource,
    ChannelError,
    Connection,
    Outgoing,
    Reason,
    Refused,
    TryLater,
    Uncertain,
)
from app.channels.practice.standins import x as standin
from app.channels.x import CHANNEL

from .benches.bench import now
from .benches.x import Bench


@pytest.fixture
def bench() -> Any:
    made = Bench()
    yield made
    made.close()


def outgoing(post: str, parent: str | None, text: str = "Badet öppnar kl. 8.") -> Outgoing:
    return Outgoing("nyckel", text, post, parent, pressed_at=now())


def fails(call: Callable[[], Any]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


def posted(bench: Bench) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in bench.web.asked if one.method == "POST"]


def question(bench: Bench, **extra: Any) -> tuple[str, str]:
    post = bench.make_post("", "Nu öppnar badet")
    return post, bench.comment(post, "Åsa", "När?", **extra)


# --- Sending ------------------------------------------------------------------------------------


def test_an_answer_is_the_text_and_what_it_answers(bench: Bench) -> None:
    """What is sent is exactly the text, without a mention of ours, and the id it answers."""
    post, comment = question(bench)
    receipt = bench.channel.send(bench.connection(), outgoing(post, comment), now=now())
    assert posted(bench) == [
        {"text": "Badet öppnar kl. 8.", "reply": {"in_reply_to_tweet_id": comment}}
    ]
    assert receipt.url == f"https://x.com/{standin.HANDLE}/status/{receipt.external_id}"


def test_the_newest_version_is_answered(bench: Bench) -> None:
    """A message edited since is answered in its newest version, and the answer is found there."""
    post, comment = question(bench)
    bench.edit(comment, "När öppnar badet?")
    newest = bench.stage.comments[comment].extra["versions"][-1][0]
    answer = outgoing(post, comment)
    receipt = bench.channel.send(bench.connection(), answer, now=now())
    assert posted(bench)[0]["reply"]["in_reply_to_tweet_id"] == newest
    assert bench.channel.find_sent(bench.connection(), answer, now=now()) == receipt


def test_a_text_that_is_too_long_never_leaves(bench: Bench) -> None:
    """281 weighted characters are refused before X is asked anything."""
    post, comment = question(bench)
    for text, leaves in (("å" * 280, True), ("å" * 281, False), ("€" * 141, False)):
        bench.web.asked.clear()
        answer = outgoing(post, comment, text)
        if leaves:
            bench.channel.send(bench.connection(), answer, now=now())
            continue
        error = fails(lambda told=answer: bench.channel.send(bench.connection(), told, now=now()))
        assert isinstance(error, Refused)
        assert error.reason is Reason.TOO_LONG
        assert bench.web.asked == []


def test_the_same_text_twice_is_a_duplicate(bench: Bench) -> None:
    """X's refusal is told apart by what the account has written, whatever the wording."""
    post, one = question(bench)
    two = bench.comment(post, "Björn", "Var?")
    bench.channel.send(bench.connection(), outgoing(post, one), now=now())
    for words in ("duplicate content", "nej tack"):
        refusal = {"title": "Forbidden", "type": "about:blank", "status": 403, "detail": words}
        bench.x.fail(standin.json_reply(403, refusal), method="POST")
        error = fails(
            lambda: bench.channel.send(bench.connection(), outgoing(post, two), now=now())
        )
        assert isinstance(error, Refused)
        assert error.reason is Reason.DUPLICATE


def test_a_duplicate_of_this_very_answer_is_the_answer(bench: Bench) -> None:
    """Refused because an earlier try had arrived: that one is taken for the answer."""
    post, comment = question(bench)
    answer = outgoing(post, comment)
    bench.break_in("500", on="changes", after_acting=True)
    assert isinstance(
        fails(lambda: bench.channel.send(bench.connection(), answer, now=now())), Uncertain
    )
    bench.mend()
    receipt = bench.channel.send(bench.connection(), answer, now=now())
    assert [m.external_id for m in bench.on_platform(post) if m.by_city] == [receipt.external_id]


def test_an_old_answer_with_the_same_text_is_not_this_one(bench: Bench) -> None:
    """The same words under the same message from before the button was pressed are a duplicate."""
    post, comment = question(bench)
    earlier = now() - timedelta(hours=2)
    bench.stage.add_comment(post, "", "Kl. 8", at=earlier, parent=comment, by_city=True)
    answer = outgoing(post, comment, "Kl. 8")
    assert bench.channel.find_sent(bench.connection(), answer, now=now()) is None
    error = fails(lambda: bench.channel.send(bench.connection(), answer, now=now()))
    assert isinstance(error, Refused)
    assert error.reason is Reason.DUPLICATE


@pytest.mark.parametrize("words", ["mention or quote", "helt andra ord"])
def test_an_answer_to_who_has_not_mentioned_us(bench: Bench, words: str) -> None:
    """X's summoned rule is recognised by the fact that nobody summoned us, not by the wording."""
    post, comment = question(bench, mentions=False)
    refusal = {"title": "Forbidden", "type": "about:blank", "status": 403, "detail": words}
    bench.x.fail(standin.json_reply(403, refusal), method="POST")
    error = fails(
        lambda: bench.channel.send(bench.connection(), outgoing(post, comment), now=now())
    )
    assert isinstance(error, Refused)
    assert error.reason is Reason.NOT_SUMMONED


def test_a_refusal_nobody_can_explain(bench: Bench) -> None:
    """Mentioned, not a duplicate, and still refused: not allowed."""
    post, comment = question(bench)
    refusal = {"title": "Forbidden", "type": "about:blank", "status": 403, "detail": "nej"}
    bench.x.fail(standin.json_reply(403, refusal), method="POST")
    error = fails(
        lambda: bench.channel.send(bench.connection(), outgoing(post, comment), now=now())
    )
    assert isinstance(error, Refused)
    assert error.reason is Reason.NOT_ALLOWED


def test_a_protected_writer_cannot_be_answered(bench: Bench) -> None:
    """A message that X does not let us see any more is not answered, and nothing is sent."""
    post, comment = question(bench)
    bench.stage.comments[comment].extra["protected"] = True
    error = fails(
        lambda: bench.channel.send(bench.connection(), outgoing(post, comment), now=now())
    )
    assert isinstance(error, Refused)
    assert error.reason is Reason.NOT_ALLOWED
    assert posted(bench) == []


def test_an_answer_without_an_id_is_uncertain(bench: Bench) -> None:
    """X says yes but not which post it became: it may be there."""
    post, comment = question(bench)
    bench.x.fail(standin.json_reply(201, {"data": {}}), method="POST")
    error = fails(
        lambda: bench.channel.send(bench.connection(), outgoing(post, comment), now=now())
    )
    assert isinstance(error, Uncertain)


def test_a_colleagues_answer_elsewhere_is_recognised(bench: Bench) -> None:
    """An answer given on X to somebody who had not mentioned us is the city's, under the message."""
    post, bare = question(bench, mentions=False)
    bench.kind = "conversations"
    bench.stage.add_comment(post, "", "Kl. 8", at=now(), parent=bare, by_city=True)
    page_raws, cursor = [], None
    while True:
        page = bench.channel.fetch(bench.connection(), cursor, now=now())
        page_raws += page.raws
        cursor = page.cursor
        if not page.more:
            break
    seen = [bench.channel.parse(bench.connection(), r.payload, now=now()) for r in page_raws]
    mine = [m for m in seen if m.by_city]
    assert [(m.text, m.parent_external_id) for m in mine] == [("Kl. 8", bare)]


# --- Finding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Läs mer på www.landskrona.se/bad?a=1&b=2. Hälsningar & tack",
        "Se https://www.landskrona.se/bad och https://www.landskrona.se/sim",
        "A < B & C > D &amp; så vidare",
        "Två rader\n\n\noch   blanktecken ",
        "e\u0301 blir é hos X",
    ],
)
def test_an_answer_is_found_whatever_x_makes_of_it(bench: Bench, text: str) -> None:
    """Short links, escaped signs, composed letters and white space do not hide an answer."""
    post, comment = question(bench)
    answer = outgoing(post, comment, text)
    receipt = bench.channel.send(bench.connection(), answer, now=now())
    assert bench.channel.find_sent(bench.connection(), answer, now=now()) == receipt


def test_another_link_is_another_answer(bench: Bench) -> None:
    """The same words with a link to somewhere else are not the answer looked for."""
    post, comment = question(bench)
    answer = outgoing(post, comment, "Se https://www.landskrona.se/bad")
    bench.channel.send(bench.connection(), answer, now=now())
    other = replace(answer, text="Se https://www.landskrona.se/sim")
    assert bench.channel.find_sent(bench.connection(), other, now=now()) is None


def test_an_answer_under_many_others_is_found(bench: Bench) -> None:
    """The search reads page after page back to when the button was pressed."""
    post, comment = question(bench)
    answer = outgoing(post, comment)
    receipt = bench.channel.send(bench.connection(), answer, now=now())
    for number in range(120):
        bench.stage.add_comment(post, "", f"Svar {number}", at=now(), parent=comment, by_city=True)
    assert bench.channel.find_sent(bench.connection(), answer, now=now()) == receipt


# --- Hiding and deleting ------------------------------------------------------------------------


def test_hiding_in_others_conversations_is_refused(bench: Bench) -> None:
    """Only who began a conversation can hide in it."""
    theirs = bench.make_post("", "Hej @landskronastad", by="Gösta")
    error = fails(lambda: bench.channel.hide(bench.connection(), theirs, now=now()))
    assert isinstance(error, Refused)
    assert error.reason is Reason.CANNOT_HIDE


def test_hiding_what_is_gone(bench: Bench) -> None:
    """What has been deleted cannot be hidden, and that is what is said."""
    _post, comment = question(bench)
    bench.delete(comment)
    error = fails(lambda: bench.channel.hide(bench.connection(), comment, now=now()))
    assert isinstance(error, Refused)
    assert error.reason is Reason.MESSAGE_GONE


def test_unclear_hiding_and_deleting_may_be_asked_again(bench: Bench) -> None:
    """Hiding and deleting twice does no harm, so an unclear answer is no question to anybody."""
    _post, comment = question(bench)
    bench.break_in("500", on="changes", after_acting=True)
    for call in (bench.channel.hide, bench.channel.unhide, bench.channel.delete_own):
        error = fails(lambda ask=call: ask(bench.connection(), comment, now=now()))
        assert isinstance(error, TryLater)


def test_hiding_that_x_did_not_do_is_told(bench: Bench) -> None:
    """X answers well but leaves the reply shown: it is not said to be hidden."""
    _post, comment = question(bench)
    bench.x.fail(standin.json_reply(200, {"data": {"hidden": False}}), method="PUT")
    error = fails(lambda: bench.channel.hide(bench.connection(), comment, now=now()))
    assert isinstance(error, Refused)
    assert error.reason is Reason.CANNOT_HIDE
    assert bench.channel.hide(bench.connection(), comment, now=now()) is AtSource.HIDDEN


def test_deleting_an_own_answer_twice(bench: Bench) -> None:
    """An own answer goes away, and going once more is success; others' words are not ours."""
    post, comment = question(bench)
    mine = bench.channel.send(bench.connection(), outgoing(post, comment), now=now()).external_id
    for _time in range(2):
        bench.channel.delete_own(bench.connection(), mine, now=now())
        assert not [m for m in bench.on_platform(post) if m.by_city]
    error = fails(lambda: bench.channel.delete_own(bench.connection(), comment, now=now()))
    assert isinstance(error, Refused)
    assert error.reason is Reason.NOT_ALLOWED


# --- Length ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "used", "links", "slips"),
    [
        ("", 0, (), ()),
        ("åäö – — “”", 10, (), ()),
        ("…€•→™", 10, (), ()),
        ("👩‍👩‍👧‍👦", 2, (), ()),
        ("www.landskrona.se", 23, ("www.landskrona.se",), ()),
        ("Se landskrona.se/bygglov", 26, ("landskrona.se/bygglov",), ()),
        ("https://landskrona.se", 23, ("https://landskrona.se",), ()),
        ("info@landskrona.se", 18, (), ()),
        ("Bl.a.vi ser", 27, ("Bl.a.vi",), ("Bl.a.vi",)),
        ("Ring oss.Vi svarar", 35, ("oss.Vi",), ("oss.Vi",)),
        ("Kl. 8.30 t.ex. i dag. Vi ses.", 29, (), ()),
    ],
)
def test_how_long_a_text_is(
    text: str, used: int, links: tuple[str, ...], slips: tuple[str, ...]
) -> None:
    """Texts weigh what X says; links are told, and those that look like a missing space."""
    weight = CHANNEL.weigh(_plain_connection(), text)
    assert (weight.used, weight.most, weight.links, weight.slips) == (used, 280, links, slips)


def _plain_connection(**installation: str) -> Connection:
    return Connection(kind="mentions", external_id="1", installation=installation)


def test_the_limit_and_the_prices_are_settings() -> None:
    """The longest text and what it costs follow the installation's settings."""
    connection = _plain_connection(X_MAX_WEIGHTED="25000", X_PRICES="summoned_reply=0.02")
    weight = CHANNEL.weigh(connection, "Hej")
    assert (weight.most, weight.price) == (25000, 0.02)
    assert CHANNEL.weigh(_plain_connection(), "Hej").price == 0.010
    assert CHANNEL.weigh(_plain_connection(), "Se www.landskrona.se").price == 0.200
