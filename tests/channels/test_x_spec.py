"""Every request of the channel and every answer of the stand-in, held against x_operations.json.

That file is held against X's own documents by verify_x.py, which is run by hand where they are.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.channels.base import ChannelError, Outgoing
from app.channels.practice.standins import x as standin
from app.channels.practice.standins.wire import Asked, Reply

from . import verify_x
from .benches.bench import now
from .benches.x import Bench

OURS = json.loads(Path(__file__).with_name("x_operations.json").read_text(encoding="utf-8"))
DIALECTS = ("tweet", "post")
EXACT = {"id": r"\d{1,19}", "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"}
TOKEN = "/2/oauth2/token"


def operation_of(asked: Asked) -> Mapping[str, Any]:
    """The described call that a request is; there must be one."""
    for call in OURS["operations"].values():
        path = re.sub(r"\{\w+\}", r"\\d+", call["path"])
        if asked.method == call["method"] and re.fullmatch(path, asked.path):
            return call
    raise AssertionError(f"{asked.method} {asked.path} is not described")


def wrong_in_request(asked: Asked, dialect: str) -> list[str]:
    """What a request says that X's description does not allow."""
    call = operation_of(asked)
    rules = {**call["query"]["both"], **call["query"][dialect]}
    found = [f"{name}?" for name in asked.query if name not in rules]
    found += [
        f"{n} missing" for n, r in rules.items() if r.get("required") and n not in asked.query
    ]
    for name, value in asked.query.items():
        if name in rules and not fits(value, rules[name]):
            found.append(f"{name}={value}")
    body = json.loads(asked.body) if asked.body else None
    return found + wrong_in(body, call.get("body"))


def fits(value: str, rule: Mapping[str, Any]) -> bool:
    """Whether a parameter's value is allowed."""
    kind = rule["kind"]
    if kind in EXACT:
        return re.fullmatch(EXACT[kind], value) is not None
    if kind == "number":
        return rule["least"] <= int(value) <= rule["most"]
    parts = value.split(",")
    if kind == "ids":
        ids = all(re.fullmatch(EXACT["id"], one) for one in parts)
        return ids and rule["least"] <= len(parts) <= rule["most"]
    if kind == "list":
        return len(set(parts)) == len(parts) and set(parts) <= set(rule["of"])
    return 1 <= len(value) <= rule.get("longest_without_contract", 10_000)


def wrong_in(body: Any, told: Mapping[str, Any] | None) -> list[str]:
    """What a body holds that is not described, or lacks."""
    if not isinstance(told, Mapping) or not isinstance(body, Mapping):
        return [] if told is None and body is None else ["body"]
    found = [f"body {name}" for name in set(body) ^ set(told)]
    for name in set(body) & set(told):
        value = body[name]
        if isinstance(told[name], Mapping):
            found += wrong_in(value, told[name])
        elif not of_kind(value, told[name], "tweet"):
            found.append(f"body {name}={value}")
    return found


def of_kind(value: Any, kind: str, dialect: str) -> bool:
    """Whether a value in JSON is of a described kind."""
    if kind.startswith("["):
        return isinstance(value, list) and all(
            of_kind(one, kind.strip("[]"), dialect) for one in value
        )
    if kind in EXACT:
        return isinstance(value, str) and re.fullmatch(EXACT[kind], value) is not None
    if kind == "text":
        return isinstance(value, str)
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    fields = verify_x.fields_of(OURS["shapes"], kind, dialect)
    assert isinstance(value, dict), (kind, value)
    for name, one in value.items():
        assert name in fields, f"{kind} has no {name}"
        assert of_kind(one, fields[name], dialect), f"{kind}.{name} = {one}"
    return True


def check_answer(asked: Asked, reply: Reply, dialect: str) -> None:
    """Hold one answer of the stand-in against the description."""
    call = operation_of(asked)
    body = json.loads(reply.body)
    if reply.status < 300:
        assert reply.status == call["status"]
        assert of_kind(body, call["answer"], dialect)
        return
    known = OURS["refusals"]
    assert set(body) <= {*known["both"], *known[dialect], "errors"}
    assert set(body) >= {"title", "type"}


@pytest.fixture(params=[(kind, one) for kind in ("mentions", "conversations") for one in DIALECTS])
def bench(request: Any) -> Any:
    kind, dialect = request.param
    made = Bench(kind, dialect)
    yield made
    made.close()


def everything(bench: Bench, heard: list[tuple[Asked, Reply]]) -> None:
    """Let the channel do all it can with posts of all sorts; note what was asked and answered."""
    answer = bench.x.answer

    def listen(asked: Asked) -> Reply:
        reply = answer(asked)
        heard.append((asked, reply))
        return reply

    bench.web.answer = listen
    channel, connection = bench.channel, bench.connection()
    post = bench.make_post("", "Nu öppnar badet: https://www.landskrona.se/bad & mer")
    plain = bench.comment(post, "Åsa", "När <öppnar> det? Se www.landskrona.se/bad?a=1&b=2.")
    bench.comment(post, "Björn", "Jag med", parent=plain, media=[["photo", "En bild"]])
    bench.comment(post, "Cilla", "Lång " * 80, mentions=False)
    bench.comment(post, "Doris", "Håller med", quotes=post)
    gone = bench.comment(post, "Erik", "Tas bort")
    bench.comment(post, "Frida", "Svar till borttagen", parent=gone)
    bench.delete(gone)
    bench.edit(plain, "När öppnar det egentligen?")
    for number in range(101):
        bench.comment(post, f"Person {number}", f"Fråga {number}")
    own = bench.make_post("", "Hej @landskronastad, lagas gatan?", by="Gösta")
    cursor: str | None = None
    for moment in (now(), now() + timedelta(hours=7)):
        more = True
        while more:
            page = channel.fetch(connection, cursor, now=moment)
            cursor, more = page.cursor, page.more
            for raw in page.raws:
                channel.parse(connection, raw.payload, now=moment)
    outgoing = Outgoing("n", "Badet öppnar kl. 8.", post, plain, pressed_at=now())
    receipt = channel.send(connection, outgoing, now=now())
    assert channel.find_sent(connection, outgoing, now=now()) == receipt
    channel.recheck(connection, [plain, gone, own], now=now())
    channel.hide(connection, plain, now=now())
    channel.unhide(connection, plain, now=now())
    channel.delete_own(connection, receipt.external_id, now=now())
    channel.check(connection, now=now())
    for refused in (
        lambda: channel.send(connection, outgoing_to(gone, post), now=now()),
        lambda: channel.hide(connection, own, now=now()),
        lambda: channel.delete_own(connection, plain, now=now()),
    ):
        with pytest.raises(ChannelError):
            refused()


def outgoing_to(parent: str, post: str) -> Outgoing:
    return Outgoing("m", "Ett svar.", post, parent, pressed_at=now())


def test_every_request_and_answer_is_as_described(bench: Bench) -> None:
    """All that the channel asks is in X's description, in its bounds, and so is all it is told."""
    heard: list[tuple[Asked, Reply]] = []
    everything(bench, heard)
    calls = {f"{asked.method} {re.sub(r'[0-9]{5,}', '*', asked.path)}" for asked, _reply in heard}
    assert len(calls) >= 8, calls
    for asked, reply in heard:
        assert wrong_in_request(asked, bench.dialect) == [], asked.path
        check_answer(asked, reply, bench.dialect)


def test_all_that_is_described_is_used() -> None:
    """The description has no call that nobody makes."""
    heard: list[tuple[Asked, Reply]] = []
    for kind in ("mentions", "conversations"):
        bench = Bench(kind)
        try:
            everything(bench, heard)
        finally:
            bench.close()
    used = {(operation_of(asked)["method"], operation_of(asked)["path"]) for asked, _r in heard}
    assert used == {(call["method"], call["path"]) for call in OURS["operations"].values()}


def test_the_stand_in_refuses_what_x_does_not_know() -> None:
    """A parameter that X does not know, or out of its bounds, is refused, so the tests would see."""
    x = standin.XStandIn()
    signed = {"authorization": "OAuth " + ", ".join(
        f'{name}="{value}"'
        for name, value in (
            ("oauth_consumer_key", standin.CONSUMER_KEY), ("oauth_token", standin.OAUTH1_TOKEN)
        )
    )}  # fmt: skip
    path = f"/2/users/{standin.ACCOUNT_ID}/mentions"
    for query in ({"since": "1"}, {"max_results": "4"}, {"since_id": "x"}, {"start_time": "i går"}):
        assert x.answer(Asked("GET", path, query, signed)).status == 400
    assert x.answer(Asked("GET", path, {"max_results": "5"}, signed)).status == 200


def test_verifying_tells_what_differs(tmp_path: Path, capsys: Any) -> None:
    """A document with another bound, or without a call, gives a line for it and the status 1."""
    call = {
        "parameters": [{"in": "query", "name": "user.fields", "schema": {"type": "array", "items": {"enum": ["name"]}}}],
        "security": [{"UserToken": []}, {"OAuth2UserToken": ["tweet.read", "users.read"]}],
        "responses": {"200": {"content": {"application/json": {"schema": {"properties": {"data": {"properties": {"id": {"type": "string"}, "name": {"type": "string"}}}}}}}}},
    }  # fmt: skip
    file = tmp_path / "x.json"
    file.write_text(json.dumps({"paths": {"/2/users/me": {"get": call}}}))
    assert verify_x.main([str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "me: user.fields does not know username" in lines
    assert "me: the answer's data.username is not known" in lines
    assert "mentions: GET /2/users/{id}/mentions is not there" in lines


def test_a_time_is_sent_as_x_wants_it() -> None:
    """Times go out in whole seconds with a Z, and never nearer than a minute ago."""
    bench = Bench()
    try:
        moment = now()
        bench.channel.fetch(bench.connection(), None, now=moment)
        starts = [a.query["start_time"] for a in bench.web.asked if "start_time" in a.query]
        assert starts
        for start in starts:
            at = datetime.strptime(start, "%Y-%m-%dT%H:%M:%S%z")
            assert at <= moment - timedelta(minutes=1)
    finally:
        bench.close()
