"""Växeln, the inbox where a Swedish municipality meets its residents.

`create_app` puts the house together; its imports stand inside it, so that nobody can import from
here by mistake.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from app.basics.keys import Keys


def create_app(environment: Mapping[str, str] | None = None) -> Flask:
    """The application, ready to serve pages and commands.

    `environment` stands in for the process's environment (tests). Raises `config.BadSetting` when
    a setting cannot be used, in a sentence that says which and why.
    """
    import sqlalchemy
    from flask import Flask

    import config
    from app import commands, web
    from app.basics import logs
    from app.database import db, prepare_engine

    settings: dict[str, Any] = config.read_settings(environment)
    logs.start(settings["LOG_LEVEL"])
    kept = kept_keys(settings)
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config.update(settings, SECRET_KEY=kept.secret, CREDENTIALS_KEYS=kept.credentials)
    app.config["SQLALCHEMY_DATABASE_URI"] = database_address(settings)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_pre_ping": bool(settings["DATABASE_URL"]),
        "hide_parameters": True,  # a database error must not carry residents' words to the log
        **(
            {"connect_args": {"options": "-c jit=off -c plan_cache_mode=force_custom_plan"}}
            if settings["DATABASE_URL"]
            else {}
        ),
    }
    db.init_app(app)
    with app.app_context():
        engine: sqlalchemy.Engine = db.engine
        prepare_engine(engine)
    web.init_app(app)
    commands.init_app(app)
    return app


def kept_keys(settings: Mapping[str, Any]) -> Keys:
    """The two keys, given or kept in DATA_DIR. Raises `config.BadSetting`."""
    from app.basics import keys
    from config import BadSetting

    try:
        return keys.keys_for(settings)
    except OSError as error:
        raise BadSetting(_no_folder(settings, error)) from None
    except (ValueError, KeyError, TypeError):
        raise BadSetting(
            f"Nycklarna i {settings['DATA_DIR'] / 'keys.json'} går inte att läsa. Lägg tillbaka"
            " filen från säkerhetskopian."
        ) from None


def database_address(settings: Mapping[str, Any]) -> str:
    """Where the database is: DATABASE_URL through psycopg 3, or a file in DATA_DIR.

    Raises `config.BadSetting`.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    from config import BadSetting

    address: str = settings["DATABASE_URL"]
    if not address:
        try:
            settings["DATA_DIR"].mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadSetting(_no_folder(settings, error)) from None
        return f"sqlite:///{settings['DATA_DIR'] / 'vaxeln.sqlite'}"
    for old in ("postgres://", "postgresql://"):
        if address.startswith(old):
            address = "postgresql+psycopg://" + address.removeprefix(old)
    try:
        make_url(address)
    except (ArgumentError, ValueError):
        raise BadSetting(
            "Inställningen DATABASE_URL går inte att använda: (hemligt) – den ska se ut som"
            " postgresql://användare:lösenord@dator:5432/databas."
        ) from None
    return address


def _no_folder(settings: Mapping[str, Any], error: OSError) -> str:
    full = error.errno == errno.ENOSPC
    why = "disken är full" if full else "mappen går inte att skapa eller skriva i"
    return f"Inställningen DATA_DIR går inte att använda: {str(settings['DATA_DIR'])!r} – {why}."
