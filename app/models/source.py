"""The city's official accounts and what is polled on them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql import false

from app.database import Table, UtcDateTime
from app.models.staff import Department, Staff


class AccountState(StrEnum):
    """Whether an account is read and answered from."""

    ACTIVE = "active"
    PAUSED = "paused"


USUAL_YEARS = 2
"""How long an approval holds when the decision does not say."""


def years_after(at: datetime, years: int = USUAL_YEARS) -> datetime:
    """The same moment so many years on; 29 February becomes 28."""
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, day=28)


def usual_end(context: Any) -> datetime | None:
    """When an account's approval ends unless something else is said; None without an approval."""
    row = context.get_current_parameters()
    if not row.get("approved_by"):
        return None
    decided: datetime = row.get("approved_at") or row["created_at"]
    return years_after(decided)


class Account(Table):
    """An official account on a channel: who owns it, why it is there, who approved it."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("channel", "external_id", name="an_account_is_connected_once"),
        CheckConstraint("state in ('active', 'paused')", name="an_account_has_a_known_state"),
        CheckConstraint(
            "channel = 'practice' OR approved_by <> ''",
            name="a_head_of_administration_approved_the_account",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(300))
    name: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(Text, default="")
    owner_department_id: Mapped[int | None] = mapped_column(
        ForeignKey("departments.id"), index=True
    )
    purpose: Mapped[str] = mapped_column(Text, default="")
    approved_by: Mapped[str] = mapped_column(String(200), default="")
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=usual_end)
    """When the approval ends (aware UTC): from then on it is neither read nor answered from."""
    decision: Mapped[str] = mapped_column(String(60), default="", server_default="")
    """The decision's number in the city's register (dnr)."""
    watched: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """The hours in which somebody looks after it, in words."""
    contact: Mapped[str] = mapped_column(String(120), default="", server_default="")
    """Who answers for it as the public register says it: a function or a first name."""
    review_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    """So many hours of working days may pass before somebody looks through it again."""
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When somebody last looked through it (BBS-lagen 4 §)."""
    reviewed_by_id: Mapped[int | None] = mapped_column()
    state: Mapped[str] = mapped_column(String(10), default=AccountState.ACTIVE)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    credentials: Mapped[str] = mapped_column(Text, default="")
    """Sealed with CREDENTIALS_KEYS; never shown again once saved."""
    allowed_private_hosts: Mapped[list[str]] = mapped_column(JSON, default=list)
    four_eyes: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Answers from here need a second person's approval."""
    practice: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It belongs to the practice town: nobody outside the machine ever sees it."""
    renewing_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """A process is renewing the sign-in; others wait until then."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    owner_department: Mapped[Department | None] = relationship()
    created_by: Mapped[Staff | None] = relationship()

    @property
    def platform(self) -> dict[str, str]:
        """Settings of the installation that this account has its own values for."""
        return {name: str(value) for name, value in self.settings.items() if name.isupper()}


class Spending(Table):
    """What an account's calls have cost: one row a day and operation, added to after each call."""

    __tablename__ = "spending"
    __table_args__ = (
        CheckConstraint("count >= 0 AND amount >= 0", name="nothing_is_ever_unspent"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    """In the zone where the platform's budget begins its day."""
    operation: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    amount: Mapped[float] = mapped_column(default=0.0)
    """In the unit of the channel's budget (`Budget.unit`)."""


class Incident(Table):
    """A channel that an administrator has switched to read-only; open until it has an end."""

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("text <> ''", name="an_incident_says_what_has_happened"),
        Index(
            "one_open_incident_per_channel",
            "channel",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    """What staff read."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class SourceState(StrEnum):
    """`on`: polled. `off`: switched off by a person. `gone`: the platform said so, for good."""

    ON = "on"
    OFF = "off"
    GONE = "gone"


class Source(Table):
    """One thing to poll on an account: where we are in it, when to look again, how it fares."""

    __tablename__ = "sources"
    __table_args__ = (
        UniqueConstraint("account_id", "kind", "name", name="a_source_is_polled_once"),
        CheckConstraint("state in ('on', 'off', 'gone')", name="a_source_has_a_known_state"),
        Index("ix_sources_due", "state", "next_look_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[str] = mapped_column(String(10), default=SourceState.ON)
    cursor: Mapped[str | None] = mapped_column(Text)
    next_look_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the first reading (the bounded backfill) was complete."""
    history_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Messages from before this time are history, not work (set when the source is made)."""
    last_look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The last look that succeeded."""
    last_news_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    quiet_looks: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    error_class: Mapped[str] = mapped_column(String(30), default="")
    """'' (fine) or the name of the contract's error, e.g. `SignInNeeded`."""
    error_text: Mapped[str] = mapped_column(Text, default="")
    notice: Mapped[str] = mapped_column(String(40), default="")
    notice_text: Mapped[str] = mapped_column(Text, default="")
    budget: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)
