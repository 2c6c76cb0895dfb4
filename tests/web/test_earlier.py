"""Earlier answers in the pages: what stands beside them, and inserting one without sending."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.database import db
from app.models import Answer, Event
from app.models.workbench import EarlierTerm
from tests.answers.test_earlier import RATS, Desk, handler
from tests.conftest import MONDAY
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once
HTMX = {"HX-Request": "true"}
YEAR = timedelta(days=365)


@pytest.fixture
def desk(app, at):
    at(MONDAY + timedelta(days=9))
    return Desk()


def post(client, address, **form):
    """What a form sends, with its token."""
    field = token(client.get("/mitt-konto").text)
    return client.post(address, data={"csrf_token": field, **form})


def states():
    """How every answer stands."""
    db.session.commit()
    return list(db.session.scalars(select(Answer.state).order_by(Answer.id)))


def test_what_a_person_may_not_see_is_neither_shown_nor_inserted(app, desk):
    """An answer of another department is like none; the case of another department is refused."""
    answer = desk.answered()
    case = desk.asked(RATS, "Johan Persson", "gata-park")
    omar = signed_in(app, handler("Omar Nasser", "gata-park").login)
    address = f"/arenden/{case.id}/forut"
    assert "Ingen fråga som liknar den här" in omar.get(address, headers=HTMX).text
    for number in (answer.id, 4711):
        post(omar, f"{address}/{number}", svar="Mitt")
        page = omar.get(f"/arenden/{case.id}").text
        assert "Svaret går inte att infoga längre." in page
        assert "miljöförvaltningen" not in page
    petra = signed_in(app, handler("Petra Lund", "miljo").login)
    assert petra.get(address, headers=HTMX).status_code == 403
    assert post(petra, f"{address}/{answer.id}", svar="x").status_code == 403
    assert states() == ["sent", "draft"]


def test_an_earlier_answer_stands_with_date_author_and_question(app, desk):
    """The part asks for the answers once the page has come; each says who, where, when and to what."""
    answer = desk.answered(who=handler("Petra Lund", "miljo"))
    case = desk.asked(RATS, "Johan Persson")
    client = signed_in(app, desk.anna.login)
    page = client.get(f"/arenden/{case.id}").text
    assert f'hx-get="/arenden/{case.id}/forut" hx-trigger="load"' in page
    assert "Petra Lund, Miljö" not in page
    part = client.get(f"/arenden/{case.id}/forut", headers=HTMX).text
    assert "Petra Lund, Miljö · Övningsstaden · 24 nov. 2026" in part
    assert RATS in part
    assert 'data-insert="Hej Johan! Råttor utomhus anmäler du till miljöförvaltningen."' in part
    assert "Äldre än ett år" not in part
    assert f"/arenden/{case.id}/forut/{answer.id}" in part


def test_an_old_answer_says_that_it_is_old(app, desk, at):
    """What was answered more than a year ago is offered with a word of warning."""
    desk.answered()
    case = desk.asked(RATS, "Johan Persson")
    at(MONDAY + YEAR + timedelta(days=9))
    part = signed_in(app, desk.anna.login).get(f"/arenden/{case.id}/forut", headers=HTMX).text
    assert "Äldre än ett år: kontrollera att det stämmer" in part


def test_without_script_it_is_shown_and_put_after_what_is_typed(app, desk):
    """Both presses keep the draft, the case is shown again, and nothing has been sent."""
    answer = desk.answered()
    case = desk.asked(RATS, "Johan Persson")
    client = signed_in(app, desk.anna.login)
    address = f"/arenden/{case.id}/forut"
    shown = post(client, f"{address}?vy=mina", svar="Mitt")
    assert (shown.status_code, shown.location) == (
        303, f"/arenden/{case.id}?vy=mina&forut=1#forut"
    )  # fmt: skip
    page = client.get(shown.location).text
    assert "Mitt</textarea>" in page
    assert "Anna Holm, kundtjänst" in page
    assert post(client, f"{address}/{answer.id}", svar="Mitt nya").status_code == 303
    page = client.get(f"/arenden/{case.id}").text
    assert "Mitt nya\n\nHej Johan! Råttor utomhus" in page
    assert states() == ["sent", "draft"]
    pressed = db.session.scalars(select(Event.id).where(Event.name == "answer_queued")).all()
    assert len(pressed) == 1


def test_the_command_fills_the_index(app, desk):
    """`flask earlier` says how many answers it went through; once more there are none."""
    desk.answered()
    db.session.execute(EarlierTerm.__table__.delete())
    db.session.commit()
    run = app.test_cli_runner().invoke
    assert run(args=["earlier"]).output == "1 svar gicks igenom.\n"
    assert run(args=["earlier"]).output == "0 svar gicks igenom.\n"
