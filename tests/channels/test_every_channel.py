"""The contract, held by every channel in app/channels on its own bench (see benches/bench.py)."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from app.channels.base import (
    AtSource,
    NotUnderstood,
    Page,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
    Uncertain,
    all_channels,
)

from .benches.bench import PlatformBench, now
from .benches.bench_suite import (
    BENCHES,
    MOST_PAGES,
    a_bench,
    answer_to,
    answering,
    breaking,
    fails,
    look,
    seen,
    where,
)
from .benches.loopback import BREAKS, RETRY_AFTER

__all__ = ["a_bench", "look"]
UNCLEAR_BREAKS = ("500", "502", "silent", "cut_body", "cut_connection", "html")


def test_every_channel_has_a_bench() -> None:
    """Each channel that has a platform has a fake one in benches/, which holds it to the contract."""
    platforms = {name for name, one in all_channels().items() if one.abilities.connected}
    assert not platforms - set(BENCHES)


def test_every_comment_is_seen_exactly_once(bench: PlatformBench) -> None:
    """A look over several pages gives each comment once, under the id and text it has."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    many = bench.holds or bench.page_size * 2 + 3
    wrote = {
        bench.comment(post, f"Invånare {n}", f"Fråga {n}?"): f"Fråga {n}?" for n in range(many)
    }
    raws, _cursor = look(bench)
    assert sorted(raw.external_id for raw in raws) == sorted(wrote)
    assert {key: message.text for key, message in seen(bench, raws).items()} == wrote


def test_a_second_look_finds_what_came_since(bench: PlatformBench) -> None:
    """After a whole look the saved cursor leads to a comment written afterwards."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    bench.comment(post, "Åsa", "Första")
    _raws, cursor = look(bench)
    late = bench.comment(post, "Björn", "Andra")
    raws, _cursor = look(bench, cursor)
    assert late in {raw.external_id for raw in raws}


def test_a_cursor_may_be_answered_twice(bench: PlatformBench) -> None:
    """The same cursor asked again gives the same page, because saving it may have failed."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    for number in range(bench.holds or bench.page_size + 2):
        bench.comment(post, "Åsa", f"Fråga {number}")
    cursor: str | None = None
    for _page in range(MOST_PAGES):
        moment = now()
        first = bench.channel.fetch(bench.connection(), cursor, now=moment)
        again = bench.channel.fetch(bench.connection(), cursor, now=moment)
        assert (first.raws, first.more) == (again.raws, again.more)
        cursor = first.cursor
        if not first.more:
            return
    raise AssertionError("the look never ends")


def test_an_edit_is_seen(bench: PlatformBench) -> None:
    """A comment changed at the source comes under the same id with the new text."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "När öppnar badt?")
    look(bench)
    bench.edit(comment, "När öppnar badet?")
    raws, _cursor = look(bench)
    assert seen(bench, raws)[comment].text == "När öppnar badet?"


def test_who_when_and_where(bench: PlatformBench) -> None:
    """A comment has its writer's name, an aware UTC time, its post and, when a reply, its parent."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    top = bench.comment(post, 'Café "Räkan" & Co', "Är 1 < 2 & 3 > 2? ⛄ 👩‍🚒")
    reply = bench.comment(post, "Björn", "Ja.", parent=top)
    before = now() - timedelta(minutes=2)
    messages = seen(bench, look(bench)[0])
    first = messages[top]
    assert first.text == "Är 1 < 2 & 3 > 2? ⛄ 👩‍🚒"
    assert first.author is not None
    assert first.author.name == 'Café "Räkan" & Co'
    assert first.published_at.tzinfo is UTC or first.published_at.utcoffset() == timedelta(0)
    assert before < first.published_at < now() + timedelta(minutes=2)
    assert not first.time_uncertain
    assert not first.by_city
    assert (first.post.external_id, first.parent_external_id) == (post, None)
    assert messages[reply].parent_external_id == top
    assert messages[reply].author != first.author


def test_parsing_is_pure(bench: PlatformBench) -> None:
    """A payload means the same each time, with the platform gone, and at any hour."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    bench.comment(post, "Åsa", "När?")
    raws, _cursor = look(bench)
    connection = bench.connection()
    for way in bench.can_break[:1]:
        bench.break_in(way)
    later = now() + timedelta(days=3)
    once = bench.channel.parse(connection, raws[0].payload, now=now())
    assert bench.channel.parse(connection, raws[0].payload, now=later) == once
    assert once.external_id == raws[0].external_id


@pytest.mark.parametrize("payload", ["", "{}", "[]", "null", '{"comment": 1}', "<html>"])
def test_what_it_cannot_understand(bench: PlatformBench, payload: str) -> None:
    """A payload that makes no sense is NotUnderstood, never another error."""
    with pytest.raises(NotUnderstood):
        bench.channel.parse(bench.connection(), payload, now=now())


@where(answering)
def test_an_answer_is_published_once_and_found(bench: PlatformBench) -> None:
    """An answer stands on the platform once, word for word, is found there, and is the city's."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "När?")
    text = 'Hej Åsa. "Kl. 8" & <inte> 7; C:\\ny &amp; 🌻\n\nVälkommen.'
    outgoing = answer_to(post, comment, text)
    assert bench.channel.find_sent(bench.connection(), outgoing, now=now()) is None
    receipt = bench.channel.send(bench.connection(), outgoing, now=now())
    mine = [found for found in bench.on_platform(post) if found.by_city]
    assert [(m.external_id, m.text, m.parent_external_id) for m in mine] == [
        (receipt.external_id, text, comment)
    ]
    found = bench.channel.find_sent(bench.connection(), outgoing, now=now())
    assert found is not None
    assert found.external_id == receipt.external_id
    message = seen(bench, look(bench)[0])[receipt.external_id]
    assert message.by_city
    assert message.parent_external_id == comment


@where(answering)
def test_another_answer_is_not_taken_for_it(bench: PlatformBench) -> None:
    """An answer with another text, or under another comment, is not the one looked for."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    one = bench.comment(post, "Åsa", "När?")
    two = bench.comment(post, "Björn", "Var?")
    bench.channel.send(bench.connection(), answer_to(post, one, "Kl. 8."), now=now())
    for outgoing in (answer_to(post, one, "Kl. 9."), answer_to(post, two, "Kl. 8.")):
        assert bench.channel.find_sent(bench.connection(), outgoing, now=now()) is None


@breaking(UNCLEAR_BREAKS, answering)
def test_an_answer_that_may_have_left_is_uncertain(bench: PlatformBench, way: str) -> None:
    """Published, but the platform's word was lost: Uncertain, and then found on the platform."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "När?")
    outgoing = answer_to(post, comment)
    bench.channel.find_sent(bench.connection(), outgoing, now=now())
    bench.break_in(way, on="changes", after_acting=True)
    error = fails(lambda: bench.channel.send(bench.connection(), outgoing, now=now()))
    assert isinstance(error, Uncertain)
    bench.mend()
    found = bench.channel.find_sent(bench.connection(), outgoing, now=now())
    mine = [m.external_id for m in bench.on_platform(post) if m.by_city]
    assert found is not None
    assert mine == [found.external_id]


@breaking(["429", "429_timed", "503_timed"], answering)
def test_an_answer_asked_to_wait_was_not_published(bench: PlatformBench, way: str) -> None:
    """Asked to come back later is TryLater, with the hour when one was given."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "När?")
    bench.break_in(way, on="changes")
    moment = now()
    error = fails(
        lambda: bench.channel.send(bench.connection(), answer_to(post, comment), now=moment)
    )
    assert isinstance(error, TryLater)
    expected = moment + timedelta(seconds=RETRY_AFTER) if way.endswith("timed") else None
    assert error.until == expected
    assert not [m for m in bench.on_platform(post) if m.by_city]


@breaking(BREAKS)
def test_a_look_that_fails_may_be_asked_again(bench: PlatformBench, way: str) -> None:
    """However reading fails, it has one of the contract's names, and works again when mended."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "När?")
    bench.break_in(way)
    moment = now()
    error = fails(lambda: bench.channel.fetch(bench.connection(), None, now=moment))
    if way == "html":
        assert isinstance(error, TryLater) or (
            isinstance(error, Refused) and error.reason is Reason.NOT_UNDERSTOOD
        )
    else:
        assert isinstance(error, TryLater)
    if way.endswith("timed"):
        assert isinstance(error, TryLater)
        assert error.until == moment + timedelta(seconds=RETRY_AFTER)
    bench.mend()
    assert comment in {raw.external_id for raw in look(bench)[0]}


@breaking(BREAKS)
def test_an_error_shows_no_secret(bench: PlatformBench, way: str) -> None:
    """No error's text, nor what it came from, holds a password, a token or an address's query."""
    bench.break_in(way)
    error = fails(lambda: bench.channel.fetch(bench.connection(), None, now=now()))
    told = f"{error} {error.detail} {error.__cause__!r} {error!r}"
    assert not [secret for secret in bench.secrets if secret in told]


@where(lambda made: made.has_sign_in)
def test_dead_credentials(bench: PlatformBench) -> None:
    """Credentials that have died are SignInNeeded on every kind of call, never silence."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "När?")
    _raws, cursor = look(bench)
    connection = bench.connection()
    bench.kill_credentials()
    able = bench.channel.abilities
    calls = [lambda: bench.channel.fetch(connection, cursor, now=now())]
    if able.answer:
        outgoing = answer_to(post, comment)
        calls.append(lambda: bench.channel.send(connection, outgoing, now=now()))
        calls.append(lambda: bench.channel.find_sent(connection, outgoing, now=now()))
    if able.recheck:
        calls.append(lambda: bench.channel.recheck(connection, [comment], now=now()))
    if able.hide:
        calls.append(lambda: bench.channel.hide(connection, comment, now=now()))
        calls.append(lambda: bench.channel.unhide(connection, comment, now=now()))
    for call in calls:
        assert isinstance(fails(call), SignInNeeded)
    assert not all(check.allowed for check in bench.channel.check(connection, now=now()))


@where(lambda made: made.channel.abilities.hide)
def test_hiding_twice_and_showing_twice(bench: PlatformBench) -> None:
    """Hiding takes a comment out of view, showing brings it back, and both may be repeated."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "Dumt.")

    def visible() -> bool:
        return next(m.visible for m in bench.on_platform(post) if m.external_id == comment)

    for _time in range(2):
        state = bench.channel.hide(bench.connection(), comment, now=now())
        assert state in (AtSource.HIDDEN, AtSource.HELD)
        assert not visible()
    for _time in range(2):
        state = bench.channel.unhide(bench.connection(), comment, now=now())
        assert state is AtSource.VISIBLE
        assert visible()


@where(lambda made: made.channel.abilities.recheck)
def test_a_recheck_tells_what_changed_and_what_went(bench: PlatformBench) -> None:
    """Looking again gives edited comments as they are now, and names those that are gone."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    ids = [bench.comment(post, "Åsa", f"Fråga {number}") for number in range(3)]
    bench.edit(ids[0], "Ändrad fråga")
    bench.delete(ids[1])
    page: Page = bench.channel.recheck(bench.connection(), ids, now=now())
    messages = seen(bench, list(page.raws))
    assert messages[ids[0]].text == "Ändrad fråga"
    assert messages[ids[2]].text == "Fråga 2"
    removed = {key for key, message in messages.items() if message.at_source is AtSource.REMOVED}
    assert removed | set(page.removed) == {ids[1]}


def test_what_it_cannot_do(bench: PlatformBench) -> None:
    """What a channel's abilities do not promise is refused as not supported."""
    connection, able, channel = bench.connection(), bench.channel.abilities, bench.channel
    outgoing = answer_to("1", "2")
    calls: list[tuple[bool, Callable[[], Any]]] = [
        (able.answer, lambda: channel.send(connection, outgoing, now=now())),
        (able.answer, lambda: channel.find_sent(connection, outgoing, now=now())),
        (able.hide, lambda: channel.hide(connection, "2", now=now())),
        (able.hide, lambda: channel.unhide(connection, "2", now=now())),
        (able.recheck, lambda: channel.recheck(connection, ["2"], now=now())),
    ]
    for able_to, call in calls:
        if not able_to:
            error = fails(call)
            assert isinstance(error, Refused)
            assert error.reason is Reason.NOT_SUPPORTED


@where(answering)
def test_an_answer_to_what_is_gone_is_refused(bench: PlatformBench) -> None:
    """An answer to a comment that has been taken away is refused, and not published elsewhere."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "När?")
    bench.delete(comment)
    outgoing = answer_to(post, comment)
    error = fails(lambda: bench.channel.send(bench.connection(), outgoing, now=now()))
    assert isinstance(error, Refused)
    assert error.reason is Reason.MESSAGE_GONE
    assert not [m for m in bench.on_platform(post) if m.by_city]


@where(answering)
def test_an_empty_answer_is_refused(bench: PlatformBench) -> None:
    """An answer of nothing but white space is refused as empty."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "När?")
    outgoing = replace(answer_to(post, comment), text=" \n ")
    error = fails(lambda: bench.channel.send(bench.connection(), outgoing, now=now()))
    assert isinstance(error, Refused)
    assert error.reason is Reason.EMPTY


def test_it_says_what_it_is(bench: PlatformBench) -> None:
    """A channel names itself, its icon, its settings and its kinds of source."""
    channel = bench.channel
    assert channel.name.isascii()
    assert channel.name == channel.name.lower()
    assert channel.label
    assert channel.icon.startswith("i-")
    assert channel.parser_version >= 1
    assert channel.source_kinds
    assert len({s.name for s in channel.settings}) == len(channel.settings)
    assert all(setting.label for setting in channel.settings)


def test_knowing_the_channels_is_cheap() -> None:
    """Importing every channel loads no library that only fetching needs: web workers do it too."""
    code = (
        "import sys; from app.channels.base import all_channels; all_channels();"
        "print([m for m in ('requests', 'urllib3', 'feedparser', 'tweepy', 'lxml') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_is_well_when_all_is_well(bench: PlatformBench) -> None:
    """With working credentials every permission is there."""
    bench.make_post("Badet", "Nu öppnar badet.")
    checks = bench.channel.check(bench.connection(), now=now())
    assert checks
    assert all(check.allowed for check in checks)
