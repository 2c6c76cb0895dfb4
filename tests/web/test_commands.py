"""The command line: connecting step by step with each permission tried, and telling how it fares."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.basics.keys import open_sealed
from app.database import db, writing
from app.models import Account, Source
from tests.conftest import MONDAY
from tests.factories import an_account, said, take_in

SECRET = "abcd efgh ijkl mnop"


@pytest.fixture
def command(app):
    """Types a command with what is answered at its questions; the result."""

    def run(*words, answers=()):
        runner = app.test_cli_runner()
        done = runner.invoke(args=list(words), input="".join(f"{line}\n" for line in answers))
        db.session.rollback()
        return done

    return run


def the_account():
    return db.session.scalars(select(Account)).one()


def test_an_account_is_connected_step_by_step(app, command):
    """Every step is asked in order, each permission is told with how to get it, the code says so."""
    done = command(
        "accounts", "add",
        answers=["wordpress", "Stadsbloggen", "kultur-fritid", "Visa föremål", "Mats Öberg",
                 "i går", "2099-01-01", "2026-11-18", "http://127.0.0.1:9", "red",
                 SECRET, ""],
    )  # fmt: skip
    assert done.exit_code == 1
    places = [done.output.index(f"Steg {n} av 5") for n in (1, 2, 3, 4, 5)]
    assert places == sorted(places)
    assert "Skriv datumet för beslutet" in done.output
    assert "inte vara från en dag som inte har varit" in done.output
    assert "Kontot Stadsbloggen är anslutet" in done.output
    assert "Går inte: Logga in" in done.output
    assert "nytt applikationslösenord" in done.output
    account = the_account()
    assert (account.approved_by, account.purpose) == ("Mats Öberg", "Visa föremål")
    assert account.approved_at.date().isoformat() == "2026-11-18"
    assert account.owner_department.slug == "kultur-fritid"


def test_no_secret_is_ever_printed(app, command):
    """What is typed at a hidden question is sealed in the database and stands nowhere else."""
    done = command(
        "accounts", "add", "wordpress", "--name", "Blogg", "--approved-by", "Eva Chef",
        "--set", "base_url=http://127.0.0.1:9", "--set", "user=red", answers=[SECRET],
    )  # fmt: skip
    assert "Applikationslösenord" in done.output
    assert SECRET not in done.output
    account = the_account()
    assert SECRET not in json.dumps([account.credentials, account.settings])
    keys = app.config["CREDENTIALS_KEYS"]
    assert open_sealed(account.credentials, keys) == {"application_password": SECRET}


def test_a_secret_given_in_the_command_is_not_asked_for(app, command):
    """With everything given nothing is asked, so that a script can connect an account."""
    done = command(
        "accounts", "add", "wordpress", "--name", "Blogg", "--approved-by", "Eva Chef",
        "--set", "base_url=http://127.0.0.1:9", "--set", f"application_password={SECRET}",
        "--approved-at", "2026-11-18", "--set", "user=red",
    )  # fmt: skip
    assert "anslutet" in done.output
    assert SECRET not in done.output


def test_an_account_that_may_everything_ends_well(command):
    """Exit code 0 when each permission is there."""
    done = command("accounts", "add", "practice", "--name", "Staden")
    assert (done.exit_code, "Går inte" in done.output) == (0, False)
    assert "Går bra: Läsa kommentarer" in done.output


def test_a_decision_that_is_no_day_is_refused(command):
    """A day given in the command is looked at as strictly as one that is typed."""
    words = [
        "accounts",
        "add",
        "feed",
        "--name",
        "x",
        "--approved-by",
        "Eva",
        "--set",
        "feed_url=x",
    ]
    done = command(*words, "--approved-at", "i går")
    assert (done.exit_code, "Skriv datumet" in done.output) == (1, True)
    assert db.session.scalars(select(Account)).all() == []


def test_check_tells_how_every_source_fares(app, at, command):
    """A line per source: light, last good read, next look, what came, budget; 0 when all is well."""
    at(MONDAY + timedelta(hours=1))
    source = an_account("x", now=MONDAY, settings={"monthly_ceiling": "25"})
    take_in(source, said("Hej", at=MONDAY))
    with writing():
        row = db.session.get_one(Source, source.id)
        row.kind, row.last_read_at = "mentions", MONDAY
        row.next_look_at = MONDAY + timedelta(minutes=65)
        row.account.credentials = an_empty_seal(app)
    done = command("check")
    assert done.exit_code == 0
    assert (
        "Stadsbloggen (X), Omnämnanden: Fungerar. Senast läst i dag 10.00."
        " Nästa hämtning i dag 11.05. 1 hämtade på ett dygn."
        " Använt: 0 av 25 dollar den här månaden, på väg mot 0." in done.output
    )
    with writing():
        db.session.get_one(Source, source.id).error_class = "SignInNeeded"
    done = command("check")
    assert done.exit_code == 1
    assert "Omnämnanden: Behörighet saknas." in done.output


def an_empty_seal(app):
    from app.basics.keys import seal

    return seal({}, app.config["CREDENTIALS_KEYS"])
