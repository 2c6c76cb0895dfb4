"""The Monday letter: who gets it, when, that it comes once, and that it says what the page says."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.basics import mail
from app.database import db
from app.inbox.letter_box import MailRoom
from app.models import Event
from app.people.staff import change_own_mail
from app.reports.monday import begins_the_week, send_monday_letters
from app.reports.turns import keep_up
from app.routing.transfer import reroute
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, said, take_in
from tests.mailbox import a_mailbox
from tests.reports.report_files import PageReader
from tests.web.test_roles import signed_in


@pytest.fixture
def box():
    """A mail server on loopback."""
    with a_mailbox() as made:
        yield made


def room(box):
    """The mail room of the tests."""
    server = mail.server_at(box.url)
    address = "https://vaxeln.example.se"
    return MailRoom(server, "vaxeln@example.se", "Landskrona stad", address, "LA", frozenset())


def manager(name="Karin Ek", department="", *, when="digest", role="manager"):
    """Somebody who has chosen when letters come."""
    person = a_person(role, name, department, now=MONDAY)
    email = f"{name.split()[0].lower()}@example.se"
    change_own_mail(person, email=email, when=when, at="08:00", now=MONDAY)
    return person


def run(app, box, now=MONDAY):
    """One look for letters that are due."""
    return send_monday_letters(room(box), app.config, clock=lambda: now)


def last_week(department="gata-park", text="Hål i gatan"):
    """A question of last week that nobody has answered."""
    source = an_account(now=MONDAY - timedelta(days=20))
    at = MONDAY - timedelta(days=5)
    take_in(source, said(text, at=at, by=f"Maria Lindqvist {text}"))
    anna = a_person(now=MONDAY)
    reroute(cases()[-1].id, to=department, by=anna, now=at + timedelta(minutes=9))
    keep_up(now=MONDAY)


def test_only_managers_who_want_letters_get_it(app, box):
    """Nobody else does: no handler, no customer service, no manager without address or choice."""
    manager("Petra Lund", "miljo", role="handler")
    manager("Anna Holm", role="customer_service")
    manager("Erik Nord", role="communications")
    manager("Stina Berg", when="")
    a_person("manager", "Nils Ros", now=MONDAY)
    assert run(app, box) == 0
    manager("Karin Ek")
    assert (run(app, box), [one.to for one in box.letters]) == (1, ["karin@example.se"])


def test_a_manager_of_a_department_reads_of_no_other(app, box):
    """Figures and names are those of the own department alone, and no resident's word is there."""
    last_week("miljo", "Råttor vid dammen")
    manager("Lena Vik", "gata-park")
    manager("Karin Ek")
    run(app, box)
    letter, whole = box.letters
    assert "- Miljö: Kom in 1" in whole.body
    assert "Miljö" not in letter.body
    assert "Råttor" not in letter.body
    assert "Obesvarade: 0" in letter.body


def test_the_letter_says_what_the_page_says(app, box, at):
    """Every line of departments and ages is the page's row of the same days."""
    for number, department in enumerate(("gata-park", "miljo", "miljo")):
        last_week(department, f"Fråga {number}")
    at(MONDAY)
    karin = manager()
    assert run(app, box) == 1
    (letter,) = box.letters
    assert letter.subject == "Växeln: vecka 47 i siffror"
    body = letter.body.replace("\u202f", " ").replace("\u00a0", " ")
    link = next(line for line in body.splitlines() if "/rapporter?" in line)
    assert link.endswith("?period=egna&fran=2026-11-16&till=2026-11-22")
    page = signed_in(app, karin.login).get(link.removeprefix("https://vaxeln.example.se")).text
    tables = PageReader(page).tables
    assert tables["avdelningar"].rows
    for key in ("avdelningar", "alder"):
        for row in tables[key].rows:
            told = [f"{h} {v}" for h, v in zip(tables[key].heads[1:], row[1:], strict=True)]
            assert f"- {row[0]}: {'; '.join(told)}" in body


def test_it_comes_once_on_the_weeks_first_open_day_at_the_persons_hour(app, box):
    """Not before eight, not twice, not on Tuesday; the next week again."""
    manager()
    eight = MONDAY.replace(hour=7)
    looks = [eight - timedelta(minutes=1), eight, eight + timedelta(minutes=5), MONDAY]
    looks += [MONDAY + timedelta(days=n) for n in (1, 4, 5, 6, 7)]
    assert [run(app, box, now) for now in looks] == [0, 1, 0, 0, 0, 0, 0, 0, 1]


def test_a_closed_monday_moves_it_to_tuesday():
    """Easter Monday has no letter; the Tuesday after it has."""
    easter = frozenset({date(2026, 4, 6)})
    days = [date(2026, 4, 6) + timedelta(days=n) for n in range(7)]
    assert [begins_the_week(day, easter) for day in days] == [False, True, *[False] * 5]


def test_what_the_server_does_not_take_now_is_tried_again_the_same_day(app, box):
    """A busy server gets it later, once; the ledger names no address."""
    manager()
    box.answers["mail"] = b"451 senare"
    assert run(app, box, MONDAY) == 0
    assert run(app, box, MONDAY + timedelta(seconds=30)) == 0
    del box.answers["mail"]
    assert [run(app, box, MONDAY + timedelta(minutes=n)) for n in (2, 3, 60)] == [1, 0, 0]
    rows = db.session.scalars(select(Event).where(Event.name.like("%mail%"))).all()
    assert [row.name for row in rows] == [
        "report_mail_begun", "mail_failed", "report_mail_begun", "mail_sent",
    ]  # fmt: skip
    assert "example.se" not in str([row.details for row in rows])


@pytest.mark.parametrize("end", [b"", b"550 nej"])
def test_what_may_have_left_is_not_sent_again(app, box, end):
    """A server that falls silent, or will not have it, is not asked again that week."""
    manager()
    box.answers["end"] = end
    assert run(app, box) == 0
    del box.answers["end"]
    assert run(app, box, datetime(2026, 11, 23, 15, 0, tzinfo=UTC)) == 0
