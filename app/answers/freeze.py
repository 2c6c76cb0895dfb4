"""A copy of a message as it stood, made before anybody takes it out of public view.

The sum is SHA-256 over the UTF-8 of this JSON, keys sorted, no spaces:
{"author", "author_id", "id", "payload", "pictures", "post", "published_at", "text", "url"}.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.basics.keys import open_sealed, seal
from app.database import db, writing
from app.models import Case, FrozenCopy, Message, RawPayload, Source, Staff
from app.models.event import log_event

SEALED_REASONS = frozenset({"barnpornografi"})
"""What the law forbids to keep in clear."""
PICTURE_WORDS = ("image", "picture", "media", "photo", "thumbnail", "attachment", "src", "avatar")
PICTURE_ENDS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".mp4", ".avif", ".heic")


def freeze(
    message_id: int,
    *,
    act: str,
    reason: str,
    why: str,
    by: Staff,
    keys: Sequence[str],
    now: datetime,
) -> FrozenCopy:
    """Copy a message, in a transaction of its own; whatever this raises, nothing has been done.

    `act` is the event that the copy is made for. Who may is asked before.
    """
    with writing():
        message = db.session.get_one(Message, message_id, populate_existing=True)
        case_id = message.case_id or 0
        case = db.session.get_one(Case, case_id)
        whole = content_of(message)
        copy = FrozenCopy(
            at=now,
            act=act,
            reason=reason,
            why=why,
            by_id=by.id,
            by_name=by.name,
            message_id=message.id,
            case_id=case_id,
            account_id=case.account_id,
            channel=case.channel,
            external_id=message.external_id,
            url=message.url,
            published_at=message.published_at,
            author_name=message.author_name,
            author_external_id=whole["author_id"],
            post_external_id=message.post.external_id,
            post_url=message.post.url,
            sha256=sum_of(whole),
            **_kept(whole, message.post.by_city, keys if reason in SEALED_REASONS else None),
        )
        db.session.add(copy)
        db.session.flush()
        log_event(
            "copy_frozen",
            at=now,
            case_id=case_id,
            message_id=message.id,
            staff_id=by.id,
            copy=copy.id,
            sha256=copy.sha256,
        )
    return copy


def _kept(whole: dict[str, Any], post_by_city: bool, keys: Sequence[str] | None) -> dict[str, Any]:
    """The columns that hold what was said: in clear, or with `keys` sealed and nothing in clear
    but the city's own post."""
    text, pictures, payload, post = (
        whole[name] for name in ("text", "pictures", "payload", "post")
    )
    if keys is None:
        return {
            "post_text": post, "text": text, "pictures": pictures, "payload": payload, "sealed": "",
        }  # fmt: skip
    hidden = {"text": text, "payload": payload, "pictures": json.dumps(pictures), "post": post}
    return {
        "post_text": post if post_by_city else "", "text": "", "pictures": [], "payload": "",
        "sealed": seal(hidden, keys),
    }  # fmt: skip


def seal_copies(message_id: int, keys: Sequence[str]) -> None:
    """Seal what earlier copies of a message hold in clear. Runs in the caller's transaction."""
    open_ones = (FrozenCopy.message_id == message_id, FrozenCopy.sealed == "")
    for copy in db.session.scalars(select(FrozenCopy).where(*open_ones)).all():
        hidden = {"text": copy.text, "payload": copy.payload, "post": copy.post_text}
        copy.sealed = seal(hidden | {"pictures": json.dumps(copy.pictures)}, keys)
        copy.text, copy.payload, copy.pictures = "", "", []
        copy.post_text = ""
    db.session.flush()


def content_of(message: Message) -> dict[str, Any]:
    """What is copied of a message, as it stands now."""
    payload = _payload_of(message)
    post = message.post
    return {
        "author": message.author_name,
        "author_id": message.person.external_id if message.person else "",
        "id": message.external_id,
        "payload": payload,
        "pictures": picture_addresses(payload),
        "post": "\n".join(part for part in (post.title, post.text) if part),
        "published_at": message.published_at.isoformat(),
        "text": message.text,
        "url": message.url,
    }


def sum_of(content: dict[str, Any]) -> str:
    """The sum that tells whether a copy is what it was."""
    told = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode("utf-8")).hexdigest()


def is_intact(copy: FrozenCopy, keys: Sequence[str]) -> bool:
    """Whether the copy still has its sum. Raises `BadSeal` when a sealed one cannot be opened."""
    whole: dict[str, Any] = {
        "author": copy.author_name,
        "author_id": copy.author_external_id,
        "id": copy.external_id,
        "payload": copy.payload,
        "pictures": copy.pictures,
        "post": copy.post_text,
        "published_at": copy.published_at.isoformat(),
        "text": copy.text,
        "url": copy.url,
    }
    if copy.sealed:
        opened = open_sealed(copy.sealed, keys)
        whole |= {name: opened[name] for name in ("text", "payload", "post")}
        whole["pictures"] = json.loads(opened["pictures"])
    return sum_of(whole) == copy.sha256


def words_before(message_id: int, keys: Sequence[str]) -> str:
    """What a message last said before it was sealed; '' when it said nothing. Raises `BadSeal`."""
    rows = select(FrozenCopy).where(FrozenCopy.message_id == message_id, FrozenCopy.sealed != "")
    opened = (
        open_sealed(row.sealed, keys)["text"]
        for row in db.session.scalars(rows.order_by(FrozenCopy.id.desc()))
    )
    return next((text for text in opened if text), "")


def copies_of(message_ids: Iterable[int]) -> dict[int, FrozenCopy]:
    """The newest copy of each of these messages that has one."""
    rows = select(FrozenCopy).where(FrozenCopy.message_id.in_(list(message_ids)))
    return {row.message_id: row for row in db.session.scalars(rows.order_by(FrozenCopy.id))}


def _payload_of(message: Message) -> str:
    """The newest payload that the platform gave of it."""
    account = select(Source.account_id).where(Source.id == message.source_id).scalar_subquery()
    beside = select(Source.id).where(Source.account_id == account)
    newest = (
        select(RawPayload.payload)
        .where(RawPayload.source_id.in_(beside), RawPayload.external_id == message.external_id)
        .order_by(RawPayload.id.desc())
        .limit(1)
    )
    return db.session.scalar(newest) or ""


def picture_addresses(payload: str) -> list[str]:
    """The addresses of pictures and films in a payload, each once, in order; none if no JSON."""
    try:
        told = json.loads(payload)
    except ValueError:
        return []
    return list(dict.fromkeys(_addresses(told, carries=False)))


def _addresses(value: Any, *, carries: bool) -> Iterator[str]:
    """Every address below a key that speaks of pictures, or that ends as a picture does."""
    if isinstance(value, dict):
        for key, below in value.items():
            named = carries or any(word in str(key).casefold() for word in PICTURE_WORDS)
            yield from _addresses(below, carries=named)
    elif isinstance(value, list):
        for below in value:
            yield from _addresses(below, carries=carries)
    elif isinstance(value, str) and value.startswith(("https://", "http://")):
        path = value.split("?")[0].casefold()
        if carries or path.endswith(PICTURE_ENDS):
            yield value
