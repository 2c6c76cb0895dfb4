"""Templates and earlier answers in a real browser: into the box, where one writes, and not sent."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.answers.templates import Wanted, save
from app.basics import clock
from app.database import db
from app.models import Answer, Template
from tests.answers.test_earlier import RATS, Desk
from tests.factories import PASSWORD, a_person
from tests.journeys.conftest import faults_of, sign_in

pytestmark = pytest.mark.once


def test_a_text_is_put_where_one_writes_and_nothing_is_overwritten(app, served, page):
    """What is marked in the box stays, the text comes after it, is saved as a draft and not sent."""
    desk = Desk()
    desk.answered(body="Hej Maria! Anmäl råttor till oss.")
    case = desk.asked(RATS, "Johan Persson")
    erik = a_person("communications", "Erik Nord", now=clock.now())
    save(None, Wanted("Snö", "Vi plogar, {namn}."), by=erik, now=clock.now())
    save(None, Wanted("Badet", "Klockan nio."), by=erik, now=clock.now())
    sign_in(page, served, desk.anna.login, PASSWORD)
    page.goto(f"{served.url}/arenden/{case.id}")
    box = page.locator("#svar")

    expect(page.locator("#forutantal")).to_have_text("1")
    page.locator("#forut > summary").click()
    assert faults_of(page) == []
    page.locator("#forut [data-insert]").click()
    expect(box).to_have_value("Hej Johan! Anmäl råttor till oss.")
    expect(box).to_be_focused()

    box.fill("Mitt eget.")
    box.evaluate("box => box.setSelectionRange(0, 10)")
    page.locator("#mallar > summary").click()
    page.locator("#mallsok").fill("plog")
    expect(page.locator("#mallantal")).to_have_text("1 mall")
    page.locator("#mallsok").press("Control+Enter")  # what one looks for is not what one sends
    page.locator("#mallsok").press("Enter")
    page.locator("#mallar [data-insert]").click()
    whole = "Mitt eget.\n\nVi plogar, Johan."
    expect(box).to_have_value(whole)
    expect(page.locator("#sparat")).to_contain_text("Utkast sparat")
    page.wait_for_function("() => !Object.keys(sessionStorage).some(key => key.endsWith(':svar'))")
    page.wait_for_load_state("networkidle")
    db.session.commit()
    rows = db.session.execute(select(Answer.state, Answer.body).order_by(Answer.id)).all()
    assert [row.state for row in rows] == ["sent", "draft"]
    assert rows[-1].body == whole
    assert sorted(db.session.scalars(select(Template.used))) == [0, 1]
