"""Pytest fixtures that start real servers on loopback and stop them again."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

__all__ = [
    "MailServer",
    "Postgres",
    "WordPress",
    "chromium_path",
    "mail_server",
    "mail_server_started",
    "postgres",
    "wordpress",
    "wordpress_server",
]

HERE = Path(__file__).parent
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PORT_TAKEN = 5
"""The scripts' exit code when somebody else has the port."""


class NoServer(AssertionError):
    """A real server could not be started or asked; the text says what it answered."""


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _run(
    name: str, folder: Path, *words: str, given: str = ""
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(HERE / name), *words, "--dir", str(folder)],
        input=given,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def _output_of(name: str, done: "subprocess.CompletedProcess[str]") -> str:
    """What a script printed. Raises NoServer with its last words when it failed."""
    if done.returncode != 0:
        said = f"{done.stdout[-500:]} {done.stderr[-1500:]}".strip()
        raise NoServer(f"{name} (exit code {done.returncode}): {said}")
    return done.stdout


@contextmanager
def running(name: str, *words: str) -> Iterator[tuple[Path, str]]:
    """A server of its own on a free port: its folder and what `up` printed; gone afterwards.

    A guard beside us reads from a pipe that only this process writes to. However this process
    ends, also by SIGKILL, the pipe closes, and the guard takes the server down and its folder away.
    Raises NoServer when the server does not start.
    """
    place = Path(tempfile.mkdtemp(prefix=f"vx-{name[:2]}-", dir="/tmp"))  # short: sockets live here
    place.chmod(0o755)  # the servers run as users of their own
    folder = place / name
    guard = subprocess.Popen(
        [
            "bash",
            "-c",
            'cat; "$0" down --purge --dir "$1"; rm -rf -- "$2"',
            HERE / name,
            folder,
            place,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(5):
            done = _run(name, folder, "up", "--port", str(_free_port()), *words)
            if done.returncode != PORT_TAKEN:
                break
        yield folder, _output_of(name, done)
    finally:
        guard.communicate(timeout=120)


@dataclass(frozen=True)
class Postgres:
    """A throw-away PostgreSQL cluster; `url` is its first database."""

    url: str
    folder: Path

    def create(self, name: str, template: str | None = None) -> str:
        """A new database, empty or a copy of `template` (nobody may be connected to that one).

        Replaces one of the same name; returns its address.
        """
        base, _, _old = self.url.rpartition("/")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            copied = f' TEMPLATE "{template}"' if template else ""
            connection.execute(f'CREATE DATABASE "{name}"{copied}')
        return f"{base}/{name}"

    def drop(self, name: str) -> None:
        """Drop a database, cutting whoever is connected.

        The server's own cleaning up may be in it, which only a superuser may cut: it is waited for.
        """
        until = time.monotonic() + 30
        while True:
            try:
                with psycopg.connect(self.url, autocommit=True) as connection:
                    connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                return
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server, for as long as the tests run; each xdist worker has its own."""
    with running("postgres", "--fast") as (folder, printed):
        yield Postgres(printed.strip(), folder)


@dataclass(frozen=True)
class WordPress:
    """A real Swedish WordPress, as its visitors, its moderators and its database see it."""

    url: str
    api: str
    user: str
    application_password: str
    posts: tuple[int, ...]
    folder: Path

    def _ask(self, *words: str, given: str = "") -> str:
        return _output_of("wordpress", _run("wordpress", self.folder, *words, given=given))

    def comment(
        self, post: int, author: str, text: str, parent: int = 0, email: str = ""
    ) -> dict[str, Any]:
        """A visitor fills in the form: {"id": ..., "status": "approved" or "hold", ...}.

        Raises NoServer with WordPress's words when it refuses the comment.
        """
        words = ["--post", str(post), "--author", author, "--text", "-", "--parent", str(parent)]
        if email:
            words += ["--email", email]
        made: dict[str, Any] = json.loads(self._ask("comment", *words, given=text))
        return made

    def comments(self, post: int | None = None) -> list[dict[str, Any]]:
        """The comments (under one post) as the database has them, read without WordPress."""
        words = ["--post", str(post)] if post else []
        rows: list[dict[str, Any]] = json.loads(self._ask("comments", *words))
        return rows

    def moderate(self, number: int, act: str, text: str | None = None) -> None:
        """What a colleague does: approve, hold, spam, trash, delete, or edit (with a text)."""
        self._ask("moderate", str(number), act, *([] if text is None else [text]))

    def post(self, title: str, text: str) -> int:
        """Publish another post; its number."""
        return int(json.loads(self._ask("post", "--title", title, "--text", text))["id"])

    def revoke(self, user: str) -> None:
        """Take back a user's application passwords."""
        self._ask("revoke", user)

    def set(self, name: str, on: bool) -> None:
        """Turn flood, moderation, known-authors or close-comments on or off."""
        self._ask("set", name, "on" if on else "off")

    def fault(self, kind: str) -> None:
        """Make the site fail: 503, 429 or stall; off mends it."""
        self._ask("fault", kind)

    def reset(self) -> None:
        """The first content and passwords again, and no fault."""
        self._ask("reset")


@pytest.fixture(scope="session")
def wordpress_server() -> Iterator[WordPress]:
    """A real WordPress, for as long as the tests run; each xdist worker that asks has its own."""
    with running("wordpress") as (folder, printed):
        up = json.loads(printed)
        editor = next(user for user in up["users"] if user["user"] == "redaktor")
        password = editor["application_password"]
        yield WordPress(up["url"], up["api"], "redaktor", password, tuple(up["posts"]), folder)


@pytest.fixture
def wordpress(wordpress_server: WordPress) -> WordPress:
    """The real WordPress with its first content: three posts, six comments."""
    wordpress_server.reset()
    return wordpress_server


@dataclass(frozen=True)
class MailServer:
    """A real Postfix: its ports, who may sign in, and what lies in its mailboxes.

    Any address of another domain gets a mailbox of its own; ...@studsar.test bounces, and unknown
    ...@example.test are refused at once.
    """

    smtp_port: int
    submission_port: int
    smtps_port: int
    ca_file: str
    user: str
    password: str
    folder: Path

    def _ask(self, *words: str) -> str:
        return _output_of("mail", _run("mail", self.folder, *words))

    def letters(self, address: str, count: int = 1) -> list[dict[str, Any]]:
        """The mailbox's letters, oldest first, once there are so many (at most 20 seconds)."""
        if count:
            self._ask("wait", "--user", address, "--count", str(count))
        rows: list[dict[str, Any]] = json.loads(self._ask("list", "--user", address))
        return rows

    def newest(self, address: str, count: int = 1) -> EmailMessage:
        """The newest letter in a mailbox, as it is stored, once there are so many."""
        uid = str(self.letters(address, count)[-1]["uid"])
        raw = self._ask("read", "--user", address, "--uid", uid)
        found = message_from_string(raw.replace("\r\n", "\n"), policy=default)
        return cast(EmailMessage, found)

    def fault(self, kind: str) -> None:
        """Stop taking letters (smtp), or keep them in the queue (delivery); off mends it."""
        self._ask("fault", kind)


@pytest.fixture(scope="session")
def mail_server_started() -> Iterator[MailServer]:
    """A real mail server, for as long as the tests run; each xdist worker that asks has its own."""
    with running("mail") as (folder, printed):
        up = json.loads(printed)
        known = ("smtp_port", "submission_port", "smtps_port", "ca_file", "user", "password")
        yield MailServer(**{name: up[name] for name in known}, folder=folder)


@pytest.fixture
def mail_server(mail_server_started: MailServer) -> MailServer:
    """The real mail server, with no letter in any mailbox."""
    mail_server_started._ask("empty")
    return mail_server_started


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where the browser is; a missing one is a failure, not a skip."""
    for path in filter(None, map(shutil.which, CHROMIUMS)):
        asked = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
        if asked.returncode == 0:  # Ubuntu has a stand-in that only says where to get the real one
            return os.fspath(path)
    raise NoServer("No Chromium on this machine; run .ci/servers (make test does).")
