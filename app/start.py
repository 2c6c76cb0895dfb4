"""`make run`: prepares the practice town, then runs web and worker together and ends both."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.basics import clock
from app.collecting.accounts import NewAccount, connect
from app.database import db
from app.models import Account, Staff
from app.people.practice import PRACTICE_PASSWORD, add_practice_staff
from app.people.staff import sync_departments

if TYPE_CHECKING:
    from flask import Flask

PR_SET_PDEATHSIG = 1


def prepare(app: "Flask") -> None:
    """Departments in step; with no account connected and nobody there, the practice town.

    Safe to call at every start. Practice staff are made only while no account is connected and no
    real person has been given access, so that a real installation never has a known password.
    """
    now = clock.now()
    with app.app_context():
        sync_departments(now=now)
        if not app.config["PRACTICE"] or db.session.scalar(select(Account.id).limit(1)):
            return
        add_practice_staff(now=now)
        town = NewAccount("practice", "Övningsstaden", {}, purpose="Att öva utan att något syns.")
        connect(town, keys=app.config["CREDENTIALS_KEYS"], by=None, now=now)


def greeting(app: "Flask") -> str:
    """What a person who has just started Växeln needs to know."""
    lines = [f"Växeln: http://{app.config['HOST']}:{app.config['PORT']}/"]
    with app.app_context():
        practice = list(
            db.session.scalars(select(Staff).where(Staff.practice, Staff.active).order_by(Staff.id))
        )
        for person in practice:
            where = f", {person.department.short_sv}" if person.department else ""
            lines.append(f"  logga in som {person.login:<6} ({person.name}, {person.role}{where})")
    if practice:
        lines.append(f"  lösenord för alla i övningsstaden: {PRACTICE_PASSWORD}")
    lines.append("Avsluta med Ctrl C.")
    return "\n".join(lines)


def run(app: "Flask", environment: Mapping[str, str]) -> int:
    """Run web and worker until one ends or somebody asks; returns the exit code.

    One asks by Ctrl C, by SIGTERM, or by closing the terminal (SIGHUP).
    Both get SIGTERM and 20 seconds; whoever is left then is killed (leases take care of the rest).
    """
    settings = app.config
    web = [
        sys.executable, "-m", "gunicorn", "wsgi:app",
        "--bind", f"{settings['HOST']}:{settings['PORT']}",
        "--workers", str(settings["WEB_WORKERS"]), "--threads", str(settings["WEB_THREADS"]),
        "--worker-class", "gthread", "--log-level", "warning",
    ]  # fmt: skip
    worker = [sys.executable, "-m", "flask", "--app", "wsgi", "work"]
    from config import ROOT

    started = {**os.environ, **environment}
    children = [
        subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=ROOT,
            env=started,
            start_new_session=True,
            preexec_fn=_ends_with(os.getpid()),
        )
        for command in (web, worker)
    ]
    print(greeting(app), flush=True)
    return _watch(children)


def _ends_with(parent: int) -> Callable[[], None] | None:
    """For a new child, before it becomes what it is to be: SIGTERM when its parent is gone.

    So nobody is left when the parent itself is killed. Only Linux can do this (prctl(2)).
    """
    if sys.platform != "linux":
        return None
    control = ctypes.CDLL(None).prctl

    def prepare_child() -> None:
        control(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare_child


def _watch(children: list["subprocess.Popen[bytes]"]) -> int:
    asked = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    for asking in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(asking) != signal.SIG_IGN:  # nohup: goes on without its terminal
            signal.signal(asking, stop)
    while not asked and all(child.poll() is None for child in children):
        time.sleep(0.2)
    ended = [child.poll() for child in children if child.poll() is not None]
    for child in children:
        if child.poll() is None:
            child.terminate()
    until = time.monotonic() + 20
    for child in children:
        try:
            child.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if asked:
        return 0
    print("Webben eller hämtningen slutade av sig själv; båda är stoppade.", file=sys.stderr)
    return ended[0] or 1
