"""A head of administration's approval of an account: entered, renewed, watched until its end."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from app.basics.clock import to_local
from app.database import db, writing
from app.inbox.letters import reading
from app.models import Account, Approval, Event, Mail, Source, Staff
from app.models.event import log_event
from app.models.source import years_after
from app.people.approvals import Ending, ending, last_day
from app.people.rights import Act, may, must_be_allowed


class BadAccount(Exception):
    """An account cannot be connected or approved like this; the text says why, in Swedish."""


@dataclass(frozen=True, slots=True)
class NewApproval:
    """A decision: who approved, when, until when (None: as long as usual), and its number."""

    approved_by: str
    approved_at: datetime
    approved_until: datetime | None = None
    decision: str = ""

    @property
    def ends(self) -> datetime:
        """When it ends (aware UTC)."""
        return self.approved_until or years_after(self.approved_at)


def must_be_an_approval(new: NewApproval, *, now: datetime) -> None:
    """Raises `BadAccount` when the decision cannot be one, or holds no longer."""
    if not new.approved_by.strip():
        raise BadAccount(
            "Ett konto behöver godkännas av närmaste förvaltningschef. Skriv vem som har godkänt."
        )
    if to_local(new.approved_at).date() > to_local(now).date():
        raise BadAccount("Beslutet kan inte vara från en dag som inte har varit.")
    if new.ends <= new.approved_at:
        raise BadAccount("Godkännandet behöver gälla till en dag efter beslutet.")
    if new.ends <= now:
        last = last_day(new.ends)
        raise BadAccount(f"Godkännandet gällde till {last}. Det behövs ett nytt beslut.")


def stand_on(account: Account, new: NewApproval) -> None:
    """Let the account carry the approval that holds now."""
    account.approved_by, account.approved_at = new.approved_by.strip()[:200], new.approved_at
    account.approved_until, account.decision = new.ends, new.decision.strip()[:60]


def enter(account: Account, new: NewApproval, *, by: Staff | None, now: datetime) -> None:
    """Write the decision in the register. Runs in the caller's transaction."""
    db.session.add(
        Approval(
            account_id=account.id,
            approved_by=new.approved_by.strip()[:200],
            approved_at=new.approved_at,
            valid_until=new.ends,
            decision=new.decision.strip()[:60],
            entered_by_id=by.id if by else None,
            entered_at=now,
        )
    )


def approve(account_id: int, new: NewApproval, *, by: Staff | None, now: datetime) -> Account:
    """Enter a new approval; the account is read and answered from at once if it was not.

    `by` None: at the command line. Raises `NotAllowed` and `BadAccount`.
    """
    if by is not None:
        must_be_allowed(by, Act.CHANGE_ACCOUNTS)
    must_be_an_approval(new, now=now)
    with writing():
        account = db.session.get(Account, account_id, with_for_update={"of": Account})
        if account is None:
            raise BadAccount(f"Det finns inget konto med nummer {account_id}.")
        stand_on(account, new)
        enter(account, new, by=by, now=now)
        db.session.execute(
            update(Source)
            .where(Source.account_id == account.id, Source.next_look_at > now)
            .where(Source.error_class == "")
            .values(next_look_at=now)
        )
        log_event(
            "account_approved",
            at=now,
            account_id=account.id,
            staff_id=by.id if by else None,
            until=last_day(new.ends).isoformat(),
        )
    return account


def approvals_of(account_id: int) -> list[Approval]:
    """Every approval that an account has had, the newest first."""
    rows = select(Approval).where(Approval.account_id == account_id).order_by(Approval.id.desc())
    return list(db.session.scalars(rows))


def watch(*, now: datetime) -> int:
    """Say once in the ledger that an approval ends within 60, 30 or 7 days, or is over.

    Those who look after accounts and get a letter for each case are written to as well; those who
    get the day's letter find it there. Returns how many were new. Several may call it.
    """
    return sum(_told(one, now) for one in ending(now))


def _told(one: Ending, now: datetime) -> bool:
    name = "approval_ended" if one.over else "approval_ending"
    until = one.account.approved_until
    facts = {"step": one.step, "until": last_day(until).isoformat() if until else ""}
    if _known(one.account.id, name, facts):
        return False
    with writing():
        held = select(Account.id).where(Account.id == one.account.id)
        db.session.execute(held.with_for_update(key_share=True)).all()
        if _known(one.account.id, name, facts):
            return False
        log_event(name, at=now, account_id=one.account.id, **facts)
        for person in reading("each"):
            if may(person, Act.CHANGE_ACCOUNTS):
                letter = Mail(staff_id=person.id, kind="digest", created_at=now, due_at=now)
                db.session.add(letter)
    return True


def _known(account_id: int, name: str, facts: dict[str, object]) -> bool:
    """Whether the ledger says it already."""
    rows = db.session.scalars(
        select(Event.details).where(Event.name == name, Event.account_id == account_id)
    )
    return any({key: row.get(key) for key in facts} == facts for row in rows)
