"""When to look again: the bounds that hold for any history."""

from datetime import UTC, datetime, timedelta

import pytest
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


SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("hour", "day", "seconds"),
    [(0, 0, 900), (1, 0, 180), (3, 0, 900 / 13), (0, 8, 300), (0, 16, 180), (1, 40, 900 / 11)],
)
def test_the_pace_follows_how_much_was_said(hour, day, seconds):
    """One word in the hour: every 3 minutes. Eight in the day: every 5. The livelier of both counts."""
    at = look(history=Activity(last_hour=hour, last_day=day))
    assert at - NOW == pytest.approx(seconds * SECOND, abs=SECOND / 1000)


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(None, 180), (DAY, 180), (3 * DAY, 360), (13 * DAY, 360), (15 * DAY, 720)],
)
def test_an_old_post_is_looked_at_less_often(age, seconds):
    """With a newest post of three days every second look is left out, of fifteen days three of four."""
    assert look(history=Activity(last_day=16, newest_post_age=age)) - NOW == seconds * SECOND


def test_an_old_post_that_comes_alive_is_looked_at_like_a_new_one():
    """Words in the last hour count more than the post's age."""
    assert look(history=Activity(last_hour=1, newest_post_age=15 * DAY)) - NOW == 180 * SECOND


@pytest.mark.parametrize(("looks", "seconds"), [(0, 180), (1, 225), (2, 281.25), (50, 900)])
def test_quiet_looks_make_it_slower(looks, seconds):
    """Each look that brought nothing lengthens the wait by a quarter of itself, up to the ceiling."""
    assert look(history=Activity(last_day=16, quiet_looks=looks)) - NOW == seconds * SECOND


def test_outside_opening_hours_it_is_half_as_often():
    """The same source is looked at every 3 minutes when it is open and every 6 when it is not."""
    lively = Activity(last_day=16)
    night, sunday = NOW + timedelta(hours=12), NOW - DAY
    assert look(history=lively) - NOW == 180 * SECOND
    assert look(history=lively, now=night) - night == 360 * SECOND
    assert look(history=lively, now=sunday) - sunday == 360 * SECOND
    assert look(history=lively, now=night, hours=None) - night == 180 * SECOND


def test_at_the_opening_somebody_has_looked():
    """What was said by night is here one floor after the office opens, however quiet it has been."""
    before_eight = datetime(2026, 11, 23, 6, 55, tzinfo=UTC)  # five to eight in Stockholm
    at = look(history=Activity(quiet_looks=50), now=before_eight)
    assert at == datetime(2026, 11, 23, 7, 0, tzinfo=UTC) + FLOOR
