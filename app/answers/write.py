"""What a person does with an answer: draft it, press send, take it back, settle what is uncertain.

Every function is one transaction. No job calls any of them: the only way into the outbox is
`press_send`, and it needs a named person.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import select, update

from app.channels.base import Channel, Connection, Reason, Weight, channel_named
from app.collecting.incidents import incident_on
from app.database import db, writing
from app.inbox import states
from app.inbox.clocks import (
    GONE,
    cover_words,
    lock_cases,
    set_clocks,
    settle_words,
    uncover_words,
)
from app.models import Answer, Case, Message, Staff
from app.models.answer import VANISHED, AnswerState
from app.models.case import CaseState, Outcome
from app.models.event import log_event
from app.models.source import AccountState
from app.people.rights import Act, NotAllowed, case_for

LATE_SAVE = timedelta(minutes=1)
"""How late a page may save a draft that has been sent meanwhile."""

NOTHING_SET: Mapping[str, str] = MappingProxyType({})


class CannotSend(Exception):
    """The answer cannot be sent as it is; nothing is lost. `reason` has a sentence for staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConversationChanged(Exception):
    """The conversation is no longer what the answer was written against; the text is kept."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the conversation is now at version {version}")
        self.version = version


class TooLate(Exception):
    """The answer has left (or has been settled) meanwhile."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a person pressed send on: the text, what it answers, the version they had before them.

    `undo`: how long it can be taken back; None: until they press once more. `close_as`: the
    outcome the case gets when the answer is there; None leaves it open.
    """

    case_id: int
    body: str
    in_reply_to_id: int | None
    seen_version: int
    undo: timedelta | None
    close_as: Outcome | None = None
    private: bool = False
    """Only the one it answers will see it."""
    care: tuple[str, ...] = ()
    """What the draft was stopped for, and `care_reason` (a code) why it goes all the same."""
    care_reason: str = ""


def save_draft(case_id: int, *, body: str, by: Staff, now: datetime) -> Answer | None:
    """Keep what a person has typed, one draft per person and case; an empty one is discarded.

    What the person has just pressed send on is no draft again: a page saves by itself, and may be
    late. Raises `NotAllowed`.
    """
    with writing():
        case = case_for(by, case_id, Act.ANSWER)
        draft = draft_of(case_id, by)
        if draft is None:
            if not body.strip() or _was_just_pressed(case_id, tidy_body(body), by, now):
                return None
            draft = _new_draft(case, by, now)
        draft.body, draft.changed_at = tidy_body(body), now
        if not body.strip():
            draft.state = AnswerState.DISCARDED
    return draft


def _was_just_pressed(case_id: int, body: str, by: Staff, now: datetime) -> bool:
    pressed = select(Answer.id).where(
        Answer.case_id == case_id,
        Answer.sent_by_id == by.id,
        Answer.pressed_at > now - LATE_SAVE,
        Answer.state != AnswerState.DISCARDED,
        Answer.body == body,
    )
    return db.session.scalar(pressed.limit(1)) is not None


def draft_of(case_id: int, by: Staff) -> Answer | None:
    """This person's draft in this case."""
    return db.session.scalar(
        select(Answer).where(
            Answer.case_id == case_id,
            Answer.author_id == by.id,
            Answer.state == AnswerState.DRAFT,
        )
    )


def press_send(
    pressed: Pressed, *, by: Staff, now: datetime, installation: Mapping[str, str] = NOTHING_SET
) -> Answer:
    """Put an answer in the outbox, signed by a named person; it leaves when the undo time is over.

    `installation` holds the settings that speak of platforms (how long a text may be, prices).
    Raises `NotAllowed`, `CannotSend` (nothing to send, too long, the account cannot answer) and
    `ConversationChanged`. In the last two the text is kept as the person's draft.
    """
    body = tidy_body(pressed.body)
    try:
        with writing():
            case = case_for(by, pressed.case_id, Act.ANSWER)
            db.session.refresh(case, with_for_update={"of": Case})
            signature = signature_of(by)
            if body.rstrip().endswith(signature):
                signature = ""
            _must_be_sendable(case, body, pressed.private)
            _must_fit(case, text_of(body, signature), installation, private=pressed.private)
            if case.version != pressed.seen_version:
                raise ConversationChanged(case.version)
            answer = draft_of(case.id, by) or _new_draft(case, by, now)
            answer.body, answer.signature = body, signature
            target = _target(case, pressed.in_reply_to_id)
            must_take_an_answer(target, private=pressed.private, now=now)
            if body == addressing(target, channel_named(case.channel)).strip():
                raise CannotSend(Reason.EMPTY)
            answer.in_reply_to_id, answer.private = target.id, pressed.private
            answer.case_version = case.version
            answer.close_as = pressed.close_as
            answer.state, answer.sent_by_id, answer.pressed_at = AnswerState.QUEUED, by.id, now
            answer.send_after = None if pressed.undo is None else now + pressed.undo
            answer.changed_at, answer.reason = now, ""
            case.version += 1
            if case.assignee_id is None:
                case.assignee_id = by.id
            if case.is_open and case.state != CaseState.ONGOING:
                states.move(case, CaseState.ONGOING, now=now)
            db.session.flush()
            cover_words(case.id, answer.id)
            log_event(
                "answer_queued",
                at=now,
                case_id=case.id,
                answer_id=answer.id,
                staff_id=by.id,
                **_overridden(pressed),
            )
    except (CannotSend, ConversationChanged):
        save_draft(pressed.case_id, body=body, by=by, now=now)
        raise
    return answer


def _overridden(pressed: Pressed) -> dict[str, Any]:
    """What the ledger keeps of a stop that a person went past: kinds and a code, no words."""
    if not pressed.care:
        return {}
    return {"care": list(pressed.care), "care_reason": pressed.care_reason}


def undo(answer_id: int, *, by: Staff, now: datetime) -> Answer:
    """Take a queued answer back as a draft. Raises `NotAllowed` and `TooLate`."""
    with writing():
        answer = _mine(answer_id, by)
        taken = db.session.scalar(
            update(Answer)
            .where(Answer.id == answer.id, Answer.state == AnswerState.QUEUED)
            .values(
                state=AnswerState.DISCARDED,
                send_after=None,
                changed_at=now,
            )
            .returning(Answer.id)
            .execution_options(synchronize_session=False)
        )
        if taken is None:
            db.session.refresh(answer)
            raise TooLate(answer.state)
        hand_words_on(answer, now=now)
        draft = _again_as_draft(answer, by, now)
        log_event(
            "answer_undone", at=now, case_id=answer.case_id, answer_id=answer.id, staff_id=by.id
        )
    return draft


def release(answer_id: int, *, by: Staff, now: datetime) -> Answer:
    """Let a queued answer leave at once. Raises `NotAllowed` and `TooLate`."""
    with writing():
        answer = _mine(answer_id, by)
        db.session.refresh(answer, with_for_update={"of": Answer})
        if answer.state != AnswerState.QUEUED:
            raise TooLate(answer.state)
        answer.send_after = now
        log_event(
            "answer_released", at=now, case_id=answer.case_id, answer_id=answer.id, staff_id=by.id
        )
    return answer


def write_again(answer_id: int, *, by: Staff, now: datetime) -> Answer:
    """A refused answer's text as a new draft. Raises `NotAllowed` and `TooLate`."""
    with writing():
        answer = _mine(answer_id, by)
        if answer.state != AnswerState.REFUSED:
            raise TooLate(answer.state)
        answer.state, answer.changed_at = AnswerState.DISCARDED, now
        return _again_as_draft(answer, by, now)


def seen(answer_id: int, *, by: Staff, now: datetime) -> Answer:
    """The person knows that an answer was refused, or has vanished from the platform: it no longer
    stands among those to sort out. Raises `NotAllowed` and `TooLate`."""
    with writing():
        answer = _mine(answer_id, by)
        db.session.refresh(answer, with_for_update={"of": Answer})
        if answer.state == AnswerState.REFUSED:
            answer.state = AnswerState.DISCARDED
        elif answer.state == AnswerState.SENT and answer.reason == VANISHED:
            answer.reason = ""
        else:
            raise TooLate(answer.state)
        answer.changed_at = now
        log_event(
            "answer_seen_to", at=now, case_id=answer.case_id, answer_id=answer.id, staff_id=by.id
        )
    return answer


def settle(answer_id: int, *, arrived: bool, by: Staff, now: datetime) -> Answer:
    """A person says whether an uncertain answer arrived.

    Missing: it is queued anew under that person's name, and the platform is searched once more
    before anything leaves. Arrived: it counts as sent. Raises `NotAllowed` and `TooLate`.
    """
    with writing():
        answer = _mine(answer_id, by)
        db.session.refresh(answer, with_for_update={"of": Answer})
        if answer.state != AnswerState.UNCERTAIN:
            raise TooLate(answer.state)
        answer.changed_at = now
        if arrived:
            answer.state, answer.external_id = AnswerState.SENT, answer.external_id or ""
            answer.sent_at = answer.left_at or now
            settle_case(answer.case, answer, now=now)
        else:
            answer.state, answer.sent_by_id, answer.pressed_at = AnswerState.QUEUED, by.id, now
            answer.send_after = now
            answer.looks, answer.left_at = 0, None
        log_event(
            "answer_settled",
            at=now,
            case_id=answer.case_id,
            answer_id=answer.id,
            staff_id=by.id,
            arrived=arrived,
        )
    return answer


def hand_words_on(answer: Answer, *, now: datetime) -> None:
    """An answer will not arrive: one pressed after it answers its words too, if there is one."""
    lock_cases([answer.case_id])
    later = uncover_words(answer)
    if later is not None and later.state == AnswerState.SENT:
        settle_case(answer.case, later, now=now)


def settle_case(case: Case, answer: Answer, *, now: datetime) -> None:
    """What a published answer means for its case: the words it was pressed against are done."""
    settle_words(case.id, answer.id)
    case.answered_at = max(case.answered_at or now, now)
    db.session.flush()
    set_clocks([case.id], now=now)
    db.session.refresh(case)
    if case.waiting_since is not None or not case.is_open:
        return
    if answer.close_as:
        states.move(case, CaseState.CLOSED, now=now, outcome=answer.close_as)
        log_event(
            "case_closed",
            at=now,
            case_id=case.id,
            staff_id=answer.sent_by_id,
            outcome=answer.close_as,
        )
    else:
        states.move(case, CaseState.ANSWERED, now=now)


def signature_of(staff: Staff) -> str:
    """The line under an answer: first name and where the person works."""
    where = staff.department.short_sv if staff.department else "kundtjänst"
    return f"/{staff.first_name}, {where}"


def tidy_body(body: str) -> str:
    """What a form sends, as it is kept: one kind of line ending, nothing a database refuses."""
    return body.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()


def must_take_an_answer(message: Message, *, private: bool, now: datetime) -> None:
    """Raises `CannotSend` when the platform has said that it takes no answer to this message."""
    if private:
        if message.private_reply_until is None or message.private_reply_until <= now:
            raise CannotSend(Reason.WINDOW_CLOSED)
    elif message.no_answer:
        raise CannotSend(message.no_answer)


def addressing(target: Message | None, channel: Channel | None) -> str:
    """How an answer to this message begins: with whom it is to, where it does not stand below."""
    if target is None or channel is None or not channel.abilities.names_whom_it_answers:
        return ""
    name = target.author_name.strip()
    if target.parent_id is None or not name:
        return ""
    return f"{name} " if name.startswith("@") else f"@{name} "


def text_of(body: str, signature: str) -> str:
    """What the resident reads."""
    return f"{body}\n\n{signature}" if signature else body


def _must_be_sendable(case: Case, body: str, private: bool) -> None:
    if not body:
        raise CannotSend(Reason.EMPTY)
    try:
        channel = channel_named(case.channel)
    except KeyError:
        raise CannotSend(Reason.NOT_SUPPORTED) from None
    if not (channel.abilities.private_reply if private else channel.abilities.answer):
        raise CannotSend(Reason.NOT_SUPPORTED)
    if case.account.state != AccountState.ACTIVE:
        raise CannotSend("account_paused")
    if incident_on(case.channel) is not None:
        raise CannotSend("incident")


def weigh(case: Case, text: str, installation: Mapping[str, str]) -> Weight:
    """How long a text is where the case's answers go, by that platform's own count.

    Raises `CannotSend` when this version has no such channel.
    """
    try:
        channel = channel_named(case.channel)
    except KeyError:
        raise CannotSend(Reason.NOT_SUPPORTED) from None
    account = case.account
    connection = Connection(
        kind="",
        external_id=account.external_id,
        settings=account.settings,
        installation={**installation, **account.platform},
    )
    return channel.weigh(connection, text)


def _must_fit(
    case: Case, text: str, installation: Mapping[str, str], *, private: bool = False
) -> None:
    most = channel_named(case.channel).abilities.max_private_characters
    if private and most is not None and len(text) > most:
        raise CannotSend(Reason.TOO_LONG)
    weight = weigh(case, text, installation)
    if weight.most is not None and weight.used > weight.most:
        raise CannotSend(Reason.TOO_LONG)


def _target(case: Case, message_id: int | None) -> Message:
    """The resident's message to answer: the one chosen, else the newest that is still there."""
    wanted = select(Message).where(
        Message.case_id == case.id, ~Message.by_city, Message.at_source.not_in(GONE)
    )
    if message_id is not None:
        wanted = wanted.where(Message.id == message_id)
    found = db.session.scalar(wanted.order_by(Message.published_at.desc()).limit(1))
    if found is None:
        raise CannotSend(Reason.MESSAGE_GONE)
    return found


def _new_draft(case: Case, by: Staff, now: datetime) -> Answer:
    newest = db.session.scalar(
        select(Message)
        .where(Message.case_id == case.id, ~Message.by_city)
        .order_by(Message.published_at.desc())
        .limit(1)
    )
    if newest is None:
        raise CannotSend(Reason.MESSAGE_GONE)
    draft = Answer(
        case_id=case.id,
        in_reply_to_id=newest.id,
        author_id=by.id,
        state=AnswerState.DRAFT,
        key=secrets.token_hex(16),
        case_version=case.version,
        created_at=now,
        changed_at=now,
    )
    db.session.add(draft)
    return draft


def _again_as_draft(answer: Answer, by: Staff, now: datetime) -> Answer:
    """The answer's words as the person's draft; words typed meanwhile stay below them."""
    draft = draft_of(answer.case_id, by)
    if draft is None:
        draft = _new_draft(answer.case, by, now)
        draft.body = answer.body
    elif draft.body.strip() != answer.body.strip():
        draft.body = f"{answer.body}\n\n{draft.body}".strip()
    draft.changed_at = now
    db.session.flush()
    return draft


def _mine(answer_id: int, by: Staff) -> Answer:
    """The answer, for somebody who may answer in its case. Raises `NotAllowed`."""
    answer = db.session.get(Answer, answer_id, populate_existing=True)
    if answer is None:
        raise NotAllowed(Act.ANSWER)
    case_for(by, answer.case_id, Act.ANSWER)
    return answer
