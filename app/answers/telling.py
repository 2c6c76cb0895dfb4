"""Telling the writer why a comment was hidden: a draft for a person to change and press."""

from datetime import datetime

from app.answers.drafts import draft_of, save_draft
from app.answers.freeze import SEALED_REASONS, copies_of
from app.channels.base import AtSource
from app.database import db, writing
from app.models import Message, Staff
from app.models.event import log_event
from app.people.rights import Act, NotAllowed, case_for


class CannotTell(Exception):
    """No word can be prepared. `why`: 'sealed' (the police comes first) or 'draft' (there is
    a draft already, which nothing is written over)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def prepare_word(message_id: int, text: str, *, by: Staff, now: datetime) -> int:
    """Keep `text` as the person's draft in the case of a hidden message; returns the case's id.

    Nothing is sent: it lies in the composer until the person presses. Raises `NotAllowed` (also
    for a message that is not hidden) and `CannotTell`.
    """
    message, _reason = hidden_for(by, message_id)
    case_id = message.case_id or 0
    before = draft_of(case_id, by)
    if before is not None and before.body.strip():
        raise CannotTell("draft")
    save_draft(case_id, body=text, by=by, now=now)
    with writing():
        log_event("writer_told", at=now, case_id=case_id, message_id=message.id, staff_id=by.id)
    return case_id


def hidden_for(by: Staff, message_id: int) -> tuple[Message, str]:
    """A hidden message and the reason why, for somebody who may answer in its case.

    Raises `NotAllowed` and `CannotTell`.
    """
    message = db.session.get(Message, message_id, populate_existing=True)
    if message is None or message.case_id is None or message.by_city:
        raise NotAllowed(Act.ANSWER)
    case_for(by, message.case_id, Act.ANSWER)
    copy = copies_of([message.id]).get(message.id)
    if copy is None or message.at_source == AtSource.VISIBLE:
        raise NotAllowed(Act.ANSWER)
    if copy.reason in SEALED_REASONS:
        raise CannotTell("sealed")
    return message, copy.reason
