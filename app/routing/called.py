"""Registering a call: taken in, put with a department as a message is, and answered or not."""

from collections.abc import Sequence
from datetime import datetime

from app.database import db
from app.inbox.calls import NewCall, finish, take_in
from app.models import Case, Staff
from app.routing.route import RouterOf, route_waiting
from app.routing.transfer import reroute


def register(
    call: NewCall,
    *,
    department: str,
    kind: str,
    by: Staff,
    router: RouterOf,
    threshold: float,
    keys: Sequence[str],
    city: str,
    now: datetime,
) -> Case:
    """Make a call a case: routed by the model's advice, or where the person says.

    `department`: a slug, or '' for the model's advice; `kind` likewise. Each step is a transaction
    of its own and may be done again: the same form sent once more goes on where it stopped. Raises
    `NotAllowed`, `BadCall` and `NoSuchDepartment`.
    """
    case_id = take_in(call, by=by, keys=keys, city=city, now=now)
    route_waiting(router, threshold=threshold, now=now, only=case_id)
    if department:
        reroute(case_id, to=department, by=by, now=now)
    finish(case_id, kind=kind, by=by, now=now)
    return db.session.get_one(Case, case_id, populate_existing=True)
