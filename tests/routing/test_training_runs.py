"""Training from the command line and at night."""

from datetime import time

import pytest

from app import schedule
from app.database import db
from app.models import Correction, Training
from app.routing import learn
from app.routing.kept_model import take_into_use, taught_path
from classifiers.corpus import corpus_version
from classifiers.train import train
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in, the_case
from tests.routing.conftest import small_examples
from tests.routing.test_learn import MATERIAL

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def small_material(app, monkeypatch):
    """Train on a few sentences instead of the whole corpus."""
    monkeypatch.setattr(learn, "_material", lambda: MATERIAL)
    take_into_use(app.config, train(small_examples(), version="liten"))


def test_training_tells_how_it_went(app):
    """`flask train --force` says what it was trained on, how right it is, and that it is used."""
    done = app.test_cli_runner().invoke(args=["train", "--force"])
    assert done.exit_code == 0
    assert "exempel" in done.output
    assert "Den används nu" in done.output
    assert db.session.query(Training).one().accepted


def test_there_may_be_nothing_to_learn(app):
    """Without corrections `flask train` says so and trains nothing."""
    take_into_use(app.config, train(small_examples(), version=corpus_version()))
    done = app.test_cli_runner().invoke(args=["train"])
    assert "inget nytt" in done.output
    assert db.session.query(Training).count() == 0


def test_the_way_back(app):
    """`flask train --back` takes the model before, and without one says so with exit code 1."""
    app.test_cli_runner().invoke(args=["train", "--force"])
    done = app.test_cli_runner().invoke(args=["train", "--back"])
    assert done.exit_code == 0
    assert "liten" in done.output
    for path in (tmp := taught_path(app.config)).parent.glob("before-*"):
        path.unlink()
    assert tmp.exists()
    done = app.test_cli_runner().invoke(args=["train", "--back"])
    assert done.exit_code == 1
    assert "ingen tidigare modell" in done.output


def test_the_night_trains_only_when_there_is_something_new(app, monkeypatch):
    """The nightly job starts a training process once there is a correction, and not before."""
    started = []

    def begun(command, **how):
        started.append(command)
        return type("Done", (), {"returncode": 0})()

    monkeypatch.setattr(schedule.subprocess, "run", begun)
    take_into_use(app.config, train(small_examples(), version=corpus_version()))
    schedule.learn(app)
    assert started == []
    take_in(an_account(now=MONDAY), said("Något helt annat", at=MONDAY))
    from app.routing.transfer import reroute

    reroute(the_case().id, to="miljo", by=a_person(now=MONDAY), now=MONDAY)
    assert db.session.query(Correction).count() == 1
    schedule.learn(app)
    assert started[0][-2:] == ["train", "--quiet"]


def test_when_the_night_is(app):
    """The job runs at TRAIN_AT every day; with nothing there it never runs."""
    (job,) = [job for job in schedule.JOBS if job.name == "learn"]
    assert job.when({"TRAIN_AT": time(4, 30)}) == {"trigger": "cron", "hour": 4, "minute": 30}
    assert job.when({"TRAIN_AT": None}) is None
