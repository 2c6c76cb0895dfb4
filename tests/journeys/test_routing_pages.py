"""Routing in a real browser: its pages in every light, and the keys that move a case."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from app.basics import clock
from app.database import db, writing
from app.models import Case, Correction, Department, Post, Staff, Suggestion, Training
from app.models.event import log_event
from app.routing.rules import add_rule
from tests.factories import PASSWORD, a_person, an_account, cases, put_with, said, take_in
from tests.journeys.conftest import faults_of, sign_in

pytestmark = pytest.mark.once
LONG = "Donaudampfschiffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 3
SNIPPETS = (
    "Hål i cykelvägen vid stationen, min son höll på att trilla",
    "مرحباً، متى سيتم تنظيف الثلج من شارع إيريك دالبرغ؟",
    LONG,
    "Råttor i parken igen <b>hallå</b> & vad gör ni?",
)


def fill(source, count=420):
    """Cases of a quarter as the model and people have left them, four in five of them right."""
    chance, now = random.Random(7), clock.now()
    by_slug = dict(db.session.execute(select(Department.slug, Department.id)).all())
    slugs = sorted(by_slug)[:6]
    with writing():
        post = Post(
            account_id=source.account_id, external_id="fyllnad", title="", text="", url="",
            by_city=True,
        )  # fmt: skip
        db.session.add(post)
        db.session.flush()
        rows, suggestions, corrections = [], [], []
        for number in range(1, count + 1):
            certainty, truth = round(chance.betavariate(4, 1.3), 3), chance.choice(slugs)
            told = truth if chance.random() < certainty else chance.choice(slugs)
            at = now - timedelta(days=chance.random() * 90)
            common = {"id": 10_000 + number, "person_name": f"Invånare {number}"}
            rows.append(closed_case(common, source, post.id, by_slug[truth], at, certainty))
            rows[-1]["snippet"] = chance.choice(SNIPPETS)
            suggestions.append(what_was_said(common["id"], told, certainty, at))
            if told != truth and chance.random() < 0.6:
                corrections += [
                    moved(common["id"], told, "", at, back=True),
                    moved(common["id"], "", truth, at, back=False),
                ]
        db.session.execute(insert(Case), rows)
        db.session.execute(insert(Suggestion), suggestions)
        db.session.execute(insert(Correction), corrections)


def closed_case(common, source, post_id, department_id, at, certainty):
    """One answered and closed case."""
    return {
        **common, "account_id": source.account_id, "channel": "wordpress", "post_id": post_id,
        "state": "closed", "is_open": False, "outcome": "answered", "outcome_reason": "",
        "department_id": department_id, "routed_by": "model", "certainty": certainty,
        "route_wanted": False, "opened_at": at, "last_word_at": at, "sort_at": at,
        "closed_at": at,
    }  # fmt: skip


def what_was_said(case_id, department, certainty, at):
    """One suggestion."""
    return {
        "case_id": case_id, "department": department, "certainty": certainty, "next": [],
        "words": [], "model_version": "a1b2+3", "at": at,
    }  # fmt: skip


def moved(case_id, was, to, at, *, back):
    """One correction by the first person there is."""
    return {
        "case_id": case_id, "from_department": was, "to_department": to, "handed_back": back,
        "text": "x", "by_id": 1, "at": at,
    }  # fmt: skip


def trainings():
    """A training that was taken into use, and a newer one that was not."""
    figures = {
        "dev": [0.712, 0.734], "three": [0.9, 0.921], "calibration": [0.031, 0.024],
        "dev_count": 1040, "recent": [31, 33], "recent_count": 40,
        "departments": {"gata-park": [0.8, 0.81], "miljo": [0.7, 0.69]},
        "changed": [[10_001, "gata-park", "miljo", "miljo"], [10_002, "miljo", "ingen", "miljo"]],
    }  # fmt: skip
    with writing():
        for number, reason in enumerate(("", "right_less_often")):
            version = f"9f86d081884c+{number * 40}"
            db.session.add(
                Training(
                    at=clock.now() - timedelta(days=2 - number), version=version, replaced="x",
                    examples=12_480, corrections=160, accepted=not reason, reason=reason,
                    figures=figures,
                )
            )  # fmt: skip
            if not reason:
                log_event("model_trained", at=clock.now(), model=version)


@pytest.fixture
def city(app):
    """A city that has routed for a quarter: an administrator, rules on and off, open cases."""
    now = clock.now()
    admin = a_person("administrator", "Ida Sand", now=now)
    anna = a_person(now=now)
    source = an_account(now=now)
    fill(source)
    trainings()
    for given in (
        {"words": "halka, is*", "department": "gata-park", "urgent": True},
        {"account_id": source.account_id, "words": LONG[:160], "department": "miljo"},
        {"words": "luktar gas", "urgent": True},
    ):
        wanted = {"account_id": None, "words": "", "department": "", "urgent": False, **given}
        add_rule(**wanted, by=admin, now=now)
    open_cases(source)
    return admin.login, anna.login


def open_cases(source):
    """Cases that wait: by a rule and urgent, sure with a second department, likely, unsure."""
    at = clock.now() - timedelta(minutes=30)
    texts = {
        "Maria Lindqvist": "Det är halka på gångbanan och min mamma ramlade i morse",
        "سمير خوري": "مرحباً، متى سيتم تنظيف الثلج من شارع إيريك دالبرغ؟",
        "Johan Persson": "Råttor vid dammen, och papperskorgarna är fulla",
        "Lennart Olsson": "Vem har egentligen bestämt det här?",
    }
    take_in(source, *(said(text, at=at, by=name) for name, text in texts.items()))
    rows = {
        "Maria Lindqvist": ("gata-park", 1.0, {"urgent": True, "urgent_why": "halka"}, ["halka"]),
        "سمير خوري": ("gata-park", 0.87, {"language": "ar"}, ["مرحبا", "الثلج"]),
        "Johan Persson": ("miljo", 0.62, {"also": "gata-park", "language": "sv"}, ["Råttor"]),
        "Lennart Olsson": ("stadsledning", 0.31, {}, []),
    }
    for case in [case for case in cases() if case.person_name in rows]:
        slug, certainty, more, words = rows[case.person_name]
        if certainty >= 0.5:
            put_with(case, slug)
        with writing():
            row = db.session.get_one(Case, case.id)
            facts = {"routed_by": "model", "certainty": certainty, "kind": "felanmälan", **more}
            for name, fact in {**facts, "route_wanted": False}.items():
                setattr(row, name, fact)
            told = what_was_said(case.id, slug, certainty, at)
            told |= {"words": words, "next": [["utbildning", 0.08], ["ingen", 0.03]]}
            told |= {"also": more.get("also", ""), "rule_id": 1 if certainty == 1.0 else None}
            db.session.add(Suggestion(**told))


def signed_in_page(chromium, served, login, *, width, theme, script=True):
    """A page in a light of its own, with that person signed in."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, locale="sv-SE",
        java_script_enabled=script,
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(15_000)
    sign_in(page, served, login, PASSWORD)
    return page


def test_the_pages_are_clean_in_every_light(app, city, served, chromium):
    """Figures and rules: no fault in axe, nothing wider than the page, light and dark, wide and not.

    Without script a period is chosen, a figure's table opened, and a rule written and switched off.
    """
    admin, _anna = city
    for width, theme in ((1440, "light"), (390, "dark")):
        page = signed_in_page(chromium, served, admin, width=width, theme=theme)
        for path in ("/koppling", "/koppling/regler"):
            page.goto(served.url + path)
            for twin in page.locator("details.twin > summary").all():
                twin.click()
            assert (path, width, faults_of(page)) == (path, width, [])
            wider = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert (path, width, wider <= 0) == (path, width, True)
        page.context.close()
    page = signed_in_page(chromium, served, admin, width=1024, theme="light", script=False)
    page.goto(f"{served.url}/koppling")
    page.get_by_role("link", name="26 veckor").click()
    page.get_by_text("de 26 senaste hela veckorna").wait_for()
    page.get_by_text("Samma siffror som tabell").first.click()
    page.get_by_role("table", name="Vecka för vecka").wait_for()
    page.get_by_role("link", name="Regler", exact=True).click()
    page.get_by_label("Ord som ska finnas i kommentaren").fill("snorkel")
    page.get_by_role("button", name="Spara regeln").click()
    page.get_by_role("link", name="Välj en avdelning, eller kryssa").click()
    page.get_by_label("Avdelning", exact=True).select_option("miljo")
    page.get_by_role("button", name="Spara regeln").click()
    page.get_by_text("Regeln gäller från och med nästa meddelande.").wait_for()
    page.get_by_role("button", name="Stäng av Kommentarer som innehåller snorkel").click()
    page.get_by_text("Regeln är avstängd.").wait_for()
    page.context.close()


def lies_with(name):
    """Where that resident's case lies now, and by whose choice."""
    (case,) = [case for case in cases() if case.person_name == name]
    return case.department.slug if case.department else "", case.routed_by


def keys_of(login, keys):
    """The person's single keys, as they are set on Mitt konto."""
    with writing():
        db.session.execute(update(Staff).where(Staff.login == login).values(keys=keys))


def test_keys_move_a_case_and_never_from_a_field(app, city, served, page):
    """1 to 3 press the suggestions after each reload, M goes to the others; not while one writes."""
    _admin, anna = city
    sign_in(page, served, anna, PASSWORD)
    (case,) = [case for case in cases() if case.person_name == "Johan Persson"]
    page.goto(f"{served.url}/arenden/{case.id}")
    page.locator("#svar").focus()
    page.keyboard.type("1 2 3 m")
    assert page.locator("#svar").input_value().endswith("1 2 3 m")
    page.locator("#trad").focus()
    page.keyboard.press("Control+1")
    keys_of(anna, {"off": True})
    page.reload()
    page.keyboard.press("1")
    assert lies_with("Johan Persson") == ("miljo", "model")
    keys_of(anna, {})
    page.reload()
    page.keyboard.press("1")
    page.get_by_text("Kopplat till Utbildning.").wait_for()
    assert lies_with("Johan Persson") == ("utbildning", "person")
    page.keyboard.press("1")
    page.get_by_text("Kopplat till Miljö.").wait_for()
    page.keyboard.press("m")
    assert page.evaluate("document.activeElement.id") == "annan"
    page.keyboard.press("3")
    page.set_viewport_size({"width": 1024, "height": 900})
    page.goto(f"{served.url}/arenden/{case.id}")
    page.keyboard.press("1")
    page.locator("#sammanhang:popover-open").wait_for()
    assert lies_with("Johan Persson") == ("miljo", "person")
    page.keyboard.press("1")
    page.get_by_text("Kopplat till Utbildning.").wait_for()
