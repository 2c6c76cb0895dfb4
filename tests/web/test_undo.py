"""How long an answer can be taken back: what the house says, and what the person has chosen."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import create_app
from app.answers.deliver import Deliverer, deliver_due
from app.collecting.connect import options_from
from app.database import db, writing
from app.models import Answer, Staff
from config import read_settings
from tests.conftest import MONDAY, FreshClient
from tests.factories import a_person, an_account, said, take_in
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once


def press(app, at, chosen=""):
    """A person presses send in the pages; the answer, and what the page said."""
    at(MONDAY)
    source = an_account("practice", now=MONDAY)
    take_in(source, said("Hej", at=MONDAY))
    anna = a_person(now=MONDAY)
    with writing():
        db.session.execute(update(Staff).values(undo_seconds=chosen))
    client = signed_in(app, anna.login)
    form = {
        "csrf_token": token(client.get("/arenden/1").text), "gor": "publicera", "lagel": "svar",
        "svar": "Hej själv", "version": "1",
    }  # fmt: skip
    page = client.post("/arenden/1/skriv", data=form, follow_redirects=True).text
    db.session.commit()
    return db.session.scalars(select(Answer).where(Answer.state == "queued")).one(), page


def deliver(app, moment):
    """The answer's state after a delivery at that moment."""
    deliver_due(Deliverer(options_from(app.config), lambda: moment))
    db.session.commit()
    return db.session.scalars(select(Answer).execution_options(populate_existing=True)).one().state


def test_twenty_seconds_unless_somebody_says_otherwise(settings_of, at):
    """With nothing set and nothing chosen an answer waits 20 seconds, says so, and then leaves."""
    settings_of.pop("UNDO_SECONDS")
    assert read_settings({})["UNDO_SECONDS"] == 20
    app = create_app(settings_of)
    app.test_client_class = FreshClient
    with app.app_context():
        answer, page = press(app, at)
        assert answer.send_after == MONDAY + timedelta(seconds=20)
        assert "Publiceras om 20 sekunder. Du kan ångra så länge." in page
        assert deliver(app, MONDAY + timedelta(seconds=19)) == "queued"
        assert deliver(app, MONDAY + timedelta(seconds=20)) != "queued"
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize(
    ("chosen", "seconds", "words"),
    [
        ("0", 0, "Svaret är på väg."),
        ("20", 20, "Publiceras om 20 sekunder."),
        ("60", 60, "Publiceras om 60 sekunder."),
        ("tills", None, "Svaret väntar tills du trycker på Skicka nu."),
    ],
)
def test_what_a_person_has_chosen_holds_for_them(app, at, chosen, seconds, words):
    """0, 20, 60 seconds or until pressed again: the person's own choice goes before the house's."""
    answer, page = press(app, at, chosen)
    due = None if seconds is None else MONDAY + timedelta(seconds=seconds)
    assert answer.send_after == due
    assert words in page
