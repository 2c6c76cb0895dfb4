"""What the model's advice means for a case."""

from dataclasses import replace

import pytest

from app.routing.route import route_waiting
from classifiers.suggest import Suggestion
from tests.conftest import MONDAY
from tests.factories import an_account, said, take_in, the_case

PRAISE = Suggestion(
    department="ingen",
    certainty=0.9,
    next=(("miljo", 0.05), ("omsorg", 0.05)),
    refer=None,
    kind="beröm",
    urgent=False,
    words=("Tack",),
    model_version="x",
)


class Says:
    """A router that gives the same advice for every text."""

    def __init__(self, advice):
        self.advice = advice

    def suggest(self, texts):
        """The advice, once for each text."""
        return [self.advice for _text in texts]


@pytest.mark.parametrize(
    ("change", "put_aside"),
    [({}, True), ({"kind": "fråga"}, False), ({"certainty": 0.49}, False)],
)
def test_only_a_person_puts_a_question_aside(app, change, put_aside):
    """Praise that the model is sure of needs no answer; a question, or what is unsure, is shown."""
    take_in(an_account(now=MONDAY), said("Tack! När öppnar ni?", at=MONDAY))
    route_waiting(lambda: Says(replace(PRAISE, **change)), threshold=0.5, now=MONDAY)
    case = the_case()
    assert case.no_answer_needed is put_aside
    assert case.department_id is None
