"""Putting a case aside until a time, and taking it out again."""

from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_date, gettext
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.inbox import handle, snooze
from app.inbox.states import NotFromHere
from app.models import Case
from app.people.rights import Act, case_for
from app.web import looks
from app.web.case import back_to
from app.web.guard import me, needs
from app.web.wishes import kept_args

bp = Blueprint("snooze", __name__)


@bp.app_template_filter("ahead")
def ahead(at: datetime) -> str:
    """A moment ahead as one says it: i dag 14.05, i morgon 08.00, måndag 08.00, 3 dec kl. 08.00."""
    local, today = clock.to_local(at).date(), clock.to_local(clock.now()).date()
    if local == today:
        return gettext("i dag %(hour)s", hour=looks.hour(at))
    if local == today + timedelta(days=1):
        return gettext("i morgon %(hour)s", hour=looks.hour(at))
    if today < local < today + timedelta(days=7):
        weekday = format_date(local, format="EEEE", rebase=False)
        return f"{weekday} {looks.hour(at)}"
    return looks.until(at)


@bp.app_template_filter("moment")
def moment(text: str) -> datetime | None:
    """A moment as the ledger keeps it."""
    return clock.parse_utc(text)


@bp.app_template_test("aside")
def aside(case: Case) -> bool:
    """Whether the case is put aside until a time that has not come."""
    return case.is_open and case.snoozed_until is not None and case.snoozed_until > clock.now()


@bp.get("/arenden/<int:case_id>/undan")
@needs(Act.CLOSE)
def show(case_id: int) -> str:
    """Choose until when the case lies aside."""
    return _form(case_for(me(), case_id, Act.CLOSE))


def _form(case: Case, error: str = "") -> str:
    now = clock.now()
    typed = request.form.get("dag", ""), request.form.get("klocka", "08:00")
    return render_template(
        "pages/snooze.html",
        case=case,
        error=error,
        choices=snooze.choices(now),
        today=clock.to_local(now).date(),
        last=clock.to_local(now + handle.LONGEST_ASIDE).date(),
        day=typed[0],
        hour=typed[1],
    )


@bp.post("/arenden/<int:case_id>/undan")
@needs(Act.CLOSE)
def put(case_id: int) -> str | AnyResponse | tuple[str, int]:
    """Put the case aside until the time that was chosen."""
    now, case = clock.now(), case_for(me(), case_id, Act.CLOSE)
    until = snooze.choices(now).get(request.form.get("till", ""))
    until = until or snooze.written(request.form.get("dag", ""), request.form.get("klocka", ""))
    if until is None:
        return _form(case, gettext("Välj en tid, eller skriv både dag och klockslag.")), 400
    version = request.form.get("version", type=int)
    try:
        handle.snooze(case_id, until=until, by=me(), now=now, seen_version=version)
    except handle.BadTime:
        return _form(case, gettext("Välj en tid som kommer, högst ett år bort.")), 400
    except handle.CaseChanged:
        flash(gettext("Något nytt har hänt i ärendet. Läs det innan du lägger undan."), "warn")
        return back_to(case_id)
    except NotFromHere:
        flash(gettext("Ärendet är redan klart."), "warn")
        return back_to(case_id)
    said = gettext(
        "%(ref)s är undanlagt till %(when)s. Invånarens väntetid räknas ändå.",
        ref=looks.reference(case),
        when=ahead(until),
    )
    flash(said, "ok")
    return redirect(url_for("inbox.show", **kept_args(request.args)))


@bp.post("/arenden/<int:case_id>/ta-fram")
@needs(Act.CLOSE)
def wake(case_id: int) -> AnyResponse:
    """Take the case out again now."""
    handle.wake(case_id, by=me(), now=clock.now())
    flash(gettext("Ärendet ligger i listorna igen."), "ok")
    return back_to(case_id)
