"""Whether an account is approved at this moment, and how long that holds: one rule, asked by all.

The practice town's accounts need nobody's approval: nothing there reaches anybody. Nor does what
is no platform: what people write down of calls and visits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, or_, select

from app.basics.clock import STOCKHOLM, to_local
from app.channels.base import all_channels
from app.database import db
from app.models import Account

WARN_DAYS = (60, 30, 7)
"""So many days before an approval ends somebody is told."""


def needs_none(account: Account) -> bool:
    """Whether nobody outside the machine is ever reached through it."""
    return account.practice or account.channel in _inside()


def _inside() -> list[str]:
    """The channels that are no platform, and the practice town's own."""
    no_platform = [name for name, one in all_channels().items() if not one.abilities.connected]
    return ["practice", *no_platform]


def is_approved(account: Account, now: datetime) -> bool:
    """Whether the account may be read and answered from at this moment (aware UTC)."""
    if needs_none(account):
        return True
    until = account.approved_until
    return bool(account.approved_by) and until is not None and now < until


def approved(now: datetime) -> ColumnElement[bool]:
    """`is_approved` as a condition on `Account`."""
    holds = and_(Account.approved_by != "", Account.approved_until > now)
    return or_(Account.practice, Account.channel.in_(_inside()), holds)


@dataclass(frozen=True, slots=True)
class Ending:
    """An approval that ends soon or has ended. `days`: whole local days left, 0 on the last day."""

    account: Account
    days: int
    over: bool

    @property
    def step(self) -> int:
        """Which of the warnings it is at: 60, 30, 7, and 0 when it is over."""
        return 0 if self.over else min(day for day in WARN_DAYS if self.days <= day)


def ending(now: datetime) -> Sequence[Ending]:
    """The accounts whose approval ends within 60 days or has ended, the nearest end first."""
    horizon = now + timedelta(days=max(WARN_DAYS) + 1)
    soon = or_(Account.approved_until.is_(None), Account.approved_until < horizon)
    rows = db.session.scalars(select(Account).where(soon).order_by(Account.id)).all()
    found = [how_long(row, now) for row in rows if not needs_none(row)]
    told = [one for one in found if one.over or one.days <= max(WARN_DAYS)]
    return sorted(told, key=lambda one: (not one.over, one.days, one.account.id))


def how_long(account: Account, now: datetime) -> Ending:
    """How an account's approval stands."""
    until = account.approved_until
    if until is None or not is_approved(account, now):
        return Ending(account, 0, over=True)
    return Ending(account, (last_day(until) - to_local(now).date()).days, over=False)


def last_day(until: datetime) -> date:
    """The last local day on which what ends at this moment still holds."""
    return to_local(until - timedelta(microseconds=1)).date()


def end_of(day: date) -> datetime:
    """The moment at which a local day is over (aware UTC)."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=STOCKHOLM).astimezone(UTC)
