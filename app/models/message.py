"""What was written, by whom, under what: kept as it came and as we read it."""

from datetime import datetime
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


class Post(Table):
    """What residents write under. Context, never work."""

    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("account_id", "external_id", name="a_post_is_kept_once"),
        Index("ix_posts_newest", "account_id", "published_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    external_id: Mapped[str] = mapped_column(String(300))
    title: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    by_city: Mapped[bool] = mapped_column(default=True)


class Person(Table):
    """One identity on one channel. Never joined to another automatically."""

    __tablename__ = "people"
    __table_args__ = (
        UniqueConstraint("channel", "external_id", name="an_identity_is_kept_once_per_channel"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(300))
    name: Mapped[str] = mapped_column(String(300), default="")
    handle: Mapped[str] = mapped_column(String(300), default="")
    url: Mapped[str] = mapped_column(Text, default="")
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RawPayload(Table):
    """A message exactly as the platform gave it, each time it changed; parsed or not.

    `overtaken`: it was never understood, and a newer payload of the same message has been.
    """

    __tablename__ = "raw_payloads"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id", "payload_hash", name="a_payload_is_kept_once"),
        CheckConstraint(
            "state in ('waiting', 'parsed', 'not_understood', 'overtaken')",
            name="a_payload_has_a_known_state",
        ),
        Index("ix_raw_payloads_state", "state", "source_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    external_id: Mapped[str] = mapped_column(String(300))
    payload: Mapped[str] = mapped_column(Text)
    payload_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    parser_version: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Message(Table):
    """One text, incoming or the city's own: unique by (source, external id)."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id", name="one_message_per_source_and_external_id"),
        CheckConstraint(
            "at_source in ('visible', 'held', 'hidden', 'spam', 'removed')",
            name="a_message_stands_in_a_known_way_at_its_source",
        ),
        CheckConstraint(
            "by_city OR case_id IS NOT NULL", name="a_residents_word_belongs_to_a_case"
        ),
        Index("ix_messages_case", "case_id", "published_at"),
        Index("ix_messages_post", "post_id", "published_at"),
        Index("ix_messages_parent_wanted", "source_id", "parent_external_id"),
        Index("ix_messages_checked", "source_id", "checked_at"),
        Index("ix_messages_fetched", "source_id", "fetched_at"),
        Index("ix_messages_other_id", "source_id", "other_id"),
        Index(
            "ix_messages_sealed",
            "source_id",
            "external_id",
            sqlite_where=text("sealed"),
            postgresql_where=text("sealed"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    external_id: Mapped[str] = mapped_column(String(300))
    other_id: Mapped[str | None] = mapped_column(String(300))
    """Another id the same message may come under (feeds change theirs)."""
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    parent_external_id: Mapped[str | None] = mapped_column(String(300))
    author_name: Mapped[str] = mapped_column(String(300), default="")
    """As it stood when the message was read; '' when the platform does not say."""
    by_city: Mapped[bool] = mapped_column(default=False)
    ours: Mapped[bool] = mapped_column(default=False)
    """Written in Växeln and sent through the outbox (the city's other words are native)."""
    text: Mapped[str] = mapped_column(Text)
    payload_hash: Mapped[str] = mapped_column(String(64), default="")
    """Of the raw payload that this row was last read from; a different one is news."""
    at_source: Mapped[str] = mapped_column(String(10), default="visible")
    url: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When this text reached us."""
    settled: Mapped[bool] = mapped_column(default=False)
    """A resident's word that has been dealt with: answered by us, or its case was closed after it.
    An edit makes it unsettled again. A flag and no time: a word that is being taken in while
    somebody closes the case must not slip under."""
    covered_by: Mapped[int | None] = mapped_column()
    """The answer whose author had this text before them when they pressed send."""
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the platform last told us how it stands."""
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    time_uncertain: Mapped[bool] = mapped_column(default=False)
    history: Mapped[bool] = mapped_column(default=False)
    attachments: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")
    """What it carries beside text: [[kind, description], ...]; no addresses."""
    no_answer: Mapped[str] = mapped_column(String(30), default="", server_default="")
    """Why the platform takes no answer to it from here (a `Reason`); '' when it does."""
    answer_elsewhere: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Where a person can answer it on the platform itself."""
    can_hide: Mapped[bool | None] = mapped_column()
    """What the platform says of this message; None: as the channel generally."""
    private_reply_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    private: Mapped[bool] = mapped_column(default=False, server_default=false())
    """An answer of ours that only its receiver can see."""
    sealed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """What it says must not be kept in clear: it stands encrypted in its frozen copy."""

    post: Mapped[Post] = relationship()
    person: Mapped[Person | None] = relationship()


class MessageVersion(Table):
    """An earlier text of a message that was edited at its source."""

    __tablename__ = "message_versions"
    __table_args__ = (Index("ix_message_versions_message", "message_id", "seen_until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    text: Mapped[str] = mapped_column(Text)
    seen_until: Mapped[datetime] = mapped_column(UtcDateTime)
    """When we found that the text had been changed (aware UTC)."""
