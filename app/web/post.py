"""All cases under one post, and one public answer to several of them."""

from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

from app.answers import several_approval, write
from app.answers.draft_places import chosen_in
from app.answers.ready import CannotSend, NeedsApproval, NeedsReason, TooLate
from app.answers.several import SeveralChanged, press_for_several
from app.answers.together import case_ids_of
from app.answers.under_post import MOST_CASES, draft_under, save_draft_under
from app.basics import clock
from app.database import db
from app.inbox import posts
from app.inbox.posts import Grouping
from app.models import Answer, Case, Post
from app.models.answer import AnswerState
from app.people.rights import Act, NotAllowed, case_for
from app.web import flow_chart, words
from app.web.answer import house
from app.web.case import back_to
from app.web.composing import Ask, referred
from app.web.guard import me, needs
from app.web.several_page import (
    Choice,
    Writing,
    about,
    as_one,
    choices_in_form,
    pressed_in_form,
    seen_in_form,
    written,
)

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


@bp.app_template_global()
def how_many_it_answers(answer: Answer) -> int:
    """How many cases an answer to several is for; all of them are open to who may approve it."""
    return len(case_ids_of(answer))


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
        **about(post),
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
        draft=draft_under(post.id, me()),
    )


# --- Writing to several ---------------------------------------------------------------------------


@bp.get("/inlagg/<int:post_id>/svara")
@needs(Act.ANSWER)
def compose(post_id: int) -> str | AnyResponse:
    """Write one answer to the chosen cases; without any, go on with the draft where it was left."""
    post = posts.post_for(me(), post_id, Act.ANSWER)
    asked = request.args.getlist("arende", type=int)
    draft = draft_under(post.id, me())
    kept = chosen_in(draft) if draft is not None else {}
    if draft is not None and draft.asked_at is not None:
        asked = []
    choices = _choices(post, asked or list(kept), {} if asked else kept)
    if not choices:
        flash(gettext("Välj minst ett ärende som går att svara på."), "warn")
        return redirect(url_for("post.show", post_id=post.id))
    if len(asked) > MOST_CASES:
        said = gettext(
            "Ett svar kan gå till högst %(n)d ärenden. De första är valda.", n=MOST_CASES
        )
        flash(said, "warn")
    return _page(post, choices, draft.body if draft is not None else "")


def _choices(post: Post, case_ids: list[int], kept: dict[int, int]) -> list[Choice]:
    """These cases as they are now; what has changed since the draft was written is not chosen."""
    rows = posts.chosen(post.id, me(), case_ids[:MOST_CASES])
    changed = {row.Case.id for row in rows if kept.get(row.Case.id) not in (None, row.Case.version)}
    return [Choice(row, row.Case.id not in changed, row.Case.id in changed) for row in rows]


@bp.post("/inlagg/<int:post_id>/svara")
@needs(Act.ANSWER)
def send(post_id: int) -> str | AnyResponse | tuple[str, int]:
    """Keep the answer, look at it as it will be, or send it, as the pressed button says."""
    post = posts.post_for(me(), post_id, Act.ANSWER)
    act, body = request.form.get("gor", "utkast"), request.form.get("svar", "")
    if act in ("publicera", "publicera-klar"):
        return _publish(post, body, close=act == "publicera-klar")
    if act in ("godkannande", "godkannande-klar"):
        return _put_forward(post, body, close=act == "godkannande-klar")
    choices = choices_in_form(post)
    if act == "hanvisa" and choices:
        body = referred(body, as_one(choices, body))
    said, is_kept = _kept(post, body)
    if request.headers.get("HX-Request"):
        return _saved(post, choices, body, said, is_kept)
    if not choices:
        return redirect(url_for("post.show", post_id=post.id))
    if act == "utkast":
        flash(said, "ok" if is_kept else "warn")
    return _page(post, choices, body, looked=act == "granska")


def _kept(post: Post, body: str) -> tuple[str, bool]:
    """Keep the draft; what the page says of it, and whether it is true that it is kept."""
    try:
        draft = save_draft_under(post.id, seen_in_form(), body=body, by=me(), now=clock.now())
    except CannotSend as error:
        return " ".join(words.reason(error.reason)), False
    if draft is None and body.strip() and not seen_in_form():
        return gettext("Välj minst ett ärende, så sparas texten."), False
    return gettext("Utkastet är sparat."), True


def _saved(post: Post, choices: list[Choice], body: str, said: str, is_kept: bool) -> Response:
    """What the page is told when a text has been saved: when, hints, length, how it will look."""
    shown = written(post, choices, body, _writing(post))
    told = {"at": clock.now(), "said": "" if is_kept else said}
    answer = make_response(render_template("parts/post_saved.html", **shown, **told))
    if not is_kept:
        answer.headers["X-Unsaved"] = "1"
    return answer


def _publish(post: Post, body: str, *, close: bool) -> AnyResponse | tuple[str, int]:
    pressed = pressed_in_form(post, body, close=close)
    try:
        answer = press_for_several(pressed, by=me(), now=clock.now(), **house())
    except SeveralChanged as error:
        return _again(post, body, lost=error.lost, not_as_before=True), 409
    except NeedsReason:
        return _again(post, body, ask=Ask(take_focus=True)), 422
    except NeedsApproval:
        return _again(post, body, problem=words.reason("needs_approval")), 422
    except CannotSend as error:
        return _again(post, body, problem=words.reason(error.reason)), 422
    flash(pressed_for_several_sentence(answer, len(pressed.seen)), "ok")
    return redirect(url_for("post.show", post_id=post.id))


def _put_forward(post: Post, body: str, *, close: bool) -> AnyResponse | tuple[str, int]:
    """Ask for a second person's approval; nothing leaves."""
    pressed = pressed_in_form(post, body, close=close)
    try:
        several_approval.put_forward(pressed, by=me(), now=clock.now(), **house())
        flash(gettext("Svaret väntar på en kollegas godkännande. Inget har publicerats."), "ok")
    except TooLate:
        flash(gettext("Svaret väntar redan på godkännande."), "warn")
    except SeveralChanged as error:
        return _again(post, body, lost=error.lost, not_as_before=True), 409
    except CannotSend as error:
        return _again(post, body, problem=words.reason(error.reason)), 422
    return redirect(url_for("post.show", post_id=post.id))


def _again(post: Post, body: str, *, ask: Ask | None = None, **what: Any) -> str:
    """The page once more: nothing has left, the text is kept, and what is in the way is shown."""
    db.session.rollback()
    return _page(post, choices_in_form(post), body, ask, **what)


def _page(post: Post, choices: list[Choice], body: str, ask: Ask | None = None, **what: Any) -> str:
    fallen = {"looked": False, "problem": None, "not_as_before": False, "lost": 0}
    shown = about(post) | written(post, choices, body, _writing(post), ask) | fallen | what
    return render_template("pages/post_answer.html", **shown)


def _writing(post: Post) -> Writing:
    return Writing(me(), draft_under(post.id, me()))


def pressed_for_several_sentence(answer: Answer, count: int) -> str:
    """To how many the answer goes, and when."""
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
            draft = write.write_again(answer_id, by=me(), now=clock.now())
        else:
            draft = write.undo(answer_id, by=me(), now=clock.now())
            flash(gettext("Svaret är tillbaka som utkast. Inget har publicerats."), "ok")
    except write.AuthorsTurn as error:
        flash(
            gettext("%(name)s skrev svaret och har en timme på sig först.", name=error.name), "warn"
        )
        return back_to(case.id)
    except TooLate:
        flash(gettext("För sent att ångra: svaret har redan gått iväg."), "warn")
        return back_to(case.id)
    if draft.author_id != me().id:
        return back_to(case.id)
    return redirect(url_for("post.compose", post_id=case.post_id))
