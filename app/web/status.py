"""The light: how every source fares, and what lies in the outbox."""

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.channels.base import all_channels
from app.collecting import incidents
from app.collecting.incidents import open_incidents
from app.database import db
from app.models import Account
from app.people.rights import Act
from app.reports import health
from app.web.admin import uses_of_accounts
from app.web.faults import faults
from app.web.guard import me, needs

bp = Blueprint("status", __name__)


@bp.get("/lage")
@needs(Act.SEE_STATUS)
def show() -> str:
    """Every source with its light, when it was read, and what to do."""
    now = clock.now()
    return render_template(
        "pages/status.html",
        sources=health.health_of_sources(now),
        outbox=health.health_of_outbox(now),
        faults=faults(now, current_app.config["CREDENTIALS_KEYS"]),
        now=now,
        uses=uses_of_accounts(),
        incidents=open_incidents(),
        channels=_channels_in_use(),
    )


def _channels_in_use() -> list[str]:
    """The channels that have an account, which an incident can be declared on."""
    used = set(db.session.scalars(select(Account.channel).distinct()))
    inside = {name for name, one in all_channels().items() if not one.abilities.connected}
    return sorted(used - inside)


@bp.post("/lage/laslage")
@needs(Act.DECLARE_INCIDENT)
def begin_incident() -> AnyResponse:
    """Switch a channel to read-only."""
    channel = request.form.get("kanal", "")
    if channel not in _channels_in_use():
        flash(gettext("Välj en kanal."), "warn")
        return redirect(url_for("status.show"))
    try:
        incidents.begin(channel, text=request.form.get("text", ""), by=me(), now=clock.now())
        flash(gettext("Kanalen är i läsläge. Svar väntar tills den öppnas igen."), "ok")
    except incidents.NotSaid:
        flash(gettext("Skriv vad som har hänt, så att alla förstår varför."), "warn")
    return redirect(url_for("status.show"))


@bp.post("/lage/laslage/<channel>/slut")
@needs(Act.DECLARE_INCIDENT)
def end_incident(channel: str) -> AnyResponse:
    """Let a channel send again."""
    incidents.end(channel, by=me(), now=clock.now())
    flash(gettext("Kanalen är öppen igen. Det som väntat skickas nu."), "ok")
    return redirect(url_for("status.show"))


@bp.get("/halsa")
def alive() -> Response:
    """Whether the web process answers and reaches its database; for a proxy's health check."""
    from sqlalchemy import text

    if request.args.get("utan") != "databas":
        db.session.execute(text("SELECT 1"))
    return Response("ok\n", mimetype="text/plain")
