"""Reading X page by page, and looking again at what was read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.basics.clock import parse_utc
from app.channels.base import Connection, Page, Raw, Refused
from app.channels.x.account import base_url, is_id, newest
from app.channels.x.dialect import Found, references, versions
from app.channels.x.errors import MARKED_GONE
from app.channels.x.interface import PER_PAGE, Interface, since
from app.channels.x.known import known
from app.channels.x.memory import (
    MARGIN,
    WINDOW,
    Job,
    Memory,
    begin_look,
    finish,
    follow,
    memory_from,
    talk_jobs,
)
from app.channels.x.words import raw_of, trimmed

SHORTEST = timedelta(seconds=120)
"""Between two looks at the same list."""
CAPPED_AT = 800
"""X gives no more mentions than these, however many there are."""


def page_of(connection: Connection, cursor: str | None, now: datetime) -> Page:
    """One page of a look. Raises `BudgetSpent` when the month's money is used up."""
    interface = Interface(connection, now)
    interface.money.must_leave_for_reading()
    memory = memory_from(cursor, backfill=connection.backfill_since, now=now)
    interface.paid = memory.paid
    if not memory.jobs:
        begin_look(memory, connection.kind, now, saving=interface.money.slowed)
    job = memory.jobs[0]
    found = _step(interface, memory, job)
    raws = _raws(interface, found, floor=datetime.fromisoformat(memory.floor))
    capped = job.do == "news" and not job.token and job.count >= CAPPED_AT
    _go_on(interface, memory, job)
    _note_scarcity(interface, memory)
    cursor = memory.to_cursor()
    if memory.jobs:
        return Page(raws=raws, cursor=cursor, more=True, notices=_capped(capped))
    until, notices = _pace(interface, memory)
    return Page(
        raws=raws,
        cursor=cursor,
        rest_cursor=cursor,
        asked_to_wait_until=until,
        notices=(*_capped(capped), *notices),
    )


def looked_again(connection: Connection, external_ids: Sequence[str], now: datetime) -> Page:
    """The posts as they are now, and those that X says are gone. Rests when money is short.

    An id leads to that version of a post; a later one is asked for by its own.
    """
    interface = Interface(connection, now)
    wanted = [known_id for known_id in external_ids if is_id(known_id)][:PER_PAGE]
    if not wanted or interface.money.slowed:
        return Page()
    found = interface.posts(wanted)
    latest = {versions(post)[-1] for post in found.posts} - {post["id"] for post in found.posts}
    pages = [found]
    if latest:
        pages.append(interface.posts(sorted(latest)[:PER_PAGE]))
    removed = [one for one in wanted if found.missing.get(one) in MARKED_GONE]
    raws = [raw for page in pages for raw in _raws(interface, _current(page), floor=None)]
    return Page(raws=tuple(raws), removed=tuple(removed))


def _current(found: Found) -> Found:
    """Without versions that have been edited since."""
    kept = tuple(post for post in found.posts if versions(post)[-1] == post["id"])
    return Found(kept, found.others, found.users, found.media)


# --- One step of a look ---------------------------------------------------------------------


def _step(interface: Interface, memory: Memory, job: Job) -> Found:
    """The job's next page. `talks` has none: it only says that conversations come next."""
    if job.do == "talks":
        return Found()
    if job.do == "talk" and not job.token:
        job.newest = newest(job.newest, memory.top)
    try:
        found = _asked(interface, job)
    except Refused:
        if not _mended(job, interface.problem.names, interface.now):
            raise
        found = _asked(interface, job)
    job.newest = newest(job.newest, *(post["id"] for post in found.posts))
    job.count += len(found.posts)
    job.token = found.token
    if job.do == "own" and interface.connection.kind != "mentions":
        for post in found.posts:
            if _begins_conversation(post):
                conversation = str(post.get("conversation_id") or post["id"])
                written = parse_utc(str(post.get("created_at") or "")) or interface.now
                follow(memory, conversation, written.isoformat(), interface.now)
    return found


def _asked(interface: Interface, job: Job) -> Found:
    bounds: dict[str, Any] = {"since_id": job.since}
    if job.start:
        bounds = {"start_time": since(datetime.fromisoformat(job.start), interface.now)}
    if job.query:
        return interface.search(job.query, next_token=job.token, **bounds)
    ask = interface.own_posts if job.do == "own" else interface.mentions
    return ask(pagination_token=job.token, **bounds)


def _mended(job: Job, names: frozenset[str], now: datetime) -> bool:
    """Whether a question that X did not accept has been changed to one that it will.

    An id older than the search's window, or the way to a page that X has forgotten: the list is
    read from its first page once more, as far back as X goes.
    """
    if job.token and names & {"pagination_token", "next_token"}:
        job.begin_again()
        return True
    if job.since and "since_id" in names:
        job.begin_again()
        job.since, job.start = "", (now - WINDOW + MARGIN).isoformat()
        return True
    return False


def _go_on(interface: Interface, memory: Memory, job: Job) -> None:
    """Another page of the same list, or the next list."""
    if job.token:
        return
    memory.jobs.pop(0)
    if job.do == "talks":
        handle = interface.account.handle
        memory.jobs += talk_jobs(memory, job.start, handle, interface.now)
    else:
        finish(memory, job)


def _note_scarcity(interface: Interface, memory: Memory) -> None:
    """Keep in mind until X counts anew that few calls are left, whichever list they are for."""
    limit = interface.limit
    if limit is not None and limit.low:
        memory.scarce_until = max(memory.scarce_until, limit.reset.isoformat())
        memory.scarce = f"{limit.remaining}/{limit.most}"
    elif memory.scarce_until and memory.scarce_until <= interface.now.isoformat():
        memory.scarce_until = memory.scarce = ""


def _pace(interface: Interface, memory: Memory) -> tuple[datetime, tuple[tuple[str, str], ...]]:
    """When to look next, and why so late."""
    until = interface.now + SHORTEST
    notices: tuple[tuple[str, str], ...] = ()
    if memory.scarce_until:
        until = max(until, datetime.fromisoformat(memory.scarce_until))
        notices = (("slowed", memory.scarce),)
    if interface.money.slowed:
        until = max(until, interface.now + interface.money.wait)
        notices = (("slowed", interface.money.percent),)
    return until, notices


def _capped(capped: bool) -> tuple[tuple[str, str], ...]:
    return (("capped", str(CAPPED_AT)),) if capped else ()


# --- From posts to what is kept ----------------------------------------------------------------


def _raws(interface: Interface, found: Found, *, floor: datetime | None) -> tuple[Raw, ...]:
    """What is kept of a page: no reposts, nothing that the city began, nothing before `floor`."""
    posts = [post for post in found.posts if _is_message(interface, post, floor)]
    roots = _roots(interface, found, posts)
    people = _people(interface, found, posts)
    me = interface.account.id
    return tuple(
        raw_of(
            post,
            found,
            root=roots.get(str(post.get("conversation_id"))),
            author=people.get(str(post.get("author_id"))),
            me=me,
        )
        for post in posts
    )


def _is_message(interface: Interface, post: Mapping[str, Any], floor: datetime | None) -> bool:
    if "retweeted" in references(post) and "quoted" not in references(post):
        return False
    if post.get("author_id") == interface.account.id and _begins_conversation(post):
        return False
    written = parse_utc(str(post.get("created_at") or ""))
    return floor is None or written is None or written >= floor


def _begins_conversation(post: Mapping[str, Any]) -> bool:
    conversation = post.get("conversation_id")
    return "replied_to" not in references(post) and (
        conversation is None or str(conversation) in versions(post)
    )


def _roots(
    interface: Interface, found: Found, posts: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """The first posts of the conversations, by id: they come along only with direct answers.

    The others are asked for once; without them nobody could say whose conversation it is.
    """
    place = f"root {base_url(interface.connection)}"
    wanted = {str(post["conversation_id"]) for post in posts if post.get("conversation_id")}
    wanted -= {one for post in posts for one in versions(post)[:1] if one == _root_id(post)}
    for external_id in wanted:
        came = found.post(external_id)
        if came is not None:
            known.put(place, external_id, trimmed(came), interface.now)
    unknown = sorted(one for one in wanted if not known.has(place, one, interface.now))
    for some in _hundreds([one for one in unknown if is_id(one)]):
        asked = interface.posts(some, bare=True)
        for external_id in some:
            came = asked.post(external_id)
            known.put(place, external_id, trimmed(came) if came else None, interface.now)
    facts = {one: known.get(place, one) for one in wanted}
    return {one: fact for one, fact in facts.items() if fact is not None}


def _root_id(post: Mapping[str, Any]) -> str:
    return str(post.get("conversation_id") or "")


def _people(
    interface: Interface, found: Found, posts: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """The writers, by id. Those who did not come along are asked for once a day; about ourselves
    the settings tell."""
    account = interface.account
    place = f"user {base_url(interface.connection)}"
    wanted = {str(post["author_id"]) for post in posts if post.get("author_id")} - {account.id}
    for number in wanted & set(found.users):
        known.put(place, number, found.users[number], interface.now)
    unknown = sorted(one for one in wanted if not known.has(place, one, interface.now))
    for some in _hundreds([one for one in unknown if is_id(one)]):
        told = interface.users(some)
        for number in some:
            known.put(place, number, told.get(number), interface.now)
    facts = {one: known.get(place, one) for one in wanted}
    facts[account.id] = {"id": account.id, "username": account.handle}
    return {one: fact for one, fact in facts.items() if fact is not None}


def _hundreds(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + PER_PAGE] for start in range(0, len(ids), PER_PAGE)]
