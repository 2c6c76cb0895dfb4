"""The switchboard's counts of calls: a file is read, reviewed by a person, and then kept."""

from contextlib import closing
from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.basics.csv_rows import NotATable, text_of
from app.collecting.call_counts import LARGEST, Review, review, take_in
from app.database import db
from app.models import CallCount, Department
from app.people.rights import Act
from app.web.figure_words import bad_file, why_not
from app.web.guard import me, needs

bp = Blueprint("call_counts", __name__)

SHOWN_DAYS = 14
MOST_SHOWN = 50
"""Days of queues, and bad lines, that a review lists; of the rest it tells the number."""


@bp.get("/vaxelns-samtal")
@needs(Act.BRING_FIGURES)
def show() -> str:
    """What has been taken in, and where to take in more."""
    return _page()


def _page(error: str = "", found: Review | None = None, text: str = "") -> str:
    return render_template(
        "pages/call_counts.html",
        error=error,
        review=found,
        text=text,
        told=[why_not(bad) for bad in found.bad[:MOST_SHOWN]] if found else [],
        most=MOST_SHOWN,
        queues=_queues(),
        names={row.id: row.slug for row in db.session.scalars(select(Department))},
    )


def _queues() -> list[object]:
    """What is known of each queue: first and last day, and how many calls lately."""
    lately = clock.to_local(clock.now()).date() - timedelta(days=SHOWN_DAYS)
    some = func.coalesce(func.sum(CallCount.calls).filter(CallCount.day > lately), 0)
    rows = db.session.execute(
        select(
            CallCount.queue,
            func.max(CallCount.department_id).label("department_id"),
            func.min(CallCount.day).label("first"),
            func.max(CallCount.day).label("last"),
            some.label("lately"),
        )
        .group_by(CallCount.queue)
        .order_by(CallCount.queue)
    )
    return list(rows)


@bp.post("/vaxelns-samtal")
@needs(Act.BRING_FIGURES)
def bring() -> str | AnyResponse | tuple[str, int]:
    """Read a file and show what would be kept; with the second press, keep it."""
    saving = request.form.get("gor") == "spara"
    data = _typed() if saving else uploaded()
    now = clock.now()
    today = clock.to_local(now).date()
    try:
        if not saving:
            return _page(found=review(data, today=today), text=text_of(data))
        kept = take_in(data, by=me(), today=today, now=now)
    except NotATable as error:
        return _page(bad_file(error)), 400
    flash(said_of(kept), "ok")
    return redirect(url_for("call_counts.show"))


def uploaded() -> bytes:
    """The file that was chosen, at most one byte more than may be."""
    file = request.files.get("fil")
    if file is None:
        return b""
    with closing(file):
        data: bytes = file.read(LARGEST + 1)
    return data


def _typed() -> bytes:
    """The same file, as the page of review carried it."""
    return request.form.get("innehall", "").encode()


def said_of(kept: Review) -> str:
    """What was kept, in a sentence or two."""
    if not kept.new and not kept.replaced:
        return gettext("Allt i filen var redan inläst. Inget har ändrats.")
    days = len(kept.new) + len(kept.replaced)
    parts = [
        ngettext(
            "%(num)d dag är sparad, en per kö och dag.",
            "%(num)d dagar är sparade, en per kö och dag.",
            days,
        )
    ]
    if kept.replaced:
        parts.append(
            ngettext(
                "%(num)d av dem ersatte en tidigare siffra.",
                "%(num)d av dem ersatte tidigare siffror.",
                len(kept.replaced),
            )
        )
    if kept.bad:
        parts.append(
            ngettext(
                "%(num)d rad gick inte att läsa.",
                "%(num)d rader gick inte att läsa.",
                len(kept.bad),
            )
        )
    return " ".join(parts)
