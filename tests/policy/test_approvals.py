"""The register of accounts: an approval that ends, what stops then, and how it is renewed."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from app import schedule
from app.answers import ready, write
from app.answers.deliver import Deliverer, deliver_due
from app.answers.ready import CannotSend, Pressed
from app.collecting import approval
from app.collecting.accounts import BadAccount
from app.collecting.approval import NewApproval
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import Options
from app.database import db, writing
from app.models import Account, Answer, Approval, Event, Mail, Source
from app.people.approvals import end_of, ending, how_long, is_approved
from app.people.rights import NotAllowed
from app.reports.health import Light, light_of
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in, the_case
from tests.web.test_roles import signed_in

DAY = timedelta(days=1)


def ends(source: Source, at: datetime | None) -> Account:
    """Let the approval of a source's account end at a moment."""
    with writing():
        account = db.session.get_one(Account, source.account_id)
        account.approved_until = at
    return account


def names(account: Account) -> list[str]:
    """What the ledger says of an account."""
    rows = select(Event.name).where(Event.account_id == account.id).order_by(Event.id)
    return list(db.session.scalars(rows))


class Blog:
    """A connected blog that nobody can reach from here, with a resident's question on it."""

    def __init__(self, app):
        self.time = MONDAY
        self.options = Options(
            data_dir=app.config["DATA_DIR"], city="Staden", contact="", keys=(), speed="still"
        )
        self.source = an_account(now=MONDAY)

    def collect(self):
        return collect_due(Collector(self.options, lambda: self.time))

    def deliver(self):
        deliver_due(Deliverer(self.options, lambda: self.time))
        fresh = select(Answer).where(Answer.state != "draft")
        return db.session.scalars(fresh.execution_options(populate_existing=True)).one()

    def press(self, by, body="Klockan nio."):
        case = the_case()
        pressed = Pressed(case.id, body, None, case.version, timedelta())
        return write.press_send(pressed, by=by, now=self.time)

    def renew(self):
        new = NewApproval("Eva Brandt", MONDAY)
        return approval.approve(self.source.account_id, new, by=None, now=self.time)


@pytest.fixture
def blog(app):
    return Blog(app)


def test_without_a_valid_approval_nothing_is_read(blog):
    """The collector passes the account over when its approval is over, and looks when renewed."""
    ends(blog.source, MONDAY)
    assert blog.collect() == 0
    assert db.session.get_one(Source, blog.source.id).last_look_at is None
    blog.renew()
    assert blog.collect() == 1
    assert db.session.get_one(Source, blog.source.id).last_look_at == MONDAY


def test_without_a_valid_approval_nothing_is_pressed_or_delivered(blog):
    """The press is refused and the text kept; what is queued waits, and is tried when renewed."""
    take_in(blog.source, said("När öppnar badet?", at=MONDAY))
    anna = a_person(now=MONDAY)
    blog.press(anna)
    ends(blog.source, MONDAY)
    waits = blog.deliver()
    assert (waits.state, waits.reason, waits.left_at) == ("queued", "not_approved", None)
    with pytest.raises(CannotSend) as refused:
        blog.press(anna, "Och stänger tio.")
    assert refused.value.reason == "not_approved"
    draft = db.session.scalars(select(Answer).where(Answer.state == "draft")).one()
    assert draft.body == "Och stänger tio."
    blog.time += timedelta(minutes=6)
    blog.renew()
    assert blog.deliver().reason != "not_approved"


def test_the_practice_town_needs_no_approval(app):
    """An account of the practice town is approved whatever its row says."""
    source = an_account("practice", now=MONDAY)
    account = ends(source, None)
    assert is_approved(account, MONDAY)
    assert list(ending(MONDAY)) == []


def test_the_light_says_that_the_approval_is_over(app):
    """It is neither "not collected" nor "switched off", which would ask for something else."""
    source = an_account(now=MONDAY)
    ends(source, MONDAY)
    later = MONDAY + DAY
    assert light_of(db.session.get_one(Source, source.id), later) == Light.NOT_APPROVED


@pytest.mark.parametrize(
    ("left", "step"), [(61, None), (60, 60), (31, 60), (30, 30), (7, 7), (0, 7), (-1, 0)]
)
@pytest.mark.once
def test_it_warns_60_30_and_7_days_before_and_when_it_is_over(app, left, step):
    """The warning an account is at, by the whole days left on the clock in Stockholm."""
    source = an_account(now=MONDAY)
    ends(source, end_of(date(2026, 11, 23) + left * DAY))
    assert [one.step for one in ending(MONDAY)] == ([] if step is None else [step])


def test_each_warning_is_said_once(app):
    """The job writes one event per step, however often it runs, and one letter to who wants each."""
    source = an_account(now=MONDAY)
    account = ends(source, end_of(date(2026, 12, 20)))
    with writing():
        erik = a_person_with_mail("communications", "Erik Nord")
        a_person_with_mail("customer_service", "Anna Holm")
    for now in (MONDAY, MONDAY, MONDAY + 25 * DAY, MONDAY + 40 * DAY, MONDAY + 41 * DAY):
        approval.watch(now=now)
    assert names(account) == ["approval_ending", "approval_ending", "approval_ended"]
    steps = [row.details["step"] for row in db.session.scalars(select(Event).order_by(Event.id))
             if row.name.startswith("approval")]  # fmt: skip
    assert steps == [30, 7, 0]
    assert [mail.staff_id for mail in db.session.scalars(select(Mail))] == [erik] * 3
    assert any(job.name == "approvals" for job in schedule.JOBS)


def a_person_with_mail(role: str, name: str) -> int:
    """Somebody who gets a letter for each case."""
    from app.people.staff import add_staff

    person = add_staff(
        login=name.split()[0].lower(), name=name, role=role, department="",
        password="ett långt lösenord", now=MONDAY,
    )  # fmt: skip
    person.email, person.mail_when = f"{person.login}@staden.se", "each"
    return person.id


def test_who_may_not_enters_no_approval(app):
    """A manager, a handler and customer service are refused; nothing is written."""
    source = an_account(now=MONDAY)
    for role, where in (("manager", ""), ("handler", "miljo"), ("customer_service", "")):
        person = a_person(role, "Otto Ek", where, now=MONDAY)
        with pytest.raises(NotAllowed):
            approval.approve(source.account_id, NewApproval("Jag", MONDAY), by=person, now=MONDAY)
    assert db.session.scalars(select(Approval)).all() == []


@pytest.mark.parametrize(
    "new",
    [
        NewApproval(" ", MONDAY),
        NewApproval("Eva", MONDAY + 2 * DAY),
        NewApproval("Eva", MONDAY - 800 * DAY),
        NewApproval("Eva", MONDAY - 9 * DAY, MONDAY - DAY),
        NewApproval("Eva", MONDAY, MONDAY - DAY),
    ],
)
@pytest.mark.once
def test_what_is_no_approval_is_not_taken(app, new):
    """Nobody behind it, decided in the future, ended already, or ending before it began."""
    source = an_account(now=MONDAY)
    with pytest.raises(BadAccount):
        approval.approve(source.account_id, new, by=None, now=MONDAY)


def test_every_approval_stands_in_the_register_for_good(app):
    """A renewal leaves the one before as it was; the database refuses to change or delete either."""
    source = an_account(now=MONDAY)
    for chief, number in (("Eva", "KS 1"), ("Mats", "KS 2")):
        new = NewApproval(chief, MONDAY, MONDAY + 90 * DAY, number)
        approval.approve(source.account_id, new, by=None, now=MONDAY)
    found = [(one.approved_by, one.decision) for one in approval.approvals_of(source.account_id)]
    assert found == [("Mats", "KS 2"), ("Eva", "KS 1")]
    account = db.session.get_one(Account, source.account_id)
    assert (account.approved_by, account.decision) == ("Mats", "KS 2")
    assert how_long(account, MONDAY).days == 90
    for statement in ("UPDATE approvals SET approved_by = 'X'", "DELETE FROM approvals"):
        with pytest.raises(DatabaseError), writing():
            db.session.execute(text(statement))


def test_an_account_made_without_an_end_is_approved_for_two_years(app):
    """Whoever writes an account's row with an approval and no end has the usual one."""
    account = db.session.get_one(Account, an_account(now=MONDAY).account_id)
    assert account.approved_until == MONDAY.replace(year=2028)


def test_handlers_see_and_answer_on_their_departments_own_account(app):
    """Also what lies with nobody; not what lies with a restricted department, nor central accounts."""
    own, central = an_account(now=MONDAY), an_account(now=MONDAY)
    with writing():
        from app.models import Department

        row = db.session.get_one(Account, own.account_id)
        where = select(Department.id).where(Department.slug == "miljo")
        row.owner_department_id = db.session.scalar(where)
    take_in(own, said("Osäkert", at=MONDAY, by="A"), said("Om mamma", at=MONDAY, by="B"))
    take_in(central, said("Gemensamt", at=MONDAY, by="C"))
    unsure, mother, common = cases()
    put_with(mother, "omsorg")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    other = a_person("handler", "Omar Nasser", "gata-park", now=MONDAY)
    client = signed_in(app, petra.login)
    seen = [client.get(f"/arenden/{case.id}").status_code for case in (unsure, mother, common)]
    assert seen == [200, 403, 403]
    assert "Osäkert" in client.get("/arenden?vy=oppna").text
    assert signed_in(app, other.login).get(f"/arenden/{unsure.id}").status_code == 403
    pressed = Pressed(unsure.id, "Hej!", None, the_version(unsure.id), timedelta())
    assert write.press_send(pressed, by=petra, now=MONDAY).sent_by_id == petra.id
    assert ready.signature_of(petra).startswith("/Petra")


def the_version(case_id: int) -> int:
    """How a case stands now."""
    return next(case.version for case in cases() if case.id == case_id)
