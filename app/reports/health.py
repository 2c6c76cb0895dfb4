"""A light that is true: per source when it was last read, and in words what is wrong with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select

from app.basics.keys import BadSeal, open_sealed
from app.collecting.incidents import open_incidents
from app.database import db
from app.models import Answer, Mail, Message, RawPayload, Source
from app.models.answer import AnswerState
from app.models.source import AccountState, SourceState
from app.models.workbench import MailState
from app.people.approvals import is_approved
from app.reports.silence import LOOKS_BACK, is_unusually_quiet

LATELY = timedelta(hours=24)
LATE_AFTER = timedelta(minutes=30)
"""A source that should have been looked at this long ago: the collector is not running."""


class Light(StrEnum):
    """How a source fares; `web/words.py` has the words and what to do."""

    FINE = "fine"
    FIRST_READING = "first_reading"
    QUIET = "quiet"
    """Read without fault, but nothing has come for longer than is usual at this hour."""
    READ_ONLY = "read_only"
    """An administrator has switched the channel to read-only."""
    TRYING_AGAIN = "trying_again"
    SIGN_IN_NEEDED = "sign_in_needed"
    BUDGET_SPENT = "budget_spent"
    PLATFORM_TROUBLE = "platform_trouble"
    GONE = "gone"
    OUR_FAULT = "our_fault"
    NOT_COLLECTED = "not_collected"
    SWITCHED_OFF = "switched_off"
    NOT_APPROVED = "not_approved"
    """No head of administration's approval holds: it is not read."""


TROUBLE = frozenset(set(Light) - {Light.FINE, Light.FIRST_READING, Light.QUIET, Light.SWITCHED_OFF})


@dataclass(frozen=True, slots=True)
class Health:
    """One source's state: the light, and when it was read, looked at, and will be looked at."""

    source: Source
    light: Light
    read_lately: int = 0
    """How many messages it has brought in the last 24 hours; 0 when nobody listened."""

    @property
    def trouble(self) -> bool:
        """Whether somebody should do something."""
        return self.light in TROUBLE


def light_of(source: Source, now: datetime) -> Light:
    """The light of one source, from what its last looks gave (`now` is aware UTC)."""
    if source.state == SourceState.GONE:
        return Light.GONE
    if source.state == SourceState.OFF or source.account.state != AccountState.ACTIVE:
        return Light.SWITCHED_OFF
    if not is_approved(source.account, now):
        return Light.NOT_APPROVED
    by_error = {
        "SignInNeeded": Light.SIGN_IN_NEEDED,
        "BudgetSpent": Light.BUDGET_SPENT,
        "OurFault": Light.OUR_FAULT,
        "Refused": Light.PLATFORM_TROUBLE,
    }
    if source.error_class:
        light = by_error.get(source.error_class, Light.TRYING_AGAIN)
        often = light == Light.TRYING_AGAIN and source.failures >= 3
        return Light.PLATFORM_TROUBLE if often else light
    if now - source.next_look_at > LATE_AFTER:
        return Light.NOT_COLLECTED
    return Light.FINE if source.last_read_at else Light.FIRST_READING


def health_of_sources(now: datetime, *, listen: bool = True) -> list[Health]:
    """Every polled source with its light, troubled ones first.

    With `listen` it is also counted what each has brought, and a source that is fine is asked
    whether it is quieter than usual, which reads its last weeks.
    """
    sources = db.session.scalars(select(Source).where(Source.kind != "import").order_by(Source.id))
    incidents = open_incidents()
    lately = _read_lately(now) if listen else {}
    found = []
    for source in sources:
        light = light_of(source, now)
        if light == Light.FINE and source.account.channel in incidents:
            light = Light.READ_ONLY
        if light == Light.FINE and listen and is_unusually_quiet(_heard(source, now), now=now):
            light = Light.QUIET
        found.append(Health(source, light, lately.get(source.id, 0)))
    return sorted(found, key=lambda one: (not one.trouble, one.source.id))


def _read_lately(now: datetime) -> dict[int, int]:
    """How many messages came in the last 24 hours, by source."""
    lately = (
        select(func.count())
        .where(Message.source_id == Source.id, Message.fetched_at > now - LATELY)
        .scalar_subquery()
    )
    return {row.id: row.n for row in db.session.execute(select(Source.id, lately.label("n")))}


def _heard(source: Source, now: datetime) -> list[datetime]:
    """When the residents' messages of the last weeks were written (at most 20 000)."""
    return list(
        db.session.scalars(
            select(Message.published_at)
            .where(
                Message.source_id == source.id,
                Message.fetched_at > now - LOOKS_BACK,
                ~Message.by_city,
            )
            .order_by(Message.fetched_at.desc())
            .limit(20_000)
        )
    )


@dataclass(frozen=True, slots=True)
class Outbox:
    """What lies in the outbox: on the way, waiting long, uncertain, refused and not seen to."""

    on_the_way: int
    late: int
    uncertain: int
    refused: int


def health_of_outbox(now: datetime) -> Outbox:
    """How the answers fare as a whole."""
    states = select(Answer.state, func.count().label("n")).group_by(Answer.state)
    by_state: dict[str, int] = {row.state: row.n for row in db.session.execute(states)}
    late = db.session.scalar(
        select(func.count())
        .select_from(Answer)
        .where(Answer.state == AnswerState.QUEUED, Answer.send_after < now - timedelta(minutes=5))
    )
    return Outbox(
        on_the_way=by_state.get(AnswerState.QUEUED, 0) + by_state.get(AnswerState.SENDING, 0),
        late=late or 0,
        uncertain=by_state.get(AnswerState.UNCERTAIN, 0),
        refused=by_state.get(AnswerState.REFUSED, 0),
    )


def mail_trouble(now: datetime) -> str:
    """Why letters do not leave, by the newest that did not: a word of `Mail.error`, else ''.

    One that waits for another try counts, and one that was given up in the last 24 hours.
    """
    stuck = (Mail.state == MailState.QUEUED) & (Mail.error != "")
    given_up = (Mail.state == MailState.FAILED) & (Mail.due_at > now - LATELY)
    newest = select(Mail.error).where(stuck | given_up).order_by(Mail.due_at.desc()).limit(1)
    return db.session.scalar(newest) or ""


def not_understood() -> list[RawPayload]:
    """Payloads that were kept but could not be parsed, newest first (at most 200)."""
    return list(
        db.session.scalars(
            select(RawPayload)
            .where(RawPayload.state == "not_understood")
            .order_by(RawPayload.id.desc())
            .limit(200)
        )
    )


def seals_that_do_not_open(keys: tuple[str, ...]) -> list[str]:
    """Names of accounts whose credentials none of the keys opens."""
    names = []
    for source in db.session.scalars(select(Source)):
        try:
            open_sealed(source.account.credentials, keys)
        except BadSeal:
            names.append(source.account.name)
    return sorted(set(names))
