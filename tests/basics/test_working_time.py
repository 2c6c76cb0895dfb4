"""Opening hours: the test values of the calendar, and what must hold for any moment."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.basics.clock import STOCKHOLM
from app.basics.working_time import (
    DAYS,
    SHORT_DAYS,
    Calendar,
    NeverOpen,
    OpeningHours,
    add_open_time,
    before_open_time,
    easter,
    is_open,
    next_opening,
    one_working_day_limit,
    open_intervals,
    open_time_between,
    short_day,
    working_days_limit,
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


WEEK = {day: [["08:00", "16:30"]] for day in DAYS[:5]}
LUNCH = {day: [["08:00", "12:00"], ["13:00", "16:30"]] for day in DAYS[:5]}
MANY = OpeningHours.from_dict(
    LUNCH
    | {"short": dict.fromkeys(SHORT_DAYS, "12:00"), "squeeze": "closed", "2026-12-23": [],
       "sat": [["01:30", "04:00"]], "sun": [["01:30", "04:00"]],
       "summer": {"from": "06-15", "to": "08-15", **{d: [["08:00", "15:00"]] for d in DAYS[:5]}}}
)  # fmt: skip
"""Lunch closing, short and squeeze days, a summer, and nights over the hours that shifts take."""
VERSIONS = Calendar(
    [(date.min, 0, OFFICE), (date(2026, 7, 1), 1, OpeningHours.from_dict(LUNCH)),
     (date(2027, 3, 28), 2, MANY)]
)  # fmt: skip
ANY_HOURS = st.sampled_from((OFFICE, MANY, VERSIONS))


@given(MOMENTS, MOMENTS, MOMENTS, ANY_HOURS)
def test_open_time_adds_up_whatever_the_hours(first, second, third, hours):
    """With versions, lunch, summer and nights over the shifts, two spans are still their sum."""
    a, b, c = sorted((first, second, third))
    whole = open_time_between(a, c, hours)
    assert whole == open_time_between(a, b, hours) + open_time_between(b, c, hours)
    assert timedelta() <= whole <= c - a


@given(MOMENTS, st.timedeltas(timedelta(minutes=1), timedelta(hours=60)), ANY_HOURS)
def test_time_added_and_taken_away_meet(moment, span, hours):
    """Added open time is counted back in full, and looking back finds where it began."""
    due = add_open_time(moment, span, hours)
    assert open_time_between(moment, due, hours) == span
    began = before_open_time(due, span, hours)
    assert open_time_between(began, due, hours) == span
    assert began >= moment
    assert open_time_between(moment, began, hours) == timedelta()


@given(MOMENTS, st.integers(1, 6), ANY_HOURS)
def test_each_working_day_more_is_due_one_open_day_later(moment, days, hours):
    """Limits grow with the days, each at the last closing of the next open day."""
    first = working_days_limit(moment, days, hours)
    later = working_days_limit(moment, days + 1, hours)
    assert moment < first < later
    day = first.astimezone(STOCKHOLM).date()
    assert hours.intervals(day)[-1][1] == first
    between = (day + timedelta(days=n) for n in range(1, (later - first).days + 2))
    assert next(hours.intervals(one)[-1][1] for one in between if hours.intervals(one)) == later


@given(MOMENTS)
def test_a_day_is_measured_with_the_version_of_its_day(moment):
    """A calendar with versions has each day's hours from the version that was valid on it."""
    day = moment.astimezone(STOCKHOLM).date()
    version = OFFICE if day < date(2026, 7, 1) else MANY
    if date(2026, 7, 1) <= day < date(2027, 3, 28):
        version = OpeningHours.from_dict(LUNCH)
    assert VERSIONS.intervals(day) == open_intervals(day, version)


@pytest.mark.parametrize(
    ("day", "minutes"),
    [(date(2026, 3, 29), 90), (date(2026, 10, 25), 210), (date(2026, 10, 24), 150)],
)
def test_nights_over_the_clock_shifts_have_their_real_length(day, minutes):
    """From half past one to four it is an hour and a half in spring, three and a half in autumn."""
    start, end = local(day.year, day.month, day.day), local(day.year, day.month, day.day, 12)
    assert open_time_between(start, end, MANY) == timedelta(minutes=minutes)


def test_easter_and_the_days_that_hang_on_it():
    """Easter is the holidays package's, and short days are those that the almanac says."""
    import holidays

    for year in range(2020, 2041):
        names = holidays.country_holidays("SE", years=year, language="en_US")
        assert names.get(easter(year)) == "Easter Sunday"
    wanted = {"trettondagsafton": date(2027, 1, 5), "skartorsdagen": date(2027, 3, 25),
              "valborgsmassoafton": date(2027, 4, 30), "fore_kristi": date(2027, 5, 5),
              "fore_allhelgona": date(2027, 11, 5)}  # fmt: skip
    assert {name: short_day(name, 2027) for name in SHORT_DAYS} == wanted
    assert short_day("fore_allhelgona", 2026) == date(2026, 10, 30)


MORNING, WHOLE = ((time(8), time(12)),), ((time(8), time(12)), (time(13), time(16, 30)))
WORKED = OpeningHours.from_dict(LUNCH | MANY.to_dict() | {"sat": [], "sun": []})


@pytest.mark.parametrize(
    ("day", "spans"),
    [(date(2026, 5, 15), ()),  # the Friday after Ascension: squeezed
     (date(2026, 5, 13), MORNING),  # the day before Ascension: short
     (date(2026, 1, 5), ()),  # between a Sunday and Epiphany: squeezed, although short as well
     (date(2026, 4, 2), MORNING), (date(2026, 4, 7), WHOLE),  # before Easter, and after
     (date(2027, 6, 14), WHOLE), (date(2027, 6, 15), ((time(8), time(15)),)),
     (date(2026, 12, 23), ()), (date(2026, 12, 28), WHOLE), (date(2026, 5, 25), WHOLE)],
)  # fmt: skip
def test_days_that_differ(day, spans):
    """Squeeze days, short days, the summer's first day and own days have the hours they were given."""
    assert WORKED.spans(day) == spans


@pytest.mark.parametrize(
    "told",
    [{"summer": {"from": "06-15"}}, {"summer": {"from": "08-15", "to": "06-15"}},
     {"short": {"jul": "12:00"}}, {"short": {"skartorsdagen": "lunch"}}, {"squeeze": "kanske"}],
)  # fmt: skip
def test_impossible_additions_are_refused(told):
    """A summer without its end, unknown days and what is no hour are told in words."""
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        OpeningHours.from_dict(WEEK | told)


def test_all_of_it_is_written_as_it_is_read():
    """Summer, short and squeeze days survive being written down."""
    assert OpeningHours.from_dict(MANY.to_dict()) == MANY


def test_week_53_belongs_to_the_year_before():
    """2026 has a week 53: its Monday is 28 December, and 1 January 2027 lies in it."""
    from app.reports.summing import first_of

    assert first_of("week", date(2027, 1, 1)) == date(2026, 12, 28)
    assert date(2026, 12, 28).isocalendar()[:2] == (2026, 53)
