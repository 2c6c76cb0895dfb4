"""A person's own settings: language, theme, undo time."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, refresh
from werkzeug.wrappers import Response

from app.people.rights import Act
from app.people.staff import change_own
from app.web.guard import me, needs

bp = Blueprint("me", __name__)


@bp.get("/mitt-konto")
@needs(Act.SEE_STATUS)
def show() -> str:
    """The person's own settings."""
    return render_template("pages/me.html")


@bp.post("/mitt-konto")
@needs(Act.SEE_STATUS)
def change() -> Response:
    """Keep them; what is not offered is passed over."""
    change_own(
        me(),
        language=request.form.get("sprak", ""),
        theme=request.form.get("tema", ""),
        undo_seconds=request.form.get("angra", ""),
    )
    refresh()
    flash(gettext("Dina inställningar är sparade."), "ok")
    return redirect(url_for("me.show"))
