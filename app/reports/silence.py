"""Whether a source is quieter than it usually is at this weekday and hour: pure maths.

What a source has brought in the past weeks gives the number of messages to expect in every hour
of the week. The expected number over the hours since the last one is the mean of a Poisson
distribution, and its chance of none at all is e to the minus that mean: below one in a hundred the
silence is unusual. A source that is not known for three weeks is never called quiet.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.basics.clock import to_local

LOOKS_BACK = timedelta(weeks=8)
KNOWN_FOR = timedelta(weeks=3)
UNUSUAL = 4.6
"""The expected number of messages at which e**-n falls under one in a hundred."""
SHORTEST = timedelta(hours=2)


def is_unusually_quiet(heard: Sequence[datetime], *, now: datetime) -> bool:
    """Whether nothing has come for longer than chance explains.

    `heard`: when the messages of the last `LOOKS_BACK` were written (aware UTC, any order).
    """
    times = sorted(at for at in heard if now - LOOKS_BACK <= at <= now)
    if not times or times[0] > now - KNOWN_FOR or now - times[-1] < SHORTEST:
        return False
    weeks = (now - times[0]) / timedelta(weeks=1)
    usual = Counter(_hour_of_week(at) for at in times)
    expected, at = 0.0, times[-1]
    while at < now:
        step = min(timedelta(hours=1), now - at)
        expected += usual[_hour_of_week(at)] / weeks * (step / timedelta(hours=1))
        if expected >= UNUSUAL:
            return True
        at += step
    return False


def _hour_of_week(at: datetime) -> tuple[int, int]:
    local = to_local(at)
    return local.weekday(), local.hour
