"""Opening hours: the test values of the calendar, and what must hold for any moment."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.basics.clock import STOCKHOLM
from app.basics.working_time import (
    NeverOpen,
    OpeningHours,
    add_open_time,
    is_open,
    next_opening,
    one_working_day_limit,
    open_intervals,
    open_time_between,
)

OFFICE = OpeningHours()
MOMENTS = st.datetimes(
    datetime(2025, 12, 20), datetime(2028, 1, 15), timezones=st.just(UTC)
)  # over two new years, four clock shifts, Easter on one of them, a year with week 53


def local(*parts):
    return datetime(*parts, tzinfo=STOCKHOLM).astimezone(UTC)


@pytest.mark.parametrize(("year", "days"), [(2026, 251), (2027, 253), (2028, 251)])
def test_working_days_of_a_year(year, days):
    """A year has as many working days as the calendar says."""
    every = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    assert sum(bool(open_intervals(day, OFFICE)) for day in every if day.year == year) == days


@pytest.mark.parametrize(
    "day",
    [date(2026, 4, 3), date(2026, 5, 14), date(2026, 6, 19), date(2026, 12, 24), date(2026, 12, 31),
     date(2027, 3, 26), date(2027, 5, 6), date(2027, 6, 25), date(2028, 4, 14), date(2028, 6, 23)],
)  # fmt: skip
def test_closed_days(day):
    """Red days, and the eves on which a municipality is closed, have no opening hours."""
    assert open_intervals(day, OFFICE) == ()


def test_whit_monday_is_a_working_day():
    """Whit Monday has been an ordinary day since 2005."""
    assert open_intervals(date(2026, 5, 25), OFFICE)


def test_one_working_day_over_easter():
    """What comes on Maundy Thursday at three has until Tuesday at half past four."""
    assert one_working_day_limit(local(2026, 4, 2, 15, 0), OFFICE) == local(2026, 4, 7, 16, 30)


def test_what_comes_on_a_saturday_counts_from_monday():
    """Outside opening hours the clock begins at the next opening."""
    assert one_working_day_limit(local(2026, 11, 21, 12, 0), OFFICE) == local(2026, 11, 24, 16, 30)


@given(MOMENTS, MOMENTS, MOMENTS)
def test_open_time_adds_up(first, second, third):
    """The open time over two spans is the sum of theirs."""
    a, b, c = sorted((first, second, third))
    whole = open_time_between(a, c, OFFICE)
    assert whole == open_time_between(a, b, OFFICE) + open_time_between(b, c, OFFICE)
    assert timedelta() <= whole <= c - a


@given(MOMENTS)
def test_the_clock_never_runs_while_closed(moment):
    """Between a closed moment and the next opening no open time passes."""
    opens = next_opening(moment, OFFICE)
    assert is_open(opens, OFFICE)
    assert open_time_between(moment, opens, OFFICE) == timedelta()


@given(MOMENTS, st.timedeltas(timedelta(minutes=1), timedelta(hours=60)))
def test_adding_open_time_is_the_inverse_of_counting_it(moment, span):
    """After adding a span, exactly that much open time has passed."""
    assert open_time_between(moment, add_open_time(moment, span, OFFICE), OFFICE) == span


@given(MOMENTS)
def test_a_limit_lies_on_another_day_at_closing_time(moment):
    """The limit is a later local day's closing."""
    limit = one_working_day_limit(moment, OFFICE)
    here = limit.astimezone(STOCKHOLM)
    assert (here.hour, here.minute) == (16, 30)
    assert here.date() > moment.astimezone(STOCKHOLM).date()


def test_hours_are_read_and_written_alike():
    """Several spans a day and days that differ survive being written down."""
    told = {"mon": [["08:00", "12:00"], ["13:00", "16:30"]], "2026-12-23": [["08:00", "12:00"]]}
    hours = OpeningHours.from_dict(told)
    assert OpeningHours.from_dict(hours.to_dict()) == hours
    assert open_time_between(local(2026, 11, 23, 0), local(2026, 11, 24, 0), hours) == timedelta(
        hours=7, minutes=30
    )


@pytest.mark.parametrize(
    "told",
    [{"mon": [["16:00", "08:00"]]}, {"monday": []}, {"mon": [["08:00", "12:00"], ["11:00", "13:00"]]},
     {"mon": [["8 o'clock", "9"]]}],
)  # fmt: skip
def test_impossible_hours_are_refused(told):
    """Closing before opening, overlaps and unknown days are told in words."""
    with pytest.raises(ValueError, match=r"\w"):
        OpeningHours.from_dict(told)


def test_hours_that_never_open_are_told():
    """Hours without any opening do not search for ever."""
    with pytest.raises(NeverOpen):
        next_opening(local(2026, 1, 1), OpeningHours(week=((),) * 7))
