"""A WordPress that answers as 6.1 does, as far as the channel asks (checked against the real one)."""

import base64
import hashlib
import html
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .loopback import Asked, Loopback, Reply

SWEDEN = ZoneInfo("Europe/Stockholm")
JSON = {"Content-Type": "application/json; charset=UTF-8"}
LONGEST = 65_525


@dataclass
class Comment:
    """One row of wp_comments."""

    id: int
    post: int
    parent: int
    author: int
    name: str
    email: str
    url: str
    raw: str
    at: datetime
    status: str = "approved"
    type: str = "comment"
    date_gmt: str | None = None

    @property
    def local(self) -> datetime:
        """`comment_date`: the site's own time, without a zone."""
        return self.at.astimezone(SWEDEN).replace(tzinfo=None, microsecond=0)


@dataclass
class Post:
    """One row of wp_posts. `route`: posts or pages."""

    id: int
    title: str
    text: str
    at: datetime
    route: str = "posts"
    open: bool = True


class Fault(Exception):
    """WordPress's error envelope."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass
class FakeWordPress:
    """The site. `users`: login -> (id, password, may moderate). `pretty`: has pretty permalinks.

    `lists_every_type`: a plugin has taken away the limit to comments proper.
    """

    pretty: bool = True
    lists_every_type: bool = False
    held_by_default: bool = False
    flood: bool = False
    users: dict[str, tuple[int, str, bool]] = field(
        default_factory=lambda: {
            "redaktor": (2, "abcd efgh ijkl mnop", True),
            "lasare": (3, "qrst uvwx yzab cdef", False),
        }
    )

    def __post_init__(self) -> None:
        self.comments: dict[int, Comment] = {}
        self.posts: dict[int, Post] = {}
        self.next_id = 1
        self.web = Loopback(self._answer)
        self.url = self.web.url

    # --- what people do -----------------------------------------------------------------

    def add_post(self, title: str, text: str, route: str = "posts") -> int:
        """Publish."""
        post = Post(self._id(), title, text, datetime.now(UTC) - timedelta(days=1), route)
        self.posts[post.id] = post
        return post.id

    def add_comment(self, post: int, name: str, text: str, **more: Any) -> int:
        """A visitor fills in the form (`more`: fields of `Comment`)."""
        comment = Comment(
            id=self._id(),
            post=post,
            parent=int(more.pop("parent", None) or 0),
            author=more.pop("author", 0),
            name=html.escape(name, quote=False),
            email=more.pop("email", hashlib.md5(name.encode()).hexdigest() + "@example.test"),
            url=more.pop("url", ""),
            raw=text,
            at=more.pop("at", datetime.now(UTC)).replace(microsecond=0),
            **more,
        )
        self.comments[comment.id] = comment
        return comment.id

    def _id(self) -> int:
        self.next_id += 1
        return self.next_id

    # --- the wire -------------------------------------------------------------------------

    def _answer(self, asked: Asked) -> Reply:
        path = asked.query.get("rest_route")
        if path is None and asked.path.startswith("/wp-json"):
            if not self.pretty:
                return Reply(404, b"<h1>Hittades inte</h1>", {"Content-Type": "text/html"})
            path = asked.path.removeprefix("/wp-json")
        if path is None:
            return self._page(asked)
        try:
            status, body, headers = self._rest(asked, path.rstrip("/") or "/")
        except Fault as fault:
            envelope = {"code": fault.code, "message": "Nej.", "data": {"status": fault.status}}
            status, body, headers = fault.status, envelope, {}
        return Reply(status, json.dumps(body).encode(), {**JSON, **headers})

    def _page(self, asked: Asked) -> Reply:
        if asked.query.get("feed") == "comments-rss2" or asked.path == "/comments/feed/":
            body = b"<?xml version='1.0'?><rss version='2.0'><channel/></rss>"
            return Reply(200, body, {"Content-Type": "application/rss+xml"})
        return Reply(200, b"<!doctype html><title>Blogg</title>", {"Content-Type": "text/html"})

    def _rest(self, asked: Asked, path: str) -> tuple[int, Any, dict[str, str]]:
        if path == "/":
            return 200, {"namespaces": ["wp/v2"]}, {}
        user = self._user(asked)
        found = re.fullmatch(r"/wp/v2/(\w+)(?:/(\w+))?", path)
        if not found:
            raise Fault(404, "rest_no_route")
        what, which = found.groups()
        if what == "users" and which == "me":
            if user is None:
                raise Fault(401, "rest_not_logged_in")
            return 200, {"id": user[0], "capabilities": {"moderate_comments": user[2]}}, {}
        if what in ("posts", "pages"):
            return self._list_posts(asked, what)
        if what != "comments":
            raise Fault(404, "rest_no_route")
        if asked.method == "POST":
            body = json.loads(asked.body)
            return self._change(user, int(which), body) if which else self._create(user, body)
        return self._one(asked, user, int(which)) if which else self._list(asked, user)

    def _user(self, asked: Asked) -> tuple[int, str, bool] | None:
        said = asked.headers.get("authorization", "")
        if not said.startswith("Basic "):
            return None
        login, _, password = base64.b64decode(said[6:]).decode().partition(":")
        known = self.users.get(login)
        same = known and known[1].replace(" ", "") == password.replace(" ", "")
        return known if same else None

    def _may_edit(self, asked: Asked, user: tuple[int, str, bool] | None) -> bool:
        if asked.query.get("context") != "edit":
            return False
        if user is None or not user[2]:
            raise Fault(403 if user else 401, "rest_forbidden_context")
        return True

    def _list_posts(self, asked: Asked, route: str) -> tuple[int, Any, dict[str, str]]:
        wanted = [int(number) for number in asked.query.get("include", "").split(",") if number]
        found = [self.posts[number] for number in wanted if number in self.posts]
        items = [
            {
                "id": post.id,
                "title": {"rendered": html.escape(post.title)},
                "content": {"rendered": f"<p>{html.escape(post.text)}</p>", "protected": False},
                "link": self._link(post.id),
                "date_gmt": post.at.strftime("%Y-%m-%dT%H:%M:%S"),
            }
            for post in found
            if post.route == route
        ]
        return 200, [self._only(asked, item) for item in items], {}

    def _list(
        self, asked: Asked, user: tuple[int, str, bool] | None
    ) -> tuple[int, Any, dict[str, str]]:
        query, edit = asked.query, self._may_edit(asked, user)
        status = query.get("status", "approve")
        if status != "approve" and not edit:
            raise Fault(401, "rest_forbidden_param")
        per_page, page = int(query.get("per_page", 10)), int(query.get("page", 1))
        if not 1 <= per_page <= 100:
            raise Fault(400, "rest_invalid_param")
        shown = {
            "approve": ("approved",),
            "all": ("approved", "hold"),
            "hold": ("hold",),
            "spam": ("spam",),
            "trash": ("trash",),
        }[status]
        rows = [c for c in self.comments.values() if c.status in shown]
        rows = [c for c in rows if self.lists_every_type or c.type == "comment"]
        rows = [c for c in rows if self._matches(c, query)]
        rows.sort(key=lambda c: c.id, reverse=query.get("order", "desc") == "desc")
        part = rows[(page - 1) * per_page : page * per_page]
        headers = {
            "X-WP-Total": str(len(rows)),
            "X-WP-TotalPages": str(math.ceil(len(rows) / per_page)),
        }
        return 200, [self._only(asked, self._item(c, edit)) for c in part], headers

    def _matches(self, comment: Comment, query: Mapping[str, str]) -> bool:
        if "include" in query and str(comment.id) not in query["include"].split(","):
            return False
        for name in ("post", "parent", "author"):
            if name in query and str(getattr(comment, name)) != query[name]:
                return False
        if "after" in query:
            after = datetime.fromisoformat(query["after"])
            return comment.local > after.astimezone(SWEDEN).replace(tzinfo=None)
        return True

    def _one(
        self, asked: Asked, user: tuple[int, str, bool] | None, number: int
    ) -> tuple[int, Any, dict[str, str]]:
        edit = self._may_edit(asked, user)
        if number not in self.comments:
            raise Fault(404, "rest_comment_invalid_id")
        if self.comments[number].status != "approved" and not edit:
            raise Fault(401, "rest_cannot_read")
        return 200, self._only(asked, self._item(self.comments[number], edit)), {}

    def _create(
        self, user: tuple[int, str, bool] | None, body: Mapping[str, Any]
    ) -> tuple[int, Any, dict[str, str]]:
        if user is None:
            raise Fault(401, "rest_comment_login_required")
        post, parent, text = int(body["post"]), int(body["parent"]), str(body["content"])
        if post not in self.posts:
            raise Fault(403, "rest_comment_invalid_post_id")
        if not self.posts[post].open:
            raise Fault(403, "rest_comment_closed")
        if not text.strip():
            raise Fault(400, "rest_comment_content_invalid")
        if len(text.encode()) > LONGEST:
            raise Fault(400, "comment_content_column_length")
        own = [c for c in self.comments.values() if c.author == user[0] and c.status != "trash"]
        unslashed = text.replace("\\", "")  # the real one forgets backslashes when it compares
        if any((c.post, c.parent, c.raw) == (post, parent, unslashed) for c in own):
            raise Fault(409, "comment_duplicate")
        if self.flood and own:
            raise Fault(400, "comment_flood")
        number = self.add_comment(
            post,
            "Redaktör Åsa",
            text,
            parent=parent,
            author=user[0],
            status="hold" if self.held_by_default else "approved",
        )
        return 201, self._item(self.comments[number], user[2]), {}

    def _change(
        self, user: tuple[int, str, bool] | None, number: int, body: Mapping[str, Any]
    ) -> tuple[int, Any, dict[str, str]]:
        if number not in self.comments:
            raise Fault(404, "rest_comment_invalid_id")
        if user is None or not user[2]:
            raise Fault(403 if user else 401, "rest_cannot_edit")
        comment, wish = self.comments[number], str(body["status"])
        if wish == comment.status:
            raise Fault(500, "rest_comment_failed_edit")
        comment.status = "approved" if wish == "approve" else wish
        return 200, self._item(comment, edit=True), {}

    def _item(self, comment: Comment, edit: bool) -> dict[str, Any]:
        paragraphs = "".join(f"<p>{part}</p>\n" for part in comment.raw.split("\n\n"))
        item: dict[str, Any] = {
            "id": comment.id,
            "post": comment.post,
            "parent": comment.parent,
            "author": comment.author,
            "author_name": comment.name,
            "author_url": comment.url,
            "date": comment.local.isoformat(),
            "date_gmt": comment.date_gmt or comment.at.strftime("%Y-%m-%dT%H:%M:%S"),
            "content": {"rendered": paragraphs.replace("\n", "<br />\n")},
            "link": f"{self._link(comment.post)}#comment-{comment.id}",
            "status": comment.status,
            "type": comment.type,
            "_links": {"up": [{"href": self._up(comment.post)}]},
        }
        if edit:
            item["content"]["raw"] = comment.raw
            item["author_email"] = comment.email
            item["author_ip"] = "192.0.2.77"
            item["author_user_agent"] = "Mozilla/5.0 hemlig"
        return item

    def _only(self, asked: Asked, item: dict[str, Any]) -> dict[str, Any]:
        """`_fields`; as in 6.1, `content.raw` alone brings no content at all."""
        wanted = asked.query.get("_fields", "").split(",")
        if wanted == [""]:
            return item
        return {name: item[name] for name in item if name in wanted or f"{name}.up" in wanted}

    def _link(self, post: int) -> str:
        return f"{self.url}/2026/11/inlagg-{post}/" if self.pretty else f"{self.url}/?p={post}"

    def _up(self, post: int) -> str:
        route = f"/wp/v2/{self.posts[post].route}/{post}"
        return f"{self.url}/wp-json{route}" if self.pretty else f"{self.url}/?rest_route={route}"
