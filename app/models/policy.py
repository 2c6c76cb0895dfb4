"""The city's rules as rows: approvals, who answers for an account, frozen copies, blocks, policy.

Approvals, frozen copies and versions of the policy are never changed and never deleted: the
database refuses it, but for sealing what a copy holds. The ids of what a copy tells about are plain
numbers, not foreign keys: it outlives them.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql import false

from app.database import Table, UtcDateTime
from app.models.message import Person
from app.models.source import Account
from app.models.staff import Staff


class Approval(Table):
    """A head of administration's approval of an account; the newest stands on the account too."""

    __tablename__ = "approvals"
    __table_args__ = (
        CheckConstraint("approved_by <> ''", name="an_approval_has_somebody_behind_it"),
        CheckConstraint("valid_until > approved_at", name="an_approval_ends_after_it_began"),
        Index("ix_approvals_account", "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    approved_by: Mapped[str] = mapped_column(String(200))
    approved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime] = mapped_column(UtcDateTime)
    decision: Mapped[str] = mapped_column(String(60), default="")
    """The decision's number in the city's register (dnr)."""
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """None: at the command line, or when the register began."""
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)

    entered_by: Mapped[Staff | None] = relationship()


class Part(StrEnum):
    """What a person is to an account."""

    RESPONSIBLE = "responsible"
    STAND_IN = "stand_in"


class AccountPerson(Table):
    """Somebody who answers for an account, or stands in for those who do."""

    __tablename__ = "account_people"
    __table_args__ = (
        CheckConstraint(
            "part in ('responsible', 'stand_in')", name="a_person_has_a_known_part_in_an_account"
        ),
        Index("ix_account_people_staff", "staff_id"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    part: Mapped[str] = mapped_column(String(12))

    account: Mapped[Account] = relationship()
    staff: Mapped[Staff] = relationship()


class FrozenCopy(Table):
    """A message as it stood just before a person took it out of public view.

    `sealed` holds text, pictures and payload encrypted instead of in clear; then those columns are
    empty. `sha256` is of the content in clear, in the form that `answers/freeze.py` describes.
    """

    __tablename__ = "frozen_copies"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="a_copy_says_why_it_was_made"),
        CheckConstraint("length(sha256) = 64", name="a_copy_has_its_sum"),
        CheckConstraint(
            "sealed = '' OR (text = '' AND payload = '')", name="what_is_sealed_is_not_in_clear"
        ),
        Index("ix_frozen_copies_message", "message_id", "id"),
        Index("ix_frozen_copies_case", "case_id", "id"),
        Index("ix_frozen_copies_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    act: Mapped[str] = mapped_column(String(20))
    """The event that it is made for: `message_hidden`, `message_rejected`, `answer_deleted`."""
    reason: Mapped[str] = mapped_column(String(300))
    why: Mapped[str] = mapped_column(Text, default="")
    """The person's own words about it."""
    by_id: Mapped[int] = mapped_column()
    by_name: Mapped[str] = mapped_column(String(120))
    message_id: Mapped[int] = mapped_column()
    case_id: Mapped[int] = mapped_column()
    account_id: Mapped[int] = mapped_column()
    channel: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(300))
    url: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    author_name: Mapped[str] = mapped_column(String(300), default="")
    author_external_id: Mapped[str] = mapped_column(String(300), default="")
    post_external_id: Mapped[str] = mapped_column(String(300), default="")
    post_url: Mapped[str] = mapped_column(Text, default="")
    post_text: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    pictures: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Addresses of what it carried, as the platform gave them."""
    payload: Mapped[str] = mapped_column(Text, default="")
    """The message exactly as the platform gave it the last time."""
    sealed: Mapped[str] = mapped_column(Text, default="")
    sha256: Mapped[str] = mapped_column(String(64))


class Block(Table):
    """A person whom a manager has blocked on a channel, until when, and when it is looked at anew.

    Nothing here stops anybody from being read: the mark tells staff, and `done_at_source` says
    whether somebody has blocked the person on the platform itself.
    """

    __tablename__ = "blocks"
    __table_args__ = (
        CheckConstraint("reason <> '' AND why <> ''", name="a_block_says_why"),
        CheckConstraint("review_at <= ends_at", name="a_block_is_looked_at_before_it_ends"),
        CheckConstraint("ends_at > began_at", name="a_block_ends_after_it_began"),
        Index("ix_blocks_case", "case_id"),
        Index(
            "one_block_per_person_at_a_time",
            "person_id",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    """The case in which it was decided."""
    reason: Mapped[str] = mapped_column(String(30))
    why: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    review_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    blocked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    done_at_source: Mapped[bool] = mapped_column(default=False, server_default=false())
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    person: Mapped[Person] = relationship()
    account: Mapped[Account] = relationship()
    blocked_by: Mapped[Staff] = relationship(foreign_keys=[blocked_by_id])
    lifted_by: Mapped[Staff | None] = relationship(foreign_keys=[lifted_by_id])


class PolicyVersion(Table):
    """The city's policy as it stood from a moment on: texts and settings. The newest applies."""

    __tablename__ = "policy_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    texts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """{rule: text}, where the text differs from the one that Växeln brings."""
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What `people/policy.py` reads: hours, posts a week, the election period."""

    by: Mapped[Staff] = relationship()
