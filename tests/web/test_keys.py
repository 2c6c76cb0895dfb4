"""The keys: the help sheet, a person's own, and what pages tell their script."""

import re
from pathlib import Path

import pytest

from app.people.own_keys import DEFAULTS, keys_of
from app.web.keys import ACTS, FIXED, GROUPS
from tests.conftest import MONDAY
from tests.factories import a_person
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once
SCRIPT = Path(__file__).parents[2] / "app" / "web" / "static" / "keys.js"


@pytest.fixture
def anna(app):
    """Anna's browser."""
    return signed_in(app, a_person(now=MONDAY).login)


def change(client, on=True, **keys):
    """Anna sends the form with some keys changed."""
    form = {f"tangent_{act}": key for act, key in (DEFAULTS | keys).items()}
    form |= {"csrf_token": token(client.get("/mitt-konto").text), "gor": "spara"}
    if on:
        form["pa"] = "1"
    return client.post("/mitt-konto/tangenter", data=form, follow_redirects=True)


def told(client):
    """What a page tells its script."""
    return re.search(r'data-keys="([^"]*)"', client.get("/mitt-konto").text)[1]


def test_script_sheet_and_settings_know_the_same_acts():
    """Every act with a key is done by the script and explained in the sheet, and no other is."""
    table = SCRIPT.read_text(encoding="utf-8").split("const ACTS = {")[1].split("};")[0]
    done = {line.split(":")[0].strip(" ,") for line in table.splitlines() if line.strip()}
    assert done == set(DEFAULTS)
    assert {act for _, acts in GROUPS for act in acts} == set(ACTS) == set(DEFAULTS) | set(FIXED)


def test_the_sheet_is_a_page_and_a_part(anna):
    """/tangenter lists every key without script, and gives a script only the list."""
    page, part = anna.get("/tangenter").text, anna.get("/tangenter", headers={"HX-Request": "1"})
    for words in ("Markera klar", "Lägg undan", "Koppla till annan avdelning", "Ctrl"):
        assert words in page
        assert words in part.text
    assert "<html" not in part.text


def test_a_changed_key_is_told_to_pages_and_shown_in_the_sheet(anna):
    """A person's own key is what pages tell their script; the others stay; it can be put back."""
    assert "close=e" in told(anna)
    assert "Dina tangenter är sparade." in change(anna, close="Q").text
    assert "close=q" in told(anna)
    assert "next=j" in told(anna)
    assert "<kbd>Q</kbd>" in anna.get("/tangenter").text
    form = {"csrf_token": token(anna.get("/mitt-konto").text), "gor": "aterstall"}
    anna.post("/mitt-konto/tangenter", data=form)
    assert "close=e" in told(anna)


def test_an_act_can_go_without_a_key(anna):
    """An emptied field takes the key from its act; pages do not tell of it."""
    change(anna, close="")
    assert "close=" not in told(anna)


def test_an_act_that_comes_later_takes_nobodys_own_key(app):
    """Whoever had given a key away before an act came with it keeps theirs; the act has none."""
    person = a_person(now=MONDAY)
    person.keys = {"map": {"close": "g"}}
    assert (keys_of(person)["close"], keys_of(person)["many"]) == ("g", "")


def test_keys_can_be_switched_off(anna):
    """Switched off, pages tell their script that no single key does anything."""
    assert "Kortkommandon är avstängda." in change(anna, on=False).text
    assert told(anna) == "av"
    assert "Du har stängt av kortkommandona" in anna.get("/tangenter").text


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("j", "Två kommandon har samma tangent."),
        ("J", "Två kommandon har samma tangent."),
        ("ab", "Välj en enda bokstav, siffra eller ett tecken."),
        ("\t", "Mellanslag rullar sidan."),
        (" ", "Mellanslag rullar sidan."),
        ("´", "Den tangenten väntar på en bokstav"),
        ("'", "Den tangenten använder webbläsaren själv."),
    ],
)
def test_a_key_that_cannot_be_is_refused_in_plain_words(anna, key, why):
    """What is taken, or needed by browser or keyboard, is told at its field; nothing is changed."""
    answer = change(anna, close=key)
    assert answer.status_code == 400
    assert "<title>Fel:" in answer.text
    assert why in answer.text
    assert 'href="#tangent-close"' in answer.text
    assert "close=e" in told(anna)
