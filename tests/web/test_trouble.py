"""A full disk, a locked database: a clear sentence, nothing half-done, nothing lost."""

import contextlib
import sqlite3

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from app.channels.practice import PracticeTown
from app.collecting.collect import collect_due
from app.database import db, writing
from app.models import Answer, Source
from app.schedule import collector_of
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, messages, said, take_in
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once


@pytest.fixture
def disk(app):
    """A disk that can be full: then the database file may not grow by a single page."""
    state = {"full": False}

    def connected(connection, _record):
        pages = 0 if not state["full"] else 1  # no fewer than there are already
        if pages:
            connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(db.engine, "connect", connected)

    def fill(full):
        state["full"] = full
        db.session.remove()
        db.engine.dispose()

    yield fill
    event.remove(db.engine, "connect", connected)


def test_an_answer_on_a_full_disk_is_given_back(app, disk):
    """Pressing send on a full disk says so, gives the text back, and puts nothing in the outbox."""
    source = an_account(now=MONDAY)
    take_in(source, said("Hej", at=MONDAY))
    anna = a_person(now=MONDAY)
    client = signed_in(app, anna.login)
    field = token(client.get("/arenden/1").text)
    words = "Ett långt svar. " * 3000
    disk(True)
    form = {"csrf_token": field, "gor": "publicera", "lagel": "svar", "version": "1", "svar": words}
    answer = client.post("/arenden/1/skriv", data=form)
    assert answer.status_code == 503
    assert "Disken är full" in answer.text
    assert words.strip()[:200] in answer.text
    disk(False)
    assert db.session.scalars(select(Answer)).all() == []


def test_a_look_on_a_full_disk_loses_nothing(app, disk):
    """What could not be stored comes at the next look, once, and no cursor has moved past it."""
    source = an_account("practice", now=MONDAY)
    town = PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)
    for number in range(40):
        town.says(f"Ord {number} " * 400, at=MONDAY, author=f"Person {number}")
    disk(True)
    with contextlib.suppress(OperationalError):
        collect_due(collector_of(app), all_now=True)
    disk(False)
    assert messages() == []
    assert db.session.scalars(select(Source)).one().cursor is None
    with writing():
        row = db.session.scalars(select(Source)).one()
        row.lease_owner = row.lease_until = None
    collect_due(collector_of(app), all_now=True)
    assert len(messages()) == len(cases()) == 40


@pytest.fixture
def held(app):
    """The database's only right to write, held by another process's connection while `with` lasts."""

    def impatient(connection, _record):
        connection.execute("PRAGMA busy_timeout=200")

    event.listen(db.engine, "connect", impatient)
    db.session.remove()
    db.engine.dispose()

    @contextlib.contextmanager
    def hold():
        with contextlib.closing(sqlite3.connect(db.engine.url.database, timeout=15)) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    yield hold
    event.remove(db.engine, "connect", impatient)


def test_an_answer_to_a_locked_database_is_given_back(app, held):
    """Pressing send while another holds the database says so and gives the text back; then it goes."""
    source = an_account(now=MONDAY)
    take_in(source, said("Hej", at=MONDAY))
    anna = a_person(now=MONDAY)
    client = signed_in(app, anna.login)
    field = token(client.get("/arenden/1").text)
    form = {"csrf_token": field, "gor": "publicera", "lagel": "svar", "version": "1",
            "svar": "Mitt långa svar & mina <tecken>"}  # fmt: skip
    with held():
        answer = client.post("/arenden/1/skriv", data=form)
    assert answer.status_code == 503
    assert "Databasen är upptagen. Det du skrev står här nedanför." in answer.text
    assert "Mitt långa svar &amp; mina &lt;tecken&gt;" in answer.text
    assert "Traceback" not in answer.text
    db.session.rollback()
    assert db.session.scalars(select(Answer)).all() == []
    assert client.post("/arenden/1/skriv", data=form).status_code == 302
    db.session.rollback()
    (kept,) = db.session.scalars(select(Answer)).all()
    assert (kept.state, kept.body) == ("queued", "Mitt långa svar & mina <tecken>")


def test_a_command_to_a_locked_database_says_so(app, held):
    """A command that cannot write says that the database is taken, without a trace."""
    with held():
        done = app.test_cli_runner().invoke(args=["departments", "sync"])
    assert done.exit_code == 1
    assert "Databasen är upptagen av en annan process." in done.output
