"""The addresses of our own pages: worked out once each (a page has some seventy of them), and
with no number in them that the database could not hold."""

from typing import Any

from flask import Flask, current_app, request
from werkzeug.routing import IntegerConverter, Map

MOST_KEPT = 5000
LARGEST = 2**31 - 1
"""What an id can be at most on either database."""

_kept: dict[Any, str] = {}


class Number(IntegerConverter):
    """A number in an address. Of one that no row can have there is no page (404)."""

    def __init__(self, rules: Map) -> None:
        super().__init__(rules, max=LARGEST)


def address_to(endpoint: str, **values: Any) -> str:
    """As `flask.url_for`. What cannot be kept, or is relative to the page, is worked out anew."""
    alone = not request or endpoint.startswith(".") or "_external" in values
    if alone or any(map(_is_list, values.values())):
        return current_app.url_for(endpoint, **values)
    key = (request.script_root, endpoint, *values.items())
    found = _kept.get(key)
    if found is None:
        found = current_app.url_for(endpoint, **values)
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = found
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict, set))


def init_app(app: Flask) -> None:
    """Let the pages have their addresses, and what may stand in them, from here."""
    app.url_map.converters["int"] = Number
    app.jinja_env.globals["url_for"] = address_to
