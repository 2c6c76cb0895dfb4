"""YouTube's words into ours: what is kept of a comment, and what it means.

Resources: https://developers.google.com/youtube/v3/docs/comments and .../docs/commentThreads.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.basics.clock import parse_utc
from app.basics.plain_text import tidy
from app.channels.base import (
    AtSource,
    Attachment,
    MessageSeen,
    NotUnderstood,
    PersonSeen,
    PostSeen,
    Raw,
    Reason,
)
from app.channels.youtube.interface import part

PUBLISHED, HELD, SPAM, REJECTED = "published", "heldForReview", "likelySpam", "rejected"
STATES = {
    PUBLISHED: AtSource.VISIBLE,
    HELD: AtSource.HELD,
    SPAM: AtSource.SPAM,
    REJECTED: AtSource.REMOVED,
}
"""`snippet.moderationStatus`; it is not there when a comment was asked for by its id."""

KEPT = ("authorChannelId", "authorDisplayName", "publishedAt", "textDisplay", "updatedAt")
"""What we keep of a comment: not how many like it, nor pictures, whose addresses change."""
SITE = "https://www.youtube.com"


@dataclass(frozen=True, slots=True)
class Thread:
    """What a comment has of its thread. `video` '' for what stands under the channel itself.

    `may_reply` None: YouTube does not say.
    """

    id: str
    video: str
    may_reply: bool | None


@dataclass(frozen=True, slots=True)
class Found:
    """One comment as YouTube gave it, in its thread; `status` as in `STATES`, '' when unsaid."""

    id: str
    snippet: Mapping[str, Any]
    thread: Thread
    is_reply: bool
    status: str


def thread_of(item: Mapping[str, Any]) -> Thread:
    """The facts of a commentThread."""
    snippet = part(item, "snippet")
    top = part(part(snippet, "topLevelComment"), "snippet")
    may_reply = snippet.get("canReply")
    return Thread(
        str(item["id"]),
        str(snippet.get("videoId") or top.get("videoId") or ""),
        may_reply if isinstance(may_reply, bool) else None,
    )


def reply_of(comment: Mapping[str, Any], thread: Thread) -> Found:
    """A reply, from a thread or from a list of replies."""
    snippet = part(comment, "snippet")
    status = str(snippet.get("moderationStatus") or "")
    return Found(str(comment["id"]), snippet, thread, True, status)


def comments_of(item: Mapping[str, Any]) -> Iterator[Found]:
    """The comments that came with a commentThread: the top one and some of the replies."""
    thread, top = thread_of(item), part(part(item, "snippet"), "topLevelComment")
    snippet = part(top, "snippet")
    if snippet:
        status = str(snippet.get("moderationStatus") or "")
        yield Found(str(top.get("id") or thread.id), snippet, thread, False, status)
    for comment in replies_with(item):
        yield reply_of(comment, thread)


def replies_with(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The replies that came with a commentThread; they may be only some of them."""
    found = part(item, "replies").get("comments")
    listed = found if isinstance(found, list) else []
    return [comment for comment in listed if isinstance(comment, dict) and comment.get("id")]


def reply_count(item: Mapping[str, Any]) -> int:
    """How many replies YouTube says that a thread has."""
    said = part(item, "snippet").get("totalReplyCount")
    return said if isinstance(said, int) else 0


def written(snippet: Mapping[str, Any]) -> datetime | None:
    """When a comment was published (aware UTC)."""
    return parse_utc(str(snippet.get("publishedAt") or ""))


def raw_of(found: Found, status: str, video: Mapping[str, str], channel_id: str) -> Raw:
    """What is kept of one comment: itself, its place, how it stands, and the film it is under.

    The city's own words are kept as typed too: YouTube shows them a little differently.
    """
    comment = {name: found.snippet[name] for name in KEPT if name in found.snippet}
    if author_of(found.snippet) == channel_id and found.snippet.get("textOriginal"):
        comment["textOriginal"] = found.snippet["textOriginal"]
    payload = {
        "id": found.id,
        "comment": comment,
        "picture": bool(found.snippet.get("imageUrl")),
        "parent": found.thread.id if found.is_reply else None,
        "canReply": found.thread.may_reply,
        "status": status,
        "video": {"id": found.thread.video, **video},
        "channel": channel_id,
    }
    return Raw(found.id, json.dumps(payload, ensure_ascii=False, sort_keys=True))


def author_of(snippet: Mapping[str, Any]) -> str:
    """The writer's channel, '' when YouTube does not say (the account may be gone)."""
    return str(part(snippet, "authorChannelId").get("value") or "")


def message_of(payload: str, now: datetime) -> MessageSeen:
    """Understand one payload; pure. Raises `NotUnderstood`."""
    try:
        return _message(json.loads(payload), now)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotUnderstood(f"YouTube comment: {type(error).__name__}") from None


def _message(kept: Mapping[str, Any], now: datetime) -> MessageSeen:
    comment, external_id = kept["comment"], str(kept["id"])
    at, author = written(comment), author_of(comment)
    state = STATES.get(kept["status"], AtSource.HIDDEN)
    by_city = bool(author) and author == kept["channel"]
    text = comment.get("textOriginal") if by_city else None
    return MessageSeen(
        external_id=external_id,
        post=_post(kept["video"], kept["channel"]),
        text=tidy(str(text or comment["textDisplay"])),
        published_at=at or now,
        author=_person(author, comment.get("authorDisplayName")) if author else None,
        parent_external_id=kept["parent"],
        by_city=by_city,
        at_source=state,
        url=comment_url(kept["video"]["id"], external_id),
        time_uncertain=at is None,
        attachments=(Attachment("picture"),) if kept.get("picture") else (),
        no_answer=_no_answer(kept.get("canReply"), state),
    )


def _no_answer(may_reply: bool | None, state: AtSource) -> Reason | None:
    if may_reply is not False:
        return None
    return Reason.MESSAGE_HELD if state is AtSource.HELD else Reason.COMMENTS_CLOSED


def _person(channel: str, name: object) -> PersonSeen:
    shown = " ".join(tidy(str(name or "")).split())
    handle = shown if shown.startswith("@") else ""
    return PersonSeen(channel, shown, handle, f"{SITE}/channel/{channel}")


def _post(video: Mapping[str, str], channel: str) -> PostSeen:
    if not video["id"]:
        return PostSeen(channel, "Kanalens egen sida", url=f"{SITE}/channel/{channel}")
    return PostSeen(
        external_id=str(video["id"]),
        title=tidy(video.get("title", "")),
        text=tidy(video.get("text", "")),
        url=f"{SITE}/watch?v={video['id']}",
        published_at=parse_utc(video.get("published", "")),
    )


def comment_url(video: str, external_id: str) -> str:
    """Where a person sees one comment among the others; '' when it is not under a film."""
    return f"{SITE}/watch?v={video}&lc={external_id}" if video else ""
