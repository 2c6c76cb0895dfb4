"""The manager's pages: denied first, then what they show, where figures lead, how they are drawn."""

import re
import shutil
from collections import Counter
from datetime import timedelta
from html import unescape

import pytest

from app import create_app
from app.basics import clock
from app.database import db
from app.reports.practice_year import NotPractice, write_practice_year
from app.reports.subjects import count_subjects, subjects_path
from app.reports.turns import keep_up
from app.routing.transfer import reroute
from tests.conftest import MONDAY, FreshClient, environment
from tests.factories import a_person, an_account, cases, put_with, said, take_in
from tests.reports.report_files import PageReader
from tests.web.test_roles import signed_in


@pytest.fixture(scope="module")
def town(sqlite_template, tmp_path_factory):
    """A manager's and a handler's client in a town that has had some busy weeks."""
    folder = tmp_path_factory.mktemp("town")
    shutil.copy(sqlite_template, folder / "vaxeln.sqlite")
    app = create_app(environment(folder))
    app.test_client_class = FreshClient
    with pytest.MonkeyPatch.context() as patch, app.app_context():
        patch.setattr(clock, "now", lambda: MONDAY)
        karin = a_person("manager", "Karin Ek", now=MONDAY)
        petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
        write_practice_year(app.config, now=MONDAY, a_week=60, weeks=9)
        db.session.remove()
        yield signed_in(app, karin.login), signed_in(app, petra.login)
        db.session.remove()
        db.engine.dispose()


def two_questions():
    """One of Gata & park and one of Miljö, both of last week and unanswered."""
    source = an_account(now=MONDAY - timedelta(days=20))
    at = MONDAY - timedelta(days=6)
    take_in(source, said("Hål i gatan", at=at, by="A"), said("Råttor i dammen", at=at, by="B"))
    street, rats = cases()
    anna = a_person(now=MONDAY)
    for case, to in ((street, "gata-park"), (rats, "miljo")):
        reroute(case.id, to=to, by=anna, now=at + timedelta(minutes=9))
    keep_up(now=MONDAY)
    return street, rats


def test_a_handler_gets_the_figures_of_their_own_department_alone(app, at):
    """Asking for another department, or for none, in page, file or list gives the own one's."""
    at(MONDAY)
    street, rats = two_questions()
    petra = signed_in(app, a_person("handler", "Petra Lund", "miljo", now=MONDAY).login)
    for args in ("", "&avdelning=gata-park", "&avdelning=ingen"):
        page = petra.get(f"/rapporter?period=4veckor{args}").text
        assert [row[0] for row in PageReader(page).tables["avdelningar"].rows] == ["Miljö"]
        assert PageReader(page).tables["tid"].rows[0][4] == "1"
        assert 'name="avdelning"' not in page
        assert "Gata &amp; park" not in petra.get(f"/rapporter/fil/csv?period=4veckor{args}").text
        for what in ("asked", "backlog", "took::9", "hours:1-08", "more:waiting:0"):
            found = petra.get(f"/rapporter/arenden?period=4veckor{args}&vad={what}").text
            assert "Hål i gatan" not in found
            assert f"/arenden/{street.id}" not in found
    found = petra.get("/rapporter/arenden?period=4veckor&vad=asked").text
    assert f"/arenden/{rats.id}" in found


def test_an_example_of_another_department_is_not_shown(app, at):
    """What a resident wrote stands beside a subject only for those who may open the case."""
    at(MONDAY)
    source = an_account(now=MONDAY)
    day = MONDAY - timedelta(days=1)
    take_in(source, *(said("Gatlampan är trasig", at=day, by=f"A{n}") for n in range(9)))
    for case in cases():
        put_with(case, "gata-park")
    count_subjects(subjects_path(app.config), now=MONDAY)
    petra = signed_in(app, a_person("handler", "Petra Lund", "miljo", now=MONDAY).login)
    anna = signed_in(app, a_person(now=MONDAY).login)
    assert "atlampan" not in petra.get("/rapporter").text
    page = anna.get("/rapporter").text
    assert '<q dir="auto">Gatlampan är trasig</q>' in page
    assert re.search(r'href="/arenden/[789]"', page)


@pytest.mark.once
def test_no_year_is_made_up_beside_a_real_account(app):
    """The practice year refuses, and leaves everything as it was, once a city is connected."""
    an_account(now=MONDAY)
    a_person(now=MONDAY)
    with pytest.raises(NotPractice):
        write_practice_year(app.config, now=MONDAY, weeks=2)
    assert cases() == []


def test_an_empty_town_says_so_and_counts_nothing(app, at):
    """Before anything has come there are words and no drawing, and no share of nothing."""
    at(MONDAY)
    page = signed_in(app, a_person("manager", now=MONDAY).login).get("/rapporter").text
    assert "För få svar för att räkna (under 10)" in page
    assert "Ämnena räknas i natt." in page
    assert "inga" in PageReader(page).tables["tid"].rows[0]
    assert '<svg class="chart' not in page


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ("period=egna&fran=2026-11-31&till=x", "Skriv båda datumen"),
        ("period=egna&fran=2026-11-20&till=2026-11-01", "Första dagen ska komma före"),
        ("period=egna&fran=2027-01-01&till=2027-02-01", "Perioden har inte börjat än"),
        ("period=egna&fran=2020-01-01&till=2026-01-01", "högst två år"),
    ],
)
def test_days_that_cannot_be_used_are_told_beside_the_fields(app, at, args, told):
    """The page says what is wrong, shows the usual period, and keeps what was typed."""
    at(MONDAY)
    answer = signed_in(app, a_person(now=MONDAY).login).get(f"/rapporter?{args}")
    assert answer.status_code == 400
    assert told in answer.text
    assert 'aria-invalid="true" aria-describedby="r-fel"' in answer.text
    assert f'value="{args.split("fran=")[1][:10]}"' in answer.text


def how_many(key, row, place):
    """How many cases a cell says that there are behind it; None for a time of some of them."""
    if key in ("steg", "fordelning"):
        return None if place == 2 and key == "steg" else row[3 if key == "steg" else 1]
    if re.search(r"\d (?:t|min)$|^för få \(under \d+\)$", row[place]):
        return None
    part = key == "koppling" and place == 2
    share = re.search(r"([\d ]+) av ([\d ]+)", row[place])
    return share[1 if part else 2] if share else row[place]


def test_every_figure_leads_to_as_many_cases(town):
    """Behind each linked count and median stand so many cases, for a manager of the whole city."""
    manager, _ = town
    page = PageReader(manager.get("/rapporter?period=4veckor").text)
    checked = Counter()
    for key in (
        "tid", "veckor", "avdelningar", "fordelning", "kanaler", "timmar", "alder", "typer",
        "utfall", "steg", "koppling", "kontakter",
    ):  # fmt: skip
        for row, links in list(zip(page.tables[key].rows, page.links[key], strict=True))[:4]:
            for place, link in enumerate(links[1:6], 1):
                told = how_many(key, row, place)
                if "vad=" not in link or told is None:
                    continue
                found = re.search(
                    r">(?:De \d+ första av )?([\d\u202f]+) ärenden? som du",
                    manager.get(unescape(link)).text,
                )
                assert found, link
                n = int(found[1].replace("\u202f", ""))
                assert n == int(told.replace(" ", "")), (key, row, link)
                checked[key] += 1
    assert checked.total() > 60
    assert checked["koppling"] >= 4
    assert checked["steg"] == 8


def test_behind_a_median_stand_the_answered(town):
    """Every median of answering times, and the figures that stand first, lead to their cases."""
    manager, _ = town
    text = manager.get("/rapporter?period=4veckor").text
    page = PageReader(text)
    for key, place in (("tid", 2), ("veckor", 2), ("avdelningar", 4), ("typer", 3)):
        for row, links in zip(page.tables[key].rows, page.links[key], strict=True):
            assert "vad=answered" in links[place] or "för få" in row[place], key
    first = re.findall(r'<dd data-figure="\w+"><a href="[^"]+vad=(\w+)', text)
    assert first == ["due", "answered", "backlog", "routed_sure"]


def test_an_address_of_no_figure_is_told_in_plain_words(town):
    """A name that nothing is counted under gives a page, and no crash."""
    manager, _ = town
    for what in (
        "",
        "nej",
        "took:x:y",
        "hours:9-99",
        "more:x:1",
        "backlog:gammal",
        "more:waiting:x",
    ):
        answer = manager.get("/rapporter/arenden", query_string={"vad": what})
        assert (answer.status_code, "Siffran finns inte" in answer.text) == (404, True), what


def test_every_drawing_is_named_told_in_words_and_stands_beside_its_table(town):
    """Each has role, title and description, a table of the same figures, and no style of its own."""
    manager, _ = town
    text = manager.get("/rapporter?period=kvartal").text
    drawings = re.findall(r'<svg class="chart.*?</svg>', text, re.DOTALL)
    assert len(drawings) == 5
    tables = PageReader(text).tables
    for drawing in drawings:
        key = re.search(r'aria-labelledby="d-(\w+)-t d-\1-d"', drawing)
        assert key
        assert 'role="img"' in drawing
        assert re.search(rf'<title id="d-{key[1]}-t">[^<]+</title>', drawing)
        assert len(re.search(rf'<desc id="d-{key[1]}-d">([^<]+)</desc>', drawing)[1]) > 20
        assert tables[key[1]].rows
    assert " style=" not in text


def test_every_table_has_its_definition(town):
    """Beside each part of the report stands how it is counted."""
    manager, _ = town
    text = manager.get("/rapporter").text
    parts = re.findall(r'<h2 id="r-(\w+)">', text)
    assert len(parts) == 16
    for key in parts:
        part = text.split(f'<h2 id="r-{key}">')[1].split('<h2 id="r-')[0]
        assert re.search(r'<details class="how">.*?<p>[^<]{30,}</p>', part, re.DOTALL), key


def test_a_handlers_page_has_no_way_to_other_departments(town):
    """Every link on it leads to the own department's cases or to the page itself."""
    _, handler = town
    text = handler.get("/rapporter").text
    assert set(re.findall(r"avdelning=([\w-]+)", text)) <= {"miljo"}
    assert "Gata &amp; park" not in text.split('id="innehall"')[1]
