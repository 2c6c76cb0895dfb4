"""One post at a time: its comments of all levels, read to the end, and what has gone from it."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.channels.base import Refused
from app.channels.facebook.again import look_directly, raws_of
from app.channels.facebook.errors import BadParameter, NoSuchObject, NotPermitted, TooMuchAsked
from app.channels.facebook.graph import MOST_IN_A_BATCH, node
from app.channels.facebook.look import HALVINGS, Reader, mark_of
from app.channels.facebook.memory import WALK_IDS, Job
from app.channels.facebook.sign_in import must_be_allowed_to_see
from app.channels.facebook.words import (
    COMMENT_FIELDS,
    POST_FIELDS,
    author_id,
    comment_raw,
    comments_field,
    context_of,
    post_raw,
    things,
    unix,
)

WALK_PAGE = 100


def take_post(reader: Reader, post: Mapping[str, Any]) -> None:
    """Take in a post that came with its first comments; a walk goes on where these end."""
    take_resident_post(reader, post)
    edge, key = post.get("comments"), str(post["id"])
    after = reader.onward(edge, {})
    if not reader.is_whole(edge) and (not after or reader.is_to_be_walked(key)):
        reader.walk_later(post)
        return
    head = _head_of(post)
    taken, wanted = take_comments(reader, things(edge), head["context"], [])
    if after:
        kept = {"after": after, "seen": taken, "wanted": wanted, "head": head, "turns": 1}
        reader.walk_later(post, **kept)
    else:
        _done(reader, key, head, taken, wanted)


def take_resident_post(reader: Reader, post: Mapping[str, Any]) -> None:
    """Somebody else's post, about us or on our page, is a message too."""
    if author_id(post) == reader.graph.page_id:
        return
    if not _is_too_old(reader, post):
        reader.found.raws.append(post_raw(post, reader.graph.page_id))


def take_comments(
    reader: Reader,
    comments: Sequence[Mapping[str, Any]],
    context: Mapping[str, Any],
    wanted: Sequence[str],
) -> tuple[list[str], list[str]]:
    """Take in what is not too old, and older comments that something taken in answers.

    `wanted`: ids of such that were missing so far. Returns the ids taken, and those still wanted.
    """
    taken: list[str] = []
    lacking = dict.fromkeys(wanted)
    for comment in comments:
        if _is_too_old(reader, comment):
            continue
        taken.append(str(comment["id"]))
        parent = comment.get("parent")
        if isinstance(parent, Mapping) and parent.get("id") and _is_too_old(reader, parent):
            lacking[str(parent["id"])] = None
    old = [str(one["id"]) for one in comments if _is_too_old(reader, one)]
    taken += [one for one in old if one in lacking]
    chosen = set(taken)
    for comment in comments:
        if str(comment["id"]) in chosen:
            reader.found.raws.append(comment_raw(comment, context, reader.graph.page_id))
    return taken, [one for one in lacking if one not in chosen]


def _is_too_old(reader: Reader, thing: Mapping[str, Any]) -> bool:
    """Whether it was written before the first reading's bound; without a time it was not."""
    return 0 < unix(thing.get("created_time")) < reader.memory.floor


def _head_of(post: Mapping[str, Any]) -> dict[str, Any]:
    """What the cursor keeps of a post while its comments are read."""
    return {
        "context": context_of(post),
        "created": unix(post.get("created_time")),
        "mark": mark_of(post),
    }


def _done(
    reader: Reader,
    post: str,
    head: Mapping[str, Any],
    ids: Sequence[str] | None,
    wanted: Sequence[str],
) -> None:
    """A post has been read; what it no longer shows, or only named, is looked at directly."""
    missing = reader.memory.note_post(post, head["created"], head["mark"], ids)
    ask = list(dict.fromkeys([*wanted, *missing]))
    if ask:
        reader.found.next.append({"do": "verify", "ids": ask, "post": ""})


def walk(reader: Reader, job: Job) -> None:
    """Read one page of a post's comments of all levels; the first brings the post with it."""
    try:
        head, edge = _walk_page(reader, job)
    except NoSuchObject:
        ids = [job["post"], *reader.memory.known.get(job["post"], [])]
        reader.found.next.append({"do": "verify", "ids": ids, "post": job["post"]})
        return
    except (NotPermitted, Refused, TooMuchAsked) as error:
        _cannot_read(reader, job, error)
        return
    comments = things(edge)
    taken, wanted = take_comments(reader, comments, head["context"], job.get("wanted", []))
    seen = [*job.get("seen", []), *taken]
    after = reader.onward(edge, job)
    if after:
        turns = job.get("turns", 0) + 1
        kept = {"after": after, "seen": seen[: WALK_IDS + 1], "wanted": wanted, "head": head}
        reader.found.next.append({**job, **kept, "turns": turns})
        return
    whole = reader.is_whole(edge) and len(seen) <= WALK_IDS
    if not isinstance(edge, Mapping):
        reader.found.notices.append(("gap", job["post"]))
    _done(reader, job["post"], head, seen if whole else None, wanted)


def _cannot_read(reader: Reader, job: Job, error: Exception) -> None:
    """One post's trouble does not stop the others: it is told, and tried again with time.

    Raises a mark that is no longer accepted, so that the job begins anew, and `SignInNeeded` when
    the token may not see anything at all any longer.
    """
    if isinstance(error, BadParameter) and job.get("after") and not job.get("anew"):
        raise error
    if isinstance(error, NotPermitted):
        must_be_allowed_to_see(reader.graph)
    reader.memory.note_post(job["post"], job["created"], job["mark"], None)
    reader.found.notices.append(("gap", job["post"]))


def _walk_page(reader: Reader, job: Job) -> tuple[dict[str, Any], object]:
    """One page of a post's comments, and what the cursor keeps of the post meanwhile."""
    for halving in range(HALVINGS):
        try:
            return _ask(reader, job, WALK_PAGE >> halving)
        except TooMuchAsked:
            continue
    return _ask(reader, job, WALK_PAGE >> HALVINGS)


def _ask(reader: Reader, job: Job, limit: int) -> tuple[dict[str, Any], object]:
    if job.get("after"):
        question: dict[str, str | int] = {
            "filter": "stream",
            "live_filter": "no_filter",
            "order": "reverse_chronological",
            "limit": limit,
            "after": job["after"],
            "fields": COMMENT_FIELDS,
        }
        return job["head"], reader.graph.get(node(job["post"], "comments"), question)
    fields = f"{POST_FIELDS},{comments_field(limit)}"
    post = reader.graph.get(node(job["post"]), {"fields": fields})
    post.setdefault("id", job["post"])
    take_resident_post(reader, post)
    return _head_of(post), post.get("comments")


def verify(reader: Reader, job: Job) -> None:
    """Look directly at what a whole reading did not show: there after all, or gone."""
    ids, later = job["ids"][:MOST_IN_A_BATCH], job["ids"][MOST_IN_A_BATCH:]
    found = look_directly(reader.graph, ids)
    reader.found.raws += raws_of(reader.graph, found)
    reader.found.removed += found.gone
    if job["post"] in found.gone:
        reader.memory.forget_post(job["post"])
    if later:
        reader.found.next.append({**job, "ids": later})
