"""What a person does with an answer: press send, take it back, settle what is uncertain.

Every function is one transaction. No job calls any of them: the only ways into the outbox are
`press_send` and a second person's `approve.publish`, and both need a named person.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import update

from app.answers.care import Care, Override
from app.answers.drafts import again_as_draft, draft_of, new_draft, save_draft
from app.answers.ready import (
    CannotSend,
    ConversationChanged,
    NeedsApproval,
    NeedsReason,
    Pressed,
    TooLate,
    asks_a_second_person,
    must_be_ready,
    never_alone,
    signature_under,
    stops_in,
    text_of,
    tidy_body,
)
from app.answers.together import case_ids_of, cases_of, log_answer
from app.answers.under_post import again_under, draft_under
from app.database import db, writing
from app.inbox import states
from app.inbox.clocks import (
    cover_words,
    set_clocks,
    settle_followers,
    settle_words,
    uncover_words,
)
from app.models import Answer, Case, Message, Staff
from app.models.answer import VANISHED, AnswerState
from app.models.case import CaseState
from app.models.event import log_event
from app.people.rights import Act, NotAllowed, case_for

AUTHORS_TURN = timedelta(hours=1)
"""How long only its people sort an answer out: who wrote it and who pressed send."""

NOTHING_SET: Mapping[str, str] = MappingProxyType({})


class AuthorsTurn(Exception):
    """The answer's own people have AUTHORS_TURN to sort it out before a colleague may."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def press_send(
    pressed: Pressed,
    *,
    by: Staff,
    now: datetime,
    installation: Mapping[str, str] = NOTHING_SET,
    approval_roles: Collection[str] = (),
) -> Answer:
    """Put an answer in the outbox, signed by a named person; it leaves when the undo time is over.

    `installation` holds the settings that speak of platforms (how long a text may be, prices);
    `approval_roles` the roles whose answers a second person publishes.
    Raises `NotAllowed`, `NeedsApproval`, `NeedsReason`, `CannotSend` (nothing to send, too long,
    the account cannot answer) and `ConversationChanged`. In all but the first the text is kept as
    the person's draft.
    """
    pressed = replace(pressed, body=tidy_body(pressed.body))
    try:
        with writing():
            case = case_locked_for(by, pressed.case_id)
            draft = draft_of(case.id, by)
            if asks_a_second_person(case, by, approval_roles) or (draft and draft.asked_at):
                raise NeedsApproval
            stops = must_have_reason(case, pressed)
            signature = signature_under(pressed.body, by)
            text = text_of(pressed.body, signature)
            target = must_be_ready(case, pressed, text, installation, now=now)
            answer = draft or new_draft(case, by, now)
            answer.signature = signature
            put_in_outbox(answer, case, target, pressed, stops, by=by, now=now)
    except (CannotSend, ConversationChanged, NeedsApproval, NeedsReason):
        save_draft(pressed.case_id, body=pressed.body, by=by, now=now)
        raise
    return answer


def case_locked_for(by: Staff, case_id: int) -> Case:
    """The case, which nobody else changes meanwhile. Raises `NotAllowed`."""
    case = case_for(by, case_id, Act.ANSWER)
    db.session.refresh(case, with_for_update={"of": Case})
    return case


def must_have_reason(case: Case, pressed: Pressed) -> list[Care]:
    """What care stops in the text; it passes with a reason only. Raises `NeedsReason`."""
    stops = stops_in(case, pressed.body)
    if stops and pressed.care_reason not in list(Override):
        raise NeedsReason(stops)
    return stops


def put_in_outbox(
    answer: Answer,
    case: Case,
    target: Message,
    pressed: Pressed,
    stops: list[Care],
    *,
    by: Staff,
    now: datetime,
) -> None:
    """Queue an answer under the name of who pressed. Runs in the caller's transaction, which has
    asked everything that must be asked before."""
    answer.body = pressed.body
    answer.in_reply_to_id, answer.private = target.id, pressed.private
    answer.case_version, answer.close_as = case.version, pressed.close_as
    answer.state, answer.sent_by_id, answer.pressed_at = AnswerState.QUEUED, by.id, now
    answer.send_after = None if pressed.undo is None else now + pressed.undo
    answer.asked_at, answer.changed_at, answer.reason = None, now, ""
    now_at_work(case, by, now=now)
    db.session.flush()
    cover_words(case.id, answer.id)
    # kinds and a code, no words: the ledger holds nothing of what was written
    why = {"care": list(stops), "care_reason": pressed.care_reason} if stops else {}
    log_event("answer_queued", at=now, case_id=case.id, answer_id=answer.id, staff_id=by.id, **why)


def now_at_work(case: Case, by: Staff, *, now: datetime) -> None:
    """Somebody has answered, or asked to: others see that something has happened in the case."""
    case.version += 1
    if case.assignee_id is None:
        case.assignee_id = by.id
    if case.is_open and case.state != CaseState.ONGOING:
        states.move(case, CaseState.ONGOING, now=now)


def undo(answer_id: int, *, by: Staff, now: datetime) -> Answer:
    """Take a queued answer back as a draft. Raises `NotAllowed` and `TooLate`.

    What a second person had published waits for approval again when it is not the author who takes
    it back.
    """
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
        draft = _back_where_it_was(answer, by, now)
        log_answer("answer_undone", answer, at=now, staff_id=by.id)
    return draft


def _back_where_it_was(answer: Answer, by: Staff, now: datetime) -> Answer:
    """The draft of who takes it back; or the author's, put forward as before."""
    if not answer.asked_body or by.id == answer.author_id:
        return _again(answer, by, now)
    if answer.to_post:
        untouched = draft_under(answer.case.post_id, answer.author) is None
    else:
        untouched = draft_of(answer.case_id, answer.author) is None
    draft = _again(answer, answer.author, now)
    draft.asked_body = answer.asked_body
    if untouched and draft.case_id in case_ids_of(answer):
        draft.asked_at, draft.close_as = now, answer.close_as
        draft.private, draft.in_reply_to_id = answer.private, answer.in_reply_to_id
    return draft


def _again(answer: Answer, by: Staff, now: datetime) -> Answer:
    """The answer's words as a draft of the same kind: in its case, or to several under a post."""
    return again_under(answer, by, now) if answer.to_post else again_as_draft(answer, by, now)


def release(
    answer_id: int, *, by: Staff, now: datetime, approval_roles: Collection[str] = ()
) -> Answer:
    """Let a queued answer leave at once. Raises `NotAllowed`, `NeedsApproval` and `TooLate`."""
    with writing():
        answer = _mine(answer_id, by)
        db.session.refresh(answer, with_for_update={"of": Answer})
        if answer.state != AnswerState.QUEUED:
            raise TooLate(answer.state)
        _must_not_be_alone(answer, by, approval_roles)
        answer.send_after = now
        log_answer("answer_released", answer, at=now, staff_id=by.id)
    return answer


def write_again(answer_id: int, *, by: Staff, now: datetime) -> Answer:
    """A refused answer's text as a new draft. Raises `NotAllowed`, `AuthorsTurn`, `TooLate`."""
    with writing():
        answer = _to_sort_out(answer_id, by, now)
        if answer.state != AnswerState.REFUSED:
            raise TooLate(answer.state)
        answer.state, answer.changed_at = AnswerState.DISCARDED, now
        return _again(answer, by, now)


def seen(answer_id: int, *, by: Staff, now: datetime) -> Answer:
    """The person knows that an answer was refused, or has vanished from the platform: it no longer
    stands among those to sort out. Raises `NotAllowed`, `AuthorsTurn` and `TooLate`."""
    with writing():
        answer = _to_sort_out(answer_id, by, now)
        db.session.refresh(answer, with_for_update={"of": Answer})
        if answer.state == AnswerState.REFUSED:
            answer.state = AnswerState.DISCARDED
        elif answer.state == AnswerState.SENT and answer.reason == VANISHED:
            answer.reason = ""
        else:
            raise TooLate(answer.state)
        answer.changed_at = now
        log_answer("answer_seen_to", answer, at=now, staff_id=by.id)
    return answer


def settle(
    answer_id: int,
    *,
    arrived: bool,
    by: Staff,
    now: datetime,
    approval_roles: Collection[str] = (),
) -> Answer:
    """A person says whether an uncertain answer arrived.

    Missing: it is queued anew under that person's name, and the platform is searched once more
    before anything leaves. Arrived: it counts as sent. Raises `NotAllowed`, `AuthorsTurn`,
    `NeedsApproval` (to send again is to press send) and `TooLate`.
    """
    with writing():
        answer = _to_sort_out(answer_id, by, now)
        db.session.refresh(answer, with_for_update={"of": Answer})
        if answer.state != AnswerState.UNCERTAIN:
            raise TooLate(answer.state)
        if not arrived:
            _must_not_be_alone(answer, by, approval_roles)
        answer.changed_at = now
        if arrived:
            answer.state, answer.external_id = AnswerState.SENT, answer.external_id or ""
            answer.sent_at = answer.left_at or now
            settle_cases(answer, now=now)
        else:
            answer.state, answer.sent_by_id, answer.pressed_at = AnswerState.QUEUED, by.id, now
            answer.send_after = now
            answer.looks, answer.left_at = 0, None
        log_answer("answer_settled", answer, at=now, staff_id=by.id, arrived=arrived)
    return answer


def hand_words_on(answer: Answer, *, now: datetime) -> None:
    """An answer will not arrive: one pressed after it answers its words too, if there is one."""
    for case in cases_of(answer):
        later = uncover_words(answer, case.id)
        if later is not None and later.state == AnswerState.SENT:
            settle_case(case, later, now=now)


def settle_cases(answer: Answer, *, now: datetime) -> None:
    """What a published answer means for each case that it answers."""
    for case in cases_of(answer):
        settle_case(case, answer, now=now)


def settle_case(case: Case, answer: Answer, *, now: datetime) -> None:
    """What a published answer means for its case: the words it was pressed against are done."""
    settle_words(case.id, answer.id)
    pressed = {"by_id": answer.sent_by_id, "answer_id": answer.id}
    behind = settle_followers(case.id, now=now, **pressed)
    case.answered_at = max(case.answered_at or now, now)
    db.session.flush()
    set_clocks([case.id], now=now)
    db.session.refresh(case)
    if behind or case.waiting_since is not None or not case.is_open:
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


def _mine(answer_id: int, by: Staff) -> Answer:
    """The answer, for somebody who may answer in its case. Raises `NotAllowed`."""
    answer = db.session.get(Answer, answer_id, populate_existing=True)
    if answer is None:
        raise NotAllowed(Act.ANSWER)
    case_for(by, answer.case_id, Act.ANSWER)
    return answer


def _to_sort_out(answer_id: int, by: Staff, now: datetime) -> Answer:
    """As `_mine`, for who wrote or pressed it, and for others once AUTHORS_TURN is over.

    Raises `NotAllowed` and `AuthorsTurn`.
    """
    answer = _mine(answer_id, by)
    if not may_sort_out(answer, by, now=now):
        raise AuthorsTurn(answer.author.name)
    return answer


def may_sort_out(answer: Answer, by: Staff, *, now: datetime) -> bool:
    """Whether it is this person's turn, among those who may answer in the case."""
    own = by.id in (answer.author_id, answer.sent_by_id)
    return own or now - answer.changed_at >= AUTHORS_TURN


def _must_not_be_alone(answer: Answer, by: Staff, roles: Collection[str]) -> None:
    """Raises `NeedsApproval` when this press would be one that asks for a second person."""
    theirs = by.id == answer.author_id
    approved = bool(answer.asked_body) or answer.case.account.four_eyes
    if never_alone(by, roles) or (theirs and approved):
        raise NeedsApproval
