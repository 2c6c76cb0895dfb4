"""How well routing does: counted from real cases that people have moved, closed or left."""

from datetime import UTC, datetime, timedelta

import pytest

from app.database import db, writing
from app.inbox import handle
from app.models import Case, Suggestion
from app.models.case import Outcome
from app.people.rights import visible_cases
from app.reports.routing import FEWEST, Confusion, Route, Share, quality
from app.routing.transfer import hand_back, reroute
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in

THRESHOLD = 0.5
HOUR = timedelta(hours=1)


class City:
    """An account and somebody at customer service who decides where cases belong."""

    def __init__(self):
        self.source = an_account(now=MONDAY)
        self.anna = a_person(now=MONDAY)
        self.number = 0

    def case(self, said_to, certainty=0.9, *, at=MONDAY, rule=None):
        """A resident's case as the model or a rule has put it (nowhere, below the threshold)."""
        self.number += 1
        number = f"{self.number:04}"
        take_in(self.source, said(f"Ärende {number}", at=at, by=f"Invånare {number}"), now=at)
        case = db.session.query(Case).filter_by(person_name=f"Invånare {number}").one()
        if certainty >= THRESHOLD:
            put_with(case, said_to)
        with writing():
            db.session.add(suggestion(case.id, said_to, certainty, at, rule))
            case.no_answer_needed = said_to == "ingen" and certainty >= THRESHOLD
            case.routed_by = "model"
        return case.id

    def leave(self, case_id, outcome=Outcome.ANSWERED):
        """Close the case where it lies."""
        case = db.session.get_one(Case, case_id)
        handle.close(
            case_id,
            outcome=outcome,
            reason="x",
            by=self.anna,
            seen_version=case.version,
            now=MONDAY,
        )

    def move(self, case_id, to):
        """A person moves the case."""
        reroute(case_id, to=to, by=self.anna, now=MONDAY)

    def hand_back(self, case_id, at=MONDAY):
        """A department says that the case is not theirs."""
        hand_back(case_id, by=self.anna, now=at)

    def seen_by(self, viewer=None, **more):
        """The figures, as this person sees them."""
        wanted = {"now": MONDAY + HOUR, "threshold": THRESHOLD, "weeks": 4, **more}
        return quality(viewer or self.anna, **wanted)


def suggestion(case_id, department, certainty, at, rule=None):
    """What the model or a rule said."""
    return Suggestion(
        case_id=case_id, department=department, certainty=certainty, next=[], words=[],
        rule_id=rule, model_version="x", at=at,
    )  # fmt: skip


@pytest.fixture
def city(app):
    return City()


def test_nothing_gives_no_figures(city):
    """Without a single case every count is 0, no share is told, and the weeks are there."""
    found = city.seen_by()
    assert (found.decided, found.undecided, found.handed_back) == (0, 0, 0)
    assert (found.right.of, found.unsure.of) == (None, None)
    assert (found.departments, found.confusions, found.bins, found.routes) == ([], [], [], [])
    assert len(found.weeks) == 5


def test_right_is_where_people_left_it(city):
    """Left where it was put is right, moved is wrong; what nobody has decided is not counted."""
    for _ in range(2):
        city.leave(city.case("gata-park"))
    city.move(city.case("gata-park"), "miljo")
    city.leave(city.case("ingen"), Outcome.SPAM)
    city.leave(city.case("gata-park"), Outcome.NO_ANSWER_NEEDED)
    city.case("gata-park")
    found = city.seen_by()
    assert found.right == Share(3, 5)
    assert (found.decided, found.undecided) == (5, 1)
    by_slug = {one.slug: (one.decided, one.right) for one in found.departments}
    assert by_slug == {
        "gata-park": (2, Share(2, 2)),
        "ingen": (2, Share(1, 2)),
        "miljo": (1, Share(0, 1)),
    }


def test_the_first_suggestion_counts(city):
    """What the model said later, when the resident wrote again, does not make a miss right."""
    number = city.case("gata-park")
    with writing():
        db.session.add(suggestion(number, "miljo", 0.9, MONDAY + HOUR))
    city.move(number, "miljo")
    assert city.seen_by().right == Share(0, 1)


def test_the_unsure_are_neither_right_nor_wrong(city):
    """Below the threshold nobody was misled: it counts as unsure, also when the guess was right."""
    city.move(city.case("miljo", 0.3), "miljo")
    city.leave(city.case("miljo", 0.5))
    found = city.seen_by()
    assert (found.right, found.unsure) == (Share(1, 1), Share(1, 2))
    assert [(one.slug, one.unsure) for one in found.departments] == [("miljo", 1)]
    assert [(one.low, one.right) for one in found.bins] == [(0.3, Share(1, 1)), (0.5, Share(1, 1))]


def test_few_cases_give_no_share():
    """A share of nine is not told, a share of ten is."""
    assert Share(9, FEWEST - 1).of is None
    assert Share(9, FEWEST).of == 0.9


def test_history_is_left_out(city):
    """What was said before the account was connected is in no figure."""
    old = an_account(now=MONDAY, history_before=MONDAY)
    take_in(old, said("Från förr", at=MONDAY - HOUR, by="Gamla Ada"), now=MONDAY)
    case = db.session.query(Case).filter_by(person_name="Gamla Ada").one()
    assert case.outcome == Outcome.HISTORY
    with writing():
        db.session.add(suggestion(case.id, "miljo", 0.9, MONDAY))
    found = city.seen_by()
    assert (found.decided, found.undecided) == (0, 0)


def test_certainty_is_held_against_truth_without_rules(city):
    """Each range tells how certain the model was on the whole and how right; rules are left out."""
    from app.routing.rules import add_rule

    admin = a_person("administrator", now=MONDAY)
    rule = add_rule(
        account_id=None, words="halka", department="miljo", urgent=False, by=admin, now=MONDAY
    )
    city.leave(city.case("miljo", 0.82))
    city.move(city.case("miljo", 0.88), "gata-park")
    city.leave(city.case("miljo", 1.0))
    city.leave(city.case("miljo", 1.0, rule=rule.id))
    found = city.seen_by()
    assert found.right == Share(3, 4)
    assert [(one.low, round(one.certainty, 3), one.right) for one in found.bins] == [
        (0.8, 0.85, Share(1, 2)),
        (0.9, 1.0, Share(1, 1)),
    ]


def test_confusions_are_shown_only_to_those_who_may_see_them(city):
    """A department's manager gets the city's numbers, but only their own department's messages."""
    eva = a_person("manager", "Eva Ek", "miljo", now=MONDAY)
    karin = a_person("manager", "Karin Ek", now=MONDAY)
    numbers = [city.case("gata-park") for _ in range(8)]
    for number in numbers[:5]:
        city.move(number, "miljo")
    for number in numbers[4:7]:
        city.leave(number, Outcome.SPAM)
    city.move(numbers[7], "utbildning")
    rats, spam, school = city.seen_by(eva).confusions
    assert (rats.said, rats.truth, rats.count, rats.visible) == ("gata-park", "miljo", 4, 4)
    assert [case.id for case in rats.cases] == numbers[3:0:-1]
    assert (spam.truth, spam.count, spam.visible) == ("ingen", 3, 1)
    assert [case.id for case in spam.cases] == [numbers[4]]
    assert school == Confusion("gata-park", "utbildning", 1, 0, [])
    assert [one.visible for one in city.seen_by(karin).confusions] == [4, 3, 1]
    for viewer in (eva, karin):
        may = set(db.session.query(Case.id).filter(visible_cases(viewer)))
        shown = {(case.id,) for one in city.seen_by(viewer).confusions for case in one.cases}
        assert shown <= may
    assert city.seen_by(eva).right == city.seen_by(karin).right == Share(0, 8)


def test_hand_backs_are_counted_per_route(city):
    """ "Not ours" is counted by who said it and where the case went next, or that it lies still."""
    for to in ("miljo", "miljo", "utbildning", ""):
        number = city.case("gata-park")
        city.hand_back(number)
        if to:
            city.move(number, to)
    city.hand_back(number)  # once more, while it lies nowhere: nobody has handed it back
    found = city.seen_by()
    assert found.handed_back == 4
    assert found.routes == [
        Route("gata-park", "miljo", 2),
        Route("gata-park", "", 1),
        Route("gata-park", "utbildning", 1),
    ]
    back = {one.slug: (one.decided, one.handed_back) for one in found.departments}
    assert back == {"miljo": (2, 0), "utbildning": (1, 0), "gata-park": (0, 4)}


def test_weeks_begin_on_mondays_also_over_the_clocks_shift(city):
    """On 25 October 2026 the clock goes back: the week before still ends on Sunday midnight."""
    first = datetime(2026, 10, 18, 22, 0, tzinfo=UTC)  # Monday 19 October, midnight, summer time
    second = datetime(2026, 10, 25, 23, 0, tzinfo=UTC)  # Monday 26 October, midnight, winter time
    for at in (first - HOUR, first, second - HOUR, second):
        city.leave(city.case("miljo", at=at))
    found = city.seen_by(now=datetime(2026, 10, 27, 12, 0, tzinfo=UTC), weeks=2)
    assert [(week.monday, week.right.whole) for week in found.weeks] == [
        (datetime(2026, 10, 11, 22, 0, tzinfo=UTC), 1),
        (first, 2),
        (second, 1),
    ]
    assert found.since == found.weeks[0].monday


def test_what_lies_before_the_period_is_left_out(city):
    """A case and a hand-back from before the first Monday of the period are not counted."""
    long_ago = MONDAY - timedelta(weeks=6)
    city.leave(city.case("miljo", at=long_ago))
    number = city.case("miljo", at=long_ago)
    city.hand_back(number, at=long_ago)
    assert (city.seen_by().decided, city.seen_by().handed_back) == (0, 0)
    assert (city.seen_by(weeks=8).decided, city.seen_by(weeks=8).handed_back) == (1, 1)
