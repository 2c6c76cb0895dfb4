"""`make run` as a person starts it, and the command line."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from app.basics import clock
from app.collecting.accounts import NewAccount, connect
from app.database import db
from app.models import Account, Case, Staff
from app.start import prepare
from config import ROOT, BadSetting, read_settings
from tests.conftest import MONDAY, free_port

SECONDS = 120
"""For everything that takes a few seconds on a machine with nothing else to do."""


def run(environment, *words, given=""):
    """A flask command as a process."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words],
        cwd=ROOT, env={**os.environ, **environment}, input=given, capture_output=True, text=True,
        timeout=SECONDS,
    )  # fmt: skip


def until_true(question):
    """Wait until it is so; asks ten times a second."""
    until = time.monotonic() + SECONDS
    while not question():
        assert time.monotonic() < until
        time.sleep(0.1)


def text_at(address):
    """The page there, '' while nobody answers."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.read().decode()
    except OSError:
        return ""


@contextmanager
def started(settings, *, stderr=None, **more):
    """`flask start` as a process, and where it serves; whatever it began is gone afterwards."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "start"],
        cwd=ROOT, env={**os.environ, **settings, "PORT": str(port), "LOG_LEVEL": "error", **more},
        stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True,
    )  # fmt: skip
    family = set()
    try:
        until_true(lambda: text_at(f"http://127.0.0.1:{port}/halsa"))
        family = set(children_of(process.pid))
        yield process, f"http://127.0.0.1:{port}", family
    finally:
        for number in {process.pid, *family}:
            with suppress(ProcessLookupError):
                if process.returncode is None or number != process.pid:
                    os.kill(number, signal.SIGKILL)
        process.communicate()


def children_of(number):
    """The numbers of a process's children and of theirs."""
    with suppress(OSError):
        for child in Path(f"/proc/{number}/task/{number}/children").read_text().split():
            yield int(child)
            yield from children_of(int(child))


def lives(number):
    """Whether that process still runs (one that has ended and waits to be buried does not)."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.once
def test_one_command_starts_the_town_and_stops_everything(app, settings_of, tmp_path):
    """`flask start` serves the practice town's sign-in page, fills the inbox from every network, and
    SIGTERM ends all, the networks too."""

    def channels_with_cases():
        db.session.commit()
        return set(db.session.scalars(select(Account.channel).join(Case)))

    with started(settings_of, COLLECT_EVERY="1") as (process, address, family):
        until_true(lambda: "Anna Holm" in text_at(f"{address}/logga-in"))
        until_true(lambda: channels_with_cases() == {"practice", "facebook", "x", "youtube"})
        town = address_of_the_networks()
        assert is_served(town)
        process.send_signal(signal.SIGTERM)
        said, _nothing = process.communicate(timeout=SECONDS)
        assert process.returncode == 0
        assert not [number for number in family if lives(number)]
    assert f"{address}/" in said
    assert re.search(r"logga in som anna .*customer_service", said)
    assert "ovningsstaden" in said
    assert not is_served(town)


def address_of_the_networks():
    """Where the practice town's networks are now, as X's account says it."""
    db.session.commit()
    account = db.session.scalars(select(Account).where(Account.channel == "x")).one()
    found = urlsplit(account.platform["X_API_URL"])
    return found.hostname, found.port


def is_served(address):
    """Whether somebody listens there."""
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError:
        return False
    return True


@pytest.mark.once
def test_the_rest_goes_on_when_the_networks_end(app, settings_of):
    """When the networks' process dies, `flask start` says so and goes on with everything else."""
    with started(settings_of, stderr=subprocess.PIPE) as (process, address, family):
        (town,) = [number for number in family if "practice.serving" in command_of(number)]
        os.kill(town, signal.SIGKILL)
        assert any("allt annat går vidare" in line for line in process.stderr)
        time.sleep(1)
        assert process.poll() is None
        assert text_at(f"{address}/logga-in")
        process.send_signal(signal.SIGTERM)
        process.stderr.close()
        assert process.wait(SECONDS) == 0


def command_of(number):
    """How a process was started, '' when it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{number}/cmdline").read_text().replace("\0", " ")
    return ""


@pytest.mark.once
def test_closing_the_terminal_stops_everything(app, settings_of):
    """SIGHUP, which a closed terminal sends, ends web and worker and then `flask start` itself."""
    before = signal.signal(
        signal.SIGHUP, signal.SIG_DFL
    )  # the tests themselves may run under nohup
    try:
        with started(settings_of, PRACTICE="nej") as (process, _address, family):
            assert len(family) >= 3  # gunicorn, its workers, and our worker
            process.send_signal(signal.SIGHUP)
            process.communicate(timeout=SECONDS)
            assert process.returncode == 0
            assert not [number for number in family if lives(number)]
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.once
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_nobody_is_left_when_it_is_killed(app, settings_of):
    """A `flask start` that gets SIGKILL takes web and worker with it: the port is free again."""
    with started(settings_of, PRACTICE="nej") as (process, _address, family):
        process.kill()
        process.wait(SECONDS)
        until_true(lambda: not [number for number in family if lives(number)])


@pytest.mark.once
def test_it_goes_on_without_a_terminal_when_asked_to(app, settings_of):
    """Started under nohup, which ignores SIGHUP, it goes on serving when the terminal closes."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what a process that nohup starts has
    try:
        with started(settings_of, PRACTICE="nej") as (process, address, _family):
            process.send_signal(signal.SIGHUP)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(3)
            assert text_at(f"{address}/halsa")
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_real_account_ends_the_practice(app):
    """With a real account nobody can sign in with the password that everybody knows."""
    prepare(app)
    prepare(app)
    assert len(db.session.scalars(select(Staff)).all()) == 6
    new = NewAccount(
        "feed", "Blogg", {"feed_url": "https://x.example/feed"}, approved_by="Eva Chef"
    )
    connect(new, keys=app.config["CREDENTIALS_KEYS"], by=None, now=clock.now())
    assert not db.session.scalars(select(Staff).where(Staff.active)).all()


@pytest.mark.once
def test_commands_speak_plainly(app, settings_of):
    """Good commands say what they did; wrong ones say what is wrong, without a trace."""
    added = run(settings_of, "staff", "add", "eva", "--name", "Eva Ek", "--role", "manager",
                "--password", "ett långt lösenord")  # fmt: skip
    assert "Eva Ek kan logga in som eva." in added.stdout
    for words, sentence in (
        (["staff", "add", "eva", "--name", "Eva", "--role", "manager", "--password", "x" * 12], "finns redan"),
        (["staff", "add", "bo", "--name", "Bo", "--role", "kung", "--password", "x" * 12], "Rollen kung finns inte"),
        (["staff", "add", "bo", "--name", "Bo", "--role", "manager", "--password", "kort"], "minst 12 tecken"),
        (["accounts", "add", "månen", "--name", "x"], "Kanalen månen finns inte"),
        (["accounts", "add", "feed", "--name", "x", "--set", "feed_url=https://x.example"], "godkännas"),
        (["accounts", "pause", "99"], "inget konto med nummer 99"),
    ):  # fmt: skip
        done = run(settings_of, *words)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
    assert "Allt är i ordning." in run(settings_of, "check").stdout


@pytest.mark.once
def test_suggest_reads_and_writes_json_lines(app, settings_of):
    """Each good line gives a suggestion in order, a bad one is told by its number."""
    given = '{"id": 7, "text": "Soptunnan är inte tömd", "channel": "x"}\ntrasig\n{"id": "b", "text": ""}\n'
    done = run(settings_of, "suggest", given=given)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == [7, "b"]
    assert rows[0]["department"] == "vatten-avfall"
    assert set(rows[0]) == {
        "id",
        "department",
        "confidence",
        "next",
        "refer",
        "also",
        "kind",
        "urgent",
        "urgent_words",
        "language",
        "words",
    }
    assert len(rows[0]["next"]) == 2
    assert "Rad 2" in done.stderr
    assert done.returncode == 1


@pytest.mark.once
def test_suggest_answers_every_row_of_the_same_id_by_its_own_words(app, settings_of):
    """Two rows with one id get a suggestion each, in their order."""
    rows = [{"id": 1, "text": "Soptunnan är inte tömd"}, {"id": 1, "text": "Gatlyktan är trasig"},
            {"id": 1, "text": "Soptunnan är inte tömd"}]  # fmt: skip
    done = run(settings_of, "suggest", given="\n".join(json.dumps(row) for row in rows))
    told = [json.loads(line)["department"] for line in done.stdout.splitlines()]
    assert told == ["vatten-avfall", "gata-park", "vatten-avfall"]
    assert done.returncode == 0


@pytest.mark.once
def test_suggest_tolerates_half_characters(app, settings_of):
    """Half an emoji in an id or a text, an error of one's own, a list as id: each row is answered."""
    rows = [{"id": "a\ud800", "text": "Soptunnan \ud83d är inte tömd"},
            {"id": "b", "text": "Soptunnan", "error": "annat"}, {"id": [1], "text": "Soptunnan"}]  # fmt: skip
    done = run(settings_of, "suggest", given="\n".join(json.dumps(row) for row in rows))
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in told] == ["a\ud800", "b", "[1]"]
    assert {row["department"] for row in told} == {"vatten-avfall"}
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.once
def test_suggest_passes_over_what_is_no_text(app, settings_of):
    """Bytes that are no UTF-8 and endless nesting are told or replaced; the next row is answered."""
    given = b'{"id": 1, "text": "Soptunnan \xff"}\n' + b"[" * 100_000 + b'\n{"id": 2, "text": ""}\n'
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "suggest"],
        cwd=ROOT, env={**os.environ, **settings_of}, input=given, capture_output=True, timeout=SECONDS,
    )  # fmt: skip
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 2]
    assert "Rad 2 går inte att läsa" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "hundra"), ("UNDO_SECONDS", "21"), ("ROUTING_THRESHOLD", "2"), ("HTTPS", "kanske"),
     ("POLL_CEILING", "1")],
)  # fmt: skip
def test_a_bad_setting_is_named(name, value):
    """A setting that cannot be used stops the start with its name and what is wrong."""
    with pytest.raises(BadSetting, match=name):
        read_settings({name: value})
    assert MONDAY
