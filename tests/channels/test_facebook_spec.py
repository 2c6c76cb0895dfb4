"""Facebook: every request of the channel and every answer of the stand-in, against Meta's lists.

The bench checks each request and answer of every other test as well, and fails when it closes.
"""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from app.channels.facebook import CHANNEL, sign_in, words
from app.channels.facebook.graph import proof_of
from app.channels.practice.standins import graph as standin
from app.channels.practice.standins import graph_nodes
from app.channels.practice.standins.graph_fields import BadFields, Wanted, fields_of
from app.channels.practice.standins.wire import Asked, json_reply

from .benches.facebook_description import (
    ATTACHED,
    PAGING,
    faults_of_reply,
    faults_of_request,
    fields,
    parameters,
)
from .benches.facebook_looks import DAY, HOUR, START, Town, a_town

__all__ = ["a_town"]

SIGNED = {"authorization": "Bearer x"}


def asked(path: str = "1_2/comments", method: str = "GET", **given: str) -> Asked:
    if method == "POST":
        return Asked(method, f"/v26.0/{path}", {}, SIGNED, urlencode(given).encode())
    return Asked(method, f"/v26.0/{path}", given, SIGNED)


def test_what_we_keep_is_listed() -> None:
    """Every field that the channel keeps of comments and posts is in Meta's lists."""
    assert set(words.COMMENT_KEPT) <= set(fields("comment"))
    assert {*words.POST_KEPT, *words.CONTEXT_KEPT} - {"attachments"} <= set(fields("post"))
    assert {one.name for one in fields_of(words.COMMENT_FIELDS)} == set(words.COMMENT_KEPT)
    assert set(words.POST_KEPT) <= {one.name for one in fields_of(words.POST_FIELDS)}


def test_what_the_stand_in_shows_is_listed() -> None:
    """Every field and parameter that the stand-in knows is in Meta's lists."""
    assert set(fields("comment")) >= graph_nodes.COMMENT_FIELDS
    assert set(fields("post")) >= graph_nodes.POST_FIELDS
    calls = {
        "comments": ("GET", "comments"), "answer": ("POST", "comments"),
        "messages": ("POST", "messages"), "subscribed_apps": ("POST", "subscribed_apps"),
        "update": ("POST", ""), "delete": ("DELETE", ""),
    }  # fmt: skip
    for kind, call in calls.items():
        known = parameters(*call)
        assert known is not None
        assert standin.PARAMETERS[kind] - {"fields", *PAGING} <= set(known), kind
    for feed in standin.FEEDS:
        assert parameters("GET", feed) is not None
    for name, values in graph_nodes.VALUES.items():
        assert values == (parameters("GET", "comments") or {})[name]


def test_the_permissions_are_the_same() -> None:
    """The channel checks the permissions that the stand-in asks for, and no others."""
    assert sign_in.SCOPES == standin.SCOPES
    assert set(standin.NEEDS.values()) <= set(sign_in.SCOPES)
    assert "type" in ATTACHED


def test_a_whole_week_is_as_listed(town: Town) -> None:
    """Looks, sweeps, rechecks, answers, hiding and checks keep to the lists throughout."""
    visit = town.posts("Hål", by="Åsa", author="u-asa", attachments=[{"media_type": "photo"}])
    old = town.posts("Gammalt", ago=60 * DAY)
    top = town.says("När?", attachment={"type": "sticker", "media": {"image": {"src": "x"}}})
    town.crowd(130, top)
    town.says("Nytt under gammalt", post=old)
    look = town.look()
    receipt = CHANNEL.send(town.connection(), town.answer_to(top, "Kl. 8."), now=town.now)
    CHANNEL.find_sent(town.connection(), town.answer_to(top, "Kl. 9."), now=town.now)
    for one in (top, visit):
        CHANNEL.hide(town.connection(), one, now=town.now)
        CHANNEL.unhide(town.connection(), one, now=town.now)
        CHANNEL.reply_privately(town.connection(), one, "Hej", now=town.now)
    town.again(top, visit, receipt.external_id, "finns-inte")
    CHANNEL.delete_own(town.connection(), receipt.external_id, now=town.now)
    town.delete(top)
    town.looks(look.cursor, 12 * HOUR, 14)
    CHANNEL.check(town.connection(META_VERIFY_TOKEN="ordet"), now=town.now)
    assert set(town.graph.calls) == set(standin.PARAMETERS) - {"batch"}
    assert town.faults == []


@pytest.mark.parametrize(
    ("request_made", "fault"),
    [
        (asked("1/likes"), "no call GET likes"),
        (asked(colour="red"), "no colour"),
        (asked(filter="all"), "all is no filter"),
        (asked(fields="id,colour"), "no field colour"),
        (asked(fields="id,from{id,colour}"), "no colour"),
        (asked(fields="id,from{id"), "cannot be read"),
        (asked("1_2", fields="id,comments.colour(red){id}"), "no field comments"),
        (asked(f"{standin.PAGE_ID}/feed", fields="comments.colour(red){id}"), "no colour"),
        (asked(f"{standin.PAGE_ID}/feed", fields="comments.summary(likes){id}"), "no likes"),
        (asked(f"{standin.PAGE_ID}/feed", fields="comments{updated_time}"), "updated_time"),
        (asked("1_2", "POST", colour="red"), "no colour"),
        (asked("", "POST", batch='[{"method": "GET", "relative_url": "1?colour=red"}]'), "colour"),
        (Asked("POST", "/v26.0/1_2", {"is_hidden": "true"}, SIGNED), "in its address"),
        (Asked("GET", "/v26.0/1_2", {}, {}), "nobody is signed in"),
    ],
)
def test_a_planted_fault_in_a_request(request_made: Asked, fault: str) -> None:
    """A request that Meta does not know is found."""
    assert any(fault in one for one in faults_of_request(request_made))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"data": [{"id": "1", "colour": "red"}]}, "no field colour"),
        ({"data": [{"id": 1}]}, "not of type string"),
        ({"id": "1", "can_hide": "true"}, "not of type bool"),
        ({"id": "1", "created_time": "2026-11-24T12:00:00"}, "not of type datetime"),
        ({"data": [], "summary": {"likes": 1}}, "no likes"),
        ({"data": [], "next": ""}, "no next"),
        ({"error": {"colour": 1}}, "no colour"),
    ],
)
def test_a_planted_fault_in_an_answer(body: Any, fault: str) -> None:
    """An answer that Meta would not give is found."""
    assert any(fault in one for one in faults_of_reply(asked(), json_reply(200, body)))


def test_fields_are_read_as_they_are_meant() -> None:
    """Options and inner fields, nested, in their order."""
    assert fields_of("id, from{id,name},comments.limit(5).filter(stream){id,parent{id}}") == (
        Wanted("id"),
        Wanted("from", inner=(Wanted("id"), Wanted("name"))),
        Wanted(
            "comments",
            {"limit": "5", "filter": "stream"},
            (Wanted("id"), Wanted("parent", inner=(Wanted("id"),))),
        ),
    )
    assert fields_of("") == ()


@pytest.mark.parametrize(
    "text",
    ["id}", "id,from{id", "a.limit(5", "a.limit", "{id}", "id,,a", "a" + "{a" * 9, "a," * 300],
)
def test_fields_that_make_no_sense(text: str) -> None:
    """What cannot be read is refused, however deep or long it is."""
    with pytest.raises(BadFields):
        fields_of(text)


def answered(graph: standin.GraphStandIn, one: Asked) -> tuple[int, Any]:
    signed = {"authorization": f"Bearer {standin.PAGE_TOKEN}"}
    reply = graph.answer(Asked(one.method, one.path, one.query, signed, one.body))
    return reply.status, json.loads(reply.body)


@pytest.mark.parametrize(
    ("question", "code", "subcode"),
    [
        (asked("1_2"), 100, 33),
        (asked("1_2/comments"), 100, 33),
        (asked("1_2/likes"), 2500, None),
        (asked(f"{standin.PAGE_ID}/feed", limit="101"), 100, None),
        (asked(f"{standin.PAGE_ID}/feed", limit="x"), 100, None),
        (asked(f"{standin.PAGE_ID}/feed", since="x"), 100, None),
        (asked(f"{standin.PAGE_ID}/feed", after="x"), 100, None),
        (asked(f"{standin.PAGE_ID}/feed", colour="x"), 100, None),
        (asked(f"{standin.PAGE_ID}/feed", fields="colour"), 100, None),
        (asked("1/feed"), 100, 33),
        (asked("1_2/comments", "POST", message="Hej"), 100, 33),
        (asked("1_2", "POST", is_hidden="true"), 100, 33),
        (asked("1_2", "DELETE"), 100, 33),
        (asked("", "POST", batch="x"), 100, None),
        (asked("", "POST", batch="[]"), 100, None),
        (asked(f"{standin.PAGE_ID}/messages", "POST", recipient="x", message="{}"), 100, None),
        (Asked("GET", "/1_2", {}, SIGNED), 2500, None),
    ],
)
def test_the_stand_in_refuses_what_graph_refuses(
    question: Asked, code: int, subcode: int | None
) -> None:
    """A question about nothing, or with something unknown in it, gets HTTP 400 and its code."""
    graph = standin.GraphStandIn()
    graph.stage.add_post("", "Badet", at=START)
    status, told = answered(graph, question)
    assert status == 400
    assert (told["error"]["code"], told["error"].get("error_subcode")) == (code, subcode)


def test_the_stand_in_does_what_graph_does() -> None:
    """Own words can be edited but not hidden, and empty or endless ones are not taken."""
    graph = standin.GraphStandIn()
    post = graph.stage.add_post("", "Badet", at=START).id
    _status, made = answered(graph, asked(f"{post}/comments", "POST", message="Kl. 8."))
    assert answered(graph, asked(made["id"], "POST", message="Kl. 9."))[1] == {"success": True}
    assert graph.stage.comments[made["id"]].text == "Kl. 9."
    assert answered(graph, asked(made["id"], "POST", is_hidden="true"))[0] == 403
    assert answered(graph, asked(made["id"], "POST", is_hidden="ja"))[0] == 400
    for text in (" ", "x" * 8001):
        assert answered(graph, asked(f"{post}/comments", "POST", message=text))[0] == 400
    page = asked(f"{standin.PAGE_ID}/subscribed_apps", "POST", subscribed_fields="feed,mention")
    assert answered(graph, page)[1] == {"success": True}
    graph.manners.scopes.clear()
    assert answered(graph, page)[0] == 403


def test_the_lists_of_posts(town: Town) -> None:
    """The page's own, visitors', and mentions have lists of their own; the feed has them all."""
    visit = town.posts("Hål", by="Åsa")
    mention = town.posts("Tack", by="Bo", where="tagged")
    hidden = town.posts("Dolt", by="Cia", hidden=True)
    ids = {
        feed: {one["id"] for one in answered(town.graph, asked_with_proof(feed))[1]["data"]}
        for feed in standin.FEEDS
    }
    assert ids == {
        "feed": {town.post, visit, mention}, "posts": {town.post}, "published_posts": {town.post},
        "visitor_posts": {visit}, "tagged": {mention},
    }  # fmt: skip
    assert hidden in town.look().messages


def asked_with_proof(feed: str) -> Asked:
    proof = proof_of(standin.APP_SECRET, standin.PAGE_TOKEN)
    return asked(f"{standin.PAGE_ID}/{feed}", appsecret_proof=proof)


def test_the_stand_in_remembers(tmp_path: Any) -> None:
    """What stands on the page, and who was answered in private, is there in the next process."""
    before = standin.GraphStandIn(tmp_path / "graph.json", clock=lambda: START)
    post = before.stage.add_post("", "Badet", at=START, key="bad")
    said = before.stage.add_comment(post.id, "Åsa", "När?", at=START, key="fraga")
    message = asked(
        f"{standin.PAGE_ID}/messages", "POST",
        recipient=json.dumps({"comment_id": said.id}), message='{"text": "Hej"}',
    )  # fmt: skip
    assert answered(before, message)[0] == 200
    after = standin.GraphStandIn(tmp_path / "graph.json", clock=lambda: START)
    assert answered(after, asked(said.id, fields="id,message"))[1]["message"] == "När?"
    assert answered(after, message)[1]["error"]["code"] == 10900
