"""Notes and hand-overs: what is written to colleagues, and what they have been told."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.database import db
from app.inbox import handle, notes
from app.models import Case, Staff
from app.people.rights import Act, case_for
from app.routing.transfer import NoSuchDepartment, reroute
from app.web import looks
from app.web.case import back_if_seen, back_to
from app.web.guard import me, needs
from app.web.wishes import kept_args

bp = Blueprint("notes", __name__)


@bp.app_template_global()
def mentions_waiting() -> int:
    """How many notes that name the signed-in person they have not seen."""
    person: Staff | None = g.get("me")
    return notes.count_waiting(person) if person else 0


@bp.get("/omnamnanden")
@needs(Act.READ_CASES)
def mentions() -> str:
    """Where colleagues have named the person, unseen ones first."""
    rows = notes.mentions(me())
    return render_template("pages/mentions.html", rows=rows, pieces=notes.pieces)


def keep_note(case_id: int) -> AnyResponse:
    """Save the note of the composer; say whom it reached, and whom it could not."""
    body = request.form.get("anteckning", "")
    note = handle.write_note(case_id, body=body, by=me(), now=clock.now())
    if note is None:
        flash(gettext("Anteckningen var tom. Inget sparades."), "warn")
    else:
        flash(gettext("Anteckningen är sparad. Den syns bara för personal."), "ok")
        tell_whom(note.text, case_for(me(), case_id))
    return back_to(case_id)


def tell_whom(text: str, case: Case) -> None:
    """Say who was named in a note and cannot be reached, and why."""
    named = notes.named_in(text, case, by=me())
    if named.told:
        names = ", ".join(one.name for one in named.told)
        flash(gettext("Ser omnämnandet: %(names)s.", names=names), "ok")
    for name in named.unseeing:
        told = gettext(
            "%(name)s får inte se ärendet eller avdelningens anteckningar och har inte fått veta"
            " något. Skicka ärendet vidare om personen behöver det.",
            name=name,
        )
        flash(told, "warn")
    for name in named.unclear:
        told = gettext(
            "%(name)s kan vara flera personer och ingen har fått veta något. Skriv hela namnet.",
            name=name,
        )
        flash(told, "warn")


def forward(case_id: int) -> AnyResponse:
    """Send the case on to another department with the composer's message: both or neither."""
    to, message = request.form.get("till", ""), request.form.get("meddelande", "")
    try:
        case = reroute(case_id, to=to, by=me(), now=clock.now(), message=message)
    except NoSuchDepartment:
        flash(gettext("Avdelningen finns inte. Välj en annan."), "warn")
        return back_to(case_id)
    flash(gettext("Kopplat till %(name)s.", name=looks.department_name(to)), "ok")
    tell_whom(message, case)
    return redirect(url_for("inbox.show", **kept_args(request.args)))


@bp.get("/arenden/<int:case_id>/overlat")
@needs(Act.CLOSE)
def choose(case_id: int) -> str:
    """Choose a colleague to hand the case to."""
    return _form(case_for(me(), case_id, Act.CLOSE))


def _form(case: Case, error: str = "") -> str:
    people = db.session.scalars(select(Staff).where(Staff.active).order_by(Staff.name)).all()
    return render_template(
        "pages/hand_over.html",
        case=case,
        error=error,
        people=[one for one in handle.may_take(case, people) if one.id != case.assignee_id],
        chosen=request.form.get("till", type=int),
        message=request.form.get("meddelande", ""),
    )


@bp.post("/arenden/<int:case_id>/overlat")
@needs(Act.CLOSE)
def hand_over(case_id: int) -> str | AnyResponse | tuple[str, int]:
    """Hand the case to a named colleague, who is told."""
    to, message = request.form.get("till", 0, type=int), request.form.get("meddelande", "")
    try:
        case = handle.hand_over(case_id, to=to, message=message, by=me(), now=clock.now())
    except handle.NotTheirs:
        error = gettext("Välj en kollega som får se ärendet.")
        return _form(case_for(me(), case_id, Act.CLOSE), error), 400
    name = db.session.get_one(Staff, to).name
    flash(
        gettext("%(ref)s är överlåtet till %(name)s.", ref=looks.reference(case), name=name), "ok"
    )
    tell_whom(message, case)
    return back_if_seen(case)
