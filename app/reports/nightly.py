"""What reports rest on that is counted once a night, so that no page goes through all messages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.reports.routing_weeks import keep_routing_weeks
from app.reports.subjects import count_subjects, subjects_path


def count_at_night(config: Mapping[str, Any], *, now: datetime) -> int:
    """Count subjects and weeks of routing at `now` (aware UTC); returns how many messages were
    read for it."""
    keep_routing_weeks(config, now=now)
    return count_subjects(subjects_path(config), now=now)
