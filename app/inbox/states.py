"""From which state a case may go where, as a table; everything else is refused."""

from datetime import datetime, timedelta

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


URGENT_FIRST = timedelta(days=36500)
"""An urgent case that waits is sorted as if it had waited a hundred years: on top."""


def sort_time(case: Case) -> datetime:
    """What the list is ordered by: waiting since, else closed at, else the last word."""
    return sort_time_of(case.waiting_since, case.closed_at, case.last_word_at, case.urgent)


def sort_time_of(
    waiting_since: datetime | None, closed_at: datetime | None, last_word_at: datetime, urgent: bool
) -> datetime:
    """The same from the columns alone."""
    if waiting_since is not None:
        return waiting_since - URGENT_FIRST if urgent else waiting_since
    return closed_at or last_word_at


def after_words(state: str, assignee_id: int | None) -> S:
    """The state of a case whose resident has just said something new."""
    if state == S.CLOSED:
        return S.REOPENED
    if state in (S.WAITING, S.ANSWERED):
        return S.ONGOING if assignee_id else S.REOPENED
    return S(state)
