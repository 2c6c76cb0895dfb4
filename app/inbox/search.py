"""Search over every word that a person may see: messages, notes, names, handles, links, numbers.

The index is three tables that the database keeps in step by triggers (migration 0004), with words
as they stand; Swedish endings are followed in the question (`basics/search_words.py`). A hit's key
is its time in seconds, its id and one bit for notes: the index itself then gives the newest first.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import joinedload

from app.basics import search_words
from app.basics.personal_data import mask
from app.basics.search_words import WORD, Asked, Term, for_postgresql, for_sqlite
from app.channels.base import AtSource
from app.database import db
from app.inbox.wishes import View
from app.models import Case, Department, Message, Note, Post, Staff
from app.people.rights import may_read_notes, visible_cases

A_PAGE = 20
COUNT_TO = 200
"""Hits are counted no further: whoever has more writes another word, and waits for none of them."""
SNIPPET = 240
"""Letters of a text that are shown around the first hit."""
MOST_PEOPLE = 100
"""People whose name or handle fits; the names stand beside their messages' words as well."""
FEW = 1000
"""Rows that are sorted by time rather than read in the order of time."""
LINK = re.compile(r"(?:https?://|www\.)\S+$", re.IGNORECASE)


class Where(StrEnum):
    """Whose words are searched; the values stand in addresses."""

    EVERYWHERE = ""
    RESIDENTS = "invanare"
    ANSWERS = "svar"
    NOTES = "anteckningar"
    OUT_OF_VIEW = "dolda"
    """Hidden, held, removed: what nobody sees on the platform any more."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is searched for and where; all of it stands in the address.

    `view`: OPEN, DONE or None for both. `department`: a slug. `since`: nothing older (aware UTC).
    `after`: the key of the last hit of the page before.
    """

    text: str
    view: View | None = None
    channel: str = ""
    department: str = ""
    where: Where = Where.EVERYWHERE
    since: datetime | None = None
    after: int | None = None

    @property
    def least(self) -> int | None:
        """The key that every hit is above, where there is a `since`."""
        return None if self.since is None else (int(self.since.timestamp()) << 31) - 1


@dataclass(frozen=True, slots=True)
class Hit:
    """A message or a note, and the piece of it to show: texts and whether each is a hit."""

    case: Case
    department_slug: str | None
    message: Message | None
    note: Note | None
    at: datetime
    pieces: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits, newest first; `case` is one named by its number.

    `count` stops at COUNT_TO + 1.
    """

    hits: list[Hit]
    count: int
    case: Case | None = None
    next_after: int | None = None


def search(staff: Staff, wish: Wish, *, case_prefix: str) -> Found:
    """What this person may see of what they ask for; never another's cases, notes or old texts.

    `case_prefix` begins a reference (LA in LA-2026-1184).
    """
    asked = search_words.read(wish.text)
    text = wish.text.replace("\x00", " ").strip()
    allowed = and_(visible_cases(staff), *_filters(wish))
    named = _case_named(text, case_prefix, allowed)
    if not asked.terms:
        return Found([], 0)
    keys = _keys(staff, asked, wish, allowed, None, COUNT_TO + 1)
    page = keys
    if wish.after is not None:
        page = _keys(staff, asked, wish, allowed, wish.after, A_PAGE + 1)
    more = len(page) > A_PAGE
    shown = page[:A_PAGE]
    return Found(
        hits=_load(shown, asked, allowed, staff),
        count=min(len(keys) + (named is not None), COUNT_TO + 1),
        case=named if wish.after is None else None,
        next_after=shown[-1] if more else None,
    )


def _filters(wish: Wish) -> Iterable[ColumnElement[bool]]:
    if wish.view is not None:
        yield Case.is_open.is_(wish.view != View.DONE)
    if wish.channel:
        yield Case.channel == wish.channel
    if wish.department:
        wanted = select(Department.id).where(Department.slug == wish.department)
        yield Case.department_id == wanted.scalar_subquery()


def _case_named(text: str, prefix: str, allowed: ColumnElement[bool]) -> Case | None:
    """The case whose reference this is: LA-2026-1184, 2026-1184 or 1184."""
    form = rf"(?:(?:{re.escape(prefix)}-)?([0-9]{{4}})-)?([0-9]{{1,9}})"
    match = re.fullmatch(form, text, re.IGNORECASE)
    if match is None:
        return None
    found = db.session.scalar(
        select(Case)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(Case.id == int(match[2]), allowed)
    )
    return found if found and match[1] in (None, str(found.opened_at.year)) else None


# --- Which hits -----------------------------------------------------------------------------------


def _keys(
    staff: Staff,
    asked: Asked,
    wish: Wish,
    allowed: ColumnElement[bool],
    after: int | None,
    most: int,
) -> list[int]:
    """The newest keys under `after`, each once, from every way in which something can fit."""
    said = and_(allowed, *_whose(wish.where))
    seen = _index_first(said)
    parts: list[Select[Any]] = []
    if wish.where != Where.NOTES:
        parts = [
            _fitting("messages", asked, after, most).where(seen),
            _of_people(asked, after, most).where(said),
            *(part.where(seen) for part in _of_link(wish.text.strip(), after, most)),
        ]
    if wish.where in (Where.EVERYWHERE, Where.NOTES):
        readable = _index_first(and_(allowed, _notes_readable(staff)))
        parts.append(_fitting("notes", asked, after, most).where(readable))
    found: set[int] = set()
    for part in parts:
        found.update(db.session.scalars(part))
    if wish.least is not None:
        found = {key for key in found if key > wish.least}
    return sorted(found, reverse=True)[:most]


def _whose(where: Where) -> Iterable[ColumnElement[bool]]:
    """The condition on messages of a place to search."""
    if where == Where.RESIDENTS:
        yield ~Message.by_city
    elif where == Where.ANSWERS:
        yield Message.by_city.is_(True)
    elif where == Where.OUT_OF_VIEW:
        yield Message.at_source != AtSource.VISIBLE


def _index_first(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same condition, such that SQLite asks the word index first.

    It thinks a MATCH cheap whatever it is asked, and would ask it once for each visible case.
    """
    if db.session.get_bind().dialect.name != "sqlite":
        return condition
    return case((condition, literal_column("1")), else_=literal_column("0")) == literal_column("1")


def _notes_readable(staff: Staff) -> ColumnElement[bool]:
    """`may_read_notes`, for all departments at once."""
    restricted = db.session.scalars(select(Department).where(Department.restricted))
    closed = [one.id for one in restricted if not may_read_notes(staff, one)]
    return or_(Case.department_id.is_(None), Case.department_id.not_in(closed))


def _index(name: str) -> Any:
    return table(f"search_{name}", column("rowid", BigInteger), column("words"))


def _fits(index: Any, asked: Asked) -> ColumnElement[bool]:
    """The condition that a row of an index fits."""
    if db.session.get_bind().dialect.name == "sqlite":
        return literal_column(index.name).bool_op("MATCH")(for_sqlite(asked))
    wanted: ColumnElement[bool] = index.c.words.bool_op("@@")(cast(for_postgresql(asked), TSQUERY))
    return wanted


def _fits_quickly(index: Any, asked: Asked) -> ColumnElement[bool]:
    """The same, for a query that wants the newest.

    PostgreSQL's planner takes the many forms of a rare word for a common one, and would read the
    whole table backwards for it; so the word index is asked first, and when it has few rows, those
    are the condition.
    """
    if db.session.get_bind().dialect.name == "sqlite":
        return _fits(index, asked)
    if asked.without:  # what must not be there is looked for in every row
        asked = _in_use(index, asked)
    seqscan = func.set_config("enable_seqscan", bindparam("on_or_off"), True)
    db.session.execute(select(seqscan), {"on_or_off": "off"})
    few = db.session.scalars(select(index.c.rowid).where(_fits(index, asked)).limit(FEW + 1)).all()
    db.session.execute(select(seqscan), {"on_or_off": "on"})
    if len(few) > FEW:
        return _fits(index, _in_use(index, asked))
    one_of_them: ColumnElement[bool] = index.c.rowid == any_(
        bindparam(f"few_{index.name}", few, type_=ARRAY(BigInteger))
    )
    return one_of_them


def _in_use(index: Any, asked: Asked) -> Asked:
    """The question without the forms that no text has: each costs at every row that is read."""
    forms = {form for term in (*asked.terms, *asked.without) for form in term.written()}
    if len(forms) <= len(asked.terms) + len(asked.without):
        return asked
    form = func.unnest(bindparam("forms", sorted(forms), type_=ARRAY(Text))).column_valued("form")
    somewhere = select(index.c.rowid).where(index.c.words.bool_op("@@")(cast(form, TSQUERY)))
    used = frozenset(db.session.scalars(select(form).where(somewhere.exists())))

    def kept(term: Term) -> Term:
        if term.in_order or not (term.beginning or term.forms & used):
            return term
        return replace(term, forms=term.forms & used)

    return Asked(tuple(map(kept, asked.terms)), tuple(map(kept, asked.without)))


def _fitting(name: str, asked: Asked, after: int | None, most: int) -> Select[Any]:
    """Keys of messages or notes with these words, newest first as the index has them."""
    index = _index(name)
    kind: type[Message | Note] = Message if name == "messages" else Note
    id_of_key = index.c.rowid.op("&")(literal_column("2147483647")).op(">>")(literal_column("1"))
    query = (
        select(index.c.rowid)
        .join_from(index, kind, kind.id == id_of_key)
        .join(Case, Case.id == kind.case_id)
        .where(_fits_quickly(index, asked))
        .order_by(index.c.rowid.desc())
        .limit(most)
    )
    return query if after is None else query.where(index.c.rowid < after)


def _of_people(asked: Asked, after: int | None, most: int) -> Select[Any]:
    """Messages of those whose name or handle this is."""
    index = _index("people")
    fitting = (
        select(index.c.rowid)
        .where(_fits_quickly(index, asked))
        .order_by(index.c.rowid.desc())
        .limit(MOST_PEOPLE)
    )
    return _messages(after, most).where(Message.person_id.in_(fitting))


def _of_link(text: str, after: int | None, most: int) -> Iterable[Select[Any]]:
    """Messages at this address, and those under the post that is there."""
    if not LINK.match(text) or len(text) > 2000:
        return
    bare = re.sub(r"https?://|www\.", "", text, flags=re.IGNORECASE)
    address = search_words.words_of("x0link" + re.sub("[/:.?=&_#%+~@,-]", "", bare))
    exactly = Asked((Term(in_order=tuple(address)),))
    yield _fitting("messages", exactly, after, most)
    plain = bare.rstrip("/")
    written = [
        start + plain + end
        for start in ("https://", "http://", "https://www.", "http://www.")
        for end in ("", "/")
    ]
    posts = select(Post.id).where(Post.url.in_(written))
    yield _messages(after, most).where(Message.post_id.in_(posts))


def _messages(after: int | None, most: int) -> Select[Any]:
    """Keys of messages found otherwise than in the index."""
    seconds: Any = func.floor(func.extract("epoch", Message.published_at))
    if db.session.get_bind().dialect.name == "sqlite":
        seconds = func.strftime("%s", Message.published_at)
    whole = cast(seconds, BigInteger)
    least: Any = literal_column("-4000000000")
    top: Any = literal_column("4200000000")
    kept = case((whole < least, least), (whole > top, top), else_=whole)
    key = kept * literal_column("2147483648") + Message.id * literal_column("2")
    query = (
        select(key)
        .select_from(Message)
        .join(Case, Case.id == Message.case_id)
        .order_by(key.desc())
        .limit(most)
    )
    return query if after is None else query.where(key < after)


# --- What is shown of them ------------------------------------------------------------------------


def _load(keys: list[int], asked: Asked, allowed: ColumnElement[bool], staff: Staff) -> list[Hit]:
    """The hits of these keys in their order; the rule of who may see is asked once more."""
    ids: dict[bool, list[int]] = {True: [], False: []}
    for key in keys:
        ids[bool(key & 1)].append((key & 0x7FFFFFFF) >> 1)
    rows: dict[tuple[bool, int], Hit] = {}
    messages = _with_case(Message).where(Message.id.in_(ids[False]), allowed)
    for message, its_case, slug in db.session.execute(messages):
        pieces = snippet(message.text, asked)
        rows[False, message.id] = Hit(its_case, slug, message, None, message.published_at, pieces)
    if ids[True]:
        notes = _with_case(Note).where(Note.id.in_(ids[True]), allowed, _notes_readable(staff))
        for note, its_case, slug in db.session.execute(notes.options(joinedload(Note.author))):
            rows[True, note.id] = Hit(
                its_case, slug, None, note, note.at, snippet(note.text, asked)
            )
    wanted = [(bool(key & 1), (key & 0x7FFFFFFF) >> 1) for key in keys]
    return [rows[one] for one in wanted if one in rows]


def _with_case(kind: type[Message | Note]) -> Select[Any]:
    columns: tuple[Any, ...] = (kind, Case, Department.slug)
    query: Select[Any] = (
        select(*columns)
        .join(Case, Case.id == kind.case_id)
        .outerjoin(Department, Department.id == Case.department_id)
    )
    return query


def snippet(text: str, asked: Asked) -> list[tuple[str, bool]]:
    """What to show of a text: pieces, each with whether it is a hit; personal numbers masked."""
    line = mask(" ".join(text.split()))
    places = [match.span() for match in WORD.finditer(line) if asked.holds(match[0].lower())]
    start = 0
    if places and places[0][0] > SNIPPET // 2:
        start = line.rfind(" ", 0, places[0][0] - SNIPPET // 4) + 1
    stop = len(line)
    if stop - start > SNIPPET:
        stop = max(line.rfind(" ", start, start + SNIPPET), start + SNIPPET // 2)
    pieces: list[tuple[str, bool]] = [("… ", False)] if start else []
    done = start
    for first, last in places:
        if first >= done and last <= stop:
            pieces += [(line[done:first], False), (line[first:last], True)]
            done = last
    pieces.append((line[done:stop] + (" …" if stop < len(line) else ""), False))
    return [piece for piece in pieces if piece[0]]
