"""A stand-in for Meta's Graph API, as far as one page's posts and comments go.

It answers questions with nested fields and batches, hangs a reply to a reply under the top comment,
puts the token into the links of its lists, tells errors by code with HTTP 400, and refuses fields
and parameters it does not know. What it shows of things is in `graph_nodes`.
"""

import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.channels.practice.standins.graph_fields import BadFields, fields_of
from app.channels.practice.standins.graph_nodes import (
    CITY,
    PAGE_ID,
    PRIVATE_WINDOW,
    Manners,
    Nodes,
    Trouble,
    bad_parameter,
    no_such_object,
)
from app.channels.practice.standins.stage import Comment, Stage
from app.channels.practice.standins.wire import Asked, Reply, json_reply

APP_ID = "700012345"
APP_SECRET = "ovning-app-hemlig"  # noqa: S105 - practice only
PAGE_TOKEN = "EAAovning-sidans-nyckel"  # noqa: S105 - practice only
LONGEST, LONGEST_PRIVATE = 8000, 2000
MOST_IN_A_BATCH = 50
VERSION = re.compile(r"^/v\d+\.\d+(?=/|$)")

FEEDS = ("feed", "posts", "published_posts", "visitor_posts", "tagged")
SCOPES = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "pages_messaging",
)
PARAMETERS = {
    "node": {"fields"},
    "feed": {"fields", "limit", "since", "until", "after", "include_hidden"},
    "comments": {
        "fields", "limit", "filter", "live_filter", "order", "since", "after", "summary",
    },
    "debug_token": {"input_token"},
    "subscribed_apps": {"subscribed_fields"},
    "answer": {"message"},
    "update": {"message", "is_hidden"},
    "messages": {"recipient", "message", "messaging_type"},
    "delete": set[str](),
    "batch": {"batch", "include_headers"},
}  # fmt: skip
"""What each kind of question takes, beside what all take."""
FOR_ALL = {"access_token", "appsecret_proof", "locale"}
NEEDS = {
    "feed": "pages_read_engagement",
    "comments": "pages_read_user_content",
    "answer": "pages_manage_engagement",
    "update": "pages_manage_engagement",
    "delete": "pages_manage_engagement",
    "messages": "pages_messaging",
}


@dataclass
class Fault:
    """What the next `times` questions of a kind get: an error, or something that is no answer."""

    kind: str
    trouble: Trouble | Reply
    times: int = 1
    after_acting: bool = False


@dataclass
class Usage:
    """What the headers say: per cent of the fullest meter (0: no header), minutes shut out."""

    percent: int = 0
    regain: int = 0
    header: str = "X-Business-Use-Case-Usage"


@dataclass
class Token:
    """The page's token: why it is dead (a subcode; 0 alive), and when it and its access end."""

    dead: int = 0
    dead_after: int | None = None
    ends: datetime | None = None
    access_ends: datetime | None = None


@dataclass(frozen=True)
class _Question:
    """One question, alone or in a batch: its kind, whom it is about, and its parameters."""

    method: str
    kind: str
    about: str
    params: dict[str, str] = field(default_factory=dict)


class GraphStandIn:
    """Graph for one page. What may be set: `manners`, `usage`, `token`, beside `fail`.

    `calls` counts by kind of question, a batch by its parts; `needs_proof`: the app asks for
    `appsecret_proof` with every call. `part_lost`: batches lose their first part.
    """

    def __init__(
        self, path: Path | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.clock = clock
        self.stage = Stage(make_id, path)
        self.manners = Manners(scopes=set(SCOPES), link_base="https://graph.facebook.com/v26.0")
        self.usage, self.token = Usage(), Token()
        self.needs_proof = self.part_lost = False
        self.faults: list[Fault] = []
        self.calls: Counter[str] = Counter()

    def fail(
        self,
        kind: str,
        code: int,
        subcode: int = 0,
        *,
        times: int = 1,
        after_acting: bool = False,
        transient: bool = False,
        status: int = 400,
    ) -> None:
        """Answer the next `times` questions of a kind with an error (`any`: of every kind)."""
        trouble = Trouble(code, subcode, status=status, transient=transient)
        self.faults.append(Fault(kind, trouble, times, after_acting))

    def say(self, kind: str, reply: Reply, *, times: int = 1, after_acting: bool = False) -> None:
        """Answer the next `times` questions of a kind with something that is no answer."""
        self.faults.append(Fault(kind, reply, times, after_acting))

    def revoke(self, subcode: int = 460) -> None:
        """The token is dead from now on."""
        self.token.dead = subcode

    # --- the wire -----------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Reply:
        """One answer, as Graph would give it."""
        with self.stage.lock:
            try:
                told = self._told(asked)
            except Trouble as trouble:
                return json_reply(trouble.status, _error(trouble), self._headers())
        if isinstance(told, Reply):
            return told
        return json_reply(200, told, self._headers())

    def _told(self, asked: Asked) -> Any:
        if not VERSION.match(asked.path):
            raise Trouble(2500)
        params = {**asked.query, **(asked.form if asked.method == "POST" else {})}
        question = _question(asked.method, VERSION.sub("", asked.path).strip("/"), params)
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        token = token or params.get("access_token", "")
        self._must_be_proven(params, token)
        if question.kind == "batch":
            return self._batch(question, token)
        return self._one(question, token)

    def _must_be_proven(self, params: Mapping[str, str], token: str) -> None:
        """Raise `Trouble` for a proof that is wrong, or missing although it is asked for."""
        right = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        proof = params.get("appsecret_proof", "")
        if (proof or self.needs_proof) and not hmac.compare_digest(proof.encode(), right.encode()):
            raise bad_parameter()

    def _batch(self, question: _Question, token: str) -> Any:
        if question.method != "POST":
            raise bad_parameter()
        fault = self._fault("batch")
        if fault is not None:
            return _thrown(fault)
        try:
            parts = json.loads(question.params["batch"])
            asked = [(str(part["method"]), str(part["relative_url"])) for part in parts]
        except (ValueError, KeyError, TypeError):
            raise bad_parameter() from None
        if not 1 <= len(asked) <= MOST_IN_A_BATCH:
            raise bad_parameter()
        self._must_be_signed_in(token, may_be_app=True)
        told = [self._part(method, address, token) for method, address in asked]
        return [None, *told[1:]] if self.part_lost else told

    def _part(self, method: str, address: str, token: str) -> dict[str, Any]:
        parts = urlsplit(address)
        params = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        try:
            told = self._one(_question(method, parts.path.strip("/"), params), token)
        except Trouble as trouble:
            return {"code": trouble.status, "body": json.dumps(_error(trouble))}
        if isinstance(told, Reply):
            return {"code": told.status, "body": told.body.decode("utf-8", "replace")}
        return {"code": 200, "body": json.dumps(told)}

    def _one(self, question: _Question, token: str) -> Any:
        """The answer to one question. Raises `Trouble`."""
        self.calls[question.kind] += 1
        if set(question.params) - PARAMETERS[question.kind] - FOR_ALL:
            raise bad_parameter()
        self._must_be_signed_in(token, may_be_app=question.kind == "debug_token")
        fault = self._fault(question.kind)
        if fault is not None and not fault.after_acting:
            return _thrown(fault)
        needed = NEEDS.get(question.kind)
        if needed is not None and needed not in self.manners.scopes:
            raise Trouble(10 if question.method == "GET" else 200, status=403)
        told = self._done(question)
        return told if fault is None else _thrown(fault)

    def _done(self, question: _Question) -> Any:
        kind = question.kind
        if kind in ("node", "feed", "comments"):
            return self._read(question)
        if kind == "debug_token":
            return self._token_facts(question.params.get("input_token", ""))
        if kind == "subscribed_apps":
            return self._subscribed(question)
        if kind == "answer":
            return self._answer(question)
        if kind == "update":
            return self._update(question)
        if kind == "messages":
            return self._message(question.params)
        return self._delete(question.about)

    def _must_be_signed_in(self, token: str, *, may_be_app: bool = False) -> None:
        if hmac.compare_digest(token.encode(), f"{APP_ID}|{APP_SECRET}".encode()) and may_be_app:
            return
        after = self.token.dead_after
        if after is not None and self.calls.total() > after:
            self.revoke()
        if not hmac.compare_digest(token.encode(), PAGE_TOKEN.encode()) or self.token.dead:
            raise Trouble(190, self.token.dead or 467, status=401)

    def _fault(self, kind: str) -> Fault | None:
        fault = next((one for one in self.faults if one.kind in (kind, "any")), None)
        if fault is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
        return fault

    def _headers(self) -> dict[str, str]:
        """How much is used; nothing at all as long as that is little."""
        usage = self.usage
        if not usage.percent and not usage.regain:
            return {}
        meters: dict[str, Any] = {
            "call_count": usage.percent,
            "total_cputime": usage.percent // 2,
            "total_time": usage.percent // 3,
        }
        if usage.header.lower() != "x-business-use-case-usage":
            return {usage.header: json.dumps(meters)}
        rows = [{**meters, "type": "pages", "estimated_time_to_regain_access": usage.regain}]
        return {usage.header: json.dumps({PAGE_ID: rows})}

    # --- reading ------------------------------------------------------------------------------

    def _read(self, question: _Question) -> dict[str, Any]:
        nodes = Nodes(self.stage, self.manners, self.clock)
        params = question.params
        try:
            wanted = fields_of(params.get("fields", ""))
        except BadFields:
            raise bad_parameter() from None
        about, _slash, edge = question.about.partition("/")
        if question.kind == "feed":
            if about != PAGE_ID:
                raise no_such_object()
            return nodes.feed(edge, params, wanted)
        if question.kind == "comments":
            if nodes.post(about) is None and nodes.comment(about) is None:
                raise no_such_object()
            return nodes.comments(about, params, wanted)
        return nodes.body(about, wanted)

    def _token_facts(self, token: str) -> dict[str, Any]:
        known = hmac.compare_digest(token.encode(), PAGE_TOKEN.encode())
        if not known or self.token.dead:
            return {"data": {"is_valid": False, "error": {"code": 190}, "scopes": []}}
        ends, access = self.token.ends, self.token.access_ends
        data = {
            "app_id": APP_ID,
            "type": "PAGE",
            "application": "Växeln",
            "is_valid": True,
            "expires_at": int(ends.timestamp()) if ends else 0,
            "data_access_expires_at": int(access.timestamp()) if access else 0,
            "scopes": sorted(self.manners.scopes),
            "profile_id": PAGE_ID,
        }
        return {"data": data}

    # --- changing -----------------------------------------------------------------------------

    def _subscribed(self, question: _Question) -> dict[str, Any]:
        """Which fields of the page ring at the app; POST begins it."""
        if question.method == "POST":
            if "pages_manage_metadata" not in self.manners.scopes:
                raise Trouble(200, status=403)
            names = question.params.get("subscribed_fields", "").split(",")
            self.stage.facts["subscribed"] = sorted(filter(None, names))
            self.stage.save()
            return {"success": True}
        names = self.stage.facts.get("subscribed", [])
        app = {"id": APP_ID, "name": "Växeln", "subscribed_fields": names}
        return {"data": [app] if names else []}

    def _answer(self, question: _Question) -> dict[str, Any]:
        """A comment of the page's: below a post, or below the top comment of what is answered."""
        nodes = Nodes(self.stage, self.manners, self.clock)
        about = question.about.partition("/")[0]
        text = question.params.get("message", "")
        above = nodes.comment(about)
        post = nodes.post(above.post if above else about)
        if post is None:
            raise no_such_object()
        if not text.strip() or len(text) > LONGEST:
            raise bad_parameter()
        if post.extra.get("comments") == "closed":
            raise Trouble(10, status=403)
        parent = None if above is None else nodes.top_of(above) or above.id
        made = self.stage.add_comment(
            post.id, CITY, text, at=self.clock(), parent=parent, author=PAGE_ID, by_city=True
        )
        return {"id": made.id}

    def _update(self, question: _Question) -> dict[str, Any]:
        """Another text for a comment of the page's, or whether something is hidden."""
        nodes = Nodes(self.stage, self.manners, self.clock)
        comment, post = nodes.comment(question.about), nodes.post(question.about)
        params = question.params
        if comment is None and post is None:
            raise no_such_object()
        if "message" in params:
            if comment is None or not comment.by_city:
                raise Trouble(200, status=403)
            self.stage.edit(comment.id, params["message"], at=self.clock())
        if "is_hidden" in params:
            if params["is_hidden"] not in ("true", "false"):
                raise bad_parameter()
            hidden = params["is_hidden"] == "true"
            if comment is not None:
                self._hide(comment, hidden)
            elif post is not None:
                post.extra["hidden"] = hidden
                self.stage.save()
        return {"success": True}

    def _hide(self, comment: Comment, hidden: bool) -> None:
        if comment.by_city:
            raise Trouble(200, status=403)
        self.stage.set_state(comment.id, "hidden" if hidden else "visible")

    def _delete(self, external_id: str) -> dict[str, Any]:
        if Nodes(self.stage, self.manners, self.clock).comment(external_id) is None:
            raise no_such_object()
        self.stage.set_state(external_id, "removed")
        return {"success": True}

    def _message(self, params: Mapping[str, str]) -> dict[str, Any]:
        """A private answer: one to each comment or post, within seven days."""
        try:
            recipient, text = json.loads(params["recipient"]), json.loads(params["message"])["text"]
            about = str(recipient.get("comment_id") or recipient["post_id"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise bad_parameter() from None
        if not str(text).strip() or len(text) > LONGEST_PRIVATE:
            raise bad_parameter()
        nodes = Nodes(self.stage, self.manners, self.clock)
        found = nodes.comment(about) if "comment_id" in recipient else nodes.post(about)
        if found is None:
            raise no_such_object()
        sent = self.stage.facts.setdefault("private", {})
        if about in sent:
            raise Trouble(10900)
        if self.clock() - found.at >= PRIVATE_WINDOW:
            raise Trouble(10, 2018109)
        sent[about] = text
        self.stage.last += 1
        self.stage.save()
        return {"recipient_id": f"r{self.stage.last}", "message_id": f"m_{self.stage.last}"}


def make_id(kind: str, _at: datetime, number: int) -> str:
    """Ids as Graph makes them: two numbers with a line between."""
    first = PAGE_ID if kind == "post" else f"{122_000_000_000 + number}"
    return f"{first}_{3_000_000_000 + number}"


def _question(method: str, path: str, params: dict[str, str]) -> _Question:
    """What kind of question it is. Raises `Trouble` for a path that is not played."""
    about, _slash, edge = path.partition("/")
    kinds = {
        ("GET", ""): "node",
        ("GET", "comments"): "comments",
        ("POST", "comments"): "answer",
        ("POST", ""): "update",
        ("DELETE", ""): "delete",
        ("POST", "messages"): "messages",
        ("GET", "subscribed_apps"): "subscribed_apps",
        ("POST", "subscribed_apps"): "subscribed_apps",
    }
    kind = "feed" if method == "GET" and edge in FEEDS else kinds.get((method, edge))
    if path == "debug_token" and method == "GET":
        kind = "debug_token"
    if not path:
        kind = "batch"
    if kind is None:
        raise Trouble(2500)
    keeps_edge = kind == "feed"
    return _Question(method, kind, path if keeps_edge else about, params)


def _thrown(fault: Fault) -> Reply:
    if isinstance(fault.trouble, Trouble):
        raise fault.trouble
    return fault.trouble


def _error(trouble: Trouble) -> dict[str, Any]:
    """Graph's error envelope; its words are for people."""
    error: dict[str, Any] = {
        "message": f"(#{trouble.code}) Det gick inte.",
        "type": "OAuthException" if trouble.code in (102, 190) else "GraphMethodException",
        "code": trouble.code,
        "fbtrace_id": "Aovning",
    }
    if trouble.subcode:
        error["error_subcode"] = trouble.subcode
    if trouble.transient:
        error["is_transient"] = True
    return {"error": error}
