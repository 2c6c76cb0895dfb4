"""What is offered above the answer's box: templates, and how we have answered before.

Whatever is pressed here lands in the box, or in the draft: nothing here sends. What has been typed
comes with every press and is kept.
"""

from dataclasses import dataclass
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
from werkzeug.wrappers import Response as AnyResponse

from app.answers import earlier, templates
from app.answers.drafts import draft_of, save_draft
from app.answers.earlier import Earlier
from app.basics import clock
from app.models import Case, Staff
from app.models.workbench import Template
from app.people.rights import Act, case_for
from app.web import looks
from app.web.guard import me, needs

bp = Blueprint("helps", __name__)

LONG_AGO = timedelta(days=365)
"""An answer older than this may no longer be true, and says so."""
IN_ADDRESS = ("vy", "avdelning", "kanal", "till", "alla")
"""What of a case's address is kept when it is shown again."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A template, with the text that it becomes in this case."""

    template: Template
    text: str


@dataclass(frozen=True, slots=True)
class Helps:
    """What stands in the two parts. `earlier` None: it is asked for when the page has come."""

    offers: list[Offer]
    search: str
    searched: bool
    earlier: list[Earlier] | None


@bp.app_template_global()
def helps_of(case: Case) -> Helps:
    """What to offer in a case; the address says what is searched for, and whether with answers."""
    search = request.args.get("mallar", "")
    wanted = request.args.get("forut") == "1"
    return Helps(
        offers=offers_for(case, me(), search),
        search=search,
        searched="mallar" in request.args,
        earlier=earlier.nearest(case, me()) if wanted else None,
    )


@bp.app_template_global()
def is_long_ago(one: Earlier) -> bool:
    """Whether an earlier answer is more than a year old."""
    return clock.now() - one.sent_at > LONG_AGO


def offers_for(case: Case, staff: Staff, search: str) -> list[Offer]:
    """The templates that fit, each filled for this case and this person."""
    return [
        Offer(one, templates.fill(one.body, values_of(case, staff, one.language)))
        for one in templates.fitting(case, case.language or "sv", search)
    ]


def values_of(case: Case, staff: Staff, language: str) -> dict[str, str]:
    """What a template's fields become."""
    return {
        "namn": templates.first_name_of(case.person_name),
        "avdelning": _where(case, staff, english=language == "en"),
        "arendenummer": looks.reference(case),
        "vaxelnummer": current_app.config["SWITCHBOARD"],
        "stad": current_app.config["CITY"],
        "handlaggare": staff.first_name,
    }


def _where(case: Case, staff: Staff, *, english: bool) -> str:
    """The case's department, else the person's own, as residents read it."""
    department = case.department or staff.department
    if department is None:
        return "customer service" if english else "kundtjänst"
    return department.short_en if english else department.short_sv


@bp.get("/arenden/<int:case_id>/mallar")
@needs(Act.ANSWER)
def find_templates(case_id: int) -> str | AnyResponse:
    """The templates that hold what is typed in the search field."""
    case = case_for(me(), case_id, Act.ANSWER)
    search = request.args.get("mallar", "")
    if not request.headers.get("HX-Request"):
        return _case_again(case_id, "mallar", mallar=search)
    found = offers_for(case, me(), search)
    return render_template("parts/offers.html", case=case, offers=found, search=search)


@bp.post("/arenden/<int:case_id>/mallar")
@needs(Act.ANSWER)
def search_templates(case_id: int) -> AnyResponse:
    """The same without script: what is typed is kept, and the case shown with what was found."""
    _keep_typed(case_id)
    return _case_again(case_id, "mallar", mallar=request.form.get("mallar", ""))


@bp.get("/arenden/<int:case_id>/forut")
@needs(Act.ANSWER)
def find_earlier(case_id: int) -> str | AnyResponse:
    """How the nearest questions have been answered."""
    case = case_for(me(), case_id, Act.ANSWER)
    if not request.headers.get("HX-Request"):
        return _case_again(case_id, "forut", forut="1")
    found = earlier.nearest(case, me())
    return render_template("parts/earlier.html", case=case, earlier=found)


@bp.post("/arenden/<int:case_id>/forut")
@needs(Act.ANSWER)
def show_earlier(case_id: int) -> AnyResponse:
    """The same without script: what is typed is kept."""
    _keep_typed(case_id)
    return _case_again(case_id, "forut", forut="1")


@bp.post("/arenden/<int:case_id>/mallar/<int:template_id>")
@needs(Act.ANSWER)
def insert_template(case_id: int, template_id: int) -> AnyResponse:
    """Put a template after what has been typed; or only count that the page has done so."""
    case = case_for(me(), case_id, Act.ANSWER)
    template = templates.offered(template_id)
    if request.headers.get("X-Inserted"):
        templates.count_use(template_id)
        return Response(status=204)
    if template is None:
        return _not_there(case_id, gettext("Mallen finns inte längre."))
    text = templates.fill(template.body, values_of(case, me(), template.language))
    if _append(case_id, text):
        templates.count_use(template_id)
    return _case_again(case_id, "svar")


@bp.post("/arenden/<int:case_id>/forut/<int:answer_id>")
@needs(Act.ANSWER)
def insert_earlier(case_id: int, answer_id: int) -> AnyResponse:
    """Put an earlier answer's words after what has been typed."""
    case = case_for(me(), case_id, Act.ANSWER)
    found = earlier.for_case(answer_id, case, me())
    if found is None:
        return _not_there(case_id, gettext("Svaret går inte att infoga längre."))
    _append(case_id, found.text)
    return _case_again(case_id, "svar")


def _not_there(case_id: int, sentence: str) -> AnyResponse:
    _keep_typed(case_id)
    flash(sentence, "warn")
    return _case_again(case_id, "skriv")


def _keep_typed(case_id: int) -> None:
    """Keep what is in the box as the person's draft; a press without a box changes nothing."""
    if "svar" in request.form:
        save_draft(case_id, body=request.form["svar"], by=me(), now=clock.now())


def _append(case_id: int, text: str) -> bool:
    """Put a text after what has been typed; not where the draft waits for a second person."""
    draft = draft_of(case_id, me())
    if draft is not None and draft.asked_at is not None:
        flash(gettext("Svaret väntar på godkännande. Ta tillbaka det för att ändra."), "warn")
        return False
    typed = request.form.get("svar", draft.body if draft else "")
    save_draft(case_id, body=templates.joined(typed, text), by=me(), now=clock.now())
    return True


def _case_again(case_id: int, place: str, **more: Any) -> AnyResponse:
    """The case's page, as the person came to it, at the place that they were at."""
    kept: dict[str, Any] = {
        name: request.args[name] for name in IN_ADDRESS if request.args.get(name)
    }
    return redirect(url_for("case.show", case_id=case_id, _anchor=place, **kept, **more), 303)
