"""Reading a page's comments: what is due in a look, job by job, from a cursor that tells it all.

Comments may come in the platform's own ranking, whatever order is asked for, so a post is always
read to its end. Its comments are read whole when the list says that something has happened there,
and anyhow: every hour for three days, every day for two weeks, and from then on about once a week,
for ever (see `memory`). What a whole reading no longer shows is looked at directly before it is
called gone.
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.channels.base import ChannelError, Page, SignInNeeded
from app.channels.facebook.errors import BadParameter, NoSuchObject, TooMuchAsked
from app.channels.facebook.graph import Graph, node
from app.channels.facebook.look import HALVINGS, Reader, mark_of
from app.channels.facebook.memory import (
    DAY,
    HOUR,
    WATCHED,
    Job,
    begin_look,
    begin_sweep,
    memory_from,
    sweep_on,
)
from app.channels.facebook.one_post import take_post, take_resident_post, verify, walk
from app.channels.facebook.sign_in import must_see, notices_of, token_facts
from app.channels.facebook.words import COUNT_FIELD, POST_FIELDS, comments_field, things, unix

LIST_PAGE = WATCHED // 2
WINDOW_PAGE, FIRST_COMMENTS = 25, 50


def page_of(graph: Graph, cursor: str | None) -> Page:
    """Do the next job of the look that the cursor is in, or begin one. Raises `ChannelError`s."""
    memory = memory_from(cursor, floor=graph.connection.backfill_since or graph.now)
    reader = Reader(graph, memory)
    if not memory.jobs:
        begin_look(memory, reader.now)
    job = memory.jobs.pop(0)
    _do(reader, job)
    memory.jobs[:0] = reader.found.next
    return _page(reader)


def _page(reader: Reader) -> Page:
    """What was found, and the cursor that leads on; at 90 % of the allowance the look ends here."""
    graph, memory, found = reader.graph, reader.memory, reader.found
    notices = [*notices_of(memory.token_ends, graph.now), *found.notices]
    wait_until = graph.usage.wait_until(graph.now)
    if wait_until is not None:
        notices.append(("slowed", f"{graph.usage.percent} %"))
    cursor = memory.to_cursor()
    return Page(
        raws=tuple(found.raws),
        cursor=cursor,
        rest_cursor=cursor,
        more=bool(memory.jobs) and not graph.usage.must_pause,
        removed=tuple(found.removed),
        asked_to_wait_until=wait_until,
        notices=tuple(notices),
    )


def _do(reader: Reader, job: Job) -> None:
    """Do one job. A mark that the platform no longer accepts makes the job begin anew, once."""
    doers: Mapping[str, Callable[[Reader, Job], None]] = {
        "window": _read_window,
        "sweep": _sweep,
        "list": _compare,
        "walk": walk,
        "verify": verify,
        "token": _check_token,
    }
    try:
        doers[job["do"]](reader, job)
    except BadParameter:
        if not job.get("after") or job.get("anew"):
            raise
        begun = ("after", "seen", "wanted", "head", "met", "turns")
        fresh = {name: job[name] for name in job if name not in begun}
        reader.found.next = [{**fresh, "anew": True}]


def _read_window(reader: Reader, job: Job) -> None:
    """Read the posts of a span of time with all their comments, whatever the list says of them."""
    bounds: dict[str, str | int] = {"since": job["since"]}
    if job["until"]:
        bounds["until"] = job["until"]
    told = _take_posts(reader, bounds, WINDOW_PAGE, job)
    met = [*job.get("met", []), *(str(post["id"]) for post in things(told))]
    after = reader.onward(told, job)
    if after:
        turns = job.get("turns", 0) + 1
        reader.found.next.append({**job, "after": after, "met": met, "turns": turns})
    elif reader.is_whole(told):
        _look_for_vanished(reader, job, set(met))


def _look_for_vanished(reader: Reader, job: Job, met: set[str]) -> None:
    """Posts that ought to have been in the span and were not are looked at directly."""
    until = job["until"] or reader.now
    for post, (created, _mark) in list(reader.memory.posts.items()):
        if job["since"] <= created <= until and post not in met:
            ids = [post, *reader.memory.known.get(post, [])]
            reader.found.next.append({"do": "verify", "ids": ids, "post": post})


def _sweep(reader: Reader, job: Job) -> None:
    """Read the next few of the older posts with all their comments."""
    sweep = reader.memory.sweep
    begin_sweep(sweep, reader.now)
    told = _take_posts(reader, {"until": sweep.at}, sweep.step, job)
    onward = reader.onward(told, job)
    if not things(told) and onward:  # all on this page was kept from us: there may be more
        turns = job.get("turns", 0) + 1
        reader.found.next.append({"do": "sweep", "after": onward, "turns": turns})
        return
    written = [unix(post.get("created_time")) for post in things(told)]
    sweep_on(sweep, [created for created in written if created], reader.now)


def _compare(reader: Reader, job: Job) -> None:
    """List the newest posts and find those where something has happened since they were read."""
    memory = reader.memory
    told = _feed(reader, {"fields": f"{POST_FIELDS},{COUNT_FIELD}", "limit": LIST_PAGE}, job)
    for post in things(told):
        take_resident_post(reader, post)
        key, mark = str(post["id"]), mark_of(post)
        if memory.is_unchanged(key, mark):
            continue
        created = unix(post.get("created_time"))
        quiet = max(unix(post.get("updated_time")), created) < memory.floor
        if job.get("first") and quiet:
            memory.note_post(key, created, mark, None)
        else:
            reader.walk_later(post)
    after = reader.onward(told, job) if job["pages"] > 1 else ""
    if after:
        reader.found.next.append({**job, "after": after, "pages": job["pages"] - 1})


def _take_posts(
    reader: Reader, bounds: Mapping[str, str | int], limit: int, job: Job
) -> dict[str, Any]:
    """Take in a page of posts with their first comments; the page itself is the answer.

    When that is too much at once it is asked for fewer, and at last for the posts alone, whose
    comments are then read one post at a time.
    """
    for halving in range(HALVINGS):
        fields = f"{POST_FIELDS},{comments_field(FIRST_COMMENTS >> halving)}"
        question = {**bounds, "fields": fields, "limit": max(limit >> halving, 1)}
        try:
            told = _feed(reader, question, job)
        except TooMuchAsked:
            continue
        for post in things(told):
            take_post(reader, post)
        return told
    fields = f"{POST_FIELDS},{COUNT_FIELD}"
    told = _feed(reader, {**bounds, "fields": fields, "limit": limit}, job)
    for post in things(told):
        take_resident_post(reader, post)
        reader.walk_later(post)
    return told


def _feed(reader: Reader, question: Mapping[str, str | int], job: Job) -> dict[str, Any]:
    """One page of everything on the page: its own posts, visitors' posts, and mentions of it."""
    more: dict[str, str | int] = {"after": job["after"]} if job.get("after") else {}
    path = node(reader.graph.page_id, "feed")
    try:
        return reader.graph.get(path, {**question, "include_hidden": "true", **more})
    except NoSuchObject as error:
        raise SignInNeeded(error.detail) from None


def _check_token(reader: Reader, _job: Job) -> None:
    """Once a day: whether the token lives, what it may see, and when it ends.

    When Facebook does not tell, it is asked again in an hour, and reading goes on meanwhile.
    """
    memory = reader.memory
    try:
        facts = token_facts(reader.graph)
    except ChannelError:
        memory.token_at = reader.now - DAY + HOUR
        return
    must_see(facts)
    memory.token_at = reader.now
    memory.token_ends = int(facts.ends.timestamp()) if facts.ends else 0
