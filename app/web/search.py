"""Search: the page, and its hits alone while somebody types."""

from datetime import UTC, date, datetime, time
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for

from app.basics.clock import STOCKHOLM
from app.channels.base import all_channels
from app.inbox.search import COUNT_TO, Where, Wish, search
from app.inbox.wishes import View
from app.people.rights import Act
from app.web import looks
from app.web.guard import me, needs
from app.web.inbox import side_context

bp = Blueprint("search", __name__)

PLACES = (View.OPEN, View.DONE)
"""The views that a search can be narrowed to."""


@bp.get("/sok")
@needs(Act.READ_CASES)
def show() -> str:
    """What is found; only the hits when the page asks for them while somebody types."""
    wish = _wish_of_request()
    found = search(me(), wish, case_prefix=current_app.config["CASE_PREFIX"])
    next_page = _address(wish, efter=found.next_after) if found.next_after is not None else None
    shown = {
        "count_to": COUNT_TO,
        "asked": wish,
        "found": found,
        "next_page": next_page,
        "address": _address,
        "day_since": _day(wish.since),
    }
    if request.headers.get("HX-Request"):
        return render_template("parts/search_hits.html", typing=True, **shown)
    return render_template("pages/search.html", typing=False, **shown, **side_context())


def _wish_of_request() -> Wish:
    """What the address asks for; what it cannot mean is passed over."""
    view = request.args.get("vy", "")
    channel, department = request.args.get("kanal", ""), request.args.get("avdelning", "")
    where, after = request.args.get("var", ""), request.args.get("efter", type=int)
    return Wish(
        text=request.args.get("q", ""),
        view=View(view) if view in PLACES else None,
        channel=channel if channel in all_channels() else "",
        department=department if department in looks.departments() else "",
        where=Where(where) if where in list(Where) else Where.EVERYWHERE,
        since=_since(request.args.get("fran", "")),
        after=after if after is not None and abs(after) < 2**63 else None,
    )


def _since(text: str) -> datetime | None:
    """The beginning of a day that is written YYYY-MM-DD (Europe/Stockholm), as UTC."""
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day, time(), tzinfo=STOCKHOLM).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _day(at: datetime | None) -> str | None:
    """The day in Europe/Stockholm, as a date field wants it."""
    return None if at is None else at.astimezone(STOCKHOLM).date().isoformat()


def _address(wish: Wish, **changes: Any) -> str:
    """The address of a search: the wish with some of it changed."""
    args = {
        "q": wish.text,
        "vy": wish.view.value if wish.view else None,
        "avdelning": wish.department or None,
        "kanal": wish.channel or None,
        "var": wish.where or None,
        "fran": _day(wish.since),
        **changes,
    }
    return url_for("search.show", **args)
