"""The word index, as queries ask it: which rows hold these words, on both databases.

Three tables that the database keeps in step by triggers (migration 0004), with words as they
stand; Swedish endings are followed in the question (`basics/search_words.py`). A row's key is its
time in seconds, its id and one bit for notes: the index itself then gives the newest first.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Text,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from app.basics.search_words import Asked, Term, for_postgresql, for_sqlite
from app.database import db

FEW = 1000
"""Rows that are sorted by time rather than read in the order of time."""


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


def fits_quickly(index: Any, asked: Asked) -> ColumnElement[bool]:
    """The same, for a query that wants the newest.

    PostgreSQL's planner takes the many forms of a rare word for a common one, and would read the
    whole table backwards for it; so the word index is asked first, and when it has few rows, those
    are the condition.
    """
    if on_sqlite():
        return fits(index, asked)
    if asked.without:  # what must not be there is looked for in every row
        asked = _in_use(index, asked)
    seqscan = func.set_config("enable_seqscan", bindparam("on_or_off"), True)
    db.session.execute(select(seqscan), {"on_or_off": "off"})
    few = db.session.scalars(select(index.c.rowid).where(fits(index, asked)).limit(FEW + 1)).all()
    db.session.execute(select(seqscan), {"on_or_off": "on"})
    if len(few) > FEW:
        return fits(index, _in_use(index, asked))
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
