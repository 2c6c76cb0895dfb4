"""Who works here: departments, staff, their signed-in sessions."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql import false

from app.database import Table, UtcDateTime


class Role(StrEnum):
    """What a person may do; `people/rights.py` says exactly what."""

    CUSTOMER_SERVICE = "customer_service"
    HANDLER = "handler"
    MANAGER = "manager"
    COMMUNICATIONS = "communications"
    ADMINISTRATOR = "administrator"


class Department(Table):
    """A department that answers for something; kept in step with classifiers/departments.toml."""

    __tablename__ = "departments"
    __table_args__ = (UniqueConstraint("slug", name="a_department_has_its_own_slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40))
    name_sv: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    short_sv: Mapped[str] = mapped_column(String(60))
    short_en: Mapped[str] = mapped_column(String(60))
    answers_for_sv: Mapped[str] = mapped_column(Text, default="")
    answers_for_en: Mapped[str] = mapped_column(Text, default="")
    restricted: Mapped[bool] = mapped_column(default=False)
    company: Mapped[bool] = mapped_column(default=False)
    open: Mapped[bool] = mapped_column(default=True)
    opening_hours: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class ClosedDay(Table):
    """A day on which the whole municipality is closed: red days, and the eves that count as such.

    Worked out by a library in a process that starts seldom, so that web workers need not carry it.
    """

    __tablename__ = "closed_days"

    day: Mapped[date] = mapped_column(primary_key=True)


class Staff(Table):
    """A named person who can sign in. Never deleted, only switched off: answers carry the name."""

    __tablename__ = "staff"
    __table_args__ = (
        UniqueConstraint("login", name="a_login_belongs_to_one_person"),
        CheckConstraint(
            "role in ('customer_service', 'handler', 'manager', 'communications', 'administrator')",
            name="a_person_has_a_known_role",
        ),
        CheckConstraint(
            "role <> 'handler' OR department_id IS NOT NULL",
            name="a_handler_belongs_to_a_department",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    practice: Mapped[bool] = mapped_column(default=False)
    """One of the practice town's people, whose password everybody knows."""
    language: Mapped[str] = mapped_column(String(5), default="sv")
    theme: Mapped[str] = mapped_column(String(10), default="")
    undo_seconds: Mapped[str] = mapped_column(String(10), default="")
    """The person's own undo window: '' (the house's), '0', '20', '60' or 'tills'."""
    four_eyes: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The person's answers need a second person's approval."""
    email: Mapped[str] = mapped_column(String(254), default="", server_default="")
    mail_when: Mapped[str] = mapped_column(String(10), default="", server_default="")
    """When mail tells of work that waits: '' (never), 'each', or 'digest' at `digest_at`."""
    digest_at: Mapped[str] = mapped_column(String(5), default="08:00", server_default="08:00")
    """The hour of the digest, HH:MM in Europe/Stockholm."""
    digest_on: Mapped[date | None] = mapped_column()
    """The last day (Europe/Stockholm) for which a digest was written."""
    keys: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    """Single keys: {"off": true} when switched off, {"map": {act: key}} when changed."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    department: Mapped[Department | None] = relationship(lazy="joined", innerjoin=False)

    @property
    def first_name(self) -> str:
        """The name a resident sees under an answer."""
        return self.name.split()[0] if self.name.split() else self.name

    @property
    def initials(self) -> str:
        """One or two letters for the small square beside the name."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


class StaffSession(Table):
    """One signed-in browser. The cookie holds the token; only its hash is kept here."""

    __tablename__ = "staff_sessions"
    __table_args__ = (UniqueConstraint("token_hash", name="a_session_has_its_own_token"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)

    staff: Mapped[Staff] = relationship(lazy="joined", innerjoin=True)


class SignInAttempt(Table):
    """A failed try to sign in; login and address are kept as keyed hashes only."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_sign_in_attempts_login", "login_hash", "at"),
        Index("ix_sign_in_attempts_address", "address_hash", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    login_hash: Mapped[str] = mapped_column(String(64))
    address_hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
