"""Reading a blog's comments: page by page with a cursor that survives any interruption."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.channels.base import AtSource, Page, Raw, Reason, Refused, SignInNeeded
from app.channels.wordpress.site import PER_PAGE, Site, count_of, has_more, items_of
from app.channels.wordpress.words import STATES, asked_fields, post_of, raw_of

PUBLIC_PAGES = 3
"""Without a login a look at the news stops here: nothing tells which were released late."""
DEEP_EVERY = timedelta(hours=24)
DEEP_DAYS = timedelta(days=60)
POST_ROUTE = re.compile(r"/wp/v2/([\w-]+)/\d+/?$")


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a look has come to; this is what the cursor says, as JSON.

    `floor`: nothing written earlier is read, except for parents. `deep_at`: when the last pass over
    60 days began. `top` and `known_to`: the highest id of this look, and of the last whole one.
    `total`: how many comments the page before counted. Times are aware UTC in ISO form.
    """

    floor: str
    deep_at: str
    deep: bool = True
    page: int = 1
    total: int = 0
    top: int = 0
    known_to: int = 0
    me: int | None = None
    user: str = ""


def page_of(site: Site, cursor: str | None) -> Page:
    """One page of comments, the newest first; once a day everything of the last 60 days."""
    walk = _begin(site, cursor)
    answer = site.get("comments", _list_question(site, walk))
    total = count_of(answer, "x-wp-total")
    if walk.page > 1 and total < walk.total:  # some have gone: the rest have moved up
        walk = replace(walk, page=max(1, walk.page - 1 - (walk.total - total) // PER_PAGE))
        answer = site.get("comments", _list_question(site, walk))
        total = count_of(answer, "x-wp-total")
    listed = items_of(answer)
    items = [item for item in listed if item.get("type", "comment") in ("comment", "")]
    ids = [int(item["id"]) for item in items]
    walk = replace(walk, top=max([walk.top, *ids]))
    more = has_more(answer, walk.page, len(listed))
    if not site.signed_in and not walk.deep:
        more = more and walk.page < PUBLIC_PAGES
    known_to = max(walk.top, walk.known_to)
    rest = replace(walk, deep=False, page=1, total=0, top=0, known_to=known_to)
    rest_cursor = json.dumps(asdict(rest))
    onward = json.dumps(asdict(replace(walk, page=walk.page + 1, total=total)))
    return Page(
        raws=_raws(site, items, walk.me),
        cursor=onward if more else rest_cursor,
        rest_cursor=rest_cursor,
        more=more,
        until_known=not walk.deep and (not ids or min(ids) <= walk.known_to),
    )


def looked_again(site: Site, external_ids: Sequence[str]) -> Page:
    """The comments as they are now; those in the bin or deleted are `removed`."""
    wanted = [known for known in external_ids if known.isdigit()][:PER_PAGE]
    if not wanted:
        return Page()
    me = site.signed_in_user()["id"] if site.signed_in else None
    question: dict[str, str | int] = {
        **_view(site),
        "include": ",".join(wanted),
        "per_page": PER_PAGE,
    }
    items = items_of(site.get("comments", question))
    removed = []
    for missing in sorted(set(wanted) - {str(item["id"]) for item in items}, key=int):
        item = _still_there(site, missing)
        if item is None or STATES.get(item.get("status", "")) is AtSource.REMOVED:
            removed.append(missing)
        else:
            items.append(item)
    return Page(raws=_raws(site, items, me), removed=tuple(removed))


def _begin(site: Site, cursor: str | None) -> Walk:
    """Where to go on, or a new look; a login that changed since is looked up anew."""
    if cursor is None:
        since = site.connection.backfill_since or site.now
        walk = Walk(floor=_stamp(since), deep_at=_stamp(site.now))
    else:
        walk = Walk(**json.loads(cursor))
        if (
            walk.page == 1
            and not walk.deep
            and site.now - datetime.fromisoformat(walk.deep_at) >= DEEP_EVERY
        ):
            walk = replace(walk, deep=True, deep_at=_stamp(site.now))
    if site.signed_in and (walk.me is None or walk.user != site.user):
        walk = replace(walk, me=int(site.signed_in_user()["id"]), user=site.user)
    return walk


def _list_question(site: Site, walk: Walk) -> dict[str, str | int]:
    """The list's parameters. `after` is exact only with a zone, and leaves out its own second."""
    after = datetime.fromisoformat(walk.floor)
    if walk.deep and walk.known_to:  # not on the first reading, which goes to the floor
        after = max(after, datetime.fromisoformat(walk.deep_at) - DEEP_DAYS)
    return {
        **_view(site),
        "orderby": "id",
        "order": "desc",
        "per_page": PER_PAGE,
        "page": walk.page,
        "after": _stamp(after - timedelta(seconds=1)),
    }


def _view(site: Site) -> dict[str, str | int]:
    fields = ",".join(asked_fields(site.signed_in))
    if site.signed_in:
        return {"context": "edit", "status": "all", "_fields": fields}
    return {"context": "view", "_fields": fields}


def _stamp(moment_: datetime) -> str:
    return moment_.strftime("%Y-%m-%dT%H:%M:%SZ")


def _raws(site: Site, items: Sequence[Mapping[str, Any]], me: int | None) -> tuple[Raw, ...]:
    posts, base = _posts(site, items), f"{site.connection.pepper}{site.base}"
    return tuple(raw_of(item, posts.get(str(item.get("post"))), base=base, me=me) for item in items)


def _posts(site: Site, items: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """The posts and pages the comments stand under, by id; what we may not read is left out."""
    by_route: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for link in (item.get("_links") or {}).get("up") or []:
            found = POST_ROUTE.search(str(link.get("href", "")))
            if found:
                by_route[found[1]].add(str(item["post"]))
    posts: dict[str, dict[str, str]] = {}
    for route, ids in sorted(by_route.items()):
        question: dict[str, str | int] = {
            "include": ",".join(sorted(ids, key=int)),
            "per_page": PER_PAGE,
            "_fields": "id,title,content,link,date_gmt",
        }
        try:
            found_posts = items_of(site.get(route, question))
        except (Refused, SignInNeeded):
            continue
        posts.update({str(item["id"]): post_of(item) for item in found_posts})
    return posts


def _still_there(site: Site, external_id: str) -> dict[str, Any] | None:
    """A comment that the list left out; None when it is gone or no longer public."""
    try:
        return site.comment(external_id, asked_fields(site.signed_in))
    except Refused as refusal:
        if refusal.reason in (Reason.MESSAGE_GONE, Reason.POST_GONE):
            return None
        raise
    except SignInNeeded:
        if site.signed_in:
            raise
        return None
