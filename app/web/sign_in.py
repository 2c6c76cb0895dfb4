"""Signing in and out."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.basics import clock
from app.database import db
from app.models import Staff
from app.people.practice import PRACTICE_PASSWORD
from app.people.rights import Act
from app.people.sign_in import TooManyTries, WrongSignIn, sign_in, sign_out
from app.web import looks
from app.web.guard import needs

bp = Blueprint("sign_in", __name__)


@bp.get("/logga-in")
def show() -> str | Response:
    """The sign-in page; in practice also who there is to sign in as."""
    if g.me is not None:
        return redirect(url_for("inbox.home"))
    if request.args.get("lang") in ("sv", "en"):
        session["language"] = request.args["lang"]
    return _page()


def _page(error: str = "", login: str = "") -> str:
    people = []
    if looks.practice_mode():
        practice = select(Staff).where(Staff.practice, Staff.active).order_by(Staff.id)
        people = list(db.session.scalars(practice))
    return render_template(
        "pages/sign_in.html",
        error=error,
        login=login,
        people=people,
        practice_password=PRACTICE_PASSWORD,
        next_page=_safe(request.values.get("till", "")),
    )


@bp.post("/logga-in")
def enter() -> str | Response | tuple[str, int]:
    """Try to sign in; the session is a new one, whatever cookie came in."""
    login = request.form.get("login", "")
    try:
        signed_in = sign_in(
            login,
            request.form.get("password", ""),
            address=request.remote_addr or "",
            secret=current_app.config["SECRET_KEY"],
            lasts=timedelta(hours=current_app.config["SIGN_IN_HOURS"]),
            now=clock.now(),
        )
    except WrongSignIn:
        return _page(gettext("Inloggning och lösenord hör inte ihop."), login), 403
    except TooManyTries as error:
        text = gettext(
            "För många försök. Vänta till %(time)s och försök igen.", time=looks.hour(error.until)
        )
        return _page(text, login), 429
    session.clear()
    session["token"] = signed_in.token
    session.permanent = True
    return redirect(_with_focus(_safe(request.form.get("till", ""))) or url_for("inbox.home"))


@bp.post("/logga-ut")
@needs(Act.SEE_STATUS)
def leave() -> Response:
    """End the session, here and in the database."""
    token = session.get("token")
    if token:
        sign_out(token, now=clock.now())
    session.clear()
    return redirect(url_for("sign_in.show"))


def _with_focus(address: str) -> str:
    """The same address; a case's page with its heading in focus, for those who came by a link."""
    return f"{address}#trad" if re.fullmatch(r"/arenden/\d+(\?[^#]*)?", address) else address


def _safe(address: str) -> str:
    """An address of our own to go on to, or ''; never another site's."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not address.startswith("/") or address[1:2] in ("/", "\\"):
        return ""
    return address
