"""Merging and splitting: choose, read exactly what will happen, do it, and undo it again."""

import re
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.inbox.around import Around, alike, around
from app.inbox.following import followers_of
from app.inbox.handle import CaseChanged
from app.inbox.merging import CannotMerge, merge, unmerge, why_not
from app.inbox.splitting import Apart, CannotSplit, resident_words, split, unsplit
from app.models import Case
from app.people.rights import Act, NotAllowed, case_for
from app.web import looks, words
from app.web.guard import me, needs
from app.web.held import has_none

bp = Blueprint("merging", __name__)


@bp.app_template_global("around_of")
def around_of(case: Case) -> Around:
    """What the case's page says of the cases tied to it."""
    return Around() if has_none(case, "tied") else around(case, me())


@bp.get("/arenden/<int:case_id>/sla-ihop")
@needs(Act.CLOSE)
def choose(case_id: int) -> str | tuple[str, int]:
    """Choose what the case is to follow; with one chosen, what will happen, to be confirmed."""
    case = case_for(me(), case_id, Act.CLOSE)
    typed = request.args.get("nr", "").strip()
    wanted = request.args.get("med", type=int) or (_number_in(typed) if typed else None)
    if wanted is None:
        return _choices(case, _no_such() if typed else "", typed)
    try:
        leader = case_for(me(), wanted, Act.CLOSE)
        if leader.merged_into_id and leader.merged_into_id != case.id:
            leader = case_for(me(), leader.merged_into_id, Act.CLOSE)
    except NotAllowed:
        return _choices(case, _no_such(), typed)
    if why := why_not(case, leader, me()):
        return _choices(case, str(words.NOT_MERGED[why]), typed)
    return render_template(
        "pages/merge.html",
        case=case,
        leader=leader,
        asked=wanted,
        behind=len(followers_of(case.id)),
        others=[],
        mine=[],
        error="",
        typed="",
    )


@bp.post("/arenden/<int:case_id>/sla-ihop")
@needs(Act.CLOSE)
def join(case_id: int) -> AnyResponse:
    """Let the case follow the other one."""
    other = request.form.get("med", 0, type=int)
    if not other:
        return redirect(url_for("merging.choose", case_id=case_id))
    seen = request.form.get("version", 0, type=int), request.form.get("version_med", 0, type=int)
    try:
        merge(case_id, other, by=me(), seen_versions=seen, now=clock.now())
    except CaseChanged:
        flash(gettext("Något nytt har hänt i ärendena. Läs det först."), "warn")
        return redirect(url_for("merging.choose", case_id=case_id, med=other))
    except CannotMerge as error:
        flash(str(words.NOT_MERGED[error.reason]), "warn")
        return redirect(url_for("merging.choose", case_id=case_id))
    flash(gettext("Ärendena följs åt. Det går att ångra på ärendets sida."), "ok")
    return redirect(url_for("case.show", case_id=other))


@bp.post("/arenden/<int:case_id>/sta-sjalv")
@needs(Act.CLOSE)
def part(case_id: int) -> AnyResponse:
    """Let the case stand by itself again."""
    version = request.form.get("version", 0, type=int)
    try:
        unmerge(case_id, by=me(), seen_version=version, now=clock.now())
        flash(gettext("Ärendet står för sig självt igen."), "ok")
    except CaseChanged:
        flash(gettext("Något nytt har hänt i ärendet. Läs det först."), "warn")
    except CannotMerge as error:
        flash(str(words.NOT_MERGED[error.reason]), "warn")
    return redirect(url_for("case.show", case_id=case_id))


@bp.get("/arenden/<int:case_id>/dela")
@needs(Act.CLOSE)
def choose_words(case_id: int) -> str:
    """Choose which of the resident's words become a case of their own."""
    return _split_page(case_for(me(), case_id, Act.CLOSE), "")


@bp.post("/arenden/<int:case_id>/dela")
@needs(Act.CLOSE)
def take_out(case_id: int) -> str | AnyResponse | tuple[str, int]:
    """Take the chosen words out."""
    case = case_for(me(), case_id, Act.CLOSE)
    kind = request.form.get("typ", "")
    apart = Apart(
        set(request.form.getlist("ord", type=int)),
        request.form.get("avdelning") or None,
        kind if kind in words.KINDS else "",
    )
    version = request.form.get("version", 0, type=int)
    try:
        new = split(case_id, apart, by=me(), seen_version=version, now=clock.now())
    except CaseChanged:
        case = case_for(me(), case_id, Act.CLOSE)
        return _split_page(case, gettext("Något nytt har hänt i ärendet. Läs det först.")), 409
    except CannotSplit as error:
        return _split_page(case, str(words.NOT_SPLIT[error.reason])), 400
    flash(gettext("Orden ligger nu i %(ref)s.", ref=looks.reference(new)), "ok")
    return redirect(url_for("case.show", case_id=case_id))


@bp.post("/arenden/<int:case_id>/lagg-tillbaka")
@needs(Act.CLOSE)
def put_back(case_id: int) -> AnyResponse:
    """Put a split case's words back where they were."""
    version = request.form.get("version", 0, type=int)
    try:
        home = unsplit(case_id, by=me(), seen_version=version, now=clock.now())
    except CaseChanged:
        flash(gettext("Något nytt har hänt i ärendet. Läs det först."), "warn")
        return redirect(url_for("case.show", case_id=case_id))
    except CannotSplit as error:
        flash(str(words.NOT_SPLIT[error.reason]), "warn")
        return redirect(url_for("case.show", case_id=case_id))
    flash(gettext("Orden ligger i %(ref)s igen.", ref=looks.reference(home)), "ok")
    return redirect(url_for("case.show", case_id=home.id))


def _choices(case: Case, error: str, typed: str) -> str | tuple[str, int]:
    mine, others = alike(case, me())
    page: dict[str, Any] = {"case": case, "mine": mine, "others": others, "leader": None}
    shown = render_template("pages/merge.html", error=error, typed=typed, **page)
    return (shown, 400) if error else shown


def _split_page(case: Case, error: str) -> str:
    return render_template(
        "pages/split.html",
        case=case,
        messages=resident_words(case),
        chosen=request.form.getlist("ord", type=int),
        departments=looks.departments(),
        given=request.form,
        error=error,
    )


def _number_in(typed: str) -> int | None:
    """The number of a reference: LA-2026-17, LA-17, 2026-17 or 17."""
    prefix = re.escape(current_app.config["CASE_PREFIX"])
    found = re.fullmatch(rf"(?:{prefix}-)?(?:[0-9]{{4}}-)?([0-9]{{1,9}})", typed, re.IGNORECASE)
    return int(found[1]) if found else None


def _no_such() -> str:
    return gettext("Det finns inget ärende med det numret som du får ändra.")
