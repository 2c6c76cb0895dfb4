"""What hangs on a case, asked for at once: what it has none of need not be looked up.

Most cases have no notes, no answers, nothing put forward and nobody else in them. A page that
asks for each in turn asks ten times for nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, bindparam, func, or_, select

from app.database import UtcDateTime, db
from app.inbox.clocks import answers_case
from app.inbox.presence import HERE
from app.models import (
    Answer,
    Block,
    Case,
    CaseSeen,
    Event,
    Incident,
    Mention,
    Note,
    PhoneMark,
    Presence,
    Source,
    Staff,
)
from app.models.answer import AnswerState


@dataclass(frozen=True, slots=True)
class Holding:
    """What there is of each in a case, for the person who looks.

    `newest_event`: the newest line of the ledger about it and those that follow it (0: none);
    `answers`: pressed ones; `forward`: drafts that wait for approval; `draft`: the person's own;
    `tied`: other cases follow it or came out of it; `others_here`: colleagues have it before them;
    `told`: a note told the person something that they have not seen; `seen_version` and
    `seen_at`: how it stood when they last saw it, and when that was; `account_held`: perhaps
    nothing can be sent from its account just now; `would_phone`: marked as a matter that somebody
    would have phoned about; `blocked`: the person behind it is blocked.
    """

    case_id: int
    newest_event: int
    answers: bool
    forward: bool
    draft: bool
    notes: bool
    tied: bool
    others_here: bool
    told: bool
    seen_version: int | None
    seen_at: datetime | None
    account_held: bool
    would_phone: bool
    blocked: bool

    def seen_lately(self, case: Case, *, since: datetime) -> bool:
        """Whether the person has seen the case as it stands, and did so after `since`."""
        seen = self.seen_version == case.version and not self.told
        return seen and self.seen_at is not None and self.seen_at > since


def holding_of(case: Case, staff: Staff, *, now: datetime) -> Holding:
    """What hangs on a case, in one statement."""
    given = {
        "case_id": case.id, "account_id": case.account_id, "channel": case.channel,
        "staff_id": staff.id, "here_since": now - HERE,
        "person_id": case.person_id, "now": now,
    }  # fmt: skip
    row = db.session.execute(_statement(), given).one()
    tied = case.merged_into_id is not None or case.split_from_id is not None
    return Holding(
        case.id, row.newest or 0, row.answers, row.forward, row.draft, row.notes, tied or row.tied,
        row.others_here, row.told, row.seen, row.seen_at, row.unsigned or row.incident,
        row.would_phone, row.blocked,
    )  # fmt: skip


@cache
def _statement() -> Any:
    """The statement, kept: building it costs more than it."""
    case_id: Any = bindparam("case_id")
    staff_id: Any = bindparam("staff_id")
    tied = or_(Case.merged_into_id == case_id, Case.split_from_id == case_id)
    family = select(Case.id).where(or_(Case.id == case_id, Case.merged_into_id == case_id))
    pressed = Answer.state.not_in((AnswerState.DRAFT, AnswerState.DISCARDED))
    here = Presence.seen_at > bindparam("here_since", type_=UtcDateTime())
    draft = Answer.state == AnswerState.DRAFT
    told = (Mention.staff_id == staff_id, Mention.read_at.is_(None), Mention.case_id == case_id)
    unsigned = (
        Source.account_id == bindparam("account_id"), Source.error_class == "SignInNeeded",
    )  # fmt: skip
    mine = (CaseSeen.case_id == case_id, CaseSeen.staff_id == staff_id)
    blocked = (
        Block.person_id == bindparam("person_id", type_=Integer), Block.lifted_at.is_(None),
        Block.ends_at > bindparam("now", type_=UtcDateTime()),
    )  # fmt: skip
    channel = Incident.channel == bindparam("channel")

    def any_of(table: Any, *conditions: Any) -> Any:
        return select(table).where(*conditions).exists()

    return select(
        select(func.max(Event.id)).where(Event.case_id.in_(family)).scalar_subquery()
        .label("newest"),
        any_of(Answer.id, answers_case(case_id), pressed).label("answers"),
        any_of(Answer.id, answers_case(case_id), draft, Answer.asked_at.is_not(None))
        .label("forward"),
        any_of(Answer.id, Answer.case_id == case_id, Answer.author_id == staff_id, draft)
        .label("draft"),
        any_of(Note.id, Note.case_id == case_id).label("notes"),
        any_of(Case.id, tied).label("tied"),
        any_of(Presence.staff_id, Presence.case_id == case_id, Presence.staff_id != staff_id, here)
        .label("others_here"),
        any_of(Mention.note_id, *told).label("told"),
        select(CaseSeen.version).where(*mine).scalar_subquery().label("seen"),
        select(CaseSeen.at).where(*mine).scalar_subquery().label("seen_at"),
        any_of(Source.id, *unsigned).label("unsigned"),
        any_of(PhoneMark.case_id, PhoneMark.case_id == case_id).label("would_phone"),
        any_of(Block.id, *blocked).label("blocked"),
        any_of(Incident.id, Incident.ended_at.is_(None), channel).label("incident"),
    )  # fmt: skip
