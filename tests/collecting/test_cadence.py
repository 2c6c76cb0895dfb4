"""That the pace is counted from what a source really is like: its words, its post, its hours."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.channels.practice import PracticeTown
from app.collecting import collect
from app.collecting.accounts import NewAccount, connect
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import connection_of, options_from
from app.database import db, writing
from app.models import Account, Department, Source
from tests.channels.benches.blog import Blog, a_blog, atom, entry  # noqa: F401 - a fixture
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def town(app):
    """An account in the practice town, and the town."""
    source = an_account("practice", now=MONDAY)
    return PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)


def the_source():
    """The only source, as it stands in the database."""
    db.session.commit()
    return db.session.scalars(select(Source).execution_options(populate_existing=True)).one()


def look(app, at):
    """One look at that moment; seconds until the next one."""
    options = replace(options_from(app.config), speed="still")
    collect_due(Collector(options, lambda: at), all_now=True)
    return (the_source().next_look_at - at).total_seconds()


def say(town, count, at=MONDAY):
    """So many comments by as many people."""
    for number in range(count):
        town.says(f"Ord {number}", at=at, author=f"Person {number}")


def test_words_make_the_next_look_come_sooner(app, town):
    """After one word the next look is in 3 minutes, after 16 in one; a day later in 15 again."""
    say(town, 1)
    assert look(app, MONDAY) == 180
    say(town, 15)
    assert look(app, MONDAY) == 60
    assert look(app, MONDAY + 2 * HOUR) == 180 * 1.25
    assert look(app, MONDAY + 25 * HOUR) == 900


def test_looks_that_bring_nothing_make_it_later(app, town):
    """Each look without news waits a quarter longer; a word ends the quiet."""
    say(town, 16)
    look(app, MONDAY)
    assert [look(app, MONDAY + 2 * HOUR) for _ in range(3)] == [225, 281.25, 351.5625]
    say(town, 1, at=MONDAY + 2 * HOUR)
    assert look(app, MONDAY + 2 * HOUR) == pytest.approx(900 / (1 + 17 / 4))
    assert the_source().quiet_looks == 0


def test_an_old_post_makes_it_later(app, town):
    """The same sixteen words under a post of three days wait twice as long."""
    say(town, 16, at=MONDAY - 3 * DAY)
    look(app, MONDAY)
    assert look(app, MONDAY + 2 * HOUR) == 2 * 225


def test_the_owners_opening_hours_make_it_later(app, town):
    """An account whose department is closed on Mondays is looked at half as often on a Monday."""
    with writing():
        street = db.session.scalars(select(Department).where(Department.slug == "gata-park")).one()
        street.opening_hours = {"tue": [["08:00", "16:30"]]}
        db.session.execute(update(Account).values(owner_department_id=street.id))
    say(town, 16)
    look(app, MONDAY)
    assert look(app, MONDAY + 2 * HOUR) == 2 * 225


def test_connecting_says_how_far_back_and_reads_so_far(app, at, blog):
    """A blog connected in the pages is read 30 days back, as history; the page says so in words."""
    at(MONDAY)
    old, known = (f"{MONDAY - days * DAY:%Y-%m-%dT%H:%M:%SZ}" for days in (31, 29))
    blog.gives(atom(entry(1, published=old), entry(2, published=known)))
    ida = a_person("administrator", "Ida Sand", now=MONDAY)
    client = signed_in(app, ida.login)
    form = {
        "csrf_token": token(client.get("/mitt-konto").text), "kanal": "feed", "namn": "Bloggen",
        "steg": "inloggning", "chef": "Eva Chef", "datum": "2026-11-18",
        "v_feed_url": blog.feed_url, "hosts": "127.0.0.1",
    }  # fmt: skip
    page = client.post("/konton/anslut", data=form, follow_redirects=True).text
    assert "Bloggen är anslutet." in page
    assert "30 dygn tillbaka" in page
    source, options = the_source(), options_from(app.config)
    assert (source.history_before, source.first_read_at) == (MONDAY, None)
    assert connection_of(source, options, now=MONDAY).backfill_since == MONDAY - 30 * DAY
    look(app, MONDAY + HOUR)
    assert the_source().first_read_at == MONDAY + HOUR
    assert connection_of(the_source(), options, now=MONDAY).backfill_since is None
    (case,) = cases()
    assert (case.person_name, case.is_open, case.outcome) == ("Åsa 2", False, "history")
    now = f"{MONDAY + HOUR:%Y-%m-%dT%H:%M:%SZ}"
    blog.gives(atom(entry(3, published=now), entry(2, published=known)))
    look(app, MONDAY + 2 * HOUR)
    assert [case.is_open for case in cases()] == [False, True]


def test_connecting_without_a_first_reading_says_so(app, at, blog):
    """With BACKFILL_DAYS at nothing the page says that only what comes is read."""
    at(MONDAY)
    app.config["BACKFILL_DAYS"] = 0.0
    blog.gives(atom(entry(1)))
    ida = a_person("administrator", "Ida Sand", now=MONDAY)
    client = signed_in(app, ida.login)
    form = {
        "csrf_token": token(client.get("/mitt-konto").text), "kanal": "feed", "namn": "Bloggen",
        "steg": "inloggning", "chef": "Eva Chef", "datum": "2026-11-18",
        "v_feed_url": blog.feed_url, "hosts": "127.0.0.1",
    }  # fmt: skip
    page = client.post("/konton/anslut", data=form, follow_redirects=True).text
    assert "Bara det som skrivs från och med nu läses." in page
    assert (
        connection_of(the_source(), options_from(app.config), now=MONDAY).backfill_since == MONDAY
    )


def test_the_first_reading_is_over_when_all_of_it_is_read(app, town, monkeypatch):
    """While there are pages left the first reading goes on, at once; then its end is written down."""
    monkeypatch.setattr(collect, "PAGES_A_LOOK", 1)
    say(town, 120)
    assert [look(app, MONDAY) for _ in range(2)] == [1, 1]
    assert the_source().first_read_at is None
    look(app, MONDAY + HOUR)
    assert the_source().first_read_at == MONDAY + HOUR
    look(app, MONDAY + 2 * HOUR)
    assert the_source().first_read_at == MONDAY + HOUR


def test_a_blog_by_command_line_has_the_same_bounds(app):
    """However it is connected, what was said before is history and read a bounded time back."""
    new = NewAccount("feed", "Blogg", {"feed_url": "https://x.example/f"}, approved_by="Eva Chef")
    connect(new, keys=app.config["CREDENTIALS_KEYS"], by=None, now=MONDAY)
    source = the_source()
    assert source.history_before == source.next_look_at == MONDAY
    options = replace(options_from(app.config), backfill=timedelta(days=7))
    assert connection_of(source, options, now=MONDAY).backfill_since == MONDAY - 7 * DAY
