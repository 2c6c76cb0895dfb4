"""The unit of work: one resident's matter under one post."""

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

from app.database import Table, UtcDateTime
from app.models.message import Person, Post
from app.models.source import Account
from app.models.staff import Department, Staff


class CaseState(StrEnum):
    """Where a case stands; `inbox/states.py` says from where to where one may go."""

    NEW = "new"
    ONGOING = "ongoing"
    WAITING = "waiting"
    ANSWERED = "answered"
    REOPENED = "reopened"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a case ended; a person chooses it when closing."""

    ANSWERED = "answered"
    REFERRED = "referred"
    NO_ANSWER_NEEDED = "no_answer_needed"
    DUPLICATE = "duplicate"
    SPAM = "spam"
    HISTORY = "history"
    """From before the account was connected: never work."""


class RoutedBy(StrEnum):
    """Who chose the department: nobody yet, the model, or a person."""

    NOBODY = "nobody"
    MODEL = "model"
    PERSON = "person"


ASIDE = ("merged_into_id", "snoozed_until")
"""What keeps an open case out of the lists: in their indexes, so counting reads nothing else."""
IN_ORDER = ("is_open", "sort_at", "id", *ASIDE)
FILTERED = (
    "department_id", "state", "channel", "account_id", "assignee_id", "language", "kind", "urgent",
    "no_answer_needed", "waiting_since",
)  # fmt: skip
"""What a list can be filtered by: any of it together is found from one index, in order."""


class Case(Table):
    """One resident's matter under one post, with what the list shows kept beside it.

    `waiting_since` is the platform's time of the first resident's word that nobody has answered.
    `version` grows with every change of the conversation; a send carries the version it was
    written against. `department_id` None on an open case: unsure, a person decides; with
    `no_answer_needed` the suggestion is that no answer is needed.
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("post_id", "person_id", name="one_case_per_resident_and_post"),
        CheckConstraint(
            "state in ('new', 'ongoing', 'waiting', 'answered', 'reopened', 'closed')",
            name="a_case_has_a_known_state",
        ),
        CheckConstraint("is_open = (state <> 'closed')", name="a_case_is_open_until_it_is_closed"),
        CheckConstraint(
            "(outcome IS NULL) = (state <> 'closed')", name="a_closed_case_has_an_outcome"
        ),
        CheckConstraint(
            "routed_by in ('nobody', 'model', 'person')", name="a_case_says_who_routed_it"
        ),
        Index("ix_cases_open", "is_open", "sort_at", "id", *ASIDE, *FILTERED),
        Index("ix_cases_department", "department_id", *IN_ORDER, *FILTERED[1:]),
        Index("ix_cases_assignee", "assignee_id", *IN_ORDER, "department_id"),
        Index("ix_cases_channel", "channel", *IN_ORDER),
        Index("ix_cases_state", "state", "sort_at", "id"),
        Index("ix_cases_route_wanted", "route_wanted", "id"),
        Index("ix_cases_late", "waiting_since", "is_open", *ASIDE),
        Index("ix_cases_person", "person_id"),
        Index("ix_cases_account", "account_id", *IN_ORDER),
        Index("ix_cases_language", "language", *IN_ORDER),
        *(
            Index(
                f"ix_cases_{column}",
                column,
                sqlite_where=text(f"{column} IS NOT NULL"),
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for column in ("merged_into_id", "split_from_id", "snoozed_until")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    channel: Mapped[str] = mapped_column(String(20))
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    person_name: Mapped[str] = mapped_column(String(300), default="")
    snippet: Mapped[str] = mapped_column(String(300), default="")
    """The newest of the resident's words, one line, personal identity numbers masked."""
    state: Mapped[str] = mapped_column(String(10), default=CaseState.NEW)
    is_open: Mapped[bool] = mapped_column(default=True)
    outcome: Mapped[str | None] = mapped_column(String(20))
    outcome_reason: Mapped[str] = mapped_column(Text, default="")
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    routed_by: Mapped[str] = mapped_column(String(10), default=RoutedBy.NOBODY)
    no_answer_needed: Mapped[bool] = mapped_column(default=False)
    refer_to: Mapped[str] = mapped_column(String(60), default="")
    also: Mapped[str] = mapped_column(String(40), default="")
    """The slug of a second department that the matter touches; '' when it touches one."""
    certainty: Mapped[float | None] = mapped_column()
    kind: Mapped[str] = mapped_column(String(20), default="")
    urgent: Mapped[bool] = mapped_column(default=False)
    urgent_why: Mapped[str] = mapped_column(String(200), default="")
    """The resident's words, or the rule, that make it urgent; personal numbers masked."""
    urgent_by_rule: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(8), default="")
    """ISO 639 code of what the resident writes; '' before the model has looked."""
    route_wanted: Mapped[bool] = mapped_column(default=True)
    """The resident has said something that the model has not seen yet."""
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    snoozed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then it stays out of the lists, unless the resident writes; its clock goes on."""
    merged_into_id: Mapped[int | None] = mapped_column()
    """The case that it follows: hidden from the lists, done when that one is done, clock kept."""
    split_from_id: Mapped[int | None] = mapped_column()
    """The case that a person took it out of; its `person_id` is None, for that one has it."""
    version: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_word_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sort_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """`waiting_since` while somebody waits, else `last_word_at`, when closed `closed_at`."""
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship()
    post: Mapped[Post] = relationship()
    person: Mapped[Person | None] = relationship()
    department: Mapped[Department | None] = relationship()
    assignee: Mapped[Staff | None] = relationship()


class CaseSeen(Table):
    """Up to which version a person has seen a case; newer is unread."""

    __tablename__ = "case_seen"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    version: Mapped[int] = mapped_column()
    at: Mapped[datetime] = mapped_column(UtcDateTime)
