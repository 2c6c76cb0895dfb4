"""What must hold before an answer may leave, and how it reads; nothing here writes anything."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.answers.care import About, Care, look_at, must_ask
from app.channels.base import Channel, Connection, Reason, Weight, channel_named
from app.collecting.incidents import incident_on
from app.database import db
from app.inbox.clocks import GONE
from app.models import Case, Message, Staff
from app.models.case import Outcome
from app.models.source import AccountState
from app.people.approvals import is_approved


class CannotSend(Exception):
    """The answer cannot be sent as it is; nothing is lost. `reason` has a sentence for staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConversationChanged(Exception):
    """The conversation is no longer what the answer was written against; the text is kept."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the conversation is now at version {version}")
        self.version = version


class TooLate(Exception):
    """The answer has left (or has been settled) meanwhile."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class NeedsReason(Exception):
    """The text holds what leaves only when a person says why; it is kept. `stops`: what it is."""

    def __init__(self, stops: Collection[Care]) -> None:
        super().__init__(", ".join(stops))
        self.stops = tuple(stops)


class NeedsApproval(Exception):
    """Not by this person's press: a second person publishes it. The text is kept."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a person pressed send on: the text, what it answers, the version they had before them.

    `undo`: how long it can be taken back; None: until they press once more. `close_as`: the
    outcome the case gets when the answer is there; None leaves it open.
    """

    case_id: int
    body: str
    in_reply_to_id: int | None
    seen_version: int
    undo: timedelta | None
    close_as: Outcome | None = None
    private: bool = False
    """Only the one it answers will see it."""
    care_reason: str = ""
    """Why it goes although care says stop: a code of `care.Override`."""


def tidy_body(body: str) -> str:
    """What a form sends, as it is kept: one kind of line ending, nothing a database refuses."""
    return body.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()


def signature_of(staff: Staff) -> str:
    """The line under an answer: first name and where the person works."""
    where = staff.department.short_sv if staff.department else "kundtjänst"
    return f"/{staff.first_name}, {where}"


def signature_under(body: str, author: Staff) -> str:
    """The author's line, '' where they have written it themselves."""
    signature = signature_of(author)
    return "" if body.rstrip().endswith(signature) else signature


def text_of(body: str, signature: str) -> str:
    """What the resident reads."""
    return f"{body}\n\n{signature}" if signature else body


def addressing(target: Message | None, channel: Channel | None) -> str:
    """How an answer to this message begins: with whom it is to, where it does not stand below."""
    if target is None or channel is None or not channel.abilities.names_whom_it_answers:
        return ""
    name = target.author_name.strip()
    if target.parent_id is None or not name:
        return ""
    return f"{name} " if name.startswith("@") else f"@{name} "


def asks_a_second_person(case: Case, staff: Staff, roles: Collection[str]) -> bool:
    """Whether this person's answer in this case needs somebody else's approval.

    The account asks for it, or the person, or their role (`roles`: the setting APPROVAL_ROLES).
    """
    return case.account.four_eyes or never_alone(staff, roles)


def never_alone(staff: Staff, roles: Collection[str]) -> bool:
    """Whether nothing leaves by this person's press, whatever the account."""
    return staff.four_eyes or staff.role in roles


def stops_in(case: Case, body: str) -> list[Care]:
    """What in the text leaves only with a reason; no setting has a say in it."""
    restricted = case.department is not None and case.department.restricted
    return must_ask(look_at(body, About(name=case.person_name, restricted=restricted)))


def must_be_ready(
    case: Case,
    pressed: Pressed,
    text: str,
    installation: Mapping[str, str],
    *,
    now: datetime,
) -> Message:
    """The message it goes under, when the account, the length and the conversation allow it.

    `text` is what the resident would read. Raises `CannotSend` and `ConversationChanged`.
    """
    _must_be_sendable(case, pressed.body, pressed.private, now)
    _must_fit(case, text, installation, private=pressed.private)
    if case.version != pressed.seen_version:
        raise ConversationChanged(case.version)
    target = _target(case, pressed.in_reply_to_id)
    must_take_an_answer(target, private=pressed.private, now=now)
    if pressed.body == addressing(target, channel_named(case.channel)).strip():
        raise CannotSend(Reason.EMPTY)
    return target


def must_take_an_answer(message: Message, *, private: bool, now: datetime) -> None:
    """Raises `CannotSend` when the platform has said that it takes no answer to this message."""
    if private:
        if message.private_reply_until is None or message.private_reply_until <= now:
            raise CannotSend(Reason.WINDOW_CLOSED)
    elif message.no_answer:
        raise CannotSend(message.no_answer)


def _must_be_sendable(case: Case, body: str, private: bool, now: datetime) -> None:
    if not body:
        raise CannotSend(Reason.EMPTY)
    try:
        channel = channel_named(case.channel)
    except KeyError:
        raise CannotSend(Reason.NOT_SUPPORTED) from None
    if not (channel.abilities.private_reply if private else channel.abilities.answer):
        raise CannotSend(Reason.NOT_SUPPORTED)
    if case.account.state != AccountState.ACTIVE:
        raise CannotSend("account_paused")
    if not is_approved(case.account, now):
        raise CannotSend("not_approved")
    if incident_on(case.channel) is not None:
        raise CannotSend("incident")


def weigh(case: Case, text: str, installation: Mapping[str, str]) -> Weight:
    """How long a text is where the case's answers go, by that platform's own count.

    Raises `CannotSend` when this version has no such channel.
    """
    try:
        channel = channel_named(case.channel)
    except KeyError:
        raise CannotSend(Reason.NOT_SUPPORTED) from None
    account = case.account
    connection = Connection(
        kind="",
        external_id=account.external_id,
        settings=account.settings,
        installation={**installation, **account.platform},
    )
    return channel.weigh(connection, text)


def _must_fit(
    case: Case, text: str, installation: Mapping[str, str], *, private: bool = False
) -> None:
    most = channel_named(case.channel).abilities.max_private_characters
    if private and most is not None and len(text) > most:
        raise CannotSend(Reason.TOO_LONG)
    weight = weigh(case, text, installation)
    if weight.most is not None and weight.used > weight.most:
        raise CannotSend(Reason.TOO_LONG)


def _target(case: Case, message_id: int | None) -> Message:
    """The resident's message to answer: the one chosen, else the newest that is still there."""
    wanted = select(Message).where(
        Message.case_id == case.id, ~Message.by_city, Message.at_source.not_in(GONE)
    )
    if message_id is not None:
        wanted = wanted.where(Message.id == message_id)
    found = db.session.scalar(wanted.order_by(Message.published_at.desc()).limit(1))
    if found is None:
        raise CannotSend(Reason.MESSAGE_GONE)
    return found
