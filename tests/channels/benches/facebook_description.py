"""Meta's own lists of Graph's fields, edges and parameters, and what we do against them.

They are what its advertising library is generated from; only the lists are used. What they leave
out is common to the whole interface and written down here: paging, fields, and the proof.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.channels.practice.standins.graph_fields import BadFields, Wanted, fields_of
from app.channels.practice.standins.graph_nodes import PAGE_ID
from app.channels.practice.standins.wire import Asked, Reply

PAGING = {"limit", "after", "since", "until", "summary"}
FOR_ALL = {"fields", "appsecret_proof"}
PERSON = {"id", "name"}
ATTACHED = {"type", "media_type", "title", "description", "url", "media", "target"}
SUMMARY = {"total_count", "can_comment", "order"}
TOKEN_FACTS = {
    "app_id", "type", "application", "is_valid", "expires_at", "data_access_expires_at", "scopes",
    "profile_id", "error",
}  # fmt: skip
ERROR = {"message", "type", "code", "error_subcode", "fbtrace_id", "is_transient"}

Parameters = dict[str, frozenset[str]]
"""The values that each parameter may have; none named: any."""


@cache
def fields(kind: str) -> Mapping[str, str]:
    """The type of every field of a `comment`, `post` or `page`."""
    from facebook_business.adobjects.comment import Comment
    from facebook_business.adobjects.page import Page
    from facebook_business.adobjects.pagepost import PagePost

    listed = {"comment": Comment, "post": PagePost, "page": Page}[kind]
    names = {value for name, value in vars(listed.Field).items() if not name.startswith("_")}
    return {name: listed._field_types[name] for name in names if name in listed._field_types}


@cache
def parameters(method: str, edge: str) -> Parameters | None:
    """The parameters of a call; None for one that Meta does not have. `edge` '' for the object."""
    from facebook_business.adobjects.comment import Comment
    from facebook_business.adobjects.page import Page
    from facebook_business.adobjects.pagepost import PagePost

    calls = {
        **{("GET", one): [getattr(Page("1"), f"get_{one}")] for one in (
            "feed", "posts", "published_posts", "visitor_posts", "tagged", "subscribed_apps")},
        ("POST", "subscribed_apps"): [Page("1").create_subscribed_app],
        ("POST", "messages"): [Page("1").create_message],
        ("GET", "comments"): [PagePost("1").get_comments, Comment("1").get_comments],
        ("POST", "comments"): [PagePost("1").create_comment, Comment("1").create_comment],
        ("GET", ""): [PagePost("1").api_get, Comment("1").api_get, Page("1").api_get],
        ("POST", ""): [PagePost("1").api_update, Comment("1").api_update],
        ("DELETE", ""): [PagePost("1").api_delete, Comment("1").api_delete],
    }  # fmt: skip
    if (method, edge) == ("GET", "debug_token"):
        return {"input_token": frozenset()}
    if (method, edge) not in calls:
        return None
    rows: list[Parameters] = []
    for call in calls[method, edge]:
        request = call(pending=True)
        assert (request._method, request._endpoint.strip("/")) == (method, edge)
        kinds = request._param_checker._type_check_info
        enums = request._param_checker._enum_data
        rows.append({
            name: _values(enums.get(kind, ()))
            for name, kind in kinds.items()
        })  # fmt: skip
    first, *others = rows
    return {name: row for name, row in first.items() if all(name in other for other in others)}


def _values(row: Iterable[object]) -> frozenset[str]:
    """The values of an enumeration, which stand among its class's other attributes."""
    return frozenset(one for one in row if isinstance(one, str) and "." not in one)


# --- What we ask ---------------------------------------------------------------------------------


def faults_of_request(asked: Asked) -> list[str]:
    """What Meta's lists do not allow in a request; empty when all is well."""
    if not asked.headers.get("authorization", "").startswith("Bearer "):
        return ["nobody is signed in"]
    given = asked.form if asked.method == "POST" else asked.query
    if asked.method == "POST" and asked.query:
        return ["a change asks in its address"]
    path = asked.path.split("/", 2)[2] if asked.path.count("/") > 1 else ""
    if asked.method == "POST" and not path:
        return list(_of_batch(given))
    return list(_of_call(asked.method, path, given))


def _of_batch(given: Mapping[str, str]) -> Iterator[str]:
    yield from (f"batch: no {name}" for name in given if name not in {
        "batch", "include_headers", "appsecret_proof"})  # fmt: skip
    for part in json.loads(given["batch"]):
        yield from (f"batch: no {name}" for name in part if name not in {"method", "relative_url"})
        parts = urlsplit(part["relative_url"])
        inner = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        yield from _of_call(part["method"], parts.path, inner)


def _of_call(method: str, path: str, given: Mapping[str, str]) -> Iterator[str]:
    about, _slash, edge = path.partition("/")
    if about == "debug_token":
        about, edge = "", about
    known = parameters(method, edge)
    if known is None:
        yield f"no call {method} {edge}"
        return
    paging = PAGING if method == "GET" and edge else set()
    for name, value in given.items():
        if name not in {*known, *paging, *FOR_ALL}:
            yield f"{method} {edge}: no {name}"
        elif known.get(name) and value not in known[name]:
            yield f"{method} {edge}: {value} is no {name}"
    if "fields" in given:
        yield from _of_fields(given["fields"], _kinds(about, edge))


def _kinds(about: str, edge: str) -> tuple[str, ...]:
    """What a call answers with: one kind, or either where only the platform knows."""
    if edge == "comments":
        return ("comment",)
    if edge:
        return ("post",)
    return ("page",) if about == PAGE_ID else ("comment", "post")


def _of_fields(text: str, kinds: Sequence[str]) -> Iterator[str]:
    try:
        wanted = fields_of(text)
    except BadFields:
        yield f"fields cannot be read: {text[:40]}"
        return
    tries = [list(_of_wanted(wanted, kind)) for kind in kinds]
    if all(tries):
        yield from tries[0]


def _of_wanted(wanted: Sequence[Wanted], kind: str) -> Iterator[str]:
    for one in wanted:
        if kind == "post" and one.name == "comments":
            yield from _of_expansion(one)
        elif one.name not in fields(kind) and (kind, one.name) != ("post", "attachments"):
            yield f"{kind}: no field {one.name}"
        elif one.options:
            yield f"{kind}.{one.name}: takes no options"
        elif one.name == "parent":
            yield from _of_wanted(one.inner, "comment")
        else:
            inner = {"from": PERSON, "object": {"id"}, "attachment": ATTACHED,
                     "attachments": ATTACHED}.get(one.name, set())  # fmt: skip
            yield from (f"{one.name}: no {w.name}" for w in one.inner if w.name not in inner)


def _of_expansion(one: Wanted) -> Iterator[str]:
    known = parameters("GET", "comments") or {}
    for name, value in one.options.items():
        if name not in {*known, *PAGING}:
            yield f"comments: no {name}"
        elif known.get(name) and value not in known[name]:
            yield f"comments: {value} is no {name}"
    summary = set(one.options.get("summary", "").split(",")) - {"", "true"}
    yield from (f"summary: no {name}" for name in summary - SUMMARY)
    yield from _of_wanted(one.inner, "comment")


# --- What the stand-in answers -----------------------------------------------------------------------


def faults_of_reply(asked: Asked, reply: Reply) -> list[str]:
    """What Meta's lists do not know in an answer; what is no JSON is a fault on purpose."""
    try:
        told = json.loads(reply.body)
    except ValueError:
        return []
    if isinstance(told, list):
        bodies = [json.loads(part["body"]) for part in told if part is not None]
        return [fault for body in bodies for fault in _of_thing(body)]
    return list(_of_thing(told)) if asked.method == "GET" else list(_of_done(told))


def _of_done(told: Any) -> Iterator[str]:
    known = {"id", "success", "recipient_id", "message_id", "error"}
    yield from (f"answer: no {name}" for name in set(told) - known)


def _of_thing(told: Any, kind: str = "") -> Iterator[str]:
    """An error, a list, facts of a token, or an object of any kind that has all its fields."""
    if "error" in told:
        yield from (f"error: no {name}" for name in set(told["error"]) - ERROR)
    elif isinstance(told.get("data"), list):
        yield from _of_list(told, kind)
    elif isinstance(told.get("data"), dict):
        yield from (f"token: no {name}" for name in set(told["data"]) - TOKEN_FACTS)
    else:
        kinds = (kind,) if kind else ("comment", "post", "page")
        tries = [list(_of_object(told, one)) for one in kinds]
        if all(tries):
            yield from tries[0]


def _of_list(told: Mapping[str, Any], kind: str) -> Iterator[str]:
    yield from (f"list: no {name}" for name in set(told) - {"data", "paging", "summary"})
    yield from (f"summary: no {name}" for name in set(told.get("summary", ())) - SUMMARY)
    for one in told["data"]:
        if "subscribed_fields" not in one:
            yield from _of_thing(one, kind)


def _of_object(told: Mapping[str, Any], kind: str) -> Iterator[str]:
    for name, value in told.items():
        if kind == "post" and name == "comments":
            yield from _of_thing(value, "comment")
        elif kind == "post" and name == "attachments":
            yield from (f"attachments: no {key}" for row in value["data"] for key in row
                        if key not in ATTACHED)  # fmt: skip
        elif name not in fields(kind):
            yield f"{kind}: no field {name}"
        elif not _fits(value, fields(kind)[name]):
            yield f"{kind}.{name}: not of type {fields(kind)[name]}"
        elif name == "parent":
            yield from _of_object(value, "comment")


def _fits(value: Any, kind: str) -> bool:
    if kind == "datetime":
        return datetime.fromisoformat(value).tzinfo is not None
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "unsigned int":
        return isinstance(value, int) and value >= 0
    if kind == "string":
        return isinstance(value, str)
    return isinstance(value, list) if kind.startswith("list<") else isinstance(value, dict)
