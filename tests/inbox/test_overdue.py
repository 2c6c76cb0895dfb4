"""What is over its goal: it lies on the manager's list, by each department's own hours and goal."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.basics.clock import STOCKHOLM
from app.database import db
from app.inbox.digests import queue_digests
from app.inbox.handle import close, snooze
from app.inbox.overdue import overdue
from app.models import Mail
from app.models.case import Outcome
from app.people.hours import times
from app.people.timetable import keep_goal, keep_hours
from app.routing.transfer import reroute
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in
from tests.inbox.test_letters import box as box
from tests.inbox.test_letters import reads, run

pytestmark = pytest.mark.once
HOUR = timedelta(hours=1)
TUESDAY = datetime(2026, 11, 24, 16, 31, tzinfo=STOCKHOLM).astimezone(UTC)
WEDNESDAY = datetime(2026, 11, 25, 8, 1, tzinfo=STOCKHOLM).astimezone(UTC)


def two_cases():
    """Of Monday morning: one with the environment department, one with streets and parks."""
    source = an_account("practice", now=MONDAY)
    for name, home in (("Ali", "miljo"), ("Bea", "gata-park")):
        take_in(source, said("Hej", at=MONDAY, by=name))
        put_with(cases()[-1], home)


def test_a_manager_sees_their_own_departments_late_cases_alone(app):
    """What another department has let lie is on its own manager's list, and the whole city's."""
    two_cases()
    mine = a_person("manager", "Karin Ek", "miljo", now=MONDAY)
    city = a_person("manager", "Eva Berg", now=MONDAY)
    known = times()
    assert overdue(mine, known, now=TUESDAY - timedelta(minutes=2)) == []
    assert overdue(mine, known, now=TUESDAY) == [1]
    assert overdue(city, known, now=TUESDAY) == [1, 2]


def test_only_an_answer_or_a_closing_takes_a_case_off_the_list(app):
    """Put aside, handed over or moved, it stays past its time; the goal of where it lies counts."""
    two_cases()
    karin = a_person("manager", "Eva Berg", now=MONDAY)
    snooze(1, until=TUESDAY + 48 * HOUR, by=karin, now=MONDAY)
    assert overdue(karin, times(), now=TUESDAY) == [1, 2]
    admin = a_person("administrator", "Ada Lund", now=MONDAY)
    facts = {"amount": 3, "unit": "days", "valid_from": MONDAY.date()}
    keep_goal("miljo", "", **facts, by=admin, now=MONDAY)
    assert overdue(karin, times(), now=TUESDAY) == [2]
    reroute(2, to="miljo", by=karin, now=TUESDAY)
    assert overdue(karin, times(), now=TUESDAY) == []
    assert overdue(karin, times(), now=TUESDAY + 48 * HOUR) == [1, 2]
    close(2, outcome=Outcome.SPAM, reason="", by=karin, seen_version=1, now=TUESDAY)
    assert overdue(karin, times(), now=TUESDAY + 48 * HOUR) == [1]


def test_the_managers_letter_tells_what_is_over_its_time(app, box):
    """A manager's day letter counts what is over its goal, with links; a handler's does not."""
    two_cases()
    reads(a_person("manager", "Karin Ek", "miljo", now=MONDAY), "digest")
    (letter,) = run(box, WEDNESDAY)
    text = letter.body
    assert "1 ärende är över tiden." in text
    assert "/arenden?alder=over" in text
    assert "/arenden/1\n" in text
    assert "/arenden/2" not in text


def test_no_reminder_on_a_day_the_department_is_closed(app):
    """On a squeeze day that a department does not work nobody there gets the day's letter."""
    two_cases()
    reads(a_person("handler", "Petra Lund", "miljo", now=MONDAY), "digest")
    admin = a_person("administrator", "Ada Lund", now=MONDAY)
    week = {day: [["08:00", "16:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    rules = week | {"squeeze": "closed"}
    keep_hours("miljo", valid_from=MONDAY.date(), rules=rules, by=admin, now=MONDAY)
    between = datetime.combine(date(2027, 5, 7), MONDAY.time(), UTC)
    assert queue_digests(now=between) == 0
    assert queue_digests(now=between + timedelta(days=3)) == 1
    assert db.session.query(Mail).count() == 1
