"""Earlier texts of edited messages in the word index: put there, taken out, and searched.

They stand in the notes' table, which is small, with ids of their own above any note's. Whoever
writes a version puts it in, whoever empties one takes it out before; what is missing (from before
they were searched for, or after the index was made anew) is put in every night.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, delete, literal_column, select, text

from app.basics.search_words import Asked, words_of
from app.database import db, writing
from app.inbox.search_index import Spread, fits_quickly, id_of, index_of, key_of, on_sqlite
from app.models import Case, Message, MessageVersion

FIRST = 2**29
"""What is added to a version's id: a note has none as high."""
LONGEST = 100_000
"""Letters of a text that are taken in."""
A_BATCH = 500


def version_of(key: int) -> int | None:
    """The id of the version that a key stands for; None for a message's and a note's."""
    number = id_of(key)
    return number - FIRST if key & 1 and number >= FIRST else None


def take_in(versions: Iterable[MessageVersion]) -> None:
    """Put versions in the index, in the caller's transaction; they have their ids already."""
    add = "INSERT INTO search_notes(rowid, words) VALUES (:key, :words)"
    if not on_sqlite():
        add = (
            "INSERT INTO search_notes(rowid, words) VALUES (:key, to_tsvector('simple', :words))"
            " ON CONFLICT (rowid) DO NOTHING"
        )
    rows = [{"key": _key(one), "words": _words(one)} for one in versions]
    if rows:
        db.session.execute(text(add), rows)


def take_out(message_id: int) -> None:
    """Take a message's versions out of the index, in the caller's transaction, before their texts
    are changed or deleted."""
    index = index_of("notes")
    versions = db.session.scalars(
        select(MessageVersion).where(MessageVersion.message_id == message_id)
    ).all()
    keys = {_key(one): one for one in versions}
    there = db.session.scalars(select(index.c.rowid).where(index.c.rowid.in_(list(keys)))).all()
    if not on_sqlite():
        db.session.execute(delete(index).where(index.c.rowid.in_(there)))
        return
    into = "INSERT INTO search_notes(search_notes, rowid, words)"
    for key in there:  # without content, FTS5 must be told what words it had
        told = {"key": key, "words": _words(keys[key])}
        db.session.execute(text(f"{into} VALUES ('delete', :key, :words)"), told)


def take_in_missing() -> int:
    """Put every version that the index lacks in it, some at a time; returns how many."""
    index, done = index_of("notes"), 0
    here = select(index.c.rowid).where(index.c.rowid == _key_in_sql()).exists()
    lacking = (
        select(MessageVersion)
        .where(MessageVersion.text != "", ~here)
        .order_by(MessageVersion.id)
        .limit(A_BATCH)
    )
    while True:
        with writing():
            versions = db.session.scalars(lacking).all()
            take_in(versions)
        done += len(versions)
        if len(versions) < A_BATCH:
            return done


def keys_of_earlier(
    asked: Asked, spread: Spread | None, said: ColumnElement[bool], after: int | None, most: int
) -> list[int]:
    """Keys of the newest earlier texts with these words, for messages that `said` lets be seen.

    Each message comes once, and not at all when its text of today has the words as well.
    """
    found: list[int] = []
    known: set[int] = set()
    while len(found) < most:
        rows = db.session.execute(_fitting(asked, spread, said, after, most)).all()
        for row in rows:
            if row.message_id not in known and not asked.fits(f"{row.text} {row.author_name}"):
                found.append(row.rowid)
            known.add(row.message_id)
        if len(rows) < most:
            break
        after = rows[-1].rowid
    return found[:most]


def _fitting(
    asked: Asked, spread: Spread | None, said: ColumnElement[bool], after: int | None, most: int
) -> Any:
    index = index_of("notes")
    number = index.c.rowid.op("&")(literal_column("2147483647")).op(">>")(literal_column("1"))
    query = (
        select(index.c.rowid, MessageVersion.message_id, Message.text, Message.author_name)
        .join_from(index, MessageVersion, MessageVersion.id == number - literal_column(str(FIRST)))
        .join(Message, Message.id == MessageVersion.message_id)
        .join(Case, Case.id == Message.case_id)
        .where(fits_quickly(index, asked, spread), said)
        .order_by(index.c.rowid.desc())
        .limit(most)
    )
    return query if after is None else query.where(index.c.rowid < after)


def _key(version: MessageVersion) -> int:
    seconds = min(max(int(version.seen_until.timestamp() // 1), -4_000_000_000), 4_200_000_000)
    return seconds * 2**31 + (version.id + FIRST) * 2 + 1


def _key_in_sql() -> Any:
    at: Any = MessageVersion.seen_until
    return key_of(at, MessageVersion.id + literal_column(str(FIRST)), note=True)


def _words(version: MessageVersion) -> str:
    """The text's words as both databases take them in."""
    return " ".join(words_of(version.text[:LONGEST]))
