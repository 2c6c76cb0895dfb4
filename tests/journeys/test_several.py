"""One answer to several, and colleagues' claims, in a real browser: nothing typed is lost."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete, select

from app.basics import clock
from app.database import db, writing
from app.models import Answer, Post, StaffSession
from tests.factories import PASSWORD, a_person, an_account, cases, said, take_in
from tests.journeys.conftest import faults_of, sign_in

pytestmark = pytest.mark.once


def drafts():
    """What is kept on the server, as it stands."""
    db.session.commit()
    wanted = select(Answer.body).where(Answer.state == "draft")
    return db.session.scalars(wanted).all()


def test_a_text_to_several_outlives_reload_and_session_and_is_sent_by_key(app, served, chromium):
    """Saved while one types, back after a reload and a new sign-in; Ctrl+Enter presses the button."""
    source = an_account("practice", now=clock.now())
    for who in ("Ali", "Bea"):
        take_in(source, said("När öppnar badet?", at=clock.now(), by=who), now=clock.now())
    anna, page = a_person(now=clock.now()), chromium.new_context(locale="sv-SE").new_page()
    sign_in(page, served, anna.login, PASSWORD)
    chosen = "&".join(f"arende={case.id}" for case in cases())
    page.goto(f"{served.url}/inlagg/{db.session.scalars(select(Post.id)).one()}/svara?{chosen}")
    box = page.locator("#svar")
    box.press_sequentially("Badet öppnar i april.")
    expect(page.locator("#sparat")).to_contain_text("Utkast sparat")
    expect(page.locator("#syns")).to_contain_text("Badet öppnar i april.")
    assert faults_of(page) == []
    page.reload()
    expect(box).to_have_value("Badet öppnar i april.")

    with writing():
        db.session.execute(delete(StaffSession))
    box.fill("Badet öppnar i april. Välkomna dit.")
    page.get_by_text("Du har loggats ut.").wait_for()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Logga in i en ny flik").click()
    tab = opened.value
    sign_in(tab, served, anna.login, PASSWORD)
    tab.close()
    page.bring_to_front()
    page.get_by_text("Du har loggats ut.").wait_for(state="detached")
    page.wait_for_function("() => !Object.keys(sessionStorage).some(key => key.endsWith(':svar'))")
    assert drafts() == ["Badet öppnar i april. Välkomna dit."]

    box.press("Control+Enter")
    page.get_by_text("Svaret går till 2 ärenden.").wait_for()
    assert drafts() == []
    page.context.close()


def test_answering_anyway_holds_as_long_as_somebody_else_writes(app, served, page, chromium):
    """Pressed once, the claim stays small when the page is drawn anew, until nobody else writes."""
    take_in(an_account(now=clock.now()), said("Hej", at=clock.now()), now=clock.now())
    case = cases()[0]
    people = [a_person(name=name, now=clock.now()) for name in ("Anna Holm", "Erik Nord")]
    anna, erik = page, chromium.new_context(locale="sv-SE").new_page()
    for desk, person in zip((anna, erik), people, strict=True):
        sign_in(desk, served, person.login, PASSWORD)
        desk.goto(f"{served.url}/arenden/{case.id}")
    erik.locator("#svar").press_sequentially("Hej")
    anna.get_by_text(re.compile("Erik Nord svarar just nu")).wait_for()
    anna.get_by_role("link", name="Svara ändå").click()
    expect(anna.locator("#narvaro")).to_have_attribute("data-anyway", "")
    anna.goto(f"{served.url}/arenden/{case.id}")
    anna.get_by_text(re.compile("Erik Nord svarar just nu")).wait_for()
    expect(anna.locator("#narvaro")).to_have_attribute("data-anyway", "")
    erik.goto(f"{served.url}/mitt-konto")
    erik.goto(f"{served.url}/arenden/{case.id}")
    expect(anna.locator(".claim")).to_have_count(0)
    expect(anna.locator("#narvaro")).not_to_have_attribute("data-anyway", "")
    erik.context.close()
