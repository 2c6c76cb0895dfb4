"""Facebook: answering in the thread, once; hiding; our own answers; the private answer; the bell."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.channels.base import (
    AtSource,
    ChannelError,
    Reason,
    Refused,
    TryLater,
    Uncertain,
)
from app.channels.facebook import CHANNEL
from app.channels.facebook.doorbell import challenge_of, pages_that_ring, signature_is_right
from app.channels.practice.standins import graph as standin
from app.channels.practice.standins.wire import Reply, json_reply

from .benches.facebook_looks import DAY, Town, a_town

__all__ = ["a_town"]


def error_of(call: Callable[[], Any]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


def reason_of(call: Callable[[], Any]) -> Reason:
    error = error_of(call)
    assert isinstance(error, Refused)
    return error.reason


def send(town: Town, *args: Any, **more: Any) -> Any:
    return CHANNEL.send(town.connection(), town.answer_to(*args, **more), now=town.now)


def find(town: Town, *args: Any, **more: Any) -> Any:
    return CHANNEL.find_sent(town.connection(), town.answer_to(*args, **more), now=town.now)


def act(town: Town, name: str, *args: Any) -> Any:
    return getattr(CHANNEL, name)(town.connection(), *args, now=town.now)


def written(town: Town) -> list[tuple[str | None, str]]:
    rows = town.stage.comments.values()
    return [(row.parent, row.text) for row in rows if row.by_city and row.state != "removed"]


# --- Answering ------------------------------------------------------------------------------------


def test_an_answer_to_a_reply_goes_to_its_top_comment(town: Town) -> None:
    """Facebook nests two levels: the answer stands under the top comment, word for word."""
    top = town.says("När?")
    reply = town.says("Jag undrar också", top, name="Björn")
    receipt = send(town, reply, "@Björn Kl. 8.\n\n/Anna, kundtjänst", top)
    assert written(town) == [(top, "@Björn Kl. 8.\n\n/Anna, kundtjänst")]
    path = town.web.asked[-1].path
    assert path == f"/v26.0/{top}/comments"
    found = find(town, reply, "@Björn Kl. 8.\n\n/Anna, kundtjänst", top)
    assert found.external_id == receipt.external_id
    assert found.url.startswith("https://www.facebook.com/")


def test_an_answer_to_a_residents_post(town: Town) -> None:
    """A visitor's post is answered under itself, and a comment there under that comment."""
    visit = town.posts("Hål i gatan", by="Åsa", author="u-asa")
    under = town.says("Jag med", post=visit)
    one = send(town, visit, "Vi lagar det.", post=visit)
    send(town, under, "Tack!", visit, post=visit)
    assert written(town) == [(None, "Vi lagar det."), (under, "Tack!")]
    assert find(town, visit, "Vi lagar det.", post=visit).external_id == one.external_id
    assert find(town, under, "Vi lagar det.", visit, post=visit) is None
    assert town.look().messages[one.external_id].parent_external_id == visit


def test_what_is_answered_is_looked_at_just_before(town: Town) -> None:
    """Closed comments and a reply that has gone meanwhile are refused before anything leaves."""
    shut = town.posts("Stängt", comments="closed")
    closed = town.says("Får jag?", post=shut)
    visit = town.posts("Också stängt", by="Åsa", comments="closed")
    top = town.says("När?")
    gone = town.says("Bort", top)
    town.delete(gone)
    assert reason_of(lambda: send(town, closed, "Ja.", post=shut)) is Reason.COMMENTS_CLOSED
    assert reason_of(lambda: send(town, visit, "Ja.", post=visit)) is Reason.COMMENTS_CLOSED
    assert reason_of(lambda: send(town, gone, "Ja.", top)) is Reason.MESSAGE_GONE
    assert reason_of(lambda: send(town, top, "x" * 8001)) is Reason.TOO_LONG
    assert town.graph.calls["answer"] == 0
    send(town, top, "x" * 8000)


def test_an_earlier_try_is_known_again(town: Town) -> None:
    """Our own words are found on any page, in changed white space, hidden, and since the press."""
    top = town.says("När?")
    town.crowd(130, top)
    assert find(town, top, "Kl. 8. Välkommen!") is None
    city = {"author": standin.PAGE_ID, "by_city": True}
    town.says("Kl. 8. Välkommen!", top, ago=timedelta(minutes=6), **city)
    assert find(town, top, "Kl. 8. Välkommen!") is None
    town.says("Kl. 8. Välkommen!", top, ago=timedelta(0), name="Lura", author="u-lura")
    assert find(town, top, "Kl. 8. Välkommen!") is None
    mine = town.says("Kl. 8.\u200b  Välkommen!", top, ago=timedelta(0), state="hidden", **city)
    found = find(town, top, "Kl. 8. Välkommen!")
    assert (found.external_id, found.at_source) == (mine, AtSource.HIDDEN)


def test_a_nameless_comment_with_the_very_text_is_not_told_for_sure(town: Town) -> None:
    """When Facebook names no writer of those words nobody says that they are not there."""
    top = town.says("När?")
    town.says("Kl. 8.", top, ago=timedelta(0), author="")
    assert type(error_of(lambda: find(town, top, "Kl. 8."))) is TryLater


def test_what_cannot_be_read_to_the_end_is_not_told_for_sure(town: Town) -> None:
    """A list that leads elsewhere is no proof that the answer is not there."""
    top = town.says("När?")
    town.crowd(130, top)
    town.graph.manners.link_base = "https://elsewhere.example"
    assert type(error_of(lambda: find(town, top, "Kl. 8."))) is TryLater


def test_below_what_is_gone_nothing_is_found(town: Town) -> None:
    """A search under a comment that has gone ends with nothing, unless nothing may be seen."""
    top = town.says("När?")
    town.delete(top)
    assert find(town, top, "Kl. 8.") is None


def test_a_yes_without_an_id(town: Town) -> None:
    """An answer that was taken without its id is uncertain, in public and in private."""
    top = town.says("När?")
    town.graph.say("answer", json_reply(200, {"success": True}))
    assert type(error_of(lambda: send(town, top, "Kl. 8."))) is Uncertain
    town.graph.say("messages", json_reply(200, {"recipient_id": "1"}))
    assert type(error_of(lambda: act(town, "reply_privately", top, "Hej"))) is Uncertain


# --- Hiding and taking away ---------------------------------------------------------------------------


def test_whether_it_can_be_hidden_is_asked_just_before(town: Town) -> None:
    """What the platform says cannot be hidden, and our own words, are refused without trying."""
    fixed = town.says("Dumt", says={"can_hide": False})
    own = town.says("Kl. 8.", author=standin.PAGE_ID, by_city=True, says={"can_hide": True})
    for one in (fixed, own):
        assert reason_of(lambda one=one: act(town, "hide", one)) is Reason.CANNOT_HIDE
    assert town.graph.calls["update"] == 0


def test_a_residents_post_is_hidden_too(town: Town) -> None:
    """A visitor's post has no `can_hide`, and is hidden and shown like a comment."""
    visit = town.posts("Dumt", by="Åsa", author="u-asa")
    assert act(town, "hide", visit) is AtSource.HIDDEN
    look = town.look()
    assert look.messages[visit].at_source is AtSource.HIDDEN
    assert act(town, "unhide", visit) is AtSource.VISIBLE


def test_hiding_without_a_clear_answer(town: Town) -> None:
    """What may simply be asked again is `TryLater`; a no in a yes is a no."""
    said = town.says("Dumt")
    town.graph.fail("update", 2, after_acting=True, transient=True)
    assert type(error_of(lambda: act(town, "hide", said))) is TryLater
    assert act(town, "hide", said) is AtSource.HIDDEN
    town.graph.say("update", json_reply(200, {"success": False}))
    assert reason_of(lambda: act(town, "unhide", said)) is Reason.CANNOT_HIDE
    assert reason_of(lambda: act(town, "hide", "finns-inte")) is Reason.MESSAGE_GONE


def test_only_our_own_are_ever_taken_away(town: Town) -> None:
    """An own answer is deleted, twice without harm; a resident's words never are."""
    top = town.says("När?")
    own = send(town, top, "Kl. 8.").external_id
    assert reason_of(lambda: act(town, "delete_own", top)) is Reason.NOT_ALLOWED
    town.graph.fail("delete", 2)
    assert type(error_of(lambda: act(town, "delete_own", own))) is TryLater
    act(town, "delete_own", own)
    act(town, "delete_own", own)
    assert written(town) == []
    assert town.stage.comments[top].state == "visible"


# --- In private --------------------------------------------------------------------------------------


def test_a_private_answer_is_given_once(town: Town) -> None:
    """A comment's writer is answered in private once, and then the window is closed."""
    said = town.says("Mitt personnummer är …")
    receipt = act(town, "reply_privately", said, "Ring oss & fråga efter <Anna>.")
    assert receipt.external_id.startswith("m_")
    assert town.stage.facts["private"] == {said: "Ring oss & fråga efter <Anna>."}
    assert written(town) == []
    for _time in range(2):
        assert reason_of(lambda: act(town, "reply_privately", said, "Igen")) is Reason.WINDOW_CLOSED
    assert town.graph.calls["messages"] == 1


def test_the_private_window_is_seven_days(town: Town) -> None:
    """A private answer goes until seven days after, and not a minute later."""
    early = town.says("När?", ago=timedelta(days=6, hours=23))
    late = town.says("När?", ago=timedelta(days=7), says={"can_reply_privately": True})
    act(town, "reply_privately", early, "Hej")
    assert reason_of(lambda: act(town, "reply_privately", late, "Hej")) is Reason.WINDOW_CLOSED
    assert town.graph.calls["messages"] == 1


def test_a_visitors_post_is_answered_in_private(town: Town) -> None:
    """A post's writer is named by the post."""
    visit = town.posts("Hål i gatan", by="Åsa", author="u-asa")
    act(town, "reply_privately", visit, "Hej")
    assert town.web.asked[-1].form["recipient"] == json.dumps({"post_id": visit})


@pytest.mark.parametrize(("code", "subcode"), [(551, 0), (10903, 0), (10900, 0), (10, 2018109)])
def test_a_window_that_closed_meanwhile(town: Town, code: int, subcode: int) -> None:
    """The platform's own words for a closed window are that, and nothing else."""
    said = town.says("När?")
    town.graph.fail("messages", code, subcode)
    assert reason_of(lambda: act(town, "reply_privately", said, "Hej")) is Reason.WINDOW_CLOSED


def test_a_private_answer_that_is_none(town: Town) -> None:
    """Empty and too long are refused before anything leaves; an unclear end is uncertain."""
    said = town.says("När?")
    assert reason_of(lambda: act(town, "reply_privately", said, " ")) is Reason.EMPTY
    assert reason_of(lambda: act(town, "reply_privately", said, "x" * 2001)) is Reason.TOO_LONG
    assert town.web.asked == []
    town.graph.say("messages", Reply(502, b"<h1>"), after_acting=True)
    assert type(error_of(lambda: act(town, "reply_privately", said, "Hej"))) is Uncertain


# --- The doorbell --------------------------------------------------------------------------------------


def signed(body: bytes, secret: str = "hemlig") -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_the_signature_is_over_the_very_bytes() -> None:
    """Escaped letters stay escaped: the same words written otherwise are not signed."""
    body = b'{"object":"page","entry":[{"id":"1","from":"\\u00c5sa"}]}'
    assert signature_is_right("hemlig", body, signed(body))
    again = json.dumps(json.loads(body), ensure_ascii=False).encode()
    assert not signature_is_right("hemlig", again, signed(body))


@pytest.mark.parametrize(
    "header",
    ["", "sha256=", "sha1=abc", signed(b"{}", "annan"), signed(b"{}")[7:], "sha256=å\udcff", "å"],
)
def test_a_wrong_signature(header: str) -> None:
    """Missing, empty, of another kind, by another secret: never right, and nothing is raised."""
    assert not signature_is_right("hemlig", b"{}", header)
    assert not signature_is_right("", b"{}", signed(b"{}", ""))


def test_which_pages_ring() -> None:
    """Each page in a ring is named once, whatever happened there and however much."""
    entries = [{"id": "1", "changes": []}, {"id": 2}, {"id": "1"}, {"x": 1}, 7, {"id": None}]
    body = json.dumps({"object": "page", "entry": entries}).encode()
    assert pages_that_ring(body) == {"1", "2"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 100_000, b'{"object":"page"}',
     b'{"object":"page","entry":{"id":"1"}}', b'{"object":"instagram","entry":[{"id":"1"}]}'],
)  # fmt: skip
def test_rubbish_rings_nowhere(body: bytes) -> None:
    """What makes no sense, or is about something else, names no page and raises nothing."""
    assert pages_that_ring(body) == frozenset()


def test_the_challenge() -> None:
    """Only the right word, and only when one is set, is answered with the challenge."""
    asked = {"hub.mode": "subscribe", "hub.verify_token": "ordet", "hub.challenge": "4711"}
    assert challenge_of(asked, "ordet") == "4711"
    for other in (
        {**asked, "hub.verify_token": "fel"},
        {**asked, "hub.mode": "unsubscribe"},
        {**asked, "hub.challenge": ""},
        {**asked, "hub.verify_token": "å\udcff"},
        {},
    ):
        assert challenge_of(other, "ordet") is None
    assert challenge_of({**asked, "hub.verify_token": ""}, "") is None


def test_days_are_told(town: Town) -> None:
    """The private window is told with the message, and ends seven days after it was written."""
    said = town.says("När?", ago=2 * DAY)
    assert town.look().messages[said].private_reply_until == town.now + 5 * DAY
