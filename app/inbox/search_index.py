"""The word index, as queries ask it: which rows hold these words, on both databases.

Three tables that the database keeps in step by triggers (migration 0004), with words as they
stand; Swedish endings are followed in the question (`basics/search_words.py`). A row's key is its
time in seconds, its id and one bit for notes: the index itself then gives the newest first.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    and_,
    any_,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from app.basics.search_words import Asked, Term, for_postgresql, for_sqlite
from app.database import db

MANY = 2000
"""Rows of which PostgreSQL's planner knows that they are many."""


def on_sqlite() -> bool:
    """Whether it is SQLite that is asked."""
    return db.session.get_bind().dialect.name == "sqlite"


def key_of(at: ColumnElement[Any], number: ColumnElement[int], *, note: bool = False) -> Any:
    """The key of a row with this time and id, as an expression; as the triggers make it."""
    seconds: Any = func.floor(func.extract("epoch", at))
    if on_sqlite():
        seconds = func.strftime("%s", at)
    whole = cast(seconds, BigInteger)
    least: Any = literal_column("-4000000000")
    top: Any = literal_column("4200000000")
    kept = case((whole < least, least), (whole > top, top), else_=whole)
    bit: Any = literal_column("1" if note else "0")
    return kept * literal_column("2147483648") + number * literal_column("2") + bit


def id_of(key: int) -> int:
    """The id in a key."""
    return (key & 0x7FFFFFFF) >> 1


def index_of(name: str) -> Any:
    """One of the three tables of the index: `messages`, `notes` or `people`."""
    return table(f"search_{name}", column("rowid", BigInteger), column("words"))


def fits(index: Any, asked: Asked) -> ColumnElement[bool]:
    """The condition that a row of an index fits."""
    written = for_sqlite if on_sqlite() else for_postgresql
    return fits_written(index, literal(written(asked)))


def fits_written(index: Any, written: ColumnElement[str]) -> ColumnElement[bool]:
    """The same for a question that is written already, or a place for one."""
    if on_sqlite():
        return literal_column(index.name).bool_op("MATCH")(written)
    wanted: ColumnElement[bool] = index.c.words.bool_op("@@")(cast(written, TSQUERY))
    return wanted


def fits_quickly(index: Any, asked: Asked, spread: "Spread | None" = None) -> ColumnElement[bool]:
    """The same, for a query that wants the newest: the word index is asked first.

    PostgreSQL's planner takes the many forms of a rare word for a common one, and would read the
    whole table backwards for it. It cannot look into a subquery, and so asks the word index; the
    keys found there it reads newest first. What is common by `spread` it judges rightly.
    """
    if on_sqlite() or (spread is not None and spread.rows_with(asked) > MANY):
        return fits(index, asked)
    one_of_them: ColumnElement[bool] = index.c.rowid == any_(_keys_with(index, asked))
    return one_of_them


def _keys_with(index: Any, asked: Asked) -> ColumnElement[Any]:
    """An array of the keys with these words, from the word index whatever the planner thinks."""
    same = index.alias("with_words")
    keys = select(same.c.rowid).where(_fits_unseen(same, asked)).scalar_subquery()
    return func.array(keys, type_=ARRAY(BigInteger))


def _fits_unseen(index: Any, asked: Asked) -> ColumnElement[bool]:
    """That a row fits, such that the planner cannot see what is asked for."""
    written = select(cast(literal(for_postgresql(asked)), TSQUERY)).scalar_subquery()
    fitting: ColumnElement[bool] = index.c.words.bool_op("@@")(written)
    return fitting


# --- On PostgreSQL: what is read in the order of time ---------------------------------------------


@dataclass(frozen=True, slots=True)
class Spread:
    """How widely the forms asked for are used in an index, as PostgreSQL's statistics have it.

    `rows`: how many it has. `shares`: of the forms that are among the thousand commonest, the share
    of rows (0 to 1) with each. `any`: whether a row may fit.
    """

    rows: float
    shares: dict[str, float]
    any: bool

    def rows_with(self, asked: Asked) -> float:
        """About how many messages have this; 0 where no form of a word is among the commonest."""
        wanted = prod(map(self._share, asked.terms))
        return self.rows * wanted * prod(1 - self._share(term) for term in asked.without)

    def _share(self, term: Term) -> float:
        if term.in_order:
            return min(self.shares.get(word, 0) for word in term.in_order)
        begin = term.beginning
        return max(
            (share for form, share in self.shares.items()
             if form in term.forms or (begin and form.startswith(begin))),
            default=0,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """Where keys are read from, and what fits there.

    `otherwise`: read so instead, when this ends before there are as many as were wanted.
    """

    rows: Any
    fits: ColumnElement[bool]
    otherwise: "Way | None" = None


SPREAD = text(
    "SELECT i.name, i.rows, e.form, e.share, CASE WHEN e.form IS NULL THEN CASE i.name"
    " WHEN 'search_people' THEN (SELECT count(*) FROM search_people"
    " WHERE words @@ (SELECT CAST(:asked AS tsquery)))"
    " WHEN 'search_notes' THEN (SELECT count(*) FROM search_notes"
    " WHERE words @@ (SELECT CAST(:asked AS tsquery))) END END AS found"
    " FROM (SELECT relname AS name, reltuples AS rows FROM pg_class"
    " WHERE relname = ANY(CAST(:indexes AS name[]))"
    " AND relnamespace = CAST(current_schema() AS regnamespace)) AS i"
    " LEFT JOIN pg_stats s ON s.schemaname = current_schema()"
    " AND s.tablename = i.name AND s.tablename = ANY(CAST(:indexes AS name[]))"
    " AND s.attname = 'words'"
    " LEFT JOIN LATERAL unnest(CAST(CAST(s.most_common_elems AS text) AS text[]),"
    " s.most_common_elem_freqs) AS e(form, share)"
    " ON e.form = ANY(:forms) OR e.form LIKE ANY(:beginnings)"
)
"""The commonest forms among those asked for, and without one, how many people and notes fit: all,
because to see whether there is one the planner would read the whole table."""


def spread_of(asked: Asked) -> dict[str, Spread]:
    """What the statistics know of these words, by index; nothing on SQLite, which needs none."""
    if on_sqlite():
        return {}
    terms = (*asked.terms, *asked.without)
    given = {
        "asked": for_postgresql(Asked(asked.terms)),
        "forms": sorted({form for term in terms for form in (*term.written(), *term.in_order)}),
        "beginnings": [f"{term.beginning}%" for term in terms if term.beginning],
        "indexes": [f"search_{name}" for name in ("messages", "notes", "people")],
    }
    found: dict[str, Spread] = {}
    for name, rows, form, share, number in db.session.execute(SPREAD, given):
        one = found.setdefault(name.removeprefix("search_"), Spread(max(rows, 0), {}, number != 0))
        if form is not None:
            one.shares[form] = share
    return found


def ways(asked: Asked, spread: Spread, one_in: int, most: int, after: int | None) -> list[Way]:
    """How the messages with these words are read, on PostgreSQL: together, all of them.

    `one_in`: of how many messages one may be shown. The common forms are read by themselves, as
    each form costs at every row and at every key: newest first where that is the shorter way, but
    no further than three times the rows expected to hold `most` (words that are common may never
    meet). The many others are asked of the word index.
    """
    index = index_of("messages")
    common = frozenset(spread.shares)
    usual = [part for term in asked.without if (part := term.common_part(common))]
    unusual = [part for term in asked.without if (part := term.other_part(common))]

    def way(rows: Any, fitting: ColumnElement[bool], otherwise: Way | None = None) -> Way:
        return Way(rows, and_(fitting, *_none_of(rows, unusual)), otherwise)

    asked = Asked(asked.terms, tuple(usual))
    often = asked.by_common(common)
    if often is None:
        return [way(index, fits_quickly(index, asked))]
    found = [way(index, fits_quickly(index, one)) for one in (often, *asked.by_others(common))]
    number = spread.rows_with(often)
    if most * one_in * spread.rows < number * number:  # fewer rows to walk than rows that fit
        newest = select(index.c.rowid, index.c.words).order_by(index.c.rowid.desc())
        if after is not None:
            newest = newest.where(index.c.rowid < after)
        far = int(3 * most * one_in * spread.rows / number)
        walk = newest.limit(far).subquery("newest")
        found[0] = way(walk, _fits_unseen(walk, often), found[0])
    return found


def _none_of(rows: Any, terms: list[Term]) -> list[ColumnElement[bool]]:
    """That a row has none of these, which few have: those few are asked of the word index."""
    same = index_of("messages").alias("unwanted")
    return [
        rows.c.rowid.not_in(select(same.c.rowid).where(_fits_unseen(same, Asked((term,)))))
        for term in terms
    ]
