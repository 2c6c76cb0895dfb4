"""The lists of cases."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.channels.base import all_channels
from app.database import db
from app.inbox import counting, lists, own_views
from app.inbox.wishes import View, Wish, condition, times, wanted
from app.models import Case, Event, SavedView
from app.models.staff import Role
from app.people.rights import Act, may, visible_cases
from app.web import looks, many_acts
from app.web.guard import me, needs
from app.web.rows import Drawer
from app.web.wishes import (
    address,
    args_of,
    filters_on,
    kept_choices,
    offers,
    query_of,
    title_of,
    wish_of,
    wish_of_query,
)

bp = Blueprint("inbox", __name__)

MOVES = ("case_opened", "case_reopened", "case_woken")
MOST_ROWS = 100
"""So many rows are told about at a time."""


@bp.get("/")
@needs(Act.SEE_STATUS)
def home() -> AnyResponse:
    """Everybody begins in the inbox; customer service with the unsure, as long as there are any."""
    first = me().role == Role.CUSTOMER_SERVICE and _has_any(View.UNSURE)
    return redirect(url_for("inbox.show", vy=View.UNSURE.value if first else None))


def _has_any(view: View) -> bool:
    """Whether a list holds anything that this person may see."""
    found = select(Case.id).where(condition(view, me().id), visible_cases(me())).limit(1)
    return db.session.scalar(found, times(**moment())) is not None


def moment() -> dict[str, Any]:
    """The times that lists are held against."""
    return {"now": clock.now(), "late_before": looks.late_before()}


@bp.get("/arenden")
@needs(Act.READ_CASES)
def show() -> str:
    """A list, with nothing chosen."""
    return render_template("pages/inbox.html", **list_context())


@bp.get("/arenden/nya")
@needs(Act.READ_CASES)
def news() -> str | Response:
    """How many cases have come to this list since it was drawn: the bar above it, or nothing."""
    wish, since = wish_of(request.args), request.args.get("sedan", 0, type=int)
    count = db.session.scalar(
        select(func.count(func.distinct(Event.case_id)))
        .join(Case, Case.id == Event.case_id)
        .where(
            Event.id > since,
            Event.name.in_(MOVES),
            wanted(wish, me().id),
            visible_cases(me()),
        ),
        times(**moment()),
    )
    if not count:
        return Response(status=204)
    return render_template("parts/newbar.html", count=count, wish=wish, address=address)


@bp.get("/arenden/rader")
@needs(Act.READ_CASES)
def rows_now() -> str | Response:
    """The rows of `ids` as they stand, each to take the place of the one on the page.

    What the list no longer holds stays, greyed, with a word for why; of what the person may not
    see any more there is only the word. `valt`: the case that is open beside the list.
    """
    asked = [int(one) for one in request.args.get("ids", "").split(",") if one.isdecimal()]
    ids = [number for number in dict.fromkeys(asked) if number < 2**31][:MOST_ROWS]
    if not ids:
        return Response(status=204)
    wish = wish_of(request.args)
    found = {row.Case.id: row for row in lists.rows_of(ids, wish, me(), **moment())}
    seen = [found[number] for number in ids if number in found]
    return render_template(
        "parts/rows_now.html",
        rows=[(row, "" if row.still else _gone(row, wish)) for row in seen],
        unseen=[number for number in ids if number not in found],
        chosen=request.args.get("valt", type=int),
        **row_context(wish, seen),
    )


def _gone(row: Any, wish: Wish) -> str:
    """Why a case is no longer in the list, in a word or two."""
    case: Case = row.Case
    if case.merged_into_id is not None:
        return gettext("Ihopslagen")
    if case.is_open and wish.view == View.DONE:
        return gettext("Öppnad igen")
    if not case.is_open:
        return gettext("Klar")
    if case.snoozed_until is not None and case.snoozed_until > clock.now():
        return gettext("Undanlagd")
    if wish.view == View.SNOOZED:
        return gettext("Tillbaka")
    if wish.view == View.WAITING:
        return gettext("Nytt svar")
    if wish.view in (View.UNASSIGNED, View.MINE) and case.assignee_id != me().id:
        if row.assignee_name is None:
            return gettext("Släppt")
        return gettext("Tagen av %(name)s", name=row.assignee_name.split()[0])
    if wish.view == View.UNASSIGNED and case.assignee_id is not None:
        return gettext("Tagen av dig")
    return gettext("Flyttad")


def side_context() -> dict[str, Any]:
    """What the side bar shows: all counts, in one statement."""
    found = looks.departments()
    channels = [name for name in all_channels() if name in offers().channels]
    counts = counting.counts(me(), departments=list(found), channels=channels, **moment())
    return {
        "counts": counts, "departments": found, "channels": channels, "own_views": _own_views(),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnView:
    """A view of one's own in the side bar: how many cases it holds, and its address as written."""

    view: SavedView
    size: int
    query: str


def _own_views() -> list[OwnView]:
    """The person's own views, all counted in one statement."""
    mine = own_views.views_of(me())
    wishes = [wish_of_query(one.query) for one in mine]
    sizes = counting.sizes(wishes, me(), **moment())
    queries = map(query_of, wishes)
    return [OwnView(*one) for one in zip(mine, sizes, queries, strict=True)]


def list_context() -> dict[str, Any]:
    """Everything the list and the side bar need."""
    wish = wish_of(request.args)
    side = side_context()
    rows = lists.listed(wish, me(), **moment())
    more = rows[lists.A_PAGE - 1].Case if len(rows) > lists.A_PAGE else None
    next_page = None
    if more is not None:
        place = lists.place_of(more, wish)
        next_page = address(wish, efter=f"{place.isoformat()}_{more.id}")
    on = filters_on(wish)
    return {
        **side,
        "title": title_of(wish),
        "on": on,
        "size": _size(wish, side["counts"]),
        "choices": kept_choices(),
        "query": query_of(wish),
        "here": query_of(wish, ordered=False),
        "clear": address(Wish(view=wish.view, order=wish.order)),
        **row_context(wish, rows),
        "many_acts": many_acts.kept_groups() if may(me(), Act.CLOSE) else [],
        "rows": rows[: lists.A_PAGE],
        "next_page": next_page,
        "first_page": wish.after is None,
        "address": address,
        "drawn_at": clock.now(),
        "newest_event": side["counts"].newest_event,
        "chosen": None,
    }


def row_context(wish: Wish, rows: Sequence[Any]) -> dict[str, Any]:
    """What the rows need beside themselves."""
    return {
        "wish": wish,
        "args": args_of(wish),
        "may_pick": may(me(), Act.CLOSE),
        "drawn": Drawer(wish, [row.Case for row in rows]),
        "case_at": _case_at(wish),
    }


def _case_at(wish: Wish) -> Callable[[int], str]:
    """The address of a case beside this list; worked out once for all its rows."""
    root = url_for("case.show", case_id=0).removesuffix("0")
    query = query_of(wish)
    if wish.after is not None:
        query += f"{'&' if query else ''}{urlencode({'efter': request.args['efter']})}"
    return lambda case_id: f"{root}{case_id}{'?' if query else ''}{query}"


def _size(wish: Wish, counts: counting.Counts) -> int:
    """How many cases the list holds: from the side bar's counts where they say it."""
    plain = [name for name in args_of(wish) if name != "ordning"]
    if plain in ([], ["vy"]):
        return counts.views[wish.view.value]
    if plain == ["avdelning"] and wish.department in counts.departments:
        return counts.departments[wish.department]
    if plain == ["kanal"] and wish.channel in counts.channels:
        return counts.channels[wish.channel]
    return counting.sizes([wish], me(), **moment())[0]
