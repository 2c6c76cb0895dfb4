"""The days of a report, and how its values are rounded and said."""

from datetime import date, timedelta

import pytest
from babel.support import NullTranslations
from hypothesis import given
from hypothesis import strategies as st

from app.reports.cells import Minutes, Share, points, said, span
from app.reports.charts import Chart, Pile, Point, heat, piles, share_line
from app.reports.periods import Against, BadPeriod, Days, Period, days_of, held_against

SATURDAY = date(2026, 11, 28)
SAY = NullTranslations()


def test_a_period_ends_today_and_begins_on_a_monday():
    """Week, four weeks, a quarter and a year hold so many weeks, the one that runs among them."""
    for period, weeks in ((Period.WEEK, 1), (Period.FOUR_WEEKS, 4), (Period.QUARTER, 13)):
        days = days_of(period, SATURDAY)
        assert (days.first.weekday(), days.last) == (0, SATURDAY)
        assert days.count == 7 * weeks - 1
    assert days_of(Period.YEAR, SATURDAY).first == date(2025, 12, 1)


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        ("", "", "not_days"),
        ("2026-11-31", "2026-12-01", "not_days"),
        ("2026-11-02", "2026-11-01", "backwards"),
        ("2026-12-01", "2026-12-02", "ahead"),
        ("2020-01-01", "2026-01-01", "long"),
    ],
)
def test_days_that_cannot_be_a_period_are_refused(first, last, why):
    """What is no date, turned round, ahead or too long says which of it it is."""
    with pytest.raises(BadPeriod) as refused:
        days_of(Period.OWN, SATURDAY, first, last)
    assert refused.value.why == why


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 730), st.sampled_from(Against))
def test_what_is_held_against_has_the_same_weekdays_and_lies_wholly_before(first, more, how):
    """As many days, beginning on the same weekday, ending before the period begins."""
    days = Days(first, first + timedelta(days=more))
    before = held_against(days, how)
    assert before.count == days.count
    assert before.first.weekday() == first.weekday()
    assert before.last < first


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_rounded_to_the_nearest_tenth(part, whole):
    """The tenths of a percent are never further off than half a tenth."""
    part = min(part, whole)
    tenths = Share(part, whole, fewest=1).tenths
    assert tenths is not None
    assert abs(2000 * part - 2 * whole * tenths) <= whole


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Share(9, 9), "för få (under 10): 9 av 9"),
        (Share(0, 0), "inga"),
        (Share(1231, 1460), "84,3 % (1 231 av 1 460)"),
        (Share(10, 10), "100,0 % (10 av 10)"),
        (Minutes(160, 9), "för få (under 10)"),
        (Minutes(160, 10), "2 t 40 min"),
        (Minutes(None, 0), "för få (under 10)"),
        (Minutes(160, 19, 20), "för få (under 20)"),
    ],
)
def test_a_value_of_too_few_is_never_told(value, told):
    """Under ten there is neither share nor median, under twenty no ninth tenth; counts stand."""
    assert said(value, SAY).replace("\u202f", " ").replace("\u00a0", " ") == told


def test_times_and_changes_lose_nothing():
    """Minutes are exact, however many; a change has its sign."""
    assert [span(n, SAY).replace("\u00a0", " ") for n in (0, 59, 60, 6245)] == [
        "0 min", "59 min", "1 t", "104 t 5 min",
    ]  # fmt: skip
    assert [points(n, SAY) for n in (31, -4, 0)] == ["+3,1", "−0,4", "±0,0"]


def test_a_line_breaks_where_a_week_is_not_told():
    """Weeks of too few have no point, and the line does not run past them."""
    weeks = [Point("1", 800, ""), Point("2", None, ""), Point("3", 700, ""), Point("4", 900, "")]
    chart = share_line(Chart("a", "t", "d", 200.0), weeks, goal=750, goal_said="Mål", running=True)
    lines = [mark for mark in chart.marks if getattr(mark, "look", "") == "line"]
    looks = [
        m.look for m in chart.marks if getattr(m, "look", "") in ("reached", "below", "running")
    ]
    assert [len(set(line.points)) for line in lines] == [1, 2]
    assert looks == ["reached", "below", "running"]


@given(st.lists(st.lists(st.integers(0, 10**6), min_size=4, max_size=4), max_size=60))
def test_every_mark_lies_on_its_drawing(counts):
    """Whatever the counts, nothing is drawn outside."""
    bars = [Pile(str(n), tuple(parts)) for n, parts in enumerate(counts)]
    drawn = [piles(Chart("a", "t", "d", 210.0), bars, series=["a", "b", "c", "d"])]
    drawn.append(
        heat(
            Chart("b", "t", "d", 236.0), "abcd", [(str(n), row) for n, row in enumerate(counts[:7])]
        )
    )
    for chart in drawn:
        for mark in chart.marks:
            if hasattr(mark, "height"):
                assert 0 <= mark.x <= mark.x + mark.width <= 640
                assert -0.1 <= mark.y <= mark.y + mark.height <= chart.height
