"""The Monday letter: last week's figures to each manager who has chosen to get letters.

It comes on the first open day of the week at the hour of the person's own day's letter, from the
same report as the page, and at most once: that it is begun stands in the ledger before it leaves.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from app.basics import mail
from app.basics.clock import STOCKHOLM, to_local, utc
from app.basics.logs import log
from app.database import db, writing
from app.inbox.letter_box import PAUSES, MailRoom
from app.inbox.letter_text import words_in
from app.models import Event, Staff
from app.models.event import log_event
from app.models.staff import Role
from app.people.hours import closed_days
from app.people.rights import Act, may
from app.reports.cells import Table
from app.reports.document import document_of
from app.reports.exports import Document
from app.reports.figures import Asked, department_names, report_of
from app.reports.periods import Against, Days, Period, held_against
from app.reports.telling import Telling

KIND = "report"
MOST_LINES = 20


def send_monday_letters(
    room: MailRoom, config: Mapping[str, Any], *, clock: Callable[[], datetime]
) -> int:
    """Send those that are due; returns how many left. Several may call it side by side."""
    now, left = clock(), 0
    if not begins_the_week(to_local(now).date(), closed_days()):
        return 0
    for one in _readers(now):
        if not _claim(one.id, now):
            continue
        try:
            letter = monday_letter(one, room, config, now=now)
            db.session.commit()  # nothing is held open while we talk to the server
            mail.hand_in(room.server, letter, sender=room.sender, city=room.city, now=clock())
        except mail.MailError as error:
            _failed(one.id, error.why, again=isinstance(error, mail.NotNow), now=clock())
        except Exception:
            db.session.rollback()
            log().exception("monday_letter_failed", person=one.id)
            _failed(one.id, "our_fault", again=False, now=clock())
        else:
            left += 1
            with writing():
                log_event("mail_sent", at=clock(), person=one.id, kind=KIND, cases=[])
    return left


def begins_the_week(today: date, closed: frozenset[date]) -> bool:
    """Whether this is the week's first open day."""
    monday = today - timedelta(days=today.weekday())
    days = [monday + timedelta(days=n) for n in range(5)]
    return next((day for day in days if day not in closed), None) == today


def _readers(now: datetime) -> list[Staff]:
    """The managers who want letters, and whose hour has come."""
    wanted = (Staff.active, Staff.role == Role.MANAGER, Staff.email != "", Staff.mail_when != "")
    people = db.session.scalars(select(Staff).where(*wanted).order_by(Staff.id))
    hour = to_local(now).time()
    return [
        one
        for one in people
        if may(one, Act.SEE_REPORTS) and hour >= time.fromisoformat(one.digest_at)
    ]


def _claim(staff_id: int, now: datetime) -> bool:
    """Write down that the letter is begun, unless it has been already and may have left."""
    today = to_local(now).date()
    since = utc(datetime.combine(today, time(), STOCKHOLM))
    with writing():
        held = select(Staff.id).where(Staff.id == staff_id).with_for_update(key_share=True)
        db.session.execute(held)
        names = ("report_mail_begun", "mail_failed")
        rows = db.session.scalars(
            select(Event).where(Event.name.in_(names), Event.at >= since).order_by(Event.id)
        )
        mine = [row for row in rows if row.details.get("person") == staff_id]
        begun = [row for row in mine if row.name == "report_mail_begun"]
        back = [row.at for row in mine if row.details.get("again")]
        if len(begun) > len(back) or len(back) > len(PAUSES):
            return False
        if back and now < back[-1] + PAUSES[len(back) - 1]:
            return False
        log_event("report_mail_begun", at=now, person=staff_id)
    return True


def _failed(staff_id: int, why: str, *, again: bool, now: datetime) -> None:
    """It did not leave; `again`: certainly not, so that it may be tried once more today."""
    with writing():
        facts: dict[str, Any] = {"person": staff_id, "kind": KIND, "cases": [], "why": why}
        log_event("mail_failed", at=now, **facts, again=again)


def monday_letter(
    staff: Staff, room: MailRoom, config: Mapping[str, Any], *, now: datetime
) -> mail.Letter:
    """Last week's letter for one manager, at `now` (aware UTC)."""
    today = to_local(now).date()
    monday = today - timedelta(days=today.weekday() + 7)
    days = Days(monday, monday + timedelta(days=6))
    asked = Asked(Period.OWN, days, Against.BEFORE, held_against(days, Against.BEFORE))
    telling = Telling(
        report=report_of(asked, staff, now=now, config=config),
        say=words_in(staff.language),
        language=staff.language,
        departments=department_names(staff.language),
        city=room.city,
        prefix=room.prefix,
    )
    subject = telling.say.gettext("Växeln: vecka %(n)s i siffror") % {
        "n": monday.isocalendar().week
    }
    change_at = f"{room.address}/mitt-konto"
    body = _body(document_of(telling), telling, room.address, change_at)
    return mail.Letter(staff.email, subject, body, change_at)


def _body(document: Document, t: Telling, address: str, change_at: str) -> str:
    """The text: the figures that stand first, some of the tables, the way to all of it."""
    say, days = t.say, t.report.asked.days
    parts = [f"{document.title}\n{document.lines[1]}\n{document.lines[2]}"]
    for one in document.headlines:
        beside = f" ({one.beside})" if one.beside else ""
        parts.append(f"{one.title}: {one.figure}{beside}\n{one.told}")
    tables = {table.key: table for table in document.tables}
    parts += [_lines(tables[key], document) for key in ("avdelningar", "alder") if tables[key].rows]
    if tables["amnen"].rows:
        parts.append(_lines(tables["amnen"], document, columns=3))
    link = f"{address}/rapporter?period=egna&fran={days.first}&till={days.last}"
    more = say.gettext("Alla siffror, hur de räknas och ärendena bakom dem:")
    footer = say.gettext(
        "Brevet kommer från Växeln och går inte att svara på. Här ställer du in när du får brev:"
    )
    return "\n\n".join([*parts, f"{more}\n{link}", f"-- \n{footer}\n{change_at}"]) + "\n"


def _lines(table: Table, document: Document, columns: int | None = None) -> str:
    """A table as lines: what a row is about, then each figure after its head."""
    heads = [column.head for column in table.columns][1:columns]
    lines = [table.title + ":"]
    for row in table.rows[:MOST_LINES]:
        told = [
            f"{head} {document.said(cell.value)}"
            for head, cell in zip(heads, row[1:columns], strict=True)
        ]
        lines.append(f"- {document.said(row[0].value)}: {'; '.join(told)}")
    return "\n".join(lines)
