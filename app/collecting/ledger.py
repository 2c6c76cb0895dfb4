"""What the platforms' counting has cost: written down per day, summed per period, looked ahead."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from app.channels.base import Budget, Meter, channel_named
from app.database import db, insert_or_add, writing
from app.models import Account, Spending


@dataclass(frozen=True, slots=True)
class Period:
    """The days a budget runs over, and how much of that time has passed (0 to 1)."""

    first: date
    last: date
    passed: float


@dataclass(frozen=True, slots=True)
class Use:
    """What an account has used of its budget. `ceiling` None: none is set. In `budget.unit`."""

    budget: Budget
    spent: float
    forecast: float
    ceiling: float | None

    @property
    def share(self) -> float | None:
        """The part of the ceiling that is used; None without one."""
        return self.spent / self.ceiling if self.ceiling else None


def write_down(account_id: int, meter: Meter) -> None:
    """Move what a meter has taken down into the ledger, in a transaction of its own."""
    spends = meter.take()
    if not spends:
        return
    rows: dict[tuple[date, str], dict[str, object]] = {}
    for spend in spends:
        row = rows.setdefault(
            (spend.day, spend.operation),
            {
                "account_id": account_id,
                "day": spend.day,
                "operation": spend.operation,
                "count": 0,
                "amount": 0.0,
            },
        )
        row["count"] = int(str(row["count"])) + spend.count
        row["amount"] = float(str(row["amount"])) + spend.amount
    with writing():
        insert_or_add(
            Spending, list(rows.values()), ("account_id", "day", "operation"), ("count", "amount")
        )


@contextmanager
def counted(account_id: int, meter: Meter) -> Iterator[None]:
    """Write down what a call cost, however it ended."""
    try:
        yield
    finally:
        if meter.spends:
            db.session.rollback()
            write_down(account_id, meter)


def period_of(budget: Budget, *, now: datetime) -> Period:
    """The running period of a budget (`now` is aware UTC; days are the budget's own zone's)."""
    local = now.astimezone(ZoneInfo(budget.zone))
    today = local.date()
    if budget.period == "day":
        first = last = today
    else:
        first = today.replace(day=1)
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    zone = ZoneInfo(budget.zone)
    begins = datetime(first.year, first.month, first.day, tzinfo=zone).timestamp()
    after = last + timedelta(days=1)
    ends = datetime(after.year, after.month, after.day, tzinfo=zone).timestamp()
    return Period(first, last, (now.timestamp() - begins) / (ends - begins))


def spent_by(account: Account, budget: Budget | None, *, now: datetime) -> float:
    """What has been used in the running period: by the account, or by all of a shared budget's."""
    if budget is None:
        return 0.0
    period = period_of(budget, now=now)
    total = select(func.coalesce(func.sum(Spending.amount), 0.0)).where(
        Spending.day >= period.first, Spending.day <= period.last
    )
    if budget.shared:
        total = total.join(Account, Account.id == Spending.account_id).where(
            Account.channel == account.channel
        )
    else:
        total = total.where(Spending.account_id == account.id)
    return float(db.session.scalar(total) or 0.0)


def use_of(account: Account, installation: Mapping[str, str], *, now: datetime) -> Use | None:
    """How an account stands with its budget; None where nothing is counted.

    The forecast goes on at the pace so far, counted from at least a twentieth of the period.
    """
    try:
        budget = channel_named(account.channel).abilities.budget
    except KeyError:
        return None
    if budget is None:
        return None
    spent = spent_by(account, budget, now=now)
    passed = period_of(budget, now=now).passed
    said = account.settings.get(budget.ceiling) or installation.get(budget.ceiling) or ""
    return Use(budget, spent, spent / max(passed, 0.05), _number(str(said)))


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ".")) or None
    except ValueError:
        return None
