"""Search over every word that a person may see: messages, notes, names, handles, links, numbers.

How the index is asked stands in `search_index`, earlier texts of edited messages in
`search_earlier`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isqrt
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    and_,
    any_,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import True_

from app.basics import search_words
from app.basics.personal_data import mask
from app.basics.search_words import WORD, Asked, Term
from app.channels.base import AtSource
from app.database import db
from app.inbox.search_earlier import keys_of_earlier, version_of
from app.inbox.search_index import (
    Spread,
    Way,
    fits,
    fits_quickly,
    id_of,
    index_of,
    key_of,
    on_sqlite,
    spread_of,
    ways,
)
from app.inbox.wishes import View
from app.models import Case, Department, Message, MessageVersion, Note, Post, Staff
from app.people.rights import may_read_notes, visible_cases

A_PAGE = 20
COUNT_TO = 200
"""Hits are counted no further: whoever has more writes another word, and waits for none of them."""
SNIPPET = 240
"""Letters of a text that are shown around the first hit."""
MOST_PEOPLE = 100
"""People whose name or handle fits; the names stand beside their messages' words as well."""
COMMON = 2000
"""Rows that hold a word from which on it is worth asking how few cases a search is kept to."""
FEW_AMONG = 80
"""To look through cases (6 µs each) is quicker than to look through rows until a page is full
(3.5 µs each) when the cases are fewer than the root of so many times all messages."""
SEEN_ONE_IN = 8
"""Of so many messages one is looked for, where a search is kept to some cases or some words."""
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
    """A message or a note, and the piece of it to show: texts and whether each is a hit.

    `is_earlier`: the piece is of a text that the message no longer has; `at` is until when it had.
    """

    case: Case
    department_slug: str | None
    message: Message | None
    note: Note | None
    at: datetime
    pieces: list[tuple[str, bool]]
    is_earlier: bool = False


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

    An earlier text is open to whoever may see its message's case.

    `case_prefix` begins a reference (LA in LA-2026-1184).
    """
    asked = search_words.read(wish.text)
    text = wish.text.replace("\x00", " ").strip()
    allowed = and_(visible_cases(staff), *_filters(wish))
    named = _case_named(text, case_prefix, allowed)
    if not asked.terms:
        return Found([], 0)
    spread = spread_of(asked)
    few = _few_cases(staff, wish, asked, allowed, spread.get("messages"))
    if few == 0:
        return Found([], 0)
    looked = Looked(staff, asked, wish, allowed, spread, few is not None)
    keys = page = _keys(looked, None, COUNT_TO + 1)
    if wish.after is not None:
        page = [key for key in keys if key < wish.after]
        if len(keys) > COUNT_TO and len(page) <= A_PAGE:
            page = _keys(looked, wish.after, A_PAGE + 1)
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


@dataclass(frozen=True, slots=True)
class Looked:
    """A search as it is carried out. `by_cases`: the cases are so few that they are looked through.

    `spread`: by index; empty on SQLite.
    """

    staff: Staff
    asked: Asked
    wish: Wish
    allowed: ColumnElement[bool]
    spread: dict[str, Spread]
    by_cases: bool

    @property
    def said(self) -> ColumnElement[bool]:
        """The condition on the messages that are looked for, and on their cases."""
        return and_(self.allowed, *_whose(self.wish.where))

    @property
    def one_in(self) -> int:
        """Of how many messages one may be shown, at a guess."""
        everywhere = self.wish.where in (Where.EVERYWHERE, Where.RESIDENTS)
        narrow = not isinstance(visible_cases(self.staff), True_) or [*_filters(self.wish)]
        return 1 if everywhere and not narrow else SEEN_ONE_IN


def _keys(looked: Looked, after: int | None, most: int) -> list[int]:
    """The newest keys under `after`, each once, from every way in which something can fit."""
    asked, wish = looked.asked, looked.wish
    people, notes = looked.spread.get("people"), looked.spread.get("notes")
    noted = notes is None or notes.any
    parts: list[Select[Any]] = []
    found: set[int] = set()
    if wish.where != Where.NOTES:
        found.update(_in_messages(looked, after, most))
        if people is None or people.any:
            parts.append(_of_people(asked, people, after, most).where(looked.said))
        seen = _index_first(looked.said)
        parts += [part.where(seen) for part in _of_link(wish.text.strip(), after, most)]
    if noted and wish.where != Where.NOTES:
        hidden_too = looked.allowed if wish.where == Where.OUT_OF_VIEW else looked.said
        earlier = keys_of_earlier(asked, notes, _index_first(hidden_too), after, most)
        found.update(earlier)
    if noted and wish.where in (Where.EVERYWHERE, Where.NOTES):
        readable = and_(looked.allowed, _notes_readable(looked.staff))
        if looked.by_cases:
            parts.append(_among_cases(looked, Note, readable, after, most))
        else:
            index = index_of("notes")
            way = Way(index, fits_quickly(index, asked, notes))
            parts.append(_read(Note, way, readable, after, most))
    for part in parts:
        found.update(db.session.scalars(part))
    if wish.least is not None:
        found = {key for key in found if key > wish.least}
    return sorted(found, reverse=True)[:most]


def _in_messages(looked: Looked, after: int | None, most: int) -> set[int]:
    """Keys of messages with these words."""
    asked, spread = looked.asked, looked.spread.get("messages")
    if looked.by_cases:
        part = _among_cases(looked, Message, looked.said, after, most)
        return set(db.session.scalars(part))
    index, found = index_of("messages"), set[int]()
    whole = [Way(index, fits_quickly(index, asked))]
    for way in ways(asked, spread, looked.one_in, most, after) if spread else whole:
        keys = db.session.scalars(_read(Message, way, looked.said, after, most)).all()
        if way.otherwise and len(keys) < most:
            part = _read(Message, way.otherwise, looked.said, after, most)
            keys = db.session.scalars(part).all()
        found.update(keys)
    return found


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
    if not on_sqlite():
        return condition
    return case((condition, literal_column("1")), else_=literal_column("0")) == literal_column("1")


def _notes_readable(staff: Staff) -> ColumnElement[bool]:
    """`may_read_notes`, for all departments at once."""
    restricted = db.session.scalars(select(Department).where(Department.restricted))
    closed = [one.id for one in restricted if not may_read_notes(staff, one)]
    return or_(Case.department_id.is_(None), Case.department_id.not_in(closed))


def _few_cases(
    staff: Staff, wish: Wish, asked: Asked, allowed: ColumnElement[bool], spread: Spread | None
) -> int | None:
    """How many cases are to be looked through; None: what has the words is looked through instead.

    Cases are, where the words are common and the cases few: to fill a page one would else ask of
    each of very many rows whether its case is among them.
    """
    filters, everything = list(_filters(wish)), isinstance(visible_cases(staff), True_)
    # a handler sees at least the department's
    kept = filters if everything else [*filters, Case.department_id == staff.department_id]
    if not kept or (spread and spread.rows_with(asked) <= COMMON):
        return None
    messages = spread.rows if spread else db.session.scalar(select(func.max(Message.id))) or 0
    most = isqrt(FEW_AMONG * int(messages))
    one: Any = literal_column("1")
    number = _count(select(one).select_from(Case).where(*kept), most)
    if not number and filters and not _count(select(one).select_from(Case).where(*filters), 1):
        return 0  # for nobody: who may see what need not be asked
    if number > most or not (spread or _is_common(asked)):
        return None
    if not everything:
        number = _count(select(one).select_from(Case).where(allowed), most)
    return number if number <= most else None


def _is_common(asked: Asked) -> bool:
    """Whether so many messages have the words that it is worth counting cases, on SQLite."""
    index = index_of("messages")
    return _count(select(index.c.rowid).where(fits(index, asked)), COMMON) > COMMON


def _count(rows: Select[Any], most: int) -> int:
    """How many rows there are, counted up to `most` + 1."""
    some: Any = rows.limit(most + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def _among_cases(
    looked: Looked,
    kind: type[Message | Note],
    said: ColumnElement[bool],
    after: int | None,
    most: int,
) -> Select[Any]:
    """Keys of messages or notes with these words, by way of the cases."""
    index = index_of(kind.__tablename__)
    at: Any = Note.at if kind is Note else Message.published_at
    number: Any = kind.id
    key = key_of(at, number, note=kind is Note)
    theirs = select(key).select_from(kind).join(Case, Case.id == kind.case_id).where(said)
    own: Any = index.c.rowid
    if on_sqlite():  # the plus keeps it from asking the index once for each of them
        own = literal_column(f"+{index.name}.rowid")
    else:  # its planner cannot see how many they are, and would read every message
        cases = select(Case.id).where(looked.allowed).correlate(None).scalar_subquery()
        theirs = theirs.where(kind.case_id == any_(func.array(cases, type_=ARRAY(Integer))))
    query = select(index.c.rowid).where(fits(index, looked.asked), own.in_(theirs))
    return _newest(query, index.c.rowid, after, most)


def _read(
    kind: type[Message | Note], way: Way, said: ColumnElement[bool], after: int | None, most: int
) -> Select[Any]:
    """Keys of messages or notes with these words, newest first as the index has them."""
    rowid = way.rows.c.rowid
    number = rowid.op("&")(literal_column("2147483647")).op(">>")(literal_column("1"))
    query = (
        select(rowid)
        .join_from(way.rows, kind, kind.id == number)
        .join(Case, Case.id == kind.case_id)
        .where(way.fits, _index_first(said))
    )
    return _newest(query, rowid, after, most)


def _newest(query: Select[Any], key: Any, after: int | None, most: int) -> Select[Any]:
    query = query.order_by(key.desc()).limit(most)
    return query if after is None else query.where(key < after)


def _of_people(asked: Asked, spread: Spread | None, after: int | None, most: int) -> Select[Any]:
    """Messages of those whose name or handle this is."""
    index = index_of("people")
    fitting = (
        select(index.c.rowid)
        .where(fits_quickly(index, asked, spread))
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
    index = index_of("messages")
    yield _read(Message, Way(index, fits_quickly(index, exactly)), true(), after, most)
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
    at: Any = Message.published_at
    number: Any = Message.id
    key = key_of(at, number)
    query = select(key).select_from(Message).join(Case, Case.id == Message.case_id)
    return _newest(query, key, after, most)


# --- What is shown of them ------------------------------------------------------------------------


def _load(keys: list[int], asked: Asked, allowed: ColumnElement[bool], staff: Staff) -> list[Hit]:
    """The hits of these keys in their order; the rule of who may see is asked once more."""
    rows: dict[int, Hit] = {}
    by_id = {id_of(key): key for key in keys if not key & 1}
    messages = _with_case(Message).where(Message.id.in_(by_id), allowed)
    for message, its_case, slug in db.session.execute(messages) if by_id else ():
        pieces = snippet(message.text, asked)
        hit = Hit(its_case, slug, message, None, message.published_at, pieces)
        rows[by_id[message.id]] = hit
    versions = {one: key for key in keys if (one := version_of(key)) is not None}
    if versions:
        rows |= _load_earlier(versions, asked, allowed)
    by_id = {id_of(key): key for key in keys if key & 1 and version_of(key) is None}
    if by_id:
        notes = _with_case(Note).where(Note.id.in_(by_id), allowed, _notes_readable(staff))
        for note, its_case, slug in db.session.execute(notes.options(joinedload(Note.author))):
            pieces = snippet(note.text, asked)
            rows[by_id[note.id]] = Hit(its_case, slug, None, note, note.at, pieces)
    return [rows[key] for key in keys if key in rows]


def _load_earlier(
    versions: dict[int, int], asked: Asked, allowed: ColumnElement[bool]
) -> dict[int, Hit]:
    """Hits in earlier texts by key; `versions`: keys by id."""
    query = (
        _with_case(Message)
        .join(MessageVersion, MessageVersion.message_id == Message.id)
        .add_columns(MessageVersion)
        .where(MessageVersion.id.in_(versions), allowed)
    )
    found = {}
    for message, its_case, slug, version in db.session.execute(query):
        pieces = snippet(version.text, asked)
        hit = Hit(its_case, slug, message, None, version.seen_until, pieces, is_earlier=True)
        found[versions[version.id]] = hit
    return found


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
