"""A second person's approval in the pages, and answers that wait for somebody."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.answers import approve
from app.answers.ready import Pressed
from app.database import db, writing
from app.models import Account, Answer, Note, Staff
from app.models.answer import AnswerState
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in, the_case
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once

CASE, WRITE, LIST = "/arenden/1", "/arenden/1/skriv", "/svar/att-godkanna"
HTMX = {"HX-Request": "true"}
NUMBER = "Ditt nummer 850709-9805 finns hos oss."


class World:
    """A case on an account whose answers need two; anna writes, karin may be the second."""

    def __init__(self, app):
        self.app = app
        self.source = an_account("practice", now=MONDAY)
        take_in(self.source, said("När öppnar badet?", at=MONDAY))
        put_with(the_case(), "gata-park")
        self.two_people(True)
        self.anna = a_person(now=MONDAY)
        self.karin = a_person("manager", "Karin Ek", now=MONDAY)

    def two_people(self, on):
        with writing():
            db.session.get_one(Account, self.source.account_id).four_eyes = on

    def client(self, person):
        return signed_in(self.app, person.login)

    def forward(self, body="Klockan nio."):
        pressed = Pressed(the_case().id, body, None, the_case().version, timedelta())
        return approve.put_forward(pressed, by=self.anna, now=MONDAY).id


@pytest.fixture
def world(app, at):
    at(MONDAY)
    return World(app)


def post(client, address, act, **more):
    """What a form of the case's page sends when a button is pressed."""
    page = client.get(CASE)
    field = token((page if page.status_code == 200 else client.get("/mitt-konto")).text)
    headers = more.pop("headers", {})
    form = {"csrf_token": field, "gor": act, "lagel": "svar",
            "version": str(the_case().version), **more}  # fmt: skip
    return client.post(address, data=form, headers=headers)


def the_answer():
    """The only answer, as it stands in the database."""
    db.session.commit()
    return db.session.scalars(
        select(Answer)
        .where(Answer.state != AnswerState.DISCARDED)
        .execution_options(populate_existing=True)
    ).one()


def test_who_may_not_approve_is_refused_by_the_server(world):
    """Author, another department, no token: nothing is changed, published or told."""
    number = world.forward("Ett hemligt utkast.")
    olle = a_person("handler", "Olle Ek", "miljo", now=MONDAY)
    for person in (world.anna, olle):
        client = world.client(person)
        for act in ("godkann", "godkann-klar", "spara", "skicka-tillbaka"):
            more = {f"godkann{number}": "Annat.", f"besked{number}": "Nej"}
            assert post(client, f"/svar/{number}/godkann", act, **more).status_code == 403
        assert f'action="/svar/{number}/godkann' not in client.get("/arenden").text
    theirs = world.client(olle).get(LIST).text
    assert "Ett hemligt utkast." not in theirs
    assert "Inget att godkänna" in theirs
    karin = world.client(world.karin)
    assert post(karin, f"/svar/{number}/ta-tillbaka", "").status_code == 403
    assert karin.post(f"/svar/{number}/godkann", data={"gor": "godkann"}).status_code == 400
    assert (the_answer().state, the_answer().body) == ("draft", "Ett hemligt utkast.")


def test_the_authors_button_puts_forward_and_nothing_else_sends(world):
    """The page offers no publishing; pressing it from an old page is refused, the text is kept."""
    anna = world.client(world.anna)
    page = anna.get(CASE).text
    assert "Skicka för godkännande" in page
    assert 'value="publicera"' not in page
    refused = post(anna, WRITE, "publicera", svar="Klockan nio.")
    assert refused.status_code == 422
    assert "En kollega behöver godkänna svaret först." in refused.text
    assert "Klockan nio." in refused.text
    assert the_answer().state == "draft"
    assert post(anna, WRITE, "godkannande-klar", svar="Klockan nio.").status_code == 302
    page = anna.get(CASE).text
    assert "Ditt svar väntar på en kollegas godkännande." in page
    assert re.search(r'<textarea id="svar"[^>]* readonly', page)
    assert "Ta tillbaka" in page
    assert the_answer().close_as == "answered"
    post(anna, f"/svar/{the_answer().id}/ta-tillbaka", "")
    assert the_answer().asked_at is None
    assert not re.search(r'<textarea id="svar"[^>]* readonly', anna.get(CASE).text)


def test_the_second_person_finds_changes_and_publishes(world):
    """On the list, in the side bar and in the case; both names and the change stay to be read."""
    number = world.forward()
    karin = world.client(world.karin)
    assert "Klockan nio." in karin.get(LIST).text
    assert re.search(r'Att godkänna</span><span class="nav__n">1<', karin.get("/arenden").text)
    page = karin.get(CASE).text
    assert "Anna Holm ber dig godkänna svaret." in page
    assert "/Anna, kundtjänst" in page
    saved = post(karin, f"/svar/{number}/godkann", "spara", headers=HTMX,
                 **{f"godkann{number}": NUMBER})  # fmt: skip
    assert "det ser ut som ett personnummer" in saved.text
    stopped = post(karin, f"/svar/{number}/godkann", "godkann", **{f"godkann{number}": NUMBER})
    assert stopped.status_code == 422
    assert 'id="skal"' in stopped.text
    assert the_answer().state == "draft"
    sent = post(karin, f"/svar/{number}/godkann", "godkann-klar",
                **{f"godkann{number}": "Klockan nio, välkommen."})  # fmt: skip
    assert sent.status_code == 302
    answer = the_answer()
    assert (answer.state, answer.sent_by_id, answer.close_as) == (
        "queued",
        world.karin.id,
        "answered",
    )
    page = karin.get(CASE).text
    assert "Skrivet av Anna Holm, godkänt av Karin Ek." in page
    assert "välkommen.</ins>" in page
    assert "Inget att godkänna" in karin.get(LIST).text


def test_news_stop_the_second_person_and_keep_the_text(world):
    """The conversation moved on while the approver read: nothing leaves."""
    number = world.forward()
    karin = world.client(world.karin)
    version = str(the_case().version)
    take_in(world.source, said("Och på söndag?", at=MONDAY))
    changed = post(karin, f"/svar/{number}/godkann", "godkann", version=version,
                   **{f"godkann{number}": "Klockan tio."})  # fmt: skip
    assert changed.status_code == 409
    assert "Något nytt har hänt i konversationen." in changed.text
    assert "Klockan tio." in changed.text
    assert the_answer().state == "draft"
    assert "Något har hänt i konversationen sedan svaret lades fram." in karin.get(CASE).text


def test_sent_back_it_is_the_authors_again(world):
    """With words; they become a note, and every page tells the author until it goes forward."""
    number = world.forward()
    karin, anna = world.client(world.karin), world.client(world.anna)
    address = f"/svar/{number}/godkann"
    silent = post(karin, address, "skicka-tillbaka", **{f"godkann{number}": "Klockan nio."})
    assert silent.status_code == 422
    assert "Skriv några ord om vad som ska ändras." in silent.text
    more = {f"godkann{number}": "Kl. nio.", f"besked{number}": "Vilken dag?"}
    assert post(karin, address, "skicka-tillbaka", **more).status_code == 302
    db.session.commit()
    assert db.session.scalars(select(Note.text)).one() == "Vilken dag?"
    told = "1 svar har kommit tillbaka till dig från en kollega."
    assert told in anna.get("/arenden").text
    assert told not in karin.get("/arenden").text
    assert "Tillbaka till dig från en kollega" in anna.get("/svar").text
    page = anna.get(CASE).text
    assert "Svaret har kommit tillbaka till dig." in page
    assert "Kl. nio." in page
    post(anna, WRITE, "godkannande", svar="Kl. nio på måndag.")
    assert told not in anna.get("/arenden").text


def test_who_has_a_text_of_their_own_keeps_it_before_them(world):
    """A colleague's own draft is not hidden by an answer to approve, nor lost by a stray press."""
    post(world.client(world.karin), WRITE, "utkast", svar="Mitt eget.")
    number = world.forward()
    karin = world.client(world.karin)
    page = karin.get(CASE).text
    assert "Mitt eget." in page
    assert "Granska det" in page
    assert f'name="godkann{number}"' in karin.get(f"{CASE}?granska=1").text
    post(karin, WRITE, "utkast")
    assert "Mitt eget." in karin.get(CASE).text


def test_switching_it_on(world):
    """Communications for an account, administrators for a person; a manager for neither."""
    world.two_people(False)
    karin = world.client(world.karin)
    for address in (f"/konton/{world.source.account_id}/fyra-ogon",
                    f"/personal/{world.anna.id}/fyra-ogon"):  # fmt: skip
        assert post(karin, address, "", fyra_ogon="1").status_code == 403
    erik = world.client(a_person("communications", "Erik Ås", now=MONDAY))
    ida = world.client(a_person("administrator", "Ida Al", now=MONDAY))
    assert post(erik, f"/personal/{world.anna.id}/fyra-ogon", "", fyra_ogon="1").status_code == 403
    post(erik, f"/konton/{world.source.account_id}/fyra-ogon", "", fyra_ogon="1")
    post(ida, f"/personal/{world.anna.id}/fyra-ogon", "", fyra_ogon="1")
    db.session.commit()
    assert db.session.get_one(Account, world.source.account_id, populate_existing=True).four_eyes
    assert db.session.get_one(Staff, world.anna.id, populate_existing=True).four_eyes
    assert re.search(r'name="fyra_ogon" value="1" checked', ida.get("/personal").text)
    post(ida, f"/personal/{world.anna.id}/fyra-ogon", "")
    db.session.commit()
    assert not db.session.get_one(Staff, world.anna.id, populate_existing=True).four_eyes


def lost(world, *, since):
    """An answer of anna's that nobody knows whether it arrived, since then."""
    number = world.forward()
    pressed = Pressed(the_case().id, "Klockan nio.", None, the_case().version, timedelta())
    approve.publish(number, pressed, by=world.karin, now=MONDAY)
    with writing():
        answer = db.session.get_one(Answer, number)
        answer.state, answer.changed_at = AnswerState.UNCERTAIN, since
    return number


def test_what_is_uncertain_is_told_on_every_page(world):
    """A bar with a way on stands on list, case and settings, for the author and nobody else."""
    lost(world, since=MONDAY)
    told = "1 svar av dig kom inte säkert fram."
    anna = world.client(world.anna)
    for address in ("/arenden", CASE, "/mitt-konto", "/lage"):
        assert told in anna.get(address).text
    assert told not in anna.get("/svar").text
    assert "Det saknas, skicka igen" in anna.get("/svar").text
    berit = world.client(a_person(name="Berit Al", now=MONDAY))
    assert told not in berit.get("/arenden").text


def test_colleagues_answers_after_an_hour(world, at):
    """Customer service sees and settles what the author has not in an hour; a handler elsewhere
    neither sees it nor may."""
    number = lost(world, since=MONDAY)
    berit = world.client(a_person(name="Berit Al", now=MONDAY))
    olle = world.client(a_person("handler", "Olle Ek", "miljo", now=MONDAY))
    assert "Andras svar" not in berit.get("/svar").text
    assert "Efter en timme kan du reda ut det." in berit.get(CASE).text
    early = post(berit, f"/svar/{number}/avgor", "", kom="fram")
    assert (early.status_code, the_answer().state) == (302, "uncertain")
    at(MONDAY + timedelta(minutes=61))
    assert "1 svar av en kollega väntar på att redas ut." in berit.get("/arenden").text
    assert "Andras svar som väntar på att redas ut" in berit.get("/svar").text
    assert "Andras svar" not in olle.get("/svar").text
    assert post(olle, f"/svar/{number}/avgor", "", kom="fram").status_code == 403
    post(berit, f"/svar/{number}/avgor", "", kom="fram")
    assert the_answer().state == "sent"


def test_a_queue_that_stands_still_says_so(world, at):
    """After ten minutes the author reads how long it has waited and why, in case and list."""
    number = world.forward()
    pressed = Pressed(the_case().id, "Klockan nio.", None, the_case().version, timedelta())
    approve.publish(number, pressed, by=world.karin, now=MONDAY)
    anna = world.client(world.anna)
    at(MONDAY + timedelta(minutes=9))
    assert "har väntat" not in anna.get(CASE).text
    at(MONDAY + timedelta(minutes=12, seconds=30))
    for address in (CASE, "/svar"):
        page = anna.get(address).text
        assert "har väntat 12 minuter" in page
        assert "Ingen hämtar svaren just nu." in page
    with writing():
        answer = db.session.get_one(Answer, number)
        answer.reason, answer.send_after = "asked_to_wait", MONDAY + timedelta(hours=1)
    page = anna.get(CASE).text
    assert "har väntat 12 minuter" in page
    assert "Plattformen vill att vi väntar en stund." in page
