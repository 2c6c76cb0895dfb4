"""What X costs: counted when the answer is there, in US dollars, on the day in UTC.

X charges a read by what it gives and a write by the request; an empty answer costs nothing. Counted
are all posts of an answer, those come along included, and all users that came along. Where the app
belongs to the account itself, its own mentions and own posts are "owned reads": a lower price, and
their users cost nothing. The same thing is charged once a day (UTC), so a look that reads it again
on that day counts it once (`Paid`). A write that X turns away at the door (401, 402, 429) is free.
Whether users that come along are charged at all X does not say; counting them errs on the safe
side. Source: https://docs.x.com/x-api/getting-started/pricing
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.channels.base import BudgetSpent, Connection
from app.channels.x.dialect import Found

PRICES = {
    "post_read": 0.005,
    "owned_read": 0.001,
    "user_read": 0.010,
    "post": 0.015,
    "post_with_link": 0.200,
    "summoned_reply": 0.010,
    "delete": 0.010,
    "manage": 0.005,
}
CEILING = 25.0

SLOW_FROM = 0.7
ANSWERS_UNTIL = 1.2
"""Reading stops at the whole ceiling; answering goes on a while, for people have been promised."""
LEAST_PASSED = 0.05
"""A forecast counts at least this part of the month as passed, so that one day tells no tales."""
WAITS = ((0.95, timedelta(hours=4)), (0.85, timedelta(hours=1)), (0.0, timedelta(minutes=30)))
"""How long between two looks from each part of the ceiling, once reading is slowed."""

PAID_KEPT = 1000


@dataclass(slots=True)
class Paid:
    """What has been charged on one day (UTC), so that it is counted once: ids, users' with a u."""

    day: str = ""
    ids: list[str] = field(default_factory=list)

    def new(self, names: list[str], now: datetime) -> int:
        """How many of these have not been charged today; they have from now on."""
        today = now.astimezone(UTC).date().isoformat()
        if today != self.day:
            self.day, self.ids = today, []
        known = set(self.ids)
        fresh = [name for name in dict.fromkeys(names) if name not in known]
        self.ids = [*self.ids, *fresh][-PAID_KEPT:]
        return len(fresh)


class Money:
    """What the account has used of its month, and what it may still do. `now` is aware UTC."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        """The ceiling is the account's own; one that cannot be read is taken for the default."""
        self.connection, self.now = connection, now
        self.prices = prices_of(connection)
        self.ceiling = _ceiling(connection.settings.get("monthly_ceiling", ""))

    @property
    def share(self) -> float:
        """The part of the ceiling that is used."""
        return self.connection.spent / self.ceiling if self.ceiling > 0 else float("inf")

    @property
    def slowed(self) -> bool:
        """Whether to read less: most is used, or will be before the month is over."""
        passed = max(_passed(self.now), LEAST_PASSED)
        return self.share >= SLOW_FROM or self.connection.spent / passed > self.ceiling

    @property
    def wait(self) -> timedelta:
        """How long to the next look, once slowed."""
        return next(wait for start, wait in WAITS if self.share >= start)

    @property
    def percent(self) -> str:
        """How much is used, for the status page."""
        return f"{min(self.share, 9.99):.0%}".replace("%", " %")

    def must_leave_for_reading(self) -> None:
        """Raise `BudgetSpent` when the ceiling is reached."""
        if self.share >= 1:
            raise BudgetSpent("the month's ceiling is reached", until=next_month(self.now))

    def must_leave_for_answers(self) -> None:
        """Raise `BudgetSpent` when the ceiling is passed so far that answering stops too."""
        if self.share >= ANSWERS_UNTIL:
            raise BudgetSpent("the month's ceiling is passed", until=next_month(self.now))

    def read(self, found: Found, *, owned: bool, paid: Paid) -> None:
        """Count what an answer holds."""
        posts = [post["id"] for post in found.posts] + list(found.others)
        self._spend("owned_read" if owned else "post_read", paid.new(posts, self.now))
        if not owned:
            self.users(list(found.users), paid=paid)

    def users(self, ids: list[str], *, paid: Paid) -> None:
        """Count users that were read."""
        self._spend("user_read", paid.new([f"u{one}" for one in ids], self.now))

    def write(self, operation: str) -> None:
        """Count one write."""
        self._spend(operation, 1)

    def _spend(self, operation: str, count: int) -> None:
        if count:
            day = self.now.astimezone(UTC).date()
            amount = count * self.prices[operation]
            self.connection.meter.spend(operation, count, amount, day)


def prices_of(connection: Connection) -> dict[str, float]:
    """What each operation costs in US dollars, as X_PRICES says (`name=price name=price`)."""
    prices = dict(PRICES)
    for pair in connection.installation.get("X_PRICES", "").split():
        name, _, price = pair.partition("=")
        try:
            prices[name] = float(price)
        except ValueError:
            continue
    return prices


def next_month(now: datetime) -> datetime:
    """The first moment of the next month in UTC, when a new budget begins."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def _passed(now: datetime) -> float:
    """How much of the month has passed, from 0 to 1."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (now - first) / (next_month(now) - first)


def _ceiling(said: str) -> float:
    try:
        return float(said.strip().replace(",", ".") or CEILING)
    except ValueError:
        return CEILING
