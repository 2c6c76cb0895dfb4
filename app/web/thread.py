"""The conversation as it is drawn: messages two deep, with notes, answers and events."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.inbox import find
from app.inbox.find import Conversation
from app.models import Answer, Case, Message, MessageVersion, Note, Staff
from app.models.answer import AnswerState
from app.people.rights import may_read_notes
from app.web import words


@dataclass(slots=True)
class Said:
    """A message in the conversation, what is drawn under it, and our own answers to it."""

    message: Message
    mine: bool
    """It belongs to this case (else it is others' talk around it)."""
    versions: list[MessageVersion] = field(default_factory=list)
    replies: list["Said"] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    answer: Answer | None = None
    """The answer that this message is the published form of."""
    replied_to: str = ""
    """Named when the reply is drawn higher up than it belongs."""


@dataclass(frozen=True, slots=True)
class Happened:
    """A line between the messages: an event of the ledger, or a note."""

    at: datetime
    event: Any = None
    staff_name: str | None = None
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation's roots in order of time, and what happened beside it."""

    roots: list[Said]
    happened: list[Happened]
    hidden_notes: int


def thread_of(case: Case, conversation: Conversation, staff: Staff) -> Thread:
    """Draw the conversation of a case for this person; nesting is two deep, deeper is named."""
    answers = find.answers_of(case)
    published = {answer.message_id: answer for answer in answers if answer.message_id}
    said: dict[int, Said] = {}
    for message in conversation.messages:
        said[message.id] = Said(
            message,
            mine=message.case_id == case.id,
            versions=conversation.versions.get(message.id, []),
            answer=published.get(message.id),
        )
    for answer in answers:
        target = said.get(answer.in_reply_to_id)
        if target is not None and answer.message_id is None:
            target.answers.append(answer)
    roots = _nested(said)
    notes = find.notes_of(case)
    readable = may_read_notes(staff, case.department)
    happened = [Happened(note.at, note=note) for note in notes] if readable else []
    for row in find.events_of(case):
        if row.Event.name in words.EVENTS:
            happened.append(Happened(row.Event.at, event=row.Event, staff_name=row.staff_name))
    happened.sort(key=lambda one: one.at)
    return Thread(roots, happened, 0 if readable else len(notes))


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
