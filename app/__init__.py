"""Växeln, the inbox where a Swedish municipality meets its residents.

`create_app` puts the house together; its imports stand inside it, so that nobody can import from
here by mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask


def create_app(environment: Mapping[str, str] | None = None) -> Flask:
    """The application, ready to serve pages and commands.

    `environment` stands in for the process's environment (tests). Raises `config.BadSetting` when
    a setting cannot be used, in a sentence that says which and why.
    """
    import sqlalchemy
    from flask import Flask

    import config
    from app import commands, web
    from app.basics import keys, logs
    from app.database import db, prepare_engine

    settings: dict[str, Any] = config.read_settings(environment)
    logs.start(settings["LOG_LEVEL"])
    kept = keys.keys_for(settings)
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


def database_address(settings: Mapping[str, Any]) -> str:
    """Where the database is: DATABASE_URL through psycopg 3, or a file in DATA_DIR."""
    address: str = settings["DATABASE_URL"]
    if not address:
        settings["DATA_DIR"].mkdir(mode=0o700, parents=True, exist_ok=True)
        return f"sqlite:///{settings['DATA_DIR'] / 'vaxeln.sqlite'}"
    for old in ("postgres://", "postgresql://"):
        if address.startswith(old):
            return "postgresql+psycopg://" + address.removeprefix(old)
    return address
