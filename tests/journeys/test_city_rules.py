"""The city's rules in a real browser: a manager's figures, the office's rules, a handler's call."""

import re
import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select, update
from werkzeug.serving import make_server

from app import create_app
from app.answers.moderate import HIDE_REASONS
from app.channels.practice import PracticeTown
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import options_from
from app.database import db, writing
from app.models import Account, Call, FrozenCopy, Staff
from app.people.practice import PRACTICE_PASSWORD, add_practice_staff
from app.people.staff import add_staff
from app.reports.practice_year import write_practice_year
from app.reports.turns import keep_up
from app.routing.transfer import reroute
from tests.conftest import MONDAY, environment
from tests.factories import an_account, cases, messages, said, take_in, the_case
from tests.journeys.conftest import Served, faults_of, keep, sign_in
from tests.reports.report_files import csv_tables, pdf_text

pytestmark = pytest.mark.once
DAY = timedelta(days=1)
FIGURE = "[data-table=tid] tbody tr:first-child [data-l=Besvarade] a"


@pytest.fixture(autouse=True)
def on_monday(at):
    """Everything happens on an ordinary working morning."""
    at(MONDAY)


def tab_to(page, where, *, most=90, key="Tab"):
    """Press Tab until the focus is there: what it never comes to is not there for the keyboard."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("where => document.activeElement.matches(where)", where):
            return
    raise AssertionError(f"{where} is not reached in {most} presses of {key}")


def is_too_wide(page):
    """Whether the page, or its content inside the frame, scrolls sideways."""
    return page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('main, .thread__scroll')]"
        ".some(one => one.scrollWidth > one.clientWidth && one.clientWidth > 0)"
    )


def has_a_void_below(page):
    """Whether the whole window scrolls, though on a wide screen only the content shall."""
    root = "document.documentElement"
    return page.evaluate(f"{root}.scrollHeight > {root}.clientHeight")


# --- A manager ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def year(sqlite_template, tmp_path_factory):
    """Some weeks of the practice town's year behind a socket; Karin reads Swedish, Eva English."""
    folder = tmp_path_factory.mktemp("year")
    shutil.copy(sqlite_template, folder / "vaxeln.sqlite")
    app = create_app(environment(folder))
    with app.app_context():
        add_practice_staff(now=MONDAY)
        eva = {"login": "eva", "name": "Eva Brandt", "role": "manager", "department": ""}
        add_staff(**eva, password=PRACTICE_PASSWORD, now=MONDAY)
        write_practice_year(app.config, now=MONDAY, a_week=60, weeks=9)
        with writing():
            db.session.execute(update(Staff).where(Staff.login == "eva").values(language="en"))
        db.session.remove()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Served(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
        server.server_close()
        db.engine.dispose()


def chooses(page, where, letters):
    """Go to a list of choices and choose by its first letters."""
    tab_to(page, where)
    page.keyboard.type(letters)


def chooses_four_weeks_of_one_department(page):
    """The report opens from the menu, and its filters are set without a mouse."""
    tab_to(page, "a[href='/rapporter']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rapporter")
    tab_to(page, ".skip", most=1)
    page.keyboard.press("Enter")
    chooses(page, "#r-period", "4 v")
    chooses(page, "#r-avdelning", "Gata")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**period=4veckor**avdelning=gata-park**")
    expect(page.locator("#r-period")).to_be_focused()
    expect(page.locator(".page__head p")).to_contain_text("Gata & park")


def reads_the_twin_and_the_definition(page):
    """The chart's own figures add up to the one above the definition; returns that figure."""
    tab_to(page, "figure:has(#r-fordelning) > .twin > summary")
    page.keyboard.press("Enter")
    counts = page.locator("[data-table=fordelning] tbody [data-l=Antal]")
    expect(counts.first).to_be_visible()
    tab_to(page, "section:has(#r-tid) > .how > summary")
    page.keyboard.press("Enter")
    expect(page.locator("section:has(#r-tid) > .how > p")).to_be_visible()
    keep(page, "tvillingen-och-definitionen")
    assert not has_a_void_below(page)
    shown = int(page.locator(FIGURE).inner_text())
    assert sum(int(one) for one in counts.all_inner_texts()) == shown > 9
    return shown


def test_a_manager_follows_a_figure_to_its_cases_and_its_file(year, page):
    """One figure is the same in the drawing's table, the cases behind it, the report and its CSV."""
    sign_in(page, year, "karin", PRACTICE_PASSWORD)
    chooses_four_weeks_of_one_department(page)
    shown = reads_the_twin_and_the_definition(page)
    tab_to(page, FIGURE, key="Shift+Tab")
    page.keyboard.press("Enter")
    page.get_by_text(f"{shown} ärenden som du får se.").wait_for()
    found = page.locator(".rcases > li")
    assert found.count() == shown
    assert found.filter(has_text="Gata & park").count() == shown
    keep(page, "arendena-bakom-siffran")
    tab_to(page, ".page__head a[href^='/rapporter?']")
    page.keyboard.press("Enter")
    expect(page.locator(FIGURE)).to_have_text(str(shown))
    with page.expect_download() as taken:
        tab_to(page, "a[href^='/rapporter/fil/csv']")
        page.keyboard.press("Enter")
    in_time = csv_tables(Path(taken.value.path()).read_bytes())["Besvarade i tid"]
    assert in_time.rows[0][in_time.heads.index("Besvarade")] == str(shown)


def test_the_report_holds_on_a_phone_in_english_and_on_paper(year, page):
    """Nothing is wider than a dark phone or wrong in axe; paper has the figures, not the filters."""
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    sign_in(page, year, "eva", PRACTICE_PASSWORD)
    for path in ("/rapporter/arenden?period=4veckor&vad=late", "/rapporter?period=4veckor"):
        page.goto(year.url + path)
        assert page.locator("html").get_attribute("lang") == "en"
        page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        assert (path, faults_of(page), is_too_wide(page)) == (path, [], False)
    keep(page, "mobil-morkt-engelska")
    page.emulate_media(color_scheme="dark", media="print")
    for gone in (".rwish", "a[href^='/rapporter/fil/']", ".side"):
        expect(page.locator(gone).first).to_be_hidden()
    figures = page.locator("[data-figure]").all_inner_texts()
    page.emulate_media()
    page.reload()
    paper = pdf_text(page.pdf(format="A4"))
    for one in figures:
        assert " ".join(one.split()[:2]) in paper
    assert "Of the questions that came" in paper
    assert "Compare with" not in paper


# --- The communications office --------------------------------------------------------------------


THREAT = "Jag vet var du bor, sa du. Akta dig."


@pytest.fixture
def office(app):
    """An account whose approval soon ends, and a threat under a post of the practice town's."""
    add_practice_staff(now=MONDAY)
    town = an_account("practice", now=MONDAY)
    people = PracticeTown.open(app.config["DATA_DIR"], town.account.external_id)
    people.says(THREAT, at=MONDAY - timedelta(minutes=20))
    collect_due(Collector(options_from(app.config), lambda: MONDAY))
    ending = an_account(now=MONDAY)
    with writing():
        account = db.session.get_one(Account, ending.account_id)
        account.name, account.approved_until = "Badets sida", MONDAY + 20 * DAY
    return people


def renews_an_approval(page):
    """A new decision takes the warning away everywhere, and stands in the register."""
    page.get_by_role("link", name="Förteckning", exact=True).click()
    warned = page.get_by_text("Godkännandet för Badets sida går ut om 20 dagar.")
    expect(warned).to_be_visible()
    expect(page.locator("tr", has_text="Badets sida")).to_contain_text("20 dagar kvar")
    keep(page, "godkannandet-gar-ut")
    page.get_by_role("link", name="Ändra Badets sida").click()
    page.get_by_label("Förvaltningschef").fill("Eva Brandt, Kultur & fritid")
    page.get_by_label("Beslutsdatum").fill("2026-11-20")
    page.get_by_label("Beslutets nummer (frivilligt)").fill("KS 2026-118")
    page.get_by_role("button", name="Spara godkännandet").click()
    page.get_by_text(re.compile("Badets sida är godkänt till och med 20 nov")).wait_for()
    expect(warned).to_have_count(0)
    page.get_by_role("link", name="Förteckning", exact=True).click()
    row = page.locator("tr", has_text="Badets sida")
    expect(row).to_contain_text("KS 2026-118")
    expect(row).not_to_contain_text("kvar")


def sets_an_election_period(page, served, case):
    """Whoever answers is reminded from the moment the new version applies, and not before."""
    page.goto(f"{served.url}/arenden/{case.id}")
    reminder = page.locator(".composer .hint--tip", has_text="Inför val svarar vi på sakfrågor")
    expect(reminder).to_have_count(0)
    page.get_by_role("link", name="Policyn", exact=True).click()
    page.get_by_role("link", name="Ändra", exact=True).click()
    page.get_by_label("Valperiodens första dag").fill("2026-11-01")
    page.get_by_label("Valperiodens sista dag").fill("2026-11-30")
    page.get_by_role("button", name="Spara en ny version").click()
    page.get_by_text("Den nya versionen gäller från och med nu.").wait_for()
    page.goto(f"{served.url}/arenden/{case.id}")
    expect(reminder).to_be_visible()
    keep(page, "valperiodens-paminnelse")


def hides_with_a_reason(page):
    """Only a reason of the list can be chosen; the copy comes first, the comment is marked."""
    page.get_by_role("link", name="Vad får döljas?").click()
    assert page.locator("[name=skal]").count() == len(HIDE_REASONS)
    assert page.locator("[name=skal]:not([type=radio])").count() == 0
    page.get_by_role("button", name="Spara kopia och dölj").click()  # the browser asks for a reason
    expect(page.locator("h1")).to_have_text("Dölj kommentaren")
    page.get_by_label(re.compile("^Olaga hot")).check()
    page.get_by_label("Motivering (frivilligt)").fill("Nämner bostaden.")
    page.get_by_role("button", name="Spara kopia och dölj").click()
    page.get_by_text("Kommentaren är dold. En kopia finns här.").wait_for()
    expect(page.locator(".msg")).to_contain_text("Dold för besökare")
    expect(page.locator(".msg")).to_contain_text("Skäl: Olaga hot.")
    keep(page, "dold-med-kopia")


def test_the_office_renews_reminds_and_hides_with_a_copy(app, office, served, page):
    """A decision ends its warning, an election reminds at once, and what is hidden has its copy."""
    sign_in(page, served, "erik", PRACTICE_PASSWORD)
    renews_an_approval(page)
    sets_an_election_period(page, served, the_case())
    hides_with_a_reason(page)
    assert [one.state for one in office.everything()] == ["hidden"]
    assert (faults_of(page), is_too_wide(page)) == ([], False)
    page.get_by_role("link", name="Arkiverad kopia").click()
    page.get_by_text("Visa den dolda texten").click()
    expect(page.get_by_text(THREAT)).to_be_visible()
    expect(page.locator(".dl")).to_contain_text("Nämner bostaden.")
    expect(page.locator(".badge--ok")).to_have_text("Stämmer")
    assert (faults_of(page), is_too_wide(page)) == ([], False)
    keep(page, "arkiverad-kopia")
    page.get_by_role("button", name="Visa igen").click()
    page.get_by_text("Kommentaren visas för besökare.").wait_for()
    expect(page.locator(".msg")).not_to_contain_text("Dold för besökare")
    assert [one.state for one in office.everything()] == ["visible"]
    assert messages()[0].at_source == "visible"
    assert db.session.scalar(select(func.count(FrozenCopy.id))) == 1


# --- A handler ------------------------------------------------------------------------------------


@pytest.fixture
def two_departments(app):
    """A question of Gata & park and one of Miljö, both of last week; returns the one of Miljö."""
    add_practice_staff(now=MONDAY)
    at = MONDAY - 6 * DAY
    source = an_account(now=MONDAY - 20 * DAY)
    take_in(source, said("Hål i gatan", at=at, by="A"), said("Råttor i dammen", at=at, by="B"))
    street, rats = cases()
    anna = db.session.scalars(select(Staff).where(Staff.login == "anna")).one()
    for case, to in ((street, "gata-park"), (rats, "miljo")):
        reroute(case.id, to=to, by=anna, now=at + timedelta(minutes=9))
    keep_up(now=MONDAY)
    return rats


def is_kept_out(page, served, other):
    """Asking for another department's figures gives the own one's, and its case is not opened."""
    page.goto(f"{served.url}/rapporter?period=4veckor&avdelning=miljo")
    expect(page.locator("[data-table=avdelningar] tbody th")).to_have_text(["Gata & park"])
    assert page.locator("#r-avdelning").count() == 0
    page.goto(f"{served.url}/rapporter/arenden?period=4veckor&avdelning=miljo&vad=asked")
    expect(page.locator(".rcases > li")).to_have_count(1)
    expect(page.locator(".rcases")).not_to_contain_text("Råttor")
    assert page.goto(f"{served.url}/arenden/{other.id}").status == 403
    keep(page, "inte-din-avdelning")
    tab_to(page, "a[href='/arenden']", most=3)
    page.keyboard.press("Enter")
    page.wait_for_url("**/arenden")


def registers_a_call(page):
    """P opens the form with the cursor in it, and the suggestion comes while one types."""
    page.keyboard.press("p")
    page.wait_for_url("**/samtal/nytt")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("Det är ett stort hål i asfalten på Storgatan, påpekar de")
    expect(page.locator("#forslag")).to_contain_text(
        "Systemet föreslår: Gata & park", timeout=15_000
    )
    expect(page.locator("#forslag-sagt")).to_contain_text("Systemet föreslår: Gata & park")
    keep(page, "samtal-med-forslag")
    page.keyboard.press("Control+Enter")
    page.get_by_text(re.compile("är besvarat och klart. Avdelning: Gata & park.")).wait_for()


def test_a_handler_registers_a_call_by_keys_and_finds_it_among_the_closed(
    app, two_departments, served, page
):
    """Kept to the own department's figures, a handler has a call answered and filed by keys alone."""
    sign_in(page, served, "omar", PRACTICE_PASSWORD)
    is_kept_out(page, served, two_departments)
    registers_a_call(page)
    tab_to(page, ".views a[href*='vy=klara']", key="Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**vy=klara**")
    tab_to(page, "a.rw")
    expect(page.locator("a.rw:focus")).to_contain_text("stort hål i asfalten")
    keep(page, "samtalet-bland-klara")
    page.keyboard.press("Enter")
    page.get_by_text(re.compile("Samtal, registrerat av Omar Nasser")).wait_for()
    expect(page.locator(".callbar")).to_contain_text("besvarat av Omar Nasser")
    assert (faults_of(page, ".thread__head"), is_too_wide(page)) == ([], False)
    db.session.commit()
    call = db.session.scalars(select(Call)).one()
    case = next(one for one in cases() if one.id == call.case_id)
    assert (case.is_open, case.outcome, case.department.slug) == (False, "answered", "gata-park")
