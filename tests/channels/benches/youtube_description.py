"""Google's own description of the Data API, and what a request or an answer does against it."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from googleapiclient.discovery_cache import get_static_doc

from app.channels.practice.standins.wire import Asked, Reply
from app.channels.youtube.sign_in import SCOPE

BASE = "/youtube/v3"


@cache
def description() -> dict[str, Any]:
    """The discovery document that comes with Google's own client."""
    found: dict[str, Any] = json.loads(get_static_doc("youtube", "v3"))
    return found


def method(name: str) -> dict[str, Any]:
    """One method of it, e.g. `comments.list`."""
    resource, verb = name.split(".")
    found: dict[str, Any] = description()["resources"][resource]["methods"][verb]
    return found


@cache
def methods() -> Mapping[tuple[str, str], str]:
    """The name of every method by verb and path."""
    return {
        (one["httpMethod"], f"/{one['path']}"): f"{resource}.{verb}"
        for resource, all_of in description()["resources"].items()
        for verb, one in all_of.get("methods", {}).items()
    }


def faults_of_request(asked: Asked) -> list[str]:
    """What the description does not allow in a request; empty when all is well."""
    name = methods().get((asked.method, asked.path))
    if name is None:
        return [f"no method {asked.method} {asked.path}"]
    known = method(name)
    faults = [] if SCOPE in known["scopes"] else [f"{name}: our scope is not enough"]
    if not asked.headers.get("authorization", "").startswith("Bearer "):
        faults.append(f"{name}: nobody is signed in")
    for parameter, row in known["parameters"].items():
        if row.get("required") and not asked.query.get(parameter):
            faults.append(f"{name}: {parameter} is missing")
    for parameter, value in asked.query.items():
        row = known["parameters"].get(parameter)
        faults += [f"{name}: no {parameter}"] if row is None else _of_value(parameter, value, row)
    if "request" in known:
        faults += list(_of_body(json.loads(asked.body), known["request"]["$ref"], name))
    elif asked.body:
        faults.append(f"{name}: takes no body")
    return faults


def faults_of_reply(asked: Asked, reply: Reply) -> list[str]:
    """What the description does not know in a good answer; empty when all is well."""
    name = methods()[asked.method, asked.path]
    if reply.status >= 300:
        return []
    known = method(name)
    if "response" not in known:
        fine = reply.status == 204 and not reply.body
        return [] if fine else [f"{name}: answers without a body"]
    return list(_of_body(json.loads(reply.body), known["response"]["$ref"], name))


def _of_value(name: str, value: str, row: Mapping[str, Any]) -> list[str]:
    if "enum" in row and value not in row["enum"]:
        return [f"{name}: {value} is not among its values"]
    if row["type"] == "integer":
        least, most = int(row.get("minimum", 0)), int(row.get("maximum", 2**32))
        if not value.isdigit() or not least <= int(value) <= most:
            return [f"{name}: {value} is out of bounds"]
    if row["type"] == "boolean" and value not in ("true", "false"):
        return [f"{name}: {value} is no boolean"]
    return []


def _of_body(value: Any, schema: str, where: str) -> Iterator[str]:
    """Every field must be known, of its type, and one of its values where those are listed."""
    fields = description()["schemas"][schema]["properties"]
    if not isinstance(value, dict):
        yield f"{where}: not an object"
        return
    for name, one in value.items():
        if name not in fields:
            yield f"{where}.{name}: no such field in {schema}"
        else:
            yield from _of_field(one, fields[name], f"{where}.{name}")


def _of_field(value: Any, row: Mapping[str, Any], where: str) -> Iterator[str]:
    if "$ref" in row:
        yield from _of_body(value, row["$ref"], where)
        return
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list}
    if not isinstance(value, kinds[row["type"]]) or (
        row["type"] == "integer" and isinstance(value, bool)
    ):
        yield f"{where}: not of type {row['type']}"
    elif "enum" in row and value not in row["enum"]:
        yield f"{where}: {value} is not among its values"
    elif row.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        yield f"{where}: a time without a zone"
    elif row["type"] == "array":
        for one in value:
            yield from _of_field(one, row["items"], where)
