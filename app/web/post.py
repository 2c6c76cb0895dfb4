"""All cases under one post, and one public answer to several of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import Row
from werkzeug.wrappers import Response as AnyResponse

from app.answers import several, write
from app.answers.care import Override
from app.answers.ready import (
    CannotSend,
    NeedsReason,
    TooLate,
    signature_of,
    signature_under,
    text_of,
)
from app.answers.several import MOST_CASES, PressedForSeveral, SeveralChanged, press_for_several
from app.answers.together import case_ids_of
from app.basics import clock
from app.channels.base import all_channels
from app.database import db
from app.inbox import posts
from app.inbox.posts import Grouping
from app.models import Account, Answer, Case, Post
from app.models.answer import AnswerState
from app.models.case import Outcome
from app.people.rights import Act, NotAllowed, case_for, may
from app.web import flow_chart, words
from app.web.answer import house, undo_of
from app.web.case import back_to
from app.web.composing import Advice, Ask, Hint, Lock, advice_on, referred, way_to
from app.web.guard import me, needs

bp = Blueprint("post", __name__)

MOST_IN_LINK = 99
"""Cases under a post that its link counts."""


@bp.app_template_global()
def cases_under(case: Case) -> int:
    """How many cases under the same post this person may see, up to MOST_IN_LINK + 1."""
    return posts.how_many(case.post_id, me(), most=MOST_IN_LINK)


@bp.app_template_global()
def answered_with(answer: Answer, case: Case) -> int:
    """How many other cases that this person may see the answer answers."""
    return posts.answered_with(answer, case.id, me())


@bp.get("/inlagg/<int:post_id>")
@needs(Act.READ_CASES)
def show(post_id: int) -> str:
    """The post, how its comments came, and the cases under it in groups."""
    post = posts.post_for(me(), post_id)
    asked = request.args.get("gruppera", "")
    grouping = Grouping(asked) if asked in list(Grouping) else Grouping.WORDS
    flow = posts.flow(post.id, me())
    return render_template(
        "pages/post.html",
        **_about(post),
        grouping=grouping,
        groupings=words.GROUPINGS,
        listed=posts.listed(post.id, me(), grouping, request.args.get("efter", type=int)),
        tally=posts.tally(post.id, me()),
        flow=flow,
        columns=flow_chart.columns_of(flow),
        ticks=flow_chart.ticks(flow),
        frame=flow_chart.FRAME,
        can_be_answered=posts.can_be_answered,
        on_their_way=posts.answers_to_post(post.id, me()),
        most=MOST_CASES,
    )


def _about(post: Post) -> dict[str, Any]:
    """The post with its account, and whether this person can answer under it."""
    account = db.session.get_one(Account, post.account_id)
    return {
        "post": post,
        "account": account,
        "may_answer": may(me(), Act.ANSWER),
        "lock": _lock(post, account),
    }


def _lock(post: Post, account: Account) -> Lock | None:
    """Why nobody can answer directly under the post, known before anybody writes."""
    several_as_one = Case(account=account, account_id=account.id, channel=account.channel)
    lock = way_to(several_as_one, all_channels().get(account.channel), None, now=clock.now()).lock
    code = several.why_not(post, me(), current_app.config["APPROVAL_ROLES"])
    if lock is None and code:
        lock = Lock(*words.reason(code), for_good=True)
    return lock


# --- Writing to several ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """A case on the page where one answers several. `changed`: not as it was on the page before."""

    row: Row[Any]
    chosen: bool
    changed: bool = False


@bp.get("/inlagg/<int:post_id>/svara")
@needs(Act.ANSWER)
def compose(post_id: int) -> str | AnyResponse:
    """Write one answer to the chosen cases; with `igen` the one that was taken back."""
    post = posts.post_for(me(), post_id, Act.ANSWER)
    asked, body = request.args.getlist("arende", type=int), ""
    before = _taken_back(post)
    if before is not None:
        asked, body = case_ids_of(before), before.body
    rows = posts.chosen(post.id, me(), asked[:MOST_CASES])
    if not rows:
        flash(gettext("Välj minst ett ärende som går att svara på."), "warn")
        return redirect(url_for("post.show", post_id=post.id))
    if len(asked) > MOST_CASES:
        said = gettext(
            "Ett svar kan gå till högst %(n)d ärenden. De första är valda.", n=MOST_CASES
        )
        flash(said, "warn")
    return _page(post, [Choice(row, True) for row in rows], body)


def _taken_back(post: Post) -> Answer | None:
    """The answer to several that is written anew, if it is this person's own under this post."""
    answer = db.session.get(Answer, request.values.get("igen", 0, type=int))
    if answer is None or not answer.to_post or answer.author_id != me().id:
        return None
    return answer if answer.case.post_id == post.id else None


@bp.post("/inlagg/<int:post_id>/svara")
@needs(Act.ANSWER)
def send(post_id: int) -> str | AnyResponse | tuple[str, int]:
    """Look at the answer as it will be, or publish it, as the pressed button says."""
    post = posts.post_for(me(), post_id, Act.ANSWER)
    act, body = request.form.get("gor", "granska"), request.form.get("svar", "")
    if act in ("publicera", "publicera-klar"):
        return _publish(post, body, close=act == "publicera-klar")
    choices = _choices(post)
    if not choices:
        return redirect(url_for("post.show", post_id=post.id))
    if act == "hanvisa":
        body = referred(body, _as_one(choices, body))
    if request.headers.get("HX-Request"):
        return render_template("parts/post_look.html", **_written(post, choices, body, None))
    return _page(post, choices, body, looked=True)


def _publish(post: Post, body: str, *, close: bool) -> AnyResponse | tuple[str, int]:
    before = _taken_back(post)
    pressed = PressedForSeveral(
        post_id=post.id,
        seen=_seen(),
        body=body,
        undo=undo_of(me()),
        close_as=Outcome.ANSWERED if close else None,
        care_reason=_reason(),
        instead_of=before.body if before else "",
    )
    try:
        answer = press_for_several(pressed, by=me(), now=clock.now(), **house())
    except SeveralChanged as error:
        return _again(post, body, lost=error.lost, not_as_before=True), 409
    except NeedsReason:
        return _again(post, body, ask=Ask(take_focus=True)), 422
    except CannotSend as error:
        return _again(post, body, problem=words.reason(error.reason)), 422
    flash(_pressed_sentence(answer, len(pressed.seen)), "ok")
    return redirect(url_for("post.show", post_id=post.id))


def _seen() -> dict[int, int]:
    """The chosen cases, each with the version that the page showed."""
    found: dict[int, int] = {}
    for said in request.form.getlist("arende"):
        case_id, _, version = said.partition(":")
        if case_id.isdecimal() and version.isdecimal() and len(said) < 40:
            found[int(case_id)] = int(version)
    return found


def _choices(post: Post) -> list[Choice]:
    """The cases that stood on the page, as they are now; what has changed is no longer chosen."""
    seen = _seen()
    shown = [*seen, *request.form.getlist("visad", type=int)]
    found = []
    for row in posts.chosen(post.id, me(), shown[: 2 * MOST_CASES]):
        before = seen.get(row.Case.id)
        changed = before is not None and before != row.Case.version
        found.append(Choice(row, before is not None and not changed, changed))
    return found


def _reason() -> str:
    chosen = request.form.get("skal", "")
    return chosen if chosen in list(Override) else ""


def _again(post: Post, body: str, **what: Any) -> str:
    """The page once more: nothing has left, the text is kept, and what is in the way is shown."""
    db.session.rollback()
    return _page(post, _choices(post), body, **what)


def _page(
    post: Post, choices: Sequence[Choice], body: str, *, ask: Ask | None = None, **what: Any
) -> str:
    fallen = {"looked": False, "problem": None, "not_as_before": False, "lost": 0}
    shown = _about(post) | _written(post, choices, body, ask) | fallen | what
    before = _taken_back(post)
    return render_template("pages/post_answer.html", **shown, again=before.id if before else None)


def _written(post: Post, choices: Sequence[Choice], body: str, ask: Ask | None) -> dict[str, Any]:
    """What is written so far, to whom, how it will read, and what to think of."""
    chosen = [choice for choice in choices if choice.chosen]
    tidy = body.strip()
    return {
        "choices": choices,
        "count": len(chosen),
        "body": body,
        "text": text_of(tidy, signature_under(tidy, me())) if tidy else "",
        "signature": signature_of(me()),
        "advice": _advice(choices, body, ask),
        "case": choices[0].row.Case if choices else None,
        "post": post,
    }


def _advice(choices: Sequence[Choice], body: str, ask: Ask | None) -> Advice:
    """As for an answer to one, held against all of them."""
    if not choices:
        return Advice()
    asked = ask or (Ask(_reason()) if "skal" in request.form else None)
    advice = advice_on(_as_one(choices, body), body, signature_of(me()), asked)
    if ask is not None and advice.ask is None:  # it was stopped for what only one of them shows
        said = gettext("svaret kan peka ut någon. Ändra det, eller välj ett skäl.")
        return replace(advice, ask=ask, hints=[*advice.hints, Hint("stop", said, asks=True)])
    return advice


def _as_one(choices: Sequence[Choice], body: str) -> Case:
    """The chosen cases as one that care can look at: the strictest, in the language of most.

    It bears the name of a resident only if the answer speaks of one.
    """
    cases = [choice.row.Case for choice in choices if choice.chosen] or [choices[0].row.Case]
    languages = [case.language for case in cases]
    named = [case.person_name for case in cases if _is_named(case.person_name, body)]
    strict = [case.department for case in cases if case.department and case.department.restricted]
    return Case(
        id=cases[0].id,
        channel=cases[0].channel,
        account=cases[0].account,
        account_id=cases[0].account_id,
        person_name=named[0] if named else "",
        language=max(languages, key=languages.count),
        department=strict[0] if strict else cases[0].department,
    )


def _is_named(name: str, body: str) -> bool:
    return any(part in body for part in name.split() if len(part) > 2)


def _pressed_sentence(answer: Answer, count: int) -> str:
    to = ngettext("Svaret går till %(num)d ärende.", "Svaret går till %(num)d ärenden.", count)
    if answer.send_after is None:
        return f"{to} {gettext('Svaret väntar tills du trycker på Skicka nu.')}"
    seconds = round((answer.send_after - clock.now()).total_seconds())
    if seconds <= 0:
        return f"{to} {gettext('Svaret är på väg.')}"
    said = gettext("Publiceras om %(n)d sekunder. Du kan ångra så länge.", n=seconds)
    return f"{to} {said}"


@bp.post("/inlagg/svar/<int:answer_id>/igen")
@needs(Act.ANSWER)
def write_again(answer_id: int) -> AnyResponse:
    """Take an answer to several back, or a refused one up again, with its text and its cases."""
    answer = db.session.get(Answer, answer_id)
    if answer is None or not answer.to_post:
        raise NotAllowed(Act.ANSWER)
    case = case_for(me(), answer.case_id, Act.ANSWER)
    try:
        if answer.state == AnswerState.REFUSED:
            write.write_again(answer_id, by=me(), now=clock.now())
        else:
            write.undo(answer_id, by=me(), now=clock.now())
            flash(gettext("Svaret är tillbaka som utkast. Inget har publicerats."), "ok")
    except write.AuthorsTurn as error:
        flash(
            gettext("%(name)s skrev svaret och har en timme på sig först.", name=error.name), "warn"
        )
        return back_to(case.id)
    except TooLate:
        flash(gettext("För sent att ångra: svaret har redan gått iväg."), "warn")
        return back_to(case.id)
    if answer.author_id != me().id:
        return back_to(case.id)
    return redirect(url_for("post.compose", post_id=case.post_id, igen=answer_id))
