"""`make run` as a person starts it, and the command line."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from sqlalchemy import select

from app.basics import clock
from app.collecting.accounts import NewAccount, connect
from app.database import db
from app.models import Case, Staff
from app.start import prepare
from config import ROOT, BadSetting, read_settings
from tests.conftest import MONDAY, free_port


def run(environment, *words, given=""):
    """A flask command as a process."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words],
        cwd=ROOT, env={**os.environ, **environment}, input=given, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip


@pytest.mark.once
def test_one_command_starts_the_town_and_stops_everything(app, settings_of, tmp_path):
    """`flask start` serves the practice town's sign-in page, fills the inbox, and SIGTERM ends all."""
    port = free_port()
    started = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "start"],
        cwd=ROOT, env={**os.environ, **settings_of, "PORT": str(port), "COLLECT_EVERY": "1",
                       "LOG_LEVEL": "error"},
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        page, until = "", time.monotonic() + 30
        while "Anna Holm" not in page:
            assert time.monotonic() < until
            try:
                page = urllib.request.urlopen(f"http://127.0.0.1:{port}/logga-in").read().decode()
            except OSError:
                time.sleep(0.1)
        count = 0
        while count < 50:
            assert time.monotonic() < until
            db.session.commit()
            count = len(db.session.scalars(select(Case.id)).all())
            time.sleep(0.2)
    finally:
        started.send_signal(signal.SIGTERM)
        said, _nothing = started.communicate(timeout=40)
    assert started.returncode == 0
    assert f"http://127.0.0.1:{port}/" in said
    assert re.search(r"logga in som anna .*customer_service", said)
    assert "ovningsstaden" in said


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
    import json

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
        "kind",
        "urgent",
        "words",
    }
    assert len(rows[0]["next"]) == 2
    assert "Rad 2" in done.stderr
    assert done.returncode == 1


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
