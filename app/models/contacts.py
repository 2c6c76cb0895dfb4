"""Contacts that are no messages: calls, the switchboard's counts, visits to the website."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql import false

from app.database import Table, UtcDateTime
from app.models.staff import Department, Staff

WHOLE_DAY = -1
"""The `hour` of a count that is told for the day as a whole."""


class Call(Table):
    """What a case that began with a call or a visit has beside its words.

    `reach` is the number or mail address to call back at, sealed with CREDENTIALS_KEYS: it stands
    nowhere else, and is erased some time after the case is closed.
    """

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint(
            "reach = '' OR (call_back AND erased_at IS NULL)",
            name="a_number_is_kept_only_to_call_back",
        ),
        Index("ix_calls_registered", "registered_at"),
    )

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    visit: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Somebody came in person; else they called."""
    call_back: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It was not answered there and then: somebody is to call back."""
    reach: Mapped[str] = mapped_column(Text, default="", server_default="")
    registered_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """Who gave the answer in person; None: nobody has (or it was given in another way)."""
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many times somebody has called back and nobody answered."""
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    registered_by: Mapped[Staff] = relationship(foreign_keys=[registered_by_id])
    answered_by: Mapped[Staff | None] = relationship(foreign_keys=[answered_by_id])


class PhoneMark(Table):
    """A person's judgement: without this channel the resident would have phoned."""

    __tablename__ = "phone_marks"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CallCount(Table):
    """How many calls the switchboard counted: a day (or an hour of it), a queue, a subject.

    What a file says of a day and queue takes the place of all that was known of them.
    """

    __tablename__ = "call_counts"
    __table_args__ = (
        UniqueConstraint("day", "queue", "hour", "subject", name="calls_are_counted_once"),
        CheckConstraint("calls >= 0", name="a_count_of_calls_is_not_negative"),
        CheckConstraint("hour between -1 and 23", name="calls_are_counted_by_hour_or_day"),
        Index("ix_call_counts_department", "department_id", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column()
    """In Europe/Stockholm."""
    hour: Mapped[int] = mapped_column(default=WHOLE_DAY)
    """The hour that began then (0-23), or WHOLE_DAY."""
    queue: Mapped[str] = mapped_column(String(80))
    """As the switchboard's file calls it."""
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    """The department that the queue is; None: one for the whole city."""
    subject: Mapped[str] = mapped_column(String(120), default="")
    calls: Mapped[int] = mapped_column()
    imported_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """None: from the command line."""
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)

    department: Mapped[Department | None] = relationship()


class Arrival(Table):
    """How many visits to the city's website began at a link: a day, where the link stood.

    `kind`: `social` (a link on a network, `label` is the network's name there) or `campaign` (a
    link that we marked, `label` is the mark). No person, no address: numbers alone.
    """

    __tablename__ = "arrivals"
    __table_args__ = (
        CheckConstraint("kind in ('social', 'campaign')", name="an_arrival_has_a_known_kind"),
        CheckConstraint("visits >= 0", name="a_count_of_visits_is_not_negative"),
    )

    day: Mapped[date] = mapped_column(primary_key=True)
    """In the website's own time zone, as Matomo tells it."""
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    label: Mapped[str] = mapped_column(String(200), primary_key=True)
    visits: Mapped[int] = mapped_column()
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WebsiteLook(Table):
    """How the last look at the website's figures went; one row."""

    __tablename__ = "website_looks"

    id: Mapped[int] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The last look that succeeded."""
    error: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """'' (fine) or a word of `collecting.matomo.Trouble`."""
    error_text: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """Matomo's own words, without anything secret; for the status page."""
