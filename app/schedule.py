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
from app.collecting.approval import watch
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import options_from
from app.collecting.matomo import look
from app.inbox.calls import erase_numbers
from app.inbox.digests import queue_digests
from app.inbox.letter_box import carry, mail_room
from app.inbox.letters import queue_letters
from app.inbox.search_earlier import take_in_missing
from app.reports.monday import send_monday_letters
from app.reports.nightly import count_at_night
from app.reports.turns import keep_up
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


def earlier_texts(app: "Flask") -> int:
    """Put earlier texts of messages that search does not find yet in its index."""
    return take_in_missing()


def approvals(app: "Flask") -> int:
    """Say in time that approvals of accounts end; returns how many were told of."""
    return watch(now=clock.now())


def tally(app: "Flask") -> int:
    """Bring turns and tallies up to the ledger; returns how many cases it looked at."""
    return keep_up(now=clock.now())


def erase_call_numbers(app: "Flask") -> int:
    """Erase the numbers of calls that have been closed long enough; returns how many."""
    return erase_numbers(after=timedelta(days=app.config["CALL_NUMBER_DAYS"]), now=clock.now())


def website(app: "Flask") -> int:
    """Read the visits to the city's website; returns how many days were read."""
    return look(app.config, now=clock.now())


def figures(app: "Flask") -> int:
    """Count what the reports rest on: subjects, weeks of routing; returns how many were read."""
    return count_at_night(app.config, now=clock.now())


def monday(app: "Flask") -> int:
    """Send the managers last week's figures; returns how many letters left."""
    room = mail_room(app.config)
    return send_monday_letters(room, app.config, clock=clock.now) if room else 0


JOBS = (
    Job("figures", figures, daily="NIGHT_AT"),
    Job("monday", monday, every="MAIL_EVERY"),
    Job("collect", collect, every="COLLECT_EVERY", at_once=4),
    Job("deliver", deliver, every="DELIVER_EVERY", at_once=4),
    Job("letters", letters, every="MAIL_EVERY"),
    Job("tally", tally, every="TALLY_EVERY"),
    Job("approvals", approvals, every="MAIL_EVERY"),
    Job("erase_call_numbers", erase_call_numbers, daily="NIGHT_AT"),
    Job("website", website, daily="NIGHT_AT"),
    Job("learn", learn, daily="TRAIN_AT"),
    Job("remember", remember, daily="TRAIN_AT"),
    Job("earlier_texts", earlier_texts, daily="NIGHT_AT"),
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
