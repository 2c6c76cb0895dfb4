"""Somebody new: from the first sign-in to the first answer, with nothing but what the pages say."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.answers.deliver import Deliverer, deliver_due
from app.basics import clock
from app.channels.practice import PracticeTown
from app.collecting.collect import collect_due
from app.collecting.connect import options_from
from app.database import db
from app.models import Message
from app.schedule import collector_of
from app.start import prepare
from tests.factories import PASSWORD, a_person
from tests.journeys.conftest import keep

pytestmark = pytest.mark.once
WORDS = "Hej! Det tar vi hand om i eftermiddag."


@pytest.fixture
def town(app):
    """The practice town on its first morning, and Nina, who was given access today."""
    prepare(app)
    town = PracticeTown.open(app.config["DATA_DIR"], "Övningsstaden")
    collect_due(collector_of(app), all_now=True)
    return town


def test_the_first_answer_takes_three_pages_and_four_presses(app, town, served, page):
    """Sign in, choose, write, publish: the cursor waits in the fields, and the page says it arrived."""
    nina = a_person(name="Nina Berg", now=clock.now())
    pages = []
    page.on("framenavigated", lambda frame: pages.append(frame.url))
    page.goto(served.url)
    expect(page.get_by_label("Inloggning")).to_be_focused()
    page.keyboard.type(nina.login)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/arenden**")
    page.get_by_text("Osäkra är de som systemet inte kunde lägga").wait_for()
    keep(page, "forsta-listan")
    page.locator("a.rw").filter(has_text="Maria Lindqvist").first.click()
    page.get_by_text(re.compile("Visas offentligt")).first.wait_for()
    page.get_by_label(re.compile("Ditt svar till")).click()
    page.keyboard.type(WORDS)
    keep(page, "forsta-svaret")
    page.get_by_role("button", name=re.compile("^Publicera svar")).click()
    page.get_by_text("Svaret är på väg.").wait_for()
    assert [re.sub(r"\d*(\?.*)?$", "", url.removeprefix(served.url)) for url in pages] == [
        "/logga-in", "/arenden", "/arenden/", "/arenden/",
    ]  # fmt: skip
    deliver_due(Deliverer(options_from(app.config), clock.now))
    collect_due(collector_of(app), all_now=True)
    page.locator(".flashes").get_by_text(re.compile("^Framme")).wait_for()
    keep(page, "framme")
    db.session.commit()
    (sent,) = db.session.scalars(select(Message.text).where(Message.text.startswith(WORDS)))
    assert sent == f"{WORDS}\n\n/Nina, kundtjänst"
