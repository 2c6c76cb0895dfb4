"""Hiding with its reason and its copy, a word to the writer, and blocking a person."""

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app.answers import telling
from app.answers.freeze import copies_of, is_intact
from app.answers.moderate import HIDE_REASONS
from app.basics import clock
from app.basics.keys import BadSeal
from app.database import db
from app.inbox import blocks
from app.inbox.blocks import BadBlock, NewBlock
from app.models import Account, Block, Case, FrozenCopy, Message, Staff
from app.people.approvals import end_of
from app.people.rights import Act, NotAllowed, case_for
from app.web import policy_words
from app.web.case import back_to
from app.web.guard import me, needs
from app.web.held import has_none

bp = Blueprint("moderation", __name__)


@bp.get("/meddelanden/<int:message_id>/dolj")
@needs(Act.MODERATE)
def ask(message_id: int) -> str:
    """Choose why a comment is hidden: each reason with what it means."""
    message, case = _message(message_id)
    return render_template(
        "pages/hide.html",
        message=message,
        case=case,
        reasons=policy_words.HIDE_REASONS,
        in_law=policy_words.IN_LAW,
    )


def _message(message_id: int) -> tuple[Message, Case]:
    """A resident's message, for somebody who may moderate in its case. Raises `NotAllowed`."""
    message = db.session.get(Message, message_id)
    if message is None or message.case_id is None or message.by_city:
        raise NotAllowed(Act.MODERATE)
    return message, case_for(me(), message.case_id, Act.MODERATE)


@bp.get("/kopior/<int:copy_id>")
@needs(Act.MODERATE)
def copy(copy_id: int) -> str:
    """A frozen copy, and whether it is still what it was."""
    row = db.session.get(FrozenCopy, copy_id)
    if row is None:
        raise NotAllowed(Act.MODERATE)
    case = case_for(me(), row.case_id, Act.MODERATE)
    keys = current_app.config["CREDENTIALS_KEYS"]
    try:
        intact: bool | None = is_intact(row, keys)
    except BadSeal:
        intact = None
    return render_template(
        "pages/copy.html",
        copy=row,
        case=case,
        intact=intact,
        account=db.session.get(Account, row.account_id),
        message=db.session.get(Message, row.message_id),
    )


@bp.post("/meddelanden/<int:message_id>/besked")
@needs(Act.ANSWER)
def tell(message_id: int) -> AnyResponse:
    """Put a word to the writer in the composer; a person changes it and presses send."""
    try:
        _message_hidden, reason = telling.hidden_for(me(), message_id)
        said = policy_words.REASON_TO_WRITER.get(reason, policy_words.SOME_REASON)
        word = policy_words.WORD_TO_WRITER % {"reason": said}
        case_id = telling.prepare_word(message_id, word, by=me(), now=clock.now())
    except telling.CannotTell as error:
        case = _message(message_id)[1]
        if error.why == "sealed":
            text = gettext("Skriv inte till personen. Ring din chef och polisen på 114 14.")
        else:
            text = gettext("Du har redan ett utkast i ärendet. Skicka eller töm det först.")
        flash(text, "warn")
        return back_to(case.id)
    flash(gettext("Beskedet ligger som utkast. Läs det, ändra det och skicka det själv."), "ok")
    return redirect(url_for("case.show", case_id=case_id, till=message_id, _anchor="skriv"))


# --- Blocking -------------------------------------------------------------------------------------


@bp.get("/blockerade")
@needs(Act.SEE_BLOCKED)
def blocked() -> str:
    """Who is blocked, why, until when, and when it is to be looked at anew."""
    now = clock.now()
    return render_template("pages/blocked.html", rows=blocks.blocks_seen_by(me()), now=now)


@bp.get("/arenden/<int:case_id>/blockera")
@needs(Act.BLOCK_PEOPLE)
def decide(case_id: int) -> str:
    """The form of a decision."""
    case = case_for(me(), case_id, Act.BLOCK_PEOPLE)
    today = clock.to_local(clock.now()).date()
    given = {
        "omprovas": str(today + timedelta(days=14)),
        "slutar": str(today + timedelta(days=30)),
    }
    return _form(case, given, "")


@bp.post("/arenden/<int:case_id>/blockera")
@needs(Act.BLOCK_PEOPLE)
def block(case_id: int) -> AnyResponse | tuple[str, int]:
    """Block the person behind the case."""
    case = case_for(me(), case_id, Act.BLOCK_PEOPLE)
    new = NewBlock(
        reason=request.form.get("skal", ""),
        words=request.form.get("varfor", ""),
        review_at=_end_of_field("omprovas"),
        ends_at=_end_of_field("slutar"),
    )
    try:
        blocks.block(case_id, new, HIDE_REASONS, by=me(), now=clock.now())
    except BadBlock as error:
        return _form(case, dict(request.form), str(policy_words.BAD_BLOCK[error.why])), 400
    flash(gettext("Beslutet är antecknat. Gör det på plattformen också, om det går där."), "ok")
    return redirect(url_for("moderation.blocked"))


def _form(case: Case, given: dict[str, Any], error: str) -> str:
    return render_template(
        "pages/block.html",
        case=case,
        given=given,
        error=error,
        reasons=policy_words.HIDE_REASONS,
    )


def _end_of_field(name: str) -> datetime:
    """The end of the day that a form names; long ago for what is no day."""
    try:
        return end_of(date.fromisoformat(request.form.get(name, "").strip()))
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=clock.STOCKHOLM)


@bp.post("/blockerade/<int:block_id>/<act>")
@needs(Act.BLOCK_PEOPLE)
def change(block_id: int, act: str) -> AnyResponse:
    """Lift a block, let it stand longer, or say that it is done on the platform."""
    now = clock.now()
    try:
        if act == "hav":
            blocks.lift(block_id, by=me(), now=now)
            flash(gettext("Blockeringen är hävd. Häv den på plattformen också."), "ok")
        elif act == "omprova":
            days = {"review_at": _end_of_field("omprovas"), "ends_at": _end_of_field("slutar")}
            blocks.prolong(block_id, by=me(), now=now, **days)
            flash(gettext("Omprövningen är antecknad."), "ok")
        elif act in ("gjord", "inte-gjord"):
            blocks.say_done(block_id, act == "gjord", by=me(), now=now)
            flash(gettext("Antecknat."), "ok")
    except BadBlock as error:
        flash(str(policy_words.BAD_BLOCK[error.why]), "warn")
    return redirect(url_for("moderation.blocked"))


# --- What stands in the case ----------------------------------------------------------------------


@bp.app_template_global()
def copy_of(message: Message) -> FrozenCopy | None:
    """The newest copy of a message that is out of view."""
    return copies_of([message.id]).get(message.id)


@bp.app_template_global()
def block_in(case: Case) -> Block | None:
    """The block that holds for the person behind the case."""
    return None if has_none(case, "blocked") else blocks.block_on(case, clock.now())


@bp.app_template_global()
def blocks_on_platform(channel: str) -> bool:
    """Whether a person can be blocked by hand on the channel's own platform."""
    return channel in ("facebook", "x", "youtube")


@bp.app_template_global()
def staff_named(staff_id: int) -> str:
    """A colleague's name."""
    row = db.session.get(Staff, staff_id)
    return row.name if row else ""
