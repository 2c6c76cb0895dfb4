"""How we have answered before: the answered questions nearest to the words that wait in a case.

The index is local and small: the stems of the question that each sent answer answered, kept when
it was published (`remember`). Nearness is the weight of the stems that two questions share, rare
stems weighing more. Only the few rarest of a question's stems are looked up, and of each only the
newest answers, so that it takes as long with a hundred thousand answers as with a thousand. What
is shown is read from the live messages, never from a copy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import log
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy import case as choose
from sqlalchemy.orm import joinedload

from app.answers.earlier_words import reusable, terms_of, without_names
from app.basics.personal_data import mask_all
from app.basics.plain_text import one_line
from app.channels.base import AtSource
from app.database import db, insert_or_ignore, writing
from app.inbox.clocks import GONE
from app.models import Answer, Case, Department, Message, Staff
from app.models.answer import VANISHED, AnswerState
from app.models.workbench import AnswerCase, EarlierTerm
from app.people.rights import visible_cases

MOST_TERMS = 24
"""Stems of a question that are looked up to see how rare they are, and how many are then used."""
RAREST = 6
POSTINGS = 1000
"""Of each stem only the newest answers; a stem that has more counts as if it had these."""
CANDIDATES = 200
NEAR_ENOUGH = 0.35
"""Share of the weight of the stems used that must be shared."""
A_LINE = 160
A_BATCH = 500
A_HANDFUL = 6
"""Answers that are read at a time, until enough of them differ."""
MASKED = "•"


@dataclass(frozen=True, slots=True)
class Earlier:
    """An answer that may serve again. `text` is fit to insert: no signature, no earlier name."""

    answer_id: int
    text: str
    question: str
    """In one line, personal data masked; '' when it is gone from the platform."""
    author: str
    department: str | None
    """The slug of the author's department; None: customer service."""
    channel: str
    sent_at: datetime


# --- The index -----------------------------------------------------------------------------------


def remember(answer: Answer) -> None:
    """Keep the stems of the question that a sent answer answered.

    Runs in the caller's transaction; asked again it adds nothing.
    """
    if answer.private:
        return
    words = _questions([answer]).get(answer.id, [])
    terms = terms_of("\n".join(one.text for one in words), _names(answer, words))
    rows = [{"term": term, "answer_id": answer.id} for term in terms]
    insert_or_ignore(EarlierTerm, rows)


def remember_all() -> int:
    """Keep the stems of those sent answers that have none; returns how many were looked at."""
    done, after = 0, 0
    while True:
        with writing():
            answers = _not_remembered(after)
            for answer in answers:
                remember(answer)
        if not answers:
            return done
        done, after = done + len(answers), answers[-1].id


def _not_remembered(after: int) -> Sequence[Answer]:
    kept = select(EarlierTerm.answer_id).where(EarlierTerm.answer_id == Answer.id).exists()
    query = select(Answer).where(
        Answer.id > after, Answer.state == AnswerState.SENT, ~Answer.private, ~kept
    )
    return db.session.scalars(query.order_by(Answer.id).limit(A_BATCH)).all()


def _questions(answers: Iterable[Answer]) -> dict[int, list[Message]]:
    """Per answer: the residents' words it was pressed against, or the one it stands under."""
    of = {one.id: one for one in answers}
    cases = {one.case_id for one in of.values()}
    cases |= set(db.session.scalars(select(AnswerCase.case_id).where(AnswerCase.answer_id.in_(of))))
    under = [one.in_reply_to_id for one in of.values()]
    rows = db.session.scalars(
        select(Message)
        .options(joinedload(Message.person))
        .where(
            Message.case_id.in_(cases),
            or_(Message.covered_by.in_(of), Message.id.in_(under)),
            ~Message.by_city,
        )
        .order_by(Message.published_at, Message.id)
    ).all()
    found: dict[int, list[Message]] = {}
    for number, answer in of.items():
        covered = [row for row in rows if row.covered_by == number]
        found[number] = covered or [row for row in rows if row.id == answer.in_reply_to_id]
    return found


def _names(answer: Answer, words: Iterable[Message]) -> list[str]:
    """What those who were answered call themselves."""
    names = {answer.case.person_name}
    for one in words:
        names.add(one.author_name)
        if one.person is not None:
            names |= {one.person.name, one.person.handle}
    return sorted(name for name in names if name)


# --- The nearest ---------------------------------------------------------------------------------


def nearest(case: Case, staff: Staff, limit: int = 3) -> list[Earlier]:
    """Answers to the questions nearest to what waits in the case, as far as the person may see.

    The case's own department (and what lies with none) comes first, then the nearer, then the
    newer. One text is there once.
    """
    weights = _weights(terms_of("\n".join(_waiting_words(case)), [case.person_name]))
    near = _candidates(weights)
    if not near:
        return []
    found: dict[str, _Read] = {}
    rows = _visible(near, case, staff)
    for start in range(0, len(rows), A_HANDFUL):
        for one in _read(rows[start : start + A_HANDFUL], case):
            found.setdefault(" ".join(one.text.split()), one)
        if len(found) >= limit:
            break
    return [_shown(one) for one in list(found.values())[:limit]]


def for_case(answer_id: int, case: Case, staff: Staff) -> Earlier | None:
    """One earlier answer, as it is inserted in this case; None when the person may not see it."""
    rows = _read(_visible({answer_id: 1.0}, case, staff), case)
    return _shown(rows[0]) if rows else None


def _waiting_words(case: Case) -> list[str]:
    """What the resident has said that nobody has answered, else the last they said."""
    rows = db.session.execute(
        select(Message.text, Message.settled)
        .where(Message.case_id == case.id, ~Message.by_city, Message.at_source.not_in(GONE))
        .order_by(Message.published_at.desc(), Message.id.desc())
        .limit(5)
    ).all()
    return [row.text for row in rows if not row.settled] or [row.text for row in rows[:1]]


def _weights(terms: Sequence[str]) -> dict[str, float]:
    """The rarest stems that have been met before, and what each weighs."""
    slots = [*terms[:MOST_TERMS], *[""] * MOST_TERMS][:MOST_TERMS]
    counts = db.session.execute(_counting(), {f"t{n}": term for n, term in enumerate(slots)})
    met = sorted((row.n, row.term) for row in counts if row.n and row.term)
    newest = db.session.scalar(select(func.max(Answer.id))) or 1
    return {term: log(1 + newest / n) for n, term in met[:RAREST]}


@lru_cache(maxsize=1)
def _counting() -> Any:
    """In how many answers each stem is, up to POSTINGS; kept, for building it takes longer."""
    # the limits stand in the statement itself: a planner that does not see them plans for all rows
    most: Any = literal_column(str(POSTINGS))
    parts = []
    for n in range(MOST_TERMS):
        term = bindparam(f"t{n}", type_=String())
        some = select(literal_column("1")).where(EarlierTerm.term == term).limit(most).subquery()
        count = select(func.count()).select_from(some).scalar_subquery()
        parts.append(select(cast(term, String).label("term"), count.label("n")))
    return union_all(*parts)


def _candidates(weights: dict[str, float]) -> dict[int, float]:
    """The answers that share most with the question, and how much of its weight they share."""
    if not weights:
        return {}
    whole = sum(weights.values())
    slots = [*weights.items(), *[("", 0.0)] * RAREST][:RAREST]
    values: dict[str, Any] = {"least": NEAR_ENOUGH * whole, "shared": min(2, len(weights) - 1)}
    for n, (term, weight) in enumerate(slots):
        values |= {f"t{n}": term, f"w{n}": weight}
    rows = db.session.execute(_sharing(), values)
    return {row.answer_id: round(row.near / whole, 3) for row in rows}


@lru_cache(maxsize=1)
def _sharing() -> Any:
    """Answers by the weight of the stems they share; more than one where the question has many."""
    most: Any = literal_column(str(POSTINGS))
    parts = []
    for n in range(RAREST):
        newest = (
            select(
                EarlierTerm.answer_id,
                cast(bindparam(f"w{n}", type_=Float()), Float).label("weight"),
            )
            .where(EarlierTerm.term == bindparam(f"t{n}", type_=String()))
            .order_by(EarlierTerm.answer_id.desc())
            .limit(most)
            .subquery()
        )
        parts.append(select(newest.c.answer_id, newest.c.weight))
    postings = union_all(*parts).subquery()
    near = func.sum(postings.c.weight)
    return (
        select(postings.c.answer_id, near.label("near"))
        .group_by(postings.c.answer_id)
        .having(near >= bindparam("least", type_=Float()))
        .having(func.count() >= bindparam("shared"))
        .order_by(near.desc(), postings.c.answer_id.desc())
        .limit(literal_column(str(CANDIDATES)))
    )


def _visible(near: dict[int, float], case: Case, staff: Staff) -> list[int]:
    """Those of them that may be shown to this person in this case, the best first."""
    ours = choose(
        (Case.department_id.is_(None), 1), (Case.department_id == case.department_id, 1), else_=0
    )
    rows = db.session.execute(
        select(Answer.id, Answer.sent_at, ours.label("ours"))
        .join(Answer.case)
        .outerjoin(Department, Department.id == Case.department_id)
        .outerjoin(Message, Message.id == Answer.message_id)
        .where(
            Answer.id.in_(near),
            Answer.case_id != case.id,
            visible_cases(staff),
            _open_to(staff),
            _stands_there(),
        )
    ).all()
    best = sorted(rows, key=lambda row: (row.ours, near[row.id], row.sent_at), reverse=True)
    return [row.id for row in best]


def _open_to(staff: Staff) -> ColumnElement[bool]:
    """A restricted department's answers are for its own people."""
    return or_(
        Department.id.is_(None), ~Department.restricted, Department.id == staff.department_id
    )


def _stands_there() -> ColumnElement[bool]:
    """The answer is out in the open: sent, not gone or hidden since, not private."""
    shown = Message.at_source.in_((AtSource.VISIBLE, AtSource.HELD))
    return and_(
        Answer.state == AnswerState.SENT,
        Answer.reason != VANISHED,
        ~Answer.private,
        or_(Answer.message_id.is_(None), and_(shown, ~Message.private)),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """An answer with the words that it answered, and what of it can be inserted."""

    answer: Answer
    words: list[Message]
    names: list[str]
    text: str


def _read(numbers: Sequence[int], case: Case) -> list[_Read]:
    """These answers in this order, as they would be inserted in the case."""
    query = select(Answer).options(joinedload(Answer.sent_by), joinedload(Answer.case))
    rows = {row.id: row for row in db.session.scalars(query.where(Answer.id.in_(numbers)))}
    questions = _questions(rows.values())
    found = []
    for answer in (rows[number] for number in numbers if number in rows):
        words = questions[answer.id]
        names, author = _names(answer, words), (answer.sent_by or answer.author).first_name
        text = reusable(answer.body, names=names, author=author, to=case.person_name)
        found.append(_Read(answer, words, names, text))
    return found


def _shown(one: _Read) -> Earlier:
    answer, author = one.answer, one.answer.sent_by or one.answer.author
    # what others whom it also answered wrote lies in cases that this person may not see
    own = [row for row in one.words if row.case_id == answer.case_id and row.at_source not in GONE]
    there = mask_all(" ".join(row.text for row in own)[: A_LINE * 4])
    return Earlier(
        answer_id=answer.id,
        text=one.text,
        question=one_line(without_names(there, one.names, MASKED), A_LINE),
        author=author.name,
        department=author.department.slug if author.department else None,
        channel=answer.case.channel,
        sent_at=answer.sent_at or answer.changed_at,
    )
