"""A stand-in for YouTube's Data API v3, as far as comments go, and for Google's token endpoint.

It speaks to the channel's owner only, counts units per Pacific day, gives at most five replies with
a thread, moves its likes and etags at every question, and refuses parameters it does not know.
"""

import base64
import hashlib
import html
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.channels.practice.standins.stage import Comment, Post, Stage
from app.channels.practice.standins.wire import Asked, Reply, json_reply

CITY = "Landskrona stad"
CHANNEL_ID = "UCovningLandskronaStad00"
CLIENT_ID = "ovning.apps.googleusercontent.com"
CLIENT_SECRET = "ovning-klient-hemlig"  # noqa: S105 - practice only
REFRESH_TOKEN = "1//ovning-fornya"  # noqa: S105 - practice only
SCOPE = "https://www.googleapis.com/auth/youtube.force-ssl"

API_PATH, TOKEN_PATH = "/youtube/v3", "/token"
LIFE = timedelta(seconds=3599)
WEEK = 604_799
LONGEST = 10_000
WITH_A_THREAD = 5
PACIFIC = ZoneInfo("America/Los_Angeles")
CREATED = datetime(2014, 3, 1, tzinfo=UTC)

STATUSES = {
    "visible": "published",
    "held": "heldForReview",
    "hidden": "heldForReview",
    "spam": "likelySpam",
    "rejected": "rejected",
}
"""The stage's states in YouTube's words; what is removed has none."""
STATES = {"published": "visible", "heldForReview": "held", "rejected": "rejected"}


@dataclass(frozen=True)
class Method:
    """One method: its price, and the parameters it takes, with their allowed values if any."""

    name: str
    units: int
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


PAGED = ("maxResults", "pageToken", "textFormat")
METHODS = {
    ("GET", "/commentThreads"): Method(
        "commentThreads.list",
        1,
        ("part",),
        ("allThreadsRelatedToChannelId", "id", "videoId", "moderationStatus", "order", *PAGED),
    ),
    ("GET", "/comments"): Method("comments.list", 1, ("part",), ("id", "parentId", *PAGED)),
    ("POST", "/comments"): Method("comments.insert", 50, ("part",)),
    ("POST", "/commentThreads"): Method("commentThreads.insert", 50, ("part",)),
    ("DELETE", "/comments"): Method("comments.delete", 50, ("id",)),
    ("POST", "/comments/setModerationStatus"): Method(
        "comments.setModerationStatus", 50, ("id", "moderationStatus"), ("banAuthor",)
    ),
    ("GET", "/videos"): Method("videos.list", 1, ("part",), ("id", "maxResults", "pageToken")),
    ("GET", "/channels"): Method("channels.list", 1, ("part",), ("id", "mine", "maxResults")),
}
PARTS = {
    "commentThreads.list": {"id", "snippet", "replies"},
    "comments.list": {"id", "snippet"},
    "comments.insert": {"id", "snippet"},
    "commentThreads.insert": {"id", "snippet"},
    "videos.list": {"id", "snippet", "status"},
    "channels.list": {"id", "snippet"},
}
VALUES = {
    "moderationStatus": {"published", "heldForReview", "likelySpam", "rejected"},
    "order": {"time", "relevance"},
    "textFormat": {"html", "plainText"},
    "mine": {"true", "false"},
    "banAuthor": {"true", "false"},
}
LISTABLE = {"published", "heldForReview", "likelySpam"}
FILTERS = {
    "commentThreads.list": ("allThreadsRelatedToChannelId", "id", "videoId"),
    "comments.list": ("id", "parentId"),
    "videos.list": ("id",),
    "channels.list": ("id", "mine"),
}
NOT_WITH_ID = ("maxResults", "pageToken", "order", "moderationStatus")


class Trouble(Exception):
    """YouTube says no."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, dict(headers or {})


@dataclass
class Fault:
    """What the next `times` questions for a method get instead of an answer."""

    method: str
    trouble: Trouble
    times: int
    after_acting: bool


class YouTubeStandIn:
    """YouTube and Google's token endpoint. What may be set, beside `fail`:

    `page_limit`: the most in a page, whatever is asked for. `daily_units`: the project's quota.
    `signed_in_as`: the channel that the person chose ('' for an account without one). `testing`:
    the consent screen is in testing. `scopes`: what was agreed to. `gone_is_404`: one id that is
    gone makes a list by id an error. `shows_held_by_id`: what waits can be asked for by its id.
    `takes_for_spam`: answers are taken and then not shown. `changes_space`: texts come back with
    other white space. `says_status`: lists tell how each comment stands.
    `tells_original`: our own words come as they were typed too. `city`: the channel's name.
    """

    def __init__(
        self, path: Path | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.clock = clock
        self.stage = Stage(make_id, path)
        self.used: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.page_limit, self.daily_units = 100, 10_000
        self.signed_in_as, self.scopes = CHANNEL_ID, SCOPE
        self.testing = self.revoked = False
        self.gone_is_404 = self.takes_for_spam = self.changes_space = False
        self.shows_held_by_id = self.says_status = self.tells_original = True
        self.tokens_from = 0
        self.city = CITY

    # --- what a test or a story teller does -------------------------------------------------

    def fail(
        self,
        method: str,
        status: int,
        reason: str,
        *,
        times: int = 1,
        after_acting: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next `times` questions for a method (`token` for Google's) with an error."""
        self.faults.append(Fault(method, Trouble(status, reason, headers), times, after_acting))

    def forget_pages(self) -> None:
        """No page token given so far is known any longer."""
        self.tokens_from += 1

    def revoke(self) -> None:
        """The person takes the consent back: neither token is worth anything now."""
        self.revoked = True
        self.forget_access()

    def forget_access(self) -> None:
        """No access token given so far is taken any longer."""
        self.stage.facts["access"] = {}
        self.stage.save()

    def access_token(self) -> str:
        """A new access token."""
        with self.stage.lock:
            self.stage.last += 1
            token = f"ya29.ovning-{self.stage.last}"
            now, given = self.clock(), self.stage.facts.setdefault("access", {})
            for old in [key for key, ends in given.items() if ends <= now.isoformat()]:
                del given[old]
            given[token] = (now + LIFE).isoformat()
            self.stage.save()
            return token

    def units_today(self) -> int:
        """What has been used of the quota since midnight on the Pacific coast."""
        return self.used[self._day()]

    # --- the wire -----------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Reply:
        """One answer, as Google would give it."""
        try:
            if asked.path == TOKEN_PATH:
                return self._token(asked)
            return self._api(asked)
        except Trouble as trouble:
            return _envelope(trouble)

    def _api(self, asked: Asked) -> Reply:
        method = METHODS.get((asked.method, asked.path.removeprefix(API_PATH)))
        if method is None or not asked.path.startswith(API_PATH):
            raise Trouble(404, "notFound")
        self.calls[method.name] += 1
        self._must_be_signed_in(asked, method.name)
        self.used[self._day()] += method.units
        if self.used[self._day()] > self.daily_units:
            raise Trouble(403, "quotaExceeded")
        fault = self._fault(method.name)
        if fault is not None and not fault.after_acting:
            raise fault.trouble
        _must_be_well_asked(asked.query, method)
        with self.stage.lock:
            reply = self._done(method.name, asked)
        if fault is not None:
            raise fault.trouble
        return reply

    def _done(self, name: str, asked: Asked) -> Reply:
        query = asked.query
        if name == "commentThreads.list":
            return self._threads(query)
        if name == "comments.list":
            return self._comments(query)
        if name == "comments.insert":
            return self._insert(asked)
        if name == "commentThreads.insert":
            return self._insert_thread(asked)
        if name == "comments.delete":
            return self._delete(query["id"])
        if name == "comments.setModerationStatus":
            return self._moderate(query["id"].split(","), query["moderationStatus"])
        if name == "videos.list":
            return self._videos(query)
        return self._channels(query)

    def _day(self) -> str:
        return self.clock().astimezone(PACIFIC).date().isoformat()

    def _fault(self, method: str) -> Fault | None:
        fault = next((one for one in self.faults if one.method == method), None)
        if fault is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
        return fault

    def _must_be_signed_in(self, asked: Asked, method: str) -> None:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        ends = self.stage.facts.get("access", {}).get(token, "")
        if ends <= self.clock().isoformat():
            raise Trouble(401, "authError")
        if method.startswith("comment") and SCOPE not in self.scopes.split():
            raise Trouble(403, "insufficientPermissions")

    def _token(self, asked: Asked) -> Reply:
        """Google's token endpoint; only refreshing is played."""
        self.calls["token"] += 1
        fault = self._fault("token")
        if fault is not None:
            error = {"error": fault.trouble.reason, "error_description": "Nej."}
            return json_reply(fault.trouble.status, error, fault.trouble.headers)
        form = asked.form
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return json_reply(401, {"error": "invalid_client"})
        if form.get("grant_type") != "refresh_token":
            return json_reply(400, {"error": "unsupported_grant_type"})
        if form.get("refresh_token") != REFRESH_TOKEN or self.revoked:
            return json_reply(400, {"error": "invalid_grant", "error_description": "Bad Request"})
        given: dict[str, Any] = {
            "access_token": self.access_token(),
            "expires_in": int(LIFE.total_seconds()),
            "scope": self.scopes,
            "token_type": "Bearer",
        }
        if self.testing:
            given["refresh_token_expires_in"] = WEEK
        return json_reply(200, given)

    # --- reading ------------------------------------------------------------------------------

    def _threads(self, query: Mapping[str, str]) -> Reply:
        if "id" in query:
            tops = self._by_id(query["id"], "commentThreadNotFound", tops_only=True)
            return self._page("commentThread", [self._thread(top, query, "") for top in tops])
        status = query.get("moderationStatus", "published")
        if query.get("allThreadsRelatedToChannelId", CHANNEL_ID) != CHANNEL_ID:
            raise Trouble(404, "channelNotFound")
        if status not in LISTABLE:
            raise Trouble(400, "invalidFilters")
        video = query.get("videoId")
        tops = [
            top
            for top in self._newest_first(None)
            if video in (None, top.post) and self._is_listed(top, status)
        ]
        tops, onward = self._slice(tops, query)
        return self._page("commentThread", [self._thread(t, query, status) for t in tops], onward)

    def _is_listed(self, top: Comment, status: str) -> bool:
        if not self._is_there(top):
            return False
        own = _status(top)
        if status == "published" or own == status:
            return own == status
        return own == "published" and any(
            _status(reply) == status for reply in self._newest_first(top.id)
        )

    def _is_there(self, comment: Comment) -> bool:
        """Whether a comment can be found by anybody at all, its film and thread included."""
        post = self.stage.posts.get(comment.post)
        closed = post is not None and (post.gone or post.extra.get("comments") == "disabled")
        above = self.stage.comments.get(comment.parent or "")
        gone = [one for one in (comment, above) if one and one.state in ("removed", "rejected")]
        return not closed and not gone and (above is not None or not comment.parent)

    def _newest_first(self, parent: str | None) -> list[Comment]:
        rows = list(enumerate(self.stage.comments.values()))
        rows.sort(key=lambda row: (row[1].at, row[0]), reverse=True)
        return [
            comment
            for _place, comment in rows
            if _top_of(self.stage, comment) == parent and self._is_there(comment)
        ]

    def _thread(self, top: Comment, query: Mapping[str, str], status: str) -> dict[str, Any]:
        shown = {"published", status or "published"}
        replies = [one for one in self._newest_first(top.id) if _status(one) in shown]
        post = self.stage.posts.get(top.post)
        parts = query["part"].split(",")
        item: dict[str, Any] = {"kind": "youtube#commentThread", "etag": self._etag(), "id": top.id}
        if "snippet" in parts:
            item["snippet"] = {
                "channelId": CHANNEL_ID,
                "topLevelComment": self._comment(top, query, by_id="id" in query),
                "canReply": self._may_reply(top),
                "totalReplyCount": len(replies),
                "isPublic": _status(top) == "published",
            }
            if post is not None:
                item["snippet"]["videoId"] = post.id
        if "replies" in parts and replies:
            some = replies[:WITH_A_THREAD]
            comments = [self._comment(one, query, by_id="id" in query) for one in some]
            item["replies"] = {"comments": comments}
        return item

    def _may_reply(self, top: Comment) -> bool:
        post = self.stage.posts.get(top.post)
        closed = post is not None and post.extra.get("comments") == "closed"
        return _status(top) == "published" and not closed

    def _comments(self, query: Mapping[str, str]) -> Reply:
        if "id" in query:
            found = self._by_id(query["id"], "commentNotFound")
            items = [self._comment(one, query, by_id=True) for one in found]
            return self._page("comment", items)
        top = self.stage.comments.get(query["parentId"])
        post = self.stage.posts.get(top.post) if top else None
        if post is not None and post.extra.get("comments") == "disabled":
            raise Trouble(403, "commentsDisabled")
        if top is None or not self._is_there(top):
            raise Trouble(404, "commentNotFound")
        replies = [one for one in self._newest_first(top.id) if _status(one) != "likelySpam"]
        replies, onward = self._slice(replies, query)
        return self._page("comment", [self._comment(one, query) for one in replies], onward)

    def _by_id(self, said: str, reason: str, *, tops_only: bool = False) -> list[Comment]:
        found = []
        for external_id in said.split(","):
            comment = self.stage.comments.get(external_id)
            if comment is None or not self._can_be_asked_for(comment, tops_only):
                if self.gone_is_404:
                    raise Trouble(404, reason)
                continue
            found.append(comment)
        return found

    def _can_be_asked_for(self, comment: Comment, tops_only: bool) -> bool:
        if tops_only and _top_of(self.stage, comment) is not None:
            return False
        hidden = _status(comment) != "published" and not self.shows_held_by_id
        return self._is_there(comment) and not hidden

    def _comment(
        self, comment: Comment, query: Mapping[str, str], *, by_id: bool = False
    ) -> dict[str, Any]:
        item: dict[str, Any] = {"kind": "youtube#comment", "etag": self._etag(), "id": comment.id}
        if "snippet" not in query["part"].split(","):
            return item
        changed = comment.changed_at or comment.at
        snippet: dict[str, Any] = {
            "channelId": CHANNEL_ID,
            "textDisplay": self._shown(comment.text, query.get("textFormat", "html")),
            "authorDisplayName": self.city if comment.by_city else comment.name,
            "authorProfileImageUrl": f"https://yt3.example.test/{self.calls.total()}",
            "canRate": True,
            "viewerRating": "none",
            "likeCount": self.calls.total(),
            "publishedAt": _time(comment.at),
            "updatedAt": _time(changed),
        }
        if comment.post in self.stage.posts:
            snippet["videoId"] = comment.post
        author = CHANNEL_ID if comment.by_city else _channel_of(comment.author)
        if author:
            snippet["authorChannelId"] = {"value": author}
            snippet["authorChannelUrl"] = f"http://www.youtube.com/channel/{author}"
        if comment.by_city and self.tells_original:
            snippet["textOriginal"] = comment.text
        if comment.extra.get("picture"):
            snippet["imageUrl"] = f"https://yt3.example.test/i?signature={self.calls.total()}"
        if (top := _top_of(self.stage, comment)) is not None:
            snippet["parentId"] = top
        if self.says_status and not by_id:
            snippet["moderationStatus"] = _status(comment)
        return {**item, "snippet": snippet}

    def _shown(self, text: str, text_format: str) -> str:
        if self.changes_space:
            text = "\n".join(" ".join(line.split()) for line in text.splitlines()) + "\u200b"
        if text_format == "plainText":
            return text
        return html.escape(text).replace("\n", "<br>")

    def _videos(self, query: Mapping[str, str]) -> Reply:
        posts = [self.stage.posts.get(one) for one in query["id"].split(",")]
        items = [_video(post, self.city, self._etag()) for post in posts if post and not post.gone]
        return self._page("video", items)

    def _channels(self, query: Mapping[str, str]) -> Reply:
        ids = [self.signed_in_as] if query.get("mine") == "true" else query["id"].split(",")
        items: list[dict[str, Any]] = []
        for one in filter(None, ids):
            item: dict[str, Any] = {"kind": "youtube#channel", "etag": self._etag(), "id": one}
            if "snippet" in query["part"].split(","):
                item["snippet"] = {"title": self.city, "publishedAt": _time(CREATED)}
            items.append(item)
        return self._page("channel", items)

    def _slice(
        self, rows: Sequence[Comment], query: Mapping[str, str]
    ) -> tuple[list[Comment], str | None]:
        start = self._place(query["pageToken"]) if "pageToken" in query else 0
        end = start + min(int(query.get("maxResults", "20")), self.page_limit)
        return list(rows[start:end]), self._page_token(end) if end < len(rows) else None

    def _page_token(self, place: int) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.tokens_from, place]).encode()).decode()

    def _place(self, token: str) -> int:
        try:
            since, place = json.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            raise Trouble(400, "invalidPageToken") from None
        if since != self.tokens_from:
            raise Trouble(400, "invalidPageToken")
        return int(place)

    def _page(self, kind: str, items: list[dict[str, Any]], onward: str | None = None) -> Reply:
        body: dict[str, Any] = {
            "kind": f"youtube#{kind}ListResponse",
            "etag": self._etag(),
            "pageInfo": {"totalResults": len(items), "resultsPerPage": self.page_limit},
        }
        if items or kind != "channel":  # an account without a channel gets no items at all
            body["items"] = items
        if onward:
            body["nextPageToken"] = onward
        return json_reply(200, body)

    def _etag(self) -> str:
        return hashlib.sha256(str(self.calls.total()).encode()).hexdigest()[:27]

    # --- changing -----------------------------------------------------------------------------

    def _insert(self, asked: Asked) -> Reply:
        snippet = _snippet_in(asked)
        text = _text_in(snippet)
        top = self._parent(str(snippet.get("parentId") or ""))
        said = self._comment(self._say(top.post, text, top.id), _plainly(asked))
        said["snippet"].pop("moderationStatus", None)
        return json_reply(200, said)

    def _insert_thread(self, asked: Asked) -> Reply:
        snippet = _snippet_in(asked)
        text = _text_in((snippet.get("topLevelComment") or {}).get("snippet") or {})
        film = str(snippet.get("videoId") or "")
        post = self.stage.posts.get(film)
        if not film or not snippet.get("channelId"):
            raise Trouble(400, "channelOrVideoIdMissing")
        if post is None or post.gone:
            raise Trouble(404, "videoNotFound")
        if post.extra.get("comments") in ("closed", "disabled"):
            raise Trouble(403, "commentsDisabled")
        said = self._thread(self._say(film, text, None), _plainly(asked), "")
        said["snippet"]["topLevelComment"]["snippet"].pop("moderationStatus", None)
        return json_reply(200, said)

    def _say(self, film: str, text: str, parent: str | None) -> Comment:
        """The city says something, in a thread or in one of its own."""
        return self.stage.add_comment(
            film,
            self.city,
            text,
            at=self.clock(),
            parent=parent,
            author=CHANNEL_ID,
            by_city=True,
            state="spam" if self.takes_for_spam else "visible",
        )

    def _parent(self, parent: str) -> Comment:
        if not parent:
            raise Trouble(400, "parentIdMissing")
        top = self.stage.comments.get(parent)
        post = self.stage.posts.get(top.post) if top else None
        if post is not None and post.extra.get("comments") == "disabled":
            raise Trouble(403, "commentsDisabled")
        if top is None or not self._is_there(top):
            raise Trouble(404, "parentCommentNotFound")
        if _status(top) != "published":
            raise Trouble(400, "parentCommentIsPrivate")
        if _top_of(self.stage, top) is not None or not self._may_reply(top):
            raise Trouble(400, "operationNotSupported")
        return top

    def _delete(self, external_id: str) -> Reply:
        comment = self.stage.comments.get(external_id)
        if comment is None or not self._is_there(comment):
            raise Trouble(404, "commentNotFound")
        if not comment.by_city:
            raise Trouble(403, "forbidden")
        self.stage.set_state(external_id, "removed")
        return Reply(204)

    def _moderate(self, ids: Sequence[str], status: str) -> Reply:
        if status not in STATES:
            raise Trouble(400, "operationNotSupported")
        for external_id in ids:
            comment = self.stage.comments.get(external_id)
            if comment is None or not self._is_there(comment):
                raise Trouble(404, "commentNotFound")
        for external_id in ids:
            self.stage.set_state(external_id, STATES[status])
        return Reply(204)


def _snippet_in(asked: Asked) -> dict[str, Any]:
    try:
        snippet: dict[str, Any] = json.loads(asked.body)["snippet"]
    except (ValueError, KeyError, TypeError):
        raise Trouble(400, "invalidCommentMetadata") from None
    return snippet


def _text_in(snippet: Mapping[str, Any]) -> str:
    text = str(snippet.get("textOriginal") or "")
    if not text.strip():
        raise Trouble(400, "commentTextRequired")
    if len(text) > LONGEST:
        raise Trouble(400, "commentTextTooLong")
    return text


def _plainly(asked: Asked) -> dict[str, str]:
    return {**asked.query, "textFormat": "plainText"}


def make_id(kind: str, at: datetime, number: int) -> str:
    """Ids as YouTube makes them: eleven signs for a film, twenty-six for a comment."""
    seed = f"{kind}:{number}:{at.isoformat()}".encode()
    text = base64.urlsafe_b64encode(hashlib.sha256(seed).digest()).decode()
    return text[:11] if kind == "post" else f"Ugx{text[:21]}AQ"


def _status(comment: Comment) -> str:
    return STATUSES.get(comment.state, "")


def _top_of(stage: Stage, comment: Comment) -> str | None:
    """The thread's top comment of a reply: YouTube nests one level only."""
    top = comment.parent
    while (above := stage.comments.get(top or "")) is not None and above.parent:
        top = above.parent
    return top


def _channel_of(author: str) -> str:
    """The channel of a writer, '' for one whom YouTube does not name."""
    if not author or author.startswith("UC"):
        return author
    digest = hashlib.sha256(author.encode()).digest()
    return f"UC{base64.urlsafe_b64encode(digest).decode()[:22]}"


def _video(post: Post, city: str, etag: str) -> dict[str, Any]:
    snippet = {
        "channelId": CHANNEL_ID,
        "channelTitle": city,
        "title": post.title,
        "description": post.text,
        "publishedAt": _time(post.at),
    }
    return {"kind": "youtube#video", "etag": etag, "id": post.id, "snippet": snippet}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _must_be_well_asked(query: Mapping[str, str], method: Method) -> None:
    """Refuse what is missing, unknown, or cannot go together."""
    for name in method.required:
        if not query.get(name):
            raise Trouble(400, "missingRequiredParameter")
    for name, value in query.items():
        if name not in (*method.required, *method.optional):
            raise Trouble(400, "unexpectedParameter")
        if value not in VALUES.get(name, {value}):
            raise Trouble(400, "invalidParameter")
    parts = set(query.get("part", "").split(",")) - {""}
    if not parts <= PARTS.get(method.name, set()):
        raise Trouble(400, "unknownPart")
    most = 100 if method.name.startswith("comment") else 50
    if not 1 <= int(query.get("maxResults", "1")) <= most:
        raise Trouble(400, "invalidParameter")
    filters = [name for name in FILTERS.get(method.name, ()) if name in query]
    if method.name in FILTERS and len(filters) != 1:
        raise Trouble(400, "incompatibleParameters" if filters else "missingRequiredParameter")
    by_id = "id" in filters and method.name.startswith("comment")
    if by_id and any(name in query for name in NOT_WITH_ID):
        raise Trouble(400, "incompatibleParameters")
    if "id" in filters and len(query["id"].split(",")) > 50:
        raise Trouble(400, "invalidFilters")


def _envelope(trouble: Trouble) -> Reply:
    """Google's error envelope; its message may hold HTML and is not for reading."""
    message = f"<code>{html.escape(trouble.reason)}</code> inträffade."
    row = {"domain": "youtube", "reason": trouble.reason, "message": message}
    error = {"code": trouble.status, "message": message, "errors": [row]}
    return json_reply(trouble.status, {"error": error}, trouble.headers)
