"""YouTube's daily units: when the day begins, how many reading may use, and when to slow down.

The day is the Pacific coast's (https://developers.google.com/youtube/v3/determine_quota_cost):
it begins at 09:00 in Sweden, and at 08:00 in the weeks when only one of the two has shifted.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.channels.base import Budget, BudgetSpent, Connection

BUDGET = Budget("units", "day", "America/Los_Angeles", shared=True, ceiling="YOUTUBE_DAILY_UNITS")
PACIFIC = ZoneInfo(BUDGET.zone)

DAILY, RESERVED = 10_000, 2_000
"""What holds when the installation says nothing."""
NO_SOONER = timedelta(minutes=5)
SLOW_FROM = 0.6
LOOK_LEAST, LOOK_MOST = 6.0, 50.0
"""Units that one more look is reckoned to cost, whatever this one did: a first reading is rare."""


def day_of(now: datetime) -> date:
    """The day that a request at this moment is counted on."""
    return now.astimezone(PACIFIC).date()


def next_midnight(now: datetime) -> datetime:
    """When the units begin anew (aware UTC). Clocks shift at two, so midnight is always one."""
    tomorrow = day_of(now) + timedelta(days=1)
    begins = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=PACIFIC)
    return begins.astimezone(UTC)


def for_reading(connection: Connection) -> int:
    """How many units a day reading may use: all but those kept for answers and moderation."""
    daily = _number(connection, "YOUTUBE_DAILY_UNITS", DAILY)
    return max(daily - _number(connection, "YOUTUBE_RESERVED_UNITS", RESERVED), 0)


def must_be_left(connection: Connection, now: datetime) -> None:
    """Raise `BudgetSpent` until the next day when reading has used what it may."""
    if connection.spent >= for_reading(connection):
        raise BudgetSpent("what reading may use is used up", until=next_midnight(now))


def next_wish(
    connection: Connection, now: datetime
) -> tuple[datetime, tuple[tuple[str, str], ...]]:
    """When to look again at the earliest, and the notice that says why when it is late.

    From 60 % on, a look waits for as large a part of what remains of the day as it takes of the
    units that remain: so they come close to their end at midnight, and never sooner.
    """
    soonest = now + NO_SOONER
    most = for_reading(connection)
    left = most - connection.spent
    if left > 0 and connection.spent < SLOW_FROM * most:
        return soonest, ()
    midnight = next_midnight(now)
    look = min(max(connection.meter.amount, LOOK_LEAST), LOOK_MOST)
    wait = (midnight - now) * min(look / left, 1.0) if left > 0 else midnight - now
    part = 100 * connection.spent / most if most else 100.0
    return max(soonest, now + wait), (("slowed", f"{part:.0f} %"),)


def _number(connection: Connection, name: str, default: int) -> int:
    said = connection.installation.get(name, "").strip()
    return int(said) if said.isascii() and said.isdigit() else default
