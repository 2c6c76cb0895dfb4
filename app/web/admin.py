"""Accounts, people, and messages that could not be read."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.basics import clock
from app.channels.base import ChannelError, PermissionCheck, all_channels, channel_named
from app.collecting import accounts
from app.collecting.collect import look_soon
from app.collecting.connect import connection_of, options_from
from app.database import db
from app.models import Account, Source, Staff
from app.models.staff import Role
from app.people import staff as staff_
from app.people.rights import Act
from app.people.sign_in import SHORTEST_PASSWORD, WeakPassword
from app.reports import health
from app.web import looks
from app.web.guard import me, needs

bp = Blueprint("admin", __name__)


@bp.get("/konton")
@needs(Act.SEE_ACCOUNTS)
def show_accounts() -> str:
    """The register of accounts with their lights."""
    return render_template(
        "pages/accounts.html",
        sources=health.health_of_sources(clock.now()),
        accounts=list(db.session.scalars(select(Account).order_by(Account.id))),
    )


@bp.get("/konton/anslut")
@needs(Act.CHANGE_ACCOUNTS)
def choose_channel() -> str:
    """Which channel to connect, and what it needs."""
    name = request.args.get("kanal", "")
    return _connect_page(name if name in all_channels() else "", "", {})


def _connect_page(channel: str, error: str, given: dict[str, str]) -> str:
    offered = [one for one in all_channels().values() if one.name != "practice"]
    return render_template(
        "pages/connect.html",
        offered=offered,
        channel=channel_named(channel) if channel else None,
        departments=looks.departments(),
        error=error,
        given=given,
    )


@bp.post("/konton/anslut")
@needs(Act.CHANGE_ACCOUNTS)
def connect() -> str | Response | tuple[str, int]:
    """Connect an account; secrets are sealed and never shown again."""
    name = request.form.get("kanal", "")
    if name not in all_channels() or name == "practice":
        return _connect_page("", gettext("Välj en kanal."), {}), 400
    if me().practice:
        text = gettext("Du är inloggad som övningsperson. Lägg först till en riktig person.")
        return _connect_page(name, text, {}), 400
    channel = channel_named(name)
    values = {s.name: request.form.get(f"v_{s.name}", "") for s in channel.settings}
    hosts = request.form.get("hosts", "").split() if me().role == Role.ADMINISTRATOR else []
    new = accounts.NewAccount(
        channel=name,
        name=request.form.get("namn", ""),
        values=values,
        approved_by=request.form.get("godkand", ""),
        purpose=request.form.get("purpose", ""),
        owner_department=request.form.get("avdelning", ""),
        kinds=request.form.getlist("kind"),
        allowed_private_hosts=hosts,
    )
    try:
        account = accounts.connect(
            new, keys=current_app.config["CREDENTIALS_KEYS"], by=me(), now=clock.now()
        )
    except accounts.BadAccount as error:
        secret = {s.name for s in channel.settings if s.secret}
        given = {k: v for k, v in request.form.items() if k.removeprefix("v_") not in secret}
        return _connect_page(name, str(error), given), 400
    current_app.extensions.pop("practice_mode", None)
    flash(_connected_sentence(account), "ok")
    return redirect(url_for("admin.check_account", account_id=account.id))


def _connected_sentence(account: Account) -> str:
    """That an account is connected, and how far back its first reading goes."""
    days = current_app.config["BACKFILL_DAYS"]
    if not days:
        return gettext(
            "%(name)s är anslutet. Bara det som skrivs från och med nu läses.", name=account.name
        )
    return gettext(
        "%(name)s är anslutet. Det som redan är skrivet läggs in som historik, %(n)s dygn tillbaka."
        " Äldre än så läses inte.",
        name=account.name,
        n=f"{days:g}",
    )


@bp.get("/konton/<int:account_id>")
@needs(Act.CHANGE_ACCOUNTS)
def check_account(account_id: int) -> str | Response:
    """Try the account's permissions one by one and show the results."""
    source = db.session.scalar(select(Source).where(Source.account_id == account_id))
    if source is None:
        return redirect(url_for("admin.show_accounts"))
    options = options_from(current_app.config)
    error = ""
    results: list[PermissionCheck] = []
    try:
        channel = channel_named(source.account.channel)
        connection = connection_of(source, options)
        db.session.commit()
        results = channel.check(connection, now=clock.now())
    except ChannelError as problem:
        error = type(problem).__name__
    return render_template(
        "pages/account.html", account=source.account, results=results, error=error
    )


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


def _staff_page(error: str, given: dict[str, str]) -> str:
    return render_template(
        "pages/staff.html",
        people=list(db.session.scalars(select(Staff).order_by(Staff.name))),
        roles=list(Role),
        departments=looks.departments(),
        error=error,
        given=given,
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
