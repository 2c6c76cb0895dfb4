"""A colleague's answer to several residents, looked at by the second person who may publish it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app.answers import approve, several_approval
from app.answers.approve import MessageNeeded
from app.answers.draft_places import chosen_in
from app.answers.ready import CannotSend, NeedsReason, TooLate
from app.answers.several import SeveralChanged
from app.basics import clock
from app.database import db
from app.inbox import posts
from app.models import Answer, Post
from app.people.rights import Act, NotAllowed, case_for
from app.web import words
from app.web.answer import house
from app.web.approving import approval_roles
from app.web.composing import Ask
from app.web.guard import me, needs
from app.web.post import pressed_for_several_sentence
from app.web.several_page import (
    Choice,
    Writing,
    about,
    choices_in_form,
    pressed_in_form,
    written,
)

bp = Blueprint("post_approval", __name__)


@bp.get("/inlagg/svar/<int:answer_id>/granska")
@needs(Act.ANSWER)
def show(answer_id: int) -> str | AnyResponse:
    """The answer with the cases it is for: those with something new since then are not chosen."""
    answer = _answer(answer_id)
    if answer.asked_at is None:
        return _no_longer()
    kept = chosen_in(answer)
    rows = posts.chosen(answer.case.post_id, me(), list(kept))
    choices = []
    for row in rows:
        changed = kept[row.Case.id] != row.Case.version
        choices.append(Choice(row, not changed, changed))
    return _page(answer, choices, answer.body)


@bp.post("/inlagg/svar/<int:answer_id>/granska")
@needs(Act.ANSWER)
def decide(answer_id: int) -> str | AnyResponse | tuple[str, int]:
    """Do what the pressed button says with it: keep the change, publish, or send back."""
    answer = _answer(answer_id)
    act, body = request.form.get("gor", "spara"), request.form.get("svar", answer.body)
    try:
        if act in ("godkann", "godkann-klar"):
            return _publish(answer, body, close=act == "godkann-klar")
        if act == "skicka-tillbaka":
            return _send_back(answer, body)
        now = clock.now()
        answer = approve.change(answer_id, body, by=me(), now=now, approval_roles=approval_roles())
    except TooLate:
        return _no_longer()
    if request.headers.get("HX-Request"):
        shown = written(_post(answer), choices_in_form(_post(answer)), body, _writing(answer))
        return render_template("parts/post_saved.html", **shown, at=now, said="")
    flash(gettext("Ändringen är sparad. Svaret väntar fortfarande."), "ok")
    return _page(answer, choices_in_form(_post(answer)), body)


def _publish(answer: Answer, body: str, *, close: bool) -> AnyResponse | tuple[str, int]:
    post_id, pressed = answer.case.post_id, pressed_in_form(_post(answer), body, close=close)
    try:
        sent = several_approval.publish(answer.id, pressed, by=me(), now=clock.now(), **house())
    except SeveralChanged as error:
        return _again(answer, body, lost=error.lost, not_as_before=True), 409
    except NeedsReason:
        return _again(answer, body, ask=Ask(take_focus=True)), 422
    except CannotSend as error:
        return _again(answer, body, problem=words.reason(error.reason)), 422
    flash(pressed_for_several_sentence(sent, len(pressed.seen)), "ok")
    return redirect(url_for("post.show", post_id=post_id))


def _send_back(answer: Answer, body: str) -> AnyResponse | tuple[str, int]:
    name, message = answer.author.name, request.form.get("besked", "")
    roles, now = approval_roles(), clock.now()
    try:
        approve.send_back(
            answer.id, body=body, message=message, by=me(), now=now, approval_roles=roles
        )
    except MessageNeeded:
        what = gettext("Skriv några ord om vad som ska ändras.")
        return _again(answer, body, problem=(gettext("Svaret väntar fortfarande."), what)), 422
    flash(gettext("Svaret är tillbaka hos %(name)s, med ditt meddelande.", name=name), "ok")
    return redirect(url_for("approve.show"))


def _answer(answer_id: int) -> Answer:
    """The answer to several, for somebody who may be its second person. Raises `NotAllowed`."""
    answer = db.session.get(Answer, answer_id)
    if answer is None or not answer.to_post:
        raise NotAllowed(Act.ANSWER)
    case_for(me(), answer.case_id, Act.ANSWER)
    if not approve.may_approve(answer, me(), approval_roles()):
        raise NotAllowed(Act.ANSWER)
    return answer


def _no_longer() -> AnyResponse:
    flash(gettext("Svaret väntar inte längre på godkännande."), "warn")
    return redirect(url_for("approve.show"))


def _post(answer: Answer) -> Post:
    return posts.post_for(me(), answer.case.post_id, Act.ANSWER)


def _writing(answer: Answer) -> Writing:
    return Writing(answer.author, answer, reviews=True)


def _again(answer: Answer, body: str, *, ask: Ask | None = None, **what: Any) -> str:
    """The page once more: nothing has left, and what is in the way is shown."""
    db.session.rollback()
    return _page(answer, choices_in_form(_post(answer)), body, ask, **what)


def _page(
    answer: Answer, choices: list[Choice], body: str, ask: Ask | None = None, **what: Any
) -> str:
    post = _post(answer)
    fallen = {"looked": False, "problem": None, "not_as_before": False, "lost": 0}
    shown = about(post) | written(post, choices, body, _writing(answer), ask) | fallen | what
    return render_template("pages/post_answer.html", **shown)
