"""Templates (svarsmallar): everybody reads them, some write them."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from markupsafe import escape
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app.answers import templates
from app.answers.ready import signature_of, text_of
from app.answers.templates import (
    FIELDS,
    KINDS,
    LANGUAGES,
    LONGEST_BODY,
    LONGEST_TITLE,
    BadTemplate,
    Wanted,
)
from app.basics import clock
from app.basics.search_words import words_of
from app.collecting.connect import options_from
from app.database import db
from app.models import Department, Staff
from app.models.staff import Role
from app.models.workbench import Template
from app.people.rights import Act, NotAllowed
from app.web import looks
from app.web.guard import me, needs

bp = Blueprint("templates", __name__)

MEANING: dict[str, LazyString] = {
    "namn": _l("invånarens förnamn, när det som visas ser ut som ett namn"),
    "avdelning": _l("avdelningen som ärendet ligger hos"),
    "arendenummer": _l("ärendets nummer"),
    "vaxelnummer": _l("växelns telefonnummer"),
    "stad": _l("stadens namn"),
    "handlaggare": _l("förnamnet på den som svarar"),
}
"""What each field becomes."""
WHERE = {
    "title": "rubrik", "long_title": "rubrik", "body": "text", "long": "text", "field": "text",
    "department": "avdelning", "kind": "slag", "language": "sprak",
}  # fmt: skip
"""Beside which field of the form it is told why a template cannot be kept."""


@bp.app_template_global()
def language_called(code: str) -> str:
    """What a language is called in the reader's own, Swedish too."""
    locale = get_locale()
    return str((locale.languages.get(code) if locale is not None else None) or code)


@bp.get("/svarsmallar")
@needs(Act.READ_CASES)
def show() -> str:
    """All templates, or those that hold the words asked for."""
    search = request.args.get("sok", "")
    held = [one for one in templates.all_templates() if templates.holds(one, words_of(search))]
    return render_template(
        "pages/templates.html",
        held=held,
        search=search,
        may_change=templates.may_change,
        may_write=templates.may_change_some(me()),
    )


@bp.get("/svarsmallar/ny")
@needs(Act.CHANGE_TEMPLATES)
def new() -> str:
    """An empty form."""
    if not templates.may_change_some(me()):
        abort(403)
    home = me().department if me().role == Role.MANAGER else None
    return _form(None, {"sprak": "sv", "avdelning": home.slug if home else ""}, {})


@bp.post("/svarsmallar/ny")
@needs(Act.CHANGE_TEMPLATES)
def add() -> AnyResponse | tuple[str, int]:
    """Keep a new template, or say beside which field what is wrong."""
    return _save(None)


@bp.get("/svarsmallar/<int:template_id>")
@needs(Act.CHANGE_TEMPLATES)
def edit(template_id: int) -> str:
    """A template's words, to change."""
    template = _changeable(template_id)
    department = template.department.slug if template.department else ""
    given = {
        "rubrik": template.title, "text": template.body, "avdelning": department,
        "slag": template.kind, "sprak": template.language,
    }  # fmt: skip
    return _form(template, given, {})


@bp.post("/svarsmallar/<int:template_id>")
@needs(Act.CHANGE_TEMPLATES)
def change(template_id: int) -> AnyResponse | tuple[str, int]:
    """Keep a template's new words."""
    return _save(_changeable(template_id))


@bp.post("/svarsmallar/<int:template_id>/<any(pa, av):way>")
@needs(Act.CHANGE_TEMPLATES)
def switch(template_id: int, way: str) -> AnyResponse:
    """Offer a template again, or no longer."""
    _changeable(template_id)
    template = templates.switch(template_id, on=way == "pa", by=me(), now=clock.now())
    if template.active:
        flash(gettext("Mallen erbjuds igen."), "ok")
    else:
        flash(gettext("Mallen erbjuds inte längre. Den finns kvar här."), "ok")
    return redirect(url_for("templates.show"))


@bp.post("/svarsmallar/langd")
@needs(Act.CHANGE_TEMPLATES)
def measure() -> str:
    """How long a text is where there is least room, while somebody types."""
    if not templates.may_change_some(me()):
        abort(403)
    return str(escape(length_told(request.form.get("text", ""))))


def _changeable(template_id: int) -> Template:
    """The template, for somebody who may change it: 403, or 404 when it does not exist."""
    if not templates.may_change_some(me()):
        abort(403)
    template = db.session.get(Template, template_id)
    if template is None:
        abort(404)
    if not templates.may_change(me(), template.department_id):
        abort(403)
    return template


def _save(template: Template | None) -> AnyResponse | tuple[str, int]:
    names = ("rubrik", "text", "avdelning", "slag", "sprak")
    given = {name: request.form.get(name, "") for name in names}
    wanted = Wanted(
        given["rubrik"], given["text"], given["avdelning"], given["slag"], given["sprak"]
    )
    try:
        number = template.id if template else None
        kept = templates.save(number, wanted, by=me(), now=clock.now())
    except BadTemplate as error:
        return _form(template, given, {WHERE[error.why]: why_not(error)}), 400
    except NotAllowed:
        abort(403)
    flash(gettext("Mallen ”%(title)s” är sparad.", title=kept.title), "ok")
    return redirect(url_for("templates.show"))


def _form(template: Template | None, given: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "pages/template.html",
        template=template,
        given=given,
        errors=errors,
        departments=_departments(template),
        for_all=templates.may_change(me(), None),
        kinds=KINDS,
        languages=sorted(LANGUAGES, key=lambda code: (code not in ("sv", "en"), code)),
        fields=MEANING,
        longest_title=LONGEST_TITLE,
        length=length_told(given.get("text", "")),
    )


def _departments(template: Template | None) -> list[str]:
    """The departments whose templates the person may write; the one it has, even when closed."""
    rows = db.session.scalars(select(Department).order_by(Department.short_sv)).all()
    kept = template.department_id if template else None
    return [
        row.slug
        for row in rows
        if templates.may_change(me(), row.id) and (row.open or row.id == kept)
    ]


def why_not(error: BadTemplate) -> str:
    """Why a template cannot be kept, and what to do."""
    fields = ", ".join(f"{{{name}}}" for name in FIELDS)
    told = {
        "title": gettext("Skriv en rubrik, så att andra hittar mallen."),
        "long_title": gettext("Rubriken får vara högst %(n)d tecken.", n=LONGEST_TITLE),
        "body": gettext("Skriv en text."),
        "long": gettext("Texten får vara högst %(n)d tecken. Korta den.", n=LONGEST_BODY),
        "department": gettext("Avdelningen finns inte. Välj en annan."),
        "kind": gettext("Välj ett slag i listan."),
        "language": gettext("Välj ett språk i listan."),
        "field": gettext(
            "%(said)s är inget fält. De som finns är %(fields)s. Ta bort eller rätta det.",
            said=error.said, fields=fields,
        ),
    }  # fmt: skip
    return told[error.why]


def length_told(text: str) -> str:
    """How long the text is, filled and signed, on the channel that has least room; '' for none."""
    if not text.strip():
        return ""
    whole = text_of(templates.fill(text, example_of(me())), signature_of(me()))
    found = templates.tightest(whole, options_from(current_app.config).installation)
    if found is None:
        return gettext("Med namn och underskrift blir svaret omkring %(n)d tecken.", n=len(whole))
    channel, weight = found
    told = {"n": weight.used, "most": weight.most, "channel": looks.channel_label(channel)}
    if weight.most is not None and weight.used > weight.most:
        sentence = gettext(
            "Med namn och underskrift blir svaret omkring %(n)d tecken. På %(channel)s får det"
            " vara högst %(most)d, så där måste det kortas."
        )
    else:
        sentence = gettext(
            "Med namn och underskrift blir svaret omkring %(n)d tecken. På %(channel)s, där det är"
            " trängst, får det vara %(most)d."
        )
    return sentence % told


def example_of(staff: Staff) -> dict[str, str]:
    """Values of ordinary length, to measure with."""
    return {
        "namn": "Alexandra",
        "avdelning": staff.department.short_sv if staff.department else "kundtjänst",
        "arendenummer": f"{current_app.config['CASE_PREFIX']}-2026-12345",
        "vaxelnummer": current_app.config["SWITCHBOARD"],
        "stad": current_app.config["CITY"],
        "handlaggare": staff.first_name,
    }
