"""Which model file is in use: the one taught by this city's corrections, else the one of set-up.

The taught model lies in DATA_DIR beside the database, the one it replaced beside it.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.basics.logs import log
from classifiers.departments import DEPARTMENTS

if TYPE_CHECKING:
    from classifiers.suggest import Router


class NoModelBefore(Exception):
    """There is no earlier model to go back to."""


def taught_path(config: Mapping[str, Any]) -> Path:
    """Where a model taught by corrections is kept: MODEL_PATH, else a file in DATA_DIR."""
    given = config["MODEL_PATH"]
    return Path(given) if given else Path(config["DATA_DIR"]) / "model" / "router.skops"


def before_path(config: Mapping[str, Any]) -> Path:
    """Where the model that was replaced last is kept."""
    taught = taught_path(config)
    return taught.with_name(f"before-{taught.name}")


def router_in_use(config: Mapping[str, Any]) -> "Router":
    """The model in use, loaded once and again when its file or the departments' has changed.

    A taught model that cannot be used (made with another scikit-learn, say) is passed over with a
    line in the log, and the one of set-up used. Raises `BadModel` when that too is missing.
    """
    from classifiers.suggest import MODEL, BadModel

    taught = taught_path(config)
    if taught.exists():
        try:
            return _loaded(str(taught), _changed(taught), _changed(DEPARTMENTS))
        except BadModel as error:
            if config["MODEL_PATH"]:
                raise
            log().warning("taught_model_passed_over", why=str(error))
    return _loaded(str(MODEL), _changed(MODEL), _changed(DEPARTMENTS))


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


@lru_cache(maxsize=1)
def _loaded(path: str, _model: int, _departments: int) -> "Router":
    from classifiers.suggest import load

    return load(Path(path))


def take_into_use(config: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    """Keep a newly trained model as the one in use, and the one before beside it."""
    from classifiers.suggest import MODEL
    from classifiers.train import save

    taught, before = taught_path(config), before_path(config)
    taught.parent.mkdir(parents=True, exist_ok=True)
    old = taught if taught.exists() else MODEL
    if old.exists():
        _copy(old, before)
    save(dict(model), taught)


def put_back(config: Mapping[str, Any]) -> str:
    """Change the model in use with the one before; returns the version now in use.

    Doing it twice leads back. Raises `NoModelBefore`, and `BadModel` when it cannot be used.
    """
    from classifiers.suggest import load

    taught, before = taught_path(config), before_path(config)
    if not before.exists():
        raise NoModelBefore
    version = load(before).version
    aside = taught.with_name(f"aside-{taught.name}")
    _copy(taught, aside)
    _copy(before, taught)
    os.replace(aside, before)
    return version


def _copy(old: Path, new: Path) -> None:
    """A copy that is either whole or not there, with a time of its own."""
    beside = new.with_name(f"{new.name}.new")
    beside.write_bytes(old.read_bytes())
    os.replace(beside, new)
