"""The register of the city's accounts (förteckning), and who has looked through them when.

Nothing here is asked of a platform. Looking through an account is a person's own statement: that
somebody has read a case, or that the collector has fetched it, is not taken for it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.basics.clock import to_local
from app.basics.working_time import LONGEST_LOOK, Hours, NeverOpen, is_open, next_opening
from app.channels.base import all_channels
from app.collecting.approval import BadAccount
from app.database import db, writing
from app.models import Account, AccountPerson, Message, Source, Staff
from app.models.event import log_event
from app.models.policy import Part
from app.models.source import AccountState
from app.people.approvals import end_of, is_approved, needs_none
from app.people.hours import times
from app.people.rights import Act, NotAllowed, may_review, must_be_allowed

LONGEST_REVIEW = 24 * 14
"""Hours of working days: no account may go longer without anybody looking through it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register says of one account."""

    account: Account
    responsible: Sequence[Staff]
    stand_ins: Sequence[Staff]
    approved: bool


def entries(now: datetime) -> list[Entry]:
    """The register, by channel and name."""
    platforms = [name for name, one in all_channels().items() if one.abilities.connected]
    accounts = select(Account).where(Account.channel.in_(platforms))
    rows = db.session.scalars(accounts.order_by(Account.channel, Account.name, Account.id))
    people = _people()
    return [
        Entry(
            row,
            people.get((row.id, Part.RESPONSIBLE), []),
            people.get((row.id, Part.STAND_IN), []),
            is_approved(row, now),
        )
        for row in rows
    ]


def people_of(account_id: int) -> Mapping[str, list[Staff]]:
    """Who answers for an account and who stands in, by `Part`."""
    people = _people(account_id)
    return {part: people.get((account_id, part), []) for part in Part}


def _people(account_id: int | None = None) -> dict[tuple[int, str], list[Staff]]:
    rows = select(AccountPerson).join(Staff).where(Staff.active).order_by(Staff.name, Staff.id)
    if account_id is not None:
        rows = rows.where(AccountPerson.account_id == account_id)
    found: dict[tuple[int, str], list[Staff]] = {}
    for row in db.session.scalars(rows):
        found.setdefault((row.account_id, row.part), []).append(row.staff)
    return found


@dataclass(frozen=True, slots=True)
class Care:
    """How an account is looked after: in words, by whom, and how often somebody looks through."""

    purpose: str
    watched: str
    contact: str
    review_hours: int
    responsible: Collection[int]
    stand_ins: Collection[int]


def change_care(account_id: int, care: Care, *, by: Staff, now: datetime) -> Account:
    """Keep who answers for an account and how it is watched. Raises `NotAllowed`, `BadAccount`."""
    must_be_allowed(by, Act.CHANGE_ACCOUNTS)
    if not 1 <= care.review_hours <= LONGEST_REVIEW:
        raise BadAccount(f"Skriv ett antal timmar från 1 till {LONGEST_REVIEW}.")
    with writing():
        account = db.session.get(Account, account_id, with_for_update={"of": Account})
        if account is None:
            raise BadAccount(f"Det finns inget konto med nummer {account_id}.")
        account.purpose = care.purpose.strip()[:500]
        account.watched, account.contact = care.watched.strip()[:200], care.contact.strip()[:120]
        account.review_hours = care.review_hours
        wanted = dict.fromkeys(care.stand_ins, Part.STAND_IN)
        wanted |= dict.fromkeys(care.responsible, Part.RESPONSIBLE)
        _set_people(account.id, wanted)
        log_event("register_changed", at=now, account_id=account.id, staff_id=by.id)
    return account


def _set_people(account_id: int, wanted: Mapping[int, Part]) -> None:
    of_account = select(AccountPerson).where(AccountPerson.account_id == account_id)
    for row in db.session.scalars(of_account).all():
        db.session.delete(row)
    db.session.flush()
    real = db.session.scalars(select(Staff.id).where(Staff.id.in_(wanted), Staff.active))
    for number in sorted(real):
        part = wanted[number]
        db.session.add(AccountPerson(account_id=account_id, staff_id=number, part=part))


# --- Looking through (BBS-lagen 4 §) --------------------------------------------------------------


def reviewed(account_id: int, *, by: Staff, now: datetime) -> Account:
    """A person says that they have looked through an account up to its newest message.

    The ledger keeps the person, the moment, and up to which message. Raises `NotAllowed`.
    """
    with writing():
        account = db.session.get(Account, account_id, with_for_update={"of": Account})
        if account is None or not may_review(by, account):
            raise NotAllowed(Act.MODERATE)
        newest = db.session.scalar(
            select(func.max(Message.id))
            .join(Source, Source.id == Message.source_id)
            .where(Source.account_id == account.id)
        )
        account.reviewed_at, account.reviewed_by_id = now, by.id
        log_event(
            "account_reviewed",
            at=now,
            account_id=account.id,
            staff_id=by.id,
            message_id=newest,
        )
    return account


def review_due(account: Account, hours: Hours) -> datetime:
    """By when somebody shall look through the account again (aware UTC).

    The account's hours are counted round the clock on the days that `hours` have open; what then
    falls outside them is due when it opens next. `hours`: those of its department or the office.
    Raises `NeverOpen`.
    """
    at = account.reviewed_at or account.created_at
    left, day = timedelta(hours=account.review_hours), to_local(at).date()
    for _ in range(LONGEST_LOOK):
        over = end_of(day)
        if hours.intervals(day):
            if left <= over - at:
                return next_opening(at + left, hours)
            left -= over - at
        at, day = over, day + timedelta(days=1)
    raise NeverOpen("de här öppettiderna har ingen öppning på ett år")


@dataclass(frozen=True, slots=True)
class Overdue:
    """An account that nobody has looked through in time, or for which nobody answers."""

    account: Account
    due_at: datetime | None
    """None: it is looked through in time, but nobody answers for it."""


def overdue(now: datetime) -> list[Overdue]:
    """Where somebody should look now: said in opening hours only, for accounts that are read."""
    known, people, found = times(), _people(), []
    reading = select(Account).where(Account.state == AccountState.ACTIVE).order_by(Account.id)
    for account in db.session.scalars(reading):
        if needs_none(account) or not is_approved(account, now):
            continue
        hours = known.calendar(account.owner_department_id)
        due = _due_or_never(account, hours)
        if due is not None and due <= now and is_open(now, hours):
            found.append(Overdue(account, due))
        elif (account.id, Part.RESPONSIBLE) not in people:
            found.append(Overdue(account, None))
    return found


def _due_or_never(account: Account, hours: Hours) -> datetime | None:
    try:
        return review_due(account, hours)
    except NeverOpen:
        return None


def names(people: Iterable[Staff]) -> str:
    """Their names in a row."""
    return ", ".join(one.name for one in people)
