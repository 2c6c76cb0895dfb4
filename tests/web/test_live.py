"""What an open page learns by itself: news, colleagues, and that its session has ended."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from app.database import db, writing
from app.models import Answer, StaffSession
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in, the_case
from tests.web.test_roles import signed_in, token

SECOND = timedelta(seconds=1)


@pytest.fixture
def office(app, at):
    """A case at Gata & park, and Anna and Erik signed in."""
    at(MONDAY)
    source = an_account("practice", now=MONDAY)
    take_in(source, said("Hål i gatan", at=MONDAY, number="1"))
    put_with(the_case(), "gata-park")
    anna = signed_in(app, a_person(name="Anna Holm", now=MONDAY).login)
    erik = signed_in(app, a_person("communications", "Erik Nord", now=MONDAY).login)
    return source, anna, erik


@pytest.mark.once
def test_another_departments_handler_learns_nothing_of_who_is_there(app, office):
    """A case that one may not see has nobody in it, and cannot be claimed or left."""
    _, anna, _ = office
    petra = signed_in(app, a_person("handler", "Petra Lund", "miljo", now=MONDAY).login)
    anna.get("/puls?arende=1")
    assert petra.get("/puls?arende=1").json["here"] == petra.get("/puls?arende=9").json["here"]
    form = {"csrf_token": token(petra.get("/mitt-konto").text)}
    for act in ("skriver", "lat"):
        assert petra.post(f"/arenden/1/{act}", data=form).status_code == 403
    assert "Petra" not in anna.get("/puls?arende=1").json["here"]


def test_colleagues_see_who_reads_and_who_writes(office):
    """Erik reads, then writes: told with sign and words to Anna, on her page also without script."""
    _, anna, erik = office
    erik.get("/puls?arende=1")
    assert "Erik läser också" in anna.get("/puls?arende=1").json["here"]
    form = {"csrf_token": token(erik.get("/arenden/1").text)}
    assert erik.post("/arenden/1/skriver", data=form).status_code == 204
    page = anna.get("/arenden/1").text
    assert "Erik Nord svarar just nu." in page
    assert "Låt Erik svara" in page
    assert "Svara ändå" in page


@pytest.mark.once
def test_leaving_the_answer_to_a_colleague_keeps_ones_words(office):
    """Låt Erik svara keeps what one has typed as a draft, and says that one writes no more."""
    _, anna, erik = office
    for client in (anna, erik):
        form = {"csrf_token": token(client.get("/arenden/1").text), "svar": "Halvfärdigt"}
        client.post("/arenden/1/skriver", data=form)
    anna_form = {"csrf_token": token(anna.get("/arenden/1").text), "svar": "Halvfärdigt"}
    left = anna.post("/arenden/1/lat", data=anna_form, follow_redirects=True)
    assert "Du lät Erik svara. Ditt utkast är kvar i ärendet." in left.text
    assert "Halvfärdigt" in anna.get("/arenden/1").text
    assert "Anna läser också" in erik.get("/puls?arende=1").json["here"]


def test_the_pulse_changes_when_something_happens_anywhere(office):
    """The mark stays the same while nothing happens and is another one after a resident's word."""
    source, anna, _ = office
    before = anna.get("/puls").json["mark"]
    assert anna.get("/puls").json["mark"] == before
    take_in(source, said("Hallå?", at=MONDAY))
    assert anna.get("/puls").json["mark"] != before


def test_new_words_wait_behind_a_bar_until_one_asks_for_them(office):
    """New words give a bar and leave the conversation alone; asked for, they come and are read."""
    source, anna, _ = office
    page = anna.get("/arenden/1").text
    address = re.search(r'hx-get="([^"]*/lage[^"]*)"', page)[1].replace("&amp;", "&")
    take_in(source, said("Hallå?", at=MONDAY))
    bar = anna.get(address)
    assert bar.headers["HX-Reswap"] == "none"
    assert 'id="nytt" hx-swap-oob="innerHTML"' in bar.text
    assert 'id="konversation"' not in bar.text
    wanted = anna.get(f"{address}&visa=1").text
    assert "Hallå?" in wanted
    assert 'data-version="2"' in wanted
    assert "rw--unread" not in anna.get("/arenden").text


def test_the_stop_at_send_shows_what_is_new(office, at):
    """A send against an older conversation is stopped; what is new is named, linked and kept apart."""
    source, anna, erik = office
    form = {"gor": "publicera", "lagel": "svar", "version": "1"}
    page = anna.get("/arenden/1").text
    mine = form | {"csrf_token": token(page), "svar": "Tack, vi lagar det"}
    mine["sett"] = re.search(r'name="sett" value="(\d+)"', page)[1]
    theirs = form | {"csrf_token": token(erik.get("/arenden/1").text), "svar": "Det är lagat"}
    erik.post("/arenden/1/skriv", data=theirs)
    take_in(source, said("Hallå, är ni där?", at=MONDAY, number="2"))
    stopped = anna.post("/arenden/1/skriv", data=mine)
    assert stopped.status_code == 409
    assert "Nytt sedan du började skriva" in stopped.text
    news = re.findall(r'data-fresh="(\w+)">([^<]*)</a>: <span dir="auto">([^<]*)', stopped.text)
    assert [(said, text) for _, said, text in news] == [
        ("Erik Nord har svarat", "Det är lagat"),
        ("Maria Lindqvist har skrivit", "Hallå, är ni där?"),
    ]
    assert all(f'id="{place}"' in stopped.text for place, _, _ in news)
    assert ">Tack, vi lagar det</textarea>" in stopped.text


def end_all_sessions():
    """As after a night: nobody is signed in any more."""
    with writing():
        db.session.execute(delete(StaffSession))


def drafts():
    """What the server has of unsent answers."""
    db.session.commit()
    return db.session.scalars(select(Answer.body).where(Answer.state == "draft")).all()


@pytest.mark.once
def test_a_page_is_told_that_its_session_has_ended_and_stays(office):
    """A script's request without a session gets 401 and no other page to go to, and saves nothing."""
    _, anna, _ = office
    form = {"csrf_token": token(anna.get("/arenden/1").text), "gor": "utkast", "svar": "Halv"}
    end_all_sessions()
    by_script = {"HX-Request": "true"}
    for answer in (
        anna.post("/arenden/1/skriv", data=form, headers=by_script),
        anna.get("/puls?arende=1", headers=by_script),
    ):
        assert (answer.status_code, answer.text) == (401, "")
        assert "HX-Redirect" not in answer.headers
    assert drafts() == []


@pytest.mark.once
def test_after_a_new_sign_in_the_page_learns_its_new_key_and_whose_it_is(app, office):
    """The pulse gives what forms must carry now, and tells when somebody else has signed in."""
    _, anna, _ = office
    old = token(anna.get("/arenden/1").text)
    end_all_sessions()
    again = signed_in(app, a_person(name="Omar Nasser", now=MONDAY).login)
    by_script = {"HX-Request": "true"}
    form = {"gor": "utkast", "svar": "Mitt i en mening"}
    refused = again.post("/arenden/1/skriv", data=form | {"csrf_token": old}, headers=by_script)
    assert (refused.status_code, refused.text) == (400, "")
    pulse = again.get("/puls?nyckel=1").json
    assert pulse["person"] == 3
    form["csrf_token"] = pulse["key"]
    assert again.post("/arenden/1/skriv", data=form, headers=by_script).status_code == 200
    assert drafts() == ["Mitt i en mening"]


@pytest.mark.once
def test_a_form_without_a_session_shows_its_text_and_can_be_saved_after_signing_in(app, office):
    """Without script too: the text comes back, and after a sign-in in another tab it is saved."""
    _, anna, _ = office
    form = {"gor": "publicera", "lagel": "svar", "svar": "Hela svaret", "version": "1"}
    form["csrf_token"] = token(anna.get("/arenden/1").text)
    end_all_sessions()
    page = anna.post("/arenden/1/skriv", data=form)
    assert page.status_code == 401
    assert ">Hela svaret</textarea>" in page.text
    signing = {"csrf_token": token(anna.get("/logga-in").text), "login": login_of("Anna Holm")}
    signing["password"] = "ett långt lösenord"
    assert anna.post("/logga-in", data=signing).status_code == 302
    draft = {"gor": "utkast", "svar": "Hela svaret"}
    once = anna.post("/arenden/1/skriv", data=draft | {"csrf_token": token(page.text)})
    assert once.status_code == 400
    assert ">Hela svaret</textarea>" in once.text
    anna.post("/arenden/1/skriv", data=draft | {"csrf_token": token(once.text)})
    assert drafts() == ["Hela svaret"]


def login_of(name):
    """What a person signs in with."""
    from app.models import Staff

    return db.session.scalars(select(Staff.login).where(Staff.name == name)).one()


@pytest.mark.once
def test_a_page_left_open_keeps_nobody_signed_in(app, at, office):
    """What a page asks by itself is answered, but twelve hours after the last press it is over."""
    _, anna, _ = office
    for hour in (5, 10, 11):
        at(MONDAY + timedelta(hours=hour))
        assert anna.get("/puls").status_code == 200
    at(MONDAY + timedelta(hours=12, minutes=1))
    assert anna.get("/puls", headers={"HX-Request": "true"}).status_code == 401
