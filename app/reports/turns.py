"""Keeps `turns` what the ledger says, and the tallies what the turns say.

Both are made anew case by case: whatever has happened in a case, its turns are read from its
ledger from the beginning and put in the place of those that stood there. So it does not matter how
often that is done, or that a line of the ledger is seen late.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select

from app.basics.clock import STOCKHOLM, to_local
from app.database import db, insert_or_ignore, writing
from app.models import Case, Department, Event, Message, Tally, TallyMark, Turn
from app.models.times import NOBODY
from app.people.hours import Times, times
from app.reports.histories import History
from app.reports.histories import Turn as TurnSaid
from app.reports.replay import Replay
from app.reports.summing import SUMMED, Change, first_of, rows_of
from classifiers.departments import load_departments

A_WINDOW = 5_000
"""Lines of the ledger looked through in one transaction."""
A_CHUNK = 500
"""Cases made anew at once."""
LATE = timedelta(minutes=10)
"""A line may be there that much later than one with a higher number: two wrote side by side."""
TIES = ("case_merged", "case_unmerged", "case_split", "case_unsplit")
TIED = ("into", "out", "out_of", "follower", "back_from")
CHANGES = ("hours_changed", "goal_changed", "departments_synced")
THE_MARK = 1
LINE = (Event.id, Event.at, Event.name, Event.case_id, Event.message_id, Event.answer_id,
        Event.staff_id, Event.account_id, Event.details)  # fmt: skip
TOLD = tuple(column.key for column in Turn.__table__.columns if column.key != "id")


def keep_up(*, now: datetime) -> int:
    """Bring turns and tallies up to the ledger's newest line; returns how many cases it looked at.

    `now` is aware UTC. Several may call it side by side; each window is a transaction.
    """
    known, slugs, count = times(), department_ids(), 0
    while True:
        with writing():
            mark = _mark()
            newest = db.session.scalar(select(func.max(Event.id))) or 0
            last = min(mark.event_id + A_WINDOW, newest)
            inside = (Event.id > mark.event_id, Event.id <= last)
            wanted = select(Event.case_id).where(*inside, Event.case_id.is_not(None)).distinct()
            ids = [number for number in db.session.scalars(wanted) if number is not None]
            changed = select(Event.id).where(*inside, Event.name.in_(CHANGES)).limit(1)
            if db.session.scalar(changed) is not None:
                ids = sorted({*ids, *_still_measured(now)})
            change = Change()
            for chunk in _chunks(ids):
                count += len(_renew(chunk, known, slugs, change))
            change.write()
            if last == newest:
                safe = select(func.max(Event.id)).where(*inside, Event.at < now - LATE)
                mark.event_id = db.session.scalar(safe) or mark.event_id
            else:
                mark.event_id = last
        if last == newest:
            return count


def _still_measured(now: datetime) -> Iterable[int]:
    """The cases that new opening hours or goals mean something for: they begin today at first."""
    today = datetime.combine(to_local(now).date(), time(), STOCKHOLM)
    still = or_(Turn.ended == "open", Turn.due_at >= today, Turn.ended_at >= today)
    return db.session.scalars(select(Turn.case_id).where(still).distinct())


def rebuild() -> int:
    """Make all turns and tallies anew from the ledger; returns how many cases there are.

    Pages may be read meanwhile: every case, then every period, is one transaction.
    """
    known, slugs, done = times(), department_ids(), set[int]()
    after = 0
    while ids := _cases_after(after):
        after = ids[-1]
        with writing():
            _mark()
            done |= _renew([one for one in ids if one not in done], known, slugs, None)
    retally()
    return len(done)


def _cases_after(case_id: int) -> list[int]:
    wanted = select(Event.case_id).where(Event.case_id > case_id).distinct()
    rows = db.session.scalars(wanted.order_by(Event.case_id).limit(A_CHUNK))
    return [number for number in rows if number is not None]


def retally() -> None:
    """Make all tallies anew from the turns, a month and then a week at a time."""
    first, last = db.session.execute(select(func.min(Turn.day), func.max(Turn.day))).one()
    kept = db.session.execute(select(Tally.grain, Tally.first).distinct()).all()
    wanted = {(row.grain, row.first) for row in kept if row.grain != "day"}
    wanted |= {("month", row.first.replace(day=1)) for row in kept if row.grain == "day"}
    day = first
    while day is not None and day <= last:
        wanted |= {(grain, first_of(grain, day)) for grain in ("week", "month")}
        day += timedelta(days=1)
    for grain, begins in sorted(wanted):
        with writing():
            _mark()
            _retally(grain, begins)


def _retally(grain: str, begins: date) -> None:
    after = begins + timedelta(days=7 if grain == "week" else 32)
    ends = after if grain == "week" else after.replace(day=1)
    grains = [grain, "day"] if grain == "month" else [grain]
    table: Any = Tally.__table__
    turns: Any = Turn.__table__
    inside = (turns.c.day >= begins, turns.c.day < ends)
    summed = [turns.c[name] for name in SUMMED]
    rows: Any = db.session.execute(select(*summed).where(*inside)).mappings()
    made = rows_of(rows, grains)
    gone = delete(Tally).where(Tally.grain.in_(grains), Tally.first >= begins, Tally.first < ends)
    db.session.execute(gone.execution_options(synchronize_session=False))
    if made:
        db.session.execute(insert(table), made)


def _mark() -> TallyMark:
    """Where we are, held until the transaction ends: one at a time changes turns and tallies."""
    insert_or_ignore(TallyMark, [{"id": THE_MARK, "event_id": 0}])
    held = select(TallyMark).where(TallyMark.id == THE_MARK).with_for_update()
    return db.session.scalars(held.execution_options(populate_existing=True)).one()


def _chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), A_CHUNK):
        yield list(ids[start : start + A_CHUNK])


def department_ids() -> dict[str, int]:
    """The departments' numbers by every slug that the ledger may know them by."""
    rows = db.session.execute(select(Department.slug, Department.id))
    known = {row.slug: row.id for row in rows}
    for one in load_departments():
        known |= {old: known[one.slug] for old in one.formerly if one.slug in known}
    return known


# --- From the ledger to rows ----------------------------------------------------------------------


def _renew(
    ids: Sequence[int], known: Times, slugs: Mapping[str, int], change: Change | None
) -> set[int]:
    """Put the turns of these cases, and of those tied to them, in the place of what stood there.

    What changes is counted in `change`. Returns which cases it were. In the caller's transaction.
    """
    if not ids:
        return set()
    family = _family(ids)
    fresh = _by_case(rows_from(family, known, slugs))
    table: Any = Turn.__table__
    columns = [table.c[name] for name in TOLD]
    stands = select(*columns).where(table.c.case_id.in_(family)).order_by(table.c.number)
    before = _by_case(dict(row) for row in db.session.execute(stands).mappings())
    changed = [one for one in family if before.get(one) != fresh.get(one)]
    for one in changed if change is not None else ():
        for turn in before.get(one, ()):
            change.count(turn, -1)  # type: ignore[union-attr]  # not None here
        for turn in fresh.get(one, ()):
            change.count(turn)  # type: ignore[union-attr]  # not None here
    gone = [one for one in changed if one in before]
    if gone:
        db.session.execute(delete(table).where(table.c.case_id.in_(gone)))
    if rows := [turn for one in changed for turn in fresh.get(one, ())]:
        db.session.execute(insert(table), rows)
    return family


def _by_case(rows: Iterable[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["case_id"], []).append(row)
    return found


def _family(ids: Iterable[int]) -> set[int]:
    """These cases, and all that have been merged with them or split from them, however far."""
    found: set[int] = set()
    wanted = set(ids)
    while wanted:
        found |= wanted
        rows = db.session.scalars(
            select(Event.details).where(Event.case_id.in_(wanted), Event.name.in_(TIES))
        )
        tied = {told[name] for told in rows for name in TIED if told.get(name) is not None}
        wanted = tied - found
    return found


def rows_from(
    case_ids: Iterable[int], known: Times, slugs: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    """The turns of these cases as rows, read from the ledger alone.

    Lines from before the ledger said when a message was published are helped by the messages.
    """
    ids = set(case_ids)
    lines: Any = db.session.execute(
        select(*LINE).where(Event.case_id.in_(ids)).order_by(Event.id)
    ).all()
    published = _published(lines)
    histories = []
    for group in _groups(lines):
        cases = Replay(published).read(group).cases
        histories += [one for number, one in cases.items() if number in ids]
    _say_where(histories)
    for history in histories:
        turns = history.turns()
        for number, turn in enumerate(turns, 1):
            later = turns[number].begins if number < len(turns) else None
            yield _row(history, number, turn, later, known, slugs)


def _groups(lines: Iterable[Any]) -> Iterable[list[Any]]:
    """The lines of cases that have to do with each other together, each group in order."""
    leads: dict[int, int] = {}

    def lead(number: int) -> int:
        while leads.setdefault(number, number) != number:
            number = leads[number]
        return number

    every = list(lines)
    for line in every:
        if line.name in TIES:
            for name in TIED:
                if (other := line.details.get(name)) is not None:
                    leads[lead(other)] = lead(line.case_id)
    groups: dict[int, list[Any]] = {}
    for line in every:
        groups.setdefault(lead(line.case_id), []).append(line)
    return groups.values()


def _published(lines: Iterable[Any]) -> dict[int, tuple[datetime, bool]]:
    """When these messages were published, and whether they are history, where no line says so."""
    silent = [
        line.message_id
        for line in lines
        if line.name in ("message_received", "own_message_seen")
        and "published" not in line.details
        and line.message_id is not None
    ]
    if not silent:
        return {}
    rows = db.session.execute(
        select(Message.id, Message.published_at, Message.history).where(Message.id.in_(silent))
    )
    return {row.id: (row.published_at, row.history) for row in rows}


def _say_where(histories: Sequence[History]) -> None:
    """Account, channel and kind of cases whose ledger is older than its saying so."""
    silent = [one.id for one in histories if not one.channel or not one.kind]
    if not silent:
        return
    columns = (Case.id, Case.account_id, Case.channel, Case.kind)
    rows = {row.id: row for row in db.session.execute(select(*columns).where(Case.id.in_(silent)))}
    for one in histories:
        row = rows.get(one.id)
        if row is not None:
            one.account_id = one.account_id or row.account_id
            one.channel, one.kind = one.channel or row.channel, one.kind or row.kind


def _row(
    history: History,
    number: int,
    turn: TurnSaid,
    later: int | None,
    known: Times,
    slugs: Mapping[str, int],
) -> dict[str, Any]:
    """One turn as a row; `later` is the event's id with which the next turn begins."""
    department = slugs.get(turn.place.slug, NOBODY)
    received, answered = turn.received, turn.at if turn.ended == "answered" else None
    routed = max(turn.place.since, received) if turn.place.since else None
    closed = turn.at if turn.ended == "closed" else _first(_closings(history), turn.begins, later)
    day = to_local(turn.asked).date()
    aside = turn.place.no_answer_needed and answered is None
    due = None if aside else known.due(turn.asked, department, history.channel)
    times = {
        "asked_at": turn.asked,
        "received_at": received,
        "looked_at": _first(history.looks, turn.begins, turn.line and turn.line + 1),
        "routed_at": routed,
        "taken_at": _first(history.takes, turn.begins, turn.line and turn.line + 1),
        "answered_at": answered,
        "ended_at": turn.at,
        "closed_at": closed,
        "due_at": due,
    }
    routes = [
        [slugs.get(was, NOBODY), slugs.get(to, NOBODY)]
        for line, was, to in history.routes
        if turn.begins <= line and (turn.line is None or line <= turn.line)
    ]
    return {
        "case_id": history.id,
        "number": number,
        "account_id": history.account_id,
        "channel": history.channel,
        "department_id": department,
        "kind": turn.kind or history.kind,
        "no_answer_needed": turn.place.no_answer_needed,
        "day": day,
        **times,
        "how": turn.how,
        "ended": turn.ended,
        "outcome": turn.outcome,
        "calendar_id": known.calendar(department).version_on(day)[1],
        "on_time": None if answered is None or due is None else answered <= due,
        **_measured(times, department, known),
        "handed_back": len(routes),
        "routes": routes,
    }


def _closings(history: History) -> list[tuple[int, datetime]]:
    return [(one.line, one.at) for one in history.closings]


def _first(
    lines: Iterable[tuple[int, datetime]], begins: int, before: int | None
) -> datetime | None:
    """The first moment of these from one line of the ledger on, up to another."""
    inside = (at for line, at in lines if line > begins and (before is None or line < before))
    return next(inside, None)


def _measured(
    at: Mapping[str, datetime | None], department: int, known: Times
) -> dict[str, int | None]:
    """The minutes of a turn; see `models.Turn` for what each is."""
    asked, answered = at["asked_at"], at["answered_at"]

    def minutes(start: datetime | None, end: datetime | None) -> int | None:
        if start is None or end is None:
            return None
        return known.minutes(start, end, department)

    waited = None
    if asked is not None and answered is not None:
        waited = max((answered - asked) // timedelta(minutes=1), 0)
    routed = at["routed_at"]
    in_time = answered is not None and routed is not None and routed <= answered
    return {
        "waiting": waited,
        "answering": minutes(asked, answered),
        "looking": minutes(asked, at["looked_at"]),
        "routing": minutes(asked, routed) if in_time else None,
        "handling": minutes(routed if in_time else at["received_at"], answered),
        "closing": minutes(asked, at["closed_at"]),
    }
