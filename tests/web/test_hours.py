"""The page of opening hours and goals, and by when a case shall be answered, in words."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.basics.clock import STOCKHOLM
from app.basics.working_time import DAYS, OpeningHours
from app.database import db
from app.models import Calendar, Department, Event, Goal
from app.people.hours import times
from app.people.rights import NotAllowed
from app.people.timetable import BadTimes, keep_goal, keep_hours
from app.reports.turns import keep_up
from app.routing.transfer import reroute
from app.web.due import due_told
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in
from tests.web.test_roles import signed_in
from tests.web.test_templates import post

WEEK = dict.fromkeys(DAYS[:5], "08.00–16.30")
RULES = {name: [["08:00", "16:30"]] for name in DAYS[:5]}
PAGE = "/oppettider"
LUNCH = WEEK | {"avdelning": "miljo", "fran": "2026-12-01", "tue": "8-12, 13 till 16"}


@pytest.fixture
def erik(app, at):
    """Somebody at communications."""
    at(MONDAY)
    return a_person("communications", "Erik Nord", now=MONDAY)


def local(*parts):
    return datetime(*parts, tzinfo=STOCKHOLM).astimezone(UTC)


def id_of(slug):
    return db.session.scalar(select(Department.id).where(Department.slug == slug))


@pytest.mark.parametrize("role", ["customer_service", "handler", "manager"])
def test_others_may_not_change_hours_or_goals(app, role):
    """Neither page nor function lets anybody but communications and administrators change them."""
    other = a_person(role, "Omar Ali", "miljo", now=MONDAY)
    client = signed_in(app, other.login)
    assert client.get(PAGE).status_code == 403
    assert post(client, PAGE, **LUNCH).status_code == 403
    with pytest.raises(NotAllowed):
        keep_hours("", valid_from=MONDAY.date(), rules=RULES, by=other, now=MONDAY)
    with pytest.raises(NotAllowed):
        keep_goal("", "", amount=2, unit="days", valid_from=MONDAY.date(), by=other, now=MONDAY)
    assert db.session.scalar(select(Calendar.id)) is None


def test_a_new_version_counts_from_its_day_on(app, erik):
    """Lunch closing from a day on leaves the days before as they were, and shows on the page."""
    client = signed_in(app, erik.login)
    more = {"sommar_fran": "15/6", "sommar_till": "15/8", "sommar": "8-15", "skartorsdagen": "12",
            "klamdag": "closed", "egna": "2026-12-23 8–12\n2026-12-22 stängt"}  # fmt: skip
    assert post(client, PAGE, **LUNCH, **more).status_code == 302
    miljo, city = times().calendar(id_of("miljo")), times().calendar(None)
    assert [len(miljo.intervals(date(2026, 11, day))) for day in (24, 25)] == [1, 1]
    assert miljo.intervals(date(2026, 12, 1)) == (
        (local(2026, 12, 1, 8), local(2026, 12, 1, 12)),
        (local(2026, 12, 1, 13), local(2026, 12, 1, 16)),
    )
    assert miljo.intervals(date(2026, 12, 22)) == ()
    assert miljo.intervals(date(2027, 3, 25)) == ((local(2027, 3, 25, 8), local(2027, 3, 25, 12)),)
    assert miljo.intervals(date(2027, 5, 7)) == ()  # between Ascension and a Saturday
    assert miljo.intervals(date(2027, 7, 5))[0][1] == local(2027, 7, 5, 15)
    assert len(city.intervals(date(2026, 12, 1))) == 1
    page = client.get(PAGE + "?avdelning=miljo").text
    assert "Tisdag 08.00–12.00, 13.00–16.00" in page
    assert "gäller inte än" in page
    told = db.session.scalars(select(Event.details).where(Event.name == "hours_changed")).one()
    assert told == {"department": "miljo", "valid_from": "2026-12-01"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"fran": "2026-11-22"}, "Välj i dag eller en senare dag"),
     ({"fran": "i morgon"}, "Skriv en dag, som 2027-01-01."),
     ({"mon": "åtta till fyra"}, "Skriv som 08.00–16.30"),
     ({"mon": "16-8"}, "Det öppnar 16.00 men stänger 08.00."),
     ({"mon": "8-12, 11-16"}, "Tiderna går in i varandra"),
     ({"mon": "8-25"}, "Skriv ett klockslag, som 12.00."),
     ({"avdelning": "finns-inte"}, "Avdelningen finns inte"),
     ({"skartorsdagen": "tolv"}, "Skriv ett klockslag, som 12.00."),
     ({"sommar": "8-15", "sommar_fran": "juni"}, "Skriv dag och månad, som 15/6."),
     ({"sommar": "8-15", "sommar_fran": "15/8", "sommar_till": "15/6"}, "börja före"),
     ({"egna": "julafton 8-12"}, "Skriv en dag per rad"),
     (dict.fromkeys(WEEK, ""), "Fyll i minst en dag")],
)  # fmt: skip
def test_faults_are_told_in_plain_words(app, erik, change, sentence):
    """What cannot be hours is told where it stands; what was typed stays, and nothing is kept."""
    answer = post(signed_in(app, erik.login), PAGE, **(LUNCH | change))
    assert answer.status_code == 400
    assert sentence in answer.text
    assert all(value in answer.text for name, value in change.items() if name != "avdelning")
    assert db.session.scalar(select(Calendar.id)) is None


def test_a_goal_moves_the_due_time_and_the_figures(app, erik):
    """Two working days from today on: clock, page and open turns all say so at once."""
    source = an_account("practice", now=MONDAY)
    take_in(source, said("Buller", at=MONDAY))
    reroute(1, to="miljo", by=erik, now=MONDAY)
    keep_up(now=MONDAY)
    client = signed_in(app, erik.login)
    assert "besvaras i morgon före 16.30" in client.get("/arenden/1").text
    form = {"mal_avdelning": "miljo", "mal_antal": "2", "mal_enhet": "days",
            "mal_fran": "2026-11-23"}  # fmt: skip
    assert post(client, PAGE + "/mal", **form).status_code == 302
    assert "besvaras senast ons 25 nov 16.30" in client.get("/arenden/1").text
    assert "2 arbetsdagar" in client.get(PAGE).text
    from app.models import Turn

    keep_up(now=MONDAY + timedelta(minutes=1))
    assert db.session.scalars(select(Turn.due_at)).one() == local(2026, 11, 25, 16, 30)
    wrong = post(client, PAGE + "/mal", **(form | {"mal_antal": "0"}))
    assert wrong.status_code == 400
    assert "Skriv ett helt antal" in wrong.text
    assert db.session.scalars(select(Goal.amount)).all() == [2]


def test_goals_go_from_the_narrow_to_the_wide(app, erik):
    """Department and channel before department, before channel, before the city's, by their day."""
    day, later = MONDAY.date(), date(2027, 1, 1)
    for home, channel, amount, unit, first in (
        ("", "", 3, "days", day), ("", "x", 4, "hours", day), ("miljo", "", 2, "days", day),
        ("miljo", "x", 1, "hours", later),
    ):  # fmt: skip
        facts = {"amount": amount, "unit": unit, "valid_from": first}
        keep_goal(home, channel, **facts, by=erik, now=MONDAY)
    known, miljo = times(), id_of("miljo")

    def goal(*asked):
        found = known.goal(*asked)
        return found.amount, found.unit

    assert goal(day, miljo, "x") == (2, "days")
    assert goal(later, miljo, "x") == (1, "hours")
    assert goal(day, None, "x") == (4, "hours")
    assert goal(day, None, "facebook") == (3, "days")
    assert goal(date(2026, 11, 22), miljo, "x") == (1, "days")
    assert known.due(local(2027, 1, 4, 16), miljo, "x") == local(2027, 1, 5, 8, 30)


def test_the_citys_version_holds_for_those_without_their_own(app, erik):
    """A version for the whole city counts for a department until it gets hours of its own."""
    short = RULES | {"mon": [["08:00", "12:00"]]}
    keep_hours("", valid_from=MONDAY.date(), rules=short, by=erik, now=MONDAY)
    keep_hours("miljo", valid_from=date(2026, 12, 7), rules=RULES, by=erik, now=MONDAY)
    known = times()
    closes = [known.calendar(id_of(slug)).intervals(day)[0][1].astimezone(STOCKHOLM).hour
              for slug in ("miljo", "utbildning")
              for day in (date(2026, 11, 30), date(2026, 12, 7))]  # fmt: skip
    assert closes == [12, 16, 12, 12]
    with pytest.raises(BadTimes):
        keep_hours("", valid_from=date(2026, 11, 22), rules=RULES, by=erik, now=MONDAY)


@pytest.mark.parametrize(
    ("due", "told"),
    [((2026, 11, 23, 15, 10), "besvaras i dag före 15.10"),
     ((2026, 11, 24, 12, 0), "besvaras i morgon före 12.00"),
     ((2026, 12, 1, 16, 30), "besvaras senast tis 1 dec 16.30"),
     ((2026, 11, 23, 9, 30), "skulle ha besvarats 09.30"),
     ((2026, 11, 20, 16, 30), "skulle ha besvarats fre 20 nov 16.30")],
)  # fmt: skip
def test_the_due_time_is_said_in_words(app, due, told):
    """Today and tomorrow by name, later days by date, and what is late as what should have been."""
    with app.test_request_context():
        assert due_told(local(*due), MONDAY) == told


def test_what_the_page_shows_is_what_it_reads(app):
    """A version's form, sent back unchanged, is the same hours."""
    from app.web.hours import form_of, rules_of

    rules = RULES | {"tue": [["08:00", "12:00"], ["13:00", "16:30"]], "2026-12-23": [],
                     "2026-12-22": [["09:00", "12:00"]], "squeeze": "closed",
                     "short": {"skartorsdagen": "12:00"},
                     "summer": {"from": "06-15", "to": "08-15",
                                **{d: [["08:00", "15:00"]] for d in DAYS[:5]}}}  # fmt: skip
    hours = OpeningHours.from_dict(rules)
    with app.test_request_context():
        assert OpeningHours.from_dict(rules_of(form_of(hours))) == hours
