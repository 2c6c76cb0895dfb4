"""The register's pages and files, and who has looked through an account when."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app import create_app
from app.basics import clock
from app.collecting import register
from app.collecting.accounts import BadAccount
from app.collecting.register import Care, overdue, review_due, reviewed
from app.database import db, writing
from app.inbox.digests import waiting_for
from app.inbox.letter_text import Reader, digest
from app.models import Account, Approval, Event
from app.people.approvals import end_of
from app.people.hours import times
from app.people.rights import NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in
from tests.web.test_roles import signed_in, token

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def erik(app, at):
    """The communications office at work, and one account."""
    at(MONDAY)
    return a_person("communications", "Erik Nord", now=MONDAY)


def the_account() -> Account:
    """The only account, as it stands."""
    db.session.commit()
    rows = select(Account).execution_options(populate_existing=True)
    return db.session.scalars(rows).one()


def post(client, address, **form):
    """A form is sent; the page it leads to."""
    field = token(client.get("/mitt-konto").text)
    return client.post(address, data={"csrf_token": field, **form}, follow_redirects=True)


def care(**what) -> Care:
    """How an account is looked after."""
    told = {
        "purpose": "Badet", "watched": "vardagar 8–17", "contact": "Kommunikation",
        "review_hours": 24, "responsible": (), "stand_ins": (),
    }  # fmt: skip
    return Care(**told | what)


def test_who_may_not_changes_nothing_in_the_register(app, erik):
    """A manager and a handler are refused, in the use itself and not only on the page."""
    source = an_account(now=MONDAY)
    for role, where in (("manager", ""), ("handler", "miljo"), ("customer_service", "")):
        person = a_person(role, "Otto Ek", where, now=MONDAY)
        with pytest.raises(NotAllowed):
            register.change_care(source.account_id, care(), by=person, now=MONDAY)
    assert the_account().watched == ""


def test_people_hours_and_purpose_stand_in_the_register(app, erik):
    """Who answers, who stands in, when it is watched; those who left are in it no longer."""
    source = an_account(now=MONDAY)
    lisa = a_person(name="Lisa Friberg", now=MONDAY)
    told = care(responsible=[erik.id], stand_ins=[erik.id, lisa.id, 999])
    register.change_care(source.account_id, told, by=erik, now=MONDAY)
    (entry,) = register.entries(MONDAY)
    assert [one.name for one in entry.responsible] == ["Erik Nord"]
    assert [one.name for one in entry.stand_ins] == ["Lisa Friberg"]
    from app.people.staff import switch_off

    switch_off(lisa.login, now=MONDAY)
    assert register.entries(MONDAY)[0].stand_ins == []
    with pytest.raises(BadAccount):
        register.change_care(source.account_id, care(review_hours=0), by=erik, now=MONDAY)


def test_a_new_approval_is_entered_on_the_page(app, erik):
    """The page says what is wrong in plain words, and keeps what was typed; then it takes it."""
    source = an_account(now=MONDAY)
    with writing():
        db.session.get_one(Account, source.account_id).approved_until = MONDAY - DAY
    client, address = signed_in(app, erik.login), f"/konton/{source.account_id}/godkannande"
    page = client.get(f"/konton/{source.account_id}/forteckning").text
    assert "Godkännandet gäller inte längre" in page
    assert "1 konto är stoppat" in client.get("/mitt-konto").text
    wrong = post(client, address, chef="Eva Brandt", datum="i går")
    assert (wrong.status_code, "Eva Brandt" in wrong.text) == (400, True)
    form = {"chef": "Eva Brandt", "datum": "2026-11-20", "galler_till": "2027-11-20"}
    page = post(client, address, dnr="KS 2026-118", **form).text
    assert "är godkänt till och med 20 nov. 2027" in page.replace("nov 2027", "nov. 2027")
    account = the_account()
    assert account.approved_until == end_of(date(2027, 11, 20))
    assert "stoppat" not in client.get("/mitt-konto").text
    row = db.session.scalars(select(Approval)).one()
    assert (row.decision, row.entered_by_id) == ("KS 2026-118", erik.id)


@pytest.mark.once
def test_files_hold_what_the_page_holds(app, erik):
    """CSV and JSON tell the same, row by row; no cell begins a formula."""
    source = an_account(now=MONDAY)
    register.change_care(source.account_id, care(purpose="=2+2"), by=erik, now=MONDAY)
    client = signed_in(app, erik.login)
    (told,) = json.loads(client.get("/forteckning.json").text)
    assert (told["name"], told["purpose"]) == ("Stadsbloggen", "=2+2")
    assert told["valid_until"] == "2028-11-23"
    lines = client.get("/forteckning.csv").text.removeprefix("\ufeff").splitlines()
    cells = lines[1].split(";")
    assert cells[1] == "Stadsbloggen"
    assert "'=2+2" in cells
    assert client.get("/forteckning.exe").status_code == 404


def test_the_published_copy_is_not_there_unless_the_city_switches_it_on(app, settings_of, at):
    """404 for a stranger by default; switched on it names no staff and no practice town."""
    at(MONDAY)
    erik = a_person("communications", "Erik Nord", now=MONDAY)
    source = an_account(now=MONDAY)
    an_account("practice", now=MONDAY)
    told = care(responsible=[erik.id], contact="Kommunikationsenheten")
    register.change_care(source.account_id, told, by=erik, now=MONDAY)
    for address in ("/oppen-forteckning", "/oppen-forteckning.csv", "/oppen-forteckning.json"):
        assert app.test_client().get(address).status_code == 404
    db.session.commit()
    published = create_app({**settings_of, "REGISTER_PUBLIC": "ja"})
    stranger = published.test_client()
    for address in ("/oppen-forteckning", "/oppen-forteckning.csv", "/oppen-forteckning.json"):
        page = stranger.get(address)
        assert page.status_code == 200
        assert "Kommunikationsenheten" in page.text
        assert page.text.count("Stadsbloggen") == 1
        assert [name for name in ("Erik Nord", "Eva Chef") if name in page.text] == []
    with published.app_context():
        db.session.remove()
        db.engine.dispose()


# --- Looking through ------------------------------------------------------------------------------


def test_the_ledger_keeps_who_looked_through_up_to_what(app, erik):
    """A press writes the person, the moment and the newest message; opening a case writes nothing."""
    source = an_account(now=MONDAY)
    take_in(source, said("Hej", at=MONDAY))
    client = signed_in(app, erik.login)
    client.get("/arenden/1")
    assert the_account().reviewed_at is None
    page = post(client, f"/konton/{source.account_id}/granskat").text
    assert "du har gått igenom Stadsbloggen" in page
    assert (the_account().reviewed_at, the_account().reviewed_by_id) == (MONDAY, erik.id)
    event = db.session.scalars(select(Event).where(Event.name == "account_reviewed")).one()
    assert (event.staff_id, event.account_id, event.message_id) == (erik.id, source.account_id, 1)


def test_only_who_sees_the_whole_account_can_say_that_they_looked_through_it(app, erik):
    """A handler cannot on a central account, the administrator nowhere, the owner's handler can."""
    source = an_account(now=MONDAY)
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    for person in (petra, a_person("administrator", "Ida Sand", now=MONDAY)):
        with pytest.raises(NotAllowed):
            reviewed(source.account_id, by=person, now=MONDAY)
    with writing():
        row = db.session.get_one(Account, source.account_id)
        row.owner_department_id = petra.department_id
    reviewed(source.account_id, by=petra, now=MONDAY)
    assert the_account().reviewed_by_id == petra.id


@pytest.mark.parametrize(
    ("since", "hours", "due"),
    [
        ("2026-11-23 09:00", 24, "2026-11-24 09:00"),
        ("2026-11-27 14:00", 24, "2026-11-30 14:00"),  # Friday to Monday
        ("2026-11-23 17:30", 24, "2026-11-25 07:00"),  # due in the evening: when it opens
        ("2026-11-28 12:00", 1, "2026-11-30 07:00"),  # a Saturday counts for nothing
        ("2026-12-23 09:00", 24, "2026-12-28 09:00"),  # Christmas Eve to the weekend are closed
    ],
)
@pytest.mark.once
def test_hours_of_working_days_are_counted(app, since, hours, due):
    """Working days count round the clock, closed days not at all; due within opening hours."""
    account = Account(review_hours=hours, reviewed_at=clock.parse_utc(since))
    assert review_due(account, times().calendar(None)) == clock.parse_utc(due)


def test_it_alarms_in_opening_hours_when_nobody_has_looked_in_time(app, erik):
    """Not before, not at night, not for an account that is stopped; and when nobody answers for it."""
    source = an_account(now=MONDAY)
    register.change_care(source.account_id, care(responsible=[erik.id]), by=erik, now=MONDAY)
    assert overdue(MONDAY + 23 * HOUR) == []
    (late,) = overdue(MONDAY + 25 * HOUR)
    assert late.due_at == MONDAY + 24 * HOUR
    assert overdue(MONDAY + 35 * HOUR) == []
    reviewed(source.account_id, by=erik, now=MONDAY + 25 * HOUR)
    assert overdue(MONDAY + 26 * HOUR) == []
    register.change_care(source.account_id, care(), by=erik, now=MONDAY)
    assert [one.due_at for one in overdue(MONDAY + 26 * HOUR)] == [None]
    with writing():
        db.session.get_one(Account, source.account_id).approved_until = MONDAY
    assert overdue(MONDAY + 60 * HOUR) == []


@pytest.mark.once
def test_the_pages_show_when_an_account_was_looked_through(app, at, erik):
    """Läget says since when it is late and offers the press; Konton shows who did it last."""
    source = an_account(now=MONDAY)
    at(MONDAY + 2 * DAY)
    client = signed_in(app, erik.login)
    assert "skulle ha granskats senast" in client.get("/lage").text
    post(client, f"/konton/{source.account_id}/granskat")
    assert "skulle ha granskats senast" not in client.get("/lage").text
    assert "Erik Nord" in client.get("/konton").text


@pytest.mark.once
def test_the_days_letter_tells_communications_which_approvals_end(app, erik):
    """With how many days are left, and where a new one is entered; customer service is not told."""
    source = an_account(now=MONDAY)
    with writing():
        account = db.session.get_one(Account, source.account_id)
        account.approved_until = end_of(date(2026, 11, 30))
    reader = Reader("sv", "https://vaxeln.example", MONDAY)
    _subject, letter = digest(waiting_for(erik, reader, "LA", frozenset()), reader)
    assert "Stadsbloggen: godkännandet går ut om 7 dagar." in letter
    assert "https://vaxeln.example/forteckning" in letter
    anna = a_person(now=MONDAY)
    assert not waiting_for(anna, reader, "LA", frozenset())
