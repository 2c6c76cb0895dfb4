"""Care before sending, in the pages: what is said while typing, and what waits for a reason."""

import logging
import re

import pytest
from sqlalchemy import select

from app.answers.care import Override
from app.database import db
from app.models import Answer, Event, Note, Source
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in, the_case
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once

NUMBER = "850709-9805"
DRAFT = f"Hej Maria. Ditt nummer {NUMBER} finns hos oss."
HTMX = {"HX-Request": "true"}
CASE, WRITE = "/arenden/1", "/arenden/1/skriv"


@pytest.fixture
def client(app, at):
    """Somebody at customer service, signed in, with one resident's question to answer."""
    at(MONDAY)
    source = an_account("practice", now=MONDAY)
    take_in(source, said("När öppnar badet?", at=MONDAY))
    return signed_in(app, a_person(now=MONDAY).login)


def press(client, draft, act="publicera", headers=None, **more):
    """What the composer posts when a button is pressed."""
    form = {
        "csrf_token": token(client.get(CASE).text), "gor": act, "lagel": "svar", "svar": draft,
        "version": "1", **more,
    }  # fmt: skip
    return client.post(WRITE, data=form, headers=headers or {})


def answers():
    """The answers that have been queued or gone further."""
    db.session.commit()
    return db.session.scalars(
        select(Answer).where(Answer.state.not_in(("draft", "discarded")))
    ).all()


def ledger():
    """What the ledger keeps beside the fact that somebody pressed send."""
    return db.session.scalars(select(Event.details).where(Event.name == "answer_queued")).one()


def draft_kept():
    """The words of the only draft."""
    db.session.commit()
    return db.session.scalars(select(Answer.body).where(Answer.state == "draft")).one()


def test_another_departments_handler_is_told_nothing(app, client):
    """Who may not see the case gets no hint, no sentence and no draft, whatever they press."""
    put_with(the_case(), "omsorg")
    other = signed_in(app, a_person("handler", "Olle Ek", "gata-park", now=MONDAY).login)
    form = {
        "csrf_token": token(other.get("/arenden").text),
        "lagel": "svar",
        "svar": DRAFT,
        "version": "1",
    }
    for act in ("publicera", "utkast", "hanvisa"):
        page = other.post(WRITE, data={**form, "gor": act, "skal": "approved"})
        assert page.status_code in (403, 404)
        assert "personnummer" not in page.text
    db.session.commit()
    assert db.session.scalars(select(Answer)).all() == []


@pytest.mark.parametrize("act", ["publicera", "hanvisa"])
def test_without_the_forms_token_nothing_happens(client, act):
    """A press from another page than ours neither sends nor saves."""
    page = client.post(WRITE, data={"gor": act, "lagel": "svar", "svar": DRAFT, "version": "1"})
    assert page.status_code == 400
    db.session.commit()
    assert db.session.scalars(select(Answer)).all() == []


@pytest.mark.parametrize("act", ["publicera", "publicera-klar"])
def test_an_identity_number_waits_for_a_reason(client, act):
    """Nothing leaves, the text is kept, and focus goes to the question for a reason."""
    page = press(client, DRAFT, act)
    assert page.status_code == 422
    assert answers() == []
    assert draft_kept() == DRAFT
    assert DRAFT in page.text
    assert "Inget har skickats, och din text är kvar." in page.text
    assert "det ser ut som ett personnummer" in page.text
    asked = re.search(r'<select id="skal"[^>]*>', page.text)[0]
    assert "autofocus" in asked
    assert 'aria-invalid="true"' in asked
    described = re.search(r'aria-describedby="([^"]+)"', asked)[1].split()
    assert described
    assert all(f'id="{one}"' in page.text for one in described)
    assert re.findall(r'<option value="(\w+)"', page.text.partition('id="skal"')[2])[:4] == list(
        Override
    )


@pytest.mark.parametrize("reason", ["", "nonsense", "Jag vill det"])
def test_only_a_reason_from_the_list_is_one(client, reason):
    """An empty or invented reason is asked for again."""
    assert press(client, DRAFT, skal=reason).status_code == 422
    assert answers() == []


def test_with_a_reason_the_answer_goes(client):
    """After a reason has been chosen the same press sends the text as it was written."""
    assert press(client, DRAFT, skal="invented").status_code == 302
    (answer,) = answers()
    assert answer.body == DRAFT
    assert ledger() == {"care": ["identity_number"], "care_reason": "invented"}


def test_a_reason_without_a_stop_is_not_kept(client):
    """Where nothing asked for a reason the ledger holds none, whatever the form said."""
    assert press(client, "Klockan åtta.", skal="approved").status_code == 302
    assert ledger() == {}


def test_advice_never_stands_in_the_way(client):
    """Promises, private numbers and capitals are told, and the answer leaves at the first press."""
    draft = "Vi lovar! Ring Olle på 070-123 45 67. DU MÅSTE LÄSA!!!"
    page = press(client, draft, "utkast", HTMX).text
    for sentence in ("kan läsas som ett löfte", "ser inte ut att vara stadens", "höjer rösten"):
        assert sentence in page
    assert 'name="skal"' not in page
    assert press(client, draft).status_code == 302
    assert len(answers()) == 1


def test_while_typing_there_is_a_hint_but_no_question(client):
    """What is saved while somebody writes brings the hints, and takes no focus."""
    page = press(client, DRAFT, "utkast", HTMX).text
    assert "det ser ut som ett personnummer" in page
    assert NUMBER not in page.partition('id="forhand"')[0]
    assert 'id="skal"' not in page
    assert "autofocus" not in page


def test_a_chosen_reason_survives_more_typing(client):
    """A reason that has been chosen is still chosen when the hints are drawn anew."""
    page = press(client, DRAFT + " Mer.", "utkast", HTMX, skal="approved").text
    assert '<option value="approved" selected>' in page
    assert "autofocus" not in page
    page = press(client, "Utan nummer.", "utkast", HTMX, skal="approved").text
    assert 'id="skal"' not in page


def test_a_safe_channel_is_one_press_away(client):
    """The sentence is put last in the kept text, once; nothing is sent and nothing taken away."""
    page = press(client, DRAFT, "hanvisa")
    assert page.status_code == 200
    kept = draft_kept()
    assert kept.startswith(DRAFT)
    assert "0418-47 00 00" in kept
    press(client, kept, "hanvisa")
    assert draft_kept() == kept
    assert answers() == []


def test_the_sentence_is_in_the_answers_language(client):
    """An answer in English is given the English sentence."""
    press(client, "Thank you for your question, this is your number 850709-9805", "hanvisa")
    assert "We do not discuss this in public." in draft_kept()


def test_in_a_restricted_department_nobody_is_confirmed(client):
    """The same words are a warning elsewhere, and wait for a reason where matters are secret."""
    put_with(the_case(), "omsorg")
    page = press(client, "Din hemtjänst börjar i maj.")
    assert page.status_code == 422
    assert "”Din hemtjänst” kan läsas som att någon har kontakt med oss." in page.text
    put_with(the_case(), "gata-park")
    assert press(client, "Din hemtjänst börjar i maj.").status_code == 302


def test_the_day_to_day_answer_has_no_hint(client):
    """An ordinary answer is saved without a word about it, and leaves."""
    draft = (
        "Hej Maria! Badet öppnar 08.00. Ring 0418-47 00 00 eller se https://www.landskrona.se/bad"
    )
    assert 'class="hint ' not in press(client, draft, "utkast", HTMX).text
    assert press(client, draft).status_code == 302


def test_a_note_may_hold_what_an_answer_may_not(client):
    """What stays inside is not asked about."""
    page = press(client, "", "anteckna", lagel="anteckning", anteckning=DRAFT)
    assert page.status_code == 302
    db.session.commit()
    assert db.session.scalars(select(Note.text)).one() == DRAFT


def test_news_meanwhile_are_told_with_the_question(client, at):
    """The page that asks for a reason carries the newest version, and says that it has changed."""
    page = press(client, DRAFT, version="0")
    assert page.status_code == 422
    assert "Något nytt har hänt i konversationen." in page.text


def test_what_was_answered_is_still_answered(client):
    """The message chosen before the question for a reason is the one that stays chosen."""
    source = db.session.scalars(select(Source)).one()
    take_in(source, said("Och på söndag?", at=MONDAY, number="later"))
    page = press(client, DRAFT, version="2", till_meddelande="1")
    assert page.status_code == 422
    assert 'name="till_meddelande" value="1"' in page.text


def test_the_draft_is_in_no_event_and_no_log(client, caplog):
    """Neither the number nor any word of the draft goes into the ledger or the log."""
    with caplog.at_level(logging.DEBUG):
        press(client, DRAFT)
        press(client, DRAFT, "hanvisa")
        press(client, DRAFT, skal="not_personal")
    db.session.commit()
    events = db.session.scalars(select(Event)).all()
    told = " ".join(str(event.details) for event in events) + caplog.text
    assert NUMBER not in told
    assert "finns hos oss" not in told
