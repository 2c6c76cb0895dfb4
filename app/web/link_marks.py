"""Campaign marks on links in answers: what a person sees is what is pressed; and the switch.

Nothing marks a link after a person has pressed: the deliverer sends the text as it was kept.
"""

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.basics.campaign import mark_of, marked
from app.collecting import link_marks
from app.database import db
from app.models import Account
from app.people.rights import Act
from app.web.guard import me, needs

bp = Blueprint("link_marks", __name__)


@bp.app_template_global()
def links_are_marked(account: Account) -> bool:
    """Whether links to the city's own site get a mark in this account's answers."""
    return link_marks.are_on(account)


def as_sent(account: Account, body: str) -> str:
    """The text as it would leave: its links to the city marked, where that is switched on."""
    if not link_marks.are_on(account):
        return body
    mark = mark_of(account.channel, clock.now())
    return marked(body, current_app.config["CITY_SITE"], mark)


def as_sent_on(account_id: int, body: str) -> str:
    """The same by the account's number."""
    account = db.session.get(Account, account_id)
    return as_sent(account, body) if account else body


def said_of(account: Account, body: str) -> str:
    """What the writer is told of the mark; '' when no link gets one."""
    if as_sent(account, body) == body:
        return ""
    mark = mark_of(account.channel, clock.now())
    return gettext(
        "länkar till stadens webbplats skickas med märket mtm_campaign=%(mark)s, så att besöken kan"
        " räknas. Det syns i förhandsvisningen.",
        mark=mark,
    )


@bp.post("/konton/<int:account_id>/lankmarken")
@needs(Act.CHANGE_ACCOUNTS)
def switch(account_id: int) -> AnyResponse:
    """Switch the marks of an account on or off."""
    on = request.form.get("marken") == "1"
    if link_marks.switch(account_id, on=on, by=me(), now=clock.now()):
        said = (
            gettext("Länkar till stadens webbplats märks i nya svar.")
            if on
            else gettext("Länkar märks inte längre.")
        )
        flash(said, "ok")
        return redirect(url_for("admin.check_account", account_id=account_id))
    return redirect(url_for("admin.show_accounts"))
