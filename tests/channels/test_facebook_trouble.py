"""Facebook: what each error code means, the allowance, the token, and what is told of them."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.channels.base import (
    AtSource,
    ChannelError,
    NotUnderstood,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
    Uncertain,
)
from app.channels.facebook import CHANNEL, graph, usage
from app.channels.practice.standins import graph as standin
from app.channels.practice.standins.wire import Reply, json_reply

from .benches.facebook_looks import DAY, HOUR, MINUTES_5, START, Town, a_town

__all__ = ["a_town"]


def error_of(call: Callable[[], Any]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


def fetch(town: Town, cursor: str | None = None, **more: Any) -> Any:
    return CHANNEL.fetch(town.connection(**more), cursor, now=town.now)


def send(town: Town, parent: str, text: str = "Kl. 8.") -> Any:
    return CHANNEL.send(town.connection(), town.answer_to(parent, text), now=town.now)


# --- What a code means ----------------------------------------------------------------------------

READING = [
    (1, 0, TryLater, None),
    (2, 0, TryLater, None),
    (99, 0, Refused, None),
    (3, 0, SignInNeeded, None),
    (10, 0, SignInNeeded, None),
    (200, 0, SignInNeeded, None),
    (299, 0, SignInNeeded, None),
    *[(code, 0, TryLater, HOUR) for code in (4, 17, 32, 341, 613, 80001, 80002)],
    (100, 0, Refused, None),
    (100, 33, SignInNeeded, None),
    (102, 0, SignInNeeded, None),
    *[(190, sub, SignInNeeded, None) for sub in (0, 458, 459, 460, 463, 464, 467, 492)],
    (368, 0, TryLater, DAY),
    (12, 0, Refused, None),
]


@pytest.mark.parametrize(("code", "subcode", "expected", "wait"), READING)
def test_what_a_code_means_when_reading(
    town: Town, code: int, subcode: int, expected: type[ChannelError], wait: timedelta | None
) -> None:
    """Each code has exactly its name in the contract, whatever the status says, and its wait."""
    town.graph.fail("feed", code, subcode, times=9)
    error = error_of(lambda: fetch(town))
    assert type(error) is expected
    if isinstance(error, TryLater):
        assert error.until == (town.now + wait if wait else None)
    assert f"code {code}" in error.detail
    assert "Det gick inte" not in error.detail


CHANGING = [
    (1, 0, Uncertain),
    (2, 0, Uncertain),
    (3, 0, Reason.NOT_ALLOWED),
    (10, 0, Reason.NOT_ALLOWED),
    (200, 0, Reason.NOT_ALLOWED),
    *[(code, 0, TryLater) for code in (4, 17, 32, 341, 613, 80001)],
    (100, 0, Reason.OTHER),
    (100, 33, Reason.MESSAGE_GONE),
    (102, 0, SignInNeeded),
    (190, 463, SignInNeeded),
    (368, 0, Reason.BLOCKED),
    (506, 0, Reason.DUPLICATE),
    (12, 0, Reason.NOT_SUPPORTED),
]


@pytest.mark.parametrize(("code", "subcode", "expected"), CHANGING)
def test_what_a_code_means_when_answering(
    town: Town, code: int, subcode: int, expected: Any
) -> None:
    """What may have been done is uncertain, and what certainly was not has its reason."""
    top = town.says("När?")
    town.graph.fail("answer", code, subcode)
    error = error_of(lambda: send(town, top))
    if isinstance(expected, Reason):
        assert isinstance(error, Refused)
        assert error.reason is expected
    else:
        assert type(error) is expected
    assert town.graph.calls["answer"] == 1


@pytest.mark.parametrize(
    ("code", "status", "transient"), [(99, 400, True), (99, 500, False), (99, 200, False)]
)
def test_an_unknown_code_after_an_answer(
    town: Town, code: int, status: int, transient: bool
) -> None:
    """A transient, a server's own, or a contradictory error leaves us uncertain; and it is found."""
    top = town.says("När?")
    town.graph.fail("answer", code, status=status, transient=transient, after_acting=True)
    assert type(error_of(lambda: send(town, top))) is Uncertain
    found = CHANNEL.find_sent(town.connection(), town.answer_to(top, "Kl. 8."), now=town.now)
    assert found is not None
    assert [row.text for row in town.stage.comments.values() if row.by_city] == ["Kl. 8."]


def test_what_is_no_answer_at_all(town: Town) -> None:
    """HTML and a body cut short are tried again later when reading, and uncertain when answering."""
    top = town.says("När?")
    html = Reply(200, b"<!doctype html>", {"Content-Type": "text/html"})
    for reply in (html, Reply(200, b'{"data": [', {}), json_reply(200, []), json_reply(200, 7)):
        town.graph.say("feed", reply)
        assert type(error_of(lambda: fetch(town))) is TryLater
        town.graph.say("answer", reply)
        assert type(error_of(lambda: send(town, top))) is Uncertain


def test_too_much_data_is_asked_for_in_smaller_lots(town: Town) -> None:
    """When Facebook finds it too much, less is asked for, down to one post at a time."""
    said = town.crowd(60)
    town.graph.manners.most_at_once = 30
    look = town.look()
    assert set(look.messages) == set(said)
    asked = [q["fields"] for q in town.asked("/feed") if "created_time" in q["fields"]]
    assert len(asked) >= 2


def test_posts_too_heavy_together_are_read_one_by_one(town: Town) -> None:
    """When no list with comments is light enough, the posts are listed bare and read singly."""
    said = town.crowd(20)
    for number in range(9):
        said += town.crowd(20, post=town.posts(f"Inlägg {number}"))
    town.graph.manners.most_at_once = 13
    look = town.look()
    assert set(look.messages) == set(said)
    assert not look.notices


def test_one_post_that_stays_too_heavy_stops_nothing(town: Town) -> None:
    """A post that cannot be read is told as a gap; the others are read, and it is tried again."""
    heavy = town.crowd(40)
    other = town.says("Var?", post=town.posts("Annat inlägg", ago=2 * DAY))
    town.graph.manners.most_at_once = 11
    look = town.look()
    assert other in look.messages
    assert look.notices == {"gap": town.post}
    town.graph.manners.most_at_once = 0
    town.later(HOUR)
    assert set(heavy) <= set(town.look(look.cursor).messages)


@pytest.mark.parametrize(("code", "subcode"), [(10, 0), (100, 0), (99, 0)])
def test_one_post_that_may_not_be_read(town: Town, code: int, subcode: int) -> None:
    """One post's own trouble is a gap and not the end of the look, as long as the token is well."""
    look = town.look()
    other = town.posts("Annat", ago=2 * DAY)
    town.later(MINUTES_5)
    late = [town.says("Ny", ago=timedelta(0)), town.says("Ny", post=other, ago=timedelta(0))]
    town.graph.fail("node", code, subcode)
    look = town.look(look.cursor)
    assert set(look.notices) == {"gap"}
    assert len(look.messages) == 1
    town.later(HOUR)
    assert set(late) <= set(town.look(look.cursor).messages)


def test_a_mark_that_is_no_longer_accepted(town: Town) -> None:
    """A list whose mark died is begun anew, once; nothing is lost and nothing taken for gone."""
    said = town.crowd(250)
    page = fetch(town)
    page = fetch(town, page.cursor)
    town.graph.fail("comments", 100)
    look = town.look(page.cursor)
    assert look.removed == set()
    assert set(said) <= set(look.messages) | {raw.external_id for raw in page.raws}
    town.later(MINUTES_5)
    assert town.look(look.cursor).calls == 1


def test_a_batch_that_loses_a_part_says_nothing_of_it(town: Town) -> None:
    """What a batch leaves out is neither there nor gone, and is asked for another time."""
    said = town.crowd(2)
    town.graph.part_lost = True
    look = town.again(*said)
    assert (set(look.messages), look.removed) == ({said[1]}, set())


@pytest.mark.parametrize(
    ("code", "expected"), [(2, TryLater), (190, SignInNeeded), (4, TryLater), (10, SignInNeeded)]
)
def test_looking_again_in_trouble(town: Town, code: int, expected: type[ChannelError]) -> None:
    """A batch whose every part fails raises what that means; nothing is taken for gone."""
    said = town.crowd(3)
    town.graph.fail("node", code, times=3)
    assert type(error_of(lambda: town.again(*said))) is expected


# --- The allowance ------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["X-Business-Use-Case-Usage", "X-App-Usage", "X-Page-Usage"])
@pytest.mark.parametrize(
    ("percent", "wait", "more"),
    [(60, None, True), (80, usage.SLOW, True), (95, usage.PAUSE, False)],
)
def test_usage_slows_the_reading(
    town: Town, header: str, percent: int, wait: timedelta | None, more: bool
) -> None:
    """From 75 per cent of any meter we look seldom, at 90 the look ends there; both are told."""
    said = town.crowd(120)
    town.graph.usage = standin.Usage(percent, header=header)
    page = fetch(town)
    assert page.asked_to_wait_until == (town.now + wait if wait else None)
    assert page.more is more
    assert ("slowed" in dict(page.notices)) is (wait is not None)
    town.graph.usage = standin.Usage()
    rest = town.look(page.cursor)
    assert {raw.external_id for raw in page.raws} | set(rest.messages) == set(said)


def test_shut_out_for_a_while(town: Town) -> None:
    """A throttle waits as long as the headers say, and an hour when they say nothing."""
    town.graph.usage = standin.Usage(100, regain=42)
    town.graph.fail("feed", 80001, status=403)
    error = error_of(lambda: fetch(town))
    assert isinstance(error, TryLater)
    assert error.until == town.now + timedelta(minutes=42)
    assert fetch(town).asked_to_wait_until == town.now + timedelta(minutes=42)


@pytest.mark.parametrize(
    "header",
    ["", "{", "[]", "7", '{"1": [7, null, {"call_count": "x"}]}', '{"call_count": -3}',
     '{"call_count": true, "total_time": 1e400}'],
)  # fmt: skip
def test_a_usage_header_that_makes_no_sense(header: str) -> None:
    """What cannot be read says nothing."""
    told = usage.usage_of({"x-app-usage": header})
    assert (told.percent > 1, told.regain) == (False, timedelta(0))


def test_every_call_is_counted(town: Town) -> None:
    """The ledger holds each call under what it was for, a batch as many as its parts."""
    said = town.crowd(3)
    connection = town.connection()
    CHANNEL.recheck(connection, said, now=town.now)
    CHANNEL.send(connection, town.answer_to(said[0], "Hej"), now=town.now)
    rows = [(spend.operation, spend.count) for spend in connection.meter.spends]
    assert rows == [("look_again", 3), ("look_again", 1), ("look_again", 1), ("answer", 1)]
    assert connection.spent == 6


# --- The token ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "told"), [(15, False), (14, True), (3, True), (-1, True)])
@pytest.mark.parametrize("which", ["ends", "access_ends"])
def test_the_end_of_the_sign_in_is_told(town: Town, which: str, days: int, told: bool) -> None:
    """From fourteen days before the token or its access to data ends, each look says so."""
    setattr(town.graph.token, which, START + days * DAY)
    look = town.look()
    assert ("sign_in_ends" in look.notices) is told
    town.later(MINUTES_5)
    again = town.look(look.cursor)
    assert ("sign_in_ends" in again.notices) is told
    if told:
        assert again.notices["sign_in_ends"] == (START + days * DAY).date().isoformat()


def test_the_token_is_asked_about_once_a_day(town: Town) -> None:
    """`debug_token` is asked at the first look and then once a day."""
    look = town.look()
    look = town.looks(look.cursor, HOUR, 23)
    assert town.graph.calls["debug_token"] == 1
    town.looks(look.cursor, HOUR, 2)
    assert town.graph.calls["debug_token"] == 2


def test_a_token_that_nothing_is_told_of(town: Town) -> None:
    """When `debug_token` fails, reading goes on, and it is asked again in an hour."""
    said = town.says("När?")
    town.graph.fail("debug_token", 2)
    look = town.look()
    assert said in look.messages
    town.looks(look.cursor, MINUTES_5, 13)
    assert town.graph.calls["debug_token"] == 2


def test_without_the_apps_number_the_token_speaks_for_itself(town: Town) -> None:
    """Without an app configured, the token asks about itself, without a proof."""
    town.graph.needs_proof = False
    look = town.look(META_APP_ID="", META_APP_SECRET="")
    assert not look.notices
    assert all("appsecret_proof" not in one.query for one in town.web.asked)


def test_a_permission_that_is_lost(town: Town) -> None:
    """Without the permission to read what residents write, the daily check says so."""
    town.graph.manners.scopes.discard("pages_read_user_content")
    error = error_of(lambda: town.look())
    assert type(error) is SignInNeeded
    assert "pages_read_user_content" in error.detail


def test_a_token_that_dies_in_the_middle(town: Town) -> None:
    """A token that dies during a look is a lost sign-in, and after a new one nothing is missing."""
    said = town.crowd(300)
    page = fetch(town)
    seen = {raw.external_id for raw in page.raws}
    town.graph.token.dead_after = town.graph.calls.total() + 1
    page = fetch(town, page.cursor)
    seen |= {raw.external_id for raw in page.raws}
    assert type(error_of(lambda: town.look(page.cursor))) is SignInNeeded
    town.graph.token = standin.Token()
    assert seen | set(town.look(page.cursor).messages) == set(said)


@pytest.mark.parametrize("missing", standin.SCOPES)
def test_each_permission_is_tried_by_itself(town: Town, missing: str) -> None:
    """The check names exactly what is missing."""
    town.says("När?")
    town.graph.manners.scopes.discard(missing)
    checks = {one.name: one.allowed for one in CHANNEL.check(town.connection(), now=town.now)}
    assert checks[missing] is False
    assert all(checks[name] for name in standin.SCOPES if name != missing)


def test_without_full_access_writers_are_not_named(town: Town) -> None:
    """An app that Meta has not let in reads comments without writers: the check sees that."""
    town.says("När?")
    checks = {one.name: one for one in CHANNEL.check(town.connection(), now=town.now)}
    assert checks["authors"].allowed
    town.graph.manners.tells_authors = False
    checks = {one.name: one for one in CHANNEL.check(town.connection(), now=town.now)}
    assert (checks["authors"].allowed, checks["authors"].detail) == (False, "0/1")


def test_the_doorbell_is_checked_where_it_is_used(town: Town) -> None:
    """Where a word for the webhook is set, the check sees whether the page rings at our app."""
    connection = town.connection()
    assert "doorbell" not in {one.name for one in CHANNEL.check(connection, now=town.now)}
    connection = town.connection(META_VERIFY_TOKEN="ordet")
    for expected in (False, True):
        checks = {one.name: one.allowed for one in CHANNEL.check(connection, now=town.now)}
        assert checks["doorbell"] is expected
        town.stage.facts["subscribed"] = ["feed", "mention"]


def test_nothing_to_sign_in_with(town: Town) -> None:
    """Without a token or a page's number every call is a missing sign-in, and the check says so."""
    for bare in (
        replace(town.connection(), credentials={}),
        replace(town.connection(), settings={}),
    ):
        with pytest.raises(SignInNeeded):
            CHANNEL.fetch(bare, None, now=town.now)
        assert [one.allowed for one in CHANNEL.check(bare, now=town.now)] == [False]
    assert town.web.asked == []


# --- What is kept secret ----------------------------------------------------------------------------------


def test_the_token_is_in_no_address_and_no_log(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is done, the token travels in a header or a body, and is written down nowhere."""
    caplog.set_level(logging.DEBUG)
    top = town.says("När?")
    town.crowd(60, top)
    answers: list[bytes] = []
    answer = town.web.answer
    town.web.answer = lambda asked: answers.append((told := answer(asked)).body) or told
    look = town.look()
    assert any(b"access_token=EAAovning" in one for one in answers)
    receipt = send(town, top)
    for name in ("hide", "unhide"):
        getattr(CHANNEL, name)(town.connection(), top, now=town.now)
    CHANNEL.reply_privately(town.connection(), top, "Hej", now=town.now)
    CHANNEL.delete_own(town.connection(), receipt.external_id, now=town.now)
    CHANNEL.check(town.connection(META_VERIFY_TOKEN="ordet"), now=town.now)
    town.again(top)
    town.graph.revoke()
    error = error_of(lambda: fetch(town, look.cursor))
    secret = (standin.PAGE_TOKEN, "EAAovning", standin.APP_SECRET)
    addresses = [f"{one.path}?{one.query}" for one in town.web.asked]
    kept = [look.cursor, *(raw.payload for raw in look.raws), caplog.text, repr(error), *addresses]
    assert not [text for text in kept for word in secret if word in str(text)]
    assert all(one.headers["authorization"].startswith("Bearer ") for one in town.web.asked)


def test_every_call_carries_its_proof(town: Town) -> None:
    """`appsecret_proof` goes with every call; with the wrong secret none is answered."""
    top = town.says("När?")
    town.look()
    send(town, top)
    assert all("appsecret_proof" in {**one.query, **one.form} for one in town.web.asked)
    with pytest.raises(ChannelError):
        fetch(town, META_APP_SECRET="fel")


@pytest.mark.parametrize(
    "link",
    ["https://elsewhere.example/v26.0", "http://graph.facebook.com", "https://graph.facebook.com.x",
     "https://graph.facebook.com:444", "//[", "https://x@graph.facebook.com"],
)  # fmt: skip
def test_a_link_to_somebody_else_is_not_followed(town: Town, link: str) -> None:
    """A list that would lead elsewhere ends as a gap; what it does not show is not called gone."""
    said = town.crowd(120)
    look = town.look()
    town.later(HOUR)
    town.graph.manners.link_base = link
    look = town.look(look.cursor)
    assert look.notices["gap"]
    assert look.removed == set()
    assert len(look.messages) < len(said)
    assert {one.headers["host"] for one in town.web.asked} == {f"127.0.0.1:{town.web.port}"}


def test_a_mark_that_leads_nowhere_new(town: Town) -> None:
    """A list that gives the same mark again ends as a gap, and never as a circle."""
    town.crowd(3)
    body = {
        "data": [],
        "paging": {"cursors": {"after": "x"}, "next": f"{town.web.url}/v26.0/1/feed?after=x"},
    }
    town.graph.say("feed", json_reply(200, body), times=99)
    look = town.look()
    assert look.notices["gap"] == "next page"
    assert look.removed == set()


def test_a_link_without_marks_beside_it(town: Town) -> None:
    """Where a list gives only the link, the mark is taken out of it."""
    body = {"data": [], "paging": {"next": "https://graph.facebook.com/v26.0/1/feed?after=abc"}}
    town.graph.say("feed", json_reply(200, body))
    town.look()
    assert "abc" in [one.get("after") for one in town.asked("/feed")]


def test_an_id_stays_one_step_of_the_path() -> None:
    """Whatever an id holds, it cannot lead to another place."""
    assert graph.node("../me/accounts?x=1", "comments") == "..%2Fme%2Faccounts%3Fx%3D1/comments"


def test_hidden_states_follow(town: Town) -> None:
    """A comment that somebody hid on Facebook itself is told as hidden within the hour."""
    said = town.says("Dumt")
    look = town.look()
    town.stage.set_state(said, "hidden")
    town.later(HOUR)
    assert town.look(look.cursor).messages[said].at_source is AtSource.HIDDEN
    with pytest.raises(NotUnderstood):
        CHANNEL.parse(town.connection(), '{"page": 1}', now=town.now)
