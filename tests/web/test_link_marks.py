"""Marks on links in answers: off from the start, seen before the press, and sent as seen."""

import re

import pytest
from flask import g
from sqlalchemy import select

from app.database import db
from app.models import Account, Answer, Event, Staff
from app.web.preview import preview_of
from app.web.several_page import pressed_in_form
from config import BadSetting, read_settings
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in, the_case
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once
WRITTEN = "Se https://www.landskrona.se/bad."
MARK = "?mtm_campaign=vaxeln-facebook-2026-11"
SENT = f"Se https://www.landskrona.se/bad{MARK}."
WRITE, SWITCH = "/arenden/1/skriv", "/konton/1/lankmarken"


@pytest.fixture
def erik(app, at):
    """Communications, signed in, with a question on the city's page and the city's site known."""
    at(MONDAY)
    app.config["CITY_SITE"] = ("www.landskrona.se",)
    take_in(an_account("facebook", now=MONDAY), said("När öppnar badet?", at=MONDAY))
    return signed_in(app, a_person("communications", "Erik Nord", now=MONDAY).login)


def post(client, address, **form):
    """What a form sends, with its token."""
    field = token(client.get("/mitt-konto").text)
    given = {"csrf_token": field, "svar": WRITTEN, "lagel": "svar", "version": the_case().version}
    return client.post(address, data={**given, **form})


def bodies():
    """The words of all answers."""
    db.session.commit()
    return list(db.session.scalars(select(Answer.body)))


def test_who_changes_no_accounts_switches_no_marks(app, erik):
    """Customer service is refused, and so is a form without its token."""
    anna = signed_in(app, a_person(now=MONDAY).login)
    assert post(anna, SWITCH, marken="1").status_code == 403
    assert erik.post(SWITCH, data={"marken": "1"}).status_code == 400
    assert db.session.get(Account, 1).settings == {}


@pytest.mark.parametrize("wrong", ["https://www.landskrona.se", "landskrona", "a.se/bad", "*.se"])
def test_a_site_is_a_name_alone(wrong):
    """What is no plain name of a machine is refused when the program starts."""
    with pytest.raises(BadSetting):
        read_settings({"CITY_SITE": wrong})
    assert read_settings({"CITY_SITE": "WWW.landskrona.se"})["CITY_SITE"] == ("www.landskrona.se",)


def test_off_from_the_start_nothing_is_added(erik):
    """Until somebody switches it on an answer leaves exactly as it was written."""
    post(erik, WRITE, gor="publicera")
    assert bodies() == [WRITTEN]


def test_what_is_shown_is_what_is_sent(erik):
    """With the marks on, hint, preview and length tell of the mark, and the answer carries it."""
    post(erik, SWITCH, marken="1")
    field = token(erik.get("/mitt-konto").text)
    form = {"csrf_token": field, "svar": WRITTEN, "lagel": "svar", "gor": "utkast"}
    saved = erik.post(WRITE, data=form, headers={"HX-Request": "true"}).text
    assert f"mtm_campaign={MARK.partition('=')[2]}" in saved
    shown = preview_of(the_case(), WRITTEN, "", None)
    assert "".join(text for _kind, text in shown.pieces) == SENT
    assert bodies() == [WRITTEN]
    post(erik, WRITE, gor="publicera")
    assert bodies() == [SENT]


def test_the_mark_counts_in_the_length(app, erik):
    """A text that only fits without its mark is told to be too long before it is sent."""
    post(erik, SWITCH, marken="1")
    case = the_case()
    with app.test_request_context():
        from app.web.composing import advice_on

        plain = advice_on(case, WRITTEN.replace("landskrona", "skane"), "").used
        assert advice_on(case, WRITTEN, "").used == plain + len("landskrona") - len("skane") + len(
            MARK
        )


def test_one_answer_to_several_is_marked_too(app, erik):
    """What is pressed for several cases under a post carries the mark as an answer to one does."""
    post(erik, SWITCH, marken="1")
    with app.test_request_context("/", method="POST", data={"svar": WRITTEN}):
        g.me = db.session.scalar(select(Staff))
        assert pressed_in_form(the_case().post, WRITTEN, close=False).body == SENT


def test_switched_off_again_it_is_gone_and_told(erik):
    """The switch stands on the account's page, and both presses are in the ledger."""
    post(erik, SWITCH, marken="1")
    page = erik.get("/konton/1").text
    assert re.search(r'name="marken" value="1" checked', page)
    post(erik, SWITCH)
    db.session.commit()
    assert db.session.get(Account, 1, populate_existing=True).settings == {}
    rows = db.session.scalars(select(Event).where(Event.name == "link_marks_changed"))
    assert [row.details["on"] for row in rows] == [True, False]


def test_a_new_sign_in_keeps_the_marks(app, erik):
    """Connecting the account again leaves the switch as it was."""
    from app.collecting.accounts import connect_again

    post(erik, SWITCH, marken="1")
    values = {"page_id": "1", "page_token": "hemlig"}
    connect_again(1, values, keys=app.config["CREDENTIALS_KEYS"], by=None, now=MONDAY)
    assert db.session.get(Account, 1, populate_existing=True).settings["MARK_LINKS"] == "ja"
