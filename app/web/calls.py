"""Calls and visits: registered in ten seconds, called back, and "would have phoned"."""

import secrets
from dataclasses import dataclass
from datetime import datetime, time

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.database import db
from app.inbox import calls
from app.inbox.calls import PHONE, BadCall, NewCall, Wrong
from app.inbox.handle import CaseChanged
from app.inbox.states import NotFromHere
from app.models import Call, Case, Department, PhoneMark
from app.people.rights import Act, visible_cases
from app.routing.called import register
from app.web import call_words, looks
from app.web.call_advice import AsShown, advised, warm_up
from app.web.case import back_to
from app.web.guard import me, needs
from app.web.held import has_none

bp = Blueprint("calls", __name__)

SHOWN_LATELY = 5
FIELDS = ("text", "typ", "avdelning", "annan", "slag", "namn", "nummer", "tid", "menat", "forslag")


@bp.get("/samtal/nytt")
@needs(Act.REGISTER_CALLS)
def new() -> str:
    """The empty form."""
    return _form(dict.fromkeys(FIELDS, ""), secrets.token_hex(16))


def _form(given: dict[str, str], key: str, wrong: Wrong | None = None) -> str:
    """The form with what has been typed, and with what is wrong told at its field."""
    field, sentence = call_words.WRONG[wrong] if wrong else ("", "")
    return render_template(
        "pages/call.html",
        given=given,
        key=key,
        field=field,
        error=sentence,
        number_seen=wrong == Wrong.NUMBER_IN_WORDS,
        kinds=call_words.KINDS,
        targets=looks.departments(),
        lately=_lately(),
        **advised(given),
    )


@bp.post("/samtal/forslag")
@needs(Act.REGISTER_CALLS)
def suggest() -> str:
    """The suggestion for what is typed so far; a whole page for those without script."""
    given = _given()
    if request.headers.get("HX-Request"):
        part = render_template(
            "parts/call_offers.html", given=given, targets=looks.departments(), **advised(given)
        )
        warm_up()
        return part
    return _form(given, _key())


def _given() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in FIELDS}


def _key() -> str:
    """The form's own key, which makes two presses one call; a new one for none."""
    return request.form.get("nyckel", "") or secrets.token_hex(16)


@bp.post("/samtal/nytt")
@needs(Act.REGISTER_CALLS)
def save() -> str | AnyResponse | tuple[str, int]:
    """Register the call as the pressed button says: answered, or to be called back."""
    given, act = _given(), request.form.get("gor", "forslag")
    if act not in ("besvarat", "ring-upp"):
        return _form(given, _key())
    try:
        case = register(
            _new_call(given, call_back=act == "ring-upp"),
            department=_department(given),
            kind=given["slag"] if given["slag"] in call_words.KINDS else "",
            by=me(),
            router=lambda: AsShown(given),
            threshold=current_app.config["ROUTING_THRESHOLD"],
            keys=current_app.config["CREDENTIALS_KEYS"],
            city=current_app.config["CITY"],
            now=clock.now(),
        )
    except BadCall as error:
        key = secrets.token_hex(16) if error.why == Wrong.BAD_KEY else _key()
        return _form(given, key, error.why), 400
    flash(_said(case), "ok")
    return redirect(url_for("calls.new"))


def _new_call(given: dict[str, str], *, call_back: bool) -> NewCall:
    return NewCall(
        key=request.form.get("nyckel", ""),
        words=given["text"],
        at=_when(given["tid"]),
        visit=given["typ"] == "besok",
        name=given["namn"],
        call_back=call_back,
        reach=given["nummer"],
        number_meant=given["menat"] == "1",
    )


def _when(hour: str) -> datetime:
    """When they called: the time of today that was written, else now; never ahead of now."""
    now = clock.now()
    try:
        said = time.fromisoformat(hour.strip().replace(".", ":").zfill(5))
    except ValueError:
        return now
    local = clock.to_local(now).replace(hour=said.hour, minute=said.minute, second=0, microsecond=0)
    return min(clock.utc(local), now)


def _department(given: dict[str, str]) -> str:
    """Where the person puts it; '' leaves it to the suggestion."""
    chosen = given["annan"] or given["avdelning"]
    return chosen if chosen in looks.departments() else ""


def _said(case: Case) -> str:
    ref, name = looks.reference(case), looks.department_name(_slug_of(case))
    if case.is_open:
        said = gettext(
            "%(ref)s väntar på att bli uppringt. Avdelning: %(name)s.", ref=ref, name=name
        )
    else:
        said = gettext("%(ref)s är besvarat och klart. Avdelning: %(name)s.", ref=ref, name=name)
    return said


def _slug_of(case: Case) -> str:
    department = db.session.get(Department, case.department_id) if case.department_id else None
    return department.slug if department else ""


def _lately() -> list[Case]:
    """What this person registered last, as far as they still may see it: a slip is soon mended."""
    mine = (
        select(Case)
        .join(Call, Call.case_id == Case.id)
        .where(Call.registered_by_id == me().id, visible_cases(me()))
        .order_by(Call.registered_at.desc(), Case.id.desc())
        .limit(SHOWN_LATELY)
    )
    return list(db.session.scalars(mine))


# --- On the case's page --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallShown:
    """A case's call as its page tells it. `reach` None: no key of ours opens it."""

    call: Call
    reach: str | None


@bp.app_template_global()
def call_of(case: Case) -> CallShown | None:
    """What the case's page shows of its call; None for what was written.

    Only for a page that asked `case_for` before: who sees the case may see the number.
    """
    if case.channel != PHONE:
        return None
    call = db.session.get(Call, case.id)
    if call is None:
        return None
    return CallShown(call, calls.reach_of(call, current_app.config["CREDENTIALS_KEYS"]))


@bp.app_template_global()
def would_have_phoned(case: Case) -> bool:
    """Whether somebody has marked the case so; asked of the database once a page."""
    if case.channel == PHONE or has_none(case, "would_phone"):
        return False
    known: dict[int, bool] = g.setdefault("phone_marks", {})
    if case.id not in known:
        known[case.id] = db.session.get(PhoneMark, case.id) is not None
    return known[case.id]


@bp.post("/arenden/<int:case_id>/ringde-upp")
@needs(Act.ANSWER)
def called_back(case_id: int) -> AnyResponse:
    """The person has called back: the answer is given, or nobody answered."""
    now, version = clock.now(), request.form.get("version", 0, type=int)
    try:
        if request.form.get("gor") == "besvarat":
            calls.called_back(case_id, by=me(), seen_version=version, now=now)
            flash(gettext("Bra. Ärendet är besvarat och klart."), "ok")
        else:
            note = request.form.get("anteckning", "")
            calls.not_reached(case_id, note=note, by=me(), now=now)
            flash(gettext("Noterat. Invånaren väntar fortfarande på att bli uppringd."), "ok")
    except CaseChanged:
        flash(gettext("Något nytt har hänt i ärendet. Läs det först."), "warn")
    except NotFromHere:
        flash(gettext("Ärendet är redan klart."), "warn")
    return back_to(case_id)


@bp.post("/arenden/<int:case_id>/skulle-ha-ringt")
@needs(Act.REGISTER_CALLS)
def mark(case_id: int) -> AnyResponse:
    """Mark that the resident would have phoned, or take it back."""
    if request.form.get("gor") == "angra":
        calls.unmark_phone(case_id, by=me(), now=clock.now())
        flash(gettext("Märket ”Skulle ha ringt” är borta."), "ok")
    else:
        calls.mark_phone(case_id, by=me(), now=clock.now())
        flash(gettext("Märkt: skulle ha ringt. Räknas i rapporten."), "ok")
    return back_to(case_id)
