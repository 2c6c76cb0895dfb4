"""The composer: draft, press send, take back, settle what is uncertain."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from markupsafe import escape
from werkzeug.wrappers import Response as AnyResponse

from app.answers import approve, drafts, write
from app.answers.attention import left_by_others, slow_ones
from app.answers.care import Override
from app.answers.ready import (
    CannotSend,
    ConversationChanged,
    NeedsApproval,
    NeedsReason,
    Pressed,
    TooLate,
    signature_of,
)
from app.answers.write import AuthorsTurn
from app.basics import clock
from app.channels.base import channel_named
from app.collecting.connect import options_from
from app.database import db
from app.inbox import find, handle, presence
from app.inbox.clocks import GONE
from app.models import Answer, Case, Message, Staff
from app.models.case import Outcome
from app.people.rights import Act, NotAllowed, case_for
from app.web import words
from app.web.approving import SLOW, minutes_waited
from app.web.case import back_to, case_context
from app.web.composing import Ask, advice_on, referred, way_to
from app.web.guard import me, needs
from app.web.inbox import list_context
from app.web.link_marks import as_sent
from app.web.notes import forward, keep_note
from app.web.preview import preview_of
from app.web.wishes import kept_args

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
    if act in ("godkannande", "godkannande-klar") and mode in ("svar", "privat"):
        return _put_forward(case_id)
    if act == "forhandsgranska" and mode in ("svar", "privat"):
        return _preview(case_id)
    if act == "hanvisa" and mode in ("svar", "privat"):
        return _refer(case_id)
    if act == "anteckna" and mode == "anteckning":
        return keep_note(case_id)
    if act == "vidare" and mode == "vidare":
        return forward(case_id)
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
    pressed = pressed_of(case_id, body, close=close, private=private)
    try:
        answer = write.press_send(pressed, by=me(), now=clock.now(), **house())
    except NeedsReason:
        return page_again(case_id, body, ask=Ask(take_focus=True)), 422
    except NeedsApproval:
        return page_again(case_id, body, problem=words.reason("needs_approval")), 422
    except ConversationChanged:
        return page_again(case_id, body, changed=True), 409
    except CannotSend as error:
        return page_again(case_id, body, problem=words.reason(error.reason)), 422
    flash(pressed_sentence(answer), "ok")
    return back_to(case_id)


def pressed_of(case_id: int, body: str, *, close: bool, private: bool = False) -> Pressed:
    """What the composer's form says was pressed: the text with the marks that it showed."""
    case = db.session.get(Case, case_id)
    return Pressed(
        case_id=case_id,
        body=as_sent(case.account, body) if case else body,
        in_reply_to_id=request.form.get("till_meddelande", type=int),
        seen_version=request.form.get("version", 0, type=int),
        undo=undo_of(me()),
        close_as=Outcome.ANSWERED if close else None,
        private=private,
        care_reason=_reason() or "",
    )


def house() -> dict[str, Any]:
    """What this installation has settled about answers, for whatever puts one in the outbox."""
    return {
        "installation": options_from(current_app.config).installation,
        "approval_roles": current_app.config["APPROVAL_ROLES"],
    }


def _reason() -> Override | None:
    """The reason the person chose for sending all the same."""
    chosen = request.form.get("skal", "")
    return Override(chosen) if chosen in list(Override) else None


def _put_forward(case_id: int) -> str | AnyResponse | tuple[str, int]:
    """Ask for a second person's approval; nothing leaves."""
    body, form = request.form.get("svar", ""), request.form
    private, close = form.get("lagel") == "privat", form.get("gor") == "godkannande-klar"
    pressed = pressed_of(case_id, body, close=close, private=private)
    try:
        approve.put_forward(pressed, by=me(), now=clock.now(), **house())
        flash(gettext("Svaret väntar på en kollegas godkännande. Inget har publicerats."), "ok")
    except TooLate:
        flash(gettext("Svaret väntar redan på godkännande."), "warn")
    except ConversationChanged:
        return page_again(case_id, body, changed=True), 409
    except CannotSend as error:
        return page_again(case_id, body, problem=words.reason(error.reason)), 422
    return back_to(case_id)


def _preview(case_id: int) -> str:
    """The page again, with what the text will look like laid open."""
    body = request.form.get("svar", "")
    drafts.save_draft(case_id, body=body, by=me(), now=clock.now())
    return page_again(case_id, body, previewing=True)


def _refer(case_id: int) -> str:
    """The draft with a sentence that shows the way to a safe channel, for the person to go on."""
    body = referred(request.form.get("svar", ""), case_for(me(), case_id, Act.ANSWER))
    drafts.save_draft(case_id, body=body, by=me(), now=clock.now())
    return page_again(case_id, body)


def _asked() -> Ask | None:
    """The question for a reason, if the page that was sent showed it."""
    return Ask(_reason() or "") if "skal" in request.form else None


def pressed_sentence(answer: Answer) -> str:
    if answer.send_after is None:
        return gettext("Svaret väntar tills du trycker på Skicka nu.")
    seconds = round((answer.send_after - clock.now()).total_seconds())
    if seconds <= 0:
        return gettext("Svaret är på väg.")
    return gettext("Publiceras om %(n)d sekunder. Du kan ångra så länge.", n=seconds)


def page_again(case_id: int, body: str, *, ask: Ask | None = None, **what: Any) -> str:
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
    context["advice"] = advice_on(case, body, signature_of(me()), ask or _asked())
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


def _draft(case_id: int) -> AnyResponse | str:
    """Keep what is typed. A form without the box (a colleague's answer is in it) keeps nothing."""
    if "svar" not in request.form:
        return back_to(case_for(me(), case_id, Act.ANSWER).id)
    body = request.form["svar"]
    try:
        drafts.save_draft(case_id, body=body, by=me(), now=clock.now())
    except CannotSend as error:
        return unsaved(error) if request.headers.get("HX-Request") else _not_kept(case_id, error)
    if request.headers.get("HX-Request"):
        return saved_page(case_for(me(), case_id, Act.ANSWER), body, me())
    presence.look_in(case_id, by=me(), now=clock.now(), typed=True)
    flash(gettext("Utkastet är sparat."), "ok")
    kept = kept_args(request.args) | {"sprak": request.form.get("sprak")}
    return redirect(url_for("case.show", case_id=case_id, **kept))


def unsaved(error: CannotSend) -> AnyResponse:
    """What the page is told when a text could not be kept: why; the browser keeps it meanwhile."""
    answer = make_response(f"<b>{escape(' '.join(words.reason(error.reason)))}</b>")
    answer.headers["X-Unsaved"] = "1"
    return answer


def _not_kept(case_id: int, error: CannotSend) -> str:
    return page_again(case_id, request.form["svar"], problem=words.reason(error.reason))


def saved_page(case: Case, body: str, author: Staff, under: Message | None = None) -> str:
    """What the page is told when a text has been saved: when, hints, length, how it will look."""
    signature = signature_of(author)
    under = under or _target_kept(case).get("target")
    return render_template(
        "parts/saved.html",
        at=clock.now(),
        case=case,
        advice=replace(advice_on(case, body, signature, _asked()), own=author.id == me().id),
        preview=preview_of(case, body, signature, under),
    )


@bp.get("/svar")
@needs(Act.ANSWER)
def mine() -> str:
    """The person's answers that wait for somebody, and colleagues' that nobody has seen to."""
    now = clock.now()
    return render_template(
        "pages/answers.html",
        answers=find.answers_that_need(me()),
        sent_back=approve.sent_back_to(me()),
        slow=[one for one in slow_ones(me(), before=now - SLOW) if minutes_waited(one)],
        others=left_by_others(me(), now=now),
    )


@bp.post("/svar/<int:answer_id>/angra")
@needs(Act.ANSWER)
def undo(answer_id: int) -> AnyResponse:
    """Take an answer back before it leaves."""
    return _do(
        answer_id,
        lambda: write.undo(answer_id, by=me(), now=clock.now()),
        gettext("Svaret är tillbaka som utkast. Inget har publicerats."),
        gettext("För sent att ångra: svaret har redan gått iväg."),
    )


@bp.post("/svar/<int:answer_id>/skicka-nu")
@needs(Act.ANSWER)
def release(answer_id: int) -> AnyResponse:
    """Let a waiting answer leave at once."""
    roles = current_app.config["APPROVAL_ROLES"]
    return _do(
        answer_id,
        lambda: write.release(answer_id, by=me(), now=clock.now(), approval_roles=roles),
        gettext("Svaret är på väg."),
        gettext("Svaret har redan gått iväg."),
    )


@bp.post("/svar/<int:answer_id>/avgor")
@needs(Act.ANSWER)
def settle(answer_id: int) -> AnyResponse:
    """Say whether an uncertain answer arrived."""
    arrived = request.form.get("kom") == "fram"
    if request.form.get("kom") not in ("fram", "saknas"):
        return _to_case(answer_id)
    roles = current_app.config["APPROVAL_ROLES"]
    return _do(
        answer_id,
        lambda: write.settle(
            answer_id, arrived=arrived, by=me(), now=clock.now(), approval_roles=roles
        ),
        gettext("Bra, svaret räknas som framme.")
        if arrived
        else gettext("Vi letar en gång till och skickar om det verkligen saknas."),
        gettext("Svaret är redan avgjort."),
    )


@bp.post("/svar/<int:answer_id>/skriv-om")
@needs(Act.ANSWER)
def again(answer_id: int) -> AnyResponse:
    """A refused answer's text as a draft again."""
    return _do(
        answer_id,
        lambda: write.write_again(answer_id, by=me(), now=clock.now()),
        "",
        gettext("Svaret har redan gått iväg."),
    )


@bp.post("/svar/<int:answer_id>/sett")
@needs(Act.ANSWER)
def seen(answer_id: int) -> AnyResponse:
    """The person knows that the answer was refused or has vanished."""
    _do(
        answer_id,
        lambda: write.seen(answer_id, by=me(), now=clock.now()),
        gettext("Bra, svaret ligger inte längre bland dem att reda ut."),
        gettext("Svaret är redan avgjort."),
    )
    return redirect(url_for("answer.mine"))


def _do(answer_id: int, act: Callable[[], Answer], said: str, too_late: str) -> AnyResponse:
    """Do it and say so, or say why not; the answer's case again."""
    try:
        act()
    except TooLate:
        flash(too_late, "warn")
    except AuthorsTurn as error:
        said = gettext("%(name)s har en timme på sig. Sedan kan du reda ut det.", name=error.name)
        flash(said, "warn")
    except NeedsApproval:
        flash(" ".join(words.reason("needs_approval")), "warn")
    else:
        if said:
            flash(said, "ok")
    return _to_case(answer_id)


def _to_case(answer_id: int) -> AnyResponse:
    """The answer's case again; as if there were none for somebody who may not see it."""
    answer = db.session.get(Answer, answer_id)
    if answer is None:
        raise NotAllowed(Act.ANSWER)
    return back_to(case_for(me(), answer.case_id).id)
