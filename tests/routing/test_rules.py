"""Rules beside the model: what they decide, who may write them, how they are counted."""

import pytest

from app.database import db
from app.models import Department, Event, Rule, Suggestion
from app.people.rights import NotAllowed
from app.routing.route import route_waiting
from app.routing.rules import BadRule, Tally, add_rule, switch_rule, tallies
from app.routing.transfer import reroute
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in, the_case


def add(by, **given):
    """A rule with what is not said left out."""
    wanted = {"account_id": None, "words": "", "department": "", "urgent": False, **given}
    return add_rule(**wanted, by=by, now=MONDAY)


def route(router):
    """Route what waits."""
    return route_waiting(lambda: router, threshold=0.5, now=MONDAY)


@pytest.mark.parametrize("role", ["customer_service", "handler", "communications"])
def test_only_administrators_write_rules(app, role):
    """Somebody whose role does not allow it can neither write a rule nor switch one."""
    admin = a_person("administrator", now=MONDAY)
    rule = add(admin, words="halka", department="gata-park")
    department = "miljo" if role == "handler" else ""
    other = a_person(role, department=department, now=MONDAY)
    with pytest.raises(NotAllowed):
        add(other, words="halka", department="gata-park")
    with pytest.raises(NotAllowed):
        switch_rule(rule.id, on=False, by=other, now=MONDAY)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"department": "miljo"}, "empty"),
        ({"words": " , *", "department": "miljo"}, "empty"),
        ({"words": "halka"}, "nothing"),
        ({"words": "halka", "department": "månen"}, "department"),
        ({"words": "x" * 501, "department": "miljo"}, "long"),
        ({"account_id": 4711, "department": "miljo"}, "account"),
    ],
)
def test_a_rule_that_says_too_little_is_refused(app, given, why):
    """A rule needs a when and a what that exist; the reason says which is missing."""
    with pytest.raises(BadRule) as caught:
        add(a_person("administrator", now=MONDAY), **given)
    assert caught.value.why == why


def test_words_decide_over_the_model(app, small_router):
    """A rule's words put the case with its department, urgent, with the rule in the ledger."""
    admin = a_person("administrator", now=MONDAY)
    rule = add(admin, words="soptunna*, sopor", department="gata-park", urgent=True)
    take_in(an_account(now=MONDAY), said("Soptunnan är inte tömd", at=MONDAY))
    route(small_router)
    case, suggestion = the_case(), db.session.query(Suggestion).one()
    assert case.department.slug == "gata-park"
    assert (suggestion.rule_id, suggestion.certainty) == (rule.id, 1.0)
    assert suggestion.words == ["Soptunnan"]
    assert suggestion.next[0][0] == "vatten-avfall"
    assert case.urgent
    assert case.urgent_why == "Soptunnan"
    event = db.session.query(Event).filter_by(name="case_routed").one()
    assert event.details["rule"] == rule.id


@pytest.mark.parametrize("text", ["Osoptunnad mark", "Är sop-tunnan bra"])
def test_words_are_met_whole(app, small_router, text):
    """A rule's word inside another word, or cut by a sign, is not met."""
    add(a_person("administrator", now=MONDAY), words="soptunna*", department="utbildning")
    take_in(an_account(now=MONDAY), said(text, at=MONDAY))
    route(small_router)
    assert db.session.query(Suggestion).one().rule_id is None


def test_an_account_decides(app, small_router):
    """A rule for one account takes that account's comments and no other's."""
    mine, other = an_account(now=MONDAY), an_account(now=MONDAY)
    admin = a_person("administrator", now=MONDAY)
    rule = add(admin, account_id=mine.account_id, department="utbildning")
    take_in(mine, said("Brunt vatten i kranen", at=MONDAY))
    take_in(other, said("Brunt vatten i kranen", at=MONDAY))
    route(small_router)
    decided = [row.rule_id for row in db.session.query(Suggestion).order_by(Suggestion.case_id)]
    assert decided == [rule.id, None]


def test_a_rule_switched_off_decides_nothing(app, small_router):
    """Switched off it is passed over; switched on again it decides, each time told in the ledger."""
    admin = a_person("administrator", now=MONDAY)
    rule = add(admin, words="vatten", department="utbildning")
    source = an_account(now=MONDAY)
    switch_rule(rule.id, on=False, by=admin, now=MONDAY)
    take_in(source, said("Brunt vatten i kranen", at=MONDAY, by="A"))
    route(small_router)
    switch_rule(rule.id, on=True, by=admin, now=MONDAY)
    take_in(source, said("Brunt vatten i kranen", at=MONDAY, by="B"))
    route(small_router)
    decided = [row.rule_id for row in db.session.query(Suggestion).order_by(Suggestion.case_id)]
    assert decided == [None, rule.id]
    assert db.session.query(Event).filter_by(name="rule_switched").count() == 2
    assert db.session.query(Rule).count() == 1


def test_a_reason_never_shows_an_identity_number(app, small_router):
    """What stands in lists as the reason for urgency has personal identity numbers masked."""
    add(a_person("administrator", now=MONDAY), words="19121212*", urgent=True)
    take_in(an_account(now=MONDAY), said("Hjälp 191212121212 svarar inte", at=MONDAY))
    route(small_router)
    case, suggestion = the_case(), db.session.query(Suggestion).one()
    assert case.urgent
    for kept in (case.urgent_why, *suggestion.urgent_words):
        assert "1212" not in kept


def test_hits_and_misses_are_counted(app, small_router):
    """Two cases decided by a rule, one moved by a person: two hits and one miss."""
    admin, anna = a_person("administrator", now=MONDAY), a_person(now=MONDAY)
    rule = add(admin, words="vatten", department="utbildning")
    source = an_account(now=MONDAY)
    take_in(source, said("Brunt vatten i kranen", at=MONDAY, by="A"))
    take_in(source, said("Inget vatten", at=MONDAY, by="B"))
    route(small_router)
    first = db.session.query(Suggestion).order_by(Suggestion.case_id).first()
    reroute(first.case_id, to="vatten-avfall", by=anna, now=MONDAY)
    assert tallies() == {rule.id: Tally(2, 1)}


def test_urgency_by_a_rule_is_counted_and_told(app, small_router):
    """A rule that only says urgent has its hits, stands in the ledger, and its account is a reason."""
    source = an_account(now=MONDAY)
    rule = add(a_person("administrator", now=MONDAY), account_id=source.account_id, urgent=True)
    take_in(source, said("Brunt vatten i kranen", at=MONDAY))
    route(small_router)
    case = the_case()
    assert (case.urgent, case.urgent_by_rule, case.urgent_why) == (True, True, "Stadsbloggen")
    assert case.department.slug == "vatten-avfall"
    assert tallies() == {rule.id: Tally(1, 0)}
    event = db.session.query(Event).filter_by(name="case_routed").one()
    assert event.details["urgent_rule"] == rule.id
    assert "rule" not in event.details


def test_a_rule_to_a_closed_department_leaves_the_case_unsure(app, small_router):
    """When the department has closed since, the case waits for a person."""
    add(a_person("administrator", now=MONDAY), words="vatten", department="utbildning")
    db.session.query(Department).filter_by(slug="utbildning").update({"open": False})
    db.session.commit()
    take_in(an_account(now=MONDAY), said("Brunt vatten i kranen", at=MONDAY))
    route(small_router)
    case = the_case()
    assert case.department_id is None
    assert not case.no_answer_needed
