"""The one table of what runs when, and the process that runs it (`flask work`)."""

import contextlib
import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.answers.deliver import Deliverer, deliver_due
from app.answers.earlier import remember_all
from app.basics import clock
from app.basics.logs import log
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import options_from
from app.inbox.digests import queue_digests
from app.inbox.letter_box import carry, mail_room
from app.inbox.letters import queue_letters
from app.routing.kept_model import router_in_use
from app.routing.learn import is_due
from config import ROOT

if TYPE_CHECKING:
    from flask import Flask


LONGEST_TRAINING = timedelta(minutes=30)
M_ARENA_MAX = -8  # mallopt(3)


@dataclass(frozen=True, slots=True)
class Job:
    """One row: its name, what it does, the setting that says when, how many at once.

    `every` names a setting in seconds; `daily` one that is a time of day in Stockholm.
    """

    name: str
    run: Callable[["Flask"], object]
    every: str = ""
    daily: str = ""
    at_once: int = 1

    def when(self, config: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the scheduler needs to know of when it runs; None when it never does."""
        if self.every:
            return {
                "trigger": "interval",
                "seconds": config[self.every],
                "next_run_time": clock.now(),
            }
        at = config[self.daily]
        return {"trigger": "cron", "hour": at.hour, "minute": at.minute} if at else None


def collect(app: "Flask") -> int:
    """Read the sources that are due; returns how many."""
    return collect_due(collector_of(app))


def deliver(app: "Flask") -> int:
    """Deliver the answers that are due; returns how many."""
    return deliver_due(Deliverer(options_from(app.config), clock.now))


def letters(app: "Flask") -> int:
    """Queue letters about waiting work and send those that are due; returns how many left."""
    room = mail_room(app.config)
    if room is None:
        return 0
    queue_letters(now=clock.now(), never_alone=room.never_alone)
    queue_digests(now=clock.now())
    return carry(room, clock.now)


def learn(app: "Flask") -> int:
    """Train on the day's corrections, in a process of its own that gives its memory back."""
    if not is_due(app.config):
        return 0
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "train", "--quiet"],
        cwd=ROOT,
        timeout=LONGEST_TRAINING.total_seconds(),
        check=True,
        stdin=subprocess.DEVNULL,
    ).returncode


def remember(app: "Flask") -> int:
    """Put answers that reached their case another way in the index of earlier answers."""
    return remember_all()


JOBS = (
    Job("collect", collect, every="COLLECT_EVERY", at_once=4),
    Job("deliver", deliver, every="DELIVER_EVERY", at_once=4),
    Job("letters", letters, every="MAIL_EVERY"),
    Job("learn", learn, daily="TRAIN_AT"),
    Job("remember", remember, daily="TRAIN_AT"),
)


def collector_of(app: "Flask") -> Collector:
    """A collector with the routing model behind it, loaded when first needed."""
    return Collector(
        options_from(app.config),
        clock.now,
        router=lambda: router_in_use(app.config),
        threshold=app.config["ROUTING_THRESHOLD"],
    )


def _run(app: "Flask", job: Job) -> None:
    """One run of a job; its trouble is logged and the next run comes as planned."""
    with app.app_context():
        try:
            job.run(app)
        except Exception:
            log().exception("job_failed", job=job.name)


def _share_memory() -> None:
    """Let the threads share two stores of memory (glibc): else each keeps what it once needed."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library has no such thing
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def work(app: "Flask") -> None:
    """Run every job at its pace until the process is asked to end; blocks.

    What is being read or delivered at that moment is finished first; whatever is cut off anyway
    is taken up again by lease.
    """
    import logging

    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.blocking import BlockingScheduler

    _share_memory()
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler: Any = BlockingScheduler(
        timezone=clock.STOCKHOLM,
        executors={"default": ThreadPoolExecutor(sum(job.at_once for job in JOBS))},
        job_defaults={"coalesce": True, "misfire_grace_time": 60},
    )
    for job in JOBS:
        when = job.when(app.config)
        if when is not None:
            scheduler.add_job(_run, args=[app, job], id=job.name, max_instances=job.at_once, **when)

    def stop(_signal: int, _frame: object) -> None:
        scheduler.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log().info("work_started", jobs=",".join(job.name for job in JOBS))
    scheduler.start()
    log().info("work_ended")
