"""The one table of what runs when, and the process that runs it (`flask work`)."""

import contextlib
import ctypes
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.answers.deliver import Deliverer, deliver_due
from app.basics import clock
from app.basics.logs import log
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import options_from

if TYPE_CHECKING:
    from flask import Flask

    from classifiers.suggest import Router


M_ARENA_MAX = -8  # mallopt(3)


@dataclass(frozen=True, slots=True)
class Job:
    """One row: its name, what it does, the setting that says how often, how many at once."""

    name: str
    run: Callable[["Flask"], object]
    every: str
    at_once: int


def collect(app: "Flask") -> int:
    """Read the sources that are due; returns how many."""
    return collect_due(collector_of(app))


def deliver(app: "Flask") -> int:
    """Deliver the answers that are due; returns how many."""
    return deliver_due(Deliverer(options_from(app.config), clock.now))


JOBS = (
    Job("collect", collect, "COLLECT_EVERY", at_once=4),
    Job("deliver", deliver, "DELIVER_EVERY", at_once=4),
)


def collector_of(app: "Flask") -> Collector:
    """A collector with the routing model behind it, loaded when first needed."""
    return Collector(
        options_from(app.config),
        clock.now,
        router=lambda: router_at(app.config["MODEL_PATH"]),
        threshold=app.config["ROUTING_THRESHOLD"],
    )


@cache
def router_at(path: str) -> "Router":
    """The routing model in that file ('' for the one trained at set-up), loaded once a process."""
    from classifiers.suggest import load

    return load(Path(path)) if path else load()


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
        scheduler.add_job(
            _run,
            "interval",
            args=[app, job],
            id=job.name,
            seconds=app.config[job.every],
            max_instances=job.at_once,
            next_run_time=clock.now(),
        )

    def stop(_signal: int, _frame: object) -> None:
        scheduler.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log().info("work_started", jobs=",".join(job.name for job in JOBS))
    scheduler.start()
    log().info("work_ended")
