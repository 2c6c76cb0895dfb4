"""A stand-in for X: posts, mentions, answers and prices, spoken in X's own wire format.

It answers in the dialect it is asked in (`tweet.fields` or `post.fields`), refuses what X refuses
(parameters it does not know, answers to people who have not mentioned the account, the same text
twice, hiding in other people's conversations) and counts what X would charge.
"""

import base64
import hashlib
import hmac
import html
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

from app.channels.practice.standins.stage import Comment, Post, Stage
from app.channels.practice.standins.wire import Asked, Reply, json_reply

CITY = "Landskrona stad"
ACCOUNT_ID = "1402400261001"
HANDLE = "landskronastad"
CONSUMER_KEY, CONSUMER_SECRET = "ovning-app", "ovning-app-hemlig"
OAUTH1_TOKEN, OAUTH1_SECRET = f"{ACCOUNT_ID}-ovning", "ovning-konto-hemlig"
CLIENT_ID, CLIENT_SECRET = "ovning-klient", "ovning-klient-hemlig"
REFRESH_TOKEN = "ovning-fornya-0"  # noqa: S105 - practice only
SCOPES = "tweet.read users.read tweet.write tweet.moderate.write offline.access"

EPOCH_MS = 1288834974657
"""X's ids carry the time since this moment, in milliseconds, above 22 other bits."""
WINDOW = timedelta(days=7)
QUARTER = timedelta(minutes=15)
TOKEN_LIFE = timedelta(hours=2)
DEPTH = 800
LIMITS = {"mentions": 300, "search": 300, "posts": 5000, "users": 900, "own": 900, "me": 75}
COSTS = {
    "post_read": 0.005, "owned_read": 0.001, "user_read": 0.010, "post": 0.015,
    "post_with_link": 0.200, "summoned_reply": 0.010, "delete": 0.010, "manage": 0.005,
}  # fmt: skip

LINK = re.compile(r"https?://\S*[^\s.,;:!?)]|(?<![\w@.])www\.\S*[^\s.,;:!?)]")
MENTION = re.compile(r"(?<!\w)@(\w{1,15})")
SINGLE = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that weigh one; all others weigh two."""

PAGED = ("max_results", "since_id", "until_id", "start_time", "end_time")
FIELDED = ("expansions", "user.fields", "media.fields")
OWN_NAMES = {
    "tweet": {
        "fields": "tweet.fields", "references": "referenced_tweets", "note": "note_tweet",
        "history": "edit_history_tweet_ids", "along": "tweets", "problems": "api.twitter.com",
    },
    "post": {
        "fields": "post.fields", "references": "referenced_posts", "note": "note_post",
        "history": "edit_history_post_ids", "along": "posts", "problems": "api.x.com",
    },
}  # fmt: skip


class Trouble(Exception):
    """X says no: the status and the problem that goes with it."""

    def __init__(
        self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.headers, self.more = dict(headers or {}), more


@dataclass
class Fault:
    """What the next requests of a kind (`GET`, `POST`, ... or '' for any) get instead."""

    reply: Reply
    method: str = ""
    times: int = 1
    after_acting: bool = False


@dataclass(frozen=True)
class Entry:
    """A post or an answer as X has it: one of its versions, with all their ids."""

    id: str
    versions: tuple[str, ...]
    conversation: str
    parent: str | None
    author: str
    text: str
    at: datetime
    hidden: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


class Timeline(Stage):
    """The stage with X's habits: an edit is a new version with an id of its own."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__(snowflake, path)

    def add_comment(
        self, post: str, name: str, text: str, *, at: datetime, parent: str | None = None,
        author: str | None = None, by_city: bool = False, state: str = "visible", key: str = "",
        **extra: Any,
    ) -> Comment:  # fmt: skip
        """Somebody answers. `mentions=False`: without mentioning the city; `quotes`: a post's id;
        `media`: [type, alternative text] each; `repost=True`: nothing but passed on."""
        who = number_of(name) if author is None else author
        return super().add_comment(
            post, name, text, at=at, parent=parent, author=ACCOUNT_ID if by_city else who,
            by_city=by_city, state=state, key=key, **extra,
        )  # fmt: skip

    def edit(self, external_id: str, text: str, *, at: datetime) -> None:
        """A post or an answer gets another text, and another id beside its own."""
        with self.lock:
            row: Any = self.comments.get(external_id) or self.posts[external_id]
            versions = row.extra.setdefault("versions", [[row.id, row.text]])
            self.last += 1
            versions.append([snowflake("edit", at, self.last), text])
            row.text = text
            if isinstance(row, Comment):
                row.changed_at = at
            self.save()


class XStandIn:
    """X. `signed_strictly`: OAuth 1.0a signatures are computed anew (`mounted` is then the path
    that the server has taken away). `credits` None: enough; else what is left in US dollars.
    `city` and `handle` are the account's; `names` holds other people's user names by number."""

    def __init__(
        self, path: Path | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """What is in the file is there again."""
        self.stage, self.clock = Timeline(path), clock
        self.signed_strictly, self.mounted = False, ""
        self.revoked = False
        self.credits: float | None = None
        self.charged: Counter[str] = Counter()
        self.limits = dict(LIMITS)
        self.used: Counter[tuple[str, int]] = Counter()
        self.faults: list[Fault] = []
        self.city, self.handle = CITY, HANDLE
        self.names: dict[str, str] = {}
        self.max_weighted = 280
        self.access_level = "read-write"

    # --- What a story teller needs ----------------------------------------------------------

    def fail(
        self, reply: Reply, *, method: str = "", times: int = 1, after_acting: bool = False
    ) -> None:
        """The next requests of a kind get this answer; first acting, if so asked."""
        self.faults.append(Fault(reply, method, times, after_acting))

    @property
    def cost(self) -> float:
        """What X would have charged so far, in US dollars."""
        return sum(count * COSTS[name] for name, count in self.charged.items())

    # --- The door -----------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Reply:
        """One request, as X would answer it."""
        with self.stage.lock:
            fault = next((one for one in self.faults if one.method in ("", asked.method)), None)
            if fault is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                if fault.after_acting:
                    self._answer(asked)
                return fault.reply
            return self._answer(asked)

    def _answer(self, asked: Asked) -> Reply:
        dialect = "post" if "post.fields" in asked.query else "tweet"
        try:
            if asked.path == "/2/oauth2/token":
                return self._token(asked)
            self._must_be_signed_in(asked)
            if self.credits is not None and self.cost >= self.credits:
                raise Trouble(402, "about:blank", "no credits", title="CreditsDepleted")
            return self._route(asked, dialect)
        except Trouble as trouble:
            return problem(trouble, dialect)

    def _route(self, asked: Asked, dialect: str) -> Reply:
        own = f"/2/users/{ACCOUNT_ID}"
        lists = {
            ("GET", f"{own}/mentions"): self._mentions,
            ("GET", f"{own}/tweets"): self._own,
            ("GET", "/2/tweets/search/recent"): self._search,
            ("GET", "/2/tweets"): self._lookup,
        }
        ask = lists.get((asked.method, asked.path))
        if ask is not None:
            return ask(asked, dialect)
        if (asked.method, asked.path) == ("GET", "/2/users"):
            return self._users(asked)
        if (asked.method, asked.path) == ("GET", "/2/users/me"):
            self._must_know(asked, ("user.fields",))
            return json_reply(200, {"data": self._user(ACCOUNT_ID)}, self._headers("me"))
        if (asked.method, asked.path) == ("POST", "/2/tweets"):
            return self._create(asked)
        hidden = re.fullmatch(r"/2/tweets/(\d+)/hidden", asked.path)
        if hidden and asked.method == "PUT":
            return self._hide(asked, hidden[1])
        deleted = re.fullmatch(r"/2/tweets/(\d+)", asked.path)
        if deleted and asked.method == "DELETE":
            return self._delete(deleted[1])
        raise Trouble(404, "resource-not-found", "no such call")

    # --- Signing in -----------------------------------------------------------------------------

    def _must_be_signed_in(self, asked: Asked) -> None:
        said = asked.headers.get("authorization", "")
        if self.revoked or not (self._bearer(said) or self._oauth1(asked, said)):
            raise Trouble(401, "about:blank", "Unauthorized", title="Unauthorized")

    def _bearer(self, said: str) -> bool:
        facts = self.stage.facts
        ends = facts.get("token_ends", "")
        return (
            said.startswith("Bearer ")
            and said.removeprefix("Bearer ") == facts.get("access_token")
            and self.clock() < datetime.fromisoformat(ends)
        )

    def _oauth1(self, asked: Asked, said: str) -> bool:
        if not said.startswith("OAuth "):
            return False
        parts = dict(re.findall(r'(\w+)="([^"]*)"', said))
        keys = (parts.get("oauth_consumer_key"), parts.get("oauth_token"))
        if keys != (CONSUMER_KEY, OAUTH1_TOKEN):
            return False
        if not self.signed_strictly:
            return True
        address = f"http://{asked.headers.get('host', '')}{self.mounted}{asked.path}"
        given = {key: value for key, value in parts.items() if key != "oauth_signature"}
        pairs = [*((key, unquoted(value)) for key, value in given.items()), *asked.query.items()]
        signed = unquoted(parts.get("oauth_signature", ""))
        return hmac.compare_digest(signed, signature(asked.method, address, pairs))

    def _token(self, asked: Asked) -> Reply:
        """A refresh token for a new pair; the old one is dead from then on."""
        form, facts = asked.form, self.stage.facts
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        known = asked.headers.get("authorization") == f"Basic {basic}"
        if not known and form.get("client_id") != CLIENT_ID:
            return json_reply(401, {"error": "unauthorized_client"})
        live = facts.get("refresh_token", REFRESH_TOKEN)
        fits = form.get("grant_type") == "refresh_token" and form.get("refresh_token") == live
        if self.revoked or not fits:
            return json_reply(400, {"error": "invalid_request"})
        count = facts["renewals"] = facts.get("renewals", 0) + 1
        facts["access_token"] = f"ovning-atkomst-{count}"
        facts["refresh_token"] = f"ovning-fornya-{count}"
        facts["token_ends"] = (self.clock() + TOKEN_LIFE).isoformat()
        self.stage.save()
        return json_reply(
            200,
            {
                "token_type": "bearer",
                "expires_in": int(TOKEN_LIFE.total_seconds()),
                "access_token": facts["access_token"],
                "scope": SCOPES,
                "refresh_token": facts["refresh_token"],
            },
        )

    def _headers(self, call: str) -> dict[str, str]:
        """X's account of this quarter of an hour. Raises `Trouble` when it is used up."""
        now = self.clock()
        quarter = int(now.timestamp() // QUARTER.total_seconds())
        reset = str(int((quarter + 1) * QUARTER.total_seconds()))
        self.used[call, quarter] += 1
        left = self.limits.get(call, 10_000) - self.used[call, quarter]
        headers = {
            "x-rate-limit-limit": str(self.limits.get(call, 10_000)),
            "x-rate-limit-remaining": str(max(left, 0)),
            "x-rate-limit-reset": reset,
            "x-access-level": self.access_level,
        }
        if left < 0:
            raise Trouble(429, "about:blank", "Too Many Requests", headers)
        return headers

    # --- Lists ----------------------------------------------------------------------------------

    def _mentions(self, asked: Asked, dialect: str) -> Reply:
        names = OWN_NAMES[dialect]
        self._must_know(asked, (*PAGED, *FIELDED, names["fields"], "pagination_token"))
        rows = [one for one in self._entries() if one.author != ACCOUNT_ID and self._is_called(one)]
        return self._listed(asked, dialect, rows[:DEPTH], "mentions", least=5, owned=True)

    def _own(self, asked: Asked, dialect: str) -> Reply:
        names = OWN_NAMES[dialect]
        known = (*PAGED, *FIELDED, names["fields"], "pagination_token", "exclude")
        self._must_know(asked, known)
        rows = [one for one in self._entries() if one.author == ACCOUNT_ID]
        if "replies" in asked.query.get("exclude", ""):
            rows = [one for one in rows if one.parent is None]
        return self._listed(asked, dialect, rows, "own", least=5, owned=True)

    def _search(self, asked: Asked, dialect: str) -> Reply:
        names = OWN_NAMES[dialect]
        known = (*PAGED, *FIELDED, names["fields"], "query", "next_token", "pagination_token")
        self._must_know(asked, (*known, "sort_order"))
        query, oldest = asked.query.get("query", ""), self.clock() - WINDOW
        if not 1 <= len(query) <= 512:
            raise wrong("query", query)
        since = asked.query.get("since_id")
        if since and moment_of(since) < oldest:
            raise wrong("since_id", since)
        start = asked.query.get("start_time")
        if start and stamp(start) < oldest:
            raise wrong("start_time", start)
        wanted = set(re.findall(r"conversation_id:(\d+)", query))
        without = set(re.findall(r"-from:(\w+)", query))
        rows = [
            one
            for one in self._entries()
            if one.conversation in wanted
            and one.at >= oldest
            and self._username(one.author) not in without
            and not ("-is:retweet" in query and one.extra.get("repost"))
        ]
        return self._listed(asked, dialect, rows, "search", least=10, owned=False)

    def _lookup(self, asked: Asked, dialect: str) -> Reply:
        self._must_know(asked, ("ids", *FIELDED, OWN_NAMES[dialect]["fields"]))
        ids = asked.query.get("ids", "").split(",")
        if not 1 <= len(ids) <= 100 or not all(re.fullmatch(r"\d{1,19}", one) for one in ids):
            raise wrong("ids", asked.query.get("ids", ""))
        headers = self._headers("posts")
        rows, missing = [], []
        for one in ids:
            entry = self._entry(one)
            if entry is None:
                missing.append(not_there(one, "ids", dialect, "resource-not-found"))
            elif entry.extra.get("protected"):
                missing.append(not_there(one, "ids", dialect, "not-authorized-for-resource"))
            else:
                rows.append(entry)
        body = self._body(asked, dialect, rows, owned=False)
        return json_reply(200, with_errors(body, missing), headers)

    def _listed(
        self, asked: Asked, dialect: str, rows: list[Entry], call: str, *, least: int, owned: bool
    ) -> Reply:
        """One page, the newest first. The way to the next page names where this one ended."""
        most = asked.query.get("max_results", "10")
        if not most.isdigit() or not least <= int(most) <= 100:
            raise wrong("max_results", most)
        for name in ("since_id", "until_id"):
            if not re.fullmatch(r"\d{1,19}", asked.query.get(name, "1")):
                raise wrong(name, asked.query[name])
        for name in ("start_time", "end_time"):
            if name in asked.query:
                stamp(asked.query[name])
        headers = self._headers(call)
        rows = [one for one in rows if within(one, asked.query)]
        token = asked.query.get("pagination_token") or asked.query.get("next_token")
        if token:
            before = re.fullmatch(r"7140([0-9a-z]+)x", token)
            if before is None:
                raise wrong("pagination_token", token)
            rows = [one for one in rows if int(one.id) < int(before[1], 36)]
        page = rows[: int(most)]
        body = self._body(asked, dialect, page, owned=owned)
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
        if len(rows) > len(page):
            meta["next_token"] = f"7140{in_36(int(page[-1].id))}x"
        return json_reply(200, {**body, "meta": meta}, headers)

    def _users(self, asked: Asked) -> Reply:
        self._must_know(asked, ("ids", "user.fields"))
        headers = self._headers("users")
        people = [self._user(one) for one in asked.query.get("ids", "").split(",")]
        found = [one for one in people if one["id"] in self._everybody()]
        self.charged["user_read"] += len(found)
        body: dict[str, Any] = {"data": found} if found else {}
        missing = [one["id"] for one in people if one not in found]
        gone = [not_there(one, "ids", "tweet", "resource-not-found", "user") for one in missing]
        return json_reply(200, with_errors(body, gone), headers)

    # --- What posts look like ---------------------------------------------------------------------

    def _body(
        self, asked: Asked, dialect: str, rows: list[Entry], *, owned: bool
    ) -> dict[str, Any]:
        wanted = set(asked.query.get("expansions", "").split(","))
        names = OWN_NAMES[dialect]
        body: dict[str, Any] = {}
        if rows:
            body["data"] = [self._post(one, dialect, asked.query, wanted) for one in rows]
        others, missing = self._referenced(rows, dialect, wanted)
        along: dict[str, Any] = {}
        if others:
            along[names["along"]] = [
                self._post(one, dialect, asked.query, wanted) for one in others
            ]
        if "author_id" in wanted:
            along["users"] = [self._user(one) for one in dict.fromkeys(r.author for r in rows)]
        if "attachments.media_keys" in wanted:
            along["media"] = [medium for one in rows for medium in media_of(one)]
        if along := {name: value for name, value in along.items() if value}:
            body["includes"] = along
        kind = "owned_read" if owned else "post_read"
        self.charged[kind] += len(rows) + len(others)
        if not owned:
            self.charged["user_read"] += len(along.get("users", []))
        return with_errors(body, missing)

    def _referenced(
        self, rows: list[Entry], dialect: str, wanted: set[str]
    ) -> tuple[list[Entry], list[dict[str, Any]]]:
        """The posts that these are about, and what X says of those it does not have any more."""
        if not wanted & {"referenced_tweets.id", "referenced_posts"}:
            return [], []
        ids = [one for row in rows for _kind, one in references_of(row)]
        found, missing = [], []
        listed = {row.id for row in rows}
        for one in dict.fromkeys(ids):
            entry = self._entry(one)
            if entry is None:
                name = OWN_NAMES[dialect]["references"]
                missing.append(not_there(one, f"{name}.id", dialect, "resource-not-found"))
            elif one not in listed:
                found.append(entry)
        return found, missing

    def _post(
        self, entry: Entry, dialect: str, query: Mapping[str, str], wanted: set[str]
    ) -> dict[str, Any]:
        names = OWN_NAMES[dialect]
        text, whole, entities, shown = self._text(entry)
        made: dict[str, Any] = {
            "conversation_id": entry.conversation,
            "created_at": written(entry.at),
            "entities": entities,
            names["history"]: list(entry.versions),
            "author_id": entry.author,
            "display_text_range": [shown, len(text)],
        }
        if refs := references_of(entry):
            made[names["references"]] = [{"type": kind, "id": one} for kind, one in refs]
        if entry.parent:
            parent = self._entry(entry.parent)
            made["in_reply_to_user_id"] = parent.author if parent else ""
        if keys := [medium["media_key"] for medium in media_of(entry)]:
            made["attachments"] = {"media_keys": keys}
        if whole:
            made[names["note"]] = whole
        asked = set(query.get(names["fields"], "").split(",")) | EXPANDED.get(dialect, set())
        if dialect == "post":
            asked |= {by_expansion[one] for one in wanted & by_expansion.keys()}
        kept = {name: value for name, value in made.items() if name in asked and value}
        return {"id": entry.id, "text": text, **kept}

    def _text(self, entry: Entry) -> tuple[str, dict[str, Any], dict[str, Any], int]:
        """X's text of it, the long post when there is one, the entities, and where it begins."""
        lead = "".join(f"@{self._username(one)} " for one in self._led_by(entry))
        escaped = html.escape(entry.text, quote=False)
        text, entities = self._entities(lead + escaped, entry)
        if weight(entry.text) <= self.max_weighted:
            return text, {}, entities, len(lead)
        cut = f"{text[:200]}… https://t.co/{entry.id[-10:]}"
        short_entities = {
            kind: kept
            for kind, rows in entities.items()
            if (kept := [row for row in rows if row["end"] <= 200])
        }
        note: dict[str, Any] = {"text": text}
        if entities:
            note["entities"] = entities
        return cut, note, short_entities, len(lead)

    def _led_by(self, entry: Entry) -> list[str]:
        """Whom X mentions before an answer: the city under its own posts, the parent's writer."""
        if entry.parent is None or entry.extra.get("mentions") is False:
            return []
        root, parent = self._entry(entry.conversation), self._entry(entry.parent)
        people = [one.author for one in (parent, root) if one is not None]
        return [one for one in dict.fromkeys(people) if one != entry.author]

    def _entities(self, text: str, entry: Entry) -> tuple[str, dict[str, Any]]:
        urls: list[dict[str, Any]] = []
        shift = 0
        for number, found in enumerate(LINK.finditer(text)):
            leads = html.unescape(found[0])
            leads = leads if leads.startswith("http") else f"http://{leads}"
            short = f"https://t.co/{entry.id[-8:]}{number:02}"
            start = found.start() + shift
            shift += len(short) - len(found[0])
            shown = leads.split("://", 1)[1][:30]
            end = start + len(short)
            urls.append(
                {"start": start, "end": end, "url": short, "expanded_url": leads,
                 "display_url": shown}
            )  # fmt: skip
        numbers = itertools.count()
        text = LINK.sub(lambda _one: f"https://t.co/{entry.id[-8:]}{next(numbers):02}", text)
        people = {self._username(one): one for one in self._everybody()}
        mentions = [
            {"start": one.start(), "end": one.end(), "username": one[1], "id": people[one[1]]}
            for one in MENTION.finditer(text)
            if one[1] in people
        ]
        told = {"urls": urls, "mentions": mentions}
        return text, {kind: rows for kind, rows in told.items() if rows}

    def _user(self, number: str) -> dict[str, Any]:
        everybody = self._everybody()
        return {
            "id": number, "name": everybody.get(number, ""), "username": self._username(number)
        }  # fmt: skip

    def _everybody(self) -> dict[str, str]:
        people = {ACCOUNT_ID: self.city}
        people |= {row.author: row.name for row in self.stage.comments.values() if not row.by_city}
        people |= {number_of(row.by): row.by for row in self.stage.posts.values() if row.by}
        return people

    def _username(self, number: str) -> str:
        if number == ACCOUNT_ID:
            return self.handle
        return self.names.get(number) or f"u{in_36(int(number))}"[:15]

    # --- Posts and answers alike --------------------------------------------------------------

    def _rows(self) -> Iterator[Post | Comment]:
        yield from self.stage.posts.values()
        yield from self.stage.comments.values()

    def _entries(self) -> list[Entry]:
        """The newest version of all that is there, the newest first."""
        found = [entry for row in self._rows() if (entry := self._made(row, None)) is not None]
        return sorted(found, key=lambda one: int(one.id), reverse=True)

    def _entry(self, external_id: str) -> Entry | None:
        """That version of a post or an answer; None when it is not there."""
        row: Post | Comment | None = self.stage.posts.get(external_id)
        row = row or self.stage.comments.get(external_id)
        if row is None:
            row = next(
                (
                    one
                    for one in self._rows()
                    if any(external_id == number for number, _text in one.extra.get("versions", []))
                ),
                None,
            )
        return self._made(row, external_id) if row is not None else None

    def _made(self, row: Post | Comment, version: str | None) -> Entry | None:
        told = row.extra.get("versions") or [[row.id, row.text]]
        texts = dict(told)
        which = version or told[-1][0]
        ids = tuple(texts)
        if isinstance(row, Post):
            author = number_of(row.by) if row.by else ACCOUNT_ID
            text = texts[which] or row.title
            gone = row.gone
            return None if gone else Entry(
                which, ids, row.id, None, author, text, row.at, extra=row.extra
            )  # fmt: skip
        if row.state in ("removed", "rejected"):
            return None
        parent = row.parent or row.post
        return Entry(
            which, ids, row.post, parent, row.author, texts[which], row.at,
            row.state == "hidden", row.extra,
        )  # fmt: skip

    # --- Changes ------------------------------------------------------------------------------

    def _create(self, asked: Asked) -> Reply:
        body = said_in(asked, {"text", "reply", "quote_tweet_id", "reply_settings"})
        text, reply = body.get("text"), body.get("reply") or {}
        if not isinstance(text, str) or not text.strip() or not isinstance(reply, dict):
            raise wrong("text", "")
        if set(reply) - {"in_reply_to_tweet_id", "exclude_reply_user_ids"}:
            raise wrong("reply", "")
        headers = self._headers("create")
        self.charged["post_with_link" if LINK.search(text) else self._kind(reply)] += 1
        target = self._entry(str(reply.get("in_reply_to_tweet_id", "")))
        if target is None:
            raise Trouble(403, "about:blank", "deleted or not visible", title="Forbidden")
        if weight(text) > self.max_weighted:
            raise Trouble(403, "about:blank", "too long", title="Forbidden", code=186)
        if not self._summoned(target):
            detail = "Reply not allowed: you have not been mentioned or quoted by the author."
            raise Trouble(403, "about:blank", detail, title="Forbidden")
        lately = [one for one in self._entries() if one.author == ACCOUNT_ID]
        if any(one.text == text and one.at > self.clock() - timedelta(days=1) for one in lately):
            detail = "You are not allowed to create a Tweet with duplicate content."
            raise Trouble(403, "about:blank", detail, title="Forbidden")
        made = self.stage.add_comment(
            target.conversation, self.city, text, at=self.clock(), parent=target.versions[0],
            by_city=True,
        )  # fmt: skip
        shown = self._post(self._entry(made.id) or target, "tweet", {}, set())
        return json_reply(201, {"data": {"id": made.id, "text": shown["text"]}}, headers)

    def _kind(self, reply: Mapping[str, Any]) -> str:
        return "summoned_reply" if reply else "post"

    def _summoned(self, target: Entry) -> bool:
        quoted = self._entry(str(target.extra.get("quotes") or ""))
        by_quote = quoted is not None and quoted.author == ACCOUNT_ID
        return target.author == ACCOUNT_ID or by_quote or self._is_called(target)

    def _is_called(self, entry: Entry) -> bool:
        return mentioned(entry, self.handle)

    def _hide(self, asked: Asked, external_id: str) -> Reply:
        body = said_in(asked, {"hidden"})
        if not isinstance(body.get("hidden"), bool):
            raise wrong("hidden", "")
        headers = self._headers("hide")
        self.charged["manage"] += 1
        entry = self._entry(external_id)
        if entry is None:
            raise Trouble(404, "resource-not-found", "no such post")
        root = self._entry(entry.conversation)
        if root is None or root.author != ACCOUNT_ID or entry.parent is None:
            raise Trouble(403, "about:blank", "not in a conversation of yours", title="Forbidden")
        self.stage.set_state(entry.versions[0], "hidden" if body["hidden"] else "visible")
        return json_reply(200, {"data": {"hidden": body["hidden"]}}, headers)

    def _delete(self, external_id: str) -> Reply:
        headers = self._headers("delete")
        self.charged["delete"] += 1
        entry = self._entry(external_id)
        if entry is None:
            raise Trouble(404, "resource-not-found", "no such post")
        if entry.author != ACCOUNT_ID:
            raise Trouble(403, "about:blank", "not yours", title="Forbidden")
        if entry.versions[0] in self.stage.posts:
            self.stage.posts[entry.versions[0]].gone = True
            self.stage.save()
        else:
            self.stage.set_state(entry.versions[0], "removed")
        return json_reply(200, {"data": {"deleted": True}}, headers)

    def _must_know(self, asked: Asked, names: tuple[str, ...]) -> None:
        """X refuses a parameter it does not know."""
        for name in asked.query:
            if name not in names:
                raise wrong(name, asked.query[name])


EXPANDED = {"tweet": {"edit_history_tweet_ids"}}
"""What the older dialect gives without being asked."""
by_expansion = {
    "author_id": "author_id",
    "edit_history_post_ids": "edit_history_post_ids",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "referenced_posts": "referenced_posts",
}


# --- Small things ---------------------------------------------------------------------------------


def snowflake(_kind: str, at: datetime, number: int) -> str:
    """An id as X makes them: the time above, what keeps them apart below."""
    return str(((int(at.timestamp() * 1000) - EPOCH_MS) << 22) | (number & 0x3FFFFF))


def moment_of(external_id: str) -> datetime:
    """When an id was made."""
    return datetime.fromtimestamp(((int(external_id) >> 22) + EPOCH_MS) / 1000, UTC)


def written(at: datetime) -> str:
    """A time as X writes it: milliseconds, UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def number_of(name: str) -> str:
    """A person's number on X, always the same for a name."""
    return str(int(hashlib.sha256(name.encode()).hexdigest()[:15], 16) % 10**17 + 10**17)


def mentioned(entry: Entry, handle: str = HANDLE) -> bool:
    """Whether a post mentions the account: in its text, or because it answers there."""
    if f"@{handle}" in entry.text.lower():
        return True
    return entry.parent is not None and entry.extra.get("mentions") is not False


def references_of(entry: Entry) -> list[tuple[str, str]]:
    """What a post is about: (replied_to, quoted or retweeted, id)."""
    found = []
    if entry.extra.get("repost"):
        return [("retweeted", str(entry.parent))]
    if entry.parent is not None:
        found.append(("replied_to", entry.parent))
    if entry.extra.get("quotes"):
        found.append(("quoted", str(entry.extra["quotes"])))
    return found


def media_of(entry: Entry) -> list[dict[str, str]]:
    """A post's pictures and films."""
    begins = {"photo": "3", "video": "7", "animated_gif": "16"}
    return [
        {"media_key": f"{begins[kind]}_{entry.versions[0][:-2]}{place}", "type": kind}
        | ({"alt_text": told} if told else {})
        for place, (kind, told) in enumerate(entry.extra.get("media", []))
    ]


def within(entry: Entry, query: Mapping[str, str]) -> bool:
    """Whether a post lies within the bounds of a question."""
    if "since_id" in query and int(entry.id) <= int(query["since_id"]):
        return False
    if "until_id" in query and int(entry.id) >= int(query["until_id"]):
        return False
    if "start_time" in query and entry.at < stamp(query["start_time"]):
        return False
    return "end_time" not in query or entry.at < stamp(query["end_time"])


def stamp(said: str) -> datetime:
    """A time as X wants it: whole seconds, UTC."""
    try:
        return datetime.strptime(said, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise wrong("start_time", said) from None


def weight(text: str) -> int:
    """How long a text is, near enough to X's count: links 23, wide signs two."""
    rest = LINK.sub("", text)
    wide = sum(1 if any(a <= ord(one) <= b for a, b in SINGLE) else 2 for one in rest)
    return wide + 23 * len(LINK.findall(text))


def said_in(asked: Asked, names: set[str]) -> dict[str, Any]:
    """A request's JSON, with nothing in it that X does not know."""
    try:
        body = json.loads(asked.body)
    except ValueError:
        raise wrong("body", "") from None
    if not isinstance(body, dict) or set(body) - names:
        raise wrong("body", "")
    return body


def wrong(name: str, value: str) -> Trouble:
    """A parameter that X does not accept."""
    return Trouble(
        400, "invalid-request", "invalid", title="Invalid Request", parameter=name, value=value
    )


def problem(trouble: Trouble, dialect: str) -> Reply:
    """A refusal as X writes it."""
    kind = trouble.kind
    if kind != "about:blank":
        kind = f"https://{OWN_NAMES[dialect]['problems']}/2/problems/{kind}"
    more = dict(trouble.more)
    code = more.pop("code", None)
    if dialect == "tweet" and "parameter" in more:
        name, value = more.pop("parameter"), more.pop("value")
        message = f"The `{name}` parameter is invalid."
        more["errors"] = [{"parameters": {name: [value]}, "message": message}]
    body = {"title": "Error", "detail": trouble.detail, "type": kind, "status": trouble.status}
    if code is not None:
        more["errors"] = [{"code": code, "message": trouble.detail}]
    headers = {"Content-Type": "application/problem+json; charset=utf-8", **trouble.headers}
    return json_reply(trouble.status, {**body, **more}, headers)


def not_there(
    external_id: str, parameter: str, dialect: str, kind: str, what: str = "tweet"
) -> dict[str, Any]:
    """Why one thing is left out of an answer."""
    told = {
        "type": f"https://{OWN_NAMES[dialect]['problems']}/2/problems/{kind}",
        "title": "Not Found Error",
        "detail": f"Could not find {what} with {parameter}.",
        "resource_id": external_id,
        "resource_type": what,
        "parameter": parameter,
        "value": external_id,
    }
    return told | ({"section": "data"} if kind == "not-authorized-for-resource" else {})


def with_errors(body: dict[str, Any], errors: list[dict[str, Any]]) -> dict[str, Any]:
    """An answer, and what it leaves out, when there is any."""
    every = [*body.get("errors", []), *errors]
    return {**body, "errors": every} if every else body


def in_36(number: int) -> str:
    """A number in few letters."""
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = letters[rest] + text
    return text or "0"


def unquoted(text: str) -> str:
    """A value as it was before it was written into a header."""
    return parse_qsl(f"a={text.replace('+', '%2B')}", keep_blank_values=True)[0][1]


def signature(method: str, address: str, pairs: list[tuple[str, str]]) -> str:
    """The OAuth 1.0a signature that these parameters must have (RFC 5849, section 3.4)."""
    quoted = sorted((quote(key, safe="~"), quote(value, safe="~")) for key, value in pairs)
    joined = "&".join(f"{key}={value}" for key, value in quoted)
    text = "&".join(quote(part, safe="~") for part in (method.upper(), address, joined))
    key = f"{quote(CONSUMER_SECRET, safe='~')}&{quote(OAUTH1_SECRET, safe='~')}"
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
