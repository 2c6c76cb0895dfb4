"""One case: the conversation around it, and what can be done with it besides answering."""

from collections.abc import Callable
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse

from app.answers import moderate
from app.answers.write import addressing, draft_of, signature_of
from app.basics import clock
from app.channels.base import BudgetSpent, ChannelError, Refused, SignInNeeded, channel_named
from app.collecting.connect import options_from
from app.collecting.incidents import incident_on
from app.database import db
from app.inbox import find, handle
from app.inbox.states import NotFromHere
from app.models import Case, Event, Message, Rule, Suggestion
from app.models.case import Outcome
from app.people.rights import Act, case_for, may, may_read_notes
from app.routing.transfer import NoSuchDepartment, hand_back, reroute
from app.web import looks, words
from app.web.composing import advice_on, way_to
from app.web.guard import me, needs
from app.web.inbox import list_context
from app.web.sureness import offers
from app.web.thread import thread_of

bp = Blueprint("case", __name__)


def back_to(case_id: int) -> AnyResponse:
    """The case's page again, in the list the person came from."""
    kept: dict[str, Any] = {
        name: request.args[name] for name in ("vy", "avdelning", "kanal") if request.args.get(name)
    }
    return redirect(url_for("case.show", case_id=case_id, **kept))


@bp.get("/arenden/<int:case_id>")
@needs(Act.READ_CASES)
def show(case_id: int) -> str:
    """The case beside its list; opening it marks it as seen."""
    case = case_for(me(), case_id)
    context = case_context(case)
    handle.mark_seen(case, by=me(), now=clock.now())
    if request.headers.get("HX-Request") and not request.headers.get("HX-Boosted"):
        return render_template("parts/thread.html", **context)
    return render_template("pages/case.html", **list_context() | context | {"chosen": case.id})


@bp.get("/arenden/<int:case_id>/lage")
@needs(Act.READ_CASES)
def news(case_id: int) -> str | Response:
    """Whether something has happened in the conversation since the page was drawn.

    Nothing: 204. New words: a bar, so that nothing moves while somebody reads or writes. Else (our
    own answer's way) the conversation anew.
    """
    case = case_for(me(), case_id)
    since = request.args.get("sedan", 0, type=int)
    newest = newest_event(case)
    if newest <= since:
        return Response(status=204)
    if case.version != request.args.get("version", 0, type=int):
        return render_template("parts/conversation_news.html", case=case, newest=newest)
    return render_template("parts/conversation.html", **case_context(case))


def newest_event(case: Case) -> int:
    """The newest line of the ledger about this case."""
    return db.session.scalar(select(func.max(Event.id)).where(Event.case_id == case.id)) or 0


def case_context(case: Case) -> dict[str, Any]:
    """Everything the thread, its context and the composer need."""
    person = me()
    channel = _channel(case)
    draft = draft_of(case.id, person)
    target = request.args.get("till", type=int)
    conversation = find.conversation(case, person, whole_post=request.args.get("alla") == "1")
    suggestion = find.suggestion_of(case)
    targets = looks.departments()
    answered = _target(conversation.messages, case, target)
    return {
        "case": case,
        "newest": newest_event(case),
        "thread": thread_of(case, conversation, person),
        "others": conversation.others,
        "suggestion": suggestion,
        "rule": _rule_of(suggestion),
        "offers": offers(case, suggestion, list(targets)),
        "draft": draft,
        "draft_body": draft.body if draft else addressing(answered, channel),
        "target": answered,
        "signature": signature_of(person),
        "way": way_to(case, channel, answered, now=clock.now()),
        "advice": advice_on(case, draft.body if draft else "", signature_of(person)),
        "abilities": channel.abilities if channel else None,
        "may_write_notes": may_read_notes(person, case.department),
        "targets": targets,
        "may_answer": may(person, Act.ANSWER),
        "outcomes": handle.BY_HAND,
    }


def _rule_of(suggestion: Suggestion | None) -> Rule | None:
    """The rule that decided instead of the model."""
    if suggestion is None or suggestion.rule_id is None:
        return None
    return db.session.get(Rule, suggestion.rule_id)


def _channel(case: Case) -> Any:
    try:
        return channel_named(case.channel)
    except KeyError:
        return None


def _target(messages: list[Message], case: Case, wanted: int | None) -> Message | None:
    """The resident's message that the answer goes under: the one chosen, else the newest."""
    mine = [m for m in messages if m.case_id == case.id and not m.by_city]
    there = [m for m in mine if m.at_source not in ("removed", "spam")]
    for message in there:
        if message.id == wanted:
            return message
    return there[-1] if there else None


@bp.post("/arenden/<int:case_id>/ta")
@needs(Act.CLOSE)
def take(case_id: int) -> AnyResponse:
    """Take the case."""
    handle.take(case_id, by=me(), now=clock.now())
    flash(gettext("Ärendet är ditt."), "ok")
    return back_to(case_id)


@bp.post("/arenden/<int:case_id>/slapp")
@needs(Act.CLOSE)
def let_go(case_id: int) -> AnyResponse:
    """Let go of the case."""
    handle.let_go(case_id, by=me(), now=clock.now())
    flash(gettext("Ärendet är otilldelat igen."), "ok")
    return back_to(case_id)


@bp.post("/arenden/<int:case_id>/vanta")
@needs(Act.CLOSE)
def wait(case_id: int) -> AnyResponse:
    """Wait for the resident."""
    version = request.form.get("version", 0, type=int)
    try:
        handle.wait_for_resident(case_id, by=me(), seen_version=version, now=clock.now())
        flash(gettext("Ärendet väntar på invånaren och öppnas när invånaren skriver."), "ok")
    except handle.CaseChanged:
        flash(gettext("Något nytt har hänt i ärendet. Läs det först."), "warn")
    except NotFromHere:
        flash(gettext("Ärendet är redan klart."), "warn")
    return back_to(case_id)


@bp.get("/arenden/<int:case_id>/klar")
@needs(Act.CLOSE)
def closing(case_id: int) -> str:
    """Choose how the case ended."""
    case = case_for(me(), case_id, Act.CLOSE)
    return render_template(
        "pages/close.html", case=case, outcomes=handle.BY_HAND, error="", reason=""
    )


@bp.post("/arenden/<int:case_id>/klar")
@needs(Act.CLOSE)
def close(case_id: int) -> str | AnyResponse | tuple[str, int]:
    """Close the case with an outcome."""
    outcome, reason = request.form.get("utfall", ""), request.form.get("skal", "")
    case = case_for(me(), case_id, Act.CLOSE)
    error = gettext("Välj hur ärendet slutade.")
    if outcome in list(Outcome):
        try:
            handle.close(
                case_id,
                outcome=Outcome(outcome),
                reason=reason,
                by=me(),
                seen_version=request.form.get("version", 0, type=int),
                now=clock.now(),
            )
            flash(gettext("%(ref)s är klart.", ref=looks.reference(case)), "ok")
            return redirect(url_for("inbox.show"))
        except handle.CaseChanged:
            flash(gettext("Något nytt har hänt i ärendet. Läs det innan du avslutar."), "warn")
            return back_to(case_id)
        except handle.ReasonNeeded:
            error = gettext("Skriv kort varför inget svar behövs.")
        except NotFromHere:
            return back_to(case_id)
    shown = render_template(
        "pages/close.html", case=case, outcomes=handle.BY_HAND, error=error, reason=reason
    )
    return shown, 400


@bp.post("/arenden/<int:case_id>/koppla")
@needs(Act.ROUTE)
def move(case_id: int) -> AnyResponse:
    """Put the case with another department; one click."""
    to = request.form.get("till", "")
    try:
        case = reroute(case_id, to=to, by=me(), now=clock.now())
    except NoSuchDepartment:
        flash(gettext("Avdelningen finns inte. Välj en annan."), "warn")
        return back_to(case_id)
    flash(gettext("Kopplat till %(name)s.", name=looks.department_name(to)), "ok")
    return _back_if_seen(case)


@bp.post("/arenden/<int:case_id>/inte-var")
@needs(Act.ROUTE)
def not_ours(case_id: int) -> AnyResponse:
    """Hand the case back; one click."""
    case = hand_back(case_id, by=me(), now=clock.now())
    flash(gettext("Tillbaka till kundtjänst. Tack för att du sa till."), "ok")
    return _back_if_seen(case)


def _back_if_seen(case: Case) -> AnyResponse:
    """The case again, or the list when it now belongs to others."""
    from app.people.rights import NotAllowed

    try:
        case_for(me(), case.id)
    except NotAllowed:
        return redirect(url_for("inbox.show"))
    return back_to(case.id)


@bp.post("/meddelanden/<int:message_id>/dolj")
@needs(Act.MODERATE)
def hide(message_id: int) -> AnyResponse:
    """Take a comment out of public view, with a reason from the closed list."""
    return _moderate(message_id, moderate.hide, gettext("Kommentaren är dold. En kopia finns här."))


@bp.post("/meddelanden/<int:message_id>/visa")
@needs(Act.MODERATE)
def unhide(message_id: int) -> AnyResponse:
    """Approve a held comment, or show a hidden one again."""
    return _moderate(message_id, moderate.show, gettext("Kommentaren visas för besökare."))


@bp.post("/meddelanden/<int:message_id>/avvisa")
@needs(Act.MODERATE)
def reject(message_id: int) -> AnyResponse:
    """Turn a held comment down for good, with a reason from the closed list."""
    said = gettext("Kommentaren är avvisad. En kopia finns här.")
    return _moderate(message_id, moderate.reject, said)


@bp.post("/meddelanden/<int:message_id>/ta-bort")
@needs(Act.MODERATE)
def delete_own(message_id: int) -> AnyResponse:
    """Take one of the city's own answers away from the platform, with a reason."""
    said = gettext("Svaret är borttaget från plattformen. En kopia finns här.")
    return _moderate(message_id, moderate.delete_own, said)


def _moderate(message_id: int, act: Callable[..., Message], said: str) -> AnyResponse:
    """Do it and say so, or say why not; back to the case."""
    message = db.session.get(Message, message_id)
    case_id = message.case_id if message else None
    reason = {} if act is moderate.show else {"reason": request.form.get("skal", "")}
    options = options_from(current_app.config)
    try:
        act(message_id, by=me(), options=options, now=clock.now(), **reason)
        flash(said, "ok")
    except moderate.ReasonNeeded:
        flash(gettext("Skriv eller välj ett skäl först."), "warn")
    except ChannelError as error:
        flash(_why_not(error, case_id), "warn")
    return back_to(case_id) if case_id else redirect(url_for("inbox.show"))


def _why_not(error: ChannelError, case_id: int | None) -> str:
    """A channel's no as a sentence with what to do; while it is read-only it was not even asked."""
    case = db.session.get(Case, case_id)
    if case is not None and incident_on(case.channel) is not None:
        return str(words.REASONS["incident"][0])
    if isinstance(error, Refused):
        return " ".join(words.reason(error.reason))
    if isinstance(error, SignInNeeded):
        return " ".join(words.reason("sign_in_needed"))
    if isinstance(error, BudgetSpent):
        return str(words.POSTPONED["BudgetSpent"])
    return gettext("Plattformen svarar inte. Försök igen strax.")
