"""X: every way it says no, signing in and renewing it, and what must never be seen."""

import io
import logging
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.channels.base import (
    BudgetSpent,
    ChannelError,
    Connection,
    Gone,
    Outgoing,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
    Uncertain,
)
from app.channels.practice.standins import x as standin
from app.channels.practice.standins.wire import Reply, json_reply

from .benches.bench import now
from .benches.x import Bench

PROBLEMS = "https://api.twitter.com/2/problems/"
NEW_PROBLEMS = "https://api.x.com/2/problems/"


@pytest.fixture
def bench() -> Any:
    made = Bench()
    yield made
    made.close()


def problem(status: int, kind: str = "about:blank", *, headers: Any = None, **more: Any) -> Reply:
    body = {"type": kind, "title": "Fel", "detail": "", "status": status, **more}
    return json_reply(status, body, headers)


def reads(bench: Bench, reply: Reply) -> ChannelError:
    """How reading fails with this answer."""
    bench.x.fail(reply, times=3)
    with pytest.raises(ChannelError) as caught:
        bench.channel.fetch(bench.connection(), None, now=now())
    return caught.value


def sends(bench: Bench, reply: Reply) -> ChannelError:
    """How an answer fails with this answer."""
    post = bench.make_post("", "Hej")
    comment = bench.comment(post, "Åsa", "När?")
    bench.x.fail(reply, method="POST", times=3)
    answer = Outgoing("n", "Kl. 8", post, comment, pressed_at=now())
    with pytest.raises(ChannelError) as caught:
        bench.channel.send(bench.connection(), answer, now=now())
    return caught.value


def next_month() -> datetime:
    first = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


# --- X's errors, row by row ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (problem(400, PROBLEMS + "invalid-request"), Refused),
        (problem(401), SignInNeeded),
        (problem(401, PROBLEMS + "unsupported-authentication"), SignInNeeded),
        (problem(402, title="CreditsDepleted"), BudgetSpent),
        (problem(403, PROBLEMS + "client-forbidden"), SignInNeeded),
        (problem(403, NEW_PROBLEMS + "client-forbidden"), SignInNeeded),
        (json_reply(403, {"errors": [{"code": 453, "message": ""}]}), SignInNeeded),
        (problem(403, PROBLEMS + "unsupported-authentication"), SignInNeeded),
        (problem(403), SignInNeeded),
        (problem(403, PROBLEMS + "not-authorized-for-resource"), Refused),
        (problem(404, PROBLEMS + "resource-not-found"), Gone),
        (Reply(404, b"<h1>Fel</h1>"), TryLater),
        (problem(429, headers={"x-rate-limit-reset": "4102444800"}), TryLater),
        (problem(429, PROBLEMS + "usage-capped", period="Monthly"), BudgetSpent),
        (problem(429), TryLater),
        (problem(500), TryLater),
        (problem(502), TryLater),
        (problem(503), TryLater),
        (problem(504), TryLater),
        (json_reply(200, ["ingen", "ordlista"]), TryLater),
        (json_reply(500, ["lista"]), TryLater),
        (Reply(204), TryLater),
        (Reply(301, b"", {"Location": "http://127.0.0.1:9/"}), Refused),
    ],
)
def test_reading_fails_by_name(bench: Bench, reply: Reply, expected: type[ChannelError]) -> None:
    """Each of X's ways to say no to reading has exactly one of the contract's names."""
    assert type(reads(bench, reply)) is expected


@pytest.mark.parametrize(
    ("reply", "expected", "reason"),
    [
        (problem(400, PROBLEMS + "invalid-request"), Refused, Reason.NOT_UNDERSTOOD),
        (problem(401), SignInNeeded, None),
        (problem(402), BudgetSpent, None),
        (problem(403, PROBLEMS + "client-forbidden"), SignInNeeded, None),
        (problem(403, PROBLEMS + "not-authorized-for-resource"), Refused, Reason.NOT_ALLOWED),
        (json_reply(403, {"errors": [{"code": 187}]}), Refused, Reason.DUPLICATE),
        (json_reply(403, {"errors": [{"code": 186}]}), Refused, Reason.TOO_LONG),
        (json_reply(403, {"errors": [{"code": 326}]}), Refused, Reason.BLOCKED),
        (json_reply(403, {"errors": [{"code": 385}]}), Refused, Reason.MESSAGE_GONE),
        (problem(404, PROBLEMS + "resource-not-found"), Refused, Reason.MESSAGE_GONE),
        (problem(429, headers={"x-rate-limit-reset": "4102444800"}), TryLater, None),
        (problem(429, PROBLEMS + "usage-capped"), BudgetSpent, None),
        (problem(500), Uncertain, None),
        (problem(503), Uncertain, None),
        (problem(504), Uncertain, None),
        (json_reply(201, ["ingen ordlista"]), Uncertain, None),
    ],
)
def test_answering_fails_by_name(
    bench: Bench, reply: Reply, expected: type[ChannelError], reason: Reason | None
) -> None:
    """Each way to say no to an answer has its name, and the answer is asked for once only."""
    error = sends(bench, reply)
    assert type(error) is expected
    assert getattr(error, "reason", None) is reason
    assert len([one for one in bench.web.asked if one.method == "POST"]) == 1


def test_x_says_when_it_counts_anew(bench: Bench) -> None:
    """A reset in the headers is when to come back; an absurd one is held within a day."""
    reset = int(now().timestamp()) + 300
    error = reads(bench, problem(429, headers={"x-rate-limit-reset": str(reset)}))
    assert isinstance(error, TryLater)
    assert error.until == datetime.fromtimestamp(reset, UTC)
    error = reads(Bench(), problem(429, headers={"x-rate-limit-reset": "99999999999"}))
    assert isinstance(error, TryLater)
    assert error.until is not None
    assert error.until <= now() + timedelta(hours=24)


def test_money_that_is_gone_is_back_next_month(bench: Bench) -> None:
    """No credits, or X's own cap without an hour, waits for the first of the next month."""
    for reply in (problem(402), problem(429, PROBLEMS + "usage-capped")):
        bench.x.faults.clear()
        error = reads(bench, reply)
        assert isinstance(error, BudgetSpent)
        assert error.until == next_month()


def test_nothing_sleeps(bench: Bench, monkeypatch: Any) -> None:
    """Asked to wait, the channel says so at once and asks no second time."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("slept"))
    reads(bench, problem(429))
    assert len(bench.web.asked) == 1


def test_what_is_missing_beside_data_is_no_error(bench: Bench) -> None:
    """A deleted parent makes X tell of it beside the data; the message is there."""
    post = bench.make_post("", "Hej")
    parent = bench.comment(post, "Åsa", "Fråga")
    reply = bench.comment(post, "Björn", "Svar", parent=parent)
    bench.delete(parent)
    page = bench.channel.fetch(bench.connection(), None, now=now())
    assert [raw.external_id for raw in page.raws] == [reply]
    message = bench.channel.parse(bench.connection(), page.raws[0].payload, now=now())
    assert message.parent_external_id == parent


# --- Signing in ------------------------------------------------------------------------------------


@pytest.fixture
def renewing() -> Any:
    made = Bench(sign_in="oauth2")
    yield made
    made.close()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"consumer_key": "a", "consumer_secret": "b", "oauth1_token": "c"},
        {"access_token": "a"},
        {"refresh_token": " "},
    ],
)
def test_half_a_sign_in_is_none(bench: Bench, given: dict[str, str]) -> None:
    """With neither set whole nothing is asked; a person must complete it."""
    connection = replace(bench.connection(), credentials=given)
    with pytest.raises(SignInNeeded):
        bench.channel.fetch(connection, None, now=now())
    assert [c.allowed for c in bench.channel.check(connection, now=now())] == [False]
    assert bench.web.asked == []


def test_the_number_is_needed(bench: Bench) -> None:
    """Without the account's number nothing can be asked, and a handle is no number."""
    for said in ("", "landskronastad"):
        with pytest.raises(SignInNeeded):
            bench.channel.fetch(bench.connection(account_id=said), None, now=now())


def test_a_renewed_sign_in_is_kept_before_it_is_used(renewing: Bench) -> None:
    """The first call renews; the new pair is stored, the old refresh token never used again."""
    post = renewing.make_post("", "Hej")
    renewing.comment(post, "Åsa", "När?")
    used: list[str] = []
    answer = renewing.x.answer

    def listen(asked: Any) -> Reply:
        if asked.path != "/2/oauth2/token":
            used.append(asked.headers["authorization"].removeprefix("Bearer "))
            assert renewing.keeper.stored["access_token"] == used[-1]
        return answer(asked)

    renewing.web.answer = listen
    renewing.channel.fetch(renewing.connection(), None, now=now())
    assert used
    assert renewing.keeper.asked == [""]
    assert renewing.keeper.stored["refresh_token"] != standin.REFRESH_TOKEN
    assert datetime.fromisoformat(renewing.keeper.stored["expires_at"]) > now()


def test_a_sign_in_about_to_end_is_renewed_first(renewing: Bench) -> None:
    """Two hours on, the token is renewed before anything is asked with the old one."""
    renewing.channel.fetch(renewing.connection(), None, now=now())
    first = renewing.keeper.stored["access_token"]
    later = now() + timedelta(hours=2)
    renewing.x.clock = lambda: later
    renewing.web.asked.clear()
    renewing.channel.fetch(renewing.connection(), None, now=later)
    assert renewing.web.asked[0].path == "/2/oauth2/token"
    assert renewing.keeper.asked == ["", first]


def test_a_token_x_no_longer_accepts_is_renewed_once(renewing: Bench) -> None:
    """A dead token gives one renewal and a second try; a second no is for a person."""
    renewing.channel.fetch(renewing.connection(), None, now=now())
    renewing.x.fail(problem(401))
    assert renewing.channel.fetch(renewing.connection(), None, now=now()).more
    renewing.x.fail(problem(401), method="GET", times=2)
    with pytest.raises(SignInNeeded) as caught:
        renewing.channel.fetch(renewing.connection(), None, now=now())
    assert type(caught.value) is SignInNeeded


def test_an_answer_is_not_sent_twice_for_a_new_token(renewing: Bench) -> None:
    """Turned away for its token, an answer is for later, with the token renewed; not sent again."""
    post = renewing.make_post("", "Hej")
    comment = renewing.comment(post, "Åsa", "När?")
    answer = Outgoing("n", "Kl. 8", post, comment, pressed_at=now())
    renewing.channel.fetch(renewing.connection(), None, now=now())
    at_tweets = renewing.x.answer

    def deny(asked: Any) -> Reply:
        if (asked.method, asked.path) == ("POST", "/2/tweets"):
            return problem(401)
        return at_tweets(asked)

    renewing.web.answer = deny
    with pytest.raises(TryLater):
        renewing.channel.send(renewing.connection(), answer, now=now())
    sent = [one for one in renewing.web.asked if (one.method, one.path) == ("POST", "/2/tweets")]
    assert len(sent) == 1
    renewing.web.answer = at_tweets
    assert renewing.channel.send(renewing.connection(), answer, now=now()).external_id


def test_a_renewal_that_is_refused_needs_a_person(renewing: Bench) -> None:
    """A refresh token that has been used up, or a wrong client, is for a person to mend."""
    renewing.x.fail(json_reply(400, {"error": "invalid_grant"}))
    with pytest.raises(SignInNeeded):
        renewing.channel.fetch(renewing.connection(), None, now=now())


@pytest.mark.parametrize("way", ["500", "silent_body", "no_token"])
def test_a_renewal_without_an_answer_is_for_later(renewing: Bench, way: str) -> None:
    """When X does not answer a renewal properly, the same is tried later."""
    replies = {
        "500": Reply(500, b""),
        "silent_body": Reply(200, b"<html>"),
        "no_token": json_reply(200, {"token_type": "bearer"}),
    }
    renewing.x.fail(replies[way])
    with pytest.raises(TryLater):
        renewing.channel.fetch(renewing.connection(), None, now=now())
    assert renewing.channel.fetch(renewing.connection(), None, now=now()).more


def test_a_public_client_says_who_it_is_in_the_form(renewing: Bench) -> None:
    """Without a client secret the client's number goes in the form, and no login with it."""
    renewing.keeper.stored["client_secret"] = ""
    renewing.channel.fetch(renewing.connection(), None, now=now())
    first = renewing.web.asked[0]
    assert first.form["client_id"] == standin.CLIENT_ID
    assert "authorization" not in first.headers


def test_without_a_keeper_nothing_is_renewed(renewing: Bench) -> None:
    """A refresh token is never used where the new one could not be stored."""
    connection = replace(renewing.connection(), keeper=None)
    with pytest.raises(SignInNeeded):
        renewing.channel.fetch(connection, None, now=now())
    assert renewing.web.asked == []


def test_the_signature_covers_the_address_that_is_asked(bench: Bench) -> None:
    """OAuth 1.0a is signed for the address we really ask; the stand-in computes it anew."""
    assert bench.x.signed_strictly
    bench.channel.fetch(bench.connection(), None, now=now())
    said = bench.web.asked[0].headers
    assert said["host"] == f"127.0.0.1:{bench.web.port}"
    assert said["user-agent"].startswith("Vaxeln/")
    wrong = {**bench.keeper.stored, "oauth1_secret": "fel"}
    connection = replace(bench.connection(), credentials=wrong)
    with pytest.raises(SignInNeeded):
        bench.channel.fetch(connection, None, now=now())


def test_the_checks_have_names(bench: Bench, renewing: Bench) -> None:
    """Each permission is tried by itself and named; what X does not tell is not judged."""
    names = [check.name for check in bench.channel.check(bench.connection(), now=now())]
    assert names == [
        "sign_in", "right_account", "read_mentions", "read_own_posts", "search", "write",
    ]  # fmt: skip
    names = [check.name for check in renewing.channel.check(renewing.connection(), now=now())]
    assert names[-3:] == ["write", "hide", "stay"]
    bench.x.access_level = "read"
    allowed = {c.name: c.allowed for c in bench.channel.check(bench.connection(), now=now())}
    assert allowed["write"] is False
    other = bench.connection(account_id="77")
    allowed = {c.name: c.allowed for c in bench.channel.check(other, now=now())}
    assert allowed["right_account"] is False


def test_a_scope_that_is_missing_is_told(renewing: Bench) -> None:
    """An OAuth 2 sign-in without the right to moderate says so by name."""
    renewing.channel.fetch(renewing.connection(), None, now=now())
    renewing.keeper.stored["scope"] = "tweet.read users.read tweet.write offline.access"
    checks = {c.name: c.allowed for c in renewing.channel.check(renewing.connection(), now=now())}
    assert (checks["write"], checks["hide"], checks["stay"]) == (True, False, True)


# --- What must never be seen -----------------------------------------------------------------------


@pytest.mark.parametrize("sign_in", ["oauth1", "oauth2"])
def test_no_log_shows_a_secret(sign_in: str) -> None:
    """With everything logged at the lowest level, no token, key or signature is in the log."""
    bench = Bench(sign_in=sign_in)
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        logging.getLogger("tweepy").setLevel(logging.DEBUG)
        post = bench.make_post("", "Hej")
        comment = bench.comment(post, "Åsa Hemlig", "En hemlig fråga")
        bench.channel.fetch(bench.connection(), None, now=now())
        answer = Outgoing("n", "Kl. 8", post, comment, pressed_at=now())
        bench.channel.send(bench.connection(), answer, now=now())
        reads(bench, problem(500))
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        bench.close()
    logged = told.getvalue()
    secrets = [*bench.secrets, *bench.keeper.stored.values()]
    assert not [one for one in secrets if one and one in logged and one not in ("bearer",)]
    assert "Bearer" not in logged
    assert "hemlig fråga" not in logged
    assert logging.getLogger("tweepy").level == logging.INFO


def test_an_error_says_no_words_of_x(bench: Bench) -> None:
    """X's own wording can hold names and words of residents; no error repeats it."""
    words = "Åsa (@asa) har blockerat dig: 'dumma kommun'"
    for reply in (
        problem(403, detail=words),
        problem(500, detail=words),
        problem(400, words, detail=words, errors=[{"message": words}]),
    ):
        bench.x.faults.clear()
        error = reads(bench, reply)
        assert not re.search("Åsa|asa|dumma", f"{error} {error.detail} {error!r}")


def test_only_x_is_asked(bench: Bench) -> None:
    """An address within our own net is refused although the settings name it."""
    connection = replace(bench.connection(), allowed_private_hosts=frozenset())
    with pytest.raises(Refused) as caught:
        bench.channel.fetch(connection, None, now=now())
    assert caught.value.reason is Reason.ADDRESS_NOT_ALLOWED
    nonsense = replace(connection, installation={"X_API_URL": "ftp://x"})
    with pytest.raises(Refused):
        bench.channel.fetch(nonsense, None, now=now())


def test_a_plain_connection_is_enough_to_understand(bench: Bench) -> None:
    """Understanding a payload needs no sign-in, no keeper and no net."""
    post = bench.make_post("", "Hej")
    bench.comment(post, "Åsa", "När?")
    raw = bench.channel.fetch(bench.connection(), None, now=now()).raws[0]
    plain = Connection(kind="mentions", external_id="1")
    assert bench.channel.parse(plain, raw.payload, now=now()).text == "När?"
