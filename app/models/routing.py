"""How cases find their department: what the model said, what people corrected, rules, trainings."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Table, UtcDateTime
from app.models.source import Account
from app.models.staff import Staff


class Suggestion(Table):
    """What the model said about a case, with its certainty and the words that decided."""

    __tablename__ = "suggestions"
    __table_args__ = (
        CheckConstraint(
            "certainty >= 0 AND certainty <= 1", name="a_certainty_lies_between_0_and_1"
        ),
        Index("ix_suggestions_case", "case_id", "id"),
        Index("ix_suggestions_at", "at"),
        Index("ix_suggestions_rule", "rule_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    department: Mapped[str] = mapped_column(String(40))
    """A department's slug or `ingen`."""
    certainty: Mapped[float] = mapped_column()
    next: Mapped[list[Any]] = mapped_column(JSON)
    """The two next best: [[slug, certainty], [slug, certainty]]."""
    words: Mapped[list[str]] = mapped_column(JSON)
    refer: Mapped[str | None] = mapped_column(String(60))
    also: Mapped[str] = mapped_column(String(40), default="")
    kind: Mapped[str] = mapped_column(String(20), default="")
    urgent: Mapped[bool] = mapped_column(default=False)
    urgent_words: Mapped[list[str]] = mapped_column(JSON, default=list)
    language: Mapped[str] = mapped_column(String(8), default="")
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("rules.id"))
    """The rule that decided instead of the model; `next` then holds the model's own best two."""
    urgent_rule_id: Mapped[int | None] = mapped_column(ForeignKey("rules.id"))
    """The rule that called it urgent."""
    model_version: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Correction(Table):
    """A person moved a case elsewhere than the model said: a labelled example."""

    __tablename__ = "corrections"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    suggestion_id: Mapped[int | None] = mapped_column(ForeignKey("suggestions.id"))
    from_department: Mapped[str] = mapped_column(String(40), default="")
    """A slug, `ingen`, or '' when the case was unsure."""
    to_department: Mapped[str] = mapped_column(String(40))
    handed_back: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(Text)
    """The resident's words as the model saw them, personal data masked."""
    post: Mapped[str] = mapped_column(Text, default="")
    """The post above, as the model saw it."""
    channel: Mapped[str] = mapped_column(String(20), default="")
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Rule(Table):
    """A readable rule beside the model: an account's comments, or words, go to a department.

    `words` are separated by commas; `*` at a word's end stands for any ending. `department` '' when
    the rule only says that something is urgent. Rules are switched off, never deleted.
    """

    __tablename__ = "rules"
    __table_args__ = (
        CheckConstraint("words <> '' OR account_id IS NOT NULL", name="a_rule_says_when"),
        CheckConstraint("department <> '' OR urgent", name="a_rule_says_what"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    words: Mapped[str] = mapped_column(String(500), default="")
    department: Mapped[str] = mapped_column(String(40), default="")
    """A department's slug, or ''."""
    urgent: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    account: Mapped[Account | None] = relationship()
    created_by: Mapped[Staff] = relationship()


class Training(Table):
    """One training of the model: what it was examined on, and whether it was taken into use."""

    __tablename__ = "trainings"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[str] = mapped_column(String(60))
    replaced: Mapped[str] = mapped_column(String(60), default="")
    """The version in use when this one was examined."""
    examples: Mapped[int] = mapped_column()
    corrections: Mapped[int] = mapped_column()
    """How many of the examples are corrections by staff."""
    newest_correction_id: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[bool] = mapped_column()
    reason: Mapped[str] = mapped_column(String(40), default="")
    """Why not: a key of `words.TRAINING_REASONS`; '' when it was taken into use."""
    figures: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """{"dev": [old, new], "recent": [old, new], "departments": {slug: [old, new]}}, shares 0-1."""
