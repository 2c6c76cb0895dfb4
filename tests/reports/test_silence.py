"""When a silence is unusual: by weekday and hour, never by a fixed number of hours."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.reports.silence import KNOWN_FOR, LOOKS_BACK, is_unusually_quiet

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
"""A Monday afternoon, 15.00 in Stockholm."""
HOUR = timedelta(hours=1)


def office_hours(per_hour, *, weeks=8, until=NOW):
    """Messages on weekdays from 08 to 16 local time (07 to 15 UTC), `per_hour` in each hour."""
    found = []
    at = until - timedelta(weeks=weeks)
    while at < until:
        if at.weekday() < 5 and 7 <= at.hour < 15:
            found += [at + HOUR * n / per_hour for n in range(per_hour)]
        at += HOUR
    return [one for one in found if one < until]


def test_a_lively_source_that_falls_silent_on_a_monday_is_told():
    """Three an hour, and nothing for four of a Monday's hours: that is no chance."""
    heard = office_hours(3, until=NOW - 4 * HOUR)
    assert is_unusually_quiet(heard, now=NOW)


def test_a_night_and_a_weekend_are_no_silence():
    """From Friday afternoon to Monday morning nothing is expected, so nothing is missed."""
    heard = office_hours(3, until=datetime(2026, 11, 20, 15, 0, tzinfo=UTC))
    assert not is_unusually_quiet(heard, now=datetime(2026, 11, 23, 7, 30, tzinfo=UTC))


def test_a_source_that_seldom_speaks_may_be_silent_for_days():
    """One message a week: three days without is nothing."""
    heard = [NOW - timedelta(days=3) - timedelta(weeks=week) for week in range(8)]
    assert not is_unusually_quiet(heard, now=NOW)


def test_a_source_that_is_new_is_not_judged():
    """What has been known for less than three weeks has no habits yet."""
    heard = [NOW - timedelta(days=2) - HOUR * hour for hour in range(24 * 14)]
    assert not is_unusually_quiet(heard, now=NOW)
    assert not is_unusually_quiet([], now=NOW)


@given(
    st.lists(st.floats(min_value=0, max_value=LOOKS_BACK.total_seconds()), min_size=1, max_size=300)
)
def test_nothing_that_has_just_spoken_is_quiet(seconds):
    """Whatever its habits, a source that has spoken within the last two hours is not quiet."""
    heard = [NOW - timedelta(seconds=one) for one in seconds] + [NOW - HOUR]
    assert not is_unusually_quiet(heard, now=NOW)


@given(st.integers(min_value=1, max_value=400), st.integers(min_value=3, max_value=200))
def test_a_silence_once_unusual_stays_so_until_somebody_speaks(count, hours):
    """More silence never makes it less unusual."""
    gap = KNOWN_FOR / count
    heard = [NOW - gap * n for n in range(count + 2)]
    early, late = NOW + HOUR * hours, NOW + HOUR * (hours + 24)
    if is_unusually_quiet(heard, now=early) and min(heard) > late - LOOKS_BACK:
        assert is_unusually_quiet(heard, now=late)
