"""Registering a call in the pages: by a form alone, with what is wrong told where it is."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.database import db, writing
from app.models import Account, Call, Note, PhoneMark
from app.web import call_advice, looks
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, messages, put_with, said, take_in, the_case
from tests.inbox.test_calls import NUMBER, Says
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once
NEW = "/samtal/nytt"
WORDS = "Det är ett hål i Storgatan"
KEY = "c" * 32


@pytest.fixture
def client(app, at, monkeypatch):
    """Anna at customer service, signed in, with a router that says gata-park."""
    at(MONDAY)
    monkeypatch.setattr(call_advice, "router_in_use", lambda _config: Says())
    return signed_in(app, a_person("customer_service", "Anna Holm", now=MONDAY).login)


def post(client, address=NEW, **form):
    """What the form sends, with its token."""
    field = token(client.get("/mitt-konto").text)
    given = {"csrf_token": field, "nyckel": KEY, "text": WORDS, "typ": "samtal", **form}
    return client.post(address, data=given)


def the_call():
    """The only call there is."""
    db.session.commit()
    return db.session.scalars(select(Call).execution_options(populate_existing=True)).one()


# --- Denied first --------------------------------------------------------------------------------


def test_without_its_token_the_form_does_nothing(client):
    """A form from another site registers nothing, marks nothing, calls nobody back."""
    post(client, gor="ring-upp", nummer=NUMBER)
    for address in (NEW, "/arenden/1/ringde-upp", "/arenden/1/skulle-ha-ringt"):
        form = {"nyckel": "d" * 32, "text": WORDS, "gor": "besvarat"}
        assert client.post(address, data=form).status_code == 400
    assert len(cases()) == 1
    assert the_case().is_open


def test_the_number_is_for_those_who_see_the_case(app, client):
    """Another department's handler gets no page with the number, and finds nothing by it."""
    post(client, gor="ring-upp", nummer=NUMBER)
    assert NUMBER in client.get(f"/arenden/{the_case().id}").text
    sara = signed_in(app, a_person("handler", "Sara Ek", "omsorg", now=MONDAY).login)
    assert sara.get(f"/arenden/{the_case().id}").status_code == 403
    for who in (sara, client):
        for address in ("/arenden", "/sok?q=070-123", NEW, "/arenden/1/utskrift"):
            assert NUMBER not in who.get(address).text, address


def test_enter_alone_registers_nothing(client):
    """What a field's Enter presses only shows the suggestion."""
    page = client.get(NEW).text
    form = page[page.index('class="callform"') :]
    assert re.search(r"<button[^>]*>", form)[0] == (
        '<button type="submit" name="gor" value="forslag" hidden>'
    )
    assert post(client, gor="forslag").status_code == 200
    assert cases() == []


# --- The form ------------------------------------------------------------------------------------


def test_one_form_registers_an_answered_call(client):
    """Words and one press: the call is a closed case at the suggested department."""
    assert post(client, gor="besvarat").location == NEW
    case = the_case()
    assert (case.department.slug, case.outcome, case.kind) == (
        "gata-park",
        "answered",
        "felanmälan",
    )
    assert f"LA-2026-{case.id} är besvarat och klart" in client.get(NEW).text


def test_a_visit_to_be_called_back(client):
    """A visitor's number is kept, and the case says that somebody is to call."""
    post(
        client, gor="ring-upp", typ="besok", nummer=NUMBER, namn="Maria", annan="miljo", tid="09:30"
    )
    case = the_case()
    assert (the_call().visit, case.person_name, case.department.slug) == (True, "Maria", "miljo")
    assert case.opened_at == MONDAY - timedelta(minutes=30)
    page = client.get(f"/arenden/{case.id}").text
    assert "Besök, registrerat av Anna Holm" in page
    assert "ska ringas upp" in page
    assert "Det går inte att skriva ett svar härifrån" in page


@pytest.mark.parametrize(
    ("form", "field", "sentence"),
    [
        ({"text": "", "gor": "besvarat"}, "text", "Skriv vad samtalet gällde."),
        ({"gor": "ring-upp"}, "nummer", "Skriv numret eller mejladressen"),
        ({"gor": "ring-upp", "nummer": "hemma"}, "nummer", "Det ser inte ut som ett telefonnummer"),
        ({"text": f"Ring {NUMBER}", "gor": "besvarat"}, "text", "Det ser ut att stå ett nummer"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(client, form, field, sentence):
    """A fault begins the title, stands at its field, and loses nothing that was typed."""
    answer = post(client, **form)
    assert answer.status_code == 400
    assert "<title>Fel:" in answer.text
    assert f'<a href="#{field}">{sentence}' in answer.text
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', answer.text)
    assert (form.get("text", WORDS)) in answer.text
    assert cases() == []


def test_a_number_in_the_words_passes_at_the_second_press(client):
    """The question about a number in the text is asked once, and then heeded."""
    words = f"Ring {NUMBER}"
    again = post(client, text=words, gor="besvarat").text
    assert '<input type="hidden" name="menat" value="1">' in again
    assert post(client, text=words, gor="besvarat", menat="1").status_code == 302
    assert messages()[0].text == words


def test_the_suggestion_comes_while_typing(client):
    """The fragment for typing names the department and its certainty; a few letters give none."""
    field = token(client.get("/mitt-konto").text)
    form = {"csrf_token": field, "text": WORDS, "avdelning": "miljo"}
    part = client.post("/samtal/forslag", data=form, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "Systemet föreslår: <b>Gata &amp; park</b>" in " ".join(part.split())
    assert re.search(r'value="miljo" checked', part)
    short = client.post(
        "/samtal/forslag", data=form | {"text": "Hej"}, headers={"HX-Request": "true"}
    ).text
    assert "Gata &amp; park</b>" not in short
    assert "Gata &amp; park</b>" in client.post("/samtal/forslag", data=form).text


def test_what_the_page_showed_decides(client, monkeypatch):
    """The suggestion that was seen is used at the press, without the model; a forged one is not."""
    shown = post(client, "/samtal/forslag", forslag="").text
    signed = re.search(r'name="forslag" value="([^"]+)"', shown)[1]
    monkeypatch.setattr(call_advice, "router_in_use", lambda _config: Says("miljo"))
    post(client, gor="besvarat", forslag=signed)
    post(client, gor="besvarat", forslag=signed, text=f"{WORDS} i natt", nyckel="d" * 32)
    post(client, gor="besvarat", forslag=f"x{signed}", nyckel="e" * 32)
    assert [case.department.slug for case in cases()] == ["gata-park", "miljo", "miljo"]


def test_the_telephone_is_no_account_to_look_after(app, client):
    """What calls lie on stands neither among the accounts nor among the channels to shut off."""
    post(client, gor="besvarat")
    admin = signed_in(app, a_person("administrator", "Adam Sjö", now=MONDAY).login)
    for address in ("/konton", "/konton/anslut"):
        assert "Telefon och besök" not in admin.get(address).text
    assert 'value="phone"' not in admin.get("/lage").text


def test_a_call_does_not_end_the_practice(app, client):
    """A real person's call makes nothing real of the practice town: only a connected account does."""
    an_account("practice", now=MONDAY)
    with writing():
        db.session.get(Account, 1).practice = True
    post(client, gor="besvarat")
    app.extensions.pop("practice_mode", None)
    assert looks.practice_mode()
    an_account("facebook", now=MONDAY)
    app.extensions.pop("practice_mode", None)
    assert not looks.practice_mode()


def test_long_and_right_to_left_words_are_kept_as_they_are(client):
    """Arabic words, a word without end and the resident's own marks come through unharmed."""
    words = "مرحبا <b>" + "å" * 3000
    post(client, text=words, gor="ring-upp", nummer="a.b@example.com")
    assert messages()[0].text == words
    page = client.get(f"/arenden/{the_case().id}").text
    assert "مرحبا &lt;b&gt;" in page
    assert "a.b@example.com" in page


# --- On the case's page --------------------------------------------------------------------------


def test_called_back_or_not_reached(client):
    """The case's page has both buttons; nobody reached leaves a note, an answer closes."""
    post(client, gor="ring-upp", nummer=NUMBER)
    address = f"/arenden/{the_case().id}/ringde-upp"
    post(client, address, gor="nadde-inte", anteckning="Upptaget")
    assert "1 försök utan svar" in client.get(f"/arenden/{the_case().id}").text
    post(client, address, gor="besvarat", version="0")
    assert the_case().is_open
    post(client, address, gor="besvarat", version=the_case().version)
    assert (the_case().outcome, list(db.session.scalars(select(Note.text)))) == (
        "answered",
        ["Upptaget"],
    )
    assert "besvarat av Anna Holm" in client.get(f"/arenden/{the_case().id}").text


def test_would_have_phoned_is_one_press_and_undone(client):
    """A written case is marked from its menu, shows it, and the mark is taken away again."""
    take_in(an_account(now=MONDAY), said("När öppnar badet?", at=MONDAY))
    put_with(the_case(), "gata-park")
    address, mark = f"/arenden/{the_case().id}", f"/arenden/{the_case().id}/skulle-ha-ringt"
    assert "Skulle ha ringt" in client.get(address).text
    post(client, mark, gor="mark")
    db.session.commit()
    assert db.session.scalar(select(PhoneMark.case_id)) == the_case().id
    assert "Ta bort märket" in client.get(address).text
    post(client, mark, gor="angra")
    assert "Ta bort märket" not in client.get(address).text
