"""Messages in bulk: what cannot be read is told by its line, all else is taken in."""

import json
from datetime import timedelta

from app.collecting.imports import import_messages
from app.database import db
from app.models import Person, Post
from tests.conftest import MONDAY
from tests.factories import an_account, messages


def line(**row: object) -> str:
    """One line of the file, as a careless tool writes it."""
    whole = {"id": "1", "post": "p", "author": "Maria", "text": "Hej", "at": MONDAY.isoformat()}
    return json.dumps({**whole, **row})


def test_half_characters_and_control_characters_are_left_out(app):
    """Half an emoji or a NUL in a name, a text, a title or an address is left out, nothing else."""
    given = [
        line(id="1", author="Maria\ud83d\x00 Ek", text="Hej\ud800 då\x00", post_title="P\udfff\x00",
             url="https://x.example/\ud800"),
        line(id="2", post="q", author="\ud800"),
        line(id="3", post="r"),
    ]  # fmt: skip
    result = import_messages(an_account(now=MONDAY).account, given, now=MONDAY + timedelta(hours=1))
    assert (result.new, result.known, result.bad) == (3, 0, [])
    assert [row.text for row in messages()] == ["Hej då", "Hej", "Hej"]
    assert db.session.query(Person.name).order_by(Person.id).all() == [("Maria Ek",), ("Maria",)]
    assert db.session.query(Post.title).order_by(Post.id).first() == ("P",)


def test_an_id_is_never_mended(app):
    """A row whose id, post or parent holds half a character is told by its line; the others come in."""
    given = [
        line(id="1\ud800"),
        line(id="1"),
        line(id="2", post="p\x00"),
        line(id="3", parent="1\udfff"),
        line(id="4", parent="1"),
    ]
    result = import_messages(an_account(now=MONDAY).account, given, now=MONDAY + timedelta(hours=1))
    assert [sentence.split(" går ")[0] for sentence in result.bad] == ["Rad 1", "Rad 3", "Rad 4"]
    assert [row.external_id for row in messages()] == ["1", "4"]


def test_times_and_shapes_that_are_none_are_told(app):
    """A time before the calendar, a list, a number and endless nesting are told; the rest comes in."""
    given = [line(id="1", at="0001-01-01T00:00:00+14:00"), "[]", "7", "[" * 100_000, line(id="2")]
    result = import_messages(an_account(now=MONDAY).account, given, now=MONDAY + timedelta(hours=1))
    assert [sentence.split(" går ")[0] for sentence in result.bad] == [
        f"Rad {n}" for n in (1, 2, 3, 4)
    ]
    assert [row.external_id for row in messages()] == ["2"]
