"""Imports point down, never up and never sideways."""

from pathlib import Path

import pytest

from tests.house.floors import FLOORS, faults, sources

ROOT = Path(__file__).parents[2]

PLANTED = [
    ("app/models/case.py", "from app.inbox import states", "climbs from app.models to app.inbox"),
    ("app/models/case.py", "import app.web.inbox", "climbs from app.models to app.web"),
    ("app/inbox/find.py", "from app import create_app", "climbs from app.inbox to app"),
    ("app/inbox/find.py", "from ..routing import route", "climbs from app.inbox to app.routing"),
    (
        "app/inbox/find.py",
        "import importlib\nimportlib.import_module('app.web')",
        "climbs from app.inbox to app.web",
    ),
    ("app/web/case.py", "from app import schedule", "sideways from app.web to app.schedule"),
    (
        "app/channels/base.py",
        "def f():\n    from app.database import db",
        "sideways from app.channels to app.database",
    ),
    (
        "app/basics/clock.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import config",
        "sideways from app.basics to config",
    ),
    ("classifiers/train.py", "from app.basics import clock", "sideways from classifiers"),
    ("app/channels/rss.py", "from app.channels.blog import Blog", "app.channels.blog"),
    ("app/channels/rss.py", "from app.channels import blog", "app.channels.blog"),
    ("app/channels/base.py", "from app.channels import web_requests", "app.channels.web_requests"),
    ("app/channels/rss.py", "from sqlalchemy import select", "knows tables"),
    ("classifiers/train.py", "import flask", "knows Flask"),
    ("app/people/staff.py", "import flask_sqlalchemy", "knows Flask"),
    ("app/schedule.py", "from flask import current_app", "knows Flask"),
    ("app/__init__.py", "from app.database import db", "imports outside its functions"),
    ("app/misc.py", "import os", "stands on no floor"),
]

ALLOWED = [
    ("app/web/case.py", "from app.models import Case\nfrom app.web import inbox\nimport flask"),
    ("app/channels/rss.py", "from app.channels.base import Channel\nfrom app.basics import clock"),
    ("app/channels/rss.py", "from app.channels.web_requests import request"),
    ("app/database.py", "from flask_sqlalchemy import SQLAlchemy\nimport sqlalchemy"),
    (
        "app/schedule.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from flask import Flask",
    ),
    ("app/__init__.py", "def create_app():\n    from app import web\n    import config"),
    ("wsgi.py", "from app import create_app"),
]


def build(root: Path, file: str, source: str) -> None:
    """A small house under `root`, with one file in it as given."""
    rooms = [room for line in FLOORS for room in line]
    packages = {"app", "classifiers", *(room for room in rooms if room.startswith("app."))}
    packages -= {"app.commands", "app.schedule", "app.start", "app.database"}
    paths = [f"{room.replace('.', '/')}/__init__.py" for room in packages]
    paths += ["config.py", "wsgi.py", "app/schedule.py", "app/channels/base.py"]
    paths += [
        "app/channels/blog.py",
        "app/channels/web_requests/__init__.py",
        "app/routing/route.py",
    ]
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    (root / file).write_text(source)


def test_no_import_climbs_or_goes_sideways() -> None:
    """Every import in app, classifiers, config and wsgi keeps to the floors."""
    found = faults(ROOT)
    assert not found, "\n".join(["", *found])


def test_the_whole_house_is_read() -> None:
    """The walk reaches the top, the bottom and the files deep inside packages."""
    read = {file.relative_to(ROOT).as_posix() for file in sources(ROOT)}
    assert {"wsgi.py", "config.py", "app/__init__.py", "app/channels/base.py"} <= read
    assert len(read) > 50


@pytest.mark.parametrize(("file", "source", "said"), PLANTED)
def test_a_planted_fault_is_found(tmp_path: Path, file: str, source: str, said: str) -> None:
    """An import against the rules gives one sentence, with the file and what is wrong."""
    build(tmp_path, file, source)
    (fault,) = faults(tmp_path)
    assert fault.startswith(file)
    assert said in fault


@pytest.mark.parametrize(("file", "source"), ALLOWED)
def test_what_is_allowed_is_not_called_a_fault(tmp_path: Path, file: str, source: str) -> None:
    """Imports that keep to the rules give no sentence."""
    build(tmp_path, file, source)
    assert faults(tmp_path) == []
