"""A person's own settings: language, theme, undo time, and when letters come."""

from datetime import datetime, timedelta

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext, refresh
from werkzeug.wrappers import Response

from app.basics import clock
from app.basics.mail import MailError, MayHaveLeft
from app.inbox.letter_box import MailRoom, last_letter, mail_room, send_trial, trials_since
from app.models import Staff
from app.people.rights import Act
from app.people.staff import BadEmail, change_own, change_own_mail
from app.web.guard import me, needs
from app.web.mail_words import BAD_EMAIL, why_not

bp = Blueprint("me", __name__)

TRIALS, TRIALS_IN = 5, timedelta(minutes=10)
"""So many letters a person may send to try an address, in so long a time."""


@bp.get("/mitt-konto")
@needs(Act.SEE_STATUS)
def show() -> str:
    """The person's own settings."""
    return _page()


def _page(error: str = "", given: dict[str, str] | None = None) -> str:
    person = me()
    kept = {"epost": person.email, "brev": person.mail_when, "brevtid": person.digest_at}
    return render_template(
        "pages/me.html",
        mails=mail_room(current_app.config) is not None,
        mail={**kept, **(given or {})},
        mail_error=error,
        last_letter=last_letter(person),
        why_not=why_not,
    )


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


@bp.post("/mitt-konto/brev")
@needs(Act.SEE_STATUS)
def change_mail() -> Response | tuple[str, int]:
    """Keep the person's mail address, and when letters come."""
    given = {name: request.form.get(name, "") for name in ("epost", "brev", "brevtid")}
    try:
        change_own_mail(
            me(), email=given["epost"], when=given["brev"], at=given["brevtid"], now=clock.now()
        )
    except BadEmail as error:
        return _page(str(BAD_EMAIL[error.why]), given), 400
    flash(gettext("Dina inställningar för brev är sparade."), "ok")
    return redirect(url_for("me.show", _anchor="brev"))


@bp.post("/mitt-konto/provbrev")
@needs(Act.SEE_STATUS)
def try_mail() -> Response:
    """Send the person a letter now, and say whether the server took it."""
    room, now, person = mail_room(current_app.config), clock.now(), me()
    if room is None or not person.email:
        flash(gettext("Spara en mejladress först."), "warn")
    elif trials_since(person, now - TRIALS_IN) >= TRIALS:
        flash(gettext("Du har skickat flera provbrev nyss. Vänta tio minuter."), "warn")
    else:
        _try(room, person, now)
    return redirect(url_for("me.show", _anchor="brev"))


def _try(room: MailRoom, person: Staff, now: datetime) -> None:
    """Send it, and say in words how it went."""
    try:
        send_trial(room, person, now=now)
    except MayHaveLeft as error:
        flash(gettext("Osäkert: %(why)s. Titta i din inkorg.", why=why_not(error.why)), "warn")
    except MailError as error:
        flash(gettext("Provbrevet gick inte iväg: %(why)s.", why=why_not(error.why)), "warn")
    else:
        told = gettext("Mejlservern tog emot provbrevet till %(address)s.", address=person.email)
        flash(told, "ok")
