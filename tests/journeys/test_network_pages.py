"""The networks' pages and states in a real browser: connecting, locked, private, read-only."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.basics import clock
from app.basics.keys import seal
from app.channels.base import AtSource, PostSeen
from app.collecting import incidents
from app.database import db, writing
from app.models import Message, Source, Spending, Staff
from tests.factories import PASSWORD, a_person, an_account, cases, said, take_in
from tests.journeys.conftest import faults_of, sign_in

pytestmark = pytest.mark.once
ARABIC = "مرحباً، متى سيتم تنظيف الثلج من شارع إيريك دالبرغ؟"
LONG = "Donaudampfschiffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 3


def under(name):
    return PostSeen(name, "Budgeten", "Så används pengarna.", f"https://y.example/{name}")


def account(app, channel, kind, name, **facts):
    """A connected account that is read well, with what the test says of its source."""
    now = clock.now()
    source = an_account(channel, now=now, settings={"monthly_ceiling": "25"})
    with writing():
        row = db.session.get_one(Source, source.id)
        row.kind, row.last_read_at, row.next_look_at = kind, now, now + timedelta(minutes=5)
        row.account.name, row.account.purpose = name, LONG
        row.account.credentials = seal({}, app.config["CREDENTIALS_KEYS"])
        for fact, value in facts.items():
            setattr(row, fact, value)
    return db.session.get_one(Source, source.id)


@pytest.fixture
def networks(app):
    """Four networks with a message in every state worth looking at; the cases by their person."""
    now = clock.now()
    x = account(app, "x", "mentions", "@landskronastad", notice="slowed", notice_text="84 %")
    facebook = account(app, "facebook", "comments", "Landskrona stad")
    youtube = account(app, "youtube", "comments", "Landskrona stad")
    account(app, "wordpress", "comments", "Förskolebloggen", error_class="SignInNeeded")
    at = now - timedelta(minutes=30)
    take_in(x, said("Strömmen är borta", at=at, by="@havsvind", under=under("r1")))
    take_in(x, said("@landskronastad halt", at=at, by="@skanebo", under=under("r2")))
    take_in(facebook, said("", at=at, by="Maria Lindqvist", under=under("f1")))
    held = said(ARABIC, at=at, by="سمير خوري", under=under("v1"), at_source=AtSource.HELD)
    ours = said("Hej!", at=at, by_city=True, answers=held.external_id, under=under("v1"))
    take_in(youtube, held, ours)
    with writing():
        db.session.add(
            Spending(account_id=x.account_id, day=now.date(), operation="post_read", count=1,
                     amount=24.0)
        )  # fmt: skip
        for message in db.session.scalars(select(Message)):
            if message.author_name == "@havsvind":
                message.no_answer = "not_summoned"
                message.answer_elsewhere = "https://x.example/intent"
            if message.author_name == "Maria Lindqvist":
                message.private_reply_until = now + timedelta(days=6)
                message.attachments = [["sticker", ""], ["picture", LONG]]
                message.url = "https://f.example/1"
    people = {
        "anna": a_person(now=now),
        "ida": a_person("administrator", "Ida Alm", now=now),
    }
    incidents.begin("youtube", text="Falska svar syns", by=people["ida"], now=now)
    logins = {name: person.login for name, person in people.items()}
    return logins, {case.person_name: case.id for case in cases()}


def is_clean(page, path):
    """Nothing for axe to say, and nothing wider than the page."""
    assert (path, faults_of(page)) == (path, [])
    wider = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert (path, wider <= 0) == (path, True)


@pytest.mark.parametrize(
    ("language", "width", "theme"),
    [("sv", 1024, "light"), ("en", 390, "dark")],
)
def test_the_networks_pages_are_clean_in_axe(networks, served, page, language, width, theme):
    """Locked, private, held, read-only and troubled: all accessible, in both languages."""
    logins, numbers = networks
    with writing():
        db.session.execute(update(Staff).values(language=language))
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    sign_in(page, served, logins["anna"], PASSWORD)
    for path in ["/arenden", "/lage", *(f"/arenden/{number}" for number in numbers.values())]:
        page.goto(served.url + path)
        for summary in page.locator("details.ops summary").all():
            summary.click()
        private = page.locator("[name=lagel][value=privat]")
        if private.count():
            private.check(force=True)
        is_clean(page, path)
    page.goto("about:blank")  # or a look for news on its way would sign us in again
    page.context.clear_cookies()
    sign_in(page, served, logins["ida"], PASSWORD)
    for path in ("/konton", "/lage", "/konton/anslut", "/konton/1?nytt=1", "/konton/4"):
        page.goto(served.url + path)
        for summary in page.locator("details.card summary").all():
            if page.locator("details.card:not([open])").count():
                summary.click()
        is_clean(page, path)


@pytest.mark.parametrize(
    ("channel", "language"), [("x", "sv"), ("x", "en"), ("facebook", "sv"), ("wordpress", "sv")]
)
def test_every_step_of_connecting_is_clean_in_axe(networks, served, page, channel, language):
    """Each step, and each with its fault shown, on a phone and in both languages."""
    with writing():
        db.session.execute(update(Staff).values(language=language))
    page.set_viewport_size({"width": 390, "height": 900})
    sign_in(page, served, networks[0]["ida"], PASSWORD)
    page.goto(f"{served.url}/konton/anslut?kanal={channel}")
    on = page.locator("form .btn--primary").last
    for step, filled in (
        ("owner", {"namn": "Museet", "syfte": "Visa föremål"}),
        ("approval", {"chef": "Mats Öberg", "datum": "2026-11-18"}),
        ("sign-in", {}),
    ):
        is_clean(page, step)
        on.click()
        page.locator("[role=alert]").wait_for()
        is_clean(page, f"{step}, faulty")
        for name, value in filled.items():
            page.locator(f"#{name}").fill(value)
        if filled:
            on.click()
            page.locator("[role=alert]").wait_for(state="detached")


def test_the_count_follows_the_typing(networks, served, page):
    """The server's count and warnings come in while one types; the text and the focus stay."""
    logins, numbers = networks
    sign_in(page, served, logins["anna"], PASSWORD)
    page.goto(f"{served.url}/arenden/{numbers['@skanebo']}")
    box = page.get_by_label(re.compile("Ditt svar till"))
    box.press_sequentially("Bl.a.vi ses")
    page.get_by_text("”Bl.a.vi” blir en länk.").wait_for()
    before = page.locator("#antal").inner_text()
    box.press_sequentially(" i morgon")
    page.wait_for_function("was => document.querySelector('#antal').innerText !== was", arg=before)
    assert re.match(r"\d+ av 280", page.locator("#antal").inner_text())
    assert box.input_value() == "Bl.a.vi ses i morgon"
    assert page.evaluate("document.activeElement.id") == "svar"


def test_a_private_answer_is_sent_by_its_own_button(networks, served, page):
    """Ctrl and Enter in the private mode sends in private, and says so in the conversation."""
    from app.models import Answer

    logins, numbers = networks
    sign_in(page, served, logins["anna"], PASSWORD)
    page.goto(f"{served.url}/arenden/{numbers['Maria Lindqvist']}")
    page.locator("[name=lagel][value=privat]").check(force=True)
    page.get_by_text("Bara Maria Lindqvist ser svaret.").wait_for()
    assert page.get_by_role("button", name="Publicera svar").count() == 0
    page.get_by_label(re.compile("Ditt svar till")).fill("Ring mig på 0418.")
    page.keyboard.press("Control+Enter")
    page.get_by_text("Privat: bara mottagaren ser svaret").first.wait_for()
    db.session.rollback()
    (answer,) = db.session.scalars(select(Answer))
    assert (answer.private, answer.state) == (True, "queued")


def test_a_locked_answer_box_says_why_and_where(networks, served, page):
    """On X, who has not called on the city is answered there: one way on, and nothing to write in."""
    logins, numbers = networks
    sign_in(page, served, logins["anna"], PASSWORD)
    page.goto(f"{served.url}/arenden/{numbers['@havsvind']}")
    assert page.get_by_label(re.compile("Ditt svar till")).is_editable() is False
    on = page.get_by_role("link", name=re.compile("^Svara på X"))
    assert on.get_attribute("href") == "https://x.example/intent"
    page.goto(f"{served.url}/arenden/{numbers['سمير خوري']}")
    page.locator("#vem").get_by_text("Falska svar syns").wait_for()
    page.get_by_label(re.compile("Ditt svar till")).fill("Vi återkommer.")
    page.get_by_text(re.compile("Utkast sparat")).wait_for()
