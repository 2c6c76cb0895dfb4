"""A single-threaded process that forks a collector or deliverer for each order, to be killed.

Reads JSON lines {"what", "environment", "now", "die_at", "die_after"} and writes {"died", "steps"}
for each. The child is a real process with its own connections; at step number `die_at` it gets
SIGKILL. A step is every SQL statement and every commit on our database, both sides of every call to
a channel (`parse` is left out: it is pure, and dying in it is dying between two statements), and
both sides of every request that leaves for a platform. `die_at` 0: it is left to end.
"""

import json
import os
import signal
import sys
from dataclasses import replace
from datetime import datetime
from functools import wraps
from importlib import import_module
from pkgutil import iter_modules
from traceback import print_exc

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import configure_mappers

from app import create_app, web
from app.answers.deliver import Deliverer, deliver_due
from app.basics.working_time import holidays_of
from app.channels.base import all_channels
from app.channels.web_requests.connections import GuardedSession
from app.collecting.collect import collect_due
from app.collecting.connect import options_from
from app.database import db
from app.schedule import collector_of
from classifiers.suggest import load
from tests.made_once import share_what_is_compiled

SLOW_TO_IMPORT = (
    "cryptography.fernet",
    "feedparser",
    "inscriptis",
    "psycopg",
    "requests_oauthlib",
    "tweepy",
    "app.channels.x.session",
)


class Steps:
    """Counts what happens and ends the process, without goodbye, at the step it is told.

    `die_after`: or as soon as the channel has done this (`send`: the platform has the answer, and
    nobody here has written that down).
    """

    def __init__(self, die_at: int, die_after: str = "") -> None:
        self.die_at, self.die_after, self.count = die_at, die_after, 0

    def __call__(self, *_anything: object, **_more: object) -> None:
        self.count += 1
        if self.count == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def done(self, name: str) -> None:
        """The channel has done something."""
        if name == self.die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        self()


def child(order: dict, answer: int) -> None:
    """Do the order in this process, counting steps."""
    steps = Steps(order["die_at"], order["die_after"])
    app = create_app(order["environment"])
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", steps)
        event.listen(db.engine, "commit", steps)
        for channel in all_channels().values():
            for name in ("fetch", "send", "find_sent", "recheck"):
                setattr(channel, name, counted(getattr(channel, name), steps))
        GuardedSession.request = counted(GuardedSession.request, steps)
        carry_out(app, order)
    os.write(answer, str(steps.count).encode())


def carry_out(app: Flask, order: dict) -> None:
    """Collect or deliver, at the order's time."""
    now = datetime.fromisoformat(order["now"])
    if order["what"] == "collect":
        collect_due(replace(collector_of(app), clock=lambda: now), all_now=True)
    else:
        deliver_due(Deliverer(options_from(app.config), lambda: now))


def rehearse(order: dict, known: set[tuple[str, str]]) -> bool:
    """The first order of its kind that is to end in peace is carried out here; whether it was.

    So the statements have been compiled, and the children, who share this process's memory, need
    not do it each.
    """
    kind = (order["what"], order["environment"].get("DATABASE_URL", "").partition(":")[0])
    if order["die_at"] or order["die_after"] or kind in known:
        return False
    known.add(kind)
    app = create_app(order["environment"])
    with app.app_context():
        carry_out(app, order)
        db.session.remove()
        db.engine.dispose()
    return True


def counted(call, steps):
    """The channel's call with a step before and after it."""

    @wraps(call)
    def around(*args, **kwargs):
        steps()
        given = call(*args, **kwargs)
        steps.done(call.__name__)
        return given

    return around


def main() -> None:
    """Serve orders until the input ends."""
    load()  # once; the children share it, and what else is slow to import
    screens = [f"app.web.{module.name}" for module in iter_modules(web.__path__)]
    for name in (*SLOW_TO_IMPORT, *screens):
        import_module(name)
    all_channels()
    holidays_of(2026)
    configure_mappers()
    share_what_is_compiled(pytest.MonkeyPatch())
    rehearsed: set[tuple[str, str]] = set()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if rehearse(order, rehearsed):
            print(json.dumps({"died": False, "code": 0, "steps": 0}), flush=True)
            continue
        read, write = os.pipe()
        number = os.fork()
        if number == 0:
            code = 1
            try:
                child(order, write)
                code = 0
            except BaseException:
                print_exc()
            finally:
                os._exit(code)
        os.close(write)
        said = os.read(read, 20).decode()
        os.close(read)
        _pid, status = os.waitpid(number, 0)
        died = os.WIFSIGNALED(status)
        code = None if died else os.WEXITSTATUS(status)
        print(json.dumps({"died": died, "code": code, "steps": int(said or 0)}), flush=True)


if __name__ == "__main__":
    main()
