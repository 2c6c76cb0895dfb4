"""What every application of the tests needs and what is made once a process instead of once a test.

Each test has an application on a database of its own. Compiling its templates, writing out its
statements and building its addresses would be two thirds of what a test costs, and they come out
the same each time.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from app import database
from app.people import sign_in


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """argon2 at its lowest cost: hashing at the real one would be a third of the suite's time."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sign_in, "_hasher", lambda: cheap)
        yield


class Compiled(BytecodeCache):
    """Templates that have been compiled; Jinja sees to that a changed one is compiled anew."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """What there is of it."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def compiled() -> Iterator[None]:
    """All applications of this process share what has been compiled for one of them."""
    with pytest.MonkeyPatch.context() as patch:
        share_what_is_compiled(patch)
        yield


def share_what_is_compiled(patch: pytest.MonkeyPatch) -> None:
    """From now on, until the patch is taken back, applications share what is compiled."""
    patch.setattr(Flask, "jinja_options", {"bytecode_cache": Compiled()})
    patch.setattr(database, "prepare_engine", sharing_statements(database.prepare_engine))
    patch.setattr(Rule, "_compile_builder", sharing_addresses(Rule._compile_builder))


def sharing_statements(prepare: Callable[[Any], None]) -> Callable[[Any], None]:
    """All engines of one kind share their dialect and the statements written out for it."""
    kept: dict[str, tuple[Any, Any]] = {}

    def share(engine: Any) -> None:
        prepare(engine)
        if engine.name not in kept:
            with engine.connect():  # the dialect learns about its database
                kept[engine.name] = (engine.dialect, engine._compiled_cache)
        _engines.append(engine)
        engine.dialect = engine.pool._dialect = kept[engine.name][0]
        engine._compiled_cache = kept[engine.name][1]

    return share


_engines: list[Any] = []


@pytest.fixture(autouse=True)
def every_connection_closed() -> Iterator[None]:
    """What a test's applications have connected is closed when it ends, also where it forgot."""
    before = len(_engines)
    yield
    for engine in _engines[before:]:
        engine.dispose()
    del _engines[before:]


def sharing_addresses(build: Callable[..., Any]) -> Callable[..., Any]:
    """Routes that are written the same share the code that builds their address."""
    kept: dict[Any, Any] = {}

    def share(rule: Any, append_unknown: bool = True) -> Any:
        key = (tuple(rule._trace), append_unknown, repr(rule.defaults))
        if key not in kept:
            kept[key] = build(rule, append_unknown)
        return kept[key]

    return share
