"""`make run`: prepares the practice town, then runs web and worker together and ends both.

While no real account is connected a third process runs beside them: the practice town's networks.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import FrameType
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from app.basics import clock
from app.channels.base import channel_named
from app.channels.practice import serving
from app.channels.practice.networks import CITY
from app.channels.practice.standins import wire
from app.collecting.accounts import NewAccount, connect
from app.database import db, writing
from app.models import Account, Source, Staff
from app.models.source import AccountState
from app.people.practice import PRACTICE_PASSWORD, add_practice_staff
from app.people.staff import sync_departments
from config import ROOT

if TYPE_CHECKING:
    from flask import Flask

PR_SET_PDEATHSIG = 1


PURPOSE = "Att öva utan att något syns."
NOWHERE = 9
"""A port that nobody serves: until the town has opened, its networks are not to be reached."""
TOWN_ENDED = (
    "Övningsstadens nätverk slutade av sig själva; allt annat går vidare. Starta om Växeln."
)
Child = subprocess.Popen[bytes]
HISTORY = timedelta(days=7)
"""The networks' first week is work, though it was said before their accounts were connected."""


def prepare(app: "Flask") -> None:
    """Departments in step; with no real account connected, the practice town.

    Safe to call at every start. Practice staff are made only while no account is connected and no
    real person has been given access, so that a real installation never has a known password.
    """
    now = clock.now()
    with app.app_context():
        sync_departments(now=now)
        if not app.config["PRACTICE"] or _has_a_real_account():
            return
        add_practice_staff(now=now)
        keys = app.config["CREDENTIALS_KEYS"]
        if not _is_connected("practice"):
            town = NewAccount("practice", CITY, {}, purpose=PURPOSE)
            connect(town, keys=keys, by=None, now=now)
        for network in serving.NETWORKS:
            if not _is_connected(network.channel):
                _connect_network(network, keys, now)


def _has_a_real_account() -> bool:
    real = (~Account.practice, Account.channel != "phone")
    return db.session.scalar(select(Account.id).where(*real).limit(1)) is not None


def _is_connected(channel: str) -> bool:
    return db.session.scalar(select(Account.id).where(Account.channel == channel)) is not None


def _connect_network(network: serving.Network, keys: list[str], now: datetime) -> None:
    """Connect one of the town's networks; where it is asked is said when the town opens."""
    account = connect(
        NewAccount(
            network.channel,
            f"{CITY} på {channel_named(network.channel).label}",
            network.values,
            approved_by=CITY,
            purpose=PURPOSE,
            kinds=network.kinds,
            allowed_private_hosts=(serving.HOST,),
            platform=network.platform(NOWHERE),
            practice=True,
        ),
        keys=keys,
        by=None,
        now=now,
    )
    with writing():
        of_account = update(Source).where(Source.account_id == account.id)
        db.session.execute(of_account.values(history_before=now.replace(microsecond=0) - HISTORY))


def open_town(app: "Flask") -> socket.socket | None:
    """A socket for the practice town's networks, which their accounts know of from now on.

    None when there is no practice town: it is switched off, or a real account is connected.
    """
    with app.app_context():
        if not app.config["PRACTICE"] or _has_a_real_account():
            return None
        practising = select(Account).where(Account.practice, Account.state == AccountState.ACTIVE)
        accounts = {account.channel: account for account in db.session.scalars(practising)}
        networks = [one for one in serving.NETWORKS if one.channel in accounts]
        if not networks:
            return None
        listens = wire.listener()
        port: int = listens.getsockname()[1]
        with writing():
            for network in networks:
                account = accounts[network.channel]
                account.settings = {**account.settings, **network.platform(port)}
                sources = update(Source).where(Source.account_id == account.id)
                db.session.execute(sources.values(next_look_at=clock.now(), failures=0))
    return listens


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
    Beside them runs the practice town, when there is one: if it ends by itself, the others go on.
    All get SIGTERM and 20 seconds; whoever is left then is killed (leases take care of the rest).
    """
    started = {**os.environ, **environment}
    town = _start_town(app, started)
    children = [_start(command, started) for command in _commands(app.config)]
    print(greeting(app), flush=True)
    return _watch(children, town)


def _commands(settings: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """How web and worker are started."""
    web = [
        sys.executable, "-m", "gunicorn", "wsgi:app",
        "--bind", f"{settings['HOST']}:{settings['PORT']}",
        "--workers", str(settings["WEB_WORKERS"]), "--threads", str(settings["WEB_THREADS"]),
        "--worker-class", "gthread", "--log-level", "warning",
    ]  # fmt: skip
    worker = [sys.executable, "-m", "flask", "--app", "wsgi", "work"]
    return web, worker


def _start_town(app: "Flask", environment: Mapping[str, str]) -> Child | None:
    listens = open_town(app)
    if listens is None:
        return None
    with listens:  # the town has its own hold on it
        command = serving.command(listens, app.config["DATA_DIR"], app.config["PRACTICE_SPEED"])
        return _start(command, environment, (listens.fileno(),))


def _start(
    command: list[str], environment: Mapping[str, str], inherited: tuple[int, ...] = ()
) -> Child:
    return subprocess.Popen(  # noqa: S603 - our own commands
        command,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
        pass_fds=inherited,
        preexec_fn=_ends_with(os.getpid()),
    )


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


def _watch(children: list[Child], town: Child | None) -> int:
    asked = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    for asking in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(asking) != signal.SIG_IGN:  # nohup: goes on without its terminal
            signal.signal(asking, stop)
    beside = [town] if town else []
    while not asked and all(child.poll() is None for child in children):
        if beside and beside[0].poll() is not None:
            print(TOWN_ENDED, file=sys.stderr)
            beside = []
        time.sleep(0.2)
    ended = [child.poll() for child in children if child.poll() is not None]
    _end([*children, *beside])
    if asked:
        return 0
    print("Webben eller hämtningen slutade av sig själv; båda är stoppade.", file=sys.stderr)
    return ended[0] or 1


def _end(children: list[Child]) -> None:
    """End these, whoever of them is left."""
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
