"""Views of one's own: keep the list on the screen under a name, rename it, take it away."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.inbox import own_views
from app.models import SavedView
from app.people.rights import Act
from app.web.guard import me, needs
from app.web.inbox import side_context
from app.web.wishes import address, filters_on, query_of, title_of, wish_of_query

bp = Blueprint("views", __name__)


@bp.get("/vyer")
@needs(Act.READ_CASES)
def show() -> str:
    """The person's own views, with what each shows."""
    return render_template("pages/own_views.html", says=_says, **side_context())


def _says(query: str) -> str:
    """What a kept list holds, in words."""
    wish = wish_of_query(query)
    on = (f"{one.label.lower()}: {one.value}" for one in filters_on(wish))
    return " · ".join((title_of(wish), *on))


@bp.post("/vyer")
@needs(Act.READ_CASES)
def keep() -> AnyResponse:
    """Keep a list under a name, and show it."""
    wish = wish_of_query(request.form.get("lista", ""))
    name = request.form.get("namn", "")
    try:
        view = own_views.keep_view(name, query_of(wish), by=me(), now=clock.now())
        flash(gettext("Vyn ”%(name)s” är sparad. Den står under Egna vyer.", name=view.name), "ok")
    except own_views.NameNeeded:
        flash(gettext("Vyn behöver ett namn på högst 60 tecken. Inget är sparat."), "warn")
    except own_views.TooMany:
        flash(gettext("Du har redan 20 egna vyer. Ta bort någon först."), "warn")
    return redirect(address(wish))


@bp.post("/vyer/<int:view_id>")
@needs(Act.READ_CASES)
def rename(view_id: int) -> AnyResponse:
    """Give a view another name."""
    view = _own(view_id)
    if view is not None:
        try:
            own_views.rename_view(view, request.form.get("namn", ""))
            flash(gettext("Vyn heter nu ”%(name)s”.", name=view.name), "ok")
        except own_views.NameNeeded:
            flash(gettext("Namnet är tomt, för långt eller redan använt. Inget är ändrat."), "warn")
    return redirect(url_for("views.show"))


@bp.post("/vyer/<int:view_id>/ta-bort")
@needs(Act.READ_CASES)
def drop(view_id: int) -> AnyResponse:
    """Take a view away; the cases in it are not touched."""
    view = _own(view_id)
    if view is not None:
        own_views.drop_view(view)
        flash(gettext("Vyn ”%(name)s” är borttagen. Ärendena är kvar.", name=view.name), "ok")
    return redirect(url_for("views.show"))


def _own(view_id: int) -> SavedView | None:
    """The person's own view; of others' it is not told whether they are there."""
    view = own_views.own_view(view_id, me())
    if view is None:
        flash(gettext("Vyn finns inte längre."), "warn")
    return view
