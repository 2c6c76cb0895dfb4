"""All cases under one post: how many, how they came over time, which ask the same thing.

Everything here is of the cases that the person may see; of others not even their number is told.
A case that follows another (merged) is worked on there, so it is not listed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, literal, literal_column, select, tuple_
from sqlalchemy import case as when_then
from sqlalchemy.orm import contains_eager, joinedload

from app.basics.alike import groups_of
from app.basics.clock import STOCKHOLM, to_local
from app.channels.base import Reason
from app.database import db
from app.inbox.clocks import GONE, ON_ITS_WAY, answers_case
from app.models import Answer, AnswerCase, Case, Department, Message, Post, Staff
from app.models.case import CaseState
from app.people.rights import Act, NotAllowed, must_be_allowed, visible_cases

A_PAGE = 100
MOST_ALIKE = 500
"""Cases that are compared with each other; open ones first, those that wait longest first."""
MOST_TIMES = 5000
"""Comments, the newest, whose times are drawn."""
BURST, BURST_WITHIN = 10, timedelta(hours=2)
"""So many comments within so long are worth a word."""
ASKED_OF_PLATFORM = 5
"""The newest comments that are looked at to tell whether the post still takes any."""


class Grouping(StrEnum):
    """What the cases are grouped by; the values stand in addresses."""

    WORDS = "ord"
    DEPARTMENT = "avdelning"
    KIND = "slag"


def post_for(staff: Staff, post_id: int, act: Act = Act.READ_CASES) -> Post:
    """The post, for somebody who may see a case under it.

    Raises `NotAllowed`, also where there is no such post: whether there is one is not told.
    """
    must_be_allowed(staff, act)
    seen = select(Case.id).where(Case.post_id == Post.id, visible_cases(staff)).exists()
    post = db.session.scalar(select(Post).where(Post.id == post_id, seen))
    if post is None:
        raise NotAllowed(act)
    return post


def under(post_id: int, staff: Staff) -> ColumnElement[bool]:
    """The condition on `Case` of those under a post that are this person's to work with."""
    return and_(Case.post_id == post_id, Case.merged_into_id.is_(None), visible_cases(staff))


def how_many(post_id: int, staff: Staff, *, most: int) -> int:
    """How many cases there are under a post, counted up to `most` + 1."""
    limit: Any = literal_column(str(most + 1))
    some: Any = (
        select(literal_column("1")).select_from(Case).where(under(post_id, staff)).limit(limit)
    )
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How many cases wait for us, wait for their resident, and are done."""

    open: int
    waiting: int
    done: int

    @property
    def all(self) -> int:
        """All of them."""
        return self.open + self.waiting + self.done


def tally(post_id: int, staff: Staff) -> Tally:
    """The cases under a post by how they stand."""
    rows = db.session.execute(
        select(Case.state, func.count().label("n"))
        .where(under(post_id, staff))
        .group_by(Case.state)
    )
    counts = {CaseState(row.state): row.n for row in rows}
    done = counts.pop(CaseState.CLOSED, 0)
    waiting = counts.pop(CaseState.WAITING, 0) + counts.pop(CaseState.ANSWERED, 0)
    return Tally(sum(counts.values()), waiting, done)


# --- How they came over time ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bar:
    """How many comments came in the span that begins then (aware UTC)."""

    begins: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Flow:
    """How the comments came. `step`: `hour`, `day`, `week` or `month`, as Stockholm's clock goes.

    `burst`: the most that came within `BURST_WITHIN`, and when it began; None when that is few.
    """

    step: str
    bars: list[Bar]
    burst: Bar | None


LONGEST_IN = {"hour": timedelta(hours=36), "day": timedelta(days=45), "week": timedelta(weeks=52)}
"""How long a time is drawn in each step; what is longer is drawn in months."""


def flow(post_id: int, staff: Staff) -> Flow:
    """How the residents' comments under a post came over time."""
    rows = db.session.scalars(
        select(Message.published_at)
        .join(Case, Case.id == Message.case_id)
        .where(Message.post_id == post_id, ~Message.by_city, visible_cases(staff))
        .order_by(Message.published_at.desc())
        .limit(MOST_TIMES)
    )
    return flow_of(sorted(rows))


def flow_of(times: Sequence[datetime]) -> Flow:
    """The same from the times alone, the oldest first (aware UTC)."""
    if not times:
        return Flow("hour", [], None)
    span = times[-1] - times[0]
    step = next((name for name, longest in LONGEST_IN.items() if span <= longest), "month")
    counts = Counter(_begin(at, step) for at in times)
    bars, at = [], min(counts)
    while at <= max(counts):
        bars.append(Bar(at, counts[at]))
        at = _next(at, step)
    return Flow(step, bars, _burst(times))


def _begin(at: datetime, step: str) -> datetime:
    """The moment (UTC) at which the span that a moment lies in begins in Stockholm."""
    local = to_local(at).replace(minute=0, second=0, microsecond=0)
    if step == "hour":
        return local.astimezone(UTC)
    day = local.date()
    if step == "week":
        day -= timedelta(days=day.weekday())
    elif step == "month":
        day = day.replace(day=1)
    return datetime(day.year, day.month, day.day, tzinfo=STOCKHOLM).astimezone(UTC)


def _next(begins: datetime, step: str) -> datetime:
    """The beginning of the span after; a day may have 23 or 25 hours."""
    if step == "hour":
        return begins + timedelta(hours=1)
    days = {"day": 1, "week": 7, "month": 31}[step]
    return _begin(begins + timedelta(days=days, hours=6), step)


def _burst(times: Sequence[datetime]) -> Bar | None:
    """The most comments within two hours, if they are many."""
    best, first = Bar(times[0], 0), 0
    for last, at in enumerate(times):
        while at - times[first] > BURST_WITHIN:
            first += 1
        if last - first + 1 > best.count:
            best = Bar(times[first], last - first + 1)
    return best if best.count >= BURST else None


# --- The cases ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Group:
    """Cases under one heading: rows of (`Case`, `assignee_name`, `department_slug`, `on_its_way`).

    `key`: a department's slug, a kind, or the words that the cases share; '' for what has none.
    `open_ids`: those that an answer can be written to, on other pages too.
    """

    key: str
    rows: list[Row[Any]] = field(default_factory=list)
    open_ids: list[int] = field(default_factory=list)
    size: int = 0
    asks: bool = False
    """Somebody in it puts a question mark."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of cases in groups; `after`: the case that the next page begins behind.

    `left_out`: there are more cases than are compared with each other.
    """

    groups: list[Group]
    after: int | None
    left_out: bool = False


def listed(post_id: int, staff: Staff, grouping: Grouping, after: int | None = None) -> Listed:
    """A page (100) of the cases under a post, those that wait longest first in each group."""
    if grouping == Grouping.WORDS:
        return _by_words(post_id, staff, after)
    key = func.coalesce(Department.slug, "") if grouping == Grouping.DEPARTMENT else Case.kind
    query = _rows(post_id, staff).add_columns(key.label("key"))
    order = (key, when_then((Case.is_open, 0), else_=1), Case.sort_at, Case.id)
    if after is not None:
        here = _place_of(post_id, staff, after, order)
        if here is not None:
            query = query.where(tuple_(*order) > tuple_(*map(literal, here)))
    rows = list(db.session.execute(query.order_by(*order).limit(A_PAGE + 1)))
    shown, groups = rows[:A_PAGE], dict[str, Group]()
    for row in shown:
        _put(groups.setdefault(row.key, Group(row.key)), row)
    return Listed(list(groups.values()), shown[-1].Case.id if len(rows) > A_PAGE else None)


def _place_of(
    post_id: int, staff: Staff, case_id: int, order: tuple[Any, ...]
) -> tuple[Any, ...] | None:
    """Where in the list a case stands; None when it is not in it."""
    found = db.session.execute(
        select(*order)
        .select_from(Case)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(Case.id == case_id, under(post_id, staff))
    ).first()
    return tuple(found) if found else None


def _by_words(post_id: int, staff: Staff, after: int | None) -> Listed:
    order = (Case.is_open.desc(), Case.sort_at, Case.id)
    query = _rows(post_id, staff).order_by(*order).limit(MOST_ALIKE + 1)
    rows = list(db.session.execute(query))
    compared = rows[:MOST_ALIKE]
    groups, single = [], Group("")
    together: set[int] = set()
    for one in groups_of([row.Case.snippet for row in compared]):
        group = Group(one.words)
        for place in one.places:
            _put(group, compared[place])
        together.update(one.places)
        groups.append(group)
    for place, row in enumerate(compared):
        if place not in together:
            _put(single, row)
    groups.sort(key=lambda group: -len(group.open_ids))
    return _page_of([*groups, *([single] if single.rows else [])], after, len(rows) > MOST_ALIKE)


def _page_of(groups: list[Group], after: int | None, left_out: bool) -> Listed:
    """100 cases of the groups, from behind the case `after`."""
    order = [row.Case.id for group in groups for row in group.rows]
    first = order.index(after) + 1 if after in order else 0
    shown = set(order[first : first + A_PAGE])
    for group in groups:
        group.rows = [row for row in group.rows if row.Case.id in shown]
    more = len(order) > first + A_PAGE
    kept = [group for group in groups if group.rows]
    return Listed(kept, order[first + A_PAGE - 1] if more else None, left_out)


def _put(group: Group, row: Row[Any]) -> None:
    group.rows.append(row)
    group.size += 1
    group.asks = group.asks or "?" in row.Case.snippet
    if can_be_answered(row):
        group.open_ids.append(row.Case.id)


def can_be_answered(row: Row[Any]) -> bool:
    """Whether an answer to several may take this case in: open, and nothing on its way to it."""
    return row.Case.is_open and not row.on_its_way


def _rows(post_id: int, staff: Staff) -> Any:
    on_its_way = (
        select(Answer.id)
        .where(Answer.state.in_(ON_ITS_WAY), answers_case(Case.id))
        .correlate(Case)
        .exists()
    )
    return (
        select(
            Case,
            Staff.name.label("assignee_name"),
            Department.slug.label("department_slug"),
            on_its_way.label("on_its_way"),
        )
        .outerjoin(Staff, Staff.id == Case.assignee_id)
        .outerjoin(Department, Department.id == Case.department_id)
        .options(contains_eager(Case.department))
        .where(under(post_id, staff))
    )


def chosen(post_id: int, staff: Staff, case_ids: Sequence[int]) -> list[Row[Any]]:
    """Those of these cases that the person may answer together, in the order given."""
    rows = {
        row.Case.id: row
        for row in db.session.execute(_rows(post_id, staff).where(Case.id.in_(case_ids)))
    }
    found = [rows[one] for one in dict.fromkeys(case_ids) if one in rows]
    return [row for row in found if can_be_answered(row)]


# --- The post itself ------------------------------------------------------------------------------


def comments_closed(post_id: int) -> bool:
    """Whether the platform says of the newest comments that the post takes no more."""
    newest = db.session.scalars(
        select(Message.no_answer)
        .where(
            Message.post_id == post_id,
            ~Message.by_city,
            Message.parent_external_id.is_(None),
            Message.at_source.not_in(GONE),
        )
        .order_by(Message.published_at.desc())
        .limit(ASKED_OF_PLATFORM)
    ).all()
    return bool(newest) and all(said == Reason.COMMENTS_CLOSED for said in newest)


def answers_to_post(post_id: int, staff: Staff) -> list[Answer]:
    """Answers under the post itself that are on their way or need somebody, the newest first.

    Only those pressed in a case that the person may see.
    """
    return list(
        db.session.scalars(
            select(Answer)
            .join(Case, Case.id == Answer.case_id)
            .options(joinedload(Answer.sent_by), joinedload(Answer.author))
            .where(
                Answer.to_post,
                Case.post_id == post_id,
                visible_cases(staff),
                Answer.state.not_in(("draft", "discarded", "sent")),
            )
            .order_by(Answer.pressed_at.desc())
            .limit(20)
        )
    )


def answered_with(answer: Answer, case_id: int, staff: Staff) -> int:
    """How many other cases, of those that the person may see, an answer answers beside this one."""
    together = select(AnswerCase.case_id).where(AnswerCase.answer_id == answer.id)
    others = (Case.id.in_(together)) | (Case.id == answer.case_id)
    count = select(func.count()).select_from(Case)
    return db.session.scalar(count.where(others, Case.id != case_id, visible_cases(staff))) or 0
