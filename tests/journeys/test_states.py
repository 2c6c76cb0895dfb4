"""Every state that a page can be in and that the list of pages does not pass: axe finds nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.answers import approve, write
from app.answers.ready import Pressed
from app.basics import clock
from app.channels.base import AtSource, PostSeen
from app.database import db, writing
from app.inbox import handle, presence
from app.inbox.merging import merge
from app.inbox.wishes import View
from app.models import Account, Answer, Case, Staff, Template
from app.models.case import Outcome
from tests.factories import PASSWORD, a_person, an_account, cases, said, take_in
from tests.journeys.conftest import faults_of, keep, sign_in

pytestmark = pytest.mark.once

ARABIC = "مرحباً، متى سيتم تنظيف الثلج من شارع إيريك دالبرغ؟"
NUMBER = "Hej. Ditt nummer 850709-9805 finns hos oss."
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TWO = PostSeen("p2", "Hur blir det med badet?", "Vi öppnar i juni.", "https://x.se/p2")
NAMES = ["leads", "follows", "written", "stopped", "told", "failed", "unsure", "mine", "theirs", "templates", "preview", "care", "closed", "changed", "plain"]  # fmt: skip
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff" * 5


class Office:
    """Cases in every state, by what each shows, and those who work there."""

    def __init__(self):
        self.now = clock.now()
        self.source = an_account("practice", now=self.now)
        self.two_needed = an_account("practice", now=self.now)
        self.anna = a_person(now=self.now)
        self.erik = a_person("communications", "Erik Nord", now=self.now)
        self.residents_write()
        self.cases = {case.person_name: case for case in cases()}
        self.things_happen()
        self.answers_are_on_their_way()
        self.templates_are_written()

    def at(self, minutes):
        return self.now - timedelta(minutes=120 - minutes)

    def residents_write(self):
        for n, name in enumerate(NAMES):
            source = self.two_needed if name in ("mine", "theirs") else self.source
            self.says(f"När plogas Storgatan? {name}", name, source=source, minutes=n)
        self.says(ARABIC, "سمير خوري", minutes=30)
        self.says("x" * 3000, LONG_NAME, minutes=31)
        for n, state in enumerate((AtSource.HIDDEN, AtSource.REMOVED, AtSource.HELD)):
            self.says("Det här ser inte alla.", "changed", minutes=40 + n, at_source=state)
        for words in ("Skriver fel.", "Skriver rätt."):
            self.says(words, "changed", minutes=45, number="edited")

    def says(self, text, name, *, minutes=119, source=None, under=TWO, **more):
        seen = said(text, at=self.at(minutes), by=name, under=under, **more)
        take_in(source or self.source, seen, now=clock.now())

    def number(self, name):
        return self.cases[name].id

    def version(self, name):
        db.session.commit()
        return db.session.get_one(Case, self.number(name), populate_existing=True).version

    def things_happen(self):
        follows, leads = self.number("follows"), self.number("leads")
        seen = (self.version("follows"), self.version("leads"))
        merge(follows, leads, by=self.anna, seen_versions=seen, now=self.now)
        handle.close(
            self.number("closed"), outcome=Outcome.NO_ANSWER_NEEDED, reason="tackar bara",
            by=self.anna, seen_version=self.version("closed"), now=self.now,
        )  # fmt: skip

    def pressed(self, name):
        return Pressed(self.number(name), "Hej! Vi tittar på det.", None, self.version(name), None)

    def answers_are_on_their_way(self):
        for name, state, why in (
            ("failed", "refused", "comments_closed"),
            ("unsure", "uncertain", ""),
        ):
            answer = write.press_send(self.pressed(name), by=self.anna, now=self.now)
            with writing():
                changed = update(Answer).where(Answer.id == answer.id)
                db.session.execute(changed.values(state=state, reason=why))
        with writing():
            db.session.get_one(Account, self.two_needed.account_id).four_eyes = True
        for name, by in (("mine", self.anna), ("theirs", self.erik)):
            approve.put_forward(self.pressed(name), by=by, now=self.now)

    def templates_are_written(self):
        with writing():
            for n in range(25):
                body = f"Hej {{namn}}! Så här gör vi, punkt {n}. Ring {{vaxelnummer}} om det är bråttom."
                db.session.add(
                    Template(title=f"Mall {n}", body=body, kind="", language="sv",
                             changed_by_id=self.erik.id, changed_at=self.now)
                )  # fmt: skip

    def erik_writes_in(self, name):
        presence.look_in(self.number(name), by=self.erik, now=clock.now(), typed=True)


@dataclass
class State:
    """What is visited: a case or an address, what is done there, and what of the page shows it.

    What a menu lies over, or a head that stays has come over, is no fault: then only it is looked at.
    """

    name: str
    case: str = ""
    address: str = ""
    do: Callable = lambda page, office: None
    within: str = ".thread"


def opened(selector):
    return lambda page, office: page.locator(f"{selector} > summary").click()


def somebody_writes(page, office):
    office.erik_writes_in("written")
    page.reload()
    page.wait_for_selector(".claim")


def the_send_is_stopped(page, office):
    office.says("Hallå?", "stopped")
    page.locator("#svar").fill("Vi plogar i natt.")
    page.locator("#svar").press("Control+Enter")
    page.wait_for_selector("#andrat")


def new_words_are_told(page, office):
    office.says("Hallå?", "told")
    page.wait_for_selector("[data-show-news]")


def new_cases_are_told(page, office):
    office.says("Hallå där?", f"ny {page.viewport_size['width']}")
    page.wait_for_selector(".newbar")


def a_reason_is_asked_for(page, office):
    page.locator("#svar").fill(NUMBER)
    page.locator("#svar").press("Control+Enter")
    page.wait_for_selector("#skal")


def a_text_is_previewed(page, office):
    page.locator("#svar").fill("Vi plogar i natt. Läs mer på https://www.landskrona.se/plogning")
    opened("#forhandsvisning")(page, office)


def the_sheet_is_opened(page, office):
    page.keyboard.press("Shift+?")
    page.wait_for_selector("#tangentblad .keys")


def some_are_picked(page, office):
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.wait_for_selector(".pickbar >> visible=true")


STATES = [
    State("foljer", case="follows"),
    State("leder", case="leads"),
    State("nagon-skriver", case="written", do=somebody_writes),
    State("stoppad", case="stopped", do=the_send_is_stopped),
    State("nytt-i-samtalet", case="told", do=new_words_are_told),
    State("inte-publicerat", case="failed"),
    State("osakert", case="unsure"),
    State("mitt-vantar-pa-godkannande", case="mine"),
    State("att-godkanna", case="theirs"),
    State("skicka-tillbaka", case="theirs", do=opened(".back")),
    State("manga-mallar", case="templates", do=opened("#mallar")),
    State("forhandsvisning", case="preview", do=a_text_is_previewed, within=".composer"),
    State("skal-kravs", case="care", do=a_reason_is_asked_for),
    State("mer-oppen", case="plain", do=opened(".more"), within=".more"),
    State("tangentbladet", case="plain", do=the_sheet_is_opened, within="#tangentblad"),
    State("klart", case="closed"),
    State("dolda-borttagna-andrade", case="changed", do=opened(".edits")),
    State("hoger-till-vanster", case="سمير خوري"),
    State("langt-namn", case=LONG_NAME),
    State("tom-lista", address=f"/arenden?vy={View.SNOOZED}", within=".list"),
    State("inget-passar-filtren", address="/arenden?sprak=fi&bradskar=1", within=".list"),
    State("flera-valda", address="/arenden", within=".list", do=some_are_picked),
    State("nya-i-listan", address="/arenden", within=".list", do=new_cases_are_told),
    State("filter-oppet", address="/arenden", within=".list", do=opened("#filter")),
    State("inga-traffar", address="/sok?q=finnsinte", within="main"),
]  # fmt: skip
KEPT = ("leder", "nagon-skriver", "stoppad", "skal-kravs", "mer-oppen", "flera-valda")
"""Of these pictures are kept in any case."""


@pytest.fixture
def office(app):
    return Office()


@pytest.fixture
def look(office, served, page):
    """Anna's browser, which takes on a look: language, width and theme."""
    sign_in(page, served, office.anna.login, PASSWORD)

    def take_on(language, width, theme):
        with writing():
            own = update(Staff).where(Staff.id == office.anna.id)
            db.session.execute(own.values(language=language))
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)

    return take_on


def faults_in(page, state):
    """What is wrong in the part of the page that shows the state, or with its width."""
    found = faults_of(page, state.within)
    if page.evaluate(SIDEWAYS) > 0:
        found.append({"rule": "runs out sideways"})
    return found


def test_every_state_is_clean_in_axe(office, look, served, page):
    """No state of a case or a list has a fault or runs out sideways, in two looks."""
    wrong = {}
    for language, width, theme in (("sv", 1440, "light"), ("en", 390, "dark")):
        look(language, width, theme)
        for state in STATES:
            address = state.address or f"/arenden/{office.number(state.case)}"
            page.goto(served.url + address, wait_until="domcontentloaded")
            assert page.locator("html").get_attribute("lang") == language
            state.do(page, office)
            found = faults_in(page, state)
            if found:
                wrong[f"{state.name}-{width}"] = found
            if found or state.name in KEPT:
                keep(page, f"{state.name}-{width}")
    assert wrong == {}
