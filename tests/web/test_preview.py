"""What an answer will look like, and the language that one writes it in."""

import re

import pytest

from app.database import db, writing
from app.models import Answer, Case, Message
from app.web.preview import preview_of
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, messages, said, take_in, the_case
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once

CASE, WRITE = "/arenden/1", "/arenden/1/skriv"
LONG = "https://www.landskrona.se/bygga-bo/vatten-och-avlopp/avgifter"


@pytest.fixture
def client(app, at):
    """Somebody at customer service, signed in, with a question on the city's page."""
    at(MONDAY)
    source = an_account("facebook", now=MONDAY)
    take_in(source, said("När öppnar badet?", at=MONDAY))
    return signed_in(app, a_person(now=MONDAY).login)


def on(channel):
    """The case as if it were on that channel, and its message."""
    case, (message,) = the_case(), messages()
    case.channel = channel
    message.person.handle = "maria_l"
    return case, message


def said_of(pieces):
    """What is read, links and all."""
    return "".join(text for _kind, text in pieces)


def test_each_platform_in_its_own_way(client):
    """X puts the name in front and shortens links; Facebook and YouTube fold; a blog does neither."""
    text = f"Se {LONG}.\n\n" + "\n".join(f"rad {n}" for n in range(9))
    x = preview_of(*(on("x")[0], text, "/Anna, kundtjänst", on("x")[1]))
    assert x.mention == "@maria_l"
    assert ("link", "landskrona.se/bygga-bo/vat…") in x.pieces
    for channel, last in (("facebook", "rad 2"), ("youtube", "rad 1")):
        shown = preview_of(on(channel)[0], text, "/Anna, kundtjänst", None)
        assert said_of(shown.pieces).endswith(last)
        assert said_of(shown.folded).endswith("/Anna, kundtjänst")
        assert shown.mention == ""
    blog = preview_of(on("wordpress")[0], text, "/Anna, kundtjänst", None)
    assert said_of(blog.pieces) == f"{text}\n\n/Anna, kundtjänst"
    assert blog.folded == []
    db.session.rollback()


def test_a_word_is_not_cut_and_no_word_is_lost(client):
    """What is shown and what is folded are together the whole text."""
    text = "Ett ord i taget " * 60
    shown = preview_of(on("facebook")[0], text, "", None)
    assert said_of(shown.pieces).split() + said_of(shown.folded).split() == text.split()
    assert len(said_of(shown.pieces)) <= 480
    db.session.rollback()


def test_without_script_a_button_shows_it(client):
    """The page comes back with the text kept, the preview open, and nothing sent."""
    form = {"csrf_token": token(client.get(CASE).text), "gor": "forhandsgranska", "lagel": "svar",
            "svar": "Klockan <b>nio</b>.", "version": "1"}  # fmt: skip
    page = client.post(WRITE, data=form)
    assert page.status_code == 200
    assert '<details class="preview if-text" id="forhandsvisning" open>' in page.text
    preview = page.text.partition('id="forhand"')[2].partition("</details>")[0]
    assert "Klockan &lt;b&gt;nio&lt;/b&gt;." in preview
    assert "Stadsbloggen" in preview
    assert "När öppnar badet?" in preview
    assert "/Anna, kundtjänst" in preview
    assert "http" not in preview
    db.session.commit()
    assert [row.state for row in db.session.query(Answer)] == ["draft"]


def test_what_is_typed_shows_at_once_with_script(client):
    """The answer to a save carries the preview anew."""
    form = {"csrf_token": token(client.get(CASE).text), "gor": "utkast", "lagel": "svar",
            "svar": "Klockan nio.", "version": "1", "till_meddelande": "1"}  # fmt: skip
    saved = client.post(WRITE, data=form, headers={"HX-Request": "true"}).text
    preview = saved.partition('id="forhand" hx-swap-oob')[2]
    assert "Klockan nio." in preview
    assert "När öppnar badet?" in preview


def test_the_box_has_the_language_one_writes_in(client):
    """Swedish at first, the resident's when it is known, what is chosen above both."""

    def box(page):
        return re.search(r'<textarea id="svar"[^>]* lang="(\w+)" spellcheck="true"', page)[1]

    only_swedish = "Växeln översätter inte."
    page = client.get(CASE).text
    assert box(page) == "sv"
    assert only_swedish not in page
    with writing():
        db.session.get_one(Case, 1).language = "en"
    page = client.get(CASE).text
    assert box(page) == "en"
    assert only_swedish in page
    form = {"csrf_token": token(page), "gor": "utkast", "lagel": "svar", "svar": "Hej",
            "version": "1", "sprak": "sv"}  # fmt: skip
    kept = client.get(client.post(WRITE, data=form).location).text
    assert box(kept) == "sv"
    assert '<option value="sv" selected>svenska</option>' in kept
    assert box(client.get(f"{CASE}?sprak=klingon").text) == "en"


def test_a_published_answer_says_its_language(client):
    """The city's words in the conversation are marked with what they are written in."""
    with writing():
        message = db.session.get_one(Message, 1)
        message.by_city = True
        message.text = "The pool opens at nine and you are welcome to the beach"
    assert 'dir="auto" lang="en">The pool opens' in client.get(CASE).text
