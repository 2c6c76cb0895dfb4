"""The contract on what a person does there: threads, moderation, taking back, private answers."""

from dataclasses import replace
from typing import Any

from app.channels.base import AtSource, ChannelError, Receipt, Refused, Uncertain, Weight

from .benches.bench import Moderated, PlatformBench, now
from .benches.bench_suite import (
    a_bench,
    answer_to,
    answering,
    answering_posts,
    breaking,
    fails,
    look,
    seen,
    where,
    wired,
    with_all,
)

__all__ = ["a_bench"]


def mine(bench: PlatformBench, post: str) -> list[Any]:
    """What the city has said under a post, as the platform has it."""
    return [found for found in bench.on_platform(post) if found.by_city]


def a_question(bench: PlatformBench) -> tuple[str, str]:
    """A post and a comment under it."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    return post, bench.comment(post, "Åsa", "När?")


# --- Threads -------------------------------------------------------------------------------------


def test_replies_between_residents_keep_their_place(bench: PlatformBench) -> None:
    """Three levels of replies each name what they answer, or the thread's top where none is named."""
    post, top = a_question(bench)
    reply = bench.comment(post, "Björn", "Klockan åtta.", parent=top)
    deeper = bench.comment(post, "Cecilia", "Nej, nio.", parent=reply)
    messages = seen(bench, look(bench)[0])
    assert messages[top].parent_external_id is None
    assert messages[reply].parent_external_id == top
    assert messages[deeper].parent_external_id in (reply, top)
    assert {messages[one].post.external_id for one in (top, reply, deeper)} == {post}
    assert len({messages[one].author for one in (top, reply, deeper)}) == 3


@where(answering)
def test_an_answer_to_a_reply_stands_in_its_thread(bench: PlatformBench) -> None:
    """A resident's reply is answered once, in the same thread, and the answer is found there."""
    post, top = a_question(bench)
    reply = bench.comment(post, "Björn", "Gäller det mig med?", parent=top)
    message = seen(bench, look(bench)[0])[reply]
    outgoing = replace(
        answer_to(post, reply), thread_external_id=message.parent_external_id, addressed_to="Björn"
    )
    receipt = bench.channel.send(bench.connection(), outgoing, now=now())
    (answer,) = mine(bench, post)
    assert answer.external_id == receipt.external_id
    assert answer.parent_external_id in (reply, top)
    found = bench.channel.find_sent(bench.connection(), outgoing, now=now())
    assert found is not None
    assert found.external_id == receipt.external_id
    back = seen(bench, look(bench)[0])[receipt.external_id]
    assert back.by_city
    assert back.parent_external_id in (reply, top)


# --- Under the post itself -----------------------------------------------------------------------


@where(answering_posts)
def test_an_answer_under_the_post_stands_there_once(bench: PlatformBench) -> None:
    """An answer to the post itself stands directly under it, once, and is found and read back."""
    post, _top = a_question(bench)
    outgoing = answer_to(post, None, "Badet öppnar klockan åtta i morgon.")
    assert bench.channel.find_sent(bench.connection(), outgoing, now=now()) is None
    receipt = bench.channel.send(bench.connection(), outgoing, now=now())
    (answer,) = mine(bench, post)
    assert (answer.external_id, answer.text) == (receipt.external_id, outgoing.text)
    assert answer.parent_external_id is None
    found = bench.channel.find_sent(bench.connection(), outgoing, now=now())
    assert found is not None
    assert found.external_id == receipt.external_id
    back = seen(bench, look(bench)[0])[receipt.external_id]
    assert (back.by_city, back.parent_external_id) == (True, None)
    assert back.post.external_id == post


@where(answering_posts)
def test_the_same_words_in_a_thread_are_not_the_answer_under_the_post(
    bench: PlatformBench,
) -> None:
    """What was said to one resident is not taken for the same words under the post."""
    post, top = a_question(bench)
    bench.channel.send(bench.connection(), answer_to(post, top), now=now())
    to_all = answer_to(post, None)
    assert bench.channel.find_sent(bench.connection(), to_all, now=now()) is None


@breaking(("cut_connection",), answering_posts)
def test_an_answer_under_the_post_that_may_have_left_is_looked_for(
    bench: PlatformBench, way: str
) -> None:
    """After an unclear outcome under the post the search finds what arrived, and there is one."""
    post, _top = a_question(bench)
    outgoing = answer_to(post, None)
    bench.channel.find_sent(bench.connection(), outgoing, now=now())
    bench.break_in(way, on="changes", after_acting=True)
    error = fails(lambda: bench.channel.send(bench.connection(), outgoing, now=now()))
    assert isinstance(error, Uncertain)
    bench.mend()
    found = bench.channel.find_sent(bench.connection(), outgoing, now=now())
    (answer,) = mine(bench, post)
    assert found is not None
    assert found.external_id == answer.external_id


# --- Moderation ----------------------------------------------------------------------------------


@where(with_all("put"))
def test_what_is_moderated_on_the_platform_is_seen(bench: Moderated) -> None:
    """A comment that somebody holds there, and lets go again, is seen to change by a recheck."""
    post, comment = a_question(bench)
    bench.comment(post, "Björn", "Orörd")
    for state in (AtSource.HELD, AtSource.VISIBLE):
        bench.put(comment, state)
        page = bench.channel.recheck(bench.connection(), [comment], now=now())
        assert seen(bench, list(page.raws))[comment].at_source is state
        assert comment not in page.removed


@where(lambda made: made.channel.abilities.shows_held)
def test_a_held_comment_is_read_and_can_be_let_through(bench: Moderated) -> None:
    """What waits for approval comes as held, with its words; shown, it is there for everybody."""
    post, comment = a_question(bench)
    bench.put(comment, AtSource.HELD)
    message = seen(bench, look(bench)[0])[comment]
    assert (message.text, message.at_source) == ("När?", AtSource.HELD)
    bench.channel.unhide(bench.connection(), comment, now=now())
    assert [m.visible for m in bench.on_platform(post) if m.external_id == comment] == [True]


@where(lambda made: made.channel.abilities.reject)
def test_a_held_comment_can_be_turned_down(bench: Moderated) -> None:
    """What is turned down is out of sight, and reads as removed ever after."""
    post, comment = a_question(bench)
    bench.put(comment, AtSource.HELD)
    state = bench.channel.reject(bench.connection(), comment, now=now())
    assert state in (AtSource.REMOVED, AtSource.SPAM)
    assert not [m for m in bench.on_platform(post) if m.external_id == comment and m.visible]


@where(lambda made: made.channel.abilities.delete_own)
def test_an_answer_taken_away_twice(bench: PlatformBench) -> None:
    """Our own answer is taken away, once more is fine, and a recheck says that it is gone."""
    post, comment = a_question(bench)
    outgoing = answer_to(post, comment)
    receipt = bench.channel.send(bench.connection(), outgoing, now=now())
    for _time in range(2):
        bench.channel.delete_own(bench.connection(), receipt.external_id, now=now())
        assert not mine(bench, post)
    assert bench.channel.find_sent(bench.connection(), outgoing, now=now()) is None
    page = bench.channel.recheck(bench.connection(), [receipt.external_id, comment], now=now())
    assert receipt.external_id in page.removed
    assert comment not in page.removed


@where(lambda made: made.channel.abilities.delete_own)
def test_a_residents_words_cannot_be_taken_away_as_ours(bench: PlatformBench) -> None:
    """Asked to take a resident's comment away as an own one, the platform says no and it stays."""
    post, comment = a_question(bench)
    error = fails(lambda: bench.channel.delete_own(bench.connection(), comment, now=now()))
    assert isinstance(error, ChannelError)
    assert comment in {found.external_id for found in bench.on_platform(post)}


@where(lambda made: made.channel.abilities.private_reply)
def test_a_private_answer_goes_once(bench: Any) -> None:
    """One private answer reaches the comment's writer; a second one is refused, and none is seen."""
    post, comment = a_question(bench)
    channel, connection = bench.channel, bench.connection()
    receipt = channel.reply_privately(connection, comment, "Hej Åsa.", now=now())
    assert isinstance(receipt, Receipt)
    error = fails(lambda: channel.reply_privately(connection, comment, "Hej igen.", now=now()))
    assert isinstance(error, Refused)
    assert not mine(bench, post)


# --- Weighing ------------------------------------------------------------------------------------


def test_weighing_is_pure(bench: PlatformBench) -> None:
    """A text weighs the same each time, asks nobody, and more text never weighs less."""
    asked = len(bench.web.asked) if wired(type(bench)) else 0
    text = "Hej Åsa! Läs mer på https://landskrona.se/bad 🌻 så ses vi."
    connection = bench.connection()
    first: Weight = bench.channel.weigh(connection, text)
    assert bench.channel.weigh(connection, text) == first
    assert first.used > 0
    assert bench.channel.weigh(connection, f"{text} {text}").used > first.used
    assert bench.channel.weigh(connection, "").used == 0
    assert (len(bench.web.asked) if wired(type(bench)) else 0) == asked
    assert not connection.meter.spends
