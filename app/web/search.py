"""Search: the page, and its hits alone while somebody types."""

from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for

from app.channels.base import all_channels
from app.inbox.find import View
from app.inbox.search import Wish, search
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
    shown = {"asked": wish, "found": found, "next_page": next_page, "address": _address}
    if request.headers.get("HX-Request"):
        return render_template("parts/search_hits.html", typing=True, **shown)
    return render_template("pages/search.html", typing=False, **shown, **side_context())


def _wish_of_request() -> Wish:
    """What the address asks for; what it cannot mean is passed over."""
    view = request.args.get("vy", "")
    channel, department = request.args.get("kanal", ""), request.args.get("avdelning", "")
    after = request.args.get("efter", type=int)
    return Wish(
        text=request.args.get("q", ""),
        view=View(view) if view in PLACES else None,
        channel=channel if channel in all_channels() else "",
        department=department if department in looks.departments() else "",
        after=after if after is not None and abs(after) < 2**63 else None,
    )


def _address(wish: Wish, **changes: Any) -> str:
    """The address of a search: the wish with some of it changed."""
    args = {
        "q": wish.text,
        "vy": wish.view.value if wish.view else None,
        "avdelning": wish.department or None,
        "kanal": wish.channel or None,
        **changes,
    }
    return url_for("search.show", **args)
