"""Accounts, people, and messages that could not be read."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import ColumnElement, select
from werkzeug.wrappers import Response

from app.basics import clock
from app.channels.base import all_channels, channel_named
from app.collecting import accounts
from app.collecting.collect import look_soon
from app.collecting.connect import options_from
from app.collecting.ledger import Use, use_of
from app.database import db
from app.models import Account, Source, Staff
from app.models.staff import Role
from app.people import staff as staff_
from app.people.rights import Act
from app.people.sign_in import SHORTEST_PASSWORD, WeakPassword
from app.reports import health
from app.web import looks
from app.web.connect import STEPS, told
from app.web.guard import me, needs
from app.web.mail_words import BAD_EMAIL
from app.web.trial import try_account

bp = Blueprint("admin", __name__)


@bp.get("/konton")
@needs(Act.SEE_ACCOUNTS)
def show_accounts() -> str:
    """The register of accounts with their lights."""
    return render_template(
        "pages/accounts.html",
        sources=health.health_of_sources(clock.now()),
        accounts=list(
            db.session.scalars(select(Account).where(_of_platforms()).order_by(Account.id))
        ),
        uses=uses_of_accounts(),
    )


def _of_platforms() -> ColumnElement[bool]:
    """Accounts that somebody connected; what people write down of calls is none of them."""
    inside = [name for name, one in all_channels().items() if not one.abilities.connected]
    return Account.channel.not_in(inside)


def uses_of_accounts() -> dict[int, Use]:
    """How the accounts stand with what their platforms count, by account."""
    installation = options_from(current_app.config).installation
    found: dict[int, Use] = {}
    for account in db.session.scalars(select(Account)):
        use = use_of(account, installation, now=clock.now())
        if use is not None:
            found[account.id] = use
    return found


@bp.get("/konton/<int:account_id>")
@needs(Act.CHANGE_ACCOUNTS)
def check_account(account_id: int) -> str | Response:
    """Try the account's permissions one by one and show the results."""
    source = db.session.scalar(select(Source).where(Source.account_id == account_id).limit(1))
    if source is None or source.account.channel not in all_channels():
        return redirect(url_for("admin.show_accounts"))
    channel = channel_named(source.account.channel)
    now, options = clock.now(), options_from(current_app.config)
    tried = try_account(source, channel, options, now=now)
    account = db.session.get_one(Account, account_id)
    owner = account.owner_department.slug if account.owner_department else ""
    return render_template(
        "pages/account.html",
        account=account,
        channel=channel,
        results=tried.results,
        error=tried.error,
        sources=[
            one for one in health.health_of_sources(now) if one.source.account_id == account_id
        ],
        use=use_of(account, options.installation, now=now),
        new=request.args.get("nytt") == "1",
        steps=STEPS,
        told=told(
            channel.label,
            (account.name, looks.department_name(owner) if owner else ""),
            (account.approved_by, looks.day(account.approved_at) if account.approved_at else ""),
        ),
    )


@bp.post("/konton/<int:account_id>/inloggning")
@needs(Act.CHANGE_ACCOUNTS)
def connect_again(account_id: int) -> Response:
    """Give an account a new sign-in; what is left empty stays as it was."""
    account = db.session.get(Account, account_id)
    if account is None:
        return redirect(url_for("admin.show_accounts"))
    channel = channel_named(account.channel)
    values = {s.name: request.form.get(f"v_{s.name}", "") for s in channel.settings}
    try:
        keys = current_app.config["CREDENTIALS_KEYS"]
        accounts.connect_again(account_id, values, keys=keys, by=me(), now=clock.now())
        flash(gettext("Sparat. Vi prövar kontot nu och hämtar så snart det går."), "ok")
    except accounts.BadAccount as error:
        flash(str(error), "warn")
    return redirect(url_for("admin.check_account", account_id=account_id))


@bp.post("/konton/<int:account_id>/<act>")
@needs(Act.CHANGE_ACCOUNTS)
def change_account(account_id: int, act: str) -> Response:
    """Pause, resume, or look now."""
    now = clock.now()
    try:
        if act == "pausa":
            name = accounts.pause(account_id, by=me(), now=now).name
            flash(gettext("%(name)s är pausat. Inget går förlorat.", name=name), "ok")
        elif act == "ateruppta":
            name = accounts.resume(account_id, by=me(), now=now).name
            flash(gettext("%(name)s är igång igen.", name=name), "ok")
        elif act == "hamta":
            for source in db.session.scalars(
                select(Source.id).where(Source.account_id == account_id)
            ).all():
                look_soon(source, now=now)
            flash(gettext("Hämtas så snart som möjligt."), "ok")
    except accounts.BadAccount as error:
        flash(str(error), "warn")
    return redirect(url_for("admin.show_accounts"))


@bp.get("/olasta")
@needs(Act.SEE_NOT_UNDERSTOOD)
def show_not_understood() -> str:
    """Messages that were kept as they came because they could not be read."""
    return render_template("pages/not_understood.html", rows=health.not_understood())


@bp.get("/personal")
@needs(Act.MANAGE_STAFF)
def show_staff() -> str:
    """Who can sign in."""
    return _staff_page("", {})


def _staff_page(error: str, given: dict[str, str], *, email_error: str = "") -> str:
    return render_template(
        "pages/staff.html",
        people=list(db.session.scalars(select(Staff).order_by(Staff.name))),
        roles=list(Role),
        departments=looks.departments(),
        error=error,
        given=given,
        email_error=email_error,
        shortest=SHORTEST_PASSWORD,
    )


@bp.post("/personal")
@needs(Act.MANAGE_STAFF)
def add_staff() -> Response | tuple[str, int]:
    """Give a named person access."""
    given = {name: request.form.get(name, "") for name in ("login", "namn", "roll", "avdelning")}
    try:
        person = staff_.add_staff(
            login=given["login"],
            name=given["namn"],
            role=given["roll"],
            department=given["avdelning"],
            password=request.form.get("losenord", ""),
            now=clock.now(),
            by=me(),
        )
    except staff_.BadStaff as error:
        return _staff_page(str(error), given), 400
    except WeakPassword:
        text = gettext("Lösenordet behöver minst %(n)d tecken.", n=SHORTEST_PASSWORD)
        return _staff_page(text, given), 400
    flash(gettext("%(name)s kan logga in.", name=person.name), "ok")
    return redirect(url_for("admin.show_staff"))


@bp.post("/personal/<int:staff_id>/av")
@needs(Act.MANAGE_STAFF)
def switch_off(staff_id: int) -> Response:
    """Take a person's access back; one cannot take one's own."""
    person = db.session.get(Staff, staff_id)
    if person is not None and person.id != me().id:
        staff_.switch_off(person.login, now=clock.now(), by=me())
        flash(gettext("%(name)s kan inte längre logga in.", name=person.name), "ok")
    return redirect(url_for("admin.show_staff"))


@bp.post("/personal/<int:staff_id>/epost")
@needs(Act.MANAGE_STAFF)
def set_email(staff_id: int) -> Response | tuple[str, int]:
    """Set where letters to a person go; when they come is the person's own choice."""
    try:
        person = staff_.set_email(staff_id, request.form.get("epost", ""), now=clock.now(), by=me())
    except staff_.BadEmail as error:
        return _staff_page("", {}, email_error=str(BAD_EMAIL[error.why])), 400
    if person is not None:
        flash(gettext("Mejladressen för %(name)s är sparad.", name=person.name), "ok")
    return redirect(url_for("admin.show_staff"))
