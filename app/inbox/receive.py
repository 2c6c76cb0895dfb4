"""The one door in: what a channel has seen becomes messages and cases, each exactly once.

Everything here runs inside the caller's transaction (`database.writing`), together with the
source's cursor: either the whole page is taken in and the cursor moves, or neither happens.
A page is taken in set by set, not row by row, so that a burst costs a handful of statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_, update

from app.channels.base import AtSource, MessageSeen, PersonSeen, PostSeen
from app.database import db, insert_or_ignore
from app.inbox.clocks import GONE, lock_cases, set_clocks, snippet_of
from app.inbox.following import taken_out_of
from app.inbox.search_earlier import take_in
from app.inbox.vanished import note_vanished
from app.models import Account, Case, Message, MessageVersion, Person, Post, Source
from app.models.case import CaseState, Outcome, RoutedBy
from app.models.event import event_row, log_events


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as the channel understands it, with the hash of the payload it came from."""

    seen: MessageSeen
    payload_hash: str = ""


@dataclass(slots=True)
class Received:
    """What a page brought: counts for the log and the pace, and which cases were touched."""

    new: int = 0
    changed: int = 0
    opened: int = 0
    case_ids: set[int] = field(default_factory=set)


def receive(source: Source, incoming: Sequence[Incoming], *, now: datetime) -> Received:
    """Take in what was seen on one source; safe to call twice with the same.

    `now` is aware UTC. Must run inside `database.writing()`.
    """
    by_id = {item.seen.external_id: item for item in incoming}
    beside = _sources_beside(source)
    stored = _stored(beside, by_id.values())
    changed = [(stored[key], item) for key, item in by_id.items() if key in stored]
    fresh = sorted(
        (item for key, item in by_id.items() if key not in stored),
        key=lambda item: (item.seen.published_at, *_in_order(item.seen.external_id)),
    )
    result = Received()
    events: list[dict[str, Any]] = []
    _take_changes(source, changed, now, result, events)
    _take_new(source, beside, fresh, now, result, events)
    set_clocks(result.case_ids, now=now, new_words=True)
    log_events(events)
    return result


def _in_order(external_id: str) -> tuple[int, str]:
    """What messages of one moment are sorted by: platforms that count give the later the longer."""
    return len(external_id), external_id


def mark_removed(source: Source, external_ids: Iterable[str], *, now: datetime) -> Received:
    """Mark messages that the platform says are gone; their text stays with us."""
    result = Received()
    rows = db.session.scalars(
        select(Message).where(
            Message.source_id.in_(_sources_beside(source)),
            Message.external_id.in_(list(external_ids)),
            Message.at_source != AtSource.REMOVED,
        )
    ).all()
    lock_cases(row.case_id for row in rows if row.case_id is not None)
    for row in rows:
        row.at_source, row.removed_at, row.checked_at = AtSource.REMOVED, now, now
        result.changed += 1
        if row.case_id is not None:
            result.case_ids.add(row.case_id)
    db.session.flush()
    _bump_versions(result.case_ids)
    set_clocks(result.case_ids, now=now, new_words=True)
    events = [
        event_row("message_removed", at=now, message_id=r.id, case_id=r.case_id) for r in rows
    ]
    log_events(events + note_vanished(rows, now))
    return result


# --- What we have already ---------------------------------------------------------------------


def _stored(beside: Sequence[int], incoming: Iterable[Incoming]) -> dict[str, Message]:
    """Messages we have, by the external id under which they came this time."""
    asked = {item.seen.external_id: item.seen.alternative_ids for item in incoming}
    mine = Message.source_id.in_(beside)
    rows = db.session.scalars(select(Message).where(mine, Message.external_id.in_(list(asked))))
    found = {row.external_id: row for row in rows}
    others = {other: key for key, known in asked.items() if key not in found for other in known}
    if others:
        given = list(others)
        moved = select(Message).where(
            mine, Message.external_id.in_(given) | Message.other_id.in_(given)
        )
        for row in db.session.scalars(moved):
            key = others.get(row.external_id) or others.get(row.other_id or "")
            if key is not None and row.external_id not in asked:
                found.setdefault(key, row)
    return found


def _sources_beside(source: Source) -> list[int]:
    """All sources of the account: what two of them both meet is one message.

    Where there are several, their account's row is locked, so that two that are read side by side
    cannot both take the same message for new.
    """
    ids = list(
        db.session.scalars(
            select(Source.id).where(Source.account_id == source.account_id, Source.kind != "import")
        )
    )
    if len(ids) > 1:
        db.session.execute(
            select(Account.id).where(Account.id == source.account_id).with_for_update()
        )
    return sorted({*ids, source.id})


def _take_changes(
    source: Source,
    changed: Sequence[tuple[Message, Incoming]],
    now: datetime,
    result: Received,
    events: list[dict[str, Any]],
) -> None:
    touched: set[int] = set()
    earlier: list[MessageVersion] = []
    lock_cases(row.case_id for row, _item in changed if row.case_id is not None)
    for row, item in changed:
        seen = item.seen
        if row.ours and not row.payload_hash:
            _adopt(row, item, now)
            if row.at_source in GONE:
                row.removed_at = now
                events += note_vanished([row], now)
            continue
        facts: dict[str, Any] = {"at": now, "message_id": row.id, "case_id": row.case_id}
        facts["source_id"] = source.id
        different = False
        if seen.text != row.text:
            earlier.append(MessageVersion(message_id=row.id, text=row.text, seen_until=now))
            row.text, row.edited_at, row.fetched_at, different = seen.text, now, now, True
            row.settled, row.covered_by = False, None
            events.append(event_row("message_edited", **facts))
        if seen.at_source != row.at_source:
            facts_now: dict[str, Any] = {"was": row.at_source, "is": str(seen.at_source)}
            name = (
                "message_removed"
                if seen.at_source == AtSource.REMOVED
                else "message_status_changed"
            )
            events.append(event_row(name, **facts, **facts_now))
            row.removed_at = now if seen.at_source == AtSource.REMOVED else None
            row.at_source, different = seen.at_source, True
            if seen.at_source in GONE:
                events += note_vanished([row], now)
        row.payload_hash, row.checked_at = item.payload_hash or row.payload_hash, now
        for name, value in _facts(seen).items():
            setattr(row, name, value)
        if different:
            result.changed += 1
            if row.case_id is not None:
                touched.add(row.case_id)
    db.session.add_all(earlier)
    db.session.flush()
    take_in(earlier)
    _bump_versions(touched)
    result.case_ids |= touched


def _adopt(row: Message, item: Incoming, now: datetime) -> None:
    """Our own answer, met for the first time on the platform: its words stay as they were sent."""
    row.payload_hash, row.checked_at = item.payload_hash, now
    row.published_at, row.url = item.seen.published_at, item.seen.url or row.url
    row.at_source = item.seen.at_source


def _bump_versions(case_ids: Iterable[int]) -> None:
    """The conversation of these cases is no longer what a draft was written against."""
    if ids := list(case_ids):
        db.session.execute(
            update(Case)
            .where(Case.id.in_(ids))
            .values(version=Case.version + 1, route_wanted=Case.routed_by != RoutedBy.PERSON)
            .execution_options(synchronize_session=False)
        )


# --- What is new ---------------------------------------------------------------------------------


def _take_new(
    source: Source,
    beside: Sequence[int],
    fresh: Sequence[Incoming],
    now: datetime,
    result: Received,
    events: list[dict[str, Any]],
) -> None:
    if not fresh:
        return
    posts = _posts(source, [item.seen.post for item in fresh])
    people = _people(
        source.account.channel, [i.seen.author for i in fresh if i.seen.author is not None], now
    )
    parents, split = _parents(beside, fresh)
    whole = taken_out_of(split)
    lock_cases({*whole, *whole.values()})
    cases = _cases(source, fresh, posts, people, now, result)
    rows = []
    for item in fresh:
        seen = item.seen
        key = _case_key(seen, posts, people)
        case_id = cases.get(key) if key else None
        above = parents.get(seen.parent_external_id or "", (0, None))[1]
        if seen.by_city or (above is not None and whole.get(above) == case_id):
            case_id = above  # the same resident goes on under what was taken out of their case
        parents[seen.external_id] = (0, case_id)
        rows.append(_message_row(source, item, posts, people, case_id, now))
    inserted = insert_or_ignore(
        Message, rows, Message.id, Message.external_id, Message.case_id, Message.by_city
    )
    _link_parents(beside, fresh)
    result.new += len(inserted)
    result.case_ids |= {row.case_id for row in inserted if row.case_id is not None}
    _bump_versions({row.case_id for row in inserted if row.case_id is not None})
    said = {item.seen.external_id: item.seen for item in fresh}
    for row in inserted:
        name = "own_message_seen" if row.by_city else "message_received"
        what = {"case_id": row.case_id, "message_id": row.id, "source_id": source.id}
        facts = _facts_for_ledger(source, said[row.external_id])
        events.append(event_row(name, at=now, **what, **facts))


def _facts_for_ledger(source: Source, seen: MessageSeen) -> dict[str, Any]:
    """What response times need to know of a message when it is gone from here: times and marks."""
    facts: dict[str, Any] = {"published": seen.published_at.isoformat()}
    if is_history(source, seen.published_at):
        facts["history"] = True
    if seen.at_source in GONE:
        facts["is"] = str(seen.at_source)
    return facts


def _message_row(
    source: Source,
    item: Incoming,
    posts: Mapping[str, int],
    people: Mapping[str, int],
    case_id: int | None,
    now: datetime,
) -> dict[str, Any]:
    seen = item.seen
    return {
        "source_id": source.id,
        "external_id": seen.external_id,
        "other_id": seen.alternative_ids[-1] if seen.alternative_ids else None,
        "post_id": posts[seen.post.external_id],
        "case_id": case_id,
        "person_id": people[seen.author.external_id] if seen.author else None,
        "parent_external_id": seen.parent_external_id,
        "author_name": seen.author.name[:300] if seen.author else "",
        "by_city": seen.by_city,
        "ours": False,
        "settled": False,
        "text": seen.text,
        "payload_hash": item.payload_hash,
        "at_source": str(seen.at_source),
        "url": seen.url,
        "published_at": seen.published_at,
        "fetched_at": now,
        "checked_at": now,
        "removed_at": now if seen.at_source == AtSource.REMOVED else None,
        "time_uncertain": seen.time_uncertain,
        "history": is_history(source, seen.published_at),
        **_facts(seen),
    }


def _facts(seen: MessageSeen) -> dict[str, Any]:
    """What the platform says may be done with a message, and what it carries beside text."""
    return {
        "attachments": [[one.kind, one.description[:300]] for one in seen.attachments],
        "no_answer": str(seen.no_answer or ""),
        "answer_elsewhere": seen.answer_elsewhere,
        "can_hide": seen.can_hide,
        "private_reply_until": seen.private_reply_until,
    }


def is_history(source: Source, published_at: datetime) -> bool:
    """Whether a message is from before the source was connected: context, not work."""
    return source.history_before is not None and published_at < source.history_before


def _posts(source: Source, seen: Sequence[PostSeen]) -> dict[str, int]:
    """The posts' ids by external id; new ones are kept, changed titles and texts followed."""
    latest = {post.external_id: post for post in seen}
    mine = Post.account_id == source.account_id
    insert_or_ignore(
        Post,
        [
            {
                "account_id": source.account_id,
                "external_id": post.external_id,
                "title": post.title,
                "text": post.text,
                "url": post.url,
                "published_at": post.published_at,
                "by_city": post.by_city,
            }
            for post in latest.values()
        ],
    )
    found: dict[str, int] = {}
    for row in db.session.scalars(select(Post).where(mine, Post.external_id.in_(list(latest)))):
        post = latest[row.external_id]
        found[row.external_id] = row.id
        if (post.title and post.title != row.title) or (post.text and post.text != row.text):
            row.title, row.text = post.title or row.title, post.text or row.text
            row.url = post.url or row.url
    db.session.flush()
    return found


def _people(channel: str, seen: Sequence[PersonSeen], now: datetime) -> dict[str, int]:
    """The identities' ids by external id on this channel; names follow the platform."""
    latest = {person.external_id: person for person in seen}
    if not latest:
        return {}
    insert_or_ignore(
        Person,
        [
            {
                "channel": channel,
                "external_id": person.external_id,
                "name": person.name[:300],
                "handle": person.handle[:300],
                "url": person.url,
                "first_seen_at": now,
            }
            for person in latest.values()
        ],
    )
    rows = db.session.scalars(
        select(Person).where(Person.channel == channel, Person.external_id.in_(list(latest)))
    )
    found: dict[str, int] = {}
    for row in rows:
        person = latest[row.external_id]
        found[row.external_id] = row.id
        if person.name and person.name[:300] != row.name:
            row.name = person.name[:300]
    db.session.flush()
    return found


def _parents(
    beside: Sequence[int], fresh: Sequence[Incoming]
) -> tuple[dict[str, tuple[int, int | None]], set[int]]:
    """(id, case) of the messages that new ones answer, as far as we have them.

    And which of those cases a person has taken out of another.
    """
    wanted = {item.seen.parent_external_id for item in fresh} - {None}
    if not wanted:
        return {}, set()
    rows = db.session.execute(
        select(Message.external_id, Message.id, Message.case_id, Case.split_from_id)
        .outerjoin(Case, Case.id == Message.case_id)
        .where(Message.source_id.in_(beside), Message.external_id.in_(list(wanted)))
    ).all()
    parents = {row.external_id: (row.id, row.case_id) for row in rows}
    return parents, {row.case_id for row in rows if row.split_from_id is not None}


def _link_parents(beside: Sequence[int], fresh: Sequence[Incoming]) -> None:
    """Join replies with what they answer, whichever of the two came first."""
    keys = {item.seen.external_id for item in fresh}
    keys |= {i.seen.parent_external_id for i in fresh if i.seen.parent_external_id}
    if not any(item.seen.parent_external_id for item in fresh) and not _waits_for(beside, keys):
        return
    parent = Message.__table__.alias("parent")
    here = (
        Message.source_id.in_(beside),
        Message.parent_id.is_(None),
        Message.parent_external_id.in_(list(keys)),
    )
    of_parent = (
        parent.c.source_id.in_(beside),
        parent.c.external_id == Message.parent_external_id,
    )
    orphan = update(Message).execution_options(synchronize_session=False)
    db.session.execute(
        orphan.where(*here, Message.by_city, Message.case_id.is_(None)).values(
            case_id=select(func.min(parent.c.case_id)).where(*of_parent).scalar_subquery()
        )
    )
    db.session.execute(
        orphan.where(*here).values(
            parent_id=select(func.min(parent.c.id)).where(*of_parent).scalar_subquery()
        )
    )


def _waits_for(beside: Sequence[int], external_ids: Iterable[str]) -> bool:
    """Whether a reply came before what it answers, and that has come now."""
    return (
        db.session.scalar(
            select(Message.id)
            .where(
                Message.source_id.in_(beside),
                Message.parent_id.is_(None),
                Message.parent_external_id.in_(list(external_ids)),
            )
            .limit(1)
        )
        is not None
    )


# --- Cases ------------------------------------------------------------------------------------

CaseKey = tuple[int, int | None, str]
"""Post, person, and for an unknown author the message itself: no two unknowns are one."""


def _case_key(
    seen: MessageSeen, posts: Mapping[str, int], people: Mapping[str, int]
) -> CaseKey | None:
    if seen.by_city:
        return None
    if seen.author is None:
        return (posts[seen.post.external_id], None, seen.external_id)
    return (posts[seen.post.external_id], people[seen.author.external_id], "")


def _cases(
    source: Source,
    fresh: Sequence[Incoming],
    posts: Mapping[str, int],
    people: Mapping[str, int],
    now: datetime,
    result: Received,
) -> dict[CaseKey, int]:
    """The case of every resident's word: found, or opened."""
    first: dict[CaseKey, MessageSeen] = {}
    for item in fresh:
        key = _case_key(item.seen, posts, people)
        if key is not None:
            first.setdefault(key, item.seen)
    known = [(post, person) for post, person, unknown in first if not unknown]
    cases: dict[CaseKey, int] = {}
    if known:
        rows = db.session.execute(
            select(Case.id, Case.post_id, Case.person_id).where(
                tuple_(Case.post_id, Case.person_id).in_(known)
            )
        )
        cases = {(row.post_id, row.person_id, ""): row.id for row in rows}
        lock_cases(cases.values())
    missing = {key: seen for key, seen in first.items() if key not in cases}
    opened = _open(source, missing, now)
    result.opened += len(opened)
    log_events(
        [
            event_row(
                "case_opened",
                at=now,
                case_id=case_id,
                source_id=source.id,
                account_id=source.account_id,
                channel=source.account.channel,
            )
            for case_id in opened.values()
        ]
    )
    return cases | opened


def _open(
    source: Source, missing: Mapping[CaseKey, MessageSeen], now: datetime
) -> dict[CaseKey, int]:
    columns = (Case.id, Case.post_id, Case.person_id)
    named = [_case_row(source, key, seen) for key, seen in missing.items() if not key[2]]
    opened: dict[CaseKey, int] = {
        (row.post_id, row.person_id, ""): row.id for row in insert_or_ignore(Case, named, *columns)
    }
    for key, seen in missing.items():
        if key[2]:
            row = insert_or_ignore(Case, [_case_row(source, key, seen)], *columns)[0]
            opened[key] = row.id
    return opened


def _case_row(source: Source, key: CaseKey, seen: MessageSeen) -> dict[str, Any]:
    history = is_history(source, seen.published_at)
    return {
        "account_id": source.account_id,
        "channel": source.account.channel,
        "post_id": key[0],
        "person_id": key[1],
        "person_name": seen.author.name[:300] if seen.author else "",
        "snippet": snippet_of(seen.text),
        "state": CaseState.CLOSED.value if history else CaseState.NEW.value,
        "is_open": not history,
        "outcome": Outcome.HISTORY.value if history else None,
        "outcome_reason": "",
        "routed_by": RoutedBy.NOBODY.value,
        "no_answer_needed": False,
        "refer_to": "",
        "kind": "",
        "urgent": False,
        "route_wanted": not history,
        "version": 0,
        "opened_at": seen.published_at,
        "waiting_since": None if history else seen.published_at,
        "last_word_at": seen.published_at,
        "sort_at": seen.published_at,
        "closed_at": seen.published_at if history else None,
    }
