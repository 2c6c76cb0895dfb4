"""The conversation as it is drawn: messages two deep, with notes, answers and events."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import select

from app.database import db
from app.inbox import find, notes
from app.inbox.find import Conversation
from app.inbox.holding import Holding
from app.models import Answer, Case, Message, MessageVersion, Note, Staff
from app.models.answer import AnswerState
from app.people.rights import may_read_notes
from app.web import words

FOLD_FROM = 4
"""Others' talk in a row that is folded away."""
MANY, NEWEST = 20, 8
"""Of more replies than MANY only the NEWEST stand open, and what still waits for an answer."""
MOST_COMPARED = 250_000
"""Words of one text times words of the other: beyond that the texts are shown whole."""


@dataclass(frozen=True, slots=True)
class Change:
    """An edit: until when the earlier text stood, and pieces of both ("same", "del" or "ins")."""

    until: datetime
    pieces: list[tuple[str, str]]


@dataclass(slots=True)
class Said:
    """A message in the conversation, what is drawn under it, and our own answers to it."""

    message: Message
    mine: bool
    """It belongs to this case (else it is others' talk around it)."""
    changes: list[Change] = field(default_factory=list)
    replies: list["Said"] = field(default_factory=list)
    runs: list["Run"] = field(default_factory=list)
    """The replies as they are drawn: some of them folded."""
    answers: list[Answer] = field(default_factory=list)
    answer: Answer | None = None
    """The answer that this message is the published form of."""
    replied_to: str = ""
    """Named when the reply is drawn higher up than it belongs."""

    @property
    def holds_mine(self) -> bool:
        """Whether it, or a reply to it, is part of this case's own conversation."""
        return self.mine or bool(self.answers) or any(one.holds_mine for one in self.replies)

    @property
    def waits(self) -> bool:
        """Whether it, or a reply to it, is a word of this case that nobody has dealt with."""
        own = self.mine and not self.message.by_city and not self.message.settled
        return own or bool(self.answers) or any(one.waits for one in self.replies)

    @property
    def size(self) -> int:
        """How many messages there are in it."""
        return 1 + sum(one.size for one in self.replies)


@dataclass(slots=True)
class Run:
    """Messages in a row that are drawn open, or folded behind how many they are."""

    said: list[Said]
    folded: bool
    earlier: bool = False
    """Something comes after it that stands open."""

    @property
    def size(self) -> int:
        """How many messages there are in it."""
        return sum(one.size for one in self.said)


@dataclass(frozen=True, slots=True)
class Happened:
    """A line between the messages: an event of the ledger, or a note."""

    at: datetime
    event: Any = None
    staff_name: str | None = None
    to_name: str | None = None
    """The colleague to whom the case was handed over."""
    note: Note | None = None
    pieces: list[tuple[str, bool]] = field(default_factory=list)
    """The note's text cut at the names of those it told."""


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation's roots in order of time, and what happened beside it."""

    roots: list[Said]
    runs: list[Run]
    happened: list[Happened]
    hidden_notes: int
    under_post: list[Answer]
    """Answers to the post itself that are not among its messages (yet)."""


def thread_of(
    case: Case,
    conversation: Conversation,
    staff: Staff,
    holding: Holding,
    *,
    whole_post: bool = False,
) -> Thread:
    """Draw the conversation of a case for this person; nesting is two deep, deeper is named.

    Others' talk is folded in reach, unless the person asked for the `whole_post`.
    """
    answers = find.answers_of(case) if holding.answers else []
    published = {answer.message_id: answer for answer in answers if answer.message_id}
    said: dict[int, Said] = {}
    for message in conversation.messages:
        versions = conversation.versions.get(message.id, [])
        said[message.id] = Said(
            message,
            mine=message.case_id == case.id or message.id in published,
            changes=changes(versions, message.text),
            answer=published.get(message.id),
        )
    for answer in answers:
        target = said.get(answer.in_reply_to_id)
        if target is not None and answer.message_id is None and not answer.to_post:
            target.answers.append(answer)
    roots = _nested(said)
    for one in roots:
        one.runs = runs(one.replies, whole=whole_post)
    kept = find.notes_of(case) if holding.notes else []
    readable = may_read_notes(staff, case.department)
    happened = (_noted(kept) if readable else []) + _happened(case)
    happened.sort(key=lambda one: one.at)
    shown = runs(roots, whole=whole_post)
    under_post = [one for one in answers if one.to_post and one.message_id is None]
    return Thread(roots, shown, happened, 0 if readable else len(kept), under_post)


def _noted(kept: Sequence[Note]) -> list[Happened]:
    """Notes, with the names of those they told marked."""
    named = notes.mentions_of([note.id for note in kept if "@" in note.text])
    return [
        Happened(note.at, note=note, pieces=notes.pieces(note.text, named.get(note.id, [])))
        for note in kept
    ]


def _happened(case: Case) -> list[Happened]:
    """The ledger's lines that staff read, with the names of those they speak of."""
    rows = [row for row in find.events_of(case) if row.Event.name in words.EVENTS]
    told = {row.Event.details["to_staff"] for row in rows if "to_staff" in row.Event.details}
    names: dict[int, str] = {}
    if told:
        named = select(Staff.id, Staff.name).where(Staff.id.in_(told))
        names = {row.id: row.name for row in db.session.execute(named)}
    return [
        Happened(
            row.Event.at,
            event=row.Event,
            staff_name=row.staff_name,
            to_name=names.get(row.Event.details.get("to_staff", 0)),
        )
        for row in rows
    ]


def runs(said: list[Said], *, whole: bool) -> list[Run]:
    """Messages in rows that stand open or are folded; nothing of them is left out."""
    many = len(said) > MANY
    newest = {id(one) for one in said[-NEWEST:]}

    def stays(one: Said) -> bool:
        if many:
            return one.waits or (id(one) in newest and (whole or one.holds_mine))
        return whole or one.holds_mine

    found: list[Run] = []
    for one in said:
        folded = not stays(one)
        if found and found[-1].folded == folded:
            found[-1].said.append(one)
        else:
            found.append(Run([one], folded))
    for number, run in enumerate(found):
        run.folded = run.folded and run.size >= FOLD_FROM
        run.earlier = number + 1 < len(found)
    return found


def changes(versions: Sequence[MessageVersion], text: str) -> list[Change]:
    """What was changed each time, the first edit first; `text` is how it stands now."""
    after = [version.text for version in versions[1:]] + [text]
    return [
        Change(version.seen_until, difference(version.text, later))
        for version, later in zip(versions, after, strict=False)
    ]


def difference(old: str, new: str) -> list[tuple[str, str]]:
    """Two texts as one, word by word: pieces that are the same, taken out or put in."""
    before, after = re.findall(r"\S+\s*|\s+", old), re.findall(r"\S+\s*|\s+", new)
    if len(before) * len(after) > MOST_COMPARED:
        return [("del", old), ("ins", new)]
    matcher = SequenceMatcher(
        None, [word.strip() for word in before], [word.strip() for word in after], autojunk=False
    )
    pieces: list[tuple[str, str]] = []
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(("same", "".join(after[k:m])))
            continue
        pieces += [("del", "".join(before[i:j])), ("ins", "".join(after[k:m]))]
    return [(kind, words_of_it) for kind, words_of_it in pieces if words_of_it]


def _nested(said: dict[int, Said]) -> list[Said]:
    """Hang every message under what it answers; a third level hangs under the second's parent."""
    roots: list[Said] = []
    place: dict[int, Said] = {}
    for number, one in said.items():
        parent = said.get(one.message.parent_id or 0)
        if parent is None:
            roots.append(one)
            place[number] = one
            continue
        top = place.get(parent.message.id, parent)
        if top is not parent:
            one.replied_to = parent.message.author_name
        top.replies.append(one)
        place[number] = top
    return roots


STATE_CLASS = {
    AnswerState.QUEUED: "msg--pending",
    AnswerState.SENDING: "msg--pending",
    AnswerState.UNCERTAIN: "msg--unsure",
    AnswerState.REFUSED: "msg--failed",
}
