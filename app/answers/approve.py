"""A second person's approval: put forward, take back, publish, send back; and who is asked for it.

What waits is a draft with `asked_at`: no rule of the outbox has an exception for it, and the
database refuses it to leave before a named person has pressed. Who may approve: somebody else than
the author, who may answer in the case (the department's handlers and manager, customer service,
communications), and for whom no second person is needed whatever the account. A department whose
notes are closed to others approves its own answers.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from app.answers.drafts import draft_of, new_draft, save_draft
from app.answers.ready import (
    CannotSend,
    ConversationChanged,
    NeedsReason,
    Pressed,
    TooLate,
    asks_a_second_person,
    must_be_ready,
    never_alone,
    signature_under,
    text_of,
    tidy_body,
)
from app.answers.together import log_answer
from app.answers.write import (
    NOTHING_SET,
    case_locked_for,
    must_have_reason,
    now_at_work,
    put_in_outbox,
)
from app.database import db, writing
from app.inbox.approvals import all_open_to
from app.inbox.clocks import answers_case
from app.inbox.notes import add_note
from app.models import Account, Answer, Case, Staff
from app.models.answer import AnswerState
from app.models.event import log_event
from app.people.rights import (
    Act,
    NotAllowed,
    case_for,
    may,
    may_read_notes,
    must_be_allowed,
    visible_cases,
)


class MessageNeeded(Exception):
    """An answer is sent back with some words about what to change."""


def put_forward(
    pressed: Pressed,
    *,
    by: Staff,
    now: datetime,
    installation: Mapping[str, str] = NOTHING_SET,
    approval_roles: Collection[str] = (),
) -> Answer:
    """Ask for a second person's approval; nothing leaves. The author's draft is locked meanwhile.

    Raises `NotAllowed`, `TooLate` (it waits already), `CannotSend` (also when nobody needs to be
    asked) and `ConversationChanged`; in the last two the text is kept as the person's draft.
    """
    pressed = replace(pressed, body=tidy_body(pressed.body))
    try:
        with writing():
            case = case_locked_for(by, pressed.case_id)
            draft = draft_of(case.id, by)
            if draft is not None and draft.asked_at is not None:
                raise TooLate(draft.state)
            if not asks_a_second_person(case, by, approval_roles):
                raise CannotSend("no_approval")
            text = text_of(pressed.body, signature_under(pressed.body, by))
            target = must_be_ready(case, pressed, text, installation, now=now)
            answer = draft or new_draft(case, by, now)
            now_at_work(case, by, now=now)
            answer.body = answer.asked_body = pressed.body
            answer.in_reply_to_id, answer.private = target.id, pressed.private
            answer.case_version, answer.close_as = case.version, pressed.close_as
            answer.asked_at = answer.changed_at = now
            db.session.flush()
            _log("answer_put_forward", answer, by, now)
    except (CannotSend, ConversationChanged):
        save_draft(pressed.case_id, body=pressed.body, by=by, now=now)
        raise
    return answer


def take_back(answer_id: int, *, by: Staff, now: datetime) -> Answer:
    """The author goes on writing; it waits no longer. Raises `NotAllowed` and `TooLate`."""
    with writing():
        answer = _waiting(answer_id, by)
        if answer.author_id != by.id:
            raise NotAllowed(Act.ANSWER)
        answer.asked_at, answer.asked_body, answer.changed_at = None, "", now
        _log("answer_undone", answer, by, now)
    return answer


def change(
    answer_id: int, body: str, *, by: Staff, now: datetime, approval_roles: Collection[str] = ()
) -> Answer:
    """Keep what the second person has changed; an empty text is kept as it was before.

    Raises `NotAllowed` and `TooLate`.
    """
    with writing():
        answer = for_approval(answer_id, by, approval_roles)
        if tidy_body(body):
            answer.body, answer.changed_at = tidy_body(body), now
    return answer


def publish(
    answer_id: int,
    pressed: Pressed,
    *,
    by: Staff,
    now: datetime,
    installation: Mapping[str, str] = NOTHING_SET,
    approval_roles: Collection[str] = (),
) -> Answer:
    """Approve an answer, changed or not, and press send on it under one's own name.

    Of `pressed` the text, the version, the undo time, the outcome and the reason count; whom it
    answers is as the author put it. The resident sees the author's name under it. Raises
    `NotAllowed`, `TooLate`, `NeedsReason`, `CannotSend` and `ConversationChanged`; in the last
    three the text is kept, and waits still.
    """
    body = tidy_body(pressed.body)
    try:
        with writing():
            case = case_locked_for(by, _case_of(answer_id))
            answer = for_approval(answer_id, by, approval_roles)
            if answer.to_post:
                raise NotAllowed(Act.ANSWER)
            told = replace(
                pressed,
                case_id=case.id,
                body=body,
                in_reply_to_id=answer.in_reply_to_id,
                private=answer.private,
            )
            stops = must_have_reason(case, told)
            answer.signature = signature_under(body, answer.author)
            text = text_of(body, answer.signature)
            target = must_be_ready(case, told, text, installation, now=now)
            put_in_outbox(answer, case, target, told, stops, by=by, now=now)
    except (CannotSend, ConversationChanged, NeedsReason):
        change(answer_id, body, by=by, now=now, approval_roles=approval_roles)
        raise
    return answer


def send_back(
    answer_id: int,
    *,
    body: str,
    message: str,
    by: Staff,
    now: datetime,
    approval_roles: Collection[str] = (),
) -> Answer:
    """Give the answer back to its author with a message, which becomes a note.

    The text goes back as the second person left it; the author's own words stay in `asked_body`.
    Raises `NotAllowed`, `TooLate`, and `MessageNeeded` without words in the message.
    """
    if not message.strip():
        change(answer_id, body, by=by, now=now, approval_roles=approval_roles)
        raise MessageNeeded
    with writing():
        answer = for_approval(answer_id, by, approval_roles)
        answer.body, answer.asked_at, answer.changed_at = tidy_body(body) or answer.body, None, now
        _log("answer_sent_back", answer, by, now)
        add_note(answer.case, message, by=by, now=now, to=answer.author)
    return answer


def may_approve(answer: Answer, by: Staff, roles: Collection[str]) -> bool:
    """Whether this person may be the second one, in a case that they may see.

    Of an answer to several they must see every case.
    """
    whole = select(Answer.id).where(Answer.id == answer.id, all_open_to(by))
    return (
        answer.author_id != by.id
        and may(by, Act.ANSWER)
        and not never_alone(by, roles)
        and may_read_notes(by, answer.case.department)
        and (not answer.to_post or db.session.scalar(whole) is not None)
    )


def waiting_in(case: Case) -> list[Answer]:
    """What waits for approval in a case, to several too, the longest waiting first."""
    return _waiting_where(answers_case(case.id))


def waiting_for(staff: Staff, roles: Collection[str]) -> tuple[list[Answer], list[Answer]]:
    """What this person may approve, and what of their own waits for others; at most 200 in all."""
    found = _waiting_where(visible_cases(staff))
    theirs = [answer for answer in found if may_approve(answer, staff, roles)]
    return theirs, [answer for answer in found if answer.author_id == staff.id]


def sent_back_to(staff: Staff) -> list[Answer]:
    """The person's drafts that a second person has sent back, the newest first."""
    return list(
        db.session.scalars(
            select(Answer)
            .join(Case)
            .options(joinedload(Answer.case))
            .where(
                Answer.author_id == staff.id,
                Answer.state == AnswerState.DRAFT,
                Answer.asked_at.is_(None),
                Answer.asked_body != "",
                visible_cases(staff),
            )
            .order_by(Answer.changed_at.desc())
            .limit(100)
        )
    )


def ask_on_account(account_id: int, on: bool, *, by: Staff, now: datetime) -> Account:
    """Let a second person publish all answers of an account, or no longer. Raises `NotAllowed`."""
    must_be_allowed(by, Act.CHANGE_ACCOUNTS)
    with writing():
        account = db.session.get(Account, account_id)
        if account is None:
            raise NotAllowed(Act.CHANGE_ACCOUNTS)
        account.four_eyes = on
        log_event("account_changed", at=now, account_id=account.id, staff_id=by.id, four_eyes=on)
    return account


def ask_of_person(staff_id: int, on: bool, *, by: Staff, now: datetime) -> Staff:
    """Let a second person publish all of somebody's answers, or no longer. Raises `NotAllowed`."""
    must_be_allowed(by, Act.MANAGE_STAFF)
    with writing():
        person = db.session.get(Staff, staff_id)
        if person is None:
            raise NotAllowed(Act.MANAGE_STAFF)
        person.four_eyes = on
        log_event("staff_changed", at=now, staff_id=by.id, person=person.id, four_eyes=on)
    return person


def _waiting_where(condition: ColumnElement[bool]) -> list[Answer]:
    return list(
        db.session.scalars(
            select(Answer)
            .join(Case)
            .options(joinedload(Answer.case), joinedload(Answer.author))
            .where(Answer.asked_at.is_not(None), Answer.state == AnswerState.DRAFT, condition)
            .order_by(Answer.asked_at, Answer.id)
            .limit(200)
        )
    )


def _case_of(answer_id: int) -> int:
    case_id = db.session.scalar(select(Answer.case_id).where(Answer.id == answer_id))
    if case_id is None:
        raise NotAllowed(Act.ANSWER)
    return case_id


def _waiting(answer_id: int, by: Staff) -> Answer:
    """An answer that waits for approval, held. Raises `NotAllowed` and `TooLate`."""
    answer = db.session.get(Answer, answer_id)
    if answer is None:
        raise NotAllowed(Act.ANSWER)
    case_for(by, answer.case_id, Act.ANSWER)
    db.session.refresh(answer, with_for_update={"of": Answer})
    if answer.asked_at is None or answer.state != AnswerState.DRAFT:
        raise TooLate(answer.state)
    return answer


def for_approval(answer_id: int, by: Staff, roles: Collection[str]) -> Answer:
    """As `_waiting`, for somebody who may be the second person. Raises `NotAllowed`, `TooLate`."""
    answer = db.session.get(Answer, answer_id, populate_existing=True)
    if answer is None:
        raise NotAllowed(Act.ANSWER)
    case_for(by, answer.case_id, Act.ANSWER)
    if not may_approve(answer, by, roles):
        raise NotAllowed(Act.ANSWER)
    return _waiting(answer_id, by)


def _log(name: str, answer: Answer, by: Staff, now: datetime) -> None:
    log_answer(name, answer, at=now, staff_id=by.id)
