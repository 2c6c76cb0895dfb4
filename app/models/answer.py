"""What staff write: answers on their way out, and notes that stay inside."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
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
from app.models.case import Case
from app.models.message import Message
from app.models.staff import Staff


class AnswerState(StrEnum):
    """draft → queued → sending → sent / uncertain / refused; a draft may be discarded."""

    DRAFT = "draft"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    DISCARDED = "discarded"


VANISHED = "vanished"
"""The `reason` of a sent answer that the platform has taken away since; its author is told."""


class Answer(Table):
    """The outbox row of a reply.

    Nothing leaves without a named person who pressed send, and the text they saw is the text that
    leaves: both are held by the database. `send_after` None while queued: it waits until the
    person presses once more. `left_at`: the request was about to leave us; without it a lost try
    certainly never left.
    """

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("key", name="an_answer_has_its_own_key"),
        CheckConstraint(
            "state in ('draft', 'queued', 'sending', 'sent', 'uncertain', 'refused', 'discarded')",
            name="an_answer_has_a_known_state",
        ),
        CheckConstraint(
            "state in ('draft', 'discarded') OR"
            " (sent_by_id IS NOT NULL AND pressed_at IS NOT NULL)",
            name="a_person_pressed_send",
        ),
        CheckConstraint(
            "state <> 'sent' OR external_id IS NOT NULL", name="a_sent_answer_has_a_receipt"
        ),
        Index("ix_answers_due", "state", "send_after"),
        Index("ix_answers_case", "case_id", "id"),
        Index("ix_answers_author", "author_id", "state"),
        Index("ix_answers_left", "left_at"),
        Index("ix_answers_reason", "author_id", "reason"),
        Index("ix_answers_asked", "asked_at"),
        Index(
            "one_draft_per_person_and_case",
            "case_id",
            "author_id",
            unique=True,
            sqlite_where=text("state = 'draft'"),
            postgresql_where=text("state = 'draft'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    in_reply_to_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    body: Mapped[str] = mapped_column(Text, default="")
    signature: Mapped[str] = mapped_column(String(200), default="")
    """Set when send is pressed; the resident reads body and signature."""
    state: Mapped[str] = mapped_column(String(10), default=AnswerState.DRAFT)
    key: Mapped[str] = mapped_column(String(40))
    case_version: Mapped[int] = mapped_column()
    """The version of the conversation it was written against."""
    close_as: Mapped[str | None] = mapped_column(String(20))
    """The outcome the case gets once the answer is there; None leaves it open."""
    sent_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    pressed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    send_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the platform was last searched for it."""
    looks: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(30), default="")
    """Why it was refused or waits: a `Reason`, the name of the contract's error, or VANISHED."""
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """A draft that its author has put forward for a second person's approval, and when."""
    asked_body: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The author's words, as they were put forward; the second person may have changed them."""
    to_post: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It stands under the post itself, not under `in_reply_to`; it may answer several cases."""
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    """Its published form among the messages."""
    external_id: Mapped[str | None] = mapped_column(String(300))
    url: Mapped[str] = mapped_column(Text, default="")
    private: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Only the one it answers will see it."""
    held: Mapped[bool] = mapped_column(default=False)
    """It is on the platform and waits there for the site's own approval."""
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    case: Mapped[Case] = relationship()
    message: Mapped[Message | None] = relationship(foreign_keys=[message_id])
    in_reply_to: Mapped[Message] = relationship(foreign_keys=[in_reply_to_id])
    author: Mapped[Staff] = relationship(foreign_keys=[author_id])
    sent_by: Mapped[Staff | None] = relationship(foreign_keys=[sent_by_id])

    @property
    def text(self) -> str:
        """Exactly what is published: what the person wrote, and the name under it."""
        return f"{self.body}\n\n{self.signature}" if self.signature else self.body


class Note(Table):
    """An internal note. Staff only; never on the platform, never in an export by default."""

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_case", "case_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    author: Mapped[Staff] = relationship()
