"""Departments renamed or closed in their file: what becomes of their cases."""

import pytest

from app.database import db
from app.models import Correction, Department, Event
from app.people.staff import sync_departments
from app.routing.rules import active_rules, add_rule
from app.routing.transfer import reroute
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in, the_case

ONE = '[[department]]\nslug = "{slug}"\nname_sv = "{slug}"\nname_en = "{slug}"\n{more}\n'


@pytest.fixture
def one_case(app):
    """A case that lies with Gata & park."""
    take_in(an_account(now=MONDAY), said("Hål i vägen", at=MONDAY))
    put_with(the_case(), "gata-park")


def sync(tmp_path, **more):
    """Read a file with these departments: slug (with _ for -) and what more it says."""
    path = tmp_path / "d.toml"
    text = "".join(ONE.format(slug=s.replace("_", "-"), more=m) for s, m in more.items())
    path.write_text(text, encoding="utf-8")
    return sync_departments(path, now=MONDAY)


def test_a_renamed_department_keeps_its_cases(one_case, tmp_path):
    """Under its new slug it is the same row, so that cases and people stay with it."""
    number = the_case().department_id
    sync(tmp_path, gator='formerly = ["gata-park"]', miljo="")
    assert the_case().department_id == number
    assert db.session.get(Department, number).slug == "gator"
    assert db.session.get(Department, number).open


def test_what_goes_by_the_old_slug_follows(one_case, tmp_path):
    """Suggestions, corrections and rules of a renamed department are the new one's."""
    admin, anna = a_person("administrator", now=MONDAY), a_person(now=MONDAY)
    case_id = the_case().id
    add_rule(
        account_id=None, words="hål", department="gata-park", urgent=False, by=admin, now=MONDAY
    )
    reroute(case_id, to="miljo", by=anna, now=MONDAY)
    reroute(case_id, to="gata-park", by=anna, now=MONDAY)
    sync(tmp_path, gator='formerly = ["gata-park"]', miljo="")
    assert [row.department for row in active_rules()] == ["gator"]
    moves = [(row.from_department, row.to_department) for row in db.session.query(Correction)]
    assert moves == [("gator", "miljo"), ("miljo", "gator")]


def test_a_closed_departments_open_cases_go_to_its_heir(one_case, tmp_path):
    """With an heir named they go there, and the ledger says so."""
    assert sync(tmp_path, gata_park='closed = true\nmoved_to = "miljo"', miljo="") == 1
    assert the_case().department.slug == "miljo"
    event = db.session.query(Event).filter_by(name="case_rerouted").one()
    assert event.details == {"was": "gata-park", "to": "miljo"}


def test_without_an_heir_they_become_unsure(one_case, tmp_path):
    """A department that has only left the file leaves its open cases to customer service."""
    sync(tmp_path, miljo="")
    assert the_case().department_id is None


def test_a_second_reading_changes_nothing(one_case, tmp_path):
    """Read twice, the file writes its change in the ledger once."""
    sync(tmp_path, gata_park='closed = true\nmoved_to = "miljo"', miljo="")
    before = db.session.query(Event).count()
    sync(tmp_path, gata_park='closed = true\nmoved_to = "miljo"', miljo="")
    assert db.session.query(Event).count() == before
