"""Carries queued letters to the mail server: each leaves at most once.

1. Claim all that is due to one person, by compare-and-set with a lease, and commit.
2. Write the letter from how things stand now; what nobody needs any more is thrown away.
3. Give it to the server, and write down what it said.

A worker that dies on the way leaves letters that may have gone. They are not sent again: better
none than two, and the work still stands in the lists and in the day's letter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from app.basics import mail
from app.basics.logs import log
from app.database import db, writing
from app.inbox import letter_text
from app.inbox.digests import case_lines, waiting_for
from app.inbox.letter_text import Reader
from app.inbox.letters import JUST, answers_to_approve, is_for, unread_mentions, waits
from app.models import Case, CaseSeen, Event, Mail, Presence, Staff
from app.models.event import log_event
from app.models.workbench import MailState
from app.people.rights import Act, may, visible_cases

LEASE = timedelta(minutes=10)
"""Longer than a server can keep us waiting."""
PAUSES = tuple(timedelta(minutes=n) for n in (1, 5, 15, 60, 180, 360, 720))
"""Between two tries: about a day in all."""
BETWEEN = timedelta(minutes=15)
"""One who has just got a letter gets what else comes in one more, unless it is urgent."""
MOST_A_RUN = 50
LOST, OUR_FAULT = "lost", "our_fault"
"""Beside the words of `mail.MailError`: a worker died on the way; we could not write it."""


@dataclass(frozen=True, slots=True)
class MailRoom:
    """With what letters are written and sent: the server, our address, where the pages are."""

    server: mail.MailServer
    sender: str
    city: str
    address: str
    prefix: str
    never_alone: frozenset[str]


def mail_room(settings: Mapping[str, Any]) -> MailRoom | None:
    """The mail room of this installation; None when no letters are sent."""
    if not settings["SMTP_URL"]:
        return None
    return MailRoom(
        server=mail.server_at(settings["SMTP_URL"]),
        sender=settings["MAIL_FROM"],
        city=settings["CITY"],
        address=settings["PUBLIC_URL"],
        prefix=settings["CASE_PREFIX"],
        never_alone=frozenset(settings.get("APPROVAL_ROLES", ())),
    )


def carry(room: MailRoom, clock: Callable[[], datetime]) -> int:
    """Send what is due; returns how many letters left. Call it side by side as you like."""
    give_up_lost(clock())
    left, handled = 0, set[int]()
    for _ in range(MOST_A_RUN):
        claimed = _claim_next(clock(), handled)
        if claimed is None:
            break
        staff_id, ids = claimed
        handled.add(staff_id)
        try:
            left += _send(room, staff_id, ids, clock)
        except mail.NotNow as error:
            if error.why != "busy":
                break  # what hinders this letter hinders the others too
    return left


def give_up_lost(now: datetime) -> None:
    """What a dead worker held may have gone: it is not sent again."""
    lost = (Mail.state == MailState.SENDING, Mail.lease_until < now)
    for letter in db.session.scalars(select(Mail).where(*lost)).all():
        _settle([letter.id], letter.staff_id, MailState.FAILED, LOST, now)


def _claim_next(now: datetime, handled: set[int]) -> tuple[int, list[int]] | None:
    """Claim what is due to the next person: the day's letter alone, or all about cases."""
    due = (Mail.state == MailState.QUEUED, Mail.due_at <= now)
    other = aliased(Mail)
    lately = exists().where(
        other.staff_id == Mail.staff_id, other.kind != "digest", other.sent_at > now - BETWEEN
    )
    urgent = exists().where(Case.id == Mail.case_id, Case.urgent)
    candidates = db.session.execute(
        select(Mail.staff_id, Mail.kind == "digest")
        .where(*due, Mail.staff_id.not_in(handled), or_(Mail.kind == "digest", ~lately, urgent))
        .order_by(Mail.due_at, Mail.id)
        .limit(MOST_A_RUN)
    ).all()
    for staff_id, is_digest in candidates:
        with writing():
            taken = db.session.scalars(
                update(Mail)
                .where(*due, Mail.staff_id == staff_id, (Mail.kind == "digest") == is_digest)
                .values(state=MailState.SENDING, tries=Mail.tries + 1, lease_until=now + LEASE)
                .returning(Mail.id)
                .execution_options(synchronize_session=False)
            ).all()
        if taken:
            return staff_id, sorted(taken)
    return None


def _send(room: MailRoom, staff_id: int, ids: Sequence[int], clock: Callable[[], datetime]) -> int:
    """Write and send what we hold; 1 when it left. Raises `mail.NotNow` when it did not, yet."""
    try:
        written = _write(room, staff_id, ids, clock())
        db.session.commit()  # nothing is held open while we talk to the server
        if written is None:
            return 0
        kept, letter = written
        mail.hand_in(room.server, letter, sender=room.sender, city=room.city, now=clock())
    except mail.NotNow as error:
        _again(ids, staff_id, error.why, clock())
        raise
    except mail.MailError as error:
        _settle(ids, staff_id, MailState.FAILED, error.why, clock())
        return 0
    except Exception:
        db.session.rollback()
        log().exception("letter_failed", person=staff_id)
        _settle(ids, staff_id, MailState.FAILED, OUR_FAULT, clock())
        return 0
    _settle(kept, staff_id, MailState.SENT, "", clock())
    return 1


def _write(
    room: MailRoom, staff_id: int, ids: Sequence[int], now: datetime
) -> tuple[list[int], mail.Letter] | None:
    """The letter as things stand now, and the rows that it tells of; the others are gone."""
    staff = db.session.get_one(Staff, staff_id, populate_existing=True)
    rows = db.session.scalars(
        select(Mail).where(Mail.id.in_(ids)).execution_options(populate_existing=True)
    ).all()
    reader = Reader(staff.language, room.address, now)
    is_digest = rows[0].kind == "digest"
    if is_digest:
        kept = list(rows) if _wants(staff, "digest") else []
        waiting = waiting_for(staff, reader, room.prefix, room.never_alone) if kept else None
        kept = kept if waiting else []
        text = letter_text.digest(waiting, reader) if waiting else None
    else:
        wanted = _wants(staff, "each")
        kept = [row for row in rows if wanted and _still_news(row, staff, room, now)]
        lines = [
            line
            for row in kept
            for line in case_lines([row.case_id or 0], staff, reader, room.prefix, row.kind)
        ]
        text = letter_text.about_cases(lines, reader) if lines else None
    _throw_away({row.id for row in rows} - {row.id for row in kept})
    if text is None:
        return None
    return [row.id for row in kept], mail.Letter(staff.email, *text, reader.change_at)


def _wants(staff: Staff, how: str) -> bool:
    return staff.mail_when == how and bool(staff.email) and may(staff, Act.READ_CASES)


def _still_news(row: Mail, staff: Staff, room: MailRoom, now: datetime) -> bool:
    """Whether the person may see the case, has not opened it, and something waits for them."""
    mine = select(Case).where(Case.id == row.case_id, visible_cases(staff))
    case = db.session.scalar(mine.execution_options(populate_existing=True))
    if case is None or _has_opened(row):
        return False
    if row.kind == "approval":
        asked = answers_to_approve(staff, room.never_alone)
        return case.id in db.session.scalars(asked.with_only_columns(Case.id)).all()
    if row.kind == "mentioned":
        return case.id in db.session.scalars(unread_mentions(staff)).all()
    waiting = db.session.scalar(select(Case.id).where(Case.id == case.id, waits(now)))
    return waiting is not None and is_for(case, staff)


def _has_opened(row: Mail) -> bool:
    """Whether the person has had the case open since the letter was queued, or just before."""
    since = row.created_at - JUST
    opened = select(CaseSeen.case_id).where(
        CaseSeen.staff_id == row.staff_id, CaseSeen.case_id == row.case_id, CaseSeen.at >= since
    )
    here = select(Presence.case_id).where(
        Presence.staff_id == row.staff_id,
        Presence.case_id == row.case_id,
        Presence.seen_at >= since,
    )
    return db.session.scalar(opened.union_all(here).limit(1)) is not None


def _throw_away(ids: set[int]) -> None:
    """Letters that nobody needs any more."""
    if ids:
        with writing():
            db.session.execute(delete(Mail).where(Mail.id.in_(ids), Mail.sent_at.is_(None)))


def _again(ids: Sequence[int], staff_id: int, why: str, now: datetime) -> None:
    """The letters did not go: later, with growing pauses, and after a day not any more."""
    held = (Mail.id.in_(ids), Mail.state == MailState.SENDING)
    for number, tries in db.session.execute(select(Mail.id, Mail.tries).where(*held)).all():
        if tries > len(PAUSES):
            _settle([number], staff_id, MailState.FAILED, why, now)
            continue
        with writing():
            db.session.execute(
                update(Mail)
                .where(Mail.id == number, Mail.state == MailState.SENDING)
                .values(
                    state=MailState.QUEUED,
                    due_at=now + PAUSES[tries - 1],
                    lease_until=None,
                    error=why,
                )
            )
    log().warning("mail_not_now", person=staff_id, why=why)


def _settle(ids: Sequence[int], staff_id: int, state: MailState, why: str, now: datetime) -> None:
    """Write down how it ended, if the letters are still in our hands, and tell the ledger."""
    with writing():
        rows = db.session.execute(
            update(Mail)
            .where(Mail.id.in_(ids), Mail.state == MailState.SENDING)
            .values(
                state=state,
                error=why,
                lease_until=None,
                sent_at=now if state == MailState.SENT else None,
            )
            .returning(Mail.kind, Mail.case_id)
            .execution_options(synchronize_session=False)
        ).all()
        if not rows:
            return
        cases = sorted(row.case_id for row in rows if row.case_id)
        facts = {"person": staff_id, "kind": rows[0].kind, "cases": cases[:50]}
        if state == MailState.SENT:
            log_event("mail_sent", at=now, **facts)
        else:
            log_event("mail_failed", at=now, **facts, why=why)
    log().info(f"mail_{state}", person=staff_id, letters=len(rows), why=why)


def send_trial(room: MailRoom, staff: Staff, *, now: datetime) -> None:
    """Send a person a letter at once, to try their address. Raises `mail.MailError`."""
    reader = Reader(staff.language, room.address, now)
    letter = mail.Letter(staff.email, *letter_text.trial(reader), reader.change_at)
    try:
        mail.hand_in(room.server, letter, sender=room.sender, city=room.city, now=now)
    except mail.MailError as error:
        with writing():
            facts = {"staff_id": staff.id, "person": staff.id, "kind": "trial", "why": error.why}
            log_event("mail_failed", at=now, **facts)
        raise
    with writing():
        log_event("mail_sent", at=now, staff_id=staff.id, person=staff.id, kind="trial")


def trials_since(staff: Staff, since: datetime) -> int:
    """How many letters a person has sent to themself since then (aware UTC)."""
    sent = (Event.name.in_(("mail_sent", "mail_failed")), Event.at > since)
    mine = select(func.count()).select_from(Event).where(*sent, Event.staff_id == staff.id)
    return db.session.scalar(mine) or 0


def last_letter(staff: Staff) -> Mail | None:
    """The last letter to this person that left, or that was given up."""
    done = Mail.state.in_((MailState.SENT, MailState.FAILED))
    newest = select(Mail).where(Mail.staff_id == staff.id, done).order_by(Mail.id.desc()).limit(1)
    return db.session.scalar(newest)


def knew_of(staff: Staff, case_id: int) -> bool:
    """Whether this person has had a letter about the case, or their department has had the case.

    Then it tells them nothing new that it is no longer theirs.
    """
    told = (Mail.staff_id == staff.id, Mail.case_id == case_id, Mail.state == MailState.SENT)
    if db.session.scalar(select(Mail.id).where(*told).limit(1)) is not None:
        return True
    if staff.department is None:
        return False
    moves = ("case_routed", "case_rerouted", "case_handed_back")
    places = select(Event.details).where(Event.case_id == case_id, Event.name.in_(moves))
    slug = staff.department.slug
    return any(slug in (one.get("was"), one.get("to")) for one in db.session.scalars(places))
