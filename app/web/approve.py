"""A second person's approval: the list, what is done with one answer, and who is asked for it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app.answers import approve, drafts
from app.answers.approve import MessageNeeded
from app.answers.ready import CannotSend, ConversationChanged, NeedsReason, TooLate
from app.basics import clock
from app.database import db
from app.models import Account, Answer, Staff
from app.people.rights import Act, NotAllowed, case_for
from app.web import words
from app.web.answer import house, page_again, pressed_of, pressed_sentence, saved_page
from app.web.approving import approval_roles
from app.web.case import back_to
from app.web.composing import Ask
from app.web.guard import me, needs

bp = Blueprint("approve", __name__)


@bp.get("/svar/att-godkanna")
@needs(Act.ANSWER)
def show() -> str:
    """What this person may approve, and what of their own waits for others."""
    theirs, own = approve.waiting_for(me(), approval_roles())
    return render_template("pages/approvals.html", theirs=theirs, own=own)


@bp.post("/svar/<int:answer_id>/godkann")
@needs(Act.ANSWER)
def decide(answer_id: int) -> str | AnyResponse | tuple[str, int]:
    """Do what the pressed button says with an answer that waits: keep, publish, or send back."""
    answer = _answer(answer_id)
    act = request.form.get("gor", "spara")
    body = request.form.get(f"godkann{answer_id}", answer.body)
    try:
        if act in ("godkann", "godkann-klar"):
            return _publish(answer, body, close=act == "godkann-klar")
        if act == "skicka-tillbaka":
            return _send_back(answer, body)
        now = clock.now()
        answer = approve.change(answer_id, body, by=me(), now=now, approval_roles=approval_roles())
    except TooLate:
        flash(gettext("Svaret väntar inte längre på godkännande."), "warn")
        return back_to(answer.case_id)
    if request.headers.get("HX-Request"):
        return saved_page(answer.case, body, answer.author, answer.in_reply_to)
    flash(gettext("Ändringen är sparad. Svaret väntar fortfarande."), "ok")
    return back_to(answer.case_id)


def _publish(answer: Answer, body: str, *, close: bool) -> str | AnyResponse | tuple[str, int]:
    case_id, pressed = answer.case_id, pressed_of(answer.case_id, body, close=close)
    try:
        sent = approve.publish(answer.id, pressed, by=me(), now=clock.now(), **house())
    except NeedsReason:
        return _again(case_id, approval_ask=Ask(take_focus=True)), 422
    except ConversationChanged:
        return _again(case_id, changed=True), 409
    except CannotSend as error:
        return _again(case_id, problem=words.reason(error.reason)), 422
    flash(pressed_sentence(sent), "ok")
    return back_to(case_id)


def _send_back(answer: Answer, body: str) -> str | AnyResponse | tuple[str, int]:
    case_id, name = answer.case_id, answer.author.name
    try:
        approve.send_back(
            answer.id,
            body=body,
            message=request.form.get(f"besked{answer.id}", ""),
            by=me(),
            now=clock.now(),
            approval_roles=approval_roles(),
        )
    except MessageNeeded:
        what = gettext("Skriv några ord om vad som ska ändras.")
        return _again(case_id, problem=(gettext("Svaret väntar fortfarande."), what)), 422
    flash(gettext("Svaret är tillbaka hos %(name)s, med ditt meddelande.", name=name), "ok")
    return back_to(case_id)


@bp.post("/svar/<int:answer_id>/ta-tillbaka")
@needs(Act.ANSWER)
def take_back(answer_id: int) -> AnyResponse:
    """The author goes on writing on what waits for approval."""
    answer = _answer(answer_id)
    try:
        approve.take_back(answer_id, by=me(), now=clock.now())
        flash(gettext("Svaret är ditt utkast igen. Inget har publicerats."), "ok")
    except TooLate:
        flash(gettext("Svaret väntar inte längre på godkännande."), "warn")
    if answer.to_post:
        return redirect(url_for("post.compose", post_id=answer.case.post_id))
    return back_to(answer.case_id)


@bp.post("/konton/<int:account_id>/fyra-ogon")
@needs(Act.CHANGE_ACCOUNTS)
def on_account(account_id: int) -> AnyResponse:
    """Whether a second person publishes the account's answers."""
    on = request.form.get("fyra_ogon") == "1"
    if db.session.get(Account, account_id) is None:
        return redirect(url_for("admin.show_accounts"))
    account = approve.ask_on_account(account_id, on, by=me(), now=clock.now())
    flash(_asked(account.name) if on else _not_asked(account.name), "ok")
    return redirect(url_for("admin.check_account", account_id=account_id))


@bp.post("/personal/<int:staff_id>/fyra-ogon")
@needs(Act.MANAGE_STAFF)
def of_person(staff_id: int) -> AnyResponse:
    """Whether a second person publishes somebody's answers."""
    on = request.form.get("fyra_ogon") == "1"
    if db.session.get(Staff, staff_id) is None:
        return redirect(url_for("admin.show_staff"))
    person = approve.ask_of_person(staff_id, on, by=me(), now=clock.now())
    flash(_asked(person.name) if on else _not_asked(person.name), "ok")
    return redirect(url_for("admin.show_staff"))


def _asked(name: str) -> str:
    return gettext("%(name)s: en kollega godkänner varje svar innan det publiceras.", name=name)


def _not_asked(name: str) -> str:
    return gettext("%(name)s: svar publiceras utan en kollegas godkännande.", name=name)


def _answer(answer_id: int) -> Answer:
    """The answer, as if there were none for somebody who may not answer in its case."""
    answer = db.session.get(Answer, answer_id)
    if answer is None:
        raise NotAllowed(Act.ANSWER)
    case_for(me(), answer.case_id, Act.ANSWER)
    return answer


def _again(case_id: int, **what: Any) -> str:
    """The case's page once more; the person's own draft is as it was."""
    db.session.rollback()
    draft = drafts.draft_of(case_id, me())
    return page_again(case_id, draft.body if draft else "", **what)
