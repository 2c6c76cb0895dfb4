"""The composer: draft, press send, take back, settle what is uncertain."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app.answers import write
from app.answers.care import Override, must_ask
from app.answers.write import CannotSend, ConversationChanged, Pressed, TooLate
from app.basics import clock
from app.channels.base import channel_named
from app.collecting.connect import options_from
from app.database import db
from app.inbox import find, handle
from app.inbox.clocks import GONE
from app.models import Answer, Case, Message, Staff
from app.models.case import Outcome
from app.people.rights import Act, NotAllowed, case_for
from app.routing.transfer import NoSuchDepartment, reroute
from app.web import looks, words
from app.web.case import back_to, case_context
from app.web.composing import Ask, advice_on, findings_in, referred, way_to
from app.web.guard import me, needs
from app.web.inbox import list_context

bp = Blueprint("answer", __name__)


@bp.post("/arenden/<int:case_id>/skriv")
@needs(Act.ANSWER)
def compose(case_id: int) -> str | AnyResponse | tuple[str, int]:
    """Do what the pressed button says, and only if it fits the mode the person wrote in."""
    act, mode = request.form.get("gor", "utkast"), request.form.get("lagel", "svar")
    if act in ("publicera", "publicera-klar") and mode == "svar":
        return _publish(case_id, close=act == "publicera-klar")
    if act == "privat" and mode == "privat":
        return _publish(case_id, private=True)
    if act == "hanvisa" and mode in ("svar", "privat"):
        return _refer(case_id)
    if act == "anteckna" and mode == "anteckning":
        return _note(case_id)
    if act == "vidare" and mode == "vidare":
        return _forward(case_id)
    return _draft(case_id)


def undo_of(staff: Staff) -> timedelta | None:
    """How long this person may take an answer back; None: until they press once more."""
    own = staff.undo_seconds
    seconds = current_app.config["UNDO_SECONDS"] if own == "" else own
    if seconds in (None, "tills"):
        return None
    return timedelta(seconds=int(seconds))


def _publish(
    case_id: int, *, close: bool = False, private: bool = False
) -> str | AnyResponse | tuple[str, int]:
    body = request.form.get("svar", "")
    stops, reason = must_ask(findings_in(case_for(me(), case_id, Act.ANSWER), body)), _reason()
    if stops and reason is None:
        return _stopped(case_id, body)
    pressed = Pressed(
        case_id=case_id,
        body=body,
        in_reply_to_id=request.form.get("till_meddelande", type=int),
        seen_version=request.form.get("version", 0, type=int),
        undo=undo_of(me()),
        close_as=Outcome.ANSWERED if close else None,
        private=private,
        care=tuple(stops),
        care_reason=reason or "",
    )
    installation = options_from(current_app.config).installation
    try:
        answer = write.press_send(pressed, by=me(), now=clock.now(), installation=installation)
    except ConversationChanged:
        return _again(case_id, body, changed=True), 409
    except CannotSend as error:
        return _again(case_id, body, problem=words.reason(error.reason)), 422
    flash(_pressed_sentence(answer), "ok")
    return back_to(case_id)


def _reason() -> Override | None:
    """The reason the person chose for sending all the same."""
    chosen = request.form.get("skal", "")
    return Override(chosen) if chosen in list(Override) else None


def _stopped(case_id: int, body: str) -> tuple[str, int]:
    """The page again: nothing has left, the text is kept, and a reason is asked for."""
    write.save_draft(case_id, body=body, by=me(), now=clock.now())
    return _again(case_id, body, ask=Ask(take_focus=True)), 422


def _refer(case_id: int) -> str:
    """The draft with a sentence that shows the way to a safe channel, for the person to go on."""
    body = referred(request.form.get("svar", ""), case_for(me(), case_id, Act.ANSWER))
    write.save_draft(case_id, body=body, by=me(), now=clock.now())
    return _again(case_id, body)


def _asked() -> Ask | None:
    """The question for a reason, if the page that was sent showed it."""
    return Ask(_reason() or "") if "skal" in request.form else None


def _pressed_sentence(answer: Answer) -> str:
    if answer.send_after is None:
        return gettext("Svaret väntar tills du trycker på Skicka nu.")
    seconds = round((answer.send_after - clock.now()).total_seconds())
    if seconds <= 0:
        return gettext("Svaret är på väg.")
    return gettext("Publiceras om %(n)d sekunder. Du kan ångra så länge.", n=seconds)


def _again(case_id: int, body: str, *, ask: Ask | None = None, **what: Any) -> str:
    """The case's page once more, with the text kept and what is in the way shown.

    The page carries the newest version on: when that is not the one the person had before them,
    it says so. What was to be answered is still what is answered.
    """
    db.session.rollback()
    case = case_for(me(), case_id)
    mode = request.form.get("lagel", "svar")
    if case.version != request.form.get("version", 0, type=int):
        what["changed"] = True
    context = case_context(case) | {"draft_body": body, "chosen": case.id, "mode": mode} | what
    context |= _target_kept(case)
    context["advice"] = advice_on(case, body, write.signature_of(me()), ask or _asked())
    handle.mark_seen(case, by=me(), now=clock.now())
    return render_template("pages/case.html", **list_context() | context)


def _target_kept(case: Case) -> dict[str, Any]:
    """The message that the form said it answers, if it is still there to be answered."""
    message = db.session.get(Message, request.form.get("till_meddelande", 0, type=int))
    if message is None or message.case_id != case.id or message.by_city:
        return {}
    if message.at_source in GONE:
        return {}
    return {"target": message, "way": way_to(case, _channel(case), message, now=clock.now())}


def _channel(case: Case) -> Any:
    try:
        return channel_named(case.channel)
    except KeyError:
        return None


def _note(case_id: int) -> AnyResponse:
    note = handle.write_note(
        case_id, body=request.form.get("anteckning", ""), by=me(), now=clock.now()
    )
    if note is None:
        flash(gettext("Anteckningen var tom. Inget sparades."), "warn")
    else:
        flash(gettext("Anteckningen är sparad. Den syns bara för personal."), "ok")
    return back_to(case_id)


def _forward(case_id: int) -> AnyResponse:
    to = request.form.get("till", "")
    handle.write_note(case_id, body=request.form.get("meddelande", ""), by=me(), now=clock.now())
    try:
        reroute(case_id, to=to, by=me(), now=clock.now())
    except NoSuchDepartment:
        flash(gettext("Avdelningen finns inte. Välj en annan."), "warn")
        return back_to(case_id)
    flash(gettext("Kopplat till %(name)s.", name=looks.department_name(to)), "ok")
    return redirect(url_for("inbox.show"))


def _draft(case_id: int) -> AnyResponse | str:
    body = request.form.get("svar", "")
    write.save_draft(case_id, body=body, by=me(), now=clock.now())
    if request.headers.get("HX-Request"):
        case = case_for(me(), case_id, Act.ANSWER)
        advice = advice_on(case, body, write.signature_of(me()), _asked())
        return render_template("parts/saved.html", at=clock.now(), advice=advice, case=case)
    flash(gettext("Utkastet är sparat."), "ok")
    return back_to(case_id)


@bp.get("/svar")
@needs(Act.ANSWER)
def mine() -> str:
    """The person's own answers that are uncertain, refused or gone from the platform."""
    return render_template("pages/answers.html", answers=find.answers_that_need(me()))


@bp.post("/svar/<int:answer_id>/angra")
@needs(Act.ANSWER)
def undo(answer_id: int) -> AnyResponse:
    """Take an answer back before it leaves."""
    try:
        write.undo(answer_id, by=me(), now=clock.now())
        flash(gettext("Svaret är tillbaka som utkast. Inget har publicerats."), "ok")
    except TooLate:
        flash(gettext("För sent att ångra: svaret har redan gått iväg."), "warn")
    return _to_case(answer_id)


@bp.post("/svar/<int:answer_id>/skicka-nu")
@needs(Act.ANSWER)
def release(answer_id: int) -> AnyResponse:
    """Let a waiting answer leave at once."""
    try:
        write.release(answer_id, by=me(), now=clock.now())
        flash(gettext("Svaret är på väg."), "ok")
    except TooLate:
        flash(gettext("Svaret har redan gått iväg."), "warn")
    return _to_case(answer_id)


@bp.post("/svar/<int:answer_id>/avgor")
@needs(Act.ANSWER)
def settle(answer_id: int) -> AnyResponse:
    """Say whether an uncertain answer arrived."""
    arrived = request.form.get("kom") == "fram"
    if request.form.get("kom") not in ("fram", "saknas"):
        return _to_case(answer_id)
    try:
        write.settle(answer_id, arrived=arrived, by=me(), now=clock.now())
        flash(
            gettext("Bra, svaret räknas som framme.")
            if arrived
            else gettext("Vi letar en gång till och skickar om det verkligen saknas."),
            "ok",
        )
    except TooLate:
        flash(gettext("Svaret är redan avgjort."), "warn")
    return _to_case(answer_id)


@bp.post("/svar/<int:answer_id>/skriv-om")
@needs(Act.ANSWER)
def again(answer_id: int) -> AnyResponse:
    """A refused answer's text as a draft again."""
    try:
        write.write_again(answer_id, by=me(), now=clock.now())
    except TooLate:
        flash(gettext("Svaret har redan gått iväg."), "warn")
    return _to_case(answer_id)


@bp.post("/svar/<int:answer_id>/sett")
@needs(Act.ANSWER)
def seen(answer_id: int) -> AnyResponse:
    """The person knows that the answer was refused or has vanished."""
    try:
        write.seen(answer_id, by=me(), now=clock.now())
        flash(gettext("Bra, svaret ligger inte längre bland dem att reda ut."), "ok")
    except TooLate:
        flash(gettext("Svaret är redan avgjort."), "warn")
    return redirect(url_for("answer.mine"))


def _to_case(answer_id: int) -> AnyResponse:
    """The answer's case again; as if there were none for somebody who may not see it."""
    answer = db.session.get(Answer, answer_id)
    if answer is None:
        raise NotAllowed(Act.ANSWER)
    return back_to(case_for(me(), answer.case_id).id)
