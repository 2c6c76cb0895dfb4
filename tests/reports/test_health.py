"""The lights: each is lit by what it says, and by nothing else."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.collecting import incidents
from app.database import db, writing
from app.models import Account, Source
from app.reports.health import LATE_AFTER, TROUBLE, Light, health_of_sources, light_of
from app.web.words import LIGHTS
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in

READ = {"last_read_at": MONDAY, "next_look_at": MONDAY}
MINUTE = timedelta(minutes=1)
ROWS = [
    (Light.FINE, READ, {}),
    (Light.FINE, READ | {"next_look_at": MONDAY - LATE_AFTER}, {}),
    (Light.FINE, READ | {"failures": 5}, {}),
    (Light.FIRST_READING, {"last_read_at": None}, {}),
    (Light.TRYING_AGAIN, READ | {"error_class": "TryLater", "failures": 1}, {}),
    (Light.TRYING_AGAIN, READ | {"error_class": "TryLater", "failures": 2}, {}),
    (Light.SIGN_IN_NEEDED, READ | {"error_class": "SignInNeeded", "failures": 1}, {}),
    (Light.SIGN_IN_NEEDED, READ | {"error_class": "SignInNeeded", "failures": 9}, {}),
    (Light.BUDGET_SPENT, READ | {"error_class": "BudgetSpent", "failures": 9}, {}),
    (Light.PLATFORM_TROUBLE, READ | {"error_class": "TryLater", "failures": 3}, {}),
    (Light.PLATFORM_TROUBLE, READ | {"error_class": "Refused", "failures": 1}, {}),
    (Light.GONE, READ | {"error_class": "Gone", "failures": 1, "state": "gone"}, {}),
    (Light.GONE, READ | {"state": "gone"}, {"state": "paused"}),
    (Light.OUR_FAULT, READ | {"error_class": "OurFault", "failures": 1}, {}),
    (Light.NOT_COLLECTED, READ | {"next_look_at": MONDAY - LATE_AFTER - MINUTE}, {}),
    (Light.NOT_COLLECTED, {"last_read_at": None, "next_look_at": MONDAY - 2 * LATE_AFTER}, {}),
    (Light.SWITCHED_OFF, READ | {"state": "off"}, {}),
    (Light.NOT_APPROVED, READ, {"approved_until": MONDAY - MINUTE}),
    (Light.SWITCHED_OFF, READ | {"error_class": "SignInNeeded"}, {"state": "paused"}),
]
"""A light, and what stands in the source's and the account's row when it is lit."""


@pytest.mark.parametrize(("light", "of_source", "of_account"), ROWS)
def test_a_light_says_how_the_source_fares(app, light, of_source, of_account):
    """Each light is lit by its cause; those that ask for a person's hand count as trouble."""
    source = an_account(now=MONDAY)
    with writing():
        db.session.execute(update(Source).values(**of_source))
        if of_account:
            db.session.execute(update(Account).values(**of_account))
    source = db.session.get(Source, source.id, populate_existing=True)
    db.session.refresh(source.account)
    assert light_of(source, MONDAY) is light
    (health,) = health_of_sources(MONDAY)
    calm = {Light.FINE, Light.FIRST_READING, Light.SWITCHED_OFF}
    assert health.trouble == (light not in calm)


def test_every_light_is_proven_and_has_words():
    """No light is without a row above or a test below, and none without words for what to do."""
    assert {row[0] for row in ROWS} | {Light.READ_ONLY, Light.QUIET} == set(Light) == set(LIGHTS)
    assert set(Light) > TROUBLE


def test_what_needs_a_hand_stands_first(app):
    """The troubled sources come before the others, each group in the order they were connected."""
    first, second, third = (an_account(now=MONDAY).id for _ in range(3))
    with writing():
        db.session.execute(update(Source).values(last_read_at=MONDAY))
        troubled = update(Source).where(Source.id.in_([second, third]))
        db.session.execute(troubled.values(error_class="SignInNeeded"))
    assert [one.source.id for one in health_of_sources(MONDAY)] == [second, third, first]


def test_a_channel_in_an_incident_is_read_only(app):
    """What is fine is told as read-only while an administrator has switched its channel so."""
    source = an_account(now=MONDAY)
    other = an_account("feed", now=MONDAY)
    ida = a_person("administrator", "Ida Alm", now=MONDAY)
    with writing():
        db.session.execute(update(Source).values(last_read_at=MONDAY))
    incidents.begin("wordpress", text="Nere", by=ida, now=MONDAY)
    lights = {one.source.id: one.light for one in health_of_sources(MONDAY)}
    assert lights == {source.id: Light.READ_ONLY, other.id: Light.FINE}


def test_a_lively_source_that_falls_silent_is_told_and_is_no_trouble(app):
    """Two an hour for four weeks and then nothing for a working morning: unusually quiet."""
    source = an_account(now=MONDAY)
    until = MONDAY - timedelta(hours=6)
    for week in range(4):
        words = [
            said("Hej", at=until - timedelta(weeks=week, minutes=30 * n), by=f"P{n % 40}")
            for n in range(1, 336)
        ]
        take_in(source, *words, now=until - timedelta(weeks=week))
    with writing():
        db.session.execute(update(Source).values(last_read_at=MONDAY, next_look_at=MONDAY))
    (health,) = health_of_sources(MONDAY)
    assert (health.light, health.trouble) == (Light.QUIET, False)
    (unheard,) = health_of_sources(MONDAY, listen=False)
    assert unheard.light is Light.FINE
