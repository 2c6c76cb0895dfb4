"""The lists of cases."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.channels.base import all_channels
from app.database import db
from app.inbox import find
from app.inbox.find import View, Wish
from app.models import Case, Event
from app.models.staff import Role
from app.people.rights import Act, visible_cases
from app.web import looks
from app.web.guard import me, needs
from app.web.sureness import rules_behind

bp = Blueprint("inbox", __name__)

MOVES = ("case_opened", "case_reopened")


@bp.get("/")
@needs(Act.SEE_STATUS)
def home() -> AnyResponse:
    """Everybody begins in the inbox; customer service with the unsure, as long as there are any."""
    first = me().role == Role.CUSTOMER_SERVICE and _has_any(View.UNSURE)
    return redirect(url_for("inbox.show", vy=View.UNSURE.value if first else None))


def _has_any(view: View) -> bool:
    """Whether a list holds anything that this person may see."""
    found = select(Case.id).where(find.condition(view, me()), visible_cases(me())).limit(1)
    return db.session.scalar(found) is not None


@bp.get("/arenden")
@needs(Act.READ_CASES)
def show() -> str:
    """A list, with nothing chosen."""
    return render_template("pages/inbox.html", **list_context())


@bp.get("/arenden/nya")
@needs(Act.READ_CASES)
def news() -> str | Response:
    """How many cases have come to this list since it was drawn: the bar above it, or nothing."""
    wish, since = wish_of_request(), request.args.get("sedan", 0, type=int)
    count = db.session.scalar(
        select(func.count(func.distinct(Event.case_id)))
        .join(Case, Case.id == Event.case_id)
        .where(
            Event.id > since,
            Event.name.in_(MOVES),
            find.condition(wish.view, me()),
            visible_cases(me()),
        )
    )
    if not count:
        return Response(status=204)
    return render_template("parts/newbar.html", count=count, wish=wish)


def wish_of_request() -> Wish:
    """What list the address asks for; what it cannot mean is passed over."""
    view = request.args.get("vy", "")
    after = None
    try:
        at, _, number = request.args.get("efter", "").rpartition("_")
        after = (datetime.fromisoformat(at), int(number)) if at else None
        if after is not None and after[0].tzinfo is None:
            after = None
    except ValueError:
        after = None
    department = request.args.get("avdelning", "")
    channel = request.args.get("kanal", "")
    return Wish(
        view=View(view) if view in list(View) else View.OPEN,
        department=department if department in looks.departments() else "",
        channel=channel if channel in all_channels() else "",
        newest_first=request.args.get("ordning") == "nyast",
        after=after,
    )


def address(wish: Wish, **changes: Any) -> str:
    """The address of a list: the wish with some of it changed."""
    args = {
        "vy": wish.view.value,
        "avdelning": wish.department or None,
        "kanal": wish.channel or None,
        "ordning": "nyast" if wish.newest_first else None,
        **changes,
    }
    return url_for("inbox.show", **args)


def side_context() -> dict[str, Any]:
    """What the side bar shows: all counts, in one statement."""
    found = looks.departments()
    channels = [name for name in all_channels() if name in _used_channels()]
    counts = find.counts(
        me(), departments=list(found), channels=channels, late_before=looks.late_before()
    )
    return {"counts": counts, "departments": found, "channels": channels}


def _used_channels() -> set[str]:
    """The channels that accounts are connected on; kept for half a minute."""
    from time import monotonic

    from flask import current_app

    from app.models import Account

    kept = current_app.extensions.get("used_channels")
    if kept is None or monotonic() - kept[0] > 30:
        kept = (monotonic(), set(db.session.scalars(select(Account.channel).distinct())))
        current_app.extensions["used_channels"] = kept
    used: set[str] = kept[1]
    return used


def list_context() -> dict[str, Any]:
    """Everything the list and the side bar need."""
    wish = wish_of_request()
    side = side_context()
    rows = find.listed(wish, me())
    more = rows[find.A_PAGE - 1] if len(rows) > find.A_PAGE else None
    next_page = None
    if more is not None:
        next_page = address(wish, efter=f"{more.Case.sort_at.isoformat()}_{more.Case.id}")
    return {
        **side,
        "wish": wish,
        "rows": rows[: find.A_PAGE],
        "rules": rules_behind([row.Case for row in rows]),
        "next_page": next_page,
        "first_page": wish.after is None,
        "address": address,
        "drawn_at": clock.now(),
        "newest_event": side["counts"].newest_event,
        "chosen": None,
    }
