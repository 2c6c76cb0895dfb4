"""Reading the channel's comments: pass by pass, page by page, and the replies that pages leave out.

Threads are listed by when their top comment was written, so a new reply in an old thread moves
nothing: each thread's number of replies is compared with what we remember.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.channels.base import Page, Raw, Refused
from app.channels.youtube.errors import NOT_THERE, Forbidden, NotProcessed, PageTokenDied
from app.channels.youtube.interface import PER_PAGE, Interface, items_of, part
from app.channels.youtube.memory import Job, Memory, mark_of, memory_from
from app.channels.youtube.quota import next_wish
from app.channels.youtube.videos import films
from app.channels.youtube.words import (
    HELD,
    PUBLISHED,
    SPAM,
    Found,
    Thread,
    comments_of,
    raw_of,
    replies_with,
    reply_count,
    reply_of,
    thread_of,
    written,
)

FAST_PAGES, DEEP_PAGES, MOST_PAGES = 5, 20, 500
"""How far back a pass goes for changed threads; new ones are always followed to their end."""
REPLIES_A_PAGE = 20
"""Questions for replies in one call of ours: it must be done well within a lease."""
WATCHED_DAYS = timedelta(days=60)
MARGIN = timedelta(minutes=10)
"""A comment may turn up in the list a little after the time it carries."""

STATUS = {"held": HELD, "spam": SPAM}
Notices = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Met:
    """What one page brought: comments, threads to read the replies of, how the threads stood."""

    comments: list[Found] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    oldest: datetime | None = None


def page_of(api: Interface, cursor: str | None) -> Page:
    """One page of a look: of the running pass, or of replies that are still to be read."""
    memory = memory_from(cursor, floor=api.connection.backfill_since or api.now)
    if not memory.busy:
        memory.begin_look(api.now)
    if memory.jobs:
        comments, notices = _read_replies(api, memory)
    else:
        comments, notices = _read_list(api, memory)
    raws = raws_of(api, comments, PUBLISHED)
    wish, slowed = next_wish(api.connection, api.now)
    here = memory.to_cursor()
    return Page(
        raws=raws,
        cursor=here,
        rest_cursor=here,
        more=memory.busy,
        asked_to_wait_until=wish,
        notices=(*notices, *api.sign_in.notices(), *slowed),
    )


def raws_of(api: Interface, comments: Iterable[Found], status: str) -> tuple[Raw, ...]:
    """What is kept of comments, each once; `status` where YouTube says none."""
    latest = {found.id: found for found in comments}
    facts = films(api, {found.thread.video for found in latest.values()})
    return tuple(
        raw_of(found, found.status or status, facts.get(found.thread.video, {}), api.channel_id)
        for found in latest.values()
    )


# --- A page of threads ------------------------------------------------------------------------


def _read_list(api: Interface, memory: Memory) -> tuple[list[Found], Notices]:
    """The next page of the running pass; begun anew when its place is lost."""
    memory.began = memory.began or api.now.isoformat()
    try:
        body = api.get("commentThreads.list", threads_question(api, memory.passes[0], memory.token))
    except PageTokenDied:
        if not memory.token:
            raise
        if not memory.begin_again():
            memory.drop_pass()
            return [], (("gap", "invalidPageToken"),)
        return [], ()
    except Refused as refusal:
        if refusal.reason not in NOT_THERE:
            raise
        body = {}  # comments are switched off altogether
    met = _met(memory, items_of(body), api.now)
    memory.token = str(body.get("nextPageToken") or "")
    memory.pages += 1
    notices: Notices = ()
    if memory.token and memory.pages >= MOST_PAGES:
        notices = (("capped", memory.passes[0]),)
    done = not memory.token or bool(notices) or _reaches_far_enough(memory, met)
    memory.note_marks(met.marks)
    memory.jobs += met.jobs
    if done:
        memory.end_pass()
    return met.comments, notices


def threads_question(api: Interface, kind: str, token: str = "") -> dict[str, str | int]:
    """The parameters for a page of the channel's threads."""
    question: dict[str, str | int] = {
        "part": "snippet,replies",
        "allThreadsRelatedToChannelId": api.channel_id,
        "order": "time",
        "maxResults": PER_PAGE,
        "textFormat": "plainText",
    }
    if kind in STATUS:
        question["moderationStatus"] = STATUS[kind]
    if token:
        question["pageToken"] = token
    return question


def _met(memory: Memory, items: Sequence[dict[str, Any]], now: datetime) -> Met:
    """Sort a page of threads into what is taken in at once and what more must be read."""
    met, kind = Met(), memory.passes[0]
    floor, known = datetime.fromisoformat(memory.floor), {*memory.known, *memory.seen}
    waiting = {job.thread for job in memory.jobs}
    for item in items:
        comments = [in_list(found, item, kind) for found in comments_of(item)]
        times = [at for found in comments if (at := written(found.snippet)) is not None]
        top = min(times, default=now)
        met.oldest = min(met.oldest or top, top)
        old = max(times, default=now) < floor
        if not old:
            met.comments += comments
        mark = mark_of(str(item["id"]), reply_count(item), _edited(item), STATUS.get(kind, ""))
        met.marks.append(mark)
        if item["id"] in waiting or reply_count(item) <= len(replies_with(item)):
            continue
        young = max(times, default=now) >= now - WATCHED_DAYS
        every_night = kind in ("first", "deep") and young and not old
        hidden = kind in STATUS and not old and all(one.status == PUBLISHED for one in comments)
        if mark not in known or every_night or hidden:
            thread = thread_of(item)
            met.jobs.append(Job(thread.id, thread.video, thread.may_reply, old))
    return met


def in_list(found: Found, item: dict[str, Any], kind: str) -> Found:
    """The comment with how it stands, told by the list it is in where YouTube does not say."""
    if found.status:
        return found
    public = part(item, "snippet").get("isPublic") is not False
    status = PUBLISHED if kind not in STATUS or public else STATUS[kind]
    return Found(found.id, found.snippet, found.thread, found.is_reply, status)


def _edited(item: dict[str, Any]) -> str:
    top = part(part(part(item, "snippet"), "topLevelComment"), "snippet")
    return str(top.get("updatedAt") or top.get("publishedAt") or "")


def _reaches_far_enough(memory: Memory, met: Met) -> bool:
    """Whether a pass may end with this page although the list goes on."""
    kind = memory.passes[0]
    if met.oldest is None or kind in STATUS:
        return False
    if kind == "first":
        return met.oldest < datetime.fromisoformat(memory.floor)
    if kind == "fast" and set(met.marks) <= set(memory.known):
        return True
    most = FAST_PAGES if kind == "fast" else DEEP_PAGES
    read_to = datetime.fromisoformat(memory.read_to) - MARGIN
    return memory.pages >= most and met.oldest < read_to


# --- Replies that did not come with their thread -----------------------------------------------


def _read_replies(api: Interface, memory: Memory) -> tuple[list[Found], Notices]:
    """Some of the replies that are still to be read."""
    found: list[Found] = []
    notices: Notices = ()
    for _question in range(REPLIES_A_PAGE):
        if not memory.jobs:
            break
        job = memory.jobs.pop(0)
        try:
            comments, job.token = replies_of(api, _thread(job), job.token)
        except (PageTokenDied, NotProcessed):
            job.token, job.tries = "", job.tries + 1
            if job.tries < 2:
                memory.jobs.append(job)
            else:
                notices = (("gap", "replies"),)
            continue
        except Forbidden:
            notices = (("gap", "replies"),)
            continue
        except Refused as refusal:
            if refusal.reason not in NOT_THERE:
                raise
            continue  # the thread has gone meanwhile
        found += _around(api, memory, job, comments) if job.old else comments
        if job.token:
            memory.jobs.insert(0, job)
    return found, notices


def _thread(job: Job) -> Thread:
    return Thread(job.thread, job.video, job.may_reply)


def replies_of(api: Interface, thread: Thread, token: str = "") -> tuple[list[Found], str]:
    """One page of a thread's replies, and the token of the next ('' none)."""
    question: dict[str, str | int] = {
        "part": "snippet",
        "parentId": thread.id,
        "maxResults": PER_PAGE,
        "textFormat": "plainText",
    }
    if token:
        question["pageToken"] = token
    body = api.get("comments.list", question)
    replies = [reply_of(comment, thread) for comment in items_of(body)]
    return replies, str(body.get("nextPageToken") or "")


def all_replies(api: Interface, thread: Thread) -> list[Found]:
    """Every reply in a thread."""
    found: list[Found] = []
    token = ""
    for _page in range(MOST_PAGES):
        replies, token = replies_of(api, thread, token)
        found += replies
        if not token:
            break
    return found


def _around(api: Interface, memory: Memory, job: Job, replies: list[Found]) -> list[Found]:
    """An old thread is taken in when somebody has written in it since, with what began it."""
    floor = datetime.fromisoformat(memory.floor)
    if not any(at >= floor for reply in replies if (at := written(reply.snippet))):
        return []
    question = {"part": "snippet", "id": job.thread, "textFormat": "plainText"}
    tops = items_of(api.get("commentThreads.list", question))
    return [*(found for item in tops for found in comments_of(item)), *replies]
