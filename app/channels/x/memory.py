"""What the cursor says: how far each list has been read, and what remains of this look.

It is JSON and bounded. A look is a row of jobs; each page of X's is one step of the first of them.
X gives the newest first, so the newest id of a list is kept aside (`Job.newest`) and counts as read
only when its last page has been: a look that is broken off goes on where it was, and leaves no gap.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from app.channels.x.account import in_order, newest
from app.channels.x.money import Paid

READ_AGAIN_EVERY = timedelta(hours=6)
READ_AGAIN = timedelta(hours=24)
WINDOW = timedelta(days=7)
"""How far X's search reaches; a first reading goes no further back."""
MARGIN = timedelta(minutes=10)

LONGEST_QUERY = 512
MOST_ROOTS = 300
"""Own posts whose conversations are followed, the newest of the window."""


@dataclass(slots=True)
class Job:
    """One list to read to its end.

    `do`: news (mentions), again (mentions of the last 24 hours), own (the account's own posts),
    talk (a query's conversations). `since` (an id) or `start` (a time) bounds it, never both.
    `count`: how many it has brought so far.
    """

    do: str
    since: str = ""
    start: str = ""
    query: str = ""
    roots: list[str] = field(default_factory=list)
    token: str = ""
    newest: str = ""
    count: int = 0

    def begin_again(self) -> None:
        """Read from the first page once more."""
        self.token, self.newest, self.count = "", "", 0


@dataclass(slots=True)
class Memory:
    """All that is known from one look to the next. Times are ISO, aware UTC; ids X's own.

    `floor`: nothing written earlier is taken in. `since` and `own_since`: up to where mentions and
    own posts have been read. `top`: the newest id seen anywhere. `roots`: own posts of the last
    week, when each was written and up to where its conversation has been read. `scarce_until` and
    `scarce`: when X counts calls anew, and how few were left, while they are few.
    """

    floor: str
    again_at: str
    since: str = ""
    own_since: str = ""
    top: str = ""
    roots: dict[str, list[str]] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    paid: Paid = field(default_factory=Paid)
    scarce_until: str = ""
    scarce: str = ""

    def to_cursor(self) -> str:
        """The cursor."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)


def memory_from(cursor: str | None, *, backfill: datetime | None, now: datetime) -> Memory:
    """What a cursor says; without one, that nothing has been read since `backfill` (None: now)."""
    if cursor is None:
        floor = backfill or now
        return Memory(floor=floor.isoformat(), again_at=now.isoformat())
    kept = json.loads(cursor)
    kept["jobs"] = [Job(**job) for job in kept["jobs"]]
    kept["paid"] = Paid(**kept["paid"])
    return Memory(**kept)


def begin_look(memory: Memory, kind: str, now: datetime, *, saving: bool) -> None:
    """Write down what this look is to read. `saving`: nothing is read a second time."""
    again = not saving and now - datetime.fromisoformat(memory.again_at) >= READ_AGAIN_EVERY
    if again:
        memory.again_at = now.isoformat()
    if kind == "mentions":
        memory.jobs.append(_from(memory, "news", memory.since, now))
        if again:
            memory.jobs.append(Job("again", start=_later(memory, now - READ_AGAIN)))
        memory.jobs.append(_from(memory, "own", memory.own_since, now))
        return
    window = (now - WINDOW + MARGIN).isoformat()
    own = Job("own", since=memory.own_since, start="" if memory.own_since else window)
    memory.jobs.append(own)
    memory.jobs.append(Job("talks", start=_later(memory, now - READ_AGAIN) if again else ""))


def _from(memory: Memory, do: str, since: str, now: datetime) -> Job:
    if since:
        return Job(do, since=since)
    return Job(do, start=_later(memory, now - WINDOW + MARGIN))


def _later(memory: Memory, moment: datetime) -> str:
    return max(moment, datetime.fromisoformat(memory.floor)).isoformat()


def follow(memory: Memory, root: str, written: str, now: datetime) -> None:
    """An own post was seen: its conversation is read for a week. Answers come after it, so are
    read from its own id on; on the very first look from the window's beginning."""
    first = not memory.own_since
    memory.roots.setdefault(root, [written, "" if first else root])
    oldest = (now - WINDOW + MARGIN).isoformat()
    kept = [key for key, (at, _since) in memory.roots.items() if at >= oldest]
    kept = sorted(kept, key=in_order)[-MOST_ROOTS:]
    memory.roots = {key: memory.roots[key] for key in kept}


def talk_jobs(memory: Memory, again: str, handle: str, now: datetime) -> list[Job]:
    """The conversations to read, in as few queries as X's length of one allows.

    Conversations that have been read equally far go together: a quiet one must not make a lively
    one be read from far back. `again`: also everything since then, '' for no second reading.
    """
    window = _later(memory, now - WINDOW + MARGIN)
    ordered = sorted(memory.roots, key=lambda root: (in_order(memory.roots[root][1]), root))
    jobs = []
    for roots, query in _queries(ordered, handle):
        sinces = [memory.roots[root][1] for root in roots]
        since = min(sinces, key=in_order)
        start = "" if since else window
        jobs.append(Job("talk", since=since, start=start, query=query, roots=roots))
    if again:
        for roots, query in _queries(ordered, handle):
            jobs.append(Job("talk_again", start=again, query=query, roots=roots))
    return jobs


def _queries(roots: Iterable[str], handle: str) -> Iterable[tuple[list[str], str]]:
    """Roots in groups, each with its query. Reposts are no answers; own posts are read elsewhere,
    where they cost less."""
    tail = " -is:retweet" + (f" -from:{handle}" if handle else "")
    group: list[str] = []
    for root in roots:
        if group and len(_query([*group, root], tail)) > LONGEST_QUERY:
            yield group, _query(group, tail)
            group = []
        group.append(root)
    if group:
        yield group, _query(group, tail)


def _query(roots: Iterable[str], tail: str) -> str:
    return f"({' OR '.join(f'conversation_id:{root}' for root in roots)}){tail}"


def finish(memory: Memory, job: Job) -> None:
    """A list has been read to its end: what it brought counts as read."""
    memory.top = newest(memory.top, job.newest)
    if job.do == "news":
        memory.since = newest(memory.since, job.newest)
    elif job.do == "own":
        memory.own_since = newest(memory.own_since, job.newest)
    elif job.do == "talk":
        for root in job.roots:
            if root in memory.roots:
                memory.roots[root][1] = newest(memory.roots[root][1], job.newest)
