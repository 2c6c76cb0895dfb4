"""Calls and visits: taken in through the one door, answered in person, and their numbers erased.

A call is a case like any other, on a channel (`app.channels.phone`) that nothing can be sent on. A
number to call back at is sealed and stands in its own row alone: no text, list, log or index has
it. Whose words they are is only what a resident chose to say: no two calls are ever one person.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from app.basics.keys import BadSeal, open_sealed, seal
from app.basics.plain_text import one_line, tidy
from app.channels.base import MessageSeen, PersonSeen, PostSeen
from app.database import db, writing
from app.inbox import states
from app.inbox.clocks import lock_cases, settle_followers, settle_words
from app.inbox.handle import CaseChanged
from app.inbox.notes import add_note
from app.inbox.receive import Incoming, receive
from app.models import Account, Call, Case, Message, PhoneMark, Source, Staff
from app.models.case import CaseState, Outcome
from app.models.event import event_row, log_event, log_events
from app.people.rights import Act, NotAllowed, case_for, may_read_notes, must_be_allowed

PHONE = "phone"
LONGEST = 10_000
"""Characters of what a call was about."""
LONGEST_REACH = 120
A_BATCH = 500

_KEY = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"\+?[\d ()/–-]{5,40}(?: ?(?:ankn|anknytning)\.? ?\d{1,6})?", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")
_IN_TEXT = re.compile(r"(?<![\w+])(?:\+|00|0)\d(?:[ \u00a0-]?\d){6,12}(?!\w)|[\w.+-]+@[\w-]+\.\w+")


class Wrong(StrEnum):
    """Why a call cannot be registered as it is; `web/call_words.py` has the sentences."""

    NO_WORDS = "no_words"
    TOO_LONG = "too_long"
    NO_REACH = "no_reach"
    BAD_REACH = "bad_reach"
    NUMBER_IN_WORDS = "number_in_words"
    BAD_KEY = "bad_key"


class BadCall(Exception):
    """A call cannot be registered as it is; nothing is kept."""

    def __init__(self, why: Wrong) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class NewCall:
    """What a person writes down of a call. `key`: 32 hexadecimal digits, the form's own.

    `call_back`: it is not answered; `reach` is then where. `number_meant`: a number among the words
    is one that may stand there (the city's own, a case's). `at`: when they called (aware UTC).
    """

    key: str
    words: str
    at: datetime
    visit: bool = False
    name: str = ""
    call_back: bool = False
    reach: str = ""
    number_meant: bool = False


def must_be_registrable(call: NewCall) -> None:
    """Raises `BadCall` for what is missing or stands in the wrong place."""
    words, reach = tidy(call.words), tidy(call.reach)
    if not _KEY.fullmatch(call.key):
        raise BadCall(Wrong.BAD_KEY)
    if not words:
        raise BadCall(Wrong.NO_WORDS)
    if len(words) > LONGEST:
        raise BadCall(Wrong.TOO_LONG)
    if _IN_TEXT.search(words) and not call.number_meant:
        raise BadCall(Wrong.NUMBER_IN_WORDS)
    if not call.call_back:
        return
    if not reach:
        raise BadCall(Wrong.NO_REACH)
    known = _NUMBER.fullmatch(reach) or _MAIL.fullmatch(reach)
    if not known or len(reach) > LONGEST_REACH:
        raise BadCall(Wrong.BAD_REACH)


def take_in(call: NewCall, *, by: Staff, keys: Sequence[str], city: str, now: datetime) -> int:
    """Take a call in as a case that this person has in hand; the case's number.

    The same form sent twice is one call. Raises `NotAllowed` and `BadCall`.
    """
    must_be_allowed(by, Act.REGISTER_CALLS)
    must_be_registrable(call)
    with writing():
        source = _source_of(by, city, now)
        known = _case_of(source, call.key)
        if known is not None:
            return known
        receive(source, [Incoming(_seen(call))], now=now)
        case_id = _case_of(source, call.key)
        case = db.session.get_one(Case, case_id)
        case.assignee_id = by.id
        reach = tidy(call.reach) if call.call_back else ""
        row = Call(
            case_id=case.id,
            visit=call.visit,
            call_back=call.call_back,
            reach=seal({"reach": reach}, keys) if reach else "",
            registered_by_id=by.id,
            registered_at=now,
        )
        db.session.add(row)
        facts = {"visit": call.visit, "call_back": call.call_back}
        log_event("call_registered", at=now, case_id=case.id, staff_id=by.id, **facts)
        return case.id


def _seen(call: NewCall) -> MessageSeen:
    """The call as the door takes words in: under a post of its own, for calls are not public."""
    name = one_line(tidy(call.name), 300)
    post = PostSeen(call.key, title="Besök" if call.visit else "Samtal", published_at=call.at)
    return MessageSeen(
        external_id=call.key,
        post=post,
        text=tidy(call.words),
        published_at=call.at,
        author=PersonSeen(f"call:{call.key}", name) if name else None,
    )


def _source_of(by: Staff, city: str, now: datetime) -> Source:
    """The switchboard's own source, made at the first call; practice has one of its own.

    Never polled: of the kind that messages are imported through. The first of two that come at
    once makes it, the other fails and is sent again.
    """
    external_id = "vaxeln-ovning" if by.practice else "vaxeln"
    mine = (Account.channel == PHONE, Account.external_id == external_id)
    found = db.session.scalar(select(Source).join(Account).where(*mine))
    if found is not None:
        return found
    account = Account(
        channel=PHONE,
        external_id=external_id,
        name="Växeln",
        purpose="Samtal och besök som personalen registrerar",
        approved_by=city,
        approved_at=now,
        approved_until=None,
        practice=by.practice,
        created_at=now,
    )
    db.session.add(account)
    db.session.flush()
    made = Source(account_id=account.id, kind="import", state="off", next_look_at=now)
    db.session.add(made)
    db.session.flush()
    db.session.refresh(made)
    return made


def _case_of(source: Source, key: str) -> int | None:
    return db.session.scalar(
        select(Message.case_id).where(Message.source_id == source.id, Message.external_id == key)
    )


# --- Answered ------------------------------------------------------------------------------------


def finish(case_id: int, *, kind: str, by: Staff, now: datetime) -> None:
    """The last step of registering: answered there and then it is closed, else others take it up.

    `kind`: what the person says it is; '' leaves the model's word. Only for who registered it, and
    done again it changes nothing. Raises `NotAllowed`.
    """
    with writing():
        lock_cases([case_id])
        call = db.session.get(Call, case_id)
        if call is None or call.registered_by_id != by.id:
            raise NotAllowed(Act.REGISTER_CALLS)
        case = db.session.get_one(Case, case_id, populate_existing=True)
        chosen = bool(kind) and kind != case.kind
        case.kind = kind or case.kind
        if call.call_back:
            _leave_to_others(case, by=by, chosen=chosen, now=now)
        elif call.answered_at is None:
            _answer(case, call, by=by, at=case.opened_at, now=now)


def _leave_to_others(case: Case, *, by: Staff, chosen: bool, now: datetime) -> None:
    """Who wrote the call down has it in hand no more; what kind they said it is stands there too.

    So the ledger alone tells of which kind the question is, as `_answer` does when it is answered.
    """
    if case.assignee_id == by.id or chosen:
        told = {"kind": case.kind} if chosen else {}
        log_event("case_released", at=now, case_id=case.id, staff_id=by.id, **told)
    case.assignee_id = None if case.assignee_id == by.id else case.assignee_id


def called_back(case_id: int, *, by: Staff, seen_version: int, now: datetime) -> Case:
    """This person has called back and given the answer: the case is done.

    Raises `NotAllowed`, `CaseChanged` and `states.NotFromHere` (it is done already).
    """
    with writing():
        case, call = _call_for(case_id, by)
        if case.version != seen_version:
            raise CaseChanged(case.version)
        if not case.is_open:
            raise states.NotFromHere(case.state, CaseState.CLOSED)
        _answer(case, call, by=by, at=now, now=now)
    return case


def not_reached(case_id: int, *, note: str, by: Staff, now: datetime) -> Case:
    """This person has called back and nobody answered; whoever waits goes on waiting.

    A `note` is kept as an internal one. Raises `NotAllowed` and `states.NotFromHere`.
    """
    with writing():
        case, call = _call_for(case_id, by)
        if not case.is_open:
            raise states.NotFromHere(case.state, CaseState.CLOSED)
        call.tries += 1
        log_event("call_not_reached", at=now, case_id=case.id, staff_id=by.id, tries=call.tries)
        if may_read_notes(by, case.department):
            add_note(case, note, by=by, now=now)
    return case


def _call_for(case_id: int, by: Staff) -> tuple[Case, Call]:
    """A call's case, held until the transaction ends, for somebody who may answer in it."""
    case = case_for(by, case_id, Act.ANSWER)
    lock_cases([case.id])
    db.session.refresh(case)
    call = db.session.get(Call, case_id, populate_existing=True)
    if call is None:
        raise NotAllowed(Act.ANSWER)
    return case, call


def _answer(case: Case, call: Call, *, by: Staff, at: datetime, now: datetime) -> None:
    """A named person has answered by voice at `at`: who waited waits no more, the case is done."""
    waited = {"waited_since": case.waiting_since.isoformat()} if case.waiting_since else {}
    call.answered_by_id, call.answered_at = by.id, at
    case.answered_at = max(case.answered_at or at, at)
    case.assignee_id = case.assignee_id or by.id
    states.move(case, CaseState.CLOSED, now=now, outcome=Outcome.ANSWERED)
    case.snoozed_until, case.outcome_reason = None, ""
    case.version += 1
    settle_words(case.id)
    db.session.flush()
    settle_followers(case.id, by_id=by.id, now=now)
    facts = {"case_id": case.id, "staff_id": by.id}
    told = {"called_back": call.call_back, "kind": case.kind}
    log_event("call_answered", at=at, **facts, **told)
    log_event("case_closed", at=now, **facts, outcome=Outcome.ANSWERED, **waited)


# --- Would have phoned ---------------------------------------------------------------------------


def mark_phone(case_id: int, *, by: Staff, now: datetime) -> Case:
    """Say that this resident would have phoned had there been no other way. Once is enough.

    Raises `NotAllowed`, also for a case that is a call.
    """
    with writing():
        case = case_for(by, case_id, Act.REGISTER_CALLS)
        if case.channel == PHONE:
            raise NotAllowed(Act.REGISTER_CALLS)
        lock_cases([case.id])
        if db.session.get(PhoneMark, case.id) is None:
            db.session.add(PhoneMark(case_id=case.id, staff_id=by.id, at=now))
            log_event("would_have_phoned", at=now, case_id=case.id, staff_id=by.id)
    return case


def unmark_phone(case_id: int, *, by: Staff, now: datetime) -> Case:
    """Take that back. Raises `NotAllowed`."""
    with writing():
        case = case_for(by, case_id, Act.REGISTER_CALLS)
        lock_cases([case.id])
        mark = db.session.get(PhoneMark, case.id)
        if mark is not None:
            db.session.delete(mark)
            log_event("would_have_phoned_undone", at=now, case_id=case.id, staff_id=by.id)
    return case


# --- The number ----------------------------------------------------------------------------------


def reach_of(call: Call, keys: Sequence[str]) -> str | None:
    """Where to call back, for a page that only those see who may see the case; '' for nowhere.

    None: none of the keys opens it.
    """
    try:
        return open_sealed(call.reach, keys).get("reach", "")
    except BadSeal:
        return None


def erase_numbers(*, after: timedelta, now: datetime) -> int:
    """Erase the numbers of cases that have been closed for longer than `after`; how many."""
    erased = 0
    while batch := _erase_some(now - after, now):
        erased += batch
    return erased


def _erase_some(before: datetime, now: datetime) -> int:
    due = (
        select(Call.case_id)
        .join(Case, Case.id == Call.case_id)
        .where(Call.reach != "", ~Case.is_open, Case.closed_at < before)
        .limit(A_BATCH)
    )
    with writing():
        ids = list(db.session.scalars(due))
        if ids:
            db.session.execute(
                update(Call)
                .where(Call.case_id.in_(ids))
                .values(reach="", erased_at=now)
                .execution_options(synchronize_session=False)
            )
            log_events([event_row("call_number_erased", at=now, case_id=one) for one in ids])
    return len(ids)
