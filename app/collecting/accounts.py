"""Connecting, pausing and resuming official accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update

from app.basics.keys import BadSeal, open_sealed, seal
from app.channels.base import Channel, channel_named
from app.collecting.approval import BadAccount as BadAccount
from app.collecting.approval import NewApproval, enter, must_be_an_approval, stand_on
from app.database import db, writing
from app.models import Account, Case, Department, Source, Staff
from app.models.case import CaseState, Outcome
from app.models.event import log_event
from app.models.source import AccountState
from app.people.practice import switch_off_practice_staff


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What is needed to connect an account. `values` holds settings and secrets by name."""

    channel: str
    name: str
    values: Mapping[str, str]
    approved_by: str = ""
    approved_at: datetime | None = None
    """When it was decided (aware UTC); None: now."""
    approved_until: datetime | None = None
    """When the approval ends (aware UTC); None: USUAL_YEARS after the decision."""
    decision: str = ""
    """The decision's number."""
    purpose: str = ""
    owner_department: str = ""
    kinds: Sequence[str] = ()
    allowed_private_hosts: Sequence[str] = field(default_factory=tuple)
    platform: Mapping[str, str] = field(default_factory=dict)
    """Settings of the installation that this account has its own values for."""
    practice: bool = False


def connect(new: NewAccount, *, keys: Sequence[str], by: Staff | None, now: datetime) -> Account:
    """Connect an account and make its sources due; words from before now are history.

    Raises `BadAccount`: unknown channel, missing values, no valid approval, connected already.
    """
    try:
        channel = channel_named(new.channel)
    except KeyError:
        raise BadAccount(f"Kanalen {new.channel} finns inte.") from None
    if not channel.abilities.connected:
        raise BadAccount(f"{channel.label} behöver inget konto: samtal registreras för hand.")
    practice = new.practice or channel.name == "practice"
    approval = NewApproval(
        new.approved_by, new.approved_at or now, new.approved_until, new.decision
    )
    if not practice:
        must_be_an_approval(approval, now=now)
    settings, secrets = _sorted_values(channel, new.values)
    external_id = _external_id(settings, new)
    kinds = list(new.kinds) or _usual_kinds(channel)
    with writing():
        owner = _owner(new.owner_department)
        taken = select(Account.id).where(
            Account.channel == channel.name, Account.external_id == external_id
        )
        if db.session.scalar(taken) is not None:
            raise BadAccount(f"Kontot {external_id} är redan anslutet.")
        account = Account(
            channel=channel.name,
            external_id=external_id,
            name=new.name.strip() or external_id,
            url=settings.get("base_url") or settings.get("feed_url") or "",
            owner_department_id=owner.id if owner else None,
            purpose=new.purpose.strip(),
            practice=practice,
            settings={**settings, **new.platform},
            credentials=seal(secrets, keys),
            allowed_private_hosts=list(new.allowed_private_hosts),
            created_by_id=by.id if by else None,
            created_at=now,
        )
        if approval.approved_by.strip():
            stand_on(account, approval)
        db.session.add(account)
        db.session.flush()
        if not practice:
            enter(account, approval, by=by, now=now)
        _add_sources(account, channel, kinds, now)
        if not practice:
            _end_practice(now)
        log_event(
            "account_connected",
            at=now,
            account_id=account.id,
            staff_id=by.id if by else None,
            channel=channel.name,
        )
    return account


def _usual_kinds(channel: Channel) -> list[str]:
    first, *others = channel.source_kinds
    return [first.kind, *(one.kind for one in others if one.by_default)]


def connect_again(
    account_id: int,
    values: Mapping[str, str],
    *,
    keys: Sequence[str],
    by: Staff | None,
    now: datetime,
) -> Account:
    """Give an account new credentials (or settings); what is left empty stays as it was.

    Its sources are read at once, from where they were. Raises `BadAccount`: no such account, or a
    value that the channel does not know.
    """
    with writing():
        account = db.session.get(Account, account_id, with_for_update={"of": Account})
        if account is None:
            raise BadAccount(f"Det finns inget konto med nummer {account_id}.")
        channel = channel_named(account.channel)
        given = {name: value for name, value in values.items() if value.strip()}
        old = open_or_nothing(account.credentials, keys)
        known = {name: str(value) for name, value in account.settings.items() if name.islower()}
        settings, secrets = _sorted_values(channel, {**known, **_own(channel, old), **given})
        renewed = {setting.name for setting in channel.settings if setting.secret} & set(given)
        kept = {} if renewed else {n: v for n, v in old.items() if n not in secrets}
        account.settings = {**settings, **account.platform}
        account.credentials = seal({**kept, **secrets}, keys)
        account.renewing_until = None
        for source in db.session.scalars(select(Source).where(Source.account_id == account.id)):
            source.next_look_at, source.failures = now, 0
        staff_id = by.id if by else None
        log_event("account_connected_again", at=now, account_id=account.id, staff_id=staff_id)
    return account


def _own(channel: Channel, credentials: Mapping[str, str]) -> dict[str, str]:
    """Those of the stored credentials that a person gave; tokens that wear out are not."""
    asked = {setting.name for setting in channel.settings}
    return {name: value for name, value in credentials.items() if name in asked}


def open_or_nothing(sealed: str, keys: Sequence[str]) -> dict[str, str]:
    """The credentials; nothing when no key opens them any more (that is why new ones come)."""
    try:
        return open_sealed(sealed, keys)
    except BadSeal:
        return {}


def _owner(slug: str) -> Department | None:
    """The owner department; '' for the whole city. Raises `BadAccount`."""
    if not slug:
        return None
    owner = db.session.scalar(select(Department).where(Department.slug == slug))
    if owner is None:
        raise BadAccount(f"Avdelningen {slug} finns inte.")
    return owner


def _add_sources(account: Account, channel: Channel, kinds: Sequence[str], now: datetime) -> None:
    """What is to be polled, due at once; what was said before is history. Raises `BadAccount`."""
    for kind in kinds:
        if kind not in [one.kind for one in channel.source_kinds]:
            raise BadAccount(f"Kanalen {channel.label} har ingen källa som heter {kind}.")
        db.session.add(
            Source(
                account_id=account.id,
                kind=kind,
                next_look_at=now,
                history_before=None if account.practice else now.replace(microsecond=0),
            )
        )


def _end_practice(now: datetime) -> None:
    """With a real account the practice town is silent, its cases close, its people are off."""
    towns = select(Account.id).where(Account.practice)
    db.session.execute(update(Account).where(Account.practice).values(state=AccountState.PAUSED))
    db.session.execute(
        update(Case)
        .where(Case.account_id.in_(towns), Case.is_open)
        .values(
            state=CaseState.CLOSED,
            is_open=False,
            outcome=Outcome.HISTORY,
            closed_at=now,
            waiting_since=None,
            sort_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    switch_off_practice_staff(now=now)


def _sorted_values(
    channel: Channel, values: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    settings: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for setting in channel.settings:
        value = values.get(setting.name, setting.default).strip()
        if setting.required and not value:
            raise BadAccount(f"{setting.label} behövs.")
        if value:
            (secrets if setting.secret else settings)[setting.name] = value
    unknown = set(values) - {setting.name for setting in channel.settings}
    if unknown:
        raise BadAccount(f"{channel.label} har ingen inställning som heter {sorted(unknown)[0]}.")
    return settings, secrets


def _external_id(settings: Mapping[str, str], new: NewAccount) -> str:
    """What tells two accounts of a channel apart: the address, else the name."""
    for name in ("base_url", "feed_url", "account_id", "channel_id", "page_id"):
        if name in settings:
            return settings[name].rstrip("/")[:300]
    return new.name.strip()[:300] or new.channel


def pause(account_id: int, *, by: Staff | None, now: datetime) -> Account:
    """Stop reading and answering; nothing is lost, reading catches up when it resumes.

    Raises `BadAccount` for no such account.
    """
    return _set_state(account_id, AccountState.PAUSED, "account_paused", by, now)


def resume(account_id: int, *, by: Staff | None, now: datetime) -> Account:
    """Read and answer again, at once; what was gone is tried anew. Raises `BadAccount`."""
    account = _set_state(account_id, AccountState.ACTIVE, "account_resumed", by, now)
    with writing():
        db.session.execute(
            update(Source)
            .where(Source.account_id == account_id, Source.state != "off")
            .values(next_look_at=now, state="on")
        )
    return account


def _set_state(
    account_id: int, state: AccountState, event: str, by: Staff | None, now: datetime
) -> Account:
    with writing():
        account = db.session.get(Account, account_id)
        if account is None:
            raise BadAccount(f"Det finns inget konto med nummer {account_id}.")
        if account.state != state:
            account.state = state
            staff_id = by.id if by else None
            log_event(event, at=now, account_id=account.id, staff_id=staff_id)
    return account
