"""Every page in a real browser: accessible in both languages, whole without script, nothing foreign."""

import re
from datetime import timedelta
from time import monotonic, sleep

import pytest
from sqlalchemy import select, update

from app.answers import write
from app.answers.ready import Pressed
from app.basics import clock
from app.channels.practice import PracticeTown
from app.collecting.collect import collect_due
from app.database import db, writing
from app.models import Answer, RawPayload, Source
from app.people.practice import PRACTICE_PASSWORD
from app.schedule import collector_of
from app.start import prepare
from tests.factories import cases
from tests.journeys.conftest import faults_of, keep, sign_in

ARABIC = "مرحباً، متى سيتم تنظيف الثلج من شارع إيريك دالبرغ؟"
pytestmark = pytest.mark.once
PAGES = [
    "/arenden", "/arenden?vy=klara", "/arenden?vy=mina", "/svar", "/lage", "/mitt-konto",
    "/komponenter", "/finns-inte", "/konton", "/konton/anslut", "/konton/anslut?kanal=wordpress",
    "/konton/anslut?kanal=feed", "/konton/1", "/olasta", "/personal",
    "/sok?q=vatten", "/sok?q=finnsinte", "/tangenter", "/omnamnanden", "/svar/att-godkanna", "/vyer",
    "/inlagg/1", "/svarsmallar", "/svarsmallar/ny", "/svarsmallar/1", "/arenden?vy=undanlagda",
    "/arenden?sprak=ar&bradskar=1", "/rapporter", "/rapporter/arenden?vad=late", "/oppettider",
    "/samtal/nytt", "/vaxelns-samtal", "/webbplatsen", "/policy", "/policy/andra", "/forteckning",
    "/konton/1/forteckning", "/blockerade", "/meddelanden/1/dolj",
]  # fmt: skip


@pytest.fixture
def town(app):
    """The practice town as `make run` starts it, with a case in every state worth looking at."""
    prepare(app)
    town = PracticeTown.open(app.config["DATA_DIR"], "Övningsstaden")
    collect_due(collector_of(app), all_now=True)
    town.says(ARABIC, at=clock.now(), author="سمير خوري", post="p-sno")
    town.says("x" * 5000, at=clock.now(), author="A" * 200, post="p-sno")
    collect_due(collector_of(app), all_now=True)
    return town


def press(app, case, state, reason=""):
    """An answer in that state in a case, pressed by Anna."""
    from app.models import Staff

    anna = db.session.scalars(select(Staff).where(Staff.login == "anna")).one()
    answer = write.press_send(
        Pressed(case.id, "Hej! Vi tittar på det.", None, case.version, None),
        by=anna, now=clock.now(),
    )  # fmt: skip
    with writing():
        db.session.execute(
            update(Answer).where(Answer.id == answer.id).values(state=state, reason=reason)
        )


@pytest.mark.parametrize(
    ("language", "width", "theme"),
    [("sv", 1440, "light"), ("en", 390, "dark")],
)
def test_every_page_is_clean_in_axe(app, town, served, page, language, width, theme):
    """axe-core finds nothing wrong on any page, in both languages, wide and narrow, light and dark."""
    waiting = [case for case in cases() if case.is_open]
    press(app, waiting[0], "queued")
    press(app, waiting[1], "uncertain")
    press(app, waiting[2], "refused", "comments_closed")
    with writing():
        source = db.session.scalars(select(Source).order_by(Source.id)).first()
        db.session.add(
            RawPayload(source_id=source.id, external_id="x1", payload="{…", payload_hash="h",
                       state="not_understood", error="a new shape", fetched_at=clock.now())
        )  # fmt: skip
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    page.goto(f"{served.url}/logga-in?lang={language}")
    assert faults_of(page) == []
    for login in ("anna", "admin"):
        page.goto("about:blank")  # or a look for news on its way would sign us in again
        page.context.clear_cookies()
        page.goto(f"{served.url}/logga-in")
        page.locator("#login").fill(login)
        page.locator("#password").fill(PRACTICE_PASSWORD)
        page.locator("#password").press("Enter")
        page.wait_for_url("**/arenden**")
        page.goto(f"{served.url}/mitt-konto")
        page.locator("#sprak").select_option(language)
        page.locator("main form").first.locator("button").click()
        page.wait_for_load_state()
        assert page.locator("html").get_attribute("lang") == language
        last = cases()[-1]
        shown = [f"/arenden/{case.id}" for case in [*waiting[:3], last]]
        more = [f"/arenden/{waiting[4].id}?alla=1", f"/inlagg/{waiting[4].post_id}/svara"]
        acts = ("klar", "undan", "overlat", "sla-ihop", "dela", "utskrift", "forut", "mallar")
        more += [f"/arenden/{waiting[3].id}/{act}" for act in acts]
        for path in PAGES + shown + (more if login == "anna" else []):
            page.goto(served.url + path)
            assert (path, faults_of(page)) == (path, [])
            wider = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert (path, wider <= 0) == (path, True)


def test_an_answer_is_sent_without_javascript(app, town, served, chromium):
    """With scripts off a person signs in, answers, sees it on its way, and takes it back."""
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 1280, "height": 900}
    )
    page = context.new_page()
    page.goto(f"{served.url}/logga-in")
    page.get_by_role("button", name=re.compile("Anna Holm")).click()
    (case,) = [case for case in cases() if case.person_name == "Helena Mårtensson"]
    page.goto(f"{served.url}/arenden/{case.id}")
    page.get_by_label(re.compile("Ditt svar till")).fill("Vi återkommer i morgon.")
    with writing():
        from app.models import Staff

        db.session.execute(update(Staff).values(undo_seconds="tills"))
    page.get_by_role("button", name=re.compile("^Publicera svar")).click()
    page.get_by_text("Väntar tills du trycker på Skicka nu.", exact=True).wait_for()
    page.get_by_role("button", name="Ångra").click()
    page.get_by_text("Svaret är tillbaka som utkast.").wait_for()
    box = page.get_by_label(re.compile("Ditt svar till"))
    assert box.input_value() == "Vi återkommer i morgon."
    page.locator("label.is-note").click()
    page.get_by_label("Intern anteckning", exact=True).last.fill("Ring Omar först.")
    page.get_by_role("button", name="Spara anteckning").click()
    page.get_by_text("Ring Omar först.").wait_for()
    keep(page, "utan-javascript")
    context.close()


def choose(page, served, name):
    """Open somebody's case, wherever in the list the hour of the day has put it."""
    (case,) = [case for case in cases() if case.person_name == name]
    page.goto(f"{served.url}/arenden/{case.id}")


def wait_for_draft(text):
    """Until the server has that draft: a saving on the way may still be of half the words."""
    until = monotonic() + 60
    while db.session.scalars(select(Answer.body).where(Answer.state == "draft")).all() != [text]:
        db.session.commit()
        assert monotonic() < until
        sleep(0.1)
    db.session.commit()


def test_a_draft_saves_itself_and_survives(app, town, served, page):
    """What is typed is on the server within moments and there again after closing the browser."""
    sign_in(page, served, "anna", PRACTICE_PASSWORD)
    choose(page, served, "Helena Mårtensson")
    page.get_by_label(re.compile("Ditt svar till")).press_sequentially("Halvfärdig mening")
    page.get_by_text(re.compile("Utkast sparat")).wait_for()
    wait_for_draft("Halvfärdig mening")
    address = page.url
    page.goto(f"{served.url}/arenden")
    page.goto(address)
    assert page.get_by_label(re.compile("Ditt svar till")).input_value() == "Halvfärdig mening"


def test_one_click_re_routes_and_is_remembered(app, town, served, page):
    """The second suggestion takes one click, and the correction is kept with who and when."""
    from app.models import Correction

    sign_in(page, served, "anna", PRACTICE_PASSWORD)
    choose(page, served, "Helena Mårtensson")
    page.locator(".jacks button").nth(1).click()
    page.get_by_text(re.compile("^Kopplat till")).wait_for()
    db.session.commit()
    correction = db.session.scalars(select(Correction)).one()
    assert correction.from_department != correction.to_department
    assert correction.by_id is not None


def test_new_cases_and_new_words_are_announced_without_moving_anything(app, town, served, page):
    """A bar tells of new cases above the list and of new words in the conversation one reads."""
    sign_in(page, served, "anna", PRACTICE_PASSWORD)
    number = town.says("Är ni där?", at=clock.now() - timedelta(minutes=1), author="Ny Granne")
    collect_due(collector_of(app), all_now=True)
    page.get_by_role("link", name="1 ny – visa").wait_for()
    case = next(case for case in cases() if case.person_name == "Ny Granne")
    page.goto(f"{served.url}/arenden/{case.id}")
    page.get_by_label(re.compile("Ditt svar till")).fill("Ja!")
    town.says("Hallå?", at=clock.now(), author="Ny Granne", parent=number)
    collect_due(collector_of(app), all_now=True)
    page.get_by_text("Nytt i konversationen – visa").wait_for()
    assert page.get_by_label(re.compile("Ditt svar till")).input_value() == "Ja!"
