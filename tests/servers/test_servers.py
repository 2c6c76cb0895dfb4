"""The real servers answer, and are gone when the tests are."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import psycopg
import pytest

from tests.servers.fixtures import NoServer, Postgres, WordPress, running

HOLDS_A_SERVER = """
import signal, time
from tests.servers.fixtures import running
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
with running("postgres", "--fast") as (folder, printed):
    print(folder, printed, flush=True)
    time.sleep(600)
"""


def ask(address: str, site: WordPress | None = None) -> list[dict[str, object]]:
    """GET of a list from a JSON interface, signed in as the editor when a site is given."""
    request = urllib.request.Request(address)
    if site:
        pair = f"{site.user}:{site.application_password}".encode()
        request.add_header("Authorization", "Basic " + base64.b64encode(pair).decode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: list[dict[str, object]] = json.load(answer)
        return found


def has_ended(number: int) -> bool:
    """Whether a process is gone, or dead and only waiting for its parent to take note."""
    try:
        return "State:\tZ" in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return True


def test_a_database_from_a_template_has_its_tables(postgres: Postgres) -> None:
    """A database made from a template holds the template's tables and rows, as its own."""
    with psycopg.connect(postgres.create("servers_first")) as connection:
        connection.execute("CREATE TABLE parks (name text)")
        connection.execute("INSERT INTO parks VALUES ('Slottsparken')")
    with psycopg.connect(postgres.create("servers_copy", template="servers_first")) as connection:
        assert connection.execute("SELECT name FROM parks").fetchall() == [("Slottsparken",)]
        connection.execute("DELETE FROM parks")
    with psycopg.connect(postgres.url.rpartition("/")[0] + "/servers_first") as connection:
        assert connection.execute("SELECT count(*) FROM parks").fetchone() == (1,)


def test_a_dropped_database_is_gone(postgres: Postgres) -> None:
    """Dropping cuts whoever is connected, and afterwards nobody can connect."""
    url = postgres.create("servers_dropped")
    with psycopg.connect(url) as connection:
        postgres.drop("servers_dropped")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_the_database_sorts_swedish(postgres: Postgres) -> None:
    """PostgreSQL sorts å, ä, ö after z when asked for Swedish."""
    with psycopg.connect(postgres.url) as connection:
        rows = connection.execute(
            "SELECT w FROM unnest(ARRAY['ö','z','ä','å','a']) w ORDER BY w COLLATE \"sv-x-icu\""
        ).fetchall()
    assert "".join(row[0] for row in rows) == "azåäö"


@pytest.mark.xdist_group("wordpress")
class TestWordPress:
    """The real blog."""

    def test_a_visitors_comment_is_in_the_database(self, wordpress: WordPress) -> None:
        """A comment written in the form stands in the database, letter by letter."""
        text = "Hej! När öppnar badet? 🌊\nOch vad kostar det?"
        made = wordpress.comment(wordpress.posts[0], "Åsa Öberg", text, email="asa@example.test")
        row = next(c for c in wordpress.comments(wordpress.posts[0]) if c["id"] == made["id"])
        assert (row["author"], row["author_email"]) == ("Åsa Öberg", "asa@example.test")
        assert row["content"].replace("\r\n", "\n") == text
        assert row["status"] == made["status"] == "approved"

    def test_an_answer_stands_under_its_comment(self, wordpress: WordPress) -> None:
        """A visitor's answer keeps which comment it answers."""
        first = wordpress.comment(wordpress.posts[1], "Bo", "Plogas Kyrkogatan?")
        answer = wordpress.comment(wordpress.posts[1], "Li", "Ja, i dag.", parent=first["id"])
        row = next(c for c in wordpress.comments() if c["id"] == answer["id"])
        assert row["parent"] == first["id"]

    def test_a_refused_comment_says_why(self, wordpress: WordPress) -> None:
        """The same comment twice is refused, with WordPress's own number and words."""
        wordpress.comment(wordpress.posts[0], "Bo", "Samma en gång till")
        with pytest.raises(NoServer, match="409"):
            wordpress.comment(wordpress.posts[0], "Bo", "Samma en gång till")

    def test_moderation_is_seen(self, wordpress: WordPress) -> None:
        """A comment that is held, edited and deleted by a colleague is so in the database."""
        number = wordpress.comment(wordpress.posts[0], "Bo", "Ett ord")["id"]
        wordpress.moderate(number, "hold")
        wordpress.moderate(number, "edit", "Ett annat ord")
        row = next(c for c in wordpress.comments() if c["id"] == number)
        assert (row["status"], row["content"]) == ("hold", "Ett annat ord")
        wordpress.moderate(number, "delete")
        assert number not in [c["id"] for c in wordpress.comments()]

    def test_a_new_post_takes_comments(self, wordpress: WordPress) -> None:
        """A post made by the test is a post that visitors comment on."""
        post = wordpress.post("Vintern i parken", "Vad tycker du?")
        made = wordpress.comment(post, "Bo", "Mer ljus")
        assert [c["id"] for c in wordpress.comments(post)] == [made["id"]]

    def test_the_editor_sees_held_comments_until_revoked(self, wordpress: WordPress) -> None:
        """The editor's application password opens held comments; a revoked one does not."""
        wordpress.set("moderation", True)
        held = wordpress.comment(wordpress.posts[0], "Bo", "Väntar på godkännande")
        assert held["status"] == "hold"
        address = f"{wordpress.api}/comments?status=hold&context=edit&per_page=100"
        assert held["id"] in [row["id"] for row in ask(address, wordpress)]
        wordpress.revoke(wordpress.user)
        with pytest.raises(HTTPError, match="401"):
            ask(address, wordpress)

    @pytest.mark.parametrize("kind", ["503", "429"])
    def test_a_fault_comes_and_goes(self, wordpress: WordPress, kind: str) -> None:
        """A fault that is turned on is what the site answers, until it is turned off."""
        wordpress.fault(kind)
        with pytest.raises(HTTPError, match=kind):
            ask(f"{wordpress.api}/posts")
        wordpress.fault("off")
        assert len(ask(f"{wordpress.api}/posts")) == 3

    def test_each_test_begins_with_the_first_content(self, wordpress: WordPress) -> None:
        """Resetting brings back three posts, six comments, and a password taken back."""
        wordpress.comment(wordpress.posts[0], "Bo", "Snart borta")
        wordpress.revoke(wordpress.user)
        wordpress.fault("503")
        wordpress.reset()
        assert len(wordpress.comments()) == 6
        assert len(ask(f"{wordpress.api}/comments?context=edit", wordpress)) == 5  # one is held


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_the_tests_that_started_it(how: signal.Signals) -> None:
    """However the process that started a server is ended, the server ends and its folder goes."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_SERVER],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert holder.stdout
        folder, url = holder.stdout.readline().split()
        number = int((Path(folder) / "run" / "postgres.pid").read_text().split()[0])
        psycopg.connect(url).close()
        holder.send_signal(how)
        holder.wait(timeout=60)
    finally:
        holder.kill()
        holder.communicate()
    until = time.monotonic() + 60
    while Path(folder).parent.exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(folder).parent.exists()
    assert has_ended(number)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_server_that_cannot_start_is_a_failure() -> None:
    """A server that does not start gives an error with the script's own words; nothing is skipped."""
    with pytest.raises(NoServer, match="unknown option --nonsense"):  # noqa: SIM117 - two acts
        with running("postgres", "--nonsense"):
            pass


def test_the_browser_can_be_run(chromium_path: str) -> None:
    """The Chromium that the page tests use is there and may be run."""
    assert os.access(chromium_path, os.X_OK)
