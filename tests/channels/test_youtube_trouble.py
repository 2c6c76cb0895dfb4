"""YouTube: signing in, the day's units, and what each refusal means."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.channels.base import (
    AtSource,
    BudgetSpent,
    ChannelError,
    Connection,
    Gone,
    Meter,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
    Uncertain,
)
from app.channels.practice.standins import youtube as standin
from app.channels.practice.standins.youtube import YouTubeStandIn
from app.channels.youtube import CHANNEL, quota
from app.channels.youtube.errors import NotProcessed

from .benches.youtube_looks import DAY, MINUTES_5, START, Town, a_town

__all__ = ["a_town"]

MIDNIGHT = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
"""The Pacific coast's, after START."""


def error_of(call: Callable[[], Any]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


def fetch(town: Town, **more: Any) -> Any:
    return CHANNEL.fetch(town.connection(**more), None, now=town.now)


def send(town: Town, parent: str, text: str = "Kl. 8.", **more: Any) -> Any:
    return CHANNEL.send(town.connection(**more), town.answer_to(parent, text), now=town.now)


# --- Signing in ------------------------------------------------------------------------------------


def test_a_token_is_got_once_and_kept(town: Town) -> None:
    """The first call gets an access token, the next ones use it until just before it ends."""
    assert town.keeper
    town.keeper.stored = {"refresh_token": standin.REFRESH_TOKEN}
    for _time in range(3):
        fetch(town)
    assert town.youtube.calls["token"] == 1
    assert set(town.keeper.stored) >= {"refresh_token", "access_token", "expires_at"}
    assert town.keeper.stored["expires_at"] == (START + standin.LIFE).isoformat()
    town.now = START + standin.LIFE - timedelta(seconds=61)
    fetch(town)
    assert town.youtube.calls["token"] == 1
    town.now += timedelta(seconds=2)
    fetch(town)
    assert town.youtube.calls["token"] == 2


def test_without_a_keeper_nothing_is_kept(town: Town) -> None:
    """Without a keeper a token is got for the call and stored nowhere."""
    town.keeper = None
    connection = town.connection()
    CHANNEL.fetch(connection, None, now=town.now)
    assert connection.credentials == {"refresh_token": standin.REFRESH_TOKEN}


def test_a_token_that_youtube_no_longer_takes(town: Town) -> None:
    """A reading question is asked again with a new token; both are paid for."""
    town.youtube.forget_access()
    connection = town.connection()
    CHANNEL.fetch(connection, None, now=town.now)
    asked = [spend.operation for spend in connection.meter.spends]
    assert asked == ["commentThreads.list", "channels.list", "commentThreads.list"]


def test_no_change_is_ever_asked_for_twice(town: Town) -> None:
    """A change refused for its token renews the token and asks to be tried again: never itself."""
    top = town.says("När?")
    town.youtube.forget_access()
    assert type(error_of(lambda: send(town, top))) is TryLater
    assert town.youtube.calls["comments.insert"] == 1
    send(town, top)
    assert len([one for one in town.stage.comments.values() if one.by_city]) == 1


def test_a_new_token_that_is_not_taken_either(town: Town) -> None:
    """When a token got just now is refused, a person must sign in."""
    town.youtube.fail("commentThreads.list", 401, "authError", times=9)
    assert isinstance(error_of(lambda: fetch(town)), SignInNeeded)
    assert town.youtube.calls["token"] == 1


def test_another_process_has_renewed(town: Town) -> None:
    """A token that another process stored meanwhile is taken, and Google is not asked."""
    assert town.keeper
    old = replace(
        town.connection(), credentials={**town.keeper.stored, "access_token": "ya29.gammal"}
    )
    CHANNEL.fetch(old, None, now=town.now)
    assert town.youtube.calls["token"] == 0
    assert town.keeper.asked == []


def test_the_stored_one_may_be_too_old_as_well(town: Town) -> None:
    """A stored token that another process got long ago is renewed in its turn."""
    assert town.keeper
    old = replace(town.connection(), credentials={"access_token": "ya29.gammal"})
    town.keeper.stored["expires_at"] = START.isoformat()
    CHANNEL.fetch(old, None, now=town.now)
    assert town.youtube.calls["token"] == 1


def test_the_consent_is_gone(town: Town) -> None:
    """`invalid_grant` needs a person, whatever was asked for, and nothing was published."""
    top = town.says("När?")
    town.kill_credentials()
    for call in (lambda: fetch(town), lambda: send(town, top)):
        error = error_of(call)
        assert isinstance(error, SignInNeeded)
        assert error.detail == "invalid_grant"


@pytest.mark.parametrize(
    ("status", "code"), [(500, "internal_failure"), (401, "invalid_client"), (403, "access_denied")]
)
def test_other_trouble_at_google(town: Town, status: int, code: str) -> None:
    """Any other trouble with the token is tried again, also when an answer is on its way."""
    assert town.keeper
    town.keeper.stored = {"refresh_token": standin.REFRESH_TOKEN}
    top = town.says("När?")
    town.youtube.fail("token", status, code, times=2)
    for call in (lambda: fetch(town), lambda: send(town, top)):
        assert type(error_of(call)) is TryLater
    assert "comments.insert" not in town.youtube.calls


@pytest.mark.parametrize("way", ["429_timed", "503_timed", "503", "silent", "html", "cut_body"])
def test_google_cannot_be_reached(town: Town, way: str) -> None:
    """Whatever happens on the way to a token, no answer is uncertain for it."""
    assert town.keeper
    town.keeper.stored = {"refresh_token": standin.REFRESH_TOKEN}
    top = town.says("När?")
    town.break_in(way, on="changes")
    error = error_of(lambda: send(town, top))
    assert type(error) is TryLater
    if way.endswith("timed"):
        assert error.until == town.now + timedelta(seconds=90)


@pytest.mark.parametrize(("signed_in", "word"), [("UCenAnnan", "another"), ("", "no channel")])
def test_the_wrong_channel(town: Town, signed_in: str, word: str) -> None:
    """Signed in as another channel, or as none, nothing is read or said in its name."""
    assert town.keeper
    town.keeper.stored = {"refresh_token": standin.REFRESH_TOKEN}
    top = town.says("När?")
    town.youtube.signed_in_as = signed_in
    for call in (lambda: fetch(town), lambda: send(town, top)):
        error = error_of(call)
        assert isinstance(error, SignInNeeded)
        assert error.detail.startswith("wrong_channel")
        assert word in error.detail
    assert "access_token" not in town.keeper.stored
    checks = {one.name: one.allowed for one in CHANNEL.check(town.connection(), now=town.now)}
    assert checks == {"sign_in": True, "right_channel": False}


def test_a_token_of_the_channel_that_was_set_before(town: Town) -> None:
    """A stored token is not used once the account is set to another channel."""
    moved = replace(town.connection(), settings={"channel_id": "UCenAnnan"})
    error = error_of(lambda: CHANNEL.fetch(moved, None, now=town.now))
    assert error.detail.startswith("wrong_channel")


@pytest.mark.parametrize(("gone", "word"), [("GOOGLE_CLIENT_ID", "no_client"), ("", "no_refresh")])
def test_what_signing_in_takes(town: Town, gone: str, word: str) -> None:
    """Without a client or a refresh token a person must act, and Google is not asked."""
    connection = town.connection(**{gone: ""} if gone else {})
    empty = {"refresh_token": standin.REFRESH_TOKEN if gone else " "}
    error = error_of(
        lambda: CHANNEL.fetch(
            replace(connection, credentials=empty, keeper=None), None, now=town.now
        )
    )
    assert isinstance(error, SignInNeeded)
    assert error.detail.startswith(word)
    assert town.youtube.calls["token"] == 0


def test_a_consent_screen_in_testing(town: Town) -> None:
    """When Google says that the sign-in itself ends, the look says on which day."""
    assert "sign_in_ends" not in town.look().notices
    assert town.keeper
    town.keeper.stored = {"refresh_token": standin.REFRESH_TOKEN}
    town.youtube.testing = True
    assert town.look().notices["sign_in_ends"] == "2026-12-01"


def test_permissions_one_by_one(town: Town) -> None:
    """Every permission is tried for itself, and a consent without the scope lacks them all."""
    names = ["sign_in", "right_channel", "read_comments", "read_held", "answer_and_moderate"]
    checks = CHANNEL.check(town.connection(), now=town.now)
    assert [(one.name, one.allowed) for one in checks] == [(name, True) for name in names]
    town.youtube.fail("commentThreads.list", 403, "forbidden")
    checks = CHANNEL.check(town.connection(), now=town.now)
    assert [one.name for one in checks if not one.allowed] == ["read_comments"]
    town.youtube.scopes = "https://www.googleapis.com/auth/youtube.readonly"
    checks = CHANNEL.check(town.connection(), now=town.now)
    assert [one.name for one in checks if one.allowed] == ["sign_in", "right_channel"]


# --- The day's units ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-11-24T12:00", "2026-11-25T08:00"),
        ("2026-11-25T07:59", "2026-11-25T08:00"),
        ("2026-11-25T08:00", "2026-11-26T08:00"),
        ("2026-03-07T20:00", "2026-03-08T08:00"),  # the day before clocks go forward
        ("2026-03-08T08:00", "2026-03-09T07:00"),  # a day of 23 hours
        ("2026-03-20T12:00", "2026-03-21T07:00"),  # Sweden has not shifted yet
        ("2026-11-01T06:59", "2026-11-01T07:00"),
        ("2026-11-01T07:00", "2026-11-02T08:00"),  # a day of 25 hours
    ],
)
def test_the_day_is_the_pacific_coasts(now: str, midnight: str) -> None:
    """The units begin anew at midnight there, across both shifts of the clocks."""
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert quota.next_midnight(moment) == datetime.fromisoformat(midnight).replace(tzinfo=UTC)
    assert quota.day_of(quota.next_midnight(moment)) == quota.day_of(moment) + DAY
    just_before = quota.next_midnight(moment) - timedelta(seconds=1)
    assert quota.day_of(just_before) == quota.day_of(moment)


def test_every_question_is_paid_for(town: Town) -> None:
    """Each request's units are noted, refused ones too, under its method and the Pacific day."""
    top = town.says("När?")
    connection = town.connection()
    CHANNEL.send(connection, town.answer_to(top, "Kl. 8."), now=town.now)
    town.youtube.fail("comments.insert", 400, "commentTextTooLong")
    error_of(lambda: CHANNEL.send(connection, town.answer_to(top, "Kl. 9."), now=town.now))
    CHANNEL.hide(connection, top, now=town.now)
    CHANNEL.find_sent(connection, town.answer_to(top, "Kl. 8."), now=town.now)
    spends = [(one.operation, one.count, one.amount) for one in connection.meter.spends]
    assert spends == [
        ("comments.insert", 1, 50),
        ("comments.insert", 1, 50),
        ("comments.setModerationStatus", 1, 50),
        ("comments.list", 1, 1),
    ]
    assert {one.day.isoformat() for one in connection.meter.spends} == {"2026-11-24"}
    assert connection.spent == town.youtube.units_today()


@pytest.mark.parametrize("way", ["silent", "cut_connection", "500"])
def test_a_question_without_an_answer_is_paid_for(town: Town, way: str) -> None:
    """A request that left is paid for although no answer came."""
    top = town.says("När?")
    town.break_in(way)
    connection = town.connection()
    error = error_of(lambda: CHANNEL.send(connection, town.answer_to(top, "Kl. 8."), now=town.now))
    assert isinstance(error, Uncertain)
    assert connection.spent == 50


def test_reading_stops_before_the_reserve(town: Town) -> None:
    """With 8 000 of 10 000 units used nothing is read until midnight; one before, it is."""
    town.says("När?")
    fetch(town, spent=7_990)
    asked = town.youtube.calls.total()
    for call in (
        lambda: fetch(town, spent=8_000),
        lambda: CHANNEL.recheck(town.connection(spent=8_000), ["a"], now=town.now),
    ):
        error = error_of(call)
        assert isinstance(error, BudgetSpent)
        assert error.until == MIDNIGHT
    assert town.youtube.calls.total() == asked


def test_answers_may_use_the_reserve(town: Town) -> None:
    """Answering, looking for an answer and moderation go on when reading has stopped."""
    top = town.says("När?")
    receipt = send(town, top, spent=9_900)
    outgoing = town.answer_to(top, "Kl. 8.")
    found = CHANNEL.find_sent(town.connection(spent=9_900), outgoing, now=town.now)
    assert found == receipt
    assert CHANNEL.hide(town.connection(spent=9_900), top, now=town.now) is AtSource.HELD
    assert all(one.allowed for one in CHANNEL.check(town.connection(spent=9_900), now=town.now))


def test_youtube_says_that_the_units_are_used_up(town: Town) -> None:
    """`quotaExceeded` is BudgetSpent until midnight there, for reading and for answers."""
    top = town.says("När?")
    town.youtube.daily_units = 0
    for call in (lambda: fetch(town), lambda: send(town, top)):
        error = error_of(call)
        assert isinstance(error, BudgetSpent)
        assert error.until == MIDNIGHT
    assert len(town.stage.comments) == 1


def test_looks_are_five_minutes_apart(town: Town) -> None:
    """Each page asks for five minutes, and says nothing of slowing down below 60 %."""
    look = town.look(spent=4_700)
    assert look.wait_until == town.now + MINUTES_5
    assert "slowed" not in look.notices


def test_reading_slows_down(town: Town) -> None:
    """From 60 % of what reading may use, looks are as far apart as the rest must last."""
    look = town.look(spent=4_800)
    assert look.notices["slowed"] == "60 %"
    assert look.wait_until == town.now + MINUTES_5
    late = town.look(spent=7_900)
    assert late.notices["slowed"] == "99 %"
    assert late.wait_until
    assert late.wait_until > town.now + timedelta(minutes=60)
    assert town.look(spent=7_996).wait_until == MIDNIGHT


@pytest.mark.parametrize("a_look", [1, 9, 40, 200])
@pytest.mark.parametrize("at", ["2026-11-24T08:30", "2026-11-24T20:00", "2026-11-01T10:00"])
def test_what_is_left_lasts_until_midnight(a_look: int, at: str) -> None:
    """However dear the looks are, slowing down leaves something for each hour of the day."""
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    midnight, used = quota.next_midnight(now), 4_800.0
    while now < midnight:
        connection = Connection("comments", "x", spent_before=used, meter=Meter())
        quota.must_be_left(connection, now)
        connection.meter.spend("comments.list", 1, a_look, quota.day_of(now))
        used = connection.spent
        now, _notices = quota.next_wish(connection, now)
    assert used <= 8_000


def test_settings_that_say_nothing() -> None:
    """Without a quota in the installation Google's usual one holds; a reserve may be all of it."""
    assert quota.for_reading(Connection("comments", "x")) == 8_000
    said = {"YOUTUBE_DAILY_UNITS": "1000", "YOUTUBE_RESERVED_UNITS": "2000"}
    none = Connection("comments", "x", installation=said)
    assert quota.for_reading(none) == 0
    assert isinstance(error_of(lambda: quota.must_be_left(none, START)), BudgetSpent)
    assert quota.next_wish(none, START)[0] == MIDNIGHT


# --- What refusals mean -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "rateLimitExceeded", TryLater),
        (403, "userRateLimitExceeded", TryLater),
        (429, "rateLimitExceeded", TryLater),
        (403, "dailyLimitExceeded", BudgetSpent),
        (403, "forbidden", SignInNeeded),
        (403, "ineligibleAccount", SignInNeeded),
        (403, "insufficientPermissions", SignInNeeded),
        (403, "accessNotConfigured", SignInNeeded),
        (404, "channelNotFound", Gone),
        (400, "processingFailure", NotProcessed),
        (400, "incompatibleParameters", Refused),
        (409, "SERVICE_UNAVAILABLE", TryLater),
        (500, "backendError", TryLater),
        (503, "backendError", TryLater),
    ],
)
def test_reading_is_refused(town: Town, status: int, code: str, kind: type) -> None:
    """Each code has its name when we read, and the detail names the code."""
    town.youtube.fail("commentThreads.list", status, code, times=2)
    error = error_of(lambda: fetch(town))
    assert isinstance(error, kind)
    assert code in error.detail
    if kind is TryLater:
        assert type(error) is TryLater
    if kind is NotProcessed:
        assert isinstance(error, TryLater)
        assert error.until == town.now + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "commentTextRequired", Reason.EMPTY),
        (400, "commentTextTooLong", Reason.TOO_LONG),
        (400, "parentCommentIsPrivate", Reason.MESSAGE_HELD),
        (400, "operationNotSupported", Reason.COMMENTS_CLOSED),
        (400, "invalidCommentMetadata", Reason.OTHER),
        (403, "commentsDisabled", Reason.COMMENTS_CLOSED),
        (403, "forbidden", Reason.NOT_ALLOWED),
        (404, "parentCommentNotFound", Reason.MESSAGE_GONE),
        (404, "videoNotFound", Reason.POST_GONE),
        (403, "ineligibleAccount", SignInNeeded),
        (403, "rateLimitExceeded", TryLater),
        (400, "processingFailure", Uncertain),
        (409, "SERVICE_UNAVAILABLE", Uncertain),
        (500, "backendError", Uncertain),
        (503, "backendError", Uncertain),
    ],
)
def test_an_answer_is_refused(town: Town, status: int, code: str, expected: Any) -> None:
    """Each code has its name when we answer; what may have been done is uncertain."""
    top = town.says("När?")
    town.youtube.fail("comments.insert", status, code)
    error = error_of(lambda: send(town, top))
    if isinstance(expected, Reason):
        assert isinstance(error, Refused)
        assert error.reason is expected
    else:
        assert type(error) is expected
    assert town.youtube.calls["comments.insert"] == 1


def test_moderation_without_a_clear_answer(town: Town) -> None:
    """Holding a comment may simply be asked again when nobody knows whether it was done."""
    top = town.says("Dumt")
    for code in ("backendError", "processingFailure"):
        town.youtube.fail("comments.setModerationStatus", 500, code, after_acting=True)
        assert (
            type(error_of(lambda: CHANNEL.hide(town.connection(), top, now=town.now))) is TryLater
        )
    assert CHANNEL.hide(town.connection(), top, now=town.now) is AtSource.HELD
    town.youtube.fail("comments.delete", 500, "backendError")
    assert (
        type(error_of(lambda: CHANNEL.delete_own(town.connection(), top, now=town.now))) is TryLater
    )


def test_an_answer_that_got_no_id(town: Town, monkeypatch: Any) -> None:
    """A yes that does not say which comment it became is uncertain."""
    top = town.says("När?")
    monkeypatch.setattr(
        YouTubeStandIn,
        "_insert",
        lambda *_any: standin.json_reply(200, {"kind": "youtube#comment"}),
    )
    assert type(error_of(lambda: send(town, top))) is Uncertain


def test_comments_switched_off_altogether(town: Town) -> None:
    """When the whole channel has no comments, a look is empty and in order."""
    town.youtube.fail("commentThreads.list", 403, "commentsDisabled", times=3)
    look = town.look()
    assert look.messages == {}
    assert not look.notices


@pytest.mark.parametrize(
    ("status", "code", "times", "gap"),
    [
        (400, "processingFailure", 1, False),
        (400, "processingFailure", 2, True),
        (400, "invalidPageToken", 1, False),
        (403, "forbidden", 1, True),
        (404, "commentNotFound", 1, False),
        (403, "commentsDisabled", 1, False),
    ],
)
def test_one_thread_that_cannot_be_read(
    town: Town, status: int, code: str, times: int, gap: bool
) -> None:
    """One thread's trouble is tried once more where that helps, and never stops the others."""
    top = town.says("När?")
    town.crowd(7, top)
    other = town.says("Var?", ago=2 * DAY)
    town.youtube.fail("comments.list", status, code, times=times)
    look = town.look()
    assert {top, other} <= set(look.messages)
    assert ("gap" in look.notices) is gap
    again = code in ("processingFailure", "invalidPageToken") and not gap
    assert len(look.messages) == (9 if again else 7)


def test_one_thread_that_cannot_be_looked_at_again(town: Town) -> None:
    """Looking again goes on when one thread's replies may not be read, or have gone meanwhile."""
    top = town.says("När?")
    town.crowd(7, top)
    for status, code in ((403, "forbidden"), (404, "commentNotFound")):
        town.youtube.faults.clear()
        connection = town.connection()
        ask = town.youtube._comments

        def only_by_id(query: Any, ask: Any = ask, status: int = status, code: str = code) -> Any:
            if "parentId" in query:
                raise standin.Trouble(status, code)
            return ask(query)

        town.youtube._comments = only_by_id  # type: ignore[method-assign]
        page = CHANNEL.recheck(connection, [top], now=town.now)
        town.youtube._comments = ask  # type: ignore[method-assign]
        assert len(page.raws) == 6
        assert page.removed == ()
