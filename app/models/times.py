"""Opening hours and goals with their versions; question turns and the tallies made of them.

Turns and tallies are projections of the ledger: they can be thrown away and made again. They hold
no personal data and point at nobody, so that figures survive when a person is forgotten.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Table, UtcDateTime

NOBODY = 0
"""As a turn's department: it lay with none."""
ANY_DEPARTMENT = -1
ANY = "*"
"""What stands in a tally that is summed over all departments, channels or kinds."""


class Calendar(Table):
    """One version of opening hours: the whole city's, or a department's own, from a day on.

    `rules` is what `working_time.OpeningHours.from_dict` reads. A past day is measured with the
    version that was valid on it.
    """

    __tablename__ = "calendars"
    __table_args__ = (
        UniqueConstraint("department_id", "valid_from", name="hours_change_once_a_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    valid_from: Mapped[date] = mapped_column()
    """The first local day (Europe/Stockholm) that it is valid on."""
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Goal(Table):
    """Within how many working days, or open hours, a resident is answered; from a day on."""

    __tablename__ = "goals"
    __table_args__ = (
        UniqueConstraint(
            "department_id", "channel", "valid_from", name="a_goal_changes_once_a_day"
        ),
        CheckConstraint("unit in ('days', 'hours')", name="a_goal_is_in_days_or_hours"),
        CheckConstraint("amount > 0", name="a_goal_takes_some_time"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    channel: Mapped[str] = mapped_column(String(20), default="")
    """'' for every channel."""
    valid_from: Mapped[date] = mapped_column()
    amount: Mapped[int] = mapped_column()
    unit: Mapped[str] = mapped_column(String(5), default="days")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Turn(Table):
    """One question turn: from a resident's first unanswered word to what ended the waiting.

    Times are aware UTC, minutes whole; all but `waiting` are minutes within opening hours.
    `department_id` is the department that answered, or with which it lies or lay when it ended.
    """

    __tablename__ = "turns"
    __table_args__ = (
        UniqueConstraint("case_id", "number", name="a_turn_has_its_number_in_a_case"),
        CheckConstraint(
            "ended in ('open', 'answered', 'closed', 'set_waiting', 'removed')",
            name="a_turn_ends_in_a_known_way",
        ),
        CheckConstraint(
            "(ended = 'answered') = (answered_at IS NOT NULL)", name="an_answered_turn_says_when"
        ),
        Index("ix_turns_day", "day", "department_id", "channel", "kind"),
        Index(
            "ix_turns_open",
            "day",
            "department_id",
            "channel",
            "kind",
            "due_at",
            "asked_at",
            "no_answer_needed",
            sqlite_where=text("ended = 'open'"),
            postgresql_where=text("ended = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column()
    number: Mapped[int] = mapped_column()
    account_id: Mapped[int] = mapped_column()
    channel: Mapped[str] = mapped_column(String(20))
    department_id: Mapped[int] = mapped_column(default=NOBODY)
    kind: Mapped[str] = mapped_column(String(20), default="")
    no_answer_needed: Mapped[bool] = mapped_column(default=False)
    """It lay aside as needing no answer when it ended, or does now: it has no due time then."""
    day: Mapped[date] = mapped_column()
    """The local day (Europe/Stockholm) on which it was asked."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """The platform's publishing time of the first word."""
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When somebody here first had it before them."""
    routed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when it lay with that department; None when it lies with none."""
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    how: Mapped[str] = mapped_column(String(10), default="")
    """'answer' of ours, 'native' on the platform itself, by 'phone'; '' not answered."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended: Mapped[str] = mapped_column(String(12))
    outcome: Mapped[str] = mapped_column(String(20), default="")
    """Of a turn that was closed without an answer: how the case was closed."""
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the case was closed, before the resident's next question."""
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    calendar_id: Mapped[int] = mapped_column(default=0)
    """The version of the opening hours valid on `day`; 0: those of the departments' file."""
    on_time: Mapped[bool | None] = mapped_column()
    waiting: Mapped[int | None] = mapped_column()
    """Väntetid: wall-clock minutes from `asked_at` to `answered_at`."""
    answering: Mapped[int | None] = mapped_column()
    """Svarstid: the same within the department's opening hours."""
    looking: Mapped[int | None] = mapped_column()
    """From `asked_at` to `looked_at`."""
    routing: Mapped[int | None] = mapped_column()
    """From `asked_at` to `routed_at`, of an answered turn."""
    handling: Mapped[int | None] = mapped_column()
    """From when it lay with the department that answered to the answer."""
    closing: Mapped[int | None] = mapped_column()
    """From `asked_at` to `closed_at`."""
    handed_back: Mapped[int] = mapped_column(default=0)
    routes: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Each hand-back as [department that gave it back, where it went next], ids; 0 nowhere yet."""


class Tally(Table):
    """Turns summed by the local day, ISO week or month in which they were asked.

    Kept per department, channel and kind, and over all of each (see ANY). Every column is a count
    by name, and those of minutes are exact: minutes to how many.
    """

    __tablename__ = "tallies"

    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    """'day', 'week' or 'month'."""
    first: Mapped[date] = mapped_column(primary_key=True)
    """The period's first day."""
    department_id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    hours: Mapped[dict[str, int]] = mapped_column(JSON)
    """Asked by weekday and hour in Stockholm, Monday as 0: {"0-08": 3}."""
    routes: Mapped[dict[str, int]] = mapped_column(JSON)
    """Hand-backs by way: {"4>7": 1}."""
    waiting: Mapped[dict[str, int]] = mapped_column(JSON)
    answering: Mapped[dict[str, int]] = mapped_column(JSON)
    looking: Mapped[dict[str, int]] = mapped_column(JSON)
    routing: Mapped[dict[str, int]] = mapped_column(JSON)
    handling: Mapped[dict[str, int]] = mapped_column(JSON)
    closing: Mapped[dict[str, int]] = mapped_column(JSON)


class TallyMark(Table):
    """Up to which line of the ledger turns and tallies have been kept up; one row."""

    __tablename__ = "tally_marks"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column()
