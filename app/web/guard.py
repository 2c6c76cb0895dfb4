"""Who is there, and whether they may: every endpoint is closed unless it says who may come in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from flask import (
    Response,
    abort,
    current_app,
    g,
    has_request_context,
    redirect,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.models import Staff
from app.people.rights import Act, may
from app.people.sign_in import whose_session

BY_ITSELF = frozenset({"live.pulse", "inbox.news", "inbox.rows_now", "case.news"})
"""What an open page asks for without anybody touching it: it keeps nobody signed in."""

View = TypeVar("View", bound=Callable[..., Any])


def needs(act: Act) -> Callable[[View], View]:
    """Says which act a view needs; a view without it answers nobody."""

    def mark(view: View) -> View:
        view.needs = act  # type: ignore[attr-defined]
        return view

    return mark


def let_in_only_who_may() -> AnyResponse | None:
    """Before every request: the open list, else a signed-in person whose role allows the view."""
    from app.web import OPEN

    g.me = None
    if request.endpoint is None or request.endpoint == "static":
        return None
    g.me = whose_request()
    if request.endpoint in OPEN:
        return None
    if g.me is None:
        return _to_sign_in()
    act = getattr(current_app.view_functions[request.endpoint], "needs", None)
    if act is None or not may(g.me, act):
        abort(403)
    return None


def whose_request() -> Staff | None:
    """Whom the request's cookie stands for, if their session still holds."""
    token = session.get("token")
    if not token:
        return None
    lasts = timedelta(hours=current_app.config["SIGN_IN_HOURS"])
    used = request.endpoint not in BY_ITSELF
    return whose_session(token, lasts=lasts, now=clock.now(), used=used)


def _to_sign_in() -> AnyResponse:
    """Ask for a sign-in and come back afterwards; what was typed is never lost.

    A page's own script is only told (401) and stays where it is, with its text. A form that was
    sent is shown with its text.
    """
    if request.headers.get("HX-Request"):
        return Response(status=401)
    if request.method == "POST":
        abort(401)
    return redirect(url_for("sign_in.show", till=request.full_path.rstrip("?")))


def me() -> Staff:
    """The signed-in person. Only for views that the guard has let somebody into."""
    person: Staff | None = g.get("me")
    if person is None:
        abort(401)
    return person


def language() -> str:
    """The person's language, else the one chosen on the sign-in page, else the house's."""
    if not has_request_context():
        return str(current_app.config["LANGUAGE"])
    person: Staff | None = g.get("me")
    if person is not None:
        return person.language
    chosen = session.get("language") if session else None
    return chosen if chosen in ("sv", "en") else str(current_app.config["LANGUAGE"])
