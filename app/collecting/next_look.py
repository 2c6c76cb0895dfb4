"""When to look at a source again: pure maths.

The pace begins at the ceiling and is shortened by life: with n new messages in the last hour it is
ceiling / (1 + 4n), with n in the last day ceiling / (1 + n / 4), whichever is shorter. Each quiet
look in a row lengthens it by a quarter of itself, a newest post older than two days doubles it,
older than two weeks doubles it again. Outside opening hours it doubles, but the first look after
an opening comes at most one floor after it. The result lies between floor and ceiling.

A failure waits floor x 2^failures, spread by jitter over plus half of itself, at most one hour.
What the platform asks for is honoured even above the ceiling, for at most 24 hours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.basics.working_time import NeverOpen, OpeningHours, is_open, next_opening

LONGEST_FAILURE = timedelta(hours=1)
LONGEST_ASKED = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Activity:
    """How lively a source is: new messages lately, the newest post's age, quiet looks in a row."""

    last_hour: int = 0
    last_day: int = 0
    newest_post_age: timedelta | None = None
    quiet_looks: int = 0


def next_look(
    *,
    now: datetime,
    history: Activity,
    floor: timedelta,
    ceiling: timedelta,
    hours: OpeningHours | None,
    asked_to_wait_until: datetime | None,
    failures: int,
    jitter: float,
) -> datetime:
    """When to look again (aware UTC). `jitter` is a number from 0 up to 1."""
    if failures > 0:
        doubled: timedelta = floor * 2 ** min(failures, 20)
        wait = min(doubled * (1 + jitter / 2), LONGEST_FAILURE)
        at = now + max(wait, floor)
    else:
        at = _in_hours(now, _pace(history, floor, ceiling), floor, ceiling, hours)
    if asked_to_wait_until is not None:
        at = max(at, min(asked_to_wait_until, now + LONGEST_ASKED))
    return at


def _pace(history: Activity, floor: timedelta, ceiling: timedelta) -> timedelta:
    pace = ceiling / max(1 + 4 * history.last_hour, 1 + history.last_day / 4)
    pace *= 1.25 ** min(history.quiet_looks, 12)
    age = history.newest_post_age
    if age is not None and not history.last_hour:
        pace *= 4 if age > timedelta(days=14) else 2 if age > timedelta(days=2) else 1
    return min(max(pace, floor), ceiling)


def _in_hours(
    now: datetime,
    pace: timedelta,
    floor: timedelta,
    ceiling: timedelta,
    hours: OpeningHours | None,
) -> datetime:
    if hours is None or is_open(now, hours):
        return now + pace
    slow = now + min(pace * 2, ceiling)
    try:
        opens = next_opening(now, hours)
    except NeverOpen:
        return slow
    return max(min(slow, opens + floor), now + floor)
