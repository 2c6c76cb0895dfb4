"""A single-threaded process that forks a collector or deliverer for each order, to be killed.

Reads JSON lines {"what", "environment", "now", "die_at"} and writes {"died", "steps"} for each.
The child is a real process with its own connections; at step number `die_at` it gets SIGKILL. A
step is every SQL statement and every commit on our database, and both sides of every call to the
channel (`parse` is left out: it is pure, and dying in it is dying between two statements). `die_at` 0:
it is left to end.
"""

import json
import os
import signal
import sys
from dataclasses import replace
from datetime import datetime
from functools import wraps

from sqlalchemy import event

from app import create_app
from app.answers.deliver import Deliverer, deliver_due
from app.channels import practice
from app.collecting.collect import collect_due
from app.collecting.connect import options_from
from app.database import db
from app.schedule import collector_of, router_at


class Steps:
    """Counts what happens and ends the process, without goodbye, at the step it is told."""

    def __init__(self, die_at: int) -> None:
        self.die_at, self.count = die_at, 0

    def __call__(self, *_anything: object, **_more: object) -> None:
        self.count += 1
        if self.count == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def child(order: dict, answer: int) -> None:
    """Do the order in this process, counting steps."""
    steps = Steps(order["die_at"])
    app = create_app(order["environment"])
    now = datetime.fromisoformat(order["now"])
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", steps)
        event.listen(db.engine, "commit", steps)
        for name in ("fetch", "send", "find_sent", "recheck"):
            setattr(practice.CHANNEL, name, counted(getattr(practice.CHANNEL, name), steps))
        if order["what"] == "collect":
            collect_due(replace(collector_of(app), clock=lambda: now), all_now=True)
        else:
            deliver_due(Deliverer(options_from(app.config), lambda: now))
    os.write(answer, str(steps.count).encode())


def counted(call, steps):
    """The channel's call with a step before and after it."""

    @wraps(call)
    def around(*args, **kwargs):
        steps()
        given = call(*args, **kwargs)
        steps()
        return given

    return around


def main() -> None:
    """Serve orders until the input ends."""
    router_at("")  # loaded once; the children share it
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        read, write = os.pipe()
        number = os.fork()
        if number == 0:
            code = 1
            try:
                child(order, write)
                code = 0
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
