"""Some of a resident's words taken out as a case of their own, and put back again.

The words keep their author, time and versions; both cases' clocks are what their own messages say.
The new case has no `person_id`: one resident has one case under a post, and that stays the first.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update

from app.database import db, insert_or_ignore, writing
from app.inbox.clocks import ON_ITS_WAY, answers_case, lock_cases, set_clocks
from app.inbox.following import followers_of
from app.inbox.merging import as_seen, has_words
from app.inbox.states import move
from app.models import (
    Answer,
    AnswerCase,
    Case,
    Department,
    Mention,
    Message,
    Note,
    Staff,
)
from app.models.answer import AnswerState
from app.models.case import CaseState, Outcome, RoutedBy
from app.models.event import log_event
from app.people.rights import Act, case_for

COPIED = ("account_id", "channel", "post_id", "person_name", "language", "urgent", "urgent_why",
          "urgent_by_rule")  # fmt: skip
"""What the new case has of the old one. Better urgent twice than not at all."""


class CannotSplit(Exception):
    """The words cannot be taken out, or put back, like this; `reason` has a sentence for staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Apart:
    """Which messages are taken out, and where they go.

    `department`: its slug, None leaves it unsure and the model looks at it; `kind`: '' the same.
    """

    message_ids: Collection[int]
    department: str | None = None
    kind: str = ""


def split(case_id: int, apart: Apart, *, by: Staff, seen_version: int, now: datetime) -> Case:
    """Take some of the resident's words out of a case, with what answered exactly those.

    Raises `NotAllowed`, `handle.CaseChanged`, and `CannotSplit` ("nothing" chosen, "all" of them,
    "on_its_way": an answer to them has not arrived yet, "department").
    """
    with writing():
        lock_cases([case_id])
        case = as_seen(case_id, seen_version, by)
        words = _chosen(case, apart.message_ids)
        taken = [one.id for one in words]
        if _is_on_its_way(taken):
            raise CannotSplit("on_its_way")
        new = _new_case(case, words, apart)
        moved = _move_words(case.id, new.id, taken)
        new.answered_at = _last_answer(new.id)
        case.version += 1
        set_clocks([case.id, new.id], now=now)
        db.session.refresh(new)
        db.session.refresh(case)
        if new.waiting_since is None:
            done_at = case.closed_at or now
            state = CaseState.ANSWERED if case.is_open else CaseState.CLOSED
            move(new, state, now=done_at, outcome=case.outcome)
        facts: dict[str, Any] = {"at": now, "staff_id": by.id, "messages": sorted(taken)}
        facts["with_them"] = sorted(moved - set(taken))
        log_event("case_split", case_id=case.id, out=new.id, **facts)
        place: dict[str, Any] = {"to": apart.department or "", "kind": apart.kind}
        log_event("case_split", case_id=new.id, out_of=case.id, **facts, **place)
    return new


def unsplit(case_id: int, *, by: Staff, seen_version: int, now: datetime) -> Case:
    """Put a split case's words, answers and notes back where they were; returns that case.

    The split case is closed and out of sight. Raises `NotAllowed` unless the person may close
    both, `handle.CaseChanged`, and `CannotSplit` ("not_split", "on_its_way").
    """
    with writing():
        home_id = home_of(case_id)
        lock_cases([case_id, home_id or case_id])
        case = as_seen(case_id, seen_version, by)
        if home_id is None or not has_words(case):
            raise CannotSplit("not_split")
        home = case_for(by, home_id, Act.CLOSE)
        words = db.session.scalars(select(Message.id).where(Message.case_id == case.id)).all()
        if _is_on_its_way(words):
            raise CannotSplit("on_its_way")
        led_by = case.merged_into_id
        _put_back(case, home, now)
        if case.answered_at is not None:
            home.answered_at = max(home.answered_at or case.answered_at, case.answered_at)
        home.version += 1
        case.version += 1
        set_clocks({home.id, led_by or home.id}, now=now)
        facts: dict[str, Any] = {"at": now, "staff_id": by.id}
        log_event("case_unsplit", case_id=case.id, into=home.id, **facts)
        log_event("case_unsplit", case_id=home.id, back_from=case.id, **facts)
        db.session.flush()
        db.session.refresh(home)
    return home


def home_of(case_id: int) -> int | None:
    """Where the words of a split case go back to: whence they came, or where those are now."""
    case = db.session.get(Case, case_id, populate_existing=True)
    home_id = case.split_from_id if case else None
    while home_id is not None:
        home = db.session.get_one(Case, home_id, populate_existing=True)
        if home.split_from_id is None or has_words(home):
            return home_id
        home_id = home.split_from_id
    return None


def resident_words(case: Case) -> list[Message]:
    """The resident's messages in the case, the oldest first."""
    return list(
        db.session.scalars(
            select(Message)
            .where(Message.case_id == case.id, ~Message.by_city)
            .order_by(Message.published_at, Message.id)
        )
    )


def _chosen(case: Case, message_ids: Collection[int]) -> list[Message]:
    words = resident_words(case)
    chosen = [one for one in words if one.id in message_ids]
    if not chosen or len(chosen) != len(set(message_ids)):
        raise CannotSplit("nothing")
    if len(chosen) == len(words):
        raise CannotSplit("all")
    return chosen


def _is_on_its_way(message_ids: Collection[int]) -> bool:
    """Whether an answer that was pressed against one of these words has yet to arrive."""
    covered = select(Message.covered_by).where(Message.id.in_(message_ids))
    on_its_way = select(Answer.id).where(
        Answer.state.in_(ON_ITS_WAY),
        or_(Answer.in_reply_to_id.in_(message_ids), Answer.id.in_(covered)),
    )
    return db.session.scalar(on_its_way.limit(1)) is not None


def _new_case(case: Case, words: list[Message], apart: Apart) -> Case:
    department = None
    if apart.department is not None:
        chosen = (Department.slug == apart.department, Department.open)
        department = db.session.scalar(select(Department).where(*chosen))
        if department is None:
            raise CannotSplit("department")
    new = Case(
        **{name: getattr(case, name) for name in COPIED},
        person_id=None,
        split_from_id=case.id,
        kind=apart.kind,
        department_id=department.id if department else None,
        routed_by=RoutedBy.PERSON if department else RoutedBy.NOBODY,
        route_wanted=department is None,
        opened_at=words[0].published_at,
        last_word_at=words[-1].published_at,
        sort_at=words[-1].published_at,
    )
    db.session.add(new)
    db.session.flush()
    return new


def _move_words(case_id: int, to_id: int, taken: list[int]) -> set[int]:
    """Move these messages, our answers to them, and what the city said under them; returns all."""
    answers = select(Answer).where(
        Answer.case_id == case_id,
        Answer.in_reply_to_id.in_(taken),
        Answer.state.not_in((AnswerState.DRAFT, AnswerState.DISCARDED)),
    )
    moved = set(taken)
    for answer in db.session.scalars(answers).all():
        _answers_too(answer, to_id)
        moved |= {answer.message_id} if answer.message_id else set()
    wanted = moved
    while wanted:
        said = select(Message.id).where(
            Message.case_id == case_id, Message.by_city, Message.parent_id.in_(wanted)
        )
        wanted = set(db.session.scalars(said)) - moved
        moved |= wanted
    _set_case(Message, Message.id.in_(moved), to_id)
    return moved


def _answers_too(answer: Answer, case_id: int) -> None:
    """A pressed answer stays as it was pressed, its case too: it answers this one beside that."""
    if answer.case_id != case_id:
        row = {"answer_id": answer.id, "case_id": case_id, "case_version": answer.case_version}
        insert_or_ignore(AnswerCase, [row])


def _set_case(table: Any, condition: Any, case_id: int) -> None:
    db.session.execute(update(table).where(condition).values(case_id=case_id))


def _last_answer(case_id: int) -> datetime | None:
    """When the city last answered in these messages, here or on the platform itself."""
    answers = db.session.scalars(
        select(Message.published_at)
        .where(Message.case_id == case_id, Message.by_city)
        .order_by(Message.published_at.desc())
    )
    return answers.first()


def _put_back(case: Case, home: Case, now: datetime) -> None:
    """Everything of the one case is the other's again; the one is done and follows it."""
    _join_drafts(case, home)
    lies_here = and_(Answer.case_id == case.id, Answer.state == AnswerState.DRAFT)
    theirs = select(Answer).where(or_(and_(answers_case(case.id), ~lies_here), _is_chosen(case.id)))
    for answer in db.session.scalars(theirs).all():
        _answers_too(answer, home.id)
    db.session.execute(delete(AnswerCase).where(AnswerCase.case_id == case.id))
    for table in (Message, Note, Mention):
        _set_case(table, table.case_id == case.id, home.id)
    if home.merged_into_id == case.id:
        home.merged_into_id = None
        db.session.flush()
    here = [case.id, *followers_of(case.id)]
    follow = update(Case).where(Case.id.in_(here))
    db.session.execute(follow.values(merged_into_id=home.merged_into_id or home.id))
    case.assignee_id, case.snoozed_until, case.route_wanted = None, None, False
    move(case, CaseState.CLOSED, now=now, outcome=Outcome.DUPLICATE)


def _is_chosen(case_id: int) -> ColumnElement[bool]:
    """The condition on `Answer` that this case stands among those it answers together."""
    return Answer.id.in_(select(AnswerCase.answer_id).where(AnswerCase.case_id == case_id))


def _join_drafts(case: Case, home: Case) -> None:
    """A person has one draft in a case: what they wrote in the split one stands below the other.

    A draft to several that lies in either is no word to this resident alone: it lies where there
    is room.
    """
    drafts = select(Answer).where(Answer.state == AnswerState.DRAFT)
    kept = {
        one.author_id: one for one in db.session.scalars(drafts.where(Answer.case_id == home.id))
    }
    for draft in db.session.scalars(drafts.where(Answer.case_id == case.id)).all():
        other = kept.get(draft.author_id)
        if other is None:
            draft.case_id = home.id
        elif draft.to_post:
            continue
        elif other.to_post:
            _change_places(draft, other)
        else:
            other.body = f"{other.body}\n\n{draft.body}".strip()
            draft.state = AnswerState.DISCARDED
    db.session.flush()


def _change_places(one: Answer, other: Answer) -> None:
    """Let each of two drafts of a person lie in the other's case; never are two in one."""
    places = one.case_id, other.case_id
    other.state = AnswerState.DISCARDED
    db.session.flush()
    one.case_id = places[1]
    db.session.flush()
    other.case_id, other.state = places[0], AnswerState.DRAFT
