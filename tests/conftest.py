"""What every test may use: an application on a fresh database, on SQLite and on PostgreSQL."""

import contextvars
import hashlib
import os
import random
import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import HealthCheck, settings

from app import create_app
from app.basics import clock
from app.commands import use_migrations
from app.database import db
from app.people.staff import sync_departments
from tests.made_once import *  # noqa: F403 - they are for every test
from tests.servers.fixtures import *  # noqa: F403 - the servers' fixtures belong to everybody

settings.register_profile(
    "house",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("house")

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
"""Which of the processes that share the tests this is."""

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""Monday 23 November 2026, 10.00 in Stockholm: an ordinary working morning."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked `once` has nothing to do with the database: it is run on SQLite only."""
    left: list[pytest.Item] = []
    for item in items:
        values = getattr(item, "callspec", None)
        if item.get_closest_marker("once") and values and values.params.get("kind") != "sqlite":
            continue
        left.append(item)
    items[:] = left


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database this run of a test is on."""
    return str(request.param)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file that the migrations have made, to be copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    made = create_app(environment(folder))
    use_migrations(made)
    with made.app_context():
        upgrade()
        sync_departments(now=MONDAY)
        db.session.remove()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
        db.engine.dispose()
    return folder / "vaxeln.sqlite"


@pytest.fixture(scope="session")
def postgres_template(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a PostgreSQL database that the migrations have made."""
    url = postgres.create("template_inbox")
    made = create_app(environment(tmp_path_factory.mktemp("pg"), DATABASE_URL=url))
    use_migrations(made)
    with made.app_context():
        upgrade()
        sync_departments(now=MONDAY)
        db.session.remove()
        db.engine.dispose()
    return "template_inbox"


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The settings of a test: everything in one folder, nothing waits, nothing is logged."""
    return {
        "DATA_DIR": str(folder),
        "SECRET_KEY": "a secret of the tests",
        "CREDENTIALS_KEYS": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=",
        "UNDO_SECONDS": "0",
        "LOG_LEVEL": os.environ.get("TEST_LOG", "critical"),
        "PRACTICE_SPEED": "still",
        "DEVELOPMENT": "ja",
        "MODEL_PATH": os.environ.get("TEST_MODEL_PATH", ""),
        **more,
    }


@pytest.fixture
def settings_of(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The settings of one test, with a fresh copy of the database behind them."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "vaxeln.sqlite")
        yield environment(tmp_path)
        return
    template = request.getfixturevalue("postgres_template")
    postgres = request.getfixturevalue("postgres")
    name = f"t{hashlib.sha1(f'{WORKER} {request.node.nodeid}'.encode()).hexdigest()[:20]}"
    yield environment(tmp_path, DATABASE_URL=postgres.create(name, template=template))
    postgres.drop(name)


class FreshClient(FlaskClient):
    """A client whose every request has a context of its own, as in a web server."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """One request."""
        return contextvars.Context().run(super().open, *args, **kwargs)


@pytest.fixture
def app(settings_of: dict[str, str]) -> Iterator[Flask]:
    """The application on a fresh database, inside its context."""
    made = create_app(settings_of)
    made.testing = True
    made.test_client_class = FreshClient
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the clock that pages and commands read."""

    def set_to(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    return set_to


def free_port() -> int:
    """A port nobody listens on, for a server that can only be told a number.

    Each xdist worker draws from a range of its own, below the ports that the system hands out by
    itself, so nobody else takes it before the server does.
    """
    first = 20_000 + 1_000 * (int(WORKER.removeprefix("gw")) % 12)
    for port in random.sample(range(first, first + 1_000), 100):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("a hundred ports are taken")
