"""Keys of one's own in pages that change, and what is typed when the page is loaded anew."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.basics import clock
from app.database import db
from app.inbox import handle
from app.models import Answer
from tests.factories import PASSWORD, a_person, an_account, cases, said, take_in
from tests.journeys.conftest import keep, sign_in

pytestmark = pytest.mark.once
LOOK_NOW = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def anna(app, served, page):
    """Anna, signed in, with three residents' questions to answer."""
    now = clock.now()
    source = an_account("practice", now=now)
    for n, name in enumerate(("Maria Ek", "Johan Öst", "Amina Nur")):
        take_in(source, said("När öppnar badet?", at=now - timedelta(minutes=9 - n), by=name))
    anna = a_person(now=now)
    sign_in(page, served, anna.login, PASSWORD)
    return anna


def test_own_keys_work_in_rows_and_conversations_that_have_been_replaced(anna, served, page):
    """W and Q, chosen on the page, still go on and close after the live parts came anew."""
    page.goto(f"{served.url}/mitt-konto")
    page.get_by_text("Byt tangenter").click()
    page.locator("#tangent-next").fill("W")
    page.locator("#tangent-close").fill("Q")
    page.get_by_role("button", name="Spara kortkommandon").click()
    page.goto(f"{served.url}/arenden")
    first, second, _third = cases()
    page.keyboard.press("w")
    erik = a_person("communications", "Erik Nord", now=clock.now())
    handle.take(first.id, by=erik, now=clock.now())
    page.evaluate(LOOK_NOW)
    page.locator(f"#rad-{first.id}").locator(".av--staff").wait_for()
    assert page.evaluate("document.activeElement.id") == f"arende-{first.id}"
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.id") == f"arende-{first.id}"
    page.keyboard.press("w")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/arenden/{second.id}*")
    handle.take(second.id, by=erik, now=clock.now())
    page.evaluate(LOOK_NOW)
    page.locator("#konversation .event").get_by_text("Erik Nord").wait_for()
    page.keyboard.press("q")
    page.get_by_role("heading", name=re.compile("Hur slutade")).wait_for()


def drafts():
    """What the server has of unsent answers."""
    db.session.commit()
    return db.session.scalars(select(Answer.body).where(Answer.state == "draft")).all()


def test_what_is_typed_is_there_again_when_the_page_is_loaded_anew(anna, served, page):
    """An answer, a note and a message to colleagues stand in their boxes after a reload."""
    case = cases()[0]
    page.goto(f"{served.url}/arenden/{case.id}")
    page.locator("#svar").fill("Klockan nio, tror jag")
    page.locator("label.is-note").click()
    page.locator("#anteckning").fill("Fråga badmästaren")
    page.locator("[name=lagel][value=vidare]").check(force=True)
    page.locator("#meddelande").fill("Ni vet bättre")
    page.reload()
    page.get_by_text("Det du skrev").filter(visible=True).first.wait_for()
    keep(page, "tillbaka-efter-omladdning")
    assert page.locator("#svar").input_value() == "Klockan nio, tror jag"
    assert page.locator("#anteckning").input_value() == "Fråga badmästaren"
    assert page.locator("#meddelande").input_value() == "Ni vet bättre"
    page.wait_for_function("() => !Object.keys(sessionStorage).some(key => key.endsWith(':svar'))")
    db.session.commit()
    kept = db.session.scalars(select(Answer.body).where(Answer.state == "draft")).all()
    assert kept == ["Klockan nio, tror jag"]
