"""What calls cost: written down once, summed over the platform's own days, looked ahead."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.channels.base import Budget, Meter, TryLater
from app.collecting.ledger import counted, period_of, spent_by, use_of, write_down
from app.database import db
from app.models import Spending
from tests.conftest import MONDAY
from tests.factories import an_account

MONTH = Budget("usd", "month", "UTC", ceiling="monthly_ceiling")
PACIFIC_DAY = Budget("units", "day", "America/Los_Angeles", shared=True)
TODAY = MONDAY.date()


def a_meter(*spends):
    meter = Meter()
    for operation, count, amount, day in spends:
        meter.spend(operation, count, amount, day)
    return meter


def rows():
    return [
        (row.operation, row.count, round(row.amount, 6))
        for row in db.session.scalars(
            select(Spending).order_by(Spending.operation).execution_options(populate_existing=True)
        )
    ]


def test_what_is_spent_is_added_up_by_day_and_operation(app):
    """Two calls of one kind on one day are one row with their sum, whoever wrote first."""
    account = an_account("x", now=MONDAY).account
    for _call in range(3):
        write_down(account.id, a_meter(("post_read", 2, 0.01, TODAY), ("post", 1, 0.015, TODAY)))
    assert rows() == [("post", 3, 0.045), ("post_read", 6, 0.03)]
    assert spent_by(account, MONTH, now=MONDAY) == pytest.approx(0.075)


def test_a_call_that_fails_has_cost_all_the_same(app):
    """What was taken down before an error is in the ledger after it, and only once."""
    account = an_account("x", now=MONDAY).account
    meter = Meter()

    def call():
        with counted(account.id, meter):
            meter.spend("post_read", 1, 0.005, TODAY)
            raise TryLater("down")

    with pytest.raises(TryLater):
        call()
    with counted(account.id, meter):
        pass
    assert rows() == [("post_read", 1, 0.005)]
    assert meter.amount == 0.005


def test_a_month_counts_only_its_own_days(app):
    """What was spent in the month before, or by another account, is not in this month's sum."""
    mine, other = (an_account("x", now=MONDAY).account for _ in range(2))
    write_down(mine.id, a_meter(("post_read", 1, 1.0, date(2026, 10, 31))))
    write_down(mine.id, a_meter(("post_read", 1, 2.0, date(2026, 11, 1))))
    write_down(other.id, a_meter(("post_read", 1, 4.0, TODAY)))
    assert spent_by(mine, MONTH, now=MONDAY) == 2.0


def test_a_shared_budget_counts_all_accounts_of_the_channel(app):
    """Two channels on YouTube use the same units; an account on X does not."""
    mine, other = (an_account("youtube", now=MONDAY).account for _ in range(2))
    elsewhere = an_account("x", now=MONDAY).account
    today = MONDAY.astimezone(ZoneInfo("America/Los_Angeles")).date()
    for account, units in ((mine, 1.0), (other, 50.0), (elsewhere, 9.0)):
        write_down(account.id, a_meter(("any", 1, units, today)))
    assert spent_by(mine, PACIFIC_DAY, now=MONDAY) == 51.0


def test_the_forecast_goes_on_at_the_pace_so_far(app):
    """Half-way through November 10 dollars look like 20 at its end; a first hour tells no tales."""
    account = an_account("x", now=MONDAY, settings={"monthly_ceiling": "25,50"}).account
    write_down(account.id, a_meter(("post_read", 1, 10.0, date(2026, 11, 1))))
    use = use_of(account, {}, now=datetime(2026, 11, 16, tzinfo=UTC))
    assert use is not None
    assert (use.spent, use.forecast, use.ceiling) == (10.0, pytest.approx(20.0), 25.5)
    early = use_of(account, {}, now=datetime(2026, 11, 1, 1, tzinfo=UTC))
    assert early is not None
    assert early.forecast == pytest.approx(200.0)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)))
@pytest.mark.parametrize("budget", [MONTH, PACIFIC_DAY], ids=["month", "day"])
def test_every_moment_lies_in_its_period(budget, moment):
    """The running period holds the moment's own day, and between 0 and 1 of it has passed."""
    now = moment.replace(tzinfo=UTC)
    period = period_of(budget, now=now)
    assert period.first <= now.astimezone(ZoneInfo(budget.zone)).date() <= period.last
    assert 0 <= period.passed < 1
    later = period_of(budget, now=now + timedelta(minutes=1))
    assert (later.first, later.passed) > (period.first, period.passed)


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_a_day_when_the_pacific_clock_shifts_begins_at_its_own_midnight(day):
    """A day of 23 or of 25 hours is one period, from one Pacific midnight to the next."""
    begins = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/Los_Angeles"))
    first = period_of(PACIFIC_DAY, now=begins.astimezone(UTC))
    last = period_of(PACIFIC_DAY, now=begins.astimezone(UTC) + timedelta(hours=22, minutes=59))
    assert (first.first, first.passed) == (day, 0.0)
    assert last.first == day
