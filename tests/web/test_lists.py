"""The list's page: its address says what it shows, views of one's own, rows as they stand."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from app.database import db, writing
from app.inbox import lists
from app.inbox.own_views import MOST
from app.models import Case, SavedView
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once


@pytest.fixture
def world(app, at):
    """Two residents' cases, and Anna signed in."""
    at(MONDAY)
    source = an_account(now=MONDAY)
    long_ago = MONDAY - timedelta(days=4)
    take_in(source, said("Hål i gatan", at=MONDAY, by="Ask"), said("Rött", at=long_ago, by="Bo"))
    return signed_in(app, a_person(now=MONDAY).login)


def rows(page):
    """The numbers of the rows on a page, in order."""
    return [int(one) for one in re.findall(r'<li id="rad-(\d+)"', page)]


def change(case_id, **values):
    """A case as something has made it."""
    with writing():
        for name, value in values.items():
            setattr(db.session.get_one(Case, case_id), name, value)


def test_a_handler_is_not_told_of_others_rows(app, at):
    """Another department's row, and one that is not there, come back as the same bare word."""
    at(MONDAY)
    take_in(an_account(now=MONDAY), said("Hål i gatan", at=MONDAY, by="Ask"))
    put_with(cases()[0], "gata-park")
    petra = signed_in(app, a_person("handler", "Petra Lund", "miljo", now=MONDAY).login)
    told = petra.get("/arenden/rader?ids=1").text
    assert "Flyttad" in told
    assert "Ask" not in told
    assert "Hål" not in told
    assert petra.get("/arenden/rader?ids=77").text == told.replace("rad-1", "rad-77")


def test_a_link_shows_the_same_list(world):
    """Filters and order stand in the address, as chips, in the rows' links and on the next page."""
    change(1, kind="fråga", language="en")
    page = world.get("/arenden?typ=fråga&alder=1v&ordning=nyast")
    assert rows(page.text) == []
    assert "Inget passar filtren" in page.text
    page = world.get("/arenden?typ=fråga&sprak=en&ordning=nyast").text
    assert rows(page) == [1]
    chips = re.findall(r'class="chips__a" href="([^"]+)"', page)
    assert [unescape(one) for one in chips] == [
        "/arenden?sprak=en&ordning=nyast", "/arenden?typ=fr%C3%A5ga&ordning=nyast",
    ]  # fmt: skip
    assert "1 ärende" in page
    link = unescape(re.search(r'class="rw [^"]*" id="arende-1" href="([^"]+)"', page)[1])
    assert link == "/arenden/1?typ=fr%C3%A5ga&sprak=en&ordning=nyast"
    assert rows(world.get(link).text) == [1]


def test_a_case_from_a_further_page_keeps_that_page_beside_it(world, monkeypatch):
    """A case opened from a list's second page has the second page beside it, also when its row has
    been drawn anew."""
    monkeypatch.setattr("app.inbox.lists.A_PAGE", 1)
    lists._page.cache_clear()
    first = world.get("/arenden").text
    further = unescape(re.search(r'href="(/arenden\?efter=[^"]+)"', first)[1])
    shown = world.get(further).text
    assert rows(shown) != rows(first)
    link = unescape(re.search(r'class="rw [^"]*" id="arende-\d+" href="([^"]+)"', shown)[1])
    beside = world.get(link).text
    assert rows(beside) == rows(shown)
    again = unescape(re.search(r'data-rows="([^"]+)"', beside)[1])
    anew = world.get(f"{again}&ids={rows(shown)[0]}").text
    assert unescape(re.search(r'id="arende-\d+" href="([^"]+)"', anew)[1]) == link
    lists._page.cache_clear()


NONSENSE = (
    "vy=x", "avdelning=x", "typ=x", "alder=9", "sprak=xx", "konto=77", "konto=x", "ordning=x",
    "handlaggare=99", "handlaggare=x", "bradskar=nej", "efter=x_y", "efter=2026-01-01_1",
)  # fmt: skip


def test_what_an_address_cannot_mean_is_passed_over(world):
    """An unknown value leaves the plain list, and no chip."""
    for said_there in NONSENSE:
        page = world.get(f"/arenden?{said_there}").text
        assert (said_there, rows(page)) == (said_there, [1, 2])
        assert "chips__a" not in page


def test_filters_work_as_a_form(world):
    """The form carries view and order along, and shows what is chosen."""
    page = world.get("/arenden?vy=otilldelade&ordning=aldst&alder=3d").text
    form = re.search(r'<form class="filter__form".*?</form>', page, re.S)[0]
    assert 'name="vy" value="otilldelade"' in form
    assert 'name="ordning" value="aldst"' in form
    assert '<option value="3d" selected>' in form
    assert 'method="post"' not in form


def test_what_is_put_aside_is_listed_by_when_it_comes_back(world):
    """Undanlagda names the time; the other views and the news have lost it."""
    change(1, snoozed_until=MONDAY + timedelta(hours=2))
    change(2, snoozed_until=MONDAY + timedelta(hours=1))
    page = world.get("/arenden?vy=undanlagda").text
    assert rows(page) == [2, 1]
    assert "Åter 23 nov kl. 12.00" in page
    assert rows(world.get("/arenden").text) == []
    assert world.get("/arenden/nya?sedan=0").status_code == 204


def test_rows_as_they_stand(world, app):
    """A row comes anew in place; what the list has lost stays, with a word for why."""
    told = world.get("/arenden/rader?ids=1,2&valt=2").text
    assert rows(told) == [1, 2]
    assert told.count('hx-swap-oob="true"') == 2
    assert 'data-version="1"' in told
    assert "rw-gone" not in told
    assert re.search(r'id="arende-2"[^>]*aria-current="true"', told)
    erik = a_person("communications", "Erik Norén", now=MONDAY)
    change(1, assignee_id=erik.id, state="ongoing")
    told = world.get("/arenden/rader?ids=1,2&vy=otilldelade").text
    assert "Tagen av Erik" in told
    assert told.count("rw-gone") == 1
    change(1, state="closed", is_open=False, outcome="spam", closed_at=MONDAY)
    assert "Klar" in world.get("/arenden/rader?ids=1").text
    assert "rw-gone" not in world.get("/arenden/rader?ids=1&vy=klara").text
    assert world.get("/arenden/rader?ids=,x").status_code == 204


def keep(client, name, query):
    """Save a list; the page that follows."""
    form = {"csrf_token": token(client.get("/vyer").text + client.get("/mitt-konto").text),
            "namn": name, "lista": query}  # fmt: skip
    return client.post("/vyer", data=form, follow_redirects=True).text


def views():
    """The names and addresses of all views that are kept."""
    db.session.commit()
    return [(one.name, one.query) for one in db.session.scalars(select(SavedView))]


def test_others_views_cannot_be_reached(world, app):
    """Somebody else's view is neither shown, renamed nor taken away, as if it were not there."""
    keep(world, "Bara min", "alder=3d")
    erik = signed_in(app, a_person("communications", "Erik Norén", now=MONDAY).login)
    assert "Bara min" not in erik.get("/vyer").text + erik.get("/arenden").text
    form = {"csrf_token": token(erik.get("/mitt-konto").text), "namn": "Stulen"}
    for address in ("/vyer/1", "/vyer/1/ta-bort", "/vyer/99", "/vyer/99/ta-bort"):
        assert "Vyn finns inte längre." in erik.post(address, data=form, follow_redirects=True).text
    assert views() == [("Bara min", "alder=3d")]


def test_a_view_of_ones_own(world):
    """The list on the screen is kept under a name, counted in the side bar, renamed, taken away."""
    page = keep(world, "  Väntat  länge ", "alder=3d&konto=77&efter=x")
    assert views() == [("Väntat länge", "alder=3d")]
    own = re.search(r'href="/arenden\?alder=3d" aria-current="page">.*?</a>', page, re.S)[0]
    assert "Väntat länge" in own
    assert own.endswith("<span>1</span></span></a>")
    keep(world, "väntat LÄNGE", "alder=1v")
    assert views() == [("Väntat länge", "alder=1v")]
    keep(world, "Annan", "")
    form = {"csrf_token": token(world.get("/vyer").text), "namn": "Annan"}
    assert "redan använt" in world.post("/vyer/1", data=form, follow_redirects=True).text
    world.post("/vyer/1", data={**form, "namn": "Ny"})
    world.post("/vyer/2/ta-bort", data=form)
    assert views() == [("Ny", "alder=1v")]


def test_a_view_needs_a_name_and_there_are_at_most_twenty(world):
    """Without a name, with too long a one, or as the twenty-first, nothing is kept."""
    for name in ("", "  ", "x" * 61):
        assert "Inget är sparat" in keep(world, name, "")
    with writing():
        for number in range(MOST):
            db.session.add(SavedView(staff_id=1, name=f"V{number}", query="", created_at=MONDAY))
    assert "redan 20 egna vyer" in keep(world, "En till", "")
    assert len(views()) == MOST
