"""One public answer to several residents: a comment of the city directly under its own post.

A named person chooses the cases, writes once and presses once. In the outbox it is one row like any
other; each case that it answers has its words covered by it, so that each clock ends by itself when
the platform has the answer, and goes on when it does not arrive.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import delete, select, update

from app.answers.care import Care, Override
from app.answers.ready import (
    CannotSend,
    NeedsApproval,
    NeedsReason,
    never_alone,
    signature_under,
    stops_in,
    text_of,
    tidy_body,
    weigh,
)
from app.answers.together import log_answer
from app.answers.under_post import MOST_CASES, draft_under, save_draft_under
from app.answers.write import now_at_work
from app.channels.base import Reason, all_channels
from app.collecting.incidents import incident_on
from app.database import db, writing
from app.inbox import posts
from app.inbox.clocks import GONE, cover_words, lock_cases
from app.models import Account, Answer, AnswerCase, Case, Message, Post, Staff
from app.models.answer import AnswerState
from app.models.case import Outcome
from app.models.source import AccountState
from app.people.approvals import is_approved
from app.people.rights import Act

NO_PLACE = "no_answer_post"
NOT_OURS = "not_our_post"
TOO_MANY = "several_too_many"
NOBODY = "several_nobody"
"""Reasons of this file's own; each has a sentence beside those of the platforms."""


class SeveralChanged(Exception):
    """Some of the cases are not what the person had before them: nothing was sent to anybody.

    `changed`: those in which something has happened; `lost`: how many cannot be answered any more.
    A careful person reads the new words first: they may ask something that the answer is wrong for.
    """

    def __init__(self, changed: Sequence[int], lost: int) -> None:
        super().__init__(f"{len(changed)} changed, {lost} lost")
        self.changed, self.lost = tuple(changed), lost


@dataclass(frozen=True, slots=True)
class PressedForSeveral:
    """What a person pressed send on: the text, and the cases with the version they had seen.

    `undo`, `close_as` and `care_reason` as in `ready.Pressed`; `close_as` goes for each case.
    """

    post_id: int
    seen: Mapping[int, int]
    body: str
    undo: timedelta | None
    close_as: Outcome | None = None
    care_reason: str = ""


def press_for_several(
    pressed: PressedForSeveral,
    *,
    by: Staff,
    now: datetime,
    installation: Mapping[str, str] = MappingProxyType({}),
    approval_roles: Collection[str] = (),
) -> Answer:
    """Put one answer to several cases in the outbox; it leaves when the undo time is over.

    Raises `NotAllowed`, `NeedsApproval`, `CannotSend`, `NeedsReason` and `SeveralChanged`; then
    nothing is sent to anybody, and in all but the first the text is kept as the person's draft.
    """
    pressed = replace(pressed, body=tidy_body(pressed.body))
    try:
        with writing():
            post = posts.post_for(by, pressed.post_id, Act.ANSWER)
            lock_cases(pressed.seen)
            draft = draft_under(post.id, by)
            if needs_second(post, by, approval_roles) or (draft and draft.asked_at):
                raise NeedsApproval
            cases = cases_ready(post, pressed, installation, by=by, author=by, now=now)
            stops = must_have_reason(cases, pressed)
            answer = draft or Answer(author_id=by.id, key=secrets.token_hex(16), created_at=now)
            put_out(answer, cases, pressed, stops, by=by, author=by, now=now)
    except (CannotSend, NeedsApproval, NeedsReason, SeveralChanged):
        save_draft_under(pressed.post_id, pressed.seen, body=pressed.body, by=by, now=now)
        raise
    return answer


def needs_second(post: Post, staff: Staff, roles: Collection[str]) -> bool:
    """Whether this person's answer under the post needs somebody else's approval."""
    return db.session.get_one(Account, post.account_id).four_eyes or never_alone(staff, roles)


def cases_ready(
    post: Post,
    pressed: PressedForSeveral,
    installation: Mapping[str, str],
    *,
    by: Staff,
    author: Staff,
    now: datetime,
) -> list[Case]:
    """The chosen cases, when they are as `by` saw them and the text may stand under the post.

    Raises `CannotSend` and `SeveralChanged`.
    """
    cases = _as_they_were_seen(pressed, by)
    reason = why_not(post, now=now)
    if reason or not pressed.body:
        raise CannotSend(reason or Reason.EMPTY)
    _must_fit(cases[0], text_of(pressed.body, signature_under(pressed.body, author)), installation)
    return cases


def must_have_reason(cases: Sequence[Case], pressed: PressedForSeveral) -> list[Care]:
    """What care stops in the text; it passes with a reason only. Raises `NeedsReason`."""
    stops = stops_in_several(cases, pressed.body)
    if stops and pressed.care_reason not in list(Override):
        raise NeedsReason(stops)
    return stops


def why_not(post: Post, *, now: datetime) -> str:
    """Why nothing can be said directly under a post; '' when it can be."""
    account = db.session.get_one(Account, post.account_id)
    channel = all_channels().get(account.channel)
    if channel is None or not channel.abilities.answer:
        return Reason.NOT_SUPPORTED
    if not channel.abilities.answer_post:
        return NO_PLACE
    if not post.by_city or post.external_id == account.external_id:
        return NOT_OURS
    if account.state != AccountState.ACTIVE:
        return "account_paused"
    if not is_approved(account, now):
        return "not_approved"
    if incident_on(account.channel) is not None:
        return "incident"
    return Reason.COMMENTS_CLOSED if posts.comments_closed(post.id) else ""


def stops_in_several(cases: Sequence[Case], body: str) -> list[Care]:
    """What in the text leaves only with a reason, whichever of the cases it is held against."""
    seen: dict[tuple[str, bool], Case] = {}
    for case in cases:
        restricted = case.department is not None and case.department.restricted
        seen.setdefault((case.person_name, restricted), case)
    return list(dict.fromkeys(stop for case in seen.values() for stop in stops_in(case, body)))


def _as_they_were_seen(pressed: PressedForSeveral, by: Staff) -> list[Case]:
    """The chosen cases in the order chosen. Raises `CannotSend` and `SeveralChanged`."""
    if not pressed.seen:
        raise CannotSend(NOBODY)
    if len(pressed.seen) > MOST_CASES:
        raise CannotSend(TOO_MANY)
    db.session.expire_all()  # they may have been read before they were held
    rows = posts.chosen(pressed.post_id, by, list(pressed.seen))
    there = [row.Case for row in rows if row.Case.id in _with_words(list(pressed.seen))]
    changed = [case.id for case in there if case.version != pressed.seen[case.id]]
    lost = len(pressed.seen) - len(there)
    if changed or lost:
        raise SeveralChanged(changed, lost)
    return there


def _with_words(case_ids: Sequence[int]) -> set[int | None]:
    """Those of these cases in which a resident's word still stands on the platform."""
    return set(
        db.session.scalars(
            select(Message.case_id)
            .where(Message.case_id.in_(case_ids), ~Message.by_city, Message.at_source.not_in(GONE))
            .distinct()
        )
    )


def _must_fit(case: Case, text: str, installation: Mapping[str, str]) -> None:
    weight = weigh(case, text, installation)
    if weight.most is not None and weight.used > weight.most:
        raise CannotSend(Reason.TOO_LONG)


def put_out(
    answer: Answer,
    cases: Sequence[Case],
    pressed: PressedForSeveral,
    stops: Sequence[Care],
    *,
    by: Staff,
    author: Staff,
    now: datetime,
) -> None:
    """Queue an answer to these cases under the name of who pressed. Runs in the caller's
    transaction, which has asked everything that must be asked before."""
    target = _newest_word(cases[0])
    answer.case_id, answer.in_reply_to_id, answer.to_post = cases[0].id, target, True
    answer.body, answer.signature = pressed.body, signature_under(pressed.body, author)
    answer.state, answer.sent_by_id, answer.pressed_at = AnswerState.QUEUED, by.id, now
    answer.case_version, answer.close_as = cases[0].version, pressed.close_as
    answer.send_after = None if pressed.undo is None else now + pressed.undo
    answer.asked_at, answer.changed_at, answer.reason = None, now, ""
    db.session.add(answer)
    db.session.flush()
    _discard_same_words(answer, cases, author)
    _take_in(cases, answer, by, now)
    care = {"care": list(stops), "care_reason": pressed.care_reason} if stops else {}
    log_answer("answer_queued", answer, at=now, staff_id=by.id, **care)


def _newest_word(case: Case) -> int:
    """The id of the newest of the resident's words that still stand there."""
    newest = (
        select(Message.id)
        .where(Message.case_id == case.id, ~Message.by_city, Message.at_source.not_in(GONE))
        .order_by(Message.published_at.desc(), Message.id.desc())
        .limit(1)
    )
    return db.session.scalars(newest).one()


def _discard_same_words(answer: Answer, cases: Sequence[Case], author: Staff) -> None:
    """The same words kept as the author's draft in one of the cases are none now."""
    db.session.execute(
        update(Answer)
        .where(
            Answer.case_id.in_([case.id for case in cases]),
            Answer.author_id == author.id,
            Answer.state == AnswerState.DRAFT,
            Answer.asked_at.is_(None),
            ~Answer.to_post,
            Answer.body == answer.body,
        )
        .values(state=AnswerState.DISCARDED, changed_at=answer.changed_at)
        .execution_options(synchronize_session=False)
    )


def _take_in(cases: Sequence[Case], answer: Answer, by: Staff, now: datetime) -> None:
    """Each case is now answered by this answer, and by this person where nobody had it."""
    db.session.execute(delete(AnswerCase).where(AnswerCase.answer_id == answer.id))
    for case in cases[1:]:
        db.session.add(AnswerCase(answer_id=answer.id, case_id=case.id, case_version=case.version))
    for case in cases:
        now_at_work(case, by, now=now)
    db.session.flush()
    for case in cases:
        cover_words(case.id, answer.id)
