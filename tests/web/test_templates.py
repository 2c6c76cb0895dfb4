"""Templates in the pages: who may write them, what is said of faults, and inserting one."""

import re

import pytest
from sqlalchemy import select

from app.answers.templates import Wanted, save, switch
from app.database import db, writing
from app.models import Account, Answer, Case
from app.models.workbench import Template
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in, the_case
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once
TITLE = "Var anmäler jag råttor?"
BODY = (
    "Hej {namn}! Ring {vaxelnummer} och nämn {arendenummer}. {avdelning} på {stad}, {handlaggare}"
)
FORM = {"rubrik": TITLE, "text": BODY, "avdelning": "", "slag": "", "sprak": "sv"}
NEW = "/svarsmallar/ny"


@pytest.fixture
def erik(app, at):
    """Somebody at communications."""
    at(MONDAY)
    return a_person("communications", "Erik Nord", now=MONDAY)


@pytest.fixture
def case(app, at):
    """A question that lies with the environment department."""
    at(MONDAY)
    source = an_account("practice", now=MONDAY)
    take_in(source, said("Råttor i parken", at=MONDAY, by="Johan Persson"))
    put_with(the_case(), "miljo")
    return the_case()


def keep(by, title=TITLE, body=BODY, **more):
    """A template, written without the pages."""
    return save(None, Wanted(title, body, **more), by=by, now=MONDAY)


def post(client, address, **form):
    """What a form sends, with its token."""
    field = token(client.get("/mitt-konto").text)
    return client.post(address, data={"csrf_token": field, **form})


def kept():
    """The templates as they stand."""
    db.session.commit()
    return db.session.scalars(
        select(Template).order_by(Template.id).execution_options(populate_existing=True)
    ).all()


def drafts():
    """The words of all drafts, and the states of everything else."""
    db.session.commit()
    rows = db.session.execute(select(Answer.state, Answer.body).order_by(Answer.id)).all()
    return [tuple(row) for row in rows]


# --- Denied first --------------------------------------------------------------------------------


def test_a_department_manager_cannot_reach_anothers_template(app, erik):
    """The pages refuse to show, change, switch or make what belongs to others than the department."""
    theirs = keep(erik, department="gata-park")
    manager = a_person("manager", "Mia Ek", "miljo", now=MONDAY)
    client = signed_in(app, manager.login)
    address = f"/svarsmallar/{theirs.id}"
    assert client.get(address).status_code == 403
    for where, form in (
        (address, FORM | {"avdelning": "miljo"}),
        (f"{address}/av", {}),
        (NEW, FORM),
        (NEW, FORM | {"avdelning": "gata-park"}),
    ):
        assert (where, post(client, where, **form).status_code) == (where, 403)
    assert [(one.title, one.active) for one in kept()] == [(TITLE, True)]
    listed = client.get("/svarsmallar").text
    assert TITLE in listed
    assert address not in listed


def test_who_may_not_see_the_case_gets_no_template_of_it(app, case, erik):
    """Another department's handler can neither search, insert nor count in a case."""
    template = keep(erik)
    client = signed_in(app, a_person("handler", "Olle Ek", "gata-park", now=MONDAY).login)
    address = f"/arenden/{case.id}/mallar"
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 403
    field = token(client.get("/mitt-konto").text)
    for headers in ({}, {"X-Inserted": "1"}):
        answer = client.post(
            f"{address}/{template.id}",
            data={"csrf_token": field, "svar": "x"},
            headers=headers,
        )
        assert answer.status_code == 403
    assert post(client, address, mallar="råttor", svar="x").status_code == 403
    assert (drafts(), kept()[0].used) == ([], 0)


def test_inserting_needs_the_forms_token(app, case, erik):
    """A press from another page than ours neither inserts nor counts."""
    template = keep(erik)
    client = signed_in(app, erik.login)
    assert client.post(f"/arenden/{case.id}/mallar/{template.id}").status_code == 400
    assert (drafts(), kept()[0].used) == ([], 0)


# --- Administration ------------------------------------------------------------------------------


def test_a_template_is_written_changed_and_switched_off(app, erik):
    """The whole way through the pages: the list says what each is for and whether it is offered."""
    client = signed_in(app, erik.login)
    assert post(client, NEW, **FORM | {"avdelning": "miljo", "slag": "fråga"}).status_code == 302
    page = client.get("/svarsmallar").text
    assert "är sparad" in page
    assert "Miljö · Fråga · svenska" in page
    address = f"/svarsmallar/{kept()[0].id}"
    assert BODY in client.get(address).text
    post(client, address, **FORM | {"rubrik": "Nytt namn", "sprak": "en"})
    post(client, f"{address}/av")
    page = client.get("/svarsmallar").text
    assert "Nytt namn" in page
    assert "engelska" in page
    assert "Erbjuds inte" in page
    post(client, f"{address}/pa")
    assert kept()[0].active


def test_a_fault_is_told_beside_its_field_and_the_text_kept(app, erik):
    """An unknown field is named with those that exist, the page begins with Fel, nothing is lost."""
    client = signed_in(app, erik.login)
    answer = post(client, NEW, **FORM | {"text": "Hej {efternamn} <b>!", "rubrik": "Min"})
    assert answer.status_code == 400
    assert "<title>Fel: " in answer.text
    assert "{efternamn} är inget fält. De som finns är {namn}, {avdelning}," in answer.text
    assert "Hej {efternamn} &lt;b&gt;!</textarea>" in answer.text
    assert 'value="Min"' in answer.text
    assert kept() == []


def test_a_department_manager_begins_with_the_own_department(app, at):
    """The form of a department's manager offers that department and nothing else."""
    at(MONDAY)
    client = signed_in(app, a_person("manager", "Mia Ek", "miljo", now=MONDAY).login)
    page = client.get(NEW).text
    offered = re.search(r'<select id="avdelning".*?</select>', page, re.DOTALL)[0]
    assert re.findall(r'value="([^"]*)"', offered) == ["miljo"]
    assert post(client, NEW, **FORM | {"avdelning": "miljo"}).status_code == 302


def test_the_length_is_told_where_there_is_least_room(app, erik):
    """While somebody writes, and when the page is shown: filled, signed, on the tightest channel."""
    client = signed_in(app, erik.login)
    assert "omkring" in post(client, "/svarsmallar/langd", text="Hej!").text
    an_account("x", now=MONDAY)
    short = post(client, "/svarsmallar/langd", text="Hej {namn}!").text
    assert short == (
        "Med namn och underskrift blir svaret omkring 33 tecken. På X, där det är trängst, får det"
        " vara 280."
    )
    assert "måste det kortas" in post(client, "/svarsmallar/langd", text="ord " * 80).text
    template = keep(erik, body="ord " * 80)
    assert "måste det kortas" in client.get(f"/svarsmallar/{template.id}").text


# --- In a case -----------------------------------------------------------------------------------


def test_a_template_is_filled_for_the_case_and_the_person(app, case, erik):
    """What is offered has the resident's first name, the case's number and department, no braces."""
    keep(erik)
    page = signed_in(app, erik.login).get(f"/arenden/{case.id}").text
    filled = (
        f"Hej Johan! Ring 0418-47 00 00 och nämn LA-2026-{case.id}. Miljö på Landskrona stad, Erik"
    )
    assert f'data-insert="{filled}" data-count' in page


def test_a_residents_name_cannot_write_in_the_page(app, case, erik):
    """A name made of signs is not used, and a department's is written as text."""
    keep(erik, body='"><b>{namn} {stad}')
    with writing():
        db.session.get_one(Case, case.id).person_name = '"><script>x</script> {stad}'
    page = signed_in(app, erik.login).get(f"/arenden/{case.id}").text
    assert 'data-insert="&#34;&gt;&lt;b&gt; Landskrona stad"' in page
    assert "<script>x" not in page


def test_without_script_the_text_is_put_after_what_is_typed(app, case, erik):
    """Infoga keeps what is in the box, adds the template, counts it, and shows the case; no send."""
    template = keep(erik, body="Tack {namn}.")
    client = signed_in(app, erik.login)
    address = f"/arenden/{case.id}/mallar/{template.id}"
    answer = post(client, f"{address}?vy=mina", svar="Jag har\r\nskrivit")
    assert answer.status_code == 303
    assert answer.location == f"/arenden/{case.id}?vy=mina#svar"
    assert drafts() == [("draft", "Jag har\nskrivit\n\nTack Johan.")]
    assert "skrivit\n\nTack Johan.</textarea>" in client.get(f"/arenden/{case.id}").text
    assert kept()[0].used == 1


def test_with_script_only_the_use_is_counted(app, case, erik):
    """The page has put the text in by itself: the server counts, and touches no draft."""
    template = keep(erik)
    client = signed_in(app, erik.login)
    field = token(client.get("/mitt-konto").text)
    answer = client.post(
        f"/arenden/{case.id}/mallar/{template.id}",
        data={"csrf_token": field},
        headers={"X-Inserted": "1"},
    )
    assert (answer.status_code, drafts(), kept()[0].used) == (204, [], 1)


def test_a_template_that_is_off_is_not_inserted_and_what_is_typed_is_kept(app, case, erik):
    """Pressed on an old page, the button says that the template is gone and loses nothing."""
    template = keep(erik)
    switch(template.id, on=False, by=erik, now=MONDAY)
    client = signed_in(app, erik.login)
    post(client, f"/arenden/{case.id}/mallar/{template.id}", svar="Mitt")
    page = client.get(f"/arenden/{case.id}").text
    assert "Mallen finns inte längre." in page
    assert (drafts(), kept()[0].used) == ([("draft", "Mitt")], 0)


def test_templates_are_searched_for_with_and_without_script(app, case, erik):
    """A fragment as one types; without script the draft is kept and the address holds the search."""
    keep(erik)
    keep(erik, title="Snöröjning", body="Vi plogar.")
    client = signed_in(app, erik.login)
    address = f"/arenden/{case.id}/mallar"
    found = client.get(f"{address}?mallar=snö", headers={"HX-Request": "true"}).text
    assert "Snöröjning" in found
    assert TITLE not in found
    assert "1 mall" in found
    answer = post(client, address, mallar="snö", svar="Mitt")
    assert answer.location == f"/arenden/{case.id}?mallar=sn%C3%B6#mallar"
    assert drafts() == [("draft", "Mitt")]
    page = client.get(answer.location).text
    assert '<details class="aid" id="mallar" open>' in page
    assert "Snöröjning" in page
    assert TITLE not in page
    assert "Ingen mall har de orden" in client.get(f"/arenden/{case.id}?mallar=badet").text
    assert client.get(f"{address}?mallar=snö").status_code == 303


def test_nothing_is_offered_where_nothing_can_be_written(app, case, erik):
    """No help where the platform takes no answer, nor for an administrator, who answers nobody."""
    keep(erik)
    with writing():
        db.session.scalars(select(Account)).one().channel = "feeds"
        db.session.get_one(Case, case.id).channel = "feeds"
    page = signed_in(app, erik.login).get(f"/arenden/{case.id}").text
    assert 'class="aid"' not in page
    admin = a_person("administrator", "Ida Sand", now=MONDAY)
    assert 'class="aid"' not in signed_in(app, admin.login).get(f"/arenden/{case.id}").text


def test_a_draft_put_forward_is_not_added_to(app, case, erik):
    """What waits for a second person's approval stays as it was put forward."""
    template = keep(erik)
    client = signed_in(app, erik.login)
    post(client, f"/arenden/{case.id}/skriv", gor="utkast", lagel="svar", svar="Mitt")
    with writing():
        db.session.scalars(select(Answer)).one().asked_at = MONDAY
    post(client, f"/arenden/{case.id}/mallar/{template.id}", svar="Annat")
    assert (drafts(), kept()[0].used) == ([("draft", "Mitt")], 0)
    assert 'class="aid"' not in client.get(f"/arenden/{case.id}").text
