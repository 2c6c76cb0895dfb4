"""When to look again: the bounds that hold for any history."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.basics.working_time import OpeningHours
from app.collecting.next_look import Activity, next_look

FLOOR, CEILING = timedelta(seconds=60), timedelta(minutes=15)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HISTORY = st.builds(
    Activity,
    last_hour=st.integers(0, 500),
    last_day=st.integers(0, 5000),
    newest_post_age=st.none() | st.timedeltas(timedelta(), timedelta(days=400)),
    quiet_looks=st.integers(0, 1000),
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


def look(**changes):
    told = {
        "now": NOW, "history": Activity(), "floor": FLOOR, "ceiling": CEILING,
        "hours": OpeningHours(), "asked_to_wait_until": None, "failures": 0, "jitter": 0.5,
    }  # fmt: skip
    return next_look(**{**told, **changes})


@given(HISTORY, MOMENTS)
def test_a_look_lies_between_floor_and_ceiling(history, now):
    """Never sooner than the floor, never later than the ceiling."""
    assert FLOOR <= look(history=history, now=now) - now <= CEILING


def test_a_burst_makes_it_faster():
    """Ten new messages in the hour bring the next look to the floor's neighbourhood."""
    assert look(history=Activity(last_hour=10)) < look(history=Activity(last_hour=0))
    assert look(history=Activity(last_hour=20)) - NOW == FLOOR


@given(st.integers(0, 30), st.floats(0, 0.99))
def test_failures_wait_longer_and_longer_up_to_an_hour(failures, jitter):
    """With the same jitter one failure more never means an earlier look."""
    one = look(failures=failures, jitter=jitter) if failures else NOW + FLOOR
    more = look(failures=failures + 1, jitter=jitter)
    assert NOW < one <= more + timedelta(0) or failures == 0
    assert more - NOW <= timedelta(hours=1)


@given(HISTORY, st.timedeltas(timedelta(), timedelta(days=3)), st.integers(0, 5))
def test_a_wish_to_wait_is_honoured_up_to_a_day(history, wish, failures):
    """Never before the platform asked, also above the ceiling, for at most a day."""
    at = look(history=history, asked_to_wait_until=NOW + wish, failures=failures)
    assert at - NOW >= min(wish, timedelta(hours=24))


@given(HISTORY, MOMENTS)
def test_outside_hours_it_is_slower_but_there_at_the_opening(history, now):
    """By night no faster than by day, and never much later than the opening."""
    always = OpeningHours(week=((),) * 7)
    assert look(history=history, now=now) >= now + FLOOR
    assert look(history=history, now=now, hours=always) - now <= CEILING
