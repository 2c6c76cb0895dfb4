"""What each list holds and in which order, for everybody who may see it."""

from datetime import timedelta

import pytest

from app.database import db, writing
from app.inbox.counting import counts, sizes
from app.inbox.lists import A_PAGE, listed, place_of
from app.inbox.wishes import Age, Order, View, Wish
from app.models import Case, Presence
from app.people.rights import visible_cases
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in

HOUR = timedelta(hours=1)
LATE = MONDAY - 24 * HOUR
WHEN = {"now": MONDAY, "late_before": LATE}


@pytest.fixture
def residents(app):
    """Five who wrote, A first; C's is urgent, B's is in English, D praises."""
    source = an_account(now=MONDAY)
    words = [said(f"Ord från {who}", at=MONDAY - hours * HOUR, by=who)
             for who, hours in zip("ABCDE", (200, 30, 5, 2, 0.5), strict=True)]  # fmt: skip
    take_in(source, *words, now=MONDAY)
    change("B", language="en")
    change("C", urgent=True, sort_at=MONDAY - 5 * HOUR - timedelta(days=36500))
    change("D", kind="beröm")
    return source


def change(who, **values):
    """A case as something has made it."""
    with writing():
        case = db.session.query(Case).filter_by(person_name=who).one()
        for name, value in values.items():
            setattr(case, name, value)
    return case


def names(staff, **wish):
    """Who stands in a list, in order; and that its count says the same."""
    found = Wish(**wish)
    rows = [row.Case.person_name for row in listed(found, staff, **WHEN)]
    assert sizes([found], staff, **WHEN) == [len(rows)]
    return "".join(rows)


def test_three_orders(residents):
    """Least time left has urgent ones on top; by age they stand where they belong."""
    anna = a_person(now=MONDAY)
    assert names(anna) == "CABDE"
    assert names(anna, order=Order.OLDEST) == "ABCDE"
    assert names(anna, order=Order.NEWEST) == "EDCBA"


def test_filters_narrow_together(residents):
    """Each filter holds, several hold at once, and each goes with every view."""
    anna, erik = a_person(now=MONDAY), a_person("communications", "Erik Norén", now=MONDAY)
    change("A", assignee_id=erik.id)
    put_with(change("E"), "miljo")
    account = cases()[0].account_id
    assert names(anna, language="en") == "B"
    assert names(anna, kind="beröm") == "D"
    assert names(anna, urgent=True) == "C"
    assert names(anna, assignee=str(erik.id)) == "A"
    assert names(erik, assignee="jag") == "A"
    assert names(anna, assignee="ingen", order=Order.OLDEST) == "BCDE"
    assert names(anna, department="miljo") == "E"
    assert names(anna, account=account, channel="wordpress") == "CABDE"
    assert names(anna, account=account + 1) == ""
    assert names(anna, account=account, language="en", assignee="ingen") == "B"
    assert names(anna, department="miljo", kind="beröm") == ""
    assert names(anna, view=View.UNSURE, urgent=True) == "C"
    for view in View:
        assert set(names(anna, view=view, kind="beröm", channel="wordpress")) <= {"D"}


@pytest.mark.parametrize(
    ("age", "who"),
    [(Age.HOUR, "ABCD"), (Age.LATE, "AB"), (Age.DAY, "AB"), (Age.THREE_DAYS, "A"), (Age.WEEK, "A")],
)
def test_age_is_how_long_somebody_has_waited(residents, age, who):
    """A list by age holds those who have waited so long and still wait, urgent ones too."""
    anna = a_person(now=MONDAY)
    assert names(anna, age=age, order=Order.OLDEST) == who
    change("A", waiting_since=None)
    assert names(anna, age=age, order=Order.OLDEST) == who.replace("A", "")
    assert names(anna, age=age, view=View.DONE) == names(anna, age=age, view=View.WAITING) == ""


def test_what_is_put_aside_or_follows_another_is_out_of_the_lists(residents):
    """Snoozed and merged cases are in no list and no count, until the time has come."""
    anna = a_person(now=MONDAY)
    one = change("A", snoozed_until=MONDAY + HOUR, assignee_id=anna.id)
    change("B", snoozed_until=MONDAY + HOUR / 2)
    change("C", merged_into_id=one.id)
    change("D", snoozed_until=MONDAY)
    assert names(anna) == "DE"
    assert names(anna, view=View.UNSURE) == names(anna, view=View.UNASSIGNED) == "DE"
    assert names(anna, view=View.MINE) == ""
    assert names(anna, view=View.SNOOZED) == "BA"
    found = counts(anna, departments=["miljo"], channels=["wordpress"], **WHEN)
    assert found.views == {"mina": 0, "otilldelade": 2, "osakra": 2, "oppna": 2, "vantar": 0,
                           "undanlagda": 2, "klara": 0}  # fmt: skip
    assert (found.late, found.channels) == (0, {"wordpress": 2})
    later = {"now": MONDAY + 2 * HOUR, "late_before": LATE}
    assert counts(anna, departments=[], channels=[], **later).views["oppna"] == 4


@pytest.mark.parametrize("order", list(Order))
def test_pages_follow_each_other_without_a_gap(app, order):
    """From page to page every case comes once, in each order, urgent ones among them."""
    source, anna = an_account(now=MONDAY), a_person(now=MONDAY)
    count = 2 * A_PAGE + 3
    take_in(source, *(said("Hej", at=MONDAY - n * HOUR, by=f"P{n}") for n in range(count)))
    with writing():
        for case in db.session.query(Case).filter(Case.id % 7 == 0):
            case.urgent, case.sort_at = True, case.sort_at - timedelta(days=36500)
    seen, after = [], None
    for _ in range(3):
        rows = listed(Wish(order=order, after=after), anna, **WHEN)
        seen += [row.Case for row in rows[:A_PAGE]]
        after = (place_of(seen[-1], Wish(order=order)), seen[-1].id)
    assert len(seen) == len({case.id for case in seen}) == count
    if order != Order.LEAST_TIME:
        since = [case.waiting_since for case in seen]
        assert since == sorted(since, reverse=order == Order.NEWEST)


def test_a_handler_sees_and_counts_what_is_theirs(residents):
    """The department's cases and those one has taken, each once, whatever the list is."""
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    for who in "AB":
        put_with(change(who), "miljo")
    change("B", assignee_id=petra.id)
    change("D", assignee_id=petra.id)
    put_with(change("E"), "gata-park")
    assert names(petra, order=Order.OLDEST) == "ABD"
    assert names(petra, order=Order.NEWEST) == "DBA"
    assert names(petra, view=View.MINE) == "BD"
    assert names(petra, view=View.UNSURE) == "D"
    assert names(petra, department="gata-park") == ""
    assert names(petra, department="gata-park", channel="wordpress") == ""
    found = counts(petra, departments=["miljo", "gata-park"], channels=[], **WHEN)
    assert (found.views["oppna"], found.departments) == (3, {"miljo": 2, "gata-park": 0})
    allowed = {case.person_name for case in db.session.query(Case).filter(visible_cases(petra))}
    assert set(names(petra)) == allowed


def test_a_row_says_who_writes(residents):
    """Somebody else who typed within the last minute is named; oneself and old typing are not."""
    anna, erik = a_person(now=MONDAY), a_person("communications", "Erik Norén", now=MONDAY)
    case = change("A")
    with writing():
        db.session.add(Presence(staff_id=erik.id, case_id=case.id, seen_at=MONDAY,
                                writing_at=MONDAY - timedelta(seconds=50)))  # fmt: skip
    writers = {row.Case.person_name: row.writer for row in listed(Wish(), anna, **WHEN)}
    assert writers == {"A": "Erik Norén", "B": None, "C": None, "D": None, "E": None}
    assert not any(row.writer for row in listed(Wish(), erik, **WHEN))
    later = {"now": MONDAY + timedelta(seconds=11), "late_before": LATE}
    assert not any(row.writer for row in listed(Wish(), anna, **later))


def test_named_lists_are_counted_together(residents):
    """Several lists get each its own count, also those that hold the same, and none is no question."""
    anna = a_person(now=MONDAY)
    wishes = [Wish(), Wish(kind="beröm"), Wish(), Wish(view=View.DONE)]
    assert sizes(wishes, anna, **WHEN) == [5, 1, 5, 0]
    assert sizes([], anna, **WHEN) == []
