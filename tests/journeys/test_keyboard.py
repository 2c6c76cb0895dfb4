"""A morning by the keyboard alone, and two people at one case while everything goes wrong."""

import re
import threading

import pytest
from sqlalchemy import delete, select, update
from werkzeug.serving import make_server

from app.basics import clock
from app.channels.practice import PracticeTown
from app.collecting.collect import collect_due
from app.database import db, writing
from app.models import Answer, Case, CaseSeen, Staff, StaffSession
from app.people.practice import PRACTICE_PASSWORD
from app.schedule import collector_of
from app.start import prepare
from tests.factories import cases
from tests.journeys.conftest import Served, keep, sign_in

pytestmark = pytest.mark.once


@pytest.fixture
def town(app):
    """The practice town as it starts; an answer waits until its author presses once more."""
    prepare(app)
    town = PracticeTown.open(app.config["DATA_DIR"], "Övningsstaden")
    collect_due(collector_of(app), all_now=True)
    with writing():
        db.session.execute(update(Staff).values(undo_seconds="tills"))
    return town


class Keyboard:
    """Somebody at the keyboard, without a mouse."""

    def __init__(self, page):
        self.page = page

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def hears(self, said):
        self.page.get_by_text(said).filter(visible=True).first.wait_for()

    def focus(self):
        return self.page.evaluate("(document.activeElement.id || document.activeElement.tagName)")

    def opens_next(self):
        """The next row of the list, from where one is."""
        before = self.page.url
        self.press("j", "Enter")
        self.page.wait_for_function("before => location.href !== before", arg=before)
        self.page.wait_for_selector("#konversation")


def answers_a_matter(keys, words):
    """R goes to the box, Ctrl+Enter sends."""
    keys.opens_next()
    keys.press("r")
    keys.page.keyboard.type(words)
    keys.press("Control+Enter")
    keys.hears("Väntar tills du trycker på Skicka nu.")


def closes_a_matter(keys):
    """E goes on to how it ended, Space chooses and Enter closes."""
    keys.opens_next()
    keys.press("e")
    keys.page.wait_for_function("() => document.activeElement.type === 'radio'")
    keys.press("Space", "Enter")
    keys.hears(re.compile(r"är klart\."))


def test_a_dozen_matters_without_the_mouse(app, town, served, page):
    """Answers, notes, re-routing, taking, waiting, closing, undo and help are each a key away."""
    sign_in(page, served, "anna", PRACTICE_PASSWORD)
    page.goto(f"{served.url}/arenden")
    keys = Keyboard(page)
    keys.press("Shift+?")
    keys.hears("Koppla till annan avdelning")
    keep(page, "tangentbladet")
    keys.press("j", "Escape")
    assert not page.locator("#tangentblad").is_visible()
    for number in range(3):
        answers_a_matter(keys, f"Hej, jag heter zara och återkommer. {number}")
    keys.press("z")
    keys.hears("Svaret är tillbaka som utkast.")
    keep(page, "svaret-ar-angrat")
    assert page.locator("#svar").input_value() == "Hej, jag heter zara och återkommer. 2"
    for _ in range(2):
        keys.opens_next()
        keys.press("n")
        page.keyboard.type("Ring Omar först")
        keys.press("Control+Enter")
        keys.hears("Anteckningen är sparad.")
    for _ in range(2):
        keys.opens_next()
        keys.press("2")
        keys.hears(re.compile("^Kopplat till"))
    keys.opens_next()
    keys.press("a")
    keys.hears("Ärendet är ditt.")
    keys.opens_next()
    keys.press("v")
    keys.hears("Ärendet väntar på invånaren")
    page.goto(f"{served.url}/arenden")
    closes_a_matter(keys)
    closes_a_matter(keys)
    keys.opens_next()
    opened = int(re.search(r"/arenden/(\d+)", page.url)[1])
    page.evaluate("htmx.ajax('GET', location.href, {target: '.thread', swap: 'outerHTML'})")
    keys.press("r", "Escape")
    assert keys.focus() == "trad"
    with page.expect_navigation():
        keys.press("u")
    keys.press("Shift+/")
    assert keys.focus() == "q"
    db.session.commit()
    assert len(db.session.scalars(select(Answer.id).where(Answer.state == "queued")).all()) == 2
    closed = select(Case.id).where(~Case.is_open, Case.outcome.is_not(None))
    assert len(db.session.scalars(closed).all()) >= 2
    seen = select(CaseSeen).where(CaseSeen.case_id == opened)
    assert all(
        one.version < db.session.get(Case, opened).version for one in db.session.scalars(seen)
    )


class Office:
    """A server that can be stopped and started again at its old address."""

    def __init__(self, app):
        self.app, self.port = app, 0
        self.start()

    def start(self):
        self.server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def office(app):
    """Open until the test is over."""
    office = Office(app)
    yield office
    office.stop()


@pytest.fixture
def desk(chromium, office):
    """Opens a case in a browser of one's own, signed in with a login."""
    opened = []

    def sit_down(login, case):
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="sv-SE")
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        sign_in(page, Served(f"http://127.0.0.1:{office.port}"), login, PRACTICE_PASSWORD)
        page.goto(f"http://127.0.0.1:{office.port}/arenden/{case.id}")
        return page

    yield sit_down
    for context in opened:
        context.close()


def drafts():
    """What the server has of unsent answers."""
    db.session.commit()
    return db.session.scalars(select(Answer.body).where(Answer.state == "draft")).all()


def is_filled(page):
    """Whether the send button is the one filled button of the page."""
    style = "button => getComputedStyle(button).backgroundColor"
    button = page.get_by_role("button", name=re.compile("^Publicera svar"))
    return button.evaluate(style) != page.locator(".box").evaluate(style)


def comes_to_be(page, *, filled):
    """Whether the button comes to look so; its colour changes softly, and a machine may be busy."""
    for _ in range(60):
        if is_filled(page) == filled:
            return True
        page.wait_for_timeout(50)
    return False


def place_of(page):
    """Where the box and the resident's words stand, and what is focused."""
    return page.evaluate(
        "[document.getElementById('svar').getBoundingClientRect().top,"
        " document.querySelector('.msg--target').getBoundingClientRect().top,"
        " document.activeElement.id]"
    )


def test_two_people_at_one_case_and_nothing_typed_is_lost(app, town, office, desk):
    """Each sees the other, the send stops at what is new, and a lost session or server costs no word."""
    number = town.says("Är ni där?", at=clock.now(), author="Ny Granne")
    collect_due(collector_of(app), all_now=True)
    case = next(case for case in cases() if case.person_name == "Ny Granne")
    anna, erik = desk("anna", case), desk("erik", case)
    anna.get_by_text("Erik läser också").wait_for()
    anna.locator("#svar").press_sequentially("Hej granne")
    anna.get_by_text(re.compile("Utkast sparat")).wait_for()
    before = place_of(anna)
    assert comes_to_be(anna, filled=True)
    erik.get_by_text(re.compile("Anna Holm svarar just nu")).wait_for()
    assert comes_to_be(erik, filled=False)
    keep(erik, "erik-ser-att-anna-svarar")
    erik.get_by_role("link", name="Svara ändå").click()
    assert comes_to_be(erik, filled=True)
    erik.locator("#svar").press_sequentially("Hej")
    anna.get_by_text(re.compile("svarar just nu")).wait_for()
    town.says("Hallå?", at=clock.now(), author="Ny Granne", parent=number)
    collect_due(collector_of(app), all_now=True)
    anna.get_by_text("Nytt i konversationen – visa").wait_for()
    assert place_of(anna) == before
    keep(anna, "nytt-medan-anna-skriver")
    anna.locator("#svar").press("Control+Enter")
    anna.get_by_text("Något nytt har hänt i konversationen.").wait_for()
    keep(anna, "stoppad-med-texten-kvar")
    assert anna.locator("#svar").input_value() == "Hej granne"
    assert anna.get_by_role("link", name="Ny Granne har skrivit").count() == 1
    assert anna.locator(".msg:has-text('Hallå?') .fresh__mark").count() == 1
    the_session_ends(anna, office)
    the_server_goes_down(anna, office)


def all_is_saved(page):
    """The browser has let go of its own copy, for the server has the text."""
    page.wait_for_function("() => !Object.keys(sessionStorage).some(key => key.endsWith(':svar'))")


def the_session_ends(page, office):
    """The text stays, and is saved after a sign-in in another tab."""
    with writing():
        hers = select(Staff.id).where(Staff.login == "anna")
        db.session.execute(delete(StaffSession).where(StaffSession.staff_id.in_(hers)))
    page.locator("#svar").fill("Hej granne, mitt i en mening")
    page.get_by_text("Du har loggats ut.").wait_for()
    keep(page, "utloggad-mitt-i-en-mening")
    assert page.locator("#svar").input_value() == "Hej granne, mitt i en mening"
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Logga in i en ny flik").click()
    tab = opened.value
    tab.get_by_label("Inloggning").fill("anna")
    tab.get_by_label("Lösenord", exact=True).fill(PRACTICE_PASSWORD)
    tab.get_by_role("button", name="Logga in", exact=True).click()
    tab.wait_for_url("**/arenden**")
    tab.close()
    page.bring_to_front()
    page.get_by_text("Du har loggats ut.").wait_for(state="detached")
    all_is_saved(page)
    assert "Hej granne, mitt i en mening" in drafts()
    page.locator("#svar").press_sequentially(" till")
    page.wait_for_timeout(500)
    all_is_saved(page)
    assert "Hej granne, mitt i en mening till" in drafts()


def the_server_goes_down(page, office):
    """One alert while it is away; what was typed meanwhile is saved when it answers again."""
    office.stop()
    page.locator("#svar").fill("Skrivet utan server")
    page.get_by_text("Ingen kontakt med servern.").wait_for()
    keep(page, "utan-kontakt-med-servern")
    assert page.locator("[role=alert].larm").count() == 1
    office.start()
    page.get_by_text("Ingen kontakt med servern.").wait_for(state="detached")
    all_is_saved(page)
    assert "Skrivet utan server" in drafts()
