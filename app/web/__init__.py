"""The only room that knows there is a browser: one blueprint per screen, closed by default."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, request
from flask_babel import Babel
from flask_compress import Compress
from flask_wtf import CSRFProtect
from jinja2 import FileSystemLoader, StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from app.web import addresses, guard, looks, translated
from app.web.errors import handle_errors
from app.web.wishes import kept_args

HERE = Path(__file__).parent

OPEN = frozenset(
    {
        "static",
        "sign_in.show",
        "sign_in.enter",
        "status.alive",
        "hooks.facebook_asks",
        "hooks.facebook_rings",
        "register.public",
        "register.public_file",
    }
)
"""The only endpoints that answer somebody who has not signed in; the hooks know their callers by
a signature. The register of accounts is published by the city's own choice (REGISTER_PUBLIC; else
it is not there), and names no staff."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Give the application its pages, and everything that guards them."""
    _set_up(app)
    if app.config["PROXIES"]:
        hops = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.jinja_loader = FileSystemLoader(HERE)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.static_folder, app.static_url_path = str(HERE / "static"), "/static"
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=app.send_static_file)
    csrf.init_app(app)
    Compress(app)
    app.before_request(compress_for_our_own_pages_only)
    translated.init_app(app, Babel(app, locale_selector=guard.language))
    looks.init_app(app)
    addresses.init_app(app)
    app.jinja_env.globals["kept"] = lambda: kept_args(request.args)
    handle_errors(app)
    app.before_request(guard.let_in_only_who_may)
    app.after_request(add_headers)
    _register_screens(app)


def _set_up(app: Flask) -> None:
    """What the extensions read: cookies, sizes, compression, languages."""
    app.config.update(
        SESSION_COOKIE_NAME="vaxeln",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.config["HTTPS"],
        PERMANENT_SESSION_LIFETIME=timedelta(hours=app.config["SIGN_IN_HOURS"]),
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,
        COMPRESS_MIMETYPES=["text/html", "text/css", "text/javascript", "image/svg+xml"],
        COMPRESS_LEVEL=3,
        COMPRESS_STREAMS=False,
        BABEL_DEFAULT_LOCALE=app.config["LANGUAGE"],
        BABEL_DEFAULT_TIMEZONE="Europe/Stockholm",
        BABEL_TRANSLATION_DIRECTORIES=str(HERE.parent / "translations"),
    )


def _register_screens(app: Flask) -> None:
    """One blueprint per screen."""
    from app.web import (
        admin,
        answer,
        approve,
        call_counts,
        calls,
        case,
        components,
        connect,
        helps,
        hooks,
        hours,
        inbox,
        keys,
        link_marks,
        live,
        many,
        me,
        merging,
        moderation,
        notes,
        policy,
        post,
        post_approval,
        register,
        reports,
        routing,
        search,
        sign_in,
        snoozing,
        status,
        templates,
        views,
        website,
    )

    for screen in (
        sign_in, inbox, case, answer, approve, status, admin, connect, me, hooks, routing,
        search, notes, snoozing, templates, helps, post, views, many, live, keys, merging,
        calls, call_counts, website, link_marks, post_approval, reports, hours,
        policy, register, moderation,
    ):  # fmt: skip
        app.register_blueprint(screen.bp)
    if app.config["DEVELOPMENT"]:
        app.register_blueprint(components.bp)


def compress_for_our_own_pages_only() -> None:
    """No compression for what another site makes a browser ask for.

    From the length of a compressed page, asked for again and again with guesses in its address,
    somebody who listens to the line could learn its form key (the attack is known as BREACH).
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        request.environ.pop("HTTP_ACCEPT_ENCODING", None)


def _read_whole(response: Response) -> None:
    """A file's answer with the file read and closed: they are small, and so can be compressed."""
    if not response.direct_passthrough:
        return
    response.direct_passthrough = False
    file: Any = response.response
    data = b"".join(file)
    file.close()
    response.set_data(data)


def add_headers(response: Response) -> Response:
    """What every answer carries: a strict policy, no guessing; a page also no framing, not kept.

    A page has some twenty style sheets and scripts: what is said of pages only would weigh more
    than many of them do.
    """
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.endpoint == "static":
        response.headers["Content-Security-Policy"] = "default-src 'none'"
        response.headers["Cache-Control"] = "public, max-age=86400"
        _read_whole(response)
    else:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"
        )
        response.headers["Cache-Control"] = "no-store"
        response.headers.setdefault("Vary", "HX-Request")
    if g.get("https") or request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
