"""How routing went week by week: counted at night from the same definitions as the page Koppling.

Read from a file in DATA_DIR, so that no page goes through the suggestions of a year.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from app.basics.clock import STOCKHOLM, to_local, utc
from app.models import Staff
from app.models.staff import Role
from app.reports.periods import Days
from app.reports.routing import decided_cases, quality

WEEKS = 105
"""Whole weeks back, besides the one that runs: two years."""


@dataclass(frozen=True, slots=True)
class RoutingWeek:
    """One ISO week by its Monday: of its decided cases, how many were right at first or unsure."""

    monday: date
    right: int
    right_of: int
    unsure: int
    decided: int


def _path(config: Mapping[str, Any]) -> Path:
    return Path(config["DATA_DIR"]) / "routing-weeks.json"


def keep_routing_weeks(config: Mapping[str, Any], *, now: datetime) -> None:
    """Count the weeks anew and keep them; a reader never meets half a file."""
    everybody = Staff(name="", login="", role=Role.ADMINISTRATOR, active=True)
    found = quality(everybody, now=now, threshold=config["ROUTING_THRESHOLD"], weeks=WEEKS)
    rows = [
        [
            to_local(week.monday).date().isoformat(),
            week.right.part, week.right.whole, week.unsure.part, week.unsure.whole,
        ]
        for week in found.weeks
    ]  # fmt: skip
    path = _path(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(rows), encoding="utf-8")
    fresh.replace(path)


def routing_weeks(config: Mapping[str, Any], days: Days) -> list[RoutingWeek]:
    """The weeks that begin within these days, as last counted; none when they never were."""
    try:
        rows = json.loads(_path(config).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    weeks = [RoutingWeek(date.fromisoformat(row[0]), *row[1:]) for row in rows]
    return [week for week in weeks if days.first <= week.monday <= days.last and week.decided]


def routed_behind(
    what: str, days: Days, viewer: Staff, *, threshold: float, most: int
) -> list[int]:
    """The cases behind the weeks that begin within these days, as they stand now.

    `what`: "routed_sure", the decided cases that the system placed itself, or "routed_unsure",
    those that it left to a person. As far as the person may see them; the figure is of last night.
    """
    first = days.first + timedelta(days=-days.first.weekday() % 7)
    after = days.last + timedelta(days=7 - days.last.weekday())
    since, before = (utc(datetime.combine(day, time(), STOCKHOLM)) for day in (first, after))
    sure = what == "routed_sure"
    return decided_cases(since, before, viewer, sure=sure, threshold=threshold, most=most)
