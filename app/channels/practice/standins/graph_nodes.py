"""What Graph shows of a page's posts and comments, field by field, and how it cuts lists."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from app.channels.practice.standins.graph_fields import Wanted
from app.channels.practice.standins.stage import Comment, Post, Stage

CITY = "Övningsstaden"
PAGE_ID = "104512345678901"
PRIVATE_WINDOW = timedelta(days=7)
MOST_IN_A_FEED = 100
AUTHORS = "pages_read_user_content"

COMMENT_FIELDS = frozenset({
    "id", "message", "message_tags", "created_time", "from", "parent", "object", "attachment",
    "comment_count", "can_comment", "can_hide", "can_remove", "can_reply_privately", "is_hidden",
    "is_private", "permalink_url",
})  # fmt: skip
POST_FIELDS = frozenset({
    "id", "message", "story", "created_time", "updated_time", "from", "status_type", "is_hidden",
    "is_published", "can_reply_privately", "permalink_url",
})  # fmt: skip
PAGE_FIELDS = frozenset({"id", "name"})
PERSON_FIELDS = frozenset({"id", "name"})
EDGES = {"comments": ("filter", "live_filter", "order", "limit", "after", "since", "summary")}
SUMMARY = frozenset({"total_count", "can_comment", "order"})
VALUES = {
    "filter": {"stream", "toplevel"},
    "live_filter": {"filter_low_quality", "no_filter"},
    "order": {"chronological", "reverse_chronological"},
}
"""The values that a parameter may have, where they are listed."""


class Trouble(Exception):
    """Graph says no."""

    def __init__(
        self, code: int, subcode: int = 0, *, status: int = 400, transient: bool = False
    ) -> None:
        super().__init__(f"{code}/{subcode}")
        self.code, self.subcode, self.status, self.transient = code, subcode, status, transient


def bad_parameter() -> Trouble:
    """A parameter, value or field that is unknown or does not fit."""
    return Trouble(100)


def no_such_object() -> Trouble:
    """It is not there, or not for whoever asks."""
    return Trouble(100, 33)


@dataclass
class Manners:
    """How the platform behaves. `ranked`: comments come in its own order, whatever is asked.

    `tells_authors`: whether writers are named (full access). `counts_all`: a post's count holds
    what has gone too. `most_at_once`: so many comments in one answer are too much data (0: any).
    `page_limit`: the most in a page of comments. `scopes`: what the token may do.
    `link_base`: where the ready-made links of lists lead.
    """

    ranked: bool = False
    tells_authors: bool = True
    counts_all: bool = False
    most_at_once: int = 0
    page_limit: int = 100
    scopes: set[str] = field(default_factory=set)
    link_base: str = ""


class Nodes:
    """Renders what stands on a stage. The caller holds the stage's lock."""

    def __init__(self, stage: Stage, manners: Manners, clock: Callable[[], datetime]) -> None:
        self.stage, self.manners, self.clock = stage, manners, clock
        self.weight = 0

    # --- what is there ----------------------------------------------------------------------

    def post(self, external_id: str) -> Post | None:
        """A post that is there."""
        found = self.stage.posts.get(external_id)
        return found if found is not None and not found.gone else None

    def comment(self, external_id: str) -> Comment | None:
        """A comment that is there: with its post and the comment that it answers."""
        found = self.stage.comments.get(external_id)
        if found is None or found.state == "removed" or self.post(found.post) is None:
            return None
        if found.parent is not None and self.comment(found.parent) is None:
            return None
        return found

    def top_of(self, comment: Comment) -> str | None:
        """The top comment above a reply, None for a top comment: there are two levels only."""
        above = self.stage.comments.get(comment.parent or "")
        if above is None:
            return None
        return self.top_of(above) or above.id

    # --- lists ------------------------------------------------------------------------------

    def feed(self, edge: str, query: Mapping[str, str], wanted: Sequence[Wanted]) -> dict[str, Any]:
        """A page of posts, the newest first."""
        limit = _whole(query.get("limit", "25"))
        if not 1 <= limit <= MOST_IN_A_FEED:
            raise bad_parameter()
        since, until = _bound(query.get("since")), _bound(query.get("until"))
        rows = [
            post
            for post in sorted(self.stage.posts.values(), key=lambda one: one.at, reverse=True)
            if not post.gone
            and _is_on(post, edge)
            and (not post.extra.get("hidden") or query.get("include_hidden") == "true")
            and (since is None or post.at >= since)
            and (until is None or post.at <= until)
        ]
        cut, paging = self._cut(rows, query, limit, f"{PAGE_ID}/{edge}")
        seen = [post for post in cut if not post.extra.get("unseen")]
        return {"data": [self.post_body(post, wanted) for post in seen], **paging}

    def comments(
        self, external_id: str, query: Mapping[str, str], wanted: Sequence[Wanted]
    ) -> dict[str, Any]:
        """A page of the comments below a post or a comment."""
        for name, values in VALUES.items():
            if query.get(name, "") not in {"", *values}:
                raise bad_parameter()
        rows = self._below(external_id, query.get("filter") == "stream")
        total = len(rows) + (self._gone_from(external_id) if self.manners.counts_all else 0)
        since = _bound(query.get("since"))
        rows = self._ordered([r for r in rows if since is None or r.at >= since], query)
        limit = min(_whole(query.get("limit", "25")), self.manners.page_limit)
        cut, paging = self._cut(rows, query, limit, f"{external_id}/comments")
        seen = [row for row in cut if not row.extra.get("unseen")]
        self.weight += len(cut)
        if 0 < self.manners.most_at_once < self.weight:
            raise Trouble(1)
        found = {"data": [self.comment_body(row, wanted) for row in seen], **paging}
        if "summary" in query:
            found["summary"] = self._summary(external_id, query, total)
        return found

    @cached_property
    def _under(self) -> Mapping[str, list[Comment]]:
        """All comments by their post, gone ones too; made once for each question."""
        found: dict[str, list[Comment]] = {}
        for row in self.stage.comments.values():
            found.setdefault(row.post, []).append(row)
        return found

    def _below(self, external_id: str, all_levels: bool) -> list[Comment]:
        """What is there below a post (its top comments, or all levels) or a comment."""
        top = self.stage.comments.get(external_id)
        rows = self._under.get(top.post if top else external_id, ())
        there = [row for row in rows if self.comment(row.id) is not None]
        if top is None:
            return [row for row in there if all_levels or self.top_of(row) is None]
        return [row for row in there if self.top_of(row) == external_id]

    def _gone_from(self, post: str) -> int:
        return sum(1 for row in self._under.get(post, ()) if self.comment(row.id) is None)

    def _ordered(self, rows: list[Comment], query: Mapping[str, str]) -> list[Comment]:
        if self.manners.ranked:
            return sorted(rows, key=lambda row: hashlib.sha256(row.id.encode()).digest())
        backwards = query.get("order") == "reverse_chronological"
        numbered = sorted(enumerate(rows), key=lambda one: (one[1].at, one[0]), reverse=backwards)
        return [row for _place, row in numbered]

    def _summary(self, external_id: str, query: Mapping[str, str], total: int) -> dict[str, Any]:
        told = {
            "order": "ranked" if self.manners.ranked else query.get("order", "chronological"),
            "total_count": total,
            "can_comment": self._may_comment(external_id),
        }
        names = set(query["summary"].split(","))
        if names & {"true", "1"}:
            return told
        if not names <= SUMMARY:
            raise bad_parameter()
        return {name: told[name] for name in told if name in names}

    def _may_comment(self, external_id: str) -> bool:
        comment = self.stage.comments.get(external_id)
        post = self.stage.posts.get(comment.post if comment else external_id)
        return post is not None and post.extra.get("comments") != "closed"

    def _cut(
        self, rows: Sequence[Any], query: Mapping[str, str], limit: int, path: str
    ) -> tuple[list[Any], dict[str, Any]]:
        """A page of rows and its paging; what may not be seen is taken out of it afterwards."""
        start = _place_after(rows, query["after"]) if query.get("after") else 0
        page = list(rows[start : start + limit])
        if not page:
            return [], {}
        cursors = {"before": _cursor(page[0].id, start), "after": _cursor(page[-1].id, start)}
        paging: dict[str, Any] = {"cursors": cursors}
        if start + len(page) < len(rows):
            more = {**query, "access_token": "EAAovning-i-lanken", "after": cursors["after"]}
            paging["next"] = f"{self.manners.link_base}/{path}?{urlencode(more)}"
        return page, {"paging": paging}

    # --- single things ------------------------------------------------------------------------

    def body(self, external_id: str, wanted: Sequence[Wanted]) -> dict[str, Any]:
        """The page, a post or a comment. Raises `Trouble`."""
        if external_id in (PAGE_ID, "me"):
            _must_be_known(wanted, PAGE_FIELDS)
            return _shown({"id": PAGE_ID, "name": CITY}, wanted)
        if (post := self.post(external_id)) is not None:
            return self.post_body(post, wanted)
        if (comment := self.comment(external_id)) is not None:
            return self.comment_body(comment, wanted)
        raise no_such_object()

    def post_body(self, post: Post, wanted: Sequence[Wanted]) -> dict[str, Any]:
        """A post, with its comments where they are asked for."""
        _must_be_known(wanted, POST_FIELDS | {"attachments", *EDGES})
        told: dict[str, Any] = {
            "id": post.id,
            "message": post.text,
            "created_time": stamp(post.at),
            "from": self._person(post.extra.get("author", "") if post.by else PAGE_ID, post.by),
            "status_type": "wall_post" if post.by else "mobile_status_update",
            "is_hidden": bool(post.extra.get("hidden")),
            "is_published": True,
            "can_reply_privately": bool(post.by) and self._window_is_open(post.id, post.at),
            "permalink_url": f"https://www.facebook.com/{PAGE_ID}/posts/{post.id.split('_')[-1]}",
            "story": f"{post.by} publicerade något på {CITY}s sida." if post.by else "",
            "attachments": {"data": post.extra.get("attachments", [])},
        }
        for empty in ("message", "story"):
            if not told[empty]:
                del told[empty]
        if not post.extra.get("attachments"):
            del told["attachments"]
        for one in wanted:
            if one.name == "updated_time":
                told["updated_time"] = stamp(self._touched(post))
            if one.name == "comments" and AUTHORS in self.manners.scopes:
                told["comments"] = self.comments(post.id, _options_of(one), one.inner)
        return _shown(told, wanted)

    def comment_body(self, comment: Comment, wanted: Sequence[Wanted]) -> dict[str, Any]:
        """A comment; replies are a list of their own."""
        _must_be_known(wanted, COMMENT_FIELDS)
        above = self.stage.comments.get(self.top_of(comment) or "")
        told: dict[str, Any] = {
            "id": comment.id,
            "message": comment.text,
            "created_time": stamp(comment.at),
            "from": self._person(PAGE_ID if comment.by_city else comment.author, comment.name),
            "object": {"id": comment.post},
            "can_comment": self._may_comment(comment.post),
            "can_hide": not comment.by_city,
            "can_remove": True,
            "can_reply_privately": not comment.by_city
            and self._window_is_open(comment.id, comment.at),
            "is_hidden": comment.state == "hidden",
            "is_private": False,
            "permalink_url": f"https://www.facebook.com/{comment.post}?comment_id={comment.id}",
        }
        if above is not None:
            told["parent"] = self.comment_body(
                above, tuple(Wanted(name) for name in ("id", "created_time", "message", "from"))
            )
        if any(one.name == "comment_count" for one in wanted):
            told["comment_count"] = len(self._below(comment.id, True))
        for name in ("attachment", "message_tags"):
            if comment.extra.get(name):
                told[name] = comment.extra[name]
        for name, value in comment.extra.get("says", {}).items():
            told[name] = value
        return _shown(told, wanted)

    def _touched(self, post: Post) -> datetime:
        return max([post.at, *(row.at for row in self._under.get(post.id, ()))])

    def _window_is_open(self, external_id: str, at: datetime) -> bool:
        used = external_id in self.stage.facts.get("private", {})
        return not used and self.clock() - at < PRIVATE_WINDOW

    def _person(self, author: str, name: str) -> dict[str, str] | None:
        """Who wrote something; nobody but the page itself is named without full access."""
        if author == PAGE_ID:
            return {"id": PAGE_ID, "name": CITY}
        if not author or not self.manners.tells_authors:
            return None
        return {"id": author, "name": name}


def stamp(at: datetime) -> str:
    """A time as Graph writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _is_on(post: Post, edge: str) -> bool:
    """Whether a post is in one of the page's lists."""
    where = post.extra.get("where", "visitor") if post.by else "own"
    lists = {"visitor_posts": ("visitor",), "tagged": ("tagged",), "feed": ("own", "visitor",
             "tagged")}  # fmt: skip
    return where in lists.get(edge, ("own",))


def _must_be_known(wanted: Sequence[Wanted], known: frozenset[str]) -> None:
    if any(one.name not in known for one in wanted):
        raise bad_parameter()


def _options_of(one: Wanted) -> dict[str, str]:
    """What is asked of a list inside another question. Raises `Trouble` for what is unknown."""
    if any(name not in EDGES[one.name] for name in one.options):
        raise bad_parameter()
    return one.options


def _shown(told: Mapping[str, Any], wanted: Sequence[Wanted]) -> dict[str, Any]:
    """What was asked for of what there is; nothing named gives the platform's own choice."""
    found: dict[str, Any] = {"id": told["id"]}
    if not wanted:
        usual = ("created_time", "message", "from", "name", "story")
        return found | {name: told[name] for name in usual if told.get(name) is not None}
    for one in wanted:
        value = told.get(one.name)
        if value is None:
            continue
        if one.inner and isinstance(value, Mapping) and one.name not in EDGES:
            value = _inner(value, one)
        found[one.name] = value
    return found


def _inner(value: Mapping[str, Any], one: Wanted) -> dict[str, Any]:
    """The named fields of an object inside another, or of each in a list."""
    names = {inner.name for inner in one.inner}
    if one.name == "from" and not names <= PERSON_FIELDS:
        raise bad_parameter()
    rows = value.get("data")
    if isinstance(rows, list):
        return {"data": [{k: v for k, v in row.items() if k in names} for row in rows]}
    return {name: value[name] for name in value if name in names}


def _cursor(external_id: str, start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([external_id, start]).encode()).decode()


def _place_after(rows: Sequence[Any], cursor: str) -> int:
    """Where the page after a mark begins: behind its last row, or where that one used to be."""
    try:
        external_id, start = json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError:
        raise bad_parameter() from None
    found = next((place for place, row in enumerate(rows) if row.id == external_id), None)
    return int(start) if found is None else found + 1


def _bound(value: str | None) -> datetime | None:
    """A bound in time: unix seconds or ISO 8601."""
    if not value:
        return None
    try:
        if value.isdigit():
            return datetime.fromtimestamp(int(value), UTC)
        at = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        raise bad_parameter() from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _whole(value: str) -> int:
    if not value.isdigit():
        raise bad_parameter()
    return int(value)
