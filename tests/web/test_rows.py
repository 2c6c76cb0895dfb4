"""Rows that are drawn once: what keeps them, and that what is shown is never stale."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from app.database import db, writing
from app.models import Case
from app.web import rows
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in
from tests.web.test_roles import signed_in

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
CHANGES = (
    ("waiting_since", MONDAY - timedelta(hours=30)), ("person_name", "Bo Ek"), ("snippet", "Nya ord"), ("kind", "beröm"), ("language", "uk"),
    ("refer_to", "Trafikverket"), ("certainty", 0.61), ("urgent", True), ("version", 9),
    ("assignee_id", 1), ("also", "miljo"), ("department_id", 3), ("no_answer_needed", True),
    ("routed_by", "person"),
)  # fmt: skip


def test_a_row_is_kept_by_all_that_it_is_drawn_from():
    """Every column of a case that a row's markup reads is part of what keeps the row."""
    markup = [ROOT / "app/web/parts" / name for name in ("row.html", "routing.html")]
    read = {one for file in markup for one in re.findall(r"\bcase\.(\w+)", file.read_text("utf8"))}
    code = (ROOT / "app/web/sureness.py").read_text("utf8")
    for function in ("is_surely_urgent", "sureness_of", "also_of"):
        read |= set(
            re.findall(r"\bcase\.(\w+)", code.split(f"def {function}(")[1].split("\ndef ")[0])
        )
    stamp = (
        (ROOT / "app/inbox/many.py").read_text("utf8").split("def stamp_of(")[1].split("\ndef ")[0]
    )
    read |= set(re.findall(r"\bcase\.(\w+)", stamp))
    assert {"snippet", "certainty", "merged_into_id"} <= read <= set(rows.DRAWN_FROM)


def test_a_changed_case_is_drawn_anew(app, at):
    """Whatever changes about a case, the list shows it at the next look."""
    at(MONDAY)
    take_in(an_account(now=MONDAY), said("Hål i gatan", at=MONDAY - timedelta(hours=1), by="Ask"))
    anna = signed_in(app, a_person(now=MONDAY).login)
    before = the_row(anna)
    for name, value in CHANGES:
        with writing():
            setattr(db.session.get_one(Case, 1), name, value)
        after = the_row(anna)
        assert after != before, name
        before = after


def test_a_kept_row_is_the_very_same(app, at, monkeypatch):
    """The second look gives the same rows as the first, and draws none; beyond the limit all are
    drawn anew and look the same."""
    at(MONDAY)
    take_in(
        an_account(now=MONDAY), said("Hål", at=MONDAY, by="Ask"), said("<b>", at=MONDAY, by="<i>")
    )
    anna = signed_in(app, a_person(now=MONDAY).login)
    rows_of(anna)
    first = rows_of(anna)
    kept = dict(rows._kept)
    assert rows_of(anna) == first
    assert rows._kept == kept
    monkeypatch.setattr(rows, "MOST_KEPT", 1)
    assert rows_of(anna) == first
    rows._kept.clear()
    assert rows_of(anna) == first
    assert "&lt;i&gt;" in first[0] + first[1]


def test_everybody_reads_rows_in_their_own_language(app, at):
    """A row kept for one reader is not shown to one who reads another language."""
    at(MONDAY)
    take_in(an_account(now=MONDAY), said("Hål i gatan", at=MONDAY, by="Ask"))
    anna, erik = a_person(now=MONDAY), a_person(name="Erik Ek", now=MONDAY)
    with writing():
        erik.language = "en"
    assert "Otilldelad" in the_row(signed_in(app, anna.login))
    assert "Unassigned" in the_row(signed_in(app, erik.login))


def rows_of(client):
    """The rows of the list."""
    return re.findall(r'<li id="rad-.*?</li>', client.get("/arenden").text, re.DOTALL)


def the_row(client):
    """The only row of the list, without the version it carries."""
    (row,) = rows_of(client)
    return re.sub(r'data-version="\d+"', "", row)
