"""Looking at single comments and posts again by their ids, and telling for sure what has gone.

"Does not exist" (100/33) is also what Facebook says of everything once a permission is withdrawn,
so when nothing at all can be seen, the token's permissions are asked for before it is believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.channels.base import Page, Raw, SignInNeeded
from app.channels.facebook.errors import BAD_PARAMETER, NO_SUCH_OBJECT, Fault
from app.channels.facebook.graph import MOST_IN_A_BATCH, Graph, Params, Part, node
from app.channels.facebook.sign_in import must_be_allowed_to_see
from app.channels.facebook.words import (
    COMMENT_FIELDS,
    COUNT_FIELD,
    POST_FIELDS,
    author_id,
    comment_raw,
    context_of,
    post_raw,
)


@dataclass(slots=True)
class Again:
    """What single ids turned out to be. `unclear`: the platform did not say."""

    comments: dict[str, dict[str, Any]] = field(default_factory=dict)
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    unclear: list[Fault | None] = field(default_factory=list)


def look_directly(graph: Graph, ids: Sequence[str]) -> Again:
    """Read up to 50 comments or posts by their ids.

    Raises `SignInNeeded` when the token is dead or may see nothing, and `TryLater`.
    """
    found = Again()
    fields = COMMENT_FIELDS + ",object{id}"
    parts = _batch(graph, ids, fields)
    perhaps_posts = [
        one for one, part in zip(ids, parts, strict=True) if not _sort(graph, one, part, found)
    ]
    if perhaps_posts:
        _look_at_posts(graph, perhaps_posts, found)
    may_be_shut_out = not found.comments and not found.posts
    if may_be_shut_out and found.gone:
        must_be_allowed_to_see(graph)
    if may_be_shut_out and not found.gone:
        _raise_for_all(found.unclear)
    return found


def looked_again(graph: Graph, external_ids: Sequence[str]) -> Page:
    """The messages as they are now, and which are gone; of the unclear ones nothing is said."""
    raws: list[Raw] = []
    removed: list[str] = []
    for start in range(0, len(external_ids), MOST_IN_A_BATCH):
        found = look_directly(graph, external_ids[start : start + MOST_IN_A_BATCH])
        raws += raws_of(graph, found)
        removed += found.gone
    return Page(
        raws=tuple(raws),
        removed=tuple(removed),
        asked_to_wait_until=graph.usage.wait_until(graph.now),
    )


def raws_of(graph: Graph, found: Again) -> list[Raw]:
    """What is kept of what was found: comments, and posts that are not the page's own."""
    contexts = _contexts(graph, list(found.comments.values()))
    posts = [post for post in found.posts.values() if author_id(post) != graph.page_id]
    return [post_raw(post, graph.page_id) for post in posts] + [
        comment_raw(comment, contexts[_object_id(comment)], graph.page_id)
        for comment in found.comments.values()
    ]


def _batch(graph: Graph, ids: Sequence[str], fields: str) -> list[Part]:
    questions: list[tuple[str, Params]] = [(node(one), {"fields": fields}) for one in ids]
    return graph.batch(questions, operation="look_again")


def _sort(graph: Graph, one: str, part: Part, found: Again) -> bool:
    """Put one answer where it belongs; False when it may be a post, which has other fields."""
    if part.body is not None:
        found.comments[one] = part.body
    elif part.fault is not None and part.fault.code == BAD_PARAMETER:
        if part.fault.subcode != NO_SUCH_OBJECT:
            return False
        found.gone.append(one)
    else:
        _note_unclear(graph, part, found)
    return True


def _look_at_posts(graph: Graph, ids: Sequence[str], found: Again) -> None:
    for one, part in zip(ids, _batch(graph, ids, f"{POST_FIELDS},{COUNT_FIELD}"), strict=True):
        if part.body is not None:
            found.posts[one] = part.body
        elif part.fault is not None and part.fault.subcode == NO_SUCH_OBJECT:
            found.gone.append(one)
        else:
            _note_unclear(graph, part, found)


def _note_unclear(graph: Graph, part: Part, found: Again) -> None:
    """A missing permission may be about this one object only; anything else ends the look."""
    if part.fault is not None and not part.fault.lacks_permission:
        graph.raise_for(part.fault)
    found.unclear.append(part.fault)


def _raise_for_all(faults: Sequence[Fault | None]) -> None:
    """Nothing could be seen: say why, when all were told the same."""
    if faults and all(fault is not None and fault.lacks_permission for fault in faults):
        raise SignInNeeded(faults[0].detail if faults[0] else "")


def _object_id(comment: dict[str, Any]) -> str:
    found = comment.get("object")
    return str(found.get("id") or "") if isinstance(found, dict) else ""


def _contexts(graph: Graph, comments: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What follows of each post with its comments, by its id; its bare id when it is not told.

    A comment under a picture names the picture, which has not the fields of a post.
    """
    ids = sorted({_object_id(comment) for comment in comments})
    contexts: dict[str, dict[str, Any]] = {one: {"id": one} for one in ids}
    asked = [one for one in ids if one]
    if asked:
        for one, part in zip(asked, _batch(graph, asked, POST_FIELDS), strict=True):
            if part.body is not None:
                contexts[one] = context_of(part.body)
    return contexts
