"""Believable things for tests: an account, residents' words, people who work here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import select

from app.channels.base import AtSource, MessageSeen, PersonSeen, PostSeen
from app.database import db, writing
from app.inbox.receive import Incoming, Received, receive
from app.models import Account, Case, Department, Message, Source, Staff
from app.people.staff import add_staff

PASSWORD = "ett långt lösenord"
_number = count(1)

PLOUGHING = PostSeen(
    "p1",
    "Så plogar vi i vinter",
    "När det snöar börjar vi med de stora vägarna.",
    "https://x.se/p1",
)


def an_account(
    channel: str = "wordpress",
    *,
    now: datetime,
    history_before: datetime | None = None,
    settings: dict[str, str] | None = None,
) -> Source:
    """A connected account with one source that is due."""
    with writing():
        account = Account(
            channel=channel,
            external_id=f"https://blogg{next(_number)}.example",
            name="Stadsbloggen",
            approved_by="Eva Chef",
            settings=settings or {},
            created_at=now,
        )
        db.session.add(account)
        db.session.flush()
        source = Source(
            account_id=account.id, kind="comments", next_look_at=now, history_before=history_before
        )
        db.session.add(source)
    return db.session.get_one(Source, source.id)


def said(
    text: str,
    *,
    at: datetime,
    by: str | None = "Maria Lindqvist",
    under: PostSeen = PLOUGHING,
    number: str | None = None,
    answers: str | None = None,
    by_city: bool = False,
    at_source: AtSource = AtSource.VISIBLE,
) -> MessageSeen:
    """One comment as a channel sees it.

    Ids grow in the order of their letters too: those of one moment are taken in in that order.
    """
    return MessageSeen(
        external_id=number or f"m{next(_number):08}",
        post=under,
        text=text,
        published_at=at,
        author=PersonSeen(f"id:{by}", by) if by else None,
        parent_external_id=answers,
        by_city=by_city,
        at_source=at_source,
    )


def take_in(source: Source, *seen: MessageSeen, now: datetime | None = None) -> Received:
    """Let messages in through the door, as the collector does."""
    moment = now or max(one.published_at for one in seen) + timedelta(seconds=30)
    with writing():
        source = db.session.get_one(Source, source.id)
        return receive(source, [Incoming(one, one.text[:30]) for one in seen], now=moment)


def a_person(
    role: str = "customer_service", name: str = "Anna Holm", department: str = "", *, now: datetime
) -> Staff:
    """Somebody who works here and can sign in with PASSWORD."""
    return add_staff(
        login=f"{name.split()[0].lower()}{next(_number)}",
        name=name,
        role=role,
        department=department,
        password=PASSWORD,
        now=now,
    )


def cases() -> Sequence[Case]:
    """All cases, oldest first, as they stand in the database."""
    db.session.commit()
    return db.session.scalars(
        select(Case).order_by(Case.id).execution_options(populate_existing=True)
    ).all()


def the_case() -> Case:
    """The only case there is."""
    (case,) = cases()
    return case


def messages() -> Sequence[Message]:
    """All messages, oldest first."""
    db.session.commit()
    return db.session.scalars(
        select(Message).order_by(Message.id).execution_options(populate_existing=True)
    ).all()


def put_with(case: Case, slug: str) -> None:
    """Lay a case with a department, as the model would."""
    with writing():
        row = db.session.get_one(Case, case.id)
        row.department_id = db.session.scalar(select(Department.id).where(Department.slug == slug))
        row.route_wanted = False
