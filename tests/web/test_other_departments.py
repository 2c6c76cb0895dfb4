"""Answers, messages and cases of another department: closed, and like those that are not there.

Beside it the other half: who may take back, release, settle and rewrite an answer does so.
"""

import pytest
from sqlalchemy import select, update

from app.answers import drafts, write
from app.answers.ready import Pressed
from app.channels.practice import PracticeTown
from app.collecting.collect import collect_due
from app.database import db, writing
from app.models import Answer, Message
from app.models.staff import Role
from app.schedule import collector_of
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, the_case
from tests.web.test_roles import WORKERS, signed_in, token

ANSWER_ACTS = [
    ("angra", "queued", {}, "discarded"),
    ("skicka-nu", "queued", {}, "queued"),
    ("avgor", "uncertain", {"kom": "fram"}, "sent"),
    ("avgor", "uncertain", {"kom": "saknas"}, "queued"),
    ("skriv-om", "refused", {}, "discarded"),
]
"""What is done with an answer, in which state, with which fields, and the state afterwards."""
BACK_AS_DRAFT = ("angra", "skriv-om")
pytestmark = pytest.mark.once


@pytest.fixture
def town(app):
    """A comment in the practice town, taken in as the case of the streets' department."""
    source = an_account("practice", now=MONDAY)
    town = PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)
    town.says("Hål i gatan", at=MONDAY)
    collect_due(collector_of(app), all_now=True)
    put_with(the_case(), "gata-park")
    return town


def an_answer(state):
    """An answer in the case, pressed by customer service, in that state and not yet on its way."""
    anna = a_person(now=MONDAY)
    case = the_case()
    made = write.press_send(
        Pressed(case.id, "Vi lagar det.", None, case.version, None), by=anna, now=MONDAY
    )
    with writing():
        values = {"state": state, "reason": "comments_closed" if state == "refused" else ""}
        db.session.execute(update(Answer).where(Answer.id == made.id).values(**values))
    return made.id


def the_answer(number):
    """The answer as it stands in the database."""
    db.session.commit()
    return db.session.get(Answer, number, populate_existing=True)


def post(client, address, **form):
    """A form with its token, posted."""
    field = token(client.get("/mitt-konto").text)
    return client.post(address, data={"csrf_token": field, **form})


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("act", "state", "form", "after"), ANSWER_ACTS)
def test_an_answer_is_in_the_hands_of_those_who_answer(app, town, role, act, state, form, after):
    """Each act does what it says for every role that answers, and for no other."""
    number = an_answer(state)
    department = "gata-park" if role == Role.HANDLER else ""
    person = a_person(role, "Alva Berg", department, now=MONDAY)
    before = the_answer(number)
    stood = (before.state, before.send_after, before.changed_at)
    done = post(signed_in(app, person.login), f"/svar/{number}/{act}", **form)
    now = the_answer(number)
    if role not in WORKERS:
        assert done.status_code == 403
        assert (now.state, now.send_after, now.changed_at) == stood
        return
    assert done.status_code == 302
    assert done.location == f"/arenden/{the_case().id}"
    assert now.state == after
    assert (now.state, now.send_after, now.changed_at) != stood
    draft = drafts.draft_of(now.case_id, person)
    assert (draft.body if draft else "") == ("Vi lagar det." if act in BACK_AS_DRAFT else "")


@pytest.mark.parametrize(
    ("act", "state", "form"), [*(row[:3] for row in ANSWER_ACTS), ("avgor", "uncertain", {})]
)
def test_another_departments_answer_is_like_none(app, town, act, state, form):
    """A handler of another department can neither touch an answer nor learn that it is there."""
    number = an_answer(state)
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    client = signed_in(app, petra.login)
    there = post(client, f"/svar/{number}/{act}", **form)
    nowhere = post(client, f"/svar/99999/{act}", **form)
    assert (there.status_code, nowhere.status_code) == (403, 403)
    assert there.data == nowhere.data
    assert the_answer(number).state == state


@pytest.mark.parametrize("form", [{"skal": "hot"}, {"skal": ""}, {"skal": "kritik"}])
@pytest.mark.parametrize("act", ["dolj", "visa"])
def test_another_departments_message_is_like_none(app, town, act, form):
    """A handler of another department can neither hide nor show a message, nor learn of it."""
    (message,) = db.session.scalars(select(Message)).all()
    town.set_state(message.external_id, "hidden" if act == "visa" else "visible")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    client = signed_in(app, petra.login)
    there = post(client, f"/meddelanden/{message.id}/{act}", **form)
    nowhere = post(client, f"/meddelanden/99999/{act}", **form)
    assert (there.status_code, nowhere.status_code) == (403, 403)
    assert there.data == nowhere.data
    (stands,) = town.everything()
    assert stands.state == ("hidden" if act == "visa" else "visible")


def test_a_departments_own_message_is_hidden_and_shown(app, town):
    """The department's own handler hides a message with a reason, and shows it again."""
    (message,) = db.session.scalars(select(Message)).all()
    omar = a_person("handler", "Omar Nasser", "gata-park", now=MONDAY)
    client = signed_in(app, omar.login)
    for act, stands in (("dolj", "hidden"), ("visa", "visible")):
        done = post(client, f"/meddelanden/{message.id}/{act}", skal="hot")
        assert done.status_code == 302
        assert [said.state for said in town.everything()] == [stands]


def test_another_departments_news_are_like_none(app, town):
    """What has happened in another department's case is not told, not even that it exists."""
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    omar = a_person("handler", "Omar Nasser", "gata-park", now=MONDAY)
    number = the_case().id
    client = signed_in(app, petra.login)
    there = client.get(f"/arenden/{number}/lage?sedan=0")
    nowhere = client.get("/arenden/99999/lage?sedan=0")
    assert (there.status_code, nowhere.status_code) == (403, 403)
    assert there.data == nowhere.data
    assert signed_in(app, omar.login).get(f"/arenden/{number}/lage?sedan=0").status_code == 200
