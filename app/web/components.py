"""Every part in its states, on one page; in development and tests only."""

from flask import Blueprint, render_template

from app.people.rights import Act
from app.web.guard import needs

bp = Blueprint("components", __name__)


@bp.get("/komponenter")
@needs(Act.SEE_STATUS)
def show() -> str:
    """The pattern page."""
    return render_template("pages/components.html")
