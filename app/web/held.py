"""What hangs on the case that a page is about, asked for once a page."""

from flask import g

from app.basics import clock
from app.inbox.holding import Holding, holding_of
from app.models import Case
from app.web.guard import me


def look_at(case: Case) -> Holding:
    """Ask what hangs on the case as it stands now; until the page is drawn `held` knows it."""
    found: Holding = holding_of(case, me(), now=clock.now())
    g.held = found
    return found


def has_none(case: Case, what: str) -> bool:
    """Whether it is known that the case has none of it (a field of `Holding`)."""
    found: Holding | None = g.get("held")
    return found is not None and found.case_id == case.id and not getattr(found, what)
