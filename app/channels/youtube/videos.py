"""What the films are called, remembered so that it is asked once a day at most."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.channels.youtube.interface import Interface, in_lots, items_of, part

LETTERS = 1000
"""How much of a film's description follows with each comment: it is context, not a message."""
GOOD_FOR = timedelta(hours=24)
REMEMBERED = 1000

Facts = dict[str, str]

_known: dict[tuple[str, str], tuple[datetime, Facts]] = {}
"""By address and film, for as long as the process lives: when it was read, and what it said."""


def films(api: Interface, ids: Collection[str]) -> Mapping[str, Facts]:
    """Title, beginning of the description and time of each film; `{}` for one that is not there.

    A film that has gone keeps the facts it had, so that its comments do not look changed.
    """
    wanted = {one for one in ids if one}
    stale = sorted(one for one in wanted if not _is_fresh(api, one))
    for lot in in_lots(stale):
        found = {str(item["id"]): _facts(item) for item in _listed(api, lot)}
        for one in lot:
            facts = found.get(one) or _known.get((api.base, one), (api.now, {}))[1]
            _known.pop((api.base, one), None)
            _known[api.base, one] = (api.now, facts)
    facts_of = {one: _known[api.base, one][1] for one in wanted}
    while len(_known) > REMEMBERED:
        _known.pop(next(iter(_known)), None)
    return facts_of


def forget() -> None:
    """Remember nothing (a new process does not either)."""
    _known.clear()


def _is_fresh(api: Interface, video: str) -> bool:
    known = _known.get((api.base, video))
    return known is not None and abs(api.now - known[0]) < GOOD_FOR


def _listed(api: Interface, lot: list[str]) -> list[dict[str, Any]]:
    return items_of(api.get("videos.list", {"part": "snippet", "id": ",".join(lot)}))


def _facts(item: Mapping[str, Any]) -> Facts:
    snippet = part(item, "snippet")
    return {
        "title": str(snippet.get("title") or ""),
        "text": str(snippet.get("description") or "")[:LETTERS],
        "published": str(snippet.get("publishedAt") or ""),
    }
