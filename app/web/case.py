"""One case: the conversation around it, and what can be done with it besides answering."""

import re
from collections.abc import Callable
from datetime import timedelta
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
from app.answers.drafts import draft_of
from app.answers.ready import addressing, signature_of
from app.basics import clock
from app.channels.base import BudgetSpent, ChannelError, Refused, SignInNeeded, channel_named
from app.collecting.connect import options_from
from app.collecting.incidents import incident_on
from app.database import db
from app.inbox import find, handle, related
from app.inbox.following import followers_of
from app.inbox.states import NotFromHere
from app.models import Case, Event, Message, Rule, Suggestion
from app.models.case import Outcome
from app.people.rights import Act, case_for, may, may_read_notes
from app.routing.transfer import NoSuchDepartment, hand_back, reroute
from app.web import looks, words
from app.web.composing import advice_on, way_to
from app.web.guard import me, needs
from app.web.held import look_at
from app.web.inbox import list_context
from app.web.sureness import offers
from app.web.thread import thread_of
from app.web.wishes import kept_args

bp = Blueprint("case", __name__)

SEEN_AGAIN = timedelta(minutes=1)
"""Whoever looks again so soon at what has not changed has been seen to do so already."""


def back_to(case_id: int) -> AnyResponse:
    """The case's page again, in the list the person came from."""
    return redirect(url_for("case.show", case_id=case_id, **kept_args(request.args)))


ALL_EARLIER = "alla"
"""What `tidigare` in the address says when every earlier case is to be listed."""


@bp.get("/arenden/<int:case_id>")
@needs(Act.READ_CASES)
def show(case_id: int) -> str:
    """The case beside its list; opening it marks it as seen."""
    case = case_for(me(), case_id)
    context = case_context(case)
    if not context["holding"].seen_lately(case, since=clock.now() - SEEN_AGAIN):
        handle.mark_seen(case, by=me(), now=clock.now())
    if request.headers.get("HX-Request") and not request.headers.get("HX-Boosted"):
        return render_template("parts/thread.html", **context)
    return render_template("pages/case.html", **list_context() | context | {"chosen": case.id})


@bp.get("/arenden/<int:case_id>/lage")
@needs(Act.READ_CASES)
def news(case_id: int) -> str | Response:
    """Whether something has happened in the conversation since the page was drawn.

    Nothing: 204. New words: a bar, so that nothing moves while somebody reads or writes; pressed
    (`visa`), it brings the conversation and counts as read. Else (our own answer's way) the
    conversation anew.
    """
    case = case_for(me(), case_id)
    newest, wanted = newest_event(case), request.args.get("visa") == "1"
    if newest <= request.args.get("sedan", 0, type=int):
        return Response(status=204)
    if case.version != request.args.get("version", 0, type=int) and not wanted:
        bar = render_template("parts/conversation_news.html", case=case)
        return Response(bar, headers={"HX-Reswap": "none"})
    context = case_context(case)
    if wanted:
        handle.mark_seen(case, by=me(), now=clock.now())
    return render_template("parts/conversation.html", **context)


def newest_event(case: Case) -> int:
    """The newest line of the ledger about this case and those that follow it."""
    family = [case.id, *followers_of(case.id)]
    told = (Event.case_id.in_(family), Event.name != "case_looked_at")
    return db.session.scalar(select(func.max(Event.id)).where(*told)) or 0


def case_context(case: Case) -> dict[str, Any]:
    """Everything the thread, its context and the composer need."""
    person = me()
    channel = _channel(case)
    holding = look_at(case)
    draft = draft_of(case.id, person) if holding.draft else None
    target = request.args.get("till", type=int)
    whole_post = request.args.get("alla") == "1"
    conversation = find.conversation(case, person, whole_post=whole_post)
    suggestion = find.suggestion_of(case)
    targets = looks.departments()
    answered = _target(conversation.messages, case, target)
    return {
        "case": case,
        "holding": holding,
        "newest": holding.newest_event,
        "thread": thread_of(case, conversation, person, holding, whole_post=whole_post),
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
        **_around(case),
    }


def _around(case: Case) -> dict[str, Any]:
    """What else concerns the case: the same person's earlier ones, open ones about the same.

    The latter are asked for by the page itself once it stands there; without script, by a link.
    """
    every = request.args.get("tidigare") == ALL_EARLIER
    most = related.COUNT_TO if every else related.MOST_EARLIER
    shown, count = related.earlier(case, me(), most=most)
    alike = None
    if request.args.get("liknande"):
        alike = related.related(case, me(), now=clock.now())
    return {"earlier": shown, "earlier_count": count, "related": alike}


@bp.get("/arenden/<int:case_id>/liknande")
@needs(Act.READ_CASES)
def alike(case_id: int) -> str | AnyResponse:
    """Open cases that may be about the same, for the side of the case's page."""
    case = case_for(me(), case_id)
    if not request.headers.get("HX-Request"):
        return redirect(url_for("case.show", case_id=case_id, liknande=1))
    found = related.related(case, me(), now=clock.now())
    return render_template("parts/case_alike.html", case=case, related=found)


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
    return _ending(case_for(me(), case_id, Act.CLOSE))


def _ending(case: Case, error: str = "") -> str:
    """The outcomes, each with what it means, and what each needs to know."""
    typed = request.form.get
    return render_template(
        "pages/close.html",
        case=case,
        outcomes=handle.BY_HAND,
        related=related.related(case, me(), now=clock.now()),
        error=error,
        chosen=typed("utfall", ""),
        reason=typed("skal", ""),
        whom=typed("till_vem", case.refer_to),
        doubled=typed("dubblett_av", ""),
    )


@bp.post("/arenden/<int:case_id>/klar")
@needs(Act.CLOSE)
def close(case_id: int) -> str | AnyResponse | tuple[str, int]:
    """Close the case with an outcome."""
    outcome = request.form.get("utfall", "")
    case = case_for(me(), case_id, Act.CLOSE)
    if outcome not in list(Outcome):
        return _ending(case, gettext("Välj hur ärendet slutade.")), 400
    reason, other = _why(Outcome(outcome))
    try:
        handle.close(
            case_id,
            outcome=Outcome(outcome),
            reason=reason,
            by=me(),
            seen_version=request.form.get("version", 0, type=int),
            now=clock.now(),
            duplicate_of=other,
        )
    except handle.CaseChanged:
        flash(gettext("Något nytt har hänt i ärendet. Läs det innan du avslutar."), "warn")
        return back_to(case_id)
    except handle.ReasonNeeded:
        return _ending(case, str(words.REASON_NEEDED.get(outcome, ""))), 400
    except handle.NoSuchCase:
        return _ending(case, gettext("Det finns inget annat ärende med det numret.")), 400
    except NotFromHere:
        return back_to(case_id)
    flash(gettext("%(ref)s är klart.", ref=looks.reference(case)), "ok")
    return redirect(url_for("inbox.show", **kept_args(request.args)))


def _why(outcome: Outcome) -> tuple[str, int | None]:
    """The reason that belongs to the outcome, and the case that this one doubles."""
    if outcome == Outcome.REFERRED:
        return request.form.get("till_vem", ""), None
    if outcome != Outcome.DUPLICATE:
        return request.form.get("skal", ""), None
    number = re.search(r"([0-9]{1,9})\s*$", request.form.get("dubblett_av", ""))
    chosen = int(number[1]) if number else request.form.get("dubblett", type=int)
    other = db.session.get(Case, chosen or 0)
    return (looks.reference(other) if other else str(chosen or "")), chosen


@bp.post("/arenden/<int:case_id>/oppna-igen")
@needs(Act.CLOSE)
def reopen(case_id: int) -> AnyResponse:
    """Open a case that was closed by mistake."""
    try:
        handle.reopen(case_id, by=me(), now=clock.now())
        flash(gettext("Ärendet är öppet igen."), "ok")
    except NotFromHere:
        flash(gettext("Ärendet är redan öppet."), "warn")
    return back_to(case_id)


@bp.get("/arenden/<int:case_id>/utskrift")
@needs(Act.READ_CASES)
def printed(case_id: int) -> str:
    """The whole case on one page, nothing folded, to be printed."""
    case = case_for(me(), case_id)
    context = case_context(case)
    aside = {"printing": True, "now": clock.now(), "may_answer": False, "target": None}
    return render_template("pages/print.html", **context | aside)


@bp.post("/arenden/<int:case_id>/olast")
@needs(Act.READ_CASES)
def unread(case_id: int) -> AnyResponse:
    """Leave the case as unread, back in the list."""
    handle.mark_unread(case_id, by=me())
    return redirect(url_for("inbox.show", **kept_args(request.args)))


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
    return back_if_seen(case)


@bp.post("/arenden/<int:case_id>/inte-var")
@needs(Act.ROUTE)
def not_ours(case_id: int) -> AnyResponse:
    """Hand the case back; one click, or with some words on why."""
    message = request.form.get("meddelande", "")
    case = hand_back(case_id, by=me(), now=clock.now(), message=message)
    flash(gettext("Tillbaka till kundtjänst. Tack för att du sa till."), "ok")
    return back_if_seen(case)


def back_if_seen(case: Case) -> AnyResponse:
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
    if act is moderate.hide:
        reason["why"] = request.form.get("motivering", "")
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
