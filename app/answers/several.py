"""One public answer to several residents: a comment of the city directly under its own post.

A named person chooses the cases, writes once and presses once. In the outbox it is one row like any
other; each case that it answers has its words covered by it, so that each clock ends by itself when
the platform has the answer, and goes on when it does not arrive.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import select, update

from app.answers.care import Care, Override
from app.answers.ready import (
    CannotSend,
    NeedsReason,
    never_alone,
    signature_under,
    stops_in,
    text_of,
    tidy_body,
    weigh,
)
from app.answers.together import log_answer
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
from app.people.rights import Act

MOST_CASES = 200
"""Cases that one answer may answer: more than a person reads through before pressing."""

NO_PLACE = "no_answer_post"
NOT_OURS = "not_our_post"
TWO_PEOPLE = "several_need_two"
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
    instead_of: str = ""
    """The text that was taken back and is now sent anew: its draft is none any more."""


def press_for_several(
    pressed: PressedForSeveral,
    *,
    by: Staff,
    now: datetime,
    installation: Mapping[str, str] = MappingProxyType({}),
    approval_roles: Collection[str] = (),
) -> Answer:
    """Put one answer to several cases in the outbox; it leaves when the undo time is over.

    Raises `NotAllowed`, `CannotSend`, `NeedsReason` and `SeveralChanged`; then nothing has been
    written anywhere.
    """
    body = tidy_body(pressed.body)
    with writing():
        post = posts.post_for(by, pressed.post_id, Act.ANSWER)
        lock_cases(pressed.seen)
        cases = _as_they_were_seen(pressed, by)
        reason = why_not(post, by, approval_roles)
        if reason or not body:
            raise CannotSend(reason or Reason.EMPTY)
        signature = signature_under(body, by)
        _must_fit(cases[0], text_of(body, signature), installation)
        stops = stops_in_several(cases, body)
        if stops and pressed.care_reason not in list(Override):
            raise NeedsReason(stops)
        answer = _queued(cases[0], pressed, body, signature, by, now)
        _take_in(cases, answer, by, now)
        care = {"care": stops, "care_reason": pressed.care_reason} if stops else {}
        log_answer("answer_queued", answer, at=now, staff_id=by.id, **care)
    return answer


def why_not(post: Post, by: Staff, approval_roles: Collection[str] = ()) -> str:
    """Why nothing can be said directly under a post; '' when it can be."""
    account = db.session.get_one(Account, post.account_id)
    channel = all_channels().get(account.channel)
    if channel is None or not channel.abilities.answer:
        return Reason.NOT_SUPPORTED
    if not channel.abilities.answer_post:
        return NO_PLACE
    if not post.by_city or post.external_id == account.external_id:
        return NOT_OURS
    if account.four_eyes or never_alone(by, approval_roles):
        return TWO_PEOPLE
    if account.state != AccountState.ACTIVE:
        return "account_paused"
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


def _queued(
    case: Case, pressed: PressedForSeveral, body: str, signature: str, by: Staff, now: datetime
) -> Answer:
    """The row of the outbox; the same words kept as a draft in one of the cases are none now."""
    newest = (
        select(Message.id)
        .where(Message.case_id == case.id, ~Message.by_city, Message.at_source.not_in(GONE))
        .order_by(Message.published_at.desc(), Message.id.desc())
        .limit(1)
    )
    answer = Answer(
        case_id=case.id,
        in_reply_to_id=db.session.scalars(newest).one(),
        author_id=by.id,
        sent_by_id=by.id,
        body=body,
        signature=signature,
        state=AnswerState.QUEUED,
        key=secrets.token_hex(16),
        case_version=case.version,
        close_as=pressed.close_as,
        pressed_at=now,
        send_after=None if pressed.undo is None else now + pressed.undo,
        to_post=True,
        created_at=now,
        changed_at=now,
    )
    db.session.add(answer)
    db.session.execute(
        update(Answer)
        .where(
            Answer.case_id.in_(list(pressed.seen)),
            Answer.author_id == by.id,
            Answer.state == AnswerState.DRAFT,
            Answer.asked_at.is_(None),
            Answer.body.in_([body, pressed.instead_of or body]),
        )
        .values(state=AnswerState.DISCARDED, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    return answer


def _take_in(cases: Sequence[Case], answer: Answer, by: Staff, now: datetime) -> None:
    """Each case is now answered by this answer, and by this person where nobody had it."""
    db.session.flush()
    for case in cases[1:]:
        db.session.add(AnswerCase(answer_id=answer.id, case_id=case.id, case_version=case.version))
    for case in cases:
        now_at_work(case, by, now=now)
    db.session.flush()
    for case in cases:
        cover_words(case.id, answer.id)
