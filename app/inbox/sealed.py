"""Words that must not be kept in clear: taken out everywhere, and not let in again.

Only what the law forbids to keep (child abuse images and what belongs to them) is sealed; its
encrypted copy is among the frozen ones (`answers/freeze.py`).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select, update

from app.channels.base import MessageSeen
from app.database import db
from app.inbox.search_earlier import take_out
from app.models import (
    Case,
    Correction,
    EarlierTerm,
    Message,
    MessageVersion,
    Post,
    RawPayload,
    Source,
    Suggestion,
)
from app.models.answer import Answer

QUIET: Mapping[str, Any] = {"synchronize_session": False}


def sealed_among(source: Source, external_ids: Collection[str]) -> set[str]:
    """Those of these messages of the source's account whose words are sealed."""
    if not external_ids:
        return set()
    beside = select(Source.id).where(Source.account_id == source.account_id)
    rows = select(Message.external_id).where(
        Message.source_id.in_(beside), Message.sealed, Message.external_id.in_(list(external_ids))
    )
    return set(db.session.scalars(rows))


def without_words(seen: MessageSeen) -> MessageSeen:
    """The message with how it stands on the platform, and nothing of what it says."""
    post = seen.post
    if not post.by_city:
        post = replace(post, title="", text="")
    return replace(seen, text="", attachments=(), post=post)


def take_words_out(message: Message) -> None:
    """Empty the message and whatever repeats it. Runs in the caller's transaction."""
    take_out(message.id)
    message.text, message.attachments, message.sealed = "", [], True
    account = select(Source.account_id).where(Source.id == message.source_id).scalar_subquery()
    beside = select(Source.id).where(Source.account_id == account)
    for statement in (
        update(MessageVersion).where(MessageVersion.message_id == message.id).values(text=""),
        update(RawPayload)
        .where(RawPayload.source_id.in_(beside), RawPayload.external_id == message.external_id)
        .values(payload="", error=""),
        update(Post)
        .where(Post.id == message.post_id, ~Post.by_city)
        .where(Post.external_id == message.external_id)
        .values(title="", text=""),
        update(Case).where(Case.id == message.case_id).values(snippet="", urgent_why=""),
        update(Suggestion)
        .where(Suggestion.case_id == message.case_id)
        .values(words=[], urgent_words=[]),
        update(Correction).where(Correction.case_id == message.case_id).values(text=""),
        delete(EarlierTerm).where(
            EarlierTerm.answer_id.in_(select(Answer.id).where(Answer.case_id == message.case_id))
        ),
    ):
        db.session.execute(statement, execution_options=QUIET)
    db.session.flush()


def put_words_back(message: Message, text: str) -> None:
    """The message's own words again; what repeated them stays empty.

    Runs in the caller's transaction.
    """
    message.text, message.sealed = text, False
    db.session.flush()
