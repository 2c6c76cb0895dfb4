"""How good the model of set-up is on the development set: what it must never fall below."""

import pytest

from classifiers.corpus import DEV, read_corpus
from classifiers.measure import measure
from classifiers.suggest import load


@pytest.fixture(scope="module")
def found():
    """The figures of the model in place."""
    return measure(load(), read_corpus(DEV))


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("first", 0.75),
        ("among_three", 0.92),
        ("right_when_sure", 0.94),
        ("sure", 0.45),
        ("urgent_recall", 0.88),
        ("urgent_precision", 0.5),
        ("kind", 0.8),
        ("language", 0.95),
    ],
)
def test_the_share_is_high_enough(found, name, least):
    """On messages by hands it has never met, the model is right at least this often."""
    assert getattr(found, name) >= least


@pytest.mark.parametrize(("name", "most"), [("silenced", 0.01), ("calibration_error", 0.045)])
def test_the_fault_is_small_enough(found, name, most):
    """Hardly a message that needs an answer is silenced, and certainties are what they claim."""
    assert getattr(found, name) <= most
