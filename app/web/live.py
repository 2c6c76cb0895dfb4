"""What an open page asks for by itself: whether anything is new, who else is here, who writes."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse

from app.answers.drafts import save_draft
from app.basics import clock
from app.database import db
from app.inbox import presence
from app.inbox.presence import Other
from app.models import Answer, Case, Event, Message
from app.people.rights import Act, NotAllowed
from app.web.guard import me, needs
from app.web.held import has_none
from app.web.wishes import kept_args

bp = Blueprint("live", __name__)

LAST = 100
"""How many of the ledger's last lines are counted: a line with an earlier number may come late."""
TOLD = ("message_received", "message_edited", "own_message_seen", "answer_queued")
"""What has happened in a conversation that somebody who answers must have read."""


@bp.get("/puls")
@needs(Act.READ_CASES)
def pulse() -> dict[str, Any]:
    """Whether there is anything to fetch, and with `arende` who else has that case before them.

    `mark`: another one than last time means that something has happened somewhere. `person`: who
    is signed in, for it may be somebody else than when the page was drawn. `key`, when asked for:
    what forms must carry after a new sign-in. A case one may not see (any more) has nobody in it.
    """
    answer: dict[str, Any] = {"mark": _mark(), "person": me().id}
    if "nyckel" in request.args:
        answer["key"] = generate_csrf()
    case_id = request.args.get("arende", type=int)
    if case_id is not None:
        answer["here"] = _who_is_here(case_id)
    return answer


def _who_is_here(case_id: int) -> str:
    """The others as the page shows them; nobody to somebody who may not see the case."""
    opened = "oppnad" in request.args
    try:
        present = presence.look_in(case_id, by=me(), now=clock.now(), just_opened=opened)
    except NotAllowed:
        return ""
    return render_template("parts/presence_now.html", present=present, case_id=case_id).strip()


def _mark() -> str:
    """The ledger's last number and how many there are of the last ones."""
    newest = select(func.max(Event.id)).scalar_subquery()
    told = (Event.id > newest - LAST, Event.name != "case_looked_at")
    row = db.session.execute(select(func.max(Event.id), func.count()).where(*told)).one()
    return f"{row[0] or 0}-{row[1]}"


@bp.post("/arenden/<int:case_id>/skriver")
@needs(Act.ANSWER)
def writes(case_id: int) -> Response:
    """The person types in the answer: colleagues in the case are told, and nothing is locked."""
    presence.look_in(case_id, by=me(), now=clock.now(), typed=True)
    return Response(status=204)


@bp.post("/arenden/<int:case_id>/lat")
@needs(Act.ANSWER)
def leave_to(case_id: int) -> AnyResponse:
    """Leave the answer to the colleague who writes; what one has typed is kept as a draft."""
    if request.form.get("svar", "").strip():
        save_draft(case_id, body=request.form["svar"], by=me(), now=clock.now())
    here = presence.stop_writing(case_id, by=me(), now=clock.now())
    writer = next((one.first_name for one in here if one.writes), None)
    if writer:
        flash(gettext("Du lät %(name)s svara. Ditt utkast är kvar i ärendet.", name=writer), "ok")
    else:
        flash(gettext("Ditt utkast är kvar i ärendet."), "ok")
    return redirect(url_for("inbox.show", **kept_args(request.args)))


@bp.app_template_global()
def others_here(case: Case) -> list[Other]:
    """Who else has the case before them, for a page that is drawn."""
    if has_none(case, "others_here"):
        return []
    return presence.others(case.id, by=me(), now=clock.now())


@bp.app_template_global()
def moment_now() -> str:
    """The server's time, for a page whose own clock may be wrong."""
    return clock.now().isoformat()


@dataclass(frozen=True, slots=True)
class Fresh:
    """Something that came while the person wrote: its place on the page, what, by whom, its text.

    `what`: written, changed or answered.
    """

    place: str
    what: str
    name: str
    text: str


@bp.app_template_global()
def fresh_in(case: Case) -> list[Fresh]:
    """What has come into a conversation since the page was drawn that the form was sent from."""
    since = request.form.get("sett", type=int)
    if since is None:
        return []
    rows = db.session.execute(
        select(Event.name, Event.staff_id, Message, Answer)
        .outerjoin(Message, Message.id == Event.message_id)
        .outerjoin(Answer, Answer.id == Event.answer_id)
        .where(Event.case_id == case.id, Event.id > since, Event.name.in_(TOLD))
        .order_by(Event.id)
        .limit(20)
    ).all()
    found: dict[str, Fresh] = {}
    for name, staff_id, message, answer in rows:
        one = _fresh(name, message, answer)
        if one is not None and staff_id != me().id:
            found.setdefault(one.place, one)
    return list(found.values())


def _fresh(name: str, message: Message | None, answer: Answer | None) -> Fresh | None:
    """One line of what is new; None when it is not (any more) to be seen."""
    if name == "answer_queued":
        if answer is None or answer.sent_by is None:
            return None
        place = f"m{answer.message_id}" if answer.message_id else f"s{answer.id}"
        return Fresh(place, "answered", answer.sent_by.name, answer.body)
    if message is None:
        return None
    what = "changed" if name == "message_edited" else "written"
    return Fresh(f"m{message.id}", what, message.author_name, message.text)
