"""YouTube: every request of the channel and every answer of the stand-in, against Google's own words.

The bench checks each request and answer of every other test as well, and fails when it closes.
"""

from datetime import timedelta
from typing import Any

import pytest

from app.channels.practice.standins import youtube as standin
from app.channels.practice.standins.wire import Asked, json_reply
from app.channels.youtube import CHANNEL, interface, words
from app.channels.youtube.sign_in import SCOPE

from .benches.youtube_description import (
    description,
    faults_of_reply,
    faults_of_request,
    method,
    methods,
)
from .benches.youtube_looks import DAY, MINUTES_5, Town, a_town

__all__ = ["a_town"]


def asked(verb: str = "GET", path: str = "comments", **query: str) -> Asked:
    return Asked(verb, f"/youtube/v3/{path}", query, {"authorization": "Bearer x"})


def test_our_methods_are_googles() -> None:
    """Each method we use has the verb and path of the description, and the scope is enough."""
    for name, one in interface.METHODS.items():
        assert methods()[one.verb, f"/youtube/v3/{one.path}"] == name
        assert SCOPE in method(name)["scopes"]
    assert description()["rootUrl"] + "youtube/v3" == interface.API_URL
    played = {
        (verb, path[1:]): (one.name, one.units) for (verb, path), one in standin.METHODS.items()
    }
    ours = {(one.verb, one.path): (name, one.units) for name, one in interface.METHODS.items()}
    assert played == ours


def test_the_stand_in_takes_what_google_takes() -> None:
    """Every parameter that the stand-in knows is in the description, required where it is there."""
    for one in standin.METHODS.values():
        known = method(one.name)["parameters"]
        assert {*one.required, *one.optional} <= set(known)
        assert {name for name, row in known.items() if row.get("required")} <= set(one.required)


def test_what_we_read_is_described() -> None:
    """Every field that the channel reads is in the description, with the values we know."""
    fields = {name: schema["properties"] for name, schema in description()["schemas"].items()}
    read = {
        "CommentThread": ("id", "snippet", "replies"),
        "CommentThreadReplies": ("comments",),
        "CommentThreadSnippet": (
            "canReply", "isPublic", "topLevelComment", "totalReplyCount", "videoId",
        ),
        "Comment": ("id", "snippet"),
        "CommentSnippet": (
            *words.KEPT, "imageUrl", "moderationStatus", "parentId", "textOriginal", "videoId",
        ),
        "CommentSnippetAuthorChannelId": ("value",),
        "CommentThreadListResponse": ("items", "nextPageToken"),
        "CommentListResponse": ("items", "nextPageToken"),
        "VideoListResponse": ("items",),
        "Video": ("id", "snippet"),
        "VideoSnippet": ("title", "description", "publishedAt"),
        "ChannelListResponse": ("items",),
        "Channel": ("id",),
    }  # fmt: skip
    for schema, names in read.items():
        assert set(names) <= set(fields[schema]), schema
    assert set(words.STATES) == set(fields["CommentSnippet"]["moderationStatus"]["enum"])


def test_bounds_are_googles() -> None:
    """Our page sizes are the largest that the description allows."""
    for name in ("commentThreads.list", "comments.list"):
        assert method(name)["parameters"]["maxResults"]["maximum"] == str(interface.PER_PAGE)
    most = method("videos.list")["parameters"]["maxResults"]["maximum"]
    assert str(interface.IDS_AT_ONCE) == most


def test_a_whole_day_is_as_described(town: Town) -> None:
    """Looks, replies, a night, answers, moderation and checks keep to the description throughout."""
    top = town.says("När?", picture=True)
    town.crowd(12, top)
    held = town.says("Får jag?", state="held", author="")
    town.youtube.page_limit = 4
    look = town.look()
    receipt = CHANNEL.send(town.connection(), town.answer_to(top, "Kl. 8."), now=town.now)
    CHANNEL.find_sent(town.connection(), town.answer_to(top, "Kl. 9."), now=town.now)
    CHANNEL.send(town.connection(), town.answer_to(None, "Till alla."), now=town.now)
    CHANNEL.find_sent(town.connection(), town.answer_to(None, "Till alla."), now=town.now)
    CHANNEL.hide(town.connection(), top, now=town.now)
    CHANNEL.unhide(town.connection(), top, now=town.now)
    town.again(top, held, receipt.external_id, "finns-inte")
    CHANNEL.reject(town.connection(), held, now=town.now)
    CHANNEL.delete_own(town.connection(), receipt.external_id, now=town.now)
    for wait in (MINUTES_5, timedelta(minutes=15), DAY):
        town.later(wait)
        look = town.look(look.cursor)
    CHANNEL.check(town.connection(), now=town.now)
    assert {*interface.METHODS, "token"} == set(town.youtube.calls)
    assert town.faults == []


@pytest.mark.parametrize(
    ("request_made", "fault"),
    [
        (asked(path="kommentarer"), "no method"),
        (asked(parentId="a"), "part is missing"),
        (asked(part="snippet", colour="red"), "no colour"),
        (asked(part="snippet", textFormat="plain"), "not among its values"),
        (asked(part="snippet", maxResults="101"), "out of bounds"),
        (Asked("GET", "/youtube/v3/comments", {"part": "id"}, {}), "nobody is signed in"),
        (Asked("POST", "/youtube/v3/comments", {"part": "id"}, {"authorization": "Bearer x"},
               b'{"snippet": {"parent": "a"}}'), "no such field"),
        (Asked("DELETE", "/youtube/v3/comments", {"id": "a"}, {"authorization": "Bearer x"}, b"x"),
         "takes no body"),
    ],
)  # fmt: skip
def test_a_planted_fault_in_a_request(request_made: Asked, fault: str) -> None:
    """A request that Google does not know is found."""
    assert any(fault in one for one in faults_of_request(request_made))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"items": [{"id": "a", "colour": "red"}]}, "no such field"),
        ({"items": [{"snippet": {"likeCount": "1"}}]}, "not of type integer"),
        ({"items": [{"snippet": {"moderationStatus": "held"}}]}, "not among its values"),
        ({"items": {}}, "not of type array"),
        ({"items": [{"snippet": {"publishedAt": "2026-11-24T12:00:00"}}]}, "without a zone"),
    ],
)
def test_a_planted_fault_in_an_answer(body: Any, fault: str) -> None:
    """An answer that Google would not give is found."""
    assert any(fault in one for one in faults_of_reply(asked(), json_reply(200, body)))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"maxResults": "1"}, "missingRequiredParameter"),
        ({"part": "snippet"}, "missingRequiredParameter"),
        ({"part": "snippet", "id": "a", "parentId": "b"}, "incompatibleParameters"),
        ({"part": "snippet", "id": "a", "pageToken": "b"}, "incompatibleParameters"),
        ({"part": "snippet", "id": "a", "colour": "b"}, "unexpectedParameter"),
        ({"part": "colour", "id": "a"}, "unknownPart"),
        ({"part": "snippet", "id": "a", "textFormat": "b"}, "invalidParameter"),
        ({"part": "snippet", "parentId": "a", "maxResults": "0"}, "invalidParameter"),
        ({"part": "snippet", "id": ",".join("a" * 51)}, "invalidFilters"),
    ],
)
def test_the_stand_in_refuses_what_google_refuses(query: dict[str, str], reason: str) -> None:
    """A question that is missing something, or has too much, is refused with Google's code."""
    youtube = standin.YouTubeStandIn()
    token = {"authorization": f"Bearer {youtube.access_token()}"}
    reply = youtube.answer(Asked("GET", "/youtube/v3/comments", query, token))
    assert reply.status == 400
    assert f'"reason": "{reason}"'.encode() in reply.body


def test_the_stand_in_remembers(tmp_path: Any) -> None:
    """What stands on the stage, and who is signed in, is there again in the next process."""
    before = standin.YouTubeStandIn(tmp_path / "youtube.json")
    token = before.access_token()
    film = before.stage.add_post("Badet", "Öppet.", at=standin.CREATED, key="bad")
    comment = before.stage.add_comment(film.id, "Åsa", "När?", at=standin.CREATED, key="fraga")
    after = standin.YouTubeStandIn(tmp_path / "youtube.json")
    query = {"part": "snippet", "id": comment.id}
    reply = after.answer(
        Asked("GET", "/youtube/v3/comments", query, {"authorization": f"Bearer {token}"})
    )
    assert comment.id.encode() in reply.body
    assert after.stage.add_post("Badet", "Öppet.", at=standin.CREATED, key="bad").id == film.id
