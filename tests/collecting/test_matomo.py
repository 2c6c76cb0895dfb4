"""Visits to the website: asked of a Matomo that speaks its wire format, and from a file."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.basics.csv_rows import NotATable
from app.channels.practice.standins import matomo as standin
from app.channels.practice.standins import wire
from app.collecting import matomo, website_files
from app.collecting.call_counts import Why
from app.collecting.matomo import Matomo, NoFigures, Trouble
from app.database import db, writing
from app.models import Arrival
from app.people.rights import NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person

SUNDAY = date(2026, 11, 22)
SATURDAY = SUNDAY - timedelta(days=1)
OURS = "vaxeln-facebook-2026-11"


@pytest.fixture
def stand_in():
    """A Matomo on this machine, and how one asks it."""
    made = standin.MatomoStandIn()
    made.socials = {SATURDAY: {"Facebook": 41, "Instagram": 3}, SUNDAY: {"Facebook": 12}}
    made.campaigns = {SUNDAY: {OURS: 5, "nyhetsbrev": 90}}
    server = wire.server(wire.listener(), {"": made.answer})
    wire.in_background(server)
    yield made, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def asked(stand_in):
    """The Matomo of the settings."""
    return Matomo(stand_in[1], 1, standin.TOKEN, frozenset({"127.0.0.1"}), "Landskrona stad")


@pytest.fixture
def settings(app, stand_in):
    """The application's settings with that Matomo in them."""
    mine = {
        "MATOMO_URL": stand_in[1],
        "MATOMO_SITE": 1,
        "MATOMO_TOKEN": standin.TOKEN,
        "MATOMO_PRIVATE_HOSTS": ("127.0.0.1",),
    }
    return {**app.config, **mine}


def known():
    """What is kept: day, kind, label, visits."""
    db.session.commit()
    rows = db.session.scalars(select(Arrival).order_by(Arrival.day, Arrival.kind, Arrival.label))
    return [(row.day.day, row.kind, row.label, row.visits) for row in rows]


def trouble_with(asked, **change):
    """Why nothing can be read, and what Matomo said."""
    values = {name: getattr(asked, name) for name in ("url", "site", "token", "private_hosts")}
    with pytest.raises(NoFigures) as caught:
        matomo.read(Matomo(**values | change), SATURDAY, SUNDAY, now=MONDAY)
    return caught.value.why, caught.value.said


# --- On the wire ---------------------------------------------------------------------------------


def test_the_token_stands_in_the_body_alone(stand_in, asked):
    """The token is in no address and no header, and what is asked is one range of days."""
    matomo.read(asked, SATURDAY, SUNDAY, now=MONDAY)
    assert [one.form["method"] for one in stand_in[0].heard] == [
        "Referrers.getSocials",
        "Referrers.getCampaigns",
    ]
    for one in stand_in[0].heard:
        assert (one.method, one.path, one.query) == ("POST", "/index.php", {})
        assert one.form["date"] == "2026-11-21,2026-11-22"
        assert standin.TOKEN not in str(one.headers)
    assert standin.TOKEN not in repr(asked)


def test_networks_and_our_own_campaigns_are_read(asked):
    """Visits come by day; of the campaigns those that our links carry, and nobody else's."""
    found = matomo.read(asked, SATURDAY - timedelta(days=1), SUNDAY, now=MONDAY)
    assert found == {
        SATURDAY - timedelta(days=1): {},
        SATURDAY: {("social", "Facebook"): 41, ("social", "Instagram"): 3},
        SUNDAY: {("social", "Facebook"): 12, ("campaign", OURS): 5},
    }


def test_a_day_alone_is_read_too(asked):
    """One day asked for is one day read."""
    assert matomo.read(asked, SUNDAY, SUNDAY, now=MONDAY)[SUNDAY][("social", "Facebook")] == 12


def test_errors_are_told_apart(asked):
    """A bad token, a website one may not see, a neighbour's address and silence have each a name."""
    why, said = trouble_with(asked, token="wrong-and-secret")
    assert (why, "wrong-and-secret" in said) == (Trouble.SIGN_IN, False)
    assert trouble_with(asked, site=7)[0] == Trouble.SIGN_IN
    assert trouble_with(asked, private_hosts=frozenset())[0] == Trouble.ADDRESS
    assert trouble_with(asked, url="http://127.0.0.1:9")[0] == Trouble.NO_ANSWER


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (wire.json_reply(200, {"result": "error", "message": "Database is &quot;gone&quot;"}), Trouble.REFUSED),
        (wire.json_reply(403, {"result": "error", "message": "token_auth is wrong"}), Trouble.SIGN_IN),
        (wire.Reply(401, b"no", {"Content-Type": "text/plain"}), Trouble.SIGN_IN),
        (wire.Reply(500, b"<html>", {"Content-Type": "text/html"}), Trouble.NO_ANSWER),
        (wire.Reply(200, b"<html>", {"Content-Type": "text/html"}), Trouble.NOT_UNDERSTOOD),
        (wire.Reply(302, b"", {"Location": "https://elsewhere.example/"}), Trouble.NOT_UNDERSTOOD),
        (wire.Reply(200, b"{", {"Content-Type": "application/json"}), Trouble.NO_ANSWER),
        (wire.json_reply(200, {"2026-11-21": {"a": 1}}), Trouble.NOT_UNDERSTOOD),
        (wire.json_reply(200, {"2026-11-21": [{"label": "Facebook"}]}), Trouble.NOT_UNDERSTOOD),
        (wire.json_reply(200, 7), Trouble.NOT_UNDERSTOOD),
    ],
)  # fmt: skip
def test_whatever_it_answers_has_a_name(stand_in, asked, reply, why):
    """No answer, however odd, is anything else than one of the known troubles."""
    stand_in[0].says = reply
    assert trouble_with(asked)[0] == why


def test_matomos_words_are_readable(stand_in, asked):
    """What Matomo says is told without its HTML, and with the token taken out should it be there."""
    said = f"Bad &quot;thing&quot; with {standin.TOKEN}"
    stand_in[0].says = wire.json_reply(200, {"result": "error", "message": said})
    assert trouble_with(asked)[1] == 'Bad "thing" with •'


# --- Kept ----------------------------------------------------------------------------------------


def test_each_night_reads_what_has_come(stand_in, settings):
    """The first look goes back three months; the next only to the last days, which it reads anew."""
    assert matomo.look(settings, now=MONDAY) == 92
    assert [row for row in known() if row[2]] == [
        (21, "social", "Facebook", 41),
        (21, "social", "Instagram", 3),
        (22, "campaign", OURS, 5),
        (22, "social", "Facebook", 12),
    ]
    stand_in[0].socials[SUNDAY] = {"Facebook": 13}
    assert matomo.look(settings, now=MONDAY + timedelta(days=1)) == 4
    assert (22, "social", "Facebook", 13) in known()
    assert len(known()) == 92 + 1 + 2


def test_trouble_is_kept_for_the_status_page(stand_in, settings):
    """A look that fails changes no figure, says why, and leaves when it last went well."""
    matomo.look(settings, now=MONDAY)
    before = known()
    stand_in[0].says = wire.json_reply(200, {"result": "error", "message": "Busy"})
    later = MONDAY + timedelta(days=1)
    assert matomo.look(settings, now=later) == 0
    look = matomo.last_look()
    assert (look.error, look.error_text, look.read_at, look.looked_at) == (
        "refused", "Busy", MONDAY, later,
    )  # fmt: skip
    assert known() == before


def test_without_a_matomo_nothing_is_asked(app):
    """With no address set there is no look and nothing to tell."""
    assert matomo.look(app.config, now=MONDAY) == 0
    assert matomo.last_look() is None


# --- From a file ---------------------------------------------------------------------------------


def test_a_file_does_the_same(app):
    """A file's days are kept in place of what was known; bad lines are told by number."""
    erik = a_person("communications", "Erik Nord", now=MONDAY)
    with writing():
        matomo.keep({SATURDAY: {("social", "Facebook"): 1}}, now=MONDAY)
    lines = "Datum;Nätverk;Besök\n2026-11-21;Facebook;1 041\n2026-11-21;Facebook;2\n2026-11-21;;2\n"
    lines += f"2026-11-22;{OURS};3\n2027-01-01;Facebook;1\nx;Facebook;1\n2026-11-22;X;y\n"
    taken = website_files.take_in(lines.encode(), by=erik, today=MONDAY.date(), now=MONDAY)
    assert (taken.days, taken.replaced) == (2, [SATURDAY])
    assert [(bad.line, bad.why) for bad in taken.bad] == [
        (3, Why.NETWORK_TWICE), (4, Why.NO_NETWORK), (6, Why.NOT_YET), (7, Why.NO_DAY),
        (8, Why.NO_CALLS),
    ]  # fmt: skip
    assert known() == [(21, "social", "Facebook", 1041), (22, "campaign", OURS, 3)]


def test_who_may_not_bring_figures_brings_no_file(app):
    """A handler's file is refused, and one without its columns is told as such."""
    sara = a_person("handler", "Sara Ek", "omsorg", now=MONDAY)
    with pytest.raises(NotAllowed):
        website_files.take_in(b"", by=sara, today=SUNDAY, now=MONDAY)
    erik = a_person("communications", "Erik Nord", now=MONDAY)
    with pytest.raises(NotATable):
        website_files.take_in("datum;besök\n".encode(), by=erik, today=SUNDAY, now=MONDAY)
