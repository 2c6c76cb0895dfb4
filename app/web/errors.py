"""When something goes wrong: a calm page that says what happened, what it means and what to do.

What a person had typed is shown again on the page, so that nothing is lost even when it could not
be saved.
"""

import secrets

from flask import Flask, Response, g, render_template, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from app.basics.logs import log
from app.database import db
from app.inbox.letter_box import knew_of
from app.people.rights import NotAllowed
from app.web.guard import whose_request

TYPED = ("svar", "anteckning", "meddelande", "body", "skal", "purpose")
"""The form fields whose text is given back on an error page."""


def handle_errors(app: Flask) -> None:
    """Give the application its error pages."""
    app.register_error_handler(NotAllowed, _not_allowed)
    app.register_error_handler(CSRFError, _form_too_old)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _ours)


def _typed() -> str:
    if request.method != "POST":
        return ""
    try:
        texts = [request.form.get(name, "").strip() for name in TYPED]
    except HTTPException:  # the form itself was what could not be read
        return ""
    return "\n\n".join(text for text in texts if text)


def _answer_typed() -> str:
    """What was typed as an answer to a case, which can be kept as a draft there; '' else."""
    if request.endpoint != "answer.compose" or not _typed():
        return ""
    return request.form.get("svar", "").strip()


def page(status: int, title: str, text: str, *, code: str = "") -> tuple[str, int]:
    """An error page. `code` lets IT find the line in the log."""
    g.setdefault("me", None)
    shown = render_template(
        "pages/error.html", status=status, title=title, text=text, code=code, typed=_typed()
    )
    return shown, status


def _not_allowed(_error: NotAllowed) -> tuple[str, int]:
    if _knew_of_it():
        return page(
            403,
            gettext("Ärendet ligger inte längre hos er avdelning"),
            gettext("Du behöver inte göra något."),
        )
    return page(
        403,
        gettext("Det här är inte öppet för dig"),
        gettext("Antingen finns det inte, eller så hör det till en annan avdelning eller roll."),
    )


def _knew_of_it() -> bool:
    """Whether it is a case that has moved on; only those who had it learn that it exists."""
    case_id = (request.view_args or {}).get("case_id")
    if request.endpoint != "case.show" or case_id is None or g.get("me") is None:
        return False
    return knew_of(g.me, case_id)


def _signed_out() -> tuple[str, int]:
    """The session has ended: sign in beside this page, then save what was typed from it."""
    g.me = None
    shown = render_template("pages/signed_out.html", draft=_answer_typed(), typed=_typed())
    return shown, 401


def _form_too_old(_error: CSRFError) -> tuple[str, int] | Response:
    """The form's token does not fit: because nobody is signed in any more, or somebody anew.

    A page's own script is only told, with 401 or 400.
    """
    from app.web import OPEN

    g.me = whose_request()
    stranger = g.me is None and request.endpoint not in OPEN
    if request.headers.get("HX-Request"):
        return Response(status=401 if stranger else 400)
    if stranger:
        return _signed_out()
    if _answer_typed():
        shown = render_template("pages/signed_out.html", draft=_answer_typed(), typed=_typed())
        return shown, 400
    return page(
        400,
        gettext("Formuläret var för gammalt"),
        gettext("Inget har skickats. Gå tillbaka, ladda om sidan och försök igen."),
    )


def _http(error: HTTPException) -> tuple[str, int]:
    status = error.code or 500
    if status == 401:
        return _signed_out()
    known = {
        403: (
            gettext("Det här är inte öppet för dig"),
            gettext("Din roll får inte göra det här. Fråga en administratör om det är fel."),
        ),
        404: (
            gettext("Sidan finns inte"),
            gettext("Adressen kan vara felskriven, eller så har det du söker flyttats."),
        ),
        405: (gettext("Så går det inte att göra"), gettext("Gå tillbaka och försök igen.")),
        413: (
            gettext("Texten är för stor"),
            gettext("Korta den och försök igen. Inget har skickats."),
        ),
    }
    title, text = known.get(
        status,
        (gettext("Det gick inte"), gettext("Begäran gick inte att förstå. Inget har skickats.")),
    )
    return page(status, title, text)


def _database(error: OperationalError) -> tuple[str, int]:
    db.session.rollback()
    code = secrets.token_hex(3)
    said = str(error.orig).lower()
    log().error("database_unavailable", code=code, why=said[:120])
    if "full" in said:
        text = gettext("Disken är full. Det du skrev står här nedanför. Kontakta IT.")
    elif "locked" in said or "busy" in said:
        text = gettext("Databasen är upptagen. Det du skrev står här nedanför. Försök igen strax.")
    else:
        text = gettext("Databasen svarar inte. Det du skrev står här nedanför. Försök igen strax.")
    return page(503, gettext("Det gick inte att spara just nu"), text, code=code)


def _ours(error: Exception) -> tuple[str, int]:
    if isinstance(error, SQLAlchemyError):
        db.session.rollback()
    code = secrets.token_hex(3)
    log().exception("page_failed", code=code, endpoint=request.endpoint)
    return page(
        500,
        gettext("Det blev avbrott på linjen"),
        gettext("Sidan gick inte att visa. Felet är vårt. Inget har publicerats."),
        code=code,
    )
