"""Where platforms ring: a webhook is a doorbell only, the poll stays the truth."""

from flask import Blueprint, Response, abort, current_app, request

from app.basics import clock
from app.basics.logs import log
from app.channels.facebook.doorbell import challenge_of, pages_that_ring, signature_is_right
from app.collecting.collect import ring
from app.web import csrf

bp = Blueprint("hooks", __name__)

LARGEST = 4 * 1024 * 1024


@bp.get("/krok/facebook")
def facebook_asks() -> Response:
    """Meta asks whether the address is ours: its challenge back as plain text, else 403."""
    answer = challenge_of(request.args, current_app.config["META_VERIFY_TOKEN"])
    if answer is None:
        abort(403)
    return Response(answer, mimetype="text/plain")


@bp.post("/krok/facebook")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF carries no types
def facebook_rings() -> Response:
    """Something happened on a page: its sources are looked at at once.

    Only what carries Meta's signature is listened to, and nothing in it is believed.
    """
    if request.content_length is None or request.content_length > LARGEST:
        abort(413)
    body = request.get_data(cache=True)
    secret, said = current_app.config["META_APP_SECRET"], request.headers.get("X-Hub-Signature-256")
    if not secret or not signature_is_right(secret, body, said or ""):
        abort(403)
    rung = ring("facebook", pages_that_ring(body), now=clock.now())
    log().info("doorbell", channel="facebook", sources=rung)
    return Response("ok\n", mimetype="text/plain")
