"""One's own account: where and when letters come; and what a letter's link leads to."""

import pytest
from sqlalchemy import select

from app import create_app
from app.database import db, writing
from app.models import Event, Mail, Staff
from app.people.staff import change_own_mail
from tests.conftest import MONDAY
from tests.factories import PASSWORD, a_person, an_account, put_with, said, take_in, the_case
from tests.mailbox import a_mailbox
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once


@pytest.fixture
def mailbox():
    """The city's mail server."""
    with a_mailbox() as made:
        yield made


@pytest.fixture
def settings_of(settings_of, mailbox):
    """A city with a mail server."""
    letters = {"MAIL_FROM": "vaxeln@stad.test", "PUBLIC_URL": "https://v.test"}
    return {**settings_of, **letters, "SMTP_URL": mailbox.url}


@pytest.fixture(autouse=True)
def monday(at):
    """An ordinary morning."""
    at(MONDAY)


def petra():
    """A handler of the environment department."""
    return a_person("handler", "Petra Lund", "miljo", now=MONDAY)


def kept(person):
    """How the person's settings stand in the database."""
    db.session.commit()
    row = db.session.get_one(Staff, person.id, populate_existing=True)
    return row.email, row.mail_when, row.digest_at


def post(client, address, **form):
    """Send a form of the account page."""
    field = token(client.get("/mitt-konto").text)
    return client.post(address, data={"csrf_token": field, **form})


# --- Denied ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "email", ["a@b.se, c@d.se", "petra", "Petra <a@b.se>", "a@b.se\nBcc: c@d.se"]
)
def test_what_is_not_one_address_is_given_back(app, email):
    """A list or a name is refused with a sentence; what was typed stands there and nothing is kept."""
    person = petra()
    answer = post(
        signed_in(app, person.login), "/mitt-konto/brev", epost=email, brev="each", brevtid="09:30"
    )
    assert answer.status_code == 400
    assert "Skriv en enda mejladress" in answer.text
    assert 'value="09:30"' in answer.text
    assert kept(person) == ("", "", "08:00")


def test_letters_need_an_address(app):
    """Whoever wants letters without an address is asked for one."""
    person = petra()
    form = {"epost": " ", "brev": "digest", "brevtid": "08:00"}
    answer = post(signed_in(app, person.login), "/mitt-konto/brev", **form)
    assert answer.status_code == 400
    assert "som breven ska gå till" in answer.text
    assert kept(person) == ("", "", "08:00")


def test_only_an_administrator_sets_somebody_elses_address(app):
    """A handler cannot, an administrator can, and the ledger does not hold the address."""
    person, admin = petra(), a_person("administrator", "Erik Ek", now=MONDAY)
    where = f"/personal/{person.id}/epost"
    assert post(signed_in(app, person.login), where, epost="a@b.test").status_code == 403
    client = signed_in(app, admin.login)
    assert post(client, where, epost="a@b.test, c@d.test").status_code == 400
    assert kept(person)[0] == ""
    assert post(client, where, epost="petra@stad.test").status_code == 302
    assert kept(person) == ("petra@stad.test", "", "08:00")
    assert 'value="petra@stad.test"' in client.get("/personal").text
    told = db.session.scalars(select(Event).where(Event.name == "staff_changed")).one()
    assert told.details == {"person": person.id, "email": True}
    assert post(client, "/personal/999/epost", epost="a@b.test").status_code == 302


def test_a_case_that_was_never_theirs_is_as_one_that_is_not_there(app):
    """The sentence about a case that has moved on is told only to those who had it."""
    take_in(an_account(now=MONDAY), said("Hej", at=MONDAY))
    put_with(the_case(), "gata-park")
    client = signed_in(app, petra().login)
    there, missing = client.get(f"/arenden/{the_case().id}"), client.get("/arenden/99999")
    assert there.status_code == missing.status_code == 403
    assert there.data == missing.data
    assert "ligger inte längre" not in there.text


# --- Settings -------------------------------------------------------------------------------------


def test_a_person_sets_their_own_letters(app):
    """Address, when and hour are kept; what is not offered leaves the old."""
    person = petra()
    client = signed_in(app, person.login)
    form = {"epost": " petra@stad.test ", "brev": "digest", "brevtid": "13:30"}
    assert post(client, "/mitt-konto/brev", **form).location.endswith("/mitt-konto#brev")
    assert kept(person) == ("petra@stad.test", "digest", "13:30")
    page = client.get("/mitt-konto").text
    assert 'value="petra@stad.test"' in page
    assert 'value="digest" selected' in page
    post(client, "/mitt-konto/brev", epost="petra@stad.test", brev="hourly", brevtid="25:00")
    assert kept(person) == ("petra@stad.test", "digest", "13:30")


def test_where_no_letters_are_sent_the_page_says_so(settings_of, kind):
    """Without a mail server nothing is offered, and a letter to oneself goes nowhere."""
    app = create_app({**settings_of, "SMTP_URL": ""})
    with app.app_context():
        person = petra()
        client = signed_in(app, person.login)
        page = client.get("/mitt-konto").text
        assert "skickar inga brev" in page
        assert "Skicka ett provbrev" not in page
        post(client, "/mitt-konto/provbrev")
        assert db.session.scalars(select(Event).where(Event.name == "mail_sent")).all() == []
        db.session.remove()
        db.engine.dispose()


def test_a_trial_says_plainly_whether_the_server_took_it(app, mailbox):
    """Taken, not taken and unclear are told apart in words; not more than five in ten minutes."""
    person = petra()
    client = signed_in(app, person.login)
    assert "Spara en mejladress först" in follow(client, post(client, "/mitt-konto/provbrev"))
    change_own_mail(person, email="petra@stad.test", when="", at="", now=MONDAY)
    told = follow(client, post(client, "/mitt-konto/provbrev"))
    assert "Mejlservern tog emot provbrevet till petra@stad.test." in told
    assert [letter.to for letter in mailbox.letters] == ["petra@stad.test"]
    for answers, words in (
        ({"rcpt": b"550 okand"}, "Provbrevet gick inte iväg: mottagarens adress finns inte"),
        ({"end": b""}, "Osäkert: mejlservern tystnade"),
        ({"mail": b""}, "Provbrevet gick inte iväg: mejlservern svarar inte."),
    ):
        mailbox.answers.clear()
        mailbox.answers.update(answers)
        assert words in follow(client, post(client, "/mitt-konto/provbrev"))
    mailbox.answers.clear()
    post(client, "/mitt-konto/provbrev")
    assert "Vänta tio minuter" in follow(client, post(client, "/mitt-konto/provbrev"))
    assert len(mailbox.letters) == 2


def follow(client, answer):
    """The page that an answer leads to."""
    return client.get(answer.location).text


# --- The status page and the way from a letter ----------------------------------------------------


def test_the_status_page_tells_when_letters_do_not_leave(app):
    """One line, with what stands in the way; none when all is well."""
    person = petra()
    client = signed_in(app, person.login)
    assert "Brev går inte iväg" not in client.get("/lage").text
    with writing():
        db.session.add(
            Mail(
                staff_id=person.id, kind="digest", created_at=MONDAY, due_at=MONDAY,
                error="unreachable", tries=1,
            )
        )  # fmt: skip
    assert "Brev går inte iväg: mejlservern svarar inte." in client.get("/lage").text


def test_a_link_leads_through_the_sign_in_to_the_very_case(app):
    """A stranger with the link signs in and is on the case, with its heading in focus."""
    take_in(an_account(now=MONDAY), said("Råttor", at=MONDAY))
    put_with(the_case(), "miljo")
    person = petra()
    client = app.test_client()
    asked = client.get(f"/arenden/{the_case().id}")
    page = client.get(asked.location).text
    form = {
        "csrf_token": token(page), "login": person.login, "password": PASSWORD,
        "till": page.split('name="till" value="')[1].split('"')[0],
    }  # fmt: skip
    answer = client.post("/logga-in", data=form)
    assert answer.location == f"/arenden/{the_case().id}#trad"
    shown = client.get(answer.location).text
    assert 'id="trad" tabindex="-1"' in shown
    assert "Råttor" in shown


@pytest.mark.parametrize("how", ["letter", "ledger"])
def test_a_case_that_has_moved_on_says_so_in_plain_words(app, how):
    """A handler who comes by a letter to a case that is not theirs any more need do nothing."""
    from app.models.event import log_event

    take_in(an_account(now=MONDAY), said("Råttor", at=MONDAY, by="Maria Lindqvist"))
    person, case = petra(), the_case()
    put_with(case, "gata-park")
    with writing():
        if how == "letter":
            known = {"staff_id": person.id, "case_id": case.id, "state": "sent", "sent_at": MONDAY}
            db.session.add(Mail(kind="routed", created_at=MONDAY, due_at=MONDAY, **known))
        else:
            log_event("case_handed_back", at=MONDAY, case_id=case.id, was="miljo")
    answer = signed_in(app, person.login).get(f"/arenden/{case.id}")
    assert answer.status_code == 403
    assert "Ärendet ligger inte längre hos er avdelning" in answer.text
    assert "Du behöver inte göra något." in answer.text
    for told in ("Maria", "Råttor", "plogar", "Gata"):
        assert told not in answer.text
