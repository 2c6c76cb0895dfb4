"""What else concerns a case: the same person's earlier ones, and open ones about the same thing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from snowballstemmer import stemmer  # type: ignore[import-untyped]  # it brings no types
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    bindparam,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import joinedload

from app.basics.search_words import Asked, Term, for_postgresql, for_sqlite, words_of
from app.database import db
from app.inbox.search_index import fits_written, id_of, index_of, on_sqlite
from app.models import Answer, Case, Department, Message, Staff
from app.models.answer import AnswerState
from app.people.rights import visible_cases

MOST_EARLIER, COUNT_TO = 5, 100
MOST_RELATED = 5
LOOK_BACK = timedelta(days=30)
RARE = 12
"""A word that more messages than this hold, in the time looked back, joins nothing."""
MOST_WORDS = 10
"""Words of a case that are looked for elsewhere: names first, then the longest."""
SHORTEST = 5
SAYS_ENOUGH = 8
"""Letters of a word that joins two cases alone; of shorter ones it takes two, or a name."""
BESIDE = 100
"""Open cases under the same post that are compared, the newest."""

COMMON = frozenset(
    """aldrig alltid alltså andra annan annat annars april augusti barnen behöver betala betalat
    bland blivit borde bättre börja december därför efter eftersom egentligen eller enligt ensam
    faktiskt februari finns flera fortfarande framför fredag fråga frågor fungera fungerar
    första genom gjort gäller gånger handlar helst henne hundra händer hälsningar ibland
    idag ingen inget innan istället januari juli juni kanske klart klockan kommer kommun kommunen
    kunde kunna känns landskrona liksom långt länge längre lördag lördagen maj mamma mars massor
    mellan minst mycket måndag många människor måste nästa nästan november någon någonstans
    någonting något några oktober omkring onsdag också pappa personer plats problem redan samma
    sedan senaste september själv skriva skriver skulle snälla staden stort större svara svarar
    söndag tack tacksam tidigare tillbaka tisdag toppen torsdag tycker under undrar ungefär
    utanför varför varje vecka veckan verkar verkligen vilka vilken vilket vänlig vänliga
    välkomna about because please thanks there these they this what when where which would
    """.split()  # noqa: SIM905 - a text of words is read more easily than a list of them
)
"""Words that say nothing of what a matter is about."""

ENDINGS = ("", "a", "an", "ar", "arna", "e", "en", "er", "erna", "et", "n", "or", "orna", "s", "t")
"""What a stem is looked for with: whole words are found at once, beginnings are not."""

ADDRESS = re.compile(r"\S*@\S+|\S+://\S+|www\.\S+")
"""Handles, mail and web addresses: whom one writes to is not what about."""

_stem_of = stemmer("swedish").stemWord


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another case of the same identity; `answer` is the last one that was sent in it."""

    case: Case
    department_slug: str | None
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Related:
    """An open case that may be about the same, and the word that says so, as it stands there."""

    case: Case
    department_slug: str | None
    word: str
    same_post: bool


@dataclass(frozen=True, slots=True)
class Alike:
    """A case that shares this many words, and the one to show."""

    words: int
    case_id: int
    word: str
    same_post: bool


# --- The same identity ----------------------------------------------------------------------------


def earlier(case: Case, staff: Staff, *, most: int = MOST_EARLIER) -> tuple[list[Earlier], int]:
    """The identity's other cases on that channel, newest first, and how many (to COUNT_TO).

    Only those that this person may see. A case that was split from another is its identity's too.
    """
    identity = case.person_id
    if identity is None and case.split_from_id is not None:
        identity = db.session.scalar(select(Case.person_id).where(Case.id == case.split_from_id))
    if identity is None:
        return [], 0
    first = select(Case.id).where(Case.person_id == identity)
    theirs = or_(Case.person_id == identity, Case.split_from_id.in_(first))
    query = (
        select(Case, Department.slug)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(theirs, Case.id != case.id, visible_cases(staff))
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(COUNT_TO)
    )
    rows = db.session.execute(query).all()
    answers = _last_answers([row.Case.id for row in rows[:most]])
    shown = [Earlier(one, slug, answers.get(one.id)) for one, slug in rows[:most]]
    return shown, len(rows)


def _last_answers(case_ids: Sequence[int]) -> dict[int, Answer]:
    """By case: the answer that was sent last."""
    if not case_ids:
        return {}
    sent = (
        select(Answer)
        .options(joinedload(Answer.sent_by))
        .where(Answer.case_id.in_(case_ids), Answer.state == AnswerState.SENT)
        .order_by(Answer.sent_at, Answer.id)
    )
    return {answer.case_id: answer for answer in db.session.scalars(sent)}


# --- Open cases about the same --------------------------------------------------------------------


def related(case: Case, staff: Staff, *, now: datetime) -> list[Related]:
    """Open cases of others that this person may see and that seem to be about the same.

    Under the same post: those with two telling words in common that are not the post's own.
    Elsewhere, in the last 30 days: those that share a word which is rare there.
    """
    telling = telling_words("\n".join(_words_of_case(case)))
    if not telling:
        return []
    found = {one.case_id: one for one in _beside(case, staff, telling)[:MOST_RELATED]}
    if len(found) < MOST_RELATED:
        for one in _elsewhere(case, staff, telling, now):
            found.setdefault(one.case_id, one)
    return _shown(list(found.values())[:MOST_RELATED])


def _shown(alike: Sequence[Alike]) -> list[Related]:
    """The cases themselves, in the same order."""
    if not alike:
        return []
    query = (
        select(Case, Department.slug)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(Case.id.in_([one.case_id for one in alike]))
    )
    rows = {row.Case.id: row for row in db.session.execute(query)}
    return [
        Related(rows[one.case_id].Case, rows[one.case_id].slug, one.word, one.same_post)
        for one in alike
    ]


def telling_words(text: str) -> dict[str, bool]:
    """Stems of the words that say what a text is about, and whether each is written as a name."""
    text = ADDRESS.sub(" ", text)
    names = {
        word.lower() for word in re.findall(r"(?<=[^\W_][ ,])[ ]?([A-ZÅÄÖ][^\W\d_]{3,})", text)
    }
    stems: dict[str, tuple[bool, int]] = {}
    for word in words_of(text):
        if len(word) < SHORTEST or len(word) > 40 or word in COMMON or not word.isalpha():
            continue
        stem = _stem_of(word)
        if len(stem) >= SHORTEST - 1 and stem not in COMMON:
            stems.setdefault(stem, (word in names, len(word)))
    best = sorted(stems.items(), key=lambda item: item[1], reverse=True)
    return {stem: is_name for stem, (is_name, _length) in best[:MOST_WORDS]}


def _words_of_case(case: Case) -> Iterable[str]:
    """The resident's newest words in the case."""
    said = (
        select(Message.text)
        .where(Message.case_id == case.id, ~Message.by_city)
        .order_by(Message.published_at.desc())
        .limit(5)
    )
    return db.session.scalars(said)


def _open_to(case: Case, staff: Staff) -> tuple[ColumnElement[bool], ...]:
    """The condition: another person's open case that this one may see."""
    other = or_(Case.person_id.is_(None), Case.person_id != case.person_id)
    return (
        Case.is_open.is_(True),
        Case.id != case.id,
        Case.merged_into_id.is_(None),
        true() if case.person_id is None else other,
        visible_cases(staff),
    )


def _beside(case: Case, staff: Staff, telling: dict[str, bool]) -> list[Alike]:
    """Under the same post: two telling words in common, the most alike first."""
    topic = set(words_of(f"{case.post.title} {case.post.text}"))
    stems = tuple(stem for stem in telling if not any(word.startswith(stem) for word in topic))
    if len(stems) < 2:
        return []
    query = select(Case.id, Case.snippet).where(
        Case.post_id == case.post_id, *_open_to(case, staff)
    )
    alike = []
    for case_id, snippet in db.session.execute(query.order_by(Case.id.desc()).limit(BESIDE)):
        shared = _shared(snippet, stems, least=2)
        if shared:
            alike.append(Alike(len(shared), case_id, max(shared.values(), key=len), True))
    return sorted(alike, key=lambda one: one.words, reverse=True)


def _shared(text: str, stems: tuple[str, ...], *, least: int = 1) -> dict[str, str]:
    """Which of these stems a text holds, each with its first word that begins so.

    Nothing when they are fewer than `least`.
    """
    lower = text.lower()
    if sum(stem in lower for stem in stems) < least:
        return {}
    found: dict[str, str] = {}
    for word in re.findall(r"[^\W_]+", text):
        if word.lower().startswith(stems):
            stem = next(one for one in stems if word.lower().startswith(one))
            found.setdefault(stem, word)
    return found if len(found) >= least else {}


def _elsewhere(case: Case, staff: Staff, telling: dict[str, bool], now: datetime) -> list[Alike]:
    """Under other posts: a rare name or long word in common, or two rare words."""
    rare = _rare(telling, now)
    if not rare:
        return []
    ids = {message_id for found in rare.values() for message_id in found}
    query = (
        select(Case.id, Message.text)
        .join(Message, Message.case_id == Case.id)
        .where(
            Message.id.in_(ids),
            ~Message.by_city,
            Case.post_id != case.post_id,
            *_open_to(case, staff),
        )
    )
    stems = tuple(rare)
    alike: dict[int, Alike] = {}
    for case_id, text in db.session.execute(query.order_by(Case.id.desc())):
        shared = _shared(text, stems)
        enough = [s for s, word in shared.items() if telling[s] or len(word) >= SAYS_ENOUGH]
        if enough or len(shared) > 1:
            rarest = min(enough or shared, key=lambda stem: len(rare[stem]))
            alike.setdefault(case_id, Alike(len(shared), case_id, shared[rarest], False))
    return sorted(alike.values(), key=lambda one: one.words, reverse=True)


def _rare(telling: Iterable[str], now: datetime) -> dict[str, list[int]]:
    """By stem: messages of the last 30 days that hold it, for stems that few hold.

    One statement, in which each word is counted only until it is too common.
    """
    stems = list(telling)
    written = for_sqlite if on_sqlite() else for_postgresql
    asked = {
        f"word{place}": written(Asked((Term(frozenset(stem + end for end in ENDINGS)),)))
        for place, stem in enumerate(stems)
    }
    since = int((now - LOOK_BACK).timestamp()) * 2**31
    found: dict[str, list[int]] = {}
    rows = db.session.execute(_holding(len(stems), on_sqlite()), {**asked, "since": since})
    for place, key in rows:
        found.setdefault(stems[place], []).append(id_of(key))
    return {stem: ids for stem, ids in found.items() if len(ids) <= RARE + 1}


@lru_cache(maxsize=2 * MOST_WORDS)
def _holding(words: int, _for_sqlite: bool) -> Any:
    """The statement that finds the newest messages with each of so many words.

    Kept, for each database: building it costs more than it.
    """
    index = index_of("messages")
    parts = []
    for place in range(words):
        asked: ColumnElement[str] = bindparam(f"word{place}", type_=String())
        some = (
            select(index.c.rowid)
            .where(fits_written(index, asked))
            .where(index.c.rowid > bindparam("since", type_=BigInteger()))
            .order_by(index.c.rowid.desc())
            .limit(literal_column(str(RARE + 2)))
            .subquery()
        )
        parts.append(select(literal_column(str(place)).label("place"), some.c.rowid.label("key")))
    return union_all(*parts)
