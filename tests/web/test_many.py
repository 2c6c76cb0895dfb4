"""Several cases at once: shown first, done to those that stand as shown, put back where untouched."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.database import db, writing
from app.inbox import handle, many
from app.inbox.clocks import set_clocks
from app.models import BulkAct, Case, Correction, Event
from app.models.case import Outcome
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, messages, put_with, said, take_in
from tests.web.test_roles import signed_in, token

HOUR = timedelta(hours=1)


@pytest.fixture
def world(app, at):
    """Four residents' cases with Miljö, and Anna signed in."""
    at(MONDAY)
    source = an_account(now=MONDAY)
    take_in(source, *(said("Hej", at=MONDAY - HOUR, by=who) for who in "ABCD"), now=MONDAY)
    for case in cases():
        put_with(case, "miljo")
    anna = a_person(now=MONDAY)
    client = signed_in(app, anna.login)
    client.source, client.anna = source, anna
    return client


def picks():
    """All cases chosen, as the rows on the screen send them."""
    return [f"{case.id}.{many.stamp_of(case)}" for case in cases()]


def do(client, gor, chosen, **more):
    """Press the button on the page that says what will happen."""
    form = {"csrf_token": token(client.get("/mitt-konto").text), "gor": gor, "val": chosen}
    return client.post("/arenden/flera", data={**form, **more}, follow_redirects=True)


def undo(client, number=1):
    """Press Ångra."""
    form = {"csrf_token": token(client.get("/mitt-konto").text)}
    return client.post(f"/arenden/flera/{number}/angra", data=form, follow_redirects=True).text


def standing():
    """Everything of every case, as it stands."""
    return [[getattr(case, name) for name in (*many.KEPT, "sort_at")] for case in cases()]


def named(name):
    """How many events of that name there are."""
    db.session.commit()
    return len(db.session.scalars(select(Event).where(Event.name == name)).all())


def test_nothing_is_done_to_what_one_may_not_touch(world, app):
    """A handler of another department changes nothing, and is told nothing of the cases."""
    before = standing()
    omar = signed_in(app, a_person("handler", "Omar Nasser", "gata-park", now=MONDAY).login)
    page = omar.get("/arenden/flera", query_string={"gor": "ta", "val": picks()}).text
    assert "Inget av de valda ärendena kan ändras så" in page
    assert page.count("Ett ärende som inte är öppet för dig") == 4
    assert "LA-2026" not in page
    assert "Lämnades som de är: 4 andra." in do(omar, "ta", picks()).text
    assert standing() == before
    do(world, "ta", picks())
    for page in (omar.get("/arenden/flera/1", follow_redirects=True).text, undo(omar)):
        assert "Det finns inget sådant att ångra." in page
    assert named("case_put_back") == 0


def test_the_page_says_what_will_happen_and_does_nothing(world):
    """Which cases change and how, which are left and why; nothing is changed by looking."""
    chosen = picks()
    handle.take(1, by=world.anna, now=MONDAY)
    handle.close(2, outcome=Outcome.SPAM, reason="", by=world.anna, seen_version=1, now=MONDAY)
    fresh = picks()[1]
    before = standing()
    asked = {"gor": "koppla.gata-park", "val": [chosen[0], fresh, *chosen[2:]]}
    page = world.get("/arenden/flera", query_string=asked).text
    assert "Koppla till Gata &amp; park" in page
    assert "2 ärenden ändras" in page
    assert page.count("Miljö <span") == 2
    assert "2 ärenden lämnas som de är" in page
    assert "Något har hänt i det sedan du valde det." in page
    assert "Det är klart eller står redan så." in page
    assert standing() == before
    assert (named("case_rerouted"), len(db.session.scalars(select(BulkAct)).all())) == (0, 0)


ACTS = [
    ("koppla.gata-park", {}, "case_rerouted"),
    ("koppla.ingen", {}, "case_rerouted"),
    ("ta", {}, "case_taken"),
    ("vanta", {}, "case_waiting"),
    ("klar.spam", {}, "case_closed"),
    ("klar.no_answer_needed", {"skal": "tackar bara"}, "case_closed"),
    ("klar.duplicate", {"skal": "samma fråga"}, "case_closed"),
    ("undan.imorgon", {}, "case_snoozed"),
    ("undan.tid", {"dag": "2026-12-01", "klocka": "09:30"}, "case_snoozed"),
]


def test_each_act_is_done_and_undone(world):
    """Each act reaches every case through its own event, and its undo leaves no trace but events."""
    before, words = standing(), [message.settled for message in messages()]
    for number, (gor, more, event) in enumerate(ACTS, start=1):
        so_many = named(event)
        assert "4 ärenden." in do(world, gor, picks(), **more).text
        assert named(event) == so_many + 4
        assert all(now != was for now, was in zip(standing(), before, strict=True))
        assert "4 ärenden är som förut." in undo(world, number)
        assert standing() == before
        assert [message.settled for message in messages()] == words
        assert named("case_put_back") == 4 * number
        assert "Det finns inget sådant att ångra." in undo(world, number)
    assert db.session.scalars(select(Correction)).all() == []
    set_clocks([1], now=MONDAY)
    db.session.commit()
    assert standing() == before


def test_release_is_undone_to_whom_it_was(world):
    """What several colleagues had is theirs again."""
    erik = a_person("communications", "Erik Norén", now=MONDAY)
    for number, who in ((1, erik), (2, world.anna)):
        handle.take(number, by=who, now=MONDAY)
    before = standing()
    page = do(world, "slapp", picks()).text
    assert "Släpp: 2 ärenden. Lämnades som de är: LA-2026-3, LA-2026-4." in page
    assert [case.assignee_id for case in cases()] == [None] * 4
    undo(world)
    assert standing() == before


def test_what_has_changed_since_the_page_is_left_and_named(world):
    """New words, another's taking and another's closing: each is left, the rest is done."""
    chosen = picks()
    take_in(world.source, said("Och en sak till", at=MONDAY, by="A"))
    erik = a_person("communications", "Erik Norén", now=MONDAY)
    handle.take(2, by=erik, now=MONDAY)
    page = do(world, "klar.spam", chosen).text
    assert "Lämnades som de är: LA-2026-1, LA-2026-2." in page
    assert [case.is_open for case in cases()] == [True, True, False, False]
    assert cases()[1].assignee_id == erik.id


def test_undo_leaves_what_somebody_has_changed_since(world):
    """A case with new words and one that a colleague has moved stay; the others are put back."""
    do(world, "klar.spam", picks())
    take_in(world.source, said("Varför svarar ni inte?", at=MONDAY + HOUR, by="A"))
    put_with(cases()[1], "gata-park")
    page = undo(world)
    assert "2 ärenden är som förut. Lämnades som de är: LA-2026-1, LA-2026-2." in page
    assert [case.is_open for case in cases()] == [True, False, True, True]
    assert named("case_put_back") == 2


def test_a_handler_can_undo_what_they_moved_away(world, app):
    """What a handler sent to another department by mistake comes back, though they no longer see it."""
    petra = signed_in(app, a_person("handler", "Petra Lund", "miljo", now=MONDAY).login)
    before = standing()
    do(petra, "koppla.gata-park", picks())
    page = petra.get("/arenden/flera/1").text
    assert "4 ärenden ligger inte hos dig längre." in page
    assert "LA-2026" not in page
    assert "4 ärenden är som förut." in undo(petra)
    assert standing() == before


def test_what_follows_a_case_is_put_back_with_it(world):
    """Cases that were closed together with the one they follow are open again after the undo."""
    with writing():
        db.session.get_one(Case, 2).merged_into_id = 1
    before = standing()
    do(world, "klar.spam", picks()[:1])
    undo(world)
    assert standing() == before


LACKING = [
    ("klar.no_answer_needed", {}, "Skriv ett kort skäl."),
    ("klar.duplicate", {"skal": " "}, "Skriv ett kort skäl."),
    ("undan.tid", {}, "Skriv både dag och klockslag."),
    ("undan.tid", {"dag": "2026-11-22", "klocka": "09:30"}, "Välj en tid som kommer"),
    ("klar.answered", {}, "Välj minst ett ärende"),
    ("koppla.finnsinte", {}, "Välj minst ett ärende"),
    ("publicera", {}, "Välj minst ett ärende"),
]


def test_nothing_is_done_before_all_is_said(world):
    """Without reason or time, and for what is not offered (above all answers), nothing happens."""
    before = standing()
    for gor, more, says in LACKING:
        assert says in do(world, gor, picks(), **more).text
        assert standing() == before


def test_at_most_a_hundred_and_no_nonsense(world):
    """Picks that are none are passed over, each case comes once, and there are at most a hundred."""
    read = many.read_picks(["1.a", "1.b", "x.y", "", "²", f"{10**12}.a"])
    assert [(pick.case_id, pick.stamp) for pick in read] == [(1, "a")]
    assert len(many.read_picks(f"{number}.a" for number in range(300))) == 100
    assert "Välj minst ett ärende" in do(world, "ta", ["x", ""]).text


def test_choosing_works_without_script(world, app):
    """Every row has a named box that belongs to the form, and the form asks only for a page."""
    page = world.get("/arenden").text
    boxes = re.findall(
        r'<input type="checkbox" id="val-\d+" name="val" value="([^"]+)" form="flera"', page
    )
    assert sorted(boxes) == sorted(picks())
    assert '<form class="pickbar" id="flera" action="/arenden/flera"' in page
    admin = signed_in(app, a_person("administrator", "Ada Admin", now=MONDAY).login)
    assert "data-pick" not in admin.get("/arenden").text
