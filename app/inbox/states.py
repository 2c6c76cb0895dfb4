"""From which state a case may go where, as a table; everything else is refused."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.database import db
from app.inbox.following import waiting_behind
from app.models import Case
from app.models.case import CaseState as S

MOVES: dict[S, frozenset[S]] = {
    S.NEW: frozenset({S.ONGOING, S.WAITING, S.ANSWERED, S.CLOSED}),
    S.ONGOING: frozenset({S.NEW, S.WAITING, S.ANSWERED, S.CLOSED}),
    S.WAITING: frozenset({S.ONGOING, S.ANSWERED, S.REOPENED, S.CLOSED}),
    S.ANSWERED: frozenset({S.ONGOING, S.WAITING, S.REOPENED, S.CLOSED}),
    S.REOPENED: frozenset({S.ONGOING, S.WAITING, S.ANSWERED, S.CLOSED}),
    S.CLOSED: frozenset({S.REOPENED}),
}


class NotFromHere(Exception):
    """A case cannot go from the state it has to the one asked for."""

    def __init__(self, state: str, to: str) -> None:
        super().__init__(f"a case that is {state} cannot become {to}")
        self.state, self.to = state, to


def may_move(state: str, to: S) -> bool:
    """Whether the table lets a case in `state` become `to` (staying is always allowed)."""
    return state == to or to in MOVES[S(state)]


def move(case: Case, to: S, *, now: datetime, outcome: str | None = None) -> None:
    """Put a case in a new state and keep open, outcome and order in step with it.

    Raises `NotFromHere` when the table does not allow it.
    """
    if not may_move(case.state, to):
        raise NotFromHere(case.state, to)
    case.state = to
    case.is_open = to != S.CLOSED
    case.outcome = outcome if to == S.CLOSED else None
    case.closed_at = now if to == S.CLOSED else None
    if to in (S.CLOSED, S.WAITING, S.ANSWERED):
        case.waiting_since = None
    case.sort_at = sort_time(case)
    if case.merged_into_id is not None:
        keep_place(case.merged_into_id)


URGENT_FIRST = timedelta(days=36500)
"""An urgent case that waits is sorted as if it had waited a hundred years: on top."""


def sort_time(case: Case) -> datetime:
    """What the list is ordered by: waiting since, else closed at, else the last word.

    While others follow the case and wait, it stands where the one who has waited longest would.
    """
    columns = (case.waiting_since, case.closed_at, case.last_word_at, case.urgent)
    return sort_time_of(*columns, behind=waiting_behind([case.id]).get(case.id))


def keep_place(case_id: int) -> None:
    """Put a case in its place in the list again after something that follows it has changed."""
    columns = (Case.waiting_since, Case.closed_at, Case.last_word_at, Case.urgent)
    row = db.session.execute(select(*columns).where(Case.id == case_id)).one()
    place = sort_time_of(*row, behind=waiting_behind([case_id]).get(case_id))
    db.session.execute(update(Case).where(Case.id == case_id).values(sort_at=place))


def sort_time_of(
    waiting_since: datetime | None,
    closed_at: datetime | None,
    last_word_at: datetime,
    urgent: bool,
    behind: datetime | None = None,
) -> datetime:
    """The same from the columns alone; `behind` is what `waiting_behind` says of the case."""
    if waiting_since is not None:
        own = waiting_since - URGENT_FIRST if urgent else waiting_since
        return min(own, behind) if behind is not None else own
    return closed_at or behind or last_word_at


def after_words(state: str, assignee_id: int | None) -> S:
    """The state of a case whose resident has just said something new."""
    if state == S.CLOSED:
        return S.REOPENED
    if state in (S.WAITING, S.ANSWERED):
        return S.ONGOING if assignee_id else S.REOPENED
    return S(state)
