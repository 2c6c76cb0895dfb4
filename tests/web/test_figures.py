"""The pages where figures from outside are taken in: reviewed first, told plainly, never doubled."""

import io
import re

import pytest
from sqlalchemy import func, select

from app.collecting import matomo
from app.database import db, writing
from app.models import Arrival, CallCount, WebsiteLook
from tests.conftest import MONDAY
from tests.factories import a_person
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once
CALLS, SITE = "/vaxelns-samtal", "/webbplatsen"
FILE = "datum;kö;samtal\n2026-11-02;Kundtjänst;12\n2026-11-03;Gata & park;7\ni går;Kundtjänst;3\n"


@pytest.fixture
def client(app, at):
    """Communications, signed in."""
    at(MONDAY)
    return signed_in(app, a_person("communications", "Erik Nord", now=MONDAY).login)


def send(client, address, file=None, **form):
    """What a form with a file sends."""
    given = {"csrf_token": token(client.get("/mitt-konto").text), **form}
    if file is not None:
        given["fil"] = (io.BytesIO(file.encode()), "samtal.csv")
    return client.post(address, data=given, content_type="multipart/form-data")


def counted():
    """How many calls are known in all."""
    db.session.commit()
    return db.session.scalar(select(func.sum(CallCount.calls)))


# --- Denied first --------------------------------------------------------------------------------


def test_who_may_not_is_kept_out(app, client):
    """A handler reaches neither page, has no link to them, and no form works without its token."""
    sara = signed_in(app, a_person("handler", "Sara Ek", "omsorg", now=MONDAY).login)
    for address in (CALLS, SITE):
        assert sara.get(address).status_code == 403
        assert f'href="{address}"' not in sara.get("/arenden").text
        assert f'href="{address}"' in client.get("/arenden").text
        assert client.post(address, data={"gor": "spara", "innehall": FILE}).status_code == 400
    assert client.post(f"{SITE}/hamta").status_code == 400
    assert counted() is None


# --- The switchboard -----------------------------------------------------------------------------


def test_a_file_is_reviewed_before_anything_is_kept(client):
    """The first press shows days and bad lines and keeps nothing; the second keeps the good ones."""
    page = send(client, CALLS, FILE, gor="granska").text
    assert "Rad 4: ”i går” går inte att läsa som ett datum" in page
    assert "2 nya dagar" in page
    assert "Gata &amp; park" in page
    assert counted() is None
    carried = re.search(r'<textarea name="innehall"[^>]*>([^<]*)</textarea>', page)[1]
    carried = carried.replace("&amp;", "&")
    assert send(client, CALLS, gor="spara", innehall=carried).status_code == 302
    assert counted() == 19
    told = client.get(CALLS).text
    assert "2 dagar är sparade, en per kö och dag. 1 rad gick inte att läsa." in told


def test_replaced_figures_are_told_beside_each_other(client):
    """A file that says otherwise shows what was and what will be; the same file says so too."""
    send(client, CALLS, gor="spara", innehall=FILE)
    page = send(client, CALLS, FILE.replace(";12", ";15"), gor="granska").text
    assert "12 blir 15" in page
    assert "1 är redan inläst" in page
    send(client, CALLS, gor="spara", innehall=FILE)
    assert "Allt i filen var redan inläst. Inget har ändrats." in client.get(CALLS).text
    assert counted() == 19


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (None, "Filen är tom."),
        ("PK\x03\x04", "Filen är inte en textfil."),
        ("datum;samtal\n", "Filen saknar en kolumn som heter ”kö eller avdelning”."),
        ("datum;kö;samtal\n" + "a;b;1\n" * 20_001, "Filen är för stor."),
    ],
)
def test_what_is_no_such_file_is_said_plainly(client, file, sentence):
    """A missing, wrong or too large file is told in the page's title and in words."""
    answer = send(client, CALLS, file, gor="granska")
    assert answer.status_code == 400
    assert "<title>Fel:" in answer.text
    assert sentence in answer.text


def test_nothing_yet_is_said_so(client):
    """Before the first file both pages say that there is nothing, and what to do."""
    assert "Inga samtal är inlästa än." in client.get(CALLS).text
    page = client.get(SITE).text
    assert "Inga siffror än." in page
    assert "IT ansluter Matomo med MATOMO_URL" in page


def test_long_and_right_to_left_names_are_shown_safely(client):
    """A queue in Arabic with marks of its own stands on the page as text."""
    name = "قسم <b>" + "å" * 60
    send(client, CALLS, gor="spara", innehall=f"datum;kö;samtal\n2026-11-02;{name};3\n")
    assert f'dir="auto">قسم &lt;b&gt;{"å" * 60}' in client.get(CALLS).text


# --- The website ---------------------------------------------------------------------------------


def test_visits_from_a_file_are_shown(client):
    """A file's visits stand on the page by network; lines that cannot be read are told."""
    lines = "datum;nätverk;besök\n2026-11-20;Facebook;41\n2026-11-20;vaxeln-x-2026-11;5\nx;y;z\n"
    page = send(client, SITE, lines).text
    assert "Rad 4: ”x” går inte att läsa som ett datum" in page
    page = " ".join(client.get(SITE).text.split())
    assert '<th scope="row" dir="auto">Facebook</th><td class="r num">41</td>' in page
    assert '<th scope="row" dir="auto">vaxeln-x-2026-11</th><td class="r num">5</td>' in page


def test_trouble_with_matomo_stands_on_the_status_page(app, client):
    """What went wrong and what to do is told where all faults are, as long as Matomo is set."""
    app.config["MATOMO_URL"] = "https://matomo.example.test"
    with writing():
        row = WebsiteLook(id=1, looked_at=MONDAY, error=matomo.Trouble.SIGN_IN, error_text="<No>")
        db.session.add(row)
    for address in ("/lage", SITE):
        page = client.get(address).text
        assert "Matomo släpper inte in oss. Skapa en ny nyckel" in page
        assert "Matomo säger: ”&lt;No&gt;”" in page
    app.config["MATOMO_URL"] = ""
    assert "Matomo släpper inte in oss" not in client.get("/lage").text


def test_without_matomo_looking_now_says_so(client):
    """The button does no harm where nothing is connected."""
    send(client, f"{SITE}/hamta")
    assert "Matomo är inte anslutet." in client.get(SITE).text
    assert db.session.scalar(select(func.count()).select_from(Arrival)) == 0


# --- The command line ----------------------------------------------------------------------------


def test_the_command_does_the_same(app, tmp_path):
    """`flask calls import` keeps the good lines, tells the bad ones, and ends with 1 for them."""
    file = tmp_path / "samtal.csv"
    file.write_text(FILE, encoding="utf-8-sig")
    done = app.test_cli_runner().invoke(args=["calls", "import", str(file)])
    assert (done.exit_code, counted()) == (1, 19)
    assert "Rad 4: ”i går” går inte att läsa som ett datum" in done.output
    assert "2 dagar är sparade" in done.output
    file.write_text("datum;samtal\n")
    done = app.test_cli_runner().invoke(args=["calls", "import", str(file)])
    assert done.exit_code == 1
    assert "Filen saknar en kolumn" in done.output
