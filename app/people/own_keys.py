"""A person's own single keys: which act each presses, and which cannot be chosen.

Single keys can be switched off and changed, and none is needed (WCAG 2.2, 2.1.4).
"""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from app.database import db, writing
from app.models import Staff

DEFAULTS: Mapping[str, str] = {
    "next": "j",
    "previous": "k",
    "pick": "x",
    "search": "/",
    "filter": "l",
    "many": "g",
    "answer": "r",
    "note": "n",
    "forward": "f",
    "insert": "i",
    "template": "t",
    "undo": "z",
    "close": "e",
    "take": "a",
    "hand_over": "o",
    "wait": "v",
    "snooze": "s",
    "unread": "u",
    "move1": "1",
    "move2": "2",
    "move3": "3",
    "move": "m",
    "call": "p",
    "help": "?",
}
"""Every act that a single key presses, with the key it has before anybody changes it."""

DEAD = "´`^¨~"
"""Keys that wait for a letter on a Nordic keyboard: a page never hears them by themselves."""
BROWSERS = "'"
"""Firefox looks for links at this key; its other one, /, is what people expect to search with."""


class Refused(StrEnum):
    """Why a key cannot be chosen."""

    NOT_ONE = "not_one"
    SPACE = "space"
    DEAD = "dead"
    BROWSER = "browser"
    TAKEN = "taken"


class BadKeys(Exception):
    """Some keys cannot be chosen: why, by act. Nothing has been changed."""

    def __init__(self, refused: dict[str, Refused]) -> None:
        super().__init__(refused)
        self.refused = refused


def keys_of(staff: Staff) -> dict[str, str]:
    """The key of every act for this person, in lower case; '' where they want none.

    An act that came later does not take a key that they have already given to another.
    """
    own = staff.keys.get("map", {})
    taken = set(own.values())
    return {act: own.get(act, "" if key in taken else key) for act, key in DEFAULTS.items()}


def are_off(staff: Staff) -> bool:
    """Whether the person has switched all single keys off."""
    return bool(staff.keys.get("off"))


def change_keys(staff: Staff, *, off: bool, wanted: Mapping[str, str]) -> None:
    """Keep a person's keys; an act that is not in `wanted` keeps its own. Raises `BadKeys`.

    Keys are told apart without case. An empty one takes the key from the act.
    """
    keys = keys_of(staff)
    keys |= {act: key.lower() for act, key in wanted.items() if act in DEFAULTS}
    refused = _refused(keys)
    if refused:
        raise BadKeys(refused)
    changed = {act: key for act, key in keys.items() if key != DEFAULTS[act]}
    _keep(staff, {"off": off, "map": changed})


def put_back(staff: Staff) -> None:
    """All keys as they were before the person changed any, and switched on."""
    _keep(staff, {})


def _keep(staff: Staff, keys: dict[str, object]) -> None:
    with writing():
        db.session.merge(staff).keys = keys


def _refused(keys: Mapping[str, str]) -> dict[str, Refused]:
    """What is wrong, by act; of two acts with one key both are named."""
    found: dict[str, Refused] = {}
    used = list(keys.values())
    for act, key in keys.items():
        why = _why_not(key)
        if why is None and key and used.count(key) > 1:
            why = Refused.TAKEN
        if why is not None:
            found[act] = why
    return found


def _why_not(key: str) -> Refused | None:
    """Why nobody can have this key; None when they can, or when there is none."""
    if key and not key.strip():
        return Refused.SPACE
    if len(key) > 1 or (key and unicodedata.category(key)[0] == "C"):
        return Refused.NOT_ONE
    if key and (key in DEAD or unicodedata.combining(key)):
        return Refused.DEAD
    return Refused.BROWSER if key and key in BROWSERS else None
