"""One page of a look: the platform, what is remembered, what is found, and how lists lead on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.channels.base import Raw
from app.channels.facebook.graph import Graph
from app.channels.facebook.memory import Job, Memory
from app.channels.facebook.words import unix

HALVINGS = 3
"""How often a question is made half as heavy when the platform finds it too heavy."""
MOST_TURNS = 300
"""Pages of one list that are read after each other."""


@dataclass(slots=True)
class Found:
    """What one page of a look brings. `next`: the jobs that follow from it, to be done first."""

    raws: list[Raw] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    next: list[Job] = field(default_factory=list)


@dataclass(slots=True)
class Reader:
    """One job's surroundings: the platform, what is remembered, and what is found."""

    graph: Graph
    memory: Memory
    found: Found = field(default_factory=Found)

    @property
    def now(self) -> int:
        """The time in unix seconds."""
        return int(self.graph.now.timestamp())

    def onward(self, edge: object, job: Job) -> str:
        """The mark of the list's next page; '' at its end.

        The end is where no next page is offered: a page may be empty and have a next one. One that
        cannot be followed (a link elsewhere, a mark that leads nowhere new) is told as a gap.
        """
        after, is_last = after_of(self.graph, edge)
        if is_last:
            return ""
        if job.get("turns", 0) >= MOST_TURNS:
            self.found.notices.append(("capped", f"{MOST_TURNS} pages"))
            return ""
        if not after or after == job.get("after"):
            self.found.notices.append(("gap", "next page"))
            return ""
        return after

    def is_whole(self, edge: object) -> bool:
        """Whether a list came and ended at this page by the platform's own word."""
        return isinstance(edge, Mapping) and not _link(edge)

    def is_to_be_walked(self, post: str) -> bool:
        """Whether it is written down that a post's comments are to be read whole."""
        return any(job["do"] == "walk" and job["post"] == post for job in self.memory.jobs)

    def walk_later(self, post: Mapping[str, Any], **begun: Any) -> None:
        """Write down, once, that a post's comments are to be read whole; `begun`: from where on."""
        key = str(post["id"])
        if not self.is_to_be_walked(key):
            created = unix(post.get("created_time"))
            job = {"do": "walk", "post": key, "created": created, "mark": mark_of(post)}
            self.memory.jobs.append({**job, **begun})


def mark_of(post: Mapping[str, Any]) -> str:
    """How a post stands by the list's own account: when it was touched, and how many comments."""
    edge = post.get("comments")
    summary = edge.get("summary") if isinstance(edge, Mapping) else None
    told = summary if isinstance(summary, Mapping) else {}
    return f"{unix(post.get('updated_time'))}:{told.get('total_count')}:{told.get('can_comment')}"


def _paging(edge: object) -> Mapping[str, Any]:
    paging = edge.get("paging") if isinstance(edge, Mapping) else None
    return paging if isinstance(paging, Mapping) else {}


def _link(edge: object) -> str:
    """The ready-made address of the next page; it carries the token and is never followed."""
    return str(_paging(edge).get("next") or "")


def after_of(graph: Graph, edge: object) -> tuple[str, bool]:
    """The mark of a list's next page, and whether this page is the last.

    Neither a mark nor the last: there is more behind a link that does not lead to the platform.
    """
    link = _link(edge)
    if not link:
        return "", True
    if not graph.is_own_address(link):
        return "", False
    cursors = _paging(edge).get("cursors")
    if isinstance(cursors, Mapping) and cursors.get("after"):
        return str(cursors["after"]), False
    return parse_qs(urlsplit(link).query).get("after", [""])[0], False
