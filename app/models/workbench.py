"""What makes a day's work smooth: views of one's own, who is here, templates, bulk acts, mail."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Table, UtcDateTime
from app.models.staff import Department, Staff


class SavedView(Table):
    """A list that a person has put together and named; `query` is its address after the "?"."""

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("staff_id", "name", name="a_view_has_its_own_name_per_person"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Presence(Table):
    """Who has a case before them, and since when they write in it; old rows mean nothing."""

    __tablename__ = "presences"
    __table_args__ = (Index("ix_presences_case", "case_id", "seen_at"),)

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When their page last said that it was open."""
    writing_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When they last typed in the answer."""

    staff: Mapped[Staff] = relationship()


class Mention(Table):
    """A colleague named in an internal note; `read_at` None: they have not seen it."""

    __tablename__ = "mentions"
    __table_args__ = (Index("ix_mentions_staff", "staff_id", "read_at"),)

    note_id: Mapped[int] = mapped_column(ForeignKey("notes.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Template(Table):
    """A text to begin an answer from (svarsmall). It is inserted for editing, never sent itself."""

    __tablename__ = "templates"
    __table_args__ = (Index("ix_templates_department", "active", "department_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    """None: for every department."""
    kind: Mapped[str] = mapped_column(String(20), default="")
    """'' fits every kind of matter."""
    language: Mapped[str] = mapped_column(String(8), default="sv")
    active: Mapped[bool] = mapped_column(default=True)
    used: Mapped[int] = mapped_column(default=0)
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    department: Mapped[Department | None] = relationship()


class EarlierTerm(Table):
    """A stem of the question that a sent answer answered: the index of how we have answered."""

    __tablename__ = "earlier_terms"
    __table_args__ = (Index("ix_earlier_terms_answer", "answer_id"),)

    term: Mapped[str] = mapped_column(String(40), primary_key=True)
    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id"), primary_key=True)


class AnswerCase(Table):
    """A further case that one public answer under a post answers, as it was at the press."""

    __tablename__ = "answer_cases"
    __table_args__ = (Index("ix_answer_cases_case", "case_id"),)

    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    case_version: Mapped[int] = mapped_column()


class BulkAct(Table):
    """One act on many cases, with how each stood before: what its undo puts back."""

    __tablename__ = "bulk_acts"
    __table_args__ = (Index("ix_bulk_acts_staff", "staff_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    act: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    before: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MailState(StrEnum):
    """queued → sending → sent / failed."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Mail(Table):
    """A letter to a colleague about work that waits; holds no resident's words."""

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'failed')", name="a_mail_has_a_known_state"
        ),
        CheckConstraint(
            "kind in ('routed', 'mentioned', 'approval', 'digest')", name="a_mail_has_a_known_kind"
        ),
        Index("ix_mails_due", "state", "due_at"),
        Index("ix_mails_staff", "staff_id", "kind", "case_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[str] = mapped_column(String(10))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default=MailState.QUEUED)
    tries: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(String(200), default="")

    staff: Mapped[Staff] = relationship()
