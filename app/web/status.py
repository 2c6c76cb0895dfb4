"""The light: how every source fares, and what lies in the outbox."""

from flask import Blueprint, Response, current_app, render_template, request

from app.basics import clock
from app.people.rights import Act
from app.reports import health
from app.web.faults import faults
from app.web.guard import needs

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
    )


@bp.get("/halsa")
def alive() -> Response:
    """Whether the web process answers and reaches its database; for a proxy's health check."""
    from sqlalchemy import text

    from app.database import db

    if request.args.get("utan") != "databas":
        db.session.execute(text("SELECT 1"))
    return Response("ok\n", mimetype="text/plain")
