"""Hold x_operations.json against a whole OpenAPI document of X's: `python -m tests.channels.verify_x FILE`.

Prints one line for each difference and ends with 1; prints nothing and ends with 0 when all agrees.
A document is held against the dialect it speaks. Towards a newer one the older dialect's names are
allowed as far as `older_names` tells of them.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

OURS = Path(__file__).with_name("x_operations.json")
TYPES = {
    "id": "string", "text": "string", "time": "string", "number": "integer", "flag": "boolean",
    "list": "array", "ids": "array",
}  # fmt: skip
BOUNDS = {
    "number": {"least": "minimum", "most": "maximum"},
    "ids": {"least": "minItems", "most": "maxItems"},
    "text": {"longest": "maxLength"},
}

Json = Mapping[str, Any]


class Document:
    """One of X's OpenAPI documents."""

    def __init__(self, whole: Json) -> None:
        self.whole = whole

    def resolved(self, schema: Json) -> Json:
        """A schema, followed to where it is written."""
        while "$ref" in schema:
            found: Any = self.whole
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def parts(self, schema: Json, seen: tuple[int, ...] = ()) -> Iterator[Json]:
        """A schema and all that it is put together of or may be one of."""
        schema = self.resolved(schema)
        if id(schema) in seen:
            return
        yield schema
        inner = [*schema.get("allOf", []), *schema.get("oneOf", []), *schema.get("anyOf", [])]
        inner += [
            {"$ref": ref} for ref in schema.get("discriminator", {}).get("mapping", {}).values()
        ]
        for one in inner:
            yield from self.parts(one, (*seen, id(schema)))

    def property(self, schema: Json, name: str) -> Json | None:
        """What a schema says of one of its properties."""
        for part in self.parts(schema):
            if name in part.get("properties", {}):
                return part["properties"][name]  # type: ignore[no-any-return]  # JSON
        return None

    def type_of(self, schema: Json) -> str:
        """string, integer, boolean, array or object."""
        for part in self.parts(schema):
            if "type" in part:
                return str(part["type"])
            if "properties" in part:
                return "object"
        return "?"

    def items(self, schema: Json) -> Json:
        """What an array holds."""
        return next((part["items"] for part in self.parts(schema) if "items" in part), {})

    def operation(self, method: str, path: str) -> Json | None:
        """One of the document's calls."""
        found = self.whole["paths"].get(path, {}).get(method.lower())
        return found if isinstance(found, dict) else None

    def parameters(self, operation: Json) -> dict[str, Json]:
        """A call's parameters in the address, by name."""
        every = [self.resolved(one) for one in operation.get("parameters", [])]
        return {one["name"]: one for one in every if one["in"] == "query"}

    def dialect(self) -> str:
        """Which names the document speaks in."""
        mentions = self.operation("GET", "/2/users/{id}/mentions") or {}
        return "post" if "post.fields" in self.parameters(mentions) else "tweet"


def differences(ours: Json, document: Document) -> Iterator[str]:
    """A line for each thing that the document says otherwise."""
    dialect = document.dialect()
    for name, call in ours["operations"].items():
        theirs = document.operation(call["method"], call["path"])
        if theirs is None:
            yield f"{name}: {call['method']} {call['path']} is not there"
            continue
        yield from _scopes(name, call, theirs)
        yield from _query(name, call, theirs, document, dialect)
        if dialect == "post":
            yield from _older_query(name, call, theirs, document, ours["older_names"])
        yield from _body(name, call, theirs, document)
        yield from _answer(name, call, theirs, document, ours, dialect)


def _scopes(name: str, call: Json, theirs: Json) -> Iterator[str]:
    ways = {
        way: sorted(scopes) for one in theirs.get("security", []) for way, scopes in one.items()
    }
    if "UserToken" not in ways:
        yield f"{name}: does not take an OAuth 1.0a user"
    if ways.get("OAuth2UserToken") != sorted(call["scopes"]):
        yield f"{name}: wants the scopes {ways.get('OAuth2UserToken')}, not {call['scopes']}"


def _query(name: str, call: Json, theirs: Json, document: Document, dialect: str) -> Iterator[str]:
    known = document.parameters(theirs)
    asked = {**call["query"]["both"], **call["query"][dialect]}
    for parameter, rule in asked.items():
        if parameter not in known:
            yield f"{name}: has no parameter {parameter}"
            continue
        for line in _parameter(rule, known[parameter]["schema"], document):
            yield f"{name}: {parameter} {line}"
    for parameter, told in known.items():
        if told.get("required") and not asked.get(parameter, {}).get("required"):
            yield f"{name}: {parameter} is required"


def _parameter(rule: Json, schema: Json, document: Document) -> Iterator[str]:
    schema = document.resolved(schema)
    kind = rule["kind"]
    if document.type_of(schema) != TYPES[kind]:
        yield f"is {document.type_of(schema)}, not {TYPES[kind]}"
    for ours, bound in BOUNDS.get(kind, {}).items():
        if rule.get(ours) != schema.get(bound):
            yield f"has {bound} {schema.get(bound)}, not {rule.get(ours)}"
    if kind == "id" and schema.get("pattern") != "^[0-9]{1,19}$":
        yield f"looks like {schema.get('pattern')}"
    if kind == "time" and schema.get("format") != "date-time":
        yield "is no time"
    if kind == "list":
        allowed = document.resolved(document.items(schema)).get("enum", [])
        yield from (f"does not know {one}" for one in rule["of"] if one not in allowed)


def _older_query(
    name: str, call: Json, theirs: Json, document: Document, older: Json
) -> Iterator[str]:
    """Names of the older dialect that this document does not have and nobody has told of."""
    known = document.parameters(theirs)
    for parameter, rule in call["query"]["tweet"].items():
        newer = "post.fields" if parameter == "tweet.fields" else parameter
        if parameter not in known and parameter not in older["parameters"]:
            yield f"{name}: the older {parameter} is not told of"
        if newer not in known:
            continue
        allowed = document.resolved(document.items(known[newer]["schema"])).get("enum", [])
        told = older["values"]["fields" if newer == "post.fields" else "expansions"]
        for one in rule["of"]:
            if one not in allowed and one not in told:
                yield f"{name}: the older {parameter}={one} is not told of"


def _body(name: str, call: Json, theirs: Json, document: Document) -> Iterator[str]:
    if "body" not in call:
        if theirs.get("requestBody"):
            yield f"{name}: wants a body"
        return
    content = document.resolved(theirs.get("requestBody", {})).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    yield from (f"{name}: the body's {line}" for line in _object(call["body"], schema, document))


def _object(ours: Json, schema: Json, document: Document) -> Iterator[str]:
    for key, kind in ours.items():
        told = document.property(schema, key)
        if told is None:
            yield f"{key} is not known"
        elif isinstance(kind, Mapping):
            yield from (f"{key}.{line}" for line in _object(kind, told, document))
        elif document.type_of(told) != TYPES[kind]:
            yield f"{key} is {document.type_of(told)}, not {kind}"
    needed = {one for part in document.parts(schema) for one in part.get("required", [])}
    yield from (f"{one} is required" for one in sorted(needed - set(ours)))


def _answer(
    name: str, call: Json, theirs: Json, document: Document, ours: Json, dialect: str
) -> Iterator[str]:
    status = str(call["status"])
    if status not in theirs["responses"]:
        yield f"{name}: does not answer {status}"
        return
    content = document.resolved(theirs["responses"][status]).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    for line in _shape(call["answer"], schema, document, ours["shapes"], dialect):
        yield f"{name}: the answer's {line}"


def _shape(
    shape: str, schema: Json, document: Document, shapes: Json, dialect: str
) -> Iterator[str]:
    for key, kind in fields_of(shapes, shape, dialect).items():
        told = document.property(schema, key)
        if told is None:
            yield f"{key} is not known"
            continue
        if kind.startswith("["):
            if document.type_of(told) != "array":
                yield f"{key} is no list"
                continue
            kind, told = kind.strip("[]"), document.items(told)
        if kind in TYPES:
            if document.type_of(told) != TYPES[kind]:
                yield f"{key} is {document.type_of(told)}, not {kind}"
        else:
            inner = _shape(kind, told, document, shapes, dialect)
            yield from (f"{key}.{line}" for line in inner)


def fields_of(shapes: Json, shape: str, dialect: str) -> dict[str, str]:
    """A shape's fields and their kinds in one dialect."""
    return {**shapes[shape]["both"], **shapes[shape].get(dialect, {})}


def main(arguments: list[str]) -> int:
    """Compare with the file that is named; see the module."""
    if len(arguments) != 1:
        print("usage: python -m tests.channels.verify_x FILE", file=sys.stderr)
        return 2
    ours = json.loads(OURS.read_text(encoding="utf-8"))
    document = Document(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    found = list(differences(ours, document))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
