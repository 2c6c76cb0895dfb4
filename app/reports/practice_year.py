"""Writes a believable year into the practice town: cases, words, answers, and the ledger's lines.

Rows are written in bulk, for the year shall be there in seconds; they are what the ordinary way
would have left behind. It refuses as soon as one real account is connected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from app.database import Table, db, writing
from app.models import (
    Account,
    Answer,
    Case,
    Department,
    Event,
    Message,
    Person,
    Post,
    Source,
    Staff,
    Suggestion,
)
from app.models.event import event_row
from app.models.source import AccountState, SourceState
from app.reports.nightly import count_at_night
from app.reports.practice_plan import A_WEEK, CHANNELS, TOPICS, WEEKS, Matter, plan
from app.reports.turns import rebuild

MODEL = "övningsår"
A_BATCH = 2_000
NAMES = {
    "facebook": "Staden på Facebook", "x": "Staden på X", "youtube": "Stadens filmer",
    "wordpress": "Stadsbloggen",
}  # fmt: skip
SAID = (
    "Hej {name}! Tack för att du säger till. Vi åker dit och tittar.",
    "Hej {name}! Det stämmer. Läs mer på stadens webbplats, eller ring oss.",
    "Hej {name}! Bra fråga. Vi har öppet måndag till fredag och hjälper dig gärna.",
)


class NotPractice(Exception):
    """A real account is connected, or nobody works here: then no year is made up."""


@dataclass(slots=True)
class _Town:
    """What the year is written into."""

    now: datetime
    staff: int
    signature: str
    departments: dict[str, int]
    accounts: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    posts: dict[tuple[str, str, int], int] = field(default_factory=dict)


def write_practice_year(
    config: Mapping[str, Any],
    *,
    now: datetime,
    seed: int = 1,
    a_week: int = A_WEEK,
    weeks: int = WEEKS,
) -> int:
    """Write the year that ends at `now` (aware UTC); returns how many cases. Raises `NotPractice`.

    Turns, tallies and what is counted at night are brought up to it.
    """
    if db.session.scalar(select(Account.id).where(~Account.practice).limit(1)):
        raise NotPractice("Det finns ett riktigt konto: här skrivs inget övningsår.")
    author = db.session.scalar(select(Staff).where(Staff.active).order_by(Staff.id).limit(1))
    if author is None:
        raise NotPractice("Det finns ingen personal än. Kör först: flask start")
    matters = plan(now, seed=seed, a_week=a_week, weeks=weeks)
    with writing():
        rows = db.session.execute(select(Department.slug, Department.id))
        town = _Town(now, author.id, author.first_name, {row.slug: row.id for row in rows})
        _make_accounts(town)
        _make_posts(town, matters)
        events: list[dict[str, Any]] = []
        for start in range(0, len(matters), A_BATCH):
            events += _write(town, matters[start : start + A_BATCH], start)
        events.sort(key=lambda row: row["at"])
        ledger: Any = Event.__table__
        db.session.execute(insert(ledger), events)
    rebuild()
    count_at_night(config, now=now)
    return len(matters)


def _ids(table: type[Table], rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert rows and return their numbers in the same order: given beforehand, for speed."""
    if not rows:
        return []
    core: Any = table.__table__
    if db.session.get_bind().dialect.name == "sqlite":
        first = (db.session.scalar(select(func.max(core.c.id))) or 0) + 1
        ids = list(range(first, first + len(rows)))
    else:
        sequence = func.pg_get_serial_sequence(core.name, "id")
        drawn = select(func.nextval(sequence)).select_from(func.generate_series(1, len(rows)))
        ids = list(db.session.scalars(drawn))
    numbered = [{"id": number, **row} for number, row in zip(ids, rows, strict=True)]
    db.session.execute(insert(core), numbered)
    return ids


def _make_accounts(town: _Town) -> None:
    """One account a channel that nothing is read from."""
    for channel in CHANNELS:
        account = Account(
            channel=channel, external_id=f"ovningsaret-{town.now:%Y%m%d%H%M%S%f}",
            name=NAMES[channel], purpose="Övningsstadens år", practice=True,
            state=AccountState.PAUSED, approved_by="Övningsstaden", approved_at=town.now,
            created_at=town.now,
        )  # fmt: skip
        db.session.add(account)
        db.session.flush()
        source = Source(
            account_id=account.id, kind="comments", name="övningsår", state=SourceState.OFF,
            next_look_at=town.now,
        )  # fmt: skip
        db.session.add(source)
        db.session.flush()
        town.accounts[channel], town.sources[channel] = account.id, source.id


def _week(at: datetime) -> str:
    return f"{at.isocalendar().year}-{at.isocalendar().week:02}"


def _make_posts(town: _Town, matters: Sequence[Matter]) -> None:
    """What the town's residents write under: eight posts a channel and week."""
    keys = sorted({(one.channel, _week(one.asked_at), one.post) for one in matters})
    first: dict[tuple[str, str, int], datetime] = {}
    for one in matters:
        first.setdefault((one.channel, _week(one.asked_at), one.post), one.asked_at)
    rows = [
        {
            "account_id": town.accounts[channel],
            "external_id": f"{channel}-{week}-{number}",
            "title": TOPICS[(number + int(week[-2:])) % len(TOPICS)],
            "text": "",
            "published_at": first[channel, week, number] - timedelta(hours=2),
        }
        for channel, week, number in keys
    ]
    town.posts = dict(zip(keys, _ids(Post, rows), strict=True))


def _write(town: _Town, matters: Sequence[Matter], first: int) -> list[dict[str, Any]]:
    """A batch of cases with all that belongs to them; returns their lines of the ledger."""
    people = _ids(
        Person,
        [
            {"channel": one.channel, "external_id": f"år-{town.now:%Y%m%d%H%M%S%f}-{first + n}",
             "name": one.name, "first_seen_at": one.asked_at}
            for n, one in enumerate(matters)
        ],
    )  # fmt: skip
    cases = _ids(Case, [_case(town, one, who) for one, who in zip(matters, people, strict=True)])
    words = _ids(
        Message,
        [
            _message(town, one, case, who)
            for one, case, who in zip(matters, cases, people, strict=True)
        ],
    )
    answers = _answers(town, matters, cases, words)
    advice = [_advice(one, case) for one, case in zip(matters, cases, strict=True)]
    _ids(Suggestion, advice)
    events: list[dict[str, Any]] = []
    for one, case, word in zip(matters, cases, words, strict=True):
        events += _events(town, one, case, word, answers.get(case, (None, None)))
    return events


def _done(at: datetime | None, town: _Town) -> datetime | None:
    """What lies ahead has not happened."""
    return at if at is not None and at < town.now else None


def _case(town: _Town, one: Matter, person: int) -> dict[str, Any]:
    """The case as it stands in the end."""
    answered, closed = _done(one.answered_at, town), _done(one.closed_at, town)
    moved = _done(one.moved_at, town)
    truth = one.example.department
    slug = truth if moved or one.moved_at is None else one.said if one.certainty >= 0.5 else ""
    waits = answered is None and closed is None
    return {
        "account_id": town.accounts[one.channel],
        "channel": one.channel,
        "post_id": town.posts[one.channel, _week(one.asked_at), one.post],
        "person_id": person,
        "person_name": one.name,
        "snippet": " ".join(one.example.text.text.split())[:300],
        "state": "closed" if closed else "new" if waits else "answered",
        "is_open": closed is None,
        "outcome": one.outcome if closed else None,
        "department_id": town.departments.get(slug),
        "routed_by": "person" if moved else "model" if slug else "nobody",
        "no_answer_needed": slug == "ingen",
        "certainty": one.certainty,
        "kind": one.example.kind,
        "language": "sv",
        "route_wanted": False,
        "version": 1 if answered is None else 2,
        "opened_at": one.asked_at,
        "waiting_since": one.asked_at if waits else None,
        "last_word_at": one.asked_at,
        "sort_at": closed or one.asked_at,
        "answered_at": answered,
        "closed_at": closed,
    }


def _message(town: _Town, one: Matter, case: int, person: int) -> dict[str, Any]:
    """The resident's word."""
    at = one.asked_at + timedelta(seconds=40)
    return {
        "source_id": town.sources[one.channel],
        "external_id": f"år-{case}",
        "post_id": town.posts[one.channel, _week(one.asked_at), one.post],
        "case_id": case,
        "person_id": person,
        "author_name": one.name,
        "text": one.example.text.text,
        "published_at": one.asked_at,
        "fetched_at": at,
        "checked_at": at,
        "settled": _done(one.answered_at, town) is not None
        or _done(one.closed_at, town) is not None,
    }


def _answers(
    town: _Town, matters: Sequence[Matter], cases: Sequence[int], words: Sequence[int]
) -> dict[int, tuple[int | None, int]]:
    """The answers that have been given: case -> (answer, message); None for a native one."""
    done = [
        (one, case, word)
        for one, case, word in zip(matters, cases, words, strict=True)
        if _done(one.answered_at, town)
    ]
    texts = [SAID[case % len(SAID)].format(name=one.name.split()[0]) for one, case, _w in done]
    said = _ids(
        Message,
        [
            {
                "source_id": town.sources[one.channel], "external_id": f"år-svar-{case}",
                "post_id": town.posts[one.channel, _week(one.asked_at), one.post],
                "case_id": case, "parent_id": word, "by_city": True, "ours": not one.native,
                "text": text, "published_at": one.answered_at, "fetched_at": one.answered_at,
                "checked_at": one.answered_at,
            }
            for (one, case, word), text in zip(done, texts, strict=True)
        ],
    )  # fmt: skip
    rows = [
        {
            "case_id": case, "in_reply_to_id": word, "author_id": town.staff, "body": text,
            "signature": town.signature, "state": "sent", "key": f"år-{case}", "case_version": 1,
            "sent_by_id": town.staff, "pressed_at": one.answered_at, "left_at": one.answered_at,
            "message_id": message, "external_id": f"år-svar-{case}", "sent_at": one.answered_at,
            "created_at": one.answered_at, "changed_at": one.answered_at,
        }
        for (one, case, word), text, message in zip(done, texts, said, strict=True)
        if not one.native
    ]  # fmt: skip
    ours = dict(zip([row["case_id"] for row in rows], _ids(Answer, rows), strict=True))
    return {
        case: (ours.get(case), message)
        for (_one, case, _word), message in zip(done, said, strict=True)
    }


def _advice(one: Matter, case: int) -> dict[str, Any]:
    """What the system said."""
    return {
        "case_id": case, "department": one.said, "certainty": one.certainty, "next": [],
        "words": [], "kind": one.example.kind, "language": "sv", "model_version": MODEL,
        "at": one.asked_at + timedelta(seconds=70),
    }  # fmt: skip


def _events(
    town: _Town, one: Matter, case: int, word: int, answer: tuple[int | None, int | None]
) -> list[dict[str, Any]]:
    """The ledger's lines of one case, as the ordinary way writes them."""
    came = one.asked_at + timedelta(seconds=40)
    account = town.accounts[one.channel]
    sure = one.certainty >= 0.5
    rows = [
        event_row("case_opened", at=came, case_id=case, account_id=account, channel=one.channel),
        event_row(
            "message_received", at=came, case_id=case, message_id=word,
            published=one.asked_at.isoformat(),
        ),
        event_row(
            "case_routed" if sure else "case_unsure", at=came + timedelta(seconds=30),
            case_id=case, to=one.said, certainty=one.certainty, model=MODEL, kind=one.example.kind,
        ),
    ]  # fmt: skip
    by: dict[str, Any] = {"case_id": case, "staff_id": town.staff}
    moved = _done(one.moved_at, town)
    if moved is not None:
        was = one.said if sure else ""
        if one.handed_back:
            rows.append(event_row("case_handed_back", at=moved, **by, was=was))
            was, moved = "", moved + timedelta(seconds=5)
        rows.append(event_row("case_rerouted", at=moved, **by, was=was, to=one.example.department))
    answered, closed = _done(one.answered_at, town), _done(one.closed_at, town)
    if answered is not None and one.native:
        rows.append(
            event_row(
                "own_message_seen", at=answered, case_id=case, message_id=answer[1],
                published=answered.isoformat(),
            )
        )  # fmt: skip
    elif answered is not None:
        press = {**by, "answer_id": answer[0]}
        rows.append(event_row("answer_queued", at=answered - timedelta(seconds=25), **press))
        rows.append(event_row("answer_sent", at=answered, **press))
    if closed is not None:
        facts: dict[str, Any] = {} if answered else {"waited_since": one.asked_at.isoformat()}
        rows.append(event_row("case_closed", at=closed, **by, outcome=one.outcome, **facts))
    return rows
