"""The practice town's networks: their stories, through the real channels over loopback."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.basics import clock
from app.basics.personal_data import find_personal_identity_numbers
from app.channels.base import Outgoing, channel_named
from app.channels.practice import serving
from app.channels.practice.networks import MOST, Teller
from app.channels.practice.pace import story
from app.channels.practice.standins import graph, x, youtube
from app.channels.practice.standins.stage import Stage
from app.channels.practice.standins.wire import in_background
from app.collecting.accounts import NewAccount, connect, resume
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import connection_of, options_from
from app.database import db
from app.models import Account, Case, Message, Source
from app.start import open_town, prepare
from config import ROOT
from tests.channels.benches.loopback import Loopback
from tests.conftest import MONDAY

NETWORKS = ("facebook", "x", "youtube")
HOUR = timedelta(hours=1)


class Town:
    """The town as `flask start` opens it, in this process and with a clock of its own."""

    def __init__(self, app, at, speed="normal"):
        self.app, self.at, self.speed = app, at, speed
        self.set(MONDAY)
        self.server = None

    def set(self, moment):
        self.moment = moment
        self.at(moment)

    def open(self):
        prepare(self.app)
        listens = open_town(self.app)
        folder = self.app.config["DATA_DIR"]
        self.server = serving.server_of(listens, folder, self.speed, lambda: self.moment)
        in_background(self.server)

    def close(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def collect(self):
        options = options_from(self.app.config)
        collect_due(Collector(options, lambda: self.moment), all_now=True)

    def connection(self, channel):
        account = db.session.scalars(select(Account).where(Account.channel == channel)).one()
        source = db.session.scalars(select(Source).where(Source.account_id == account.id)).first()
        return connection_of(source, options_from(self.app.config), now=self.moment)


@pytest.fixture
def town(app, at):
    made = Town(app, at)
    yield made
    made.close()


def cases():
    """How many cases there are of each channel."""
    db.session.commit()
    rows = db.session.execute(
        select(Account.channel, func.count(Case.id)).join(Case).group_by(Account.channel)
    )
    return dict(rows.all())


def messages(channel):
    """Every message of a channel, by its text."""
    db.session.commit()
    found = select(Message).join(Case).join(Account).where(Account.channel == channel)
    return {message.text: message for message in db.session.scalars(found)}


def beginning(found, words):
    """The one message that begins like this."""
    (one,) = [message for text, message in found.items() if text.startswith(words)]
    return one


def settings_of_networks():
    """What each practice account says of where its platform is."""
    db.session.commit()
    rows = db.session.scalars(select(Account).where(Account.channel.in_(NETWORKS)))
    return {row.channel: row.platform for row in rows}


def test_the_first_week_arrives_as_cases_on_every_network(app, town):
    """A look at each network brings its week through the real channel, as work and not history."""
    town.open()
    town.collect()
    found = cases()
    assert found["x"] >= 15
    assert found["youtube"] >= 15
    assert found["facebook"] >= 15
    assert found["practice"] >= 50
    states = set(db.session.scalars(select(Case.state).join(Account).where(
        Account.channel.in_(NETWORKS))))  # fmt: skip
    assert states <= {"new", "answered"}
    assert not db.session.scalars(select(Source).where(Source.error_class != "")).all()


@pytest.mark.once
def test_x_shows_what_x_can_show(app, town):
    """Who did not name the city is locked with a way out; long and edited posts are whole; reposts
    are no cases; the city's own answer on X counts as one."""
    town.open()
    town.collect()
    found = messages("x")
    locked = beginning(found, "Håller med. Förra gången")
    assert locked.no_answer == "not_summoned"
    assert locked.answer_elsewhere.startswith("https://")
    assert beginning(found, "@ovningsstaden Gatlyktorna").no_answer == ""
    assert len(beginning(found, "@ovningsstaden Jag vill berätta").text) > 500
    assert "FEMTON" in beginning(found, "@ovningsstaden Väntat i").text
    assert beginning(found, "Så här ska man informera")
    assert not any(text.startswith("RT ") for text in found)
    answer = beginning(found, "Hej Gustav!")
    assert answer.by_city
    assert any("https://ovningsstaden.example" in post.text for post in posts("x"))


@pytest.mark.once
def test_youtube_shows_what_youtube_can_show(app, town):
    """More replies than come with a thread, one held for review, one taken for spam, and nothing
    from a film that may not be commented."""
    town.open()
    town.collect()
    found = messages("youtube")
    under = Counter(message.parent_external_id for message in found.values())
    assert max(count for parent, count in under.items() if parent) > 5
    assert beginning(found, "Hela högen är köpt").at_source == "held"
    assert beginning(found, "Jag tjänade 40 000").at_source == "spam"
    assert "Gröna kullens" in beginning(found, "Ni skär ner").text
    titles = {post.title for post in posts("youtube")}
    assert not any("medborgardialog" in title for title in titles)


@pytest.mark.once
def test_facebook_shows_what_facebook_can_show(app, town):
    """Nested comments, a sticker, a described picture, somebody unnamed, one hidden, visitors' posts
    and a mention."""
    town.open()
    town.collect()
    found = messages("facebook")
    kinds = {(kind, told) for m in found.values() for kind, told in m.attachments}
    assert ("sticker", "Tumme upp") in kinds
    assert any(kind == "picture" and "gurka" in told for kind, told in kinds)
    assert beginning(found, "Har ni tänkt på oss").person_id is None
    assert beginning(found, "Ännu ett skrytbygge").at_source == "hidden"
    assert beginning(found, "Rolf Tegnér då är vi två").parent_external_id
    assert beginning(found, "Hej, jag står utanför")
    assert beginning(found, "Tack Övningsstaden för lånet")
    assert beginning(found, "Pirjo Laine krya").private_reply_until is not None


def posts(channel):
    """What people write under on a channel."""
    from app.models import Post

    return db.session.scalars(select(Post).join(Account).where(Account.channel == channel)).all()


def test_the_networks_go_on_speaking(app, town):
    """By day every network brings something new each hour; at night hardly anything."""
    town.open()
    town.collect()
    before = cases()
    town.set(MONDAY + HOUR)
    town.collect()
    after = cases()
    for channel in NETWORKS:
        assert 6 <= after[channel] - before[channel] <= 31, channel


@pytest.mark.once
def test_a_restart_goes_on_where_it_was(app, town):
    """After a restart on another port nothing comes twice, and the city's answers still stand."""
    town.open()
    town.collect()
    first = settings_of_networks()
    asked = beginning(messages("facebook"), "Hej, jag står utanför")
    facebook = channel_named("facebook")
    out = Outgoing("k1", "Hej! Vi öppnar nu.", asked.external_id, None, MONDAY)
    sent = facebook.send(town.connection("facebook"), out, now=MONDAY)
    before = cases()
    town.close()
    town.open()
    town.collect()
    assert cases() == before
    second = settings_of_networks()
    assert all(first[channel] != second[channel] for channel in NETWORKS)
    there = facebook.find_sent(town.connection("facebook"), out, now=MONDAY)
    assert there is not None
    assert there.external_id == sent.external_id


@pytest.mark.once
def test_without_the_town_the_sources_try_again(app, town):
    """When nobody serves the town, its networks are tried again and all the rest works."""
    prepare(app)
    town.collect()
    rows = db.session.execute(select(Account.channel, Source.error_class).join(Source))
    found = dict(rows.all())
    assert found["practice"] == ""
    assert {found[channel] for channel in NETWORKS} == {"TryLater"}
    assert cases()["practice"] >= 50
    town.open()
    town.collect()
    assert set(cases()) == {"practice", *NETWORKS}


@pytest.mark.once
def test_nothing_leaves_the_machine(app, town, monkeypatch):
    """Only the town is asked, whatever addresses and keys the installation has been given."""
    asked, connect_ = [], socket.socket.connect

    def note(self, address):
        asked.append(address)
        return connect_(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    theirs = Loopback(lambda _asked: pytest.fail("the installation's own platform was asked"))
    names = [name for network in serving.NETWORKS for name in network.addresses]
    app.config.update(dict.fromkeys(names, theirs.url))
    app.config.update(META_APP_SECRET="en riktig hemlighet", GOOGLE_CLIENT_SECRET="en till")
    try:
        town.open()
        town.collect()
        assert set(cases()) == {"practice", *NETWORKS}
        port = town.server.server_address[1]
        assert {one for one in asked if isinstance(one, tuple)} == {("127.0.0.1", port)}
        assert theirs.asked == []
    finally:
        theirs.close()


def test_a_real_account_ends_the_networks(app, town):
    """With a real account the networks' cases close, nobody asks them, and they do not open again."""
    town.open()
    town.collect()
    town.close()
    new = NewAccount(
        "feed", "Blogg", {"feed_url": "https://blogg.example/feed"}, approved_by="Eva Chef"
    )
    connect(new, keys=app.config["CREDENTIALS_KEYS"], by=None, now=clock.now())
    prepare(app)
    assert open_town(app) is None
    practising = select(Account).where(Account.practice)
    assert {one.state for one in db.session.scalars(practising)} == {"paused"}
    opened = select(func.count(Case.id)).join(Account).where(Account.practice, Case.is_open)
    assert db.session.scalar(opened) == 0
    for one in db.session.scalars(practising).all():
        resume(one.id, by=None, now=clock.now())
    assert open_town(app) is None


@pytest.mark.once
def test_no_town_where_practice_is_switched_off(app):
    """With PRACTICE off no account is made and nothing opens."""
    app.config["PRACTICE"] = False
    prepare(app)
    assert open_town(app) is None
    assert not db.session.scalars(select(Account)).all()


@pytest.mark.once
def test_an_older_practice_town_gets_its_networks(app):
    """An installation that had only the town's own cases gets the networks at its next start."""
    keys = app.config["CREDENTIALS_KEYS"]
    connect(NewAccount("practice", "Övningsstaden", {}), keys=keys, by=None, now=MONDAY)
    prepare(app)
    prepare(app)
    found = Counter(db.session.scalars(select(Account.channel)))
    assert found == Counter(["practice", *NETWORKS])


# --- The stories themselves ------------------------------------------------------------------------


def stage_of(network, folder=None):
    """An empty stage with that network's habits."""
    path = folder / "stage.json" if folder else None
    if network == "x":
        return x.Timeline(path)
    return Stage({"facebook": graph.make_id, "youtube": youtube.make_id}[network], path)


def everything_said(network):
    """All turns of a story."""
    return [*story(f"{network}.toml")["week"], *story(f"{network}.toml")["later"]]


@pytest.mark.parametrize("network", NETWORKS)
def test_every_turn_of_a_story_finds_its_place(network):
    """Ids are unique, what a turn points at has been said before it, and nothing is a real person's
    number or a real address."""
    said = set()
    week = sorted(story(f"{network}.toml")["week"], key=lambda turn: said_at(turn["ago"]))
    for turn in [*week, *story(f"{network}.toml")["later"]]:
        for pointer in ("under", "to", "quotes", "edit", "remove", "hold"):
            assert turn.get(pointer, next(iter(said), None)) in {*said, None}, turn
        if "id" in turn:
            assert turn["id"] not in said
            said.add(turn["id"])
        text = turn.get("text", "")
        assert not find_personal_identity_numbers(text)
        assert set(re.findall(r"\w+\.(com|se|net|org|nu)\b", text)) == set()
    assert sum("text" in turn for turn in everything_said(network)) >= 60


def said_at(told):
    """How a week's times sort: days before hours before the last minutes."""
    if told.endswith("m"):
        return (0, -int(told[:-1]))
    days, _, at = told.partition("d ")
    return (-int(days), -10_000 + int(at[:2]) * 60 + int(at[3:]))


@pytest.mark.parametrize("network", NETWORKS)
def test_a_story_is_told_again_and_ends(network):
    """After its last turn a story begins anew under other ids, and it ends before it grows large."""
    stage = stage_of(network)
    teller = Teller(network, stage, "lively")
    moment, most = MONDAY, 0
    for _look in range(120):
        teller.advance(moment)
        moment += 2 * HOUR
        most = max(most, len(stage.comments))
    assert int(stage.facts["told"]) > 2 * len(story(f"{network}.toml")["later"])
    assert most <= MOST
    assert len({*stage.comments, *stage.posts}) == len(stage.comments) + len(stage.posts)
    texts = Counter(one.text for one in stage.comments.values())
    assert texts.most_common(1)[0][1] > 1


@pytest.mark.parametrize("network", NETWORKS)
def test_a_story_ends_before_its_file_grows_large(network):
    """A stage that is full says nothing more, whatever time passes."""
    stage = stage_of(network)
    teller = Teller(network, stage, "normal")
    teller.advance(MONDAY)
    post = next(iter(stage.posts))
    while len(stage.comments) < MOST:
        stage.add_comment(post, "Fyllnad", "Hej", at=MONDAY)
    teller.advance(MONDAY + 5 * HOUR)
    assert len(stage.comments) == MOST


@pytest.mark.parametrize("network", NETWORKS)
def test_a_story_goes_on_from_its_file(network, tmp_path):
    """A teller that begins with what another left says the same as one that never stopped."""
    whole = stage_of(network)
    for hours in (0, 1, 2):
        Teller(network, whole, "normal").advance(MONDAY + hours * HOUR)
    for hours in (0, 1, 2):
        Teller(network, stage_of(network, tmp_path), "normal").advance(MONDAY + hours * HOUR)
    kept = stage_of(network, tmp_path)
    assert list(kept.comments) == list(whole.comments)
    assert kept.facts == whole.facts


@pytest.mark.parametrize("network", NETWORKS)
def test_some_answers_are_followed_up(network):
    """After some answers of the city's the same resident asks on, once; not after what the story's
    own city said."""
    stage = stage_of(network)
    teller = Teller(network, stage, "lively")
    teller.advance(MONDAY)
    asked = [one for one in stage.comments.values() if not one.by_city and one.author][:12]
    answers = {}
    for one in asked:
        made = stage.add_comment(one.post, "Staden", "Hej!", at=MONDAY, parent=one.id, by_city=True)
        answers[made.id] = one.author
    for minutes in (5, 30, 60):
        teller.advance(MONDAY + timedelta(minutes=minutes))
    words = story(f"{network}.toml")["follow_up"]
    came = [one for one in stage.comments.values() if one.text in words]
    assert 1 <= len(came) < len(asked)
    assert all(answers[one.parent] == one.author for one in came)
    assert len({one.parent for one in came}) == len(came)


# --- The process -----------------------------------------------------------------------------------


@pytest.mark.once
def test_the_town_is_a_small_process_of_its_own(app, settings_of):
    """`flask town` serves the networks on loopback, keeps under 60 MB, and ends at SIGTERM."""
    prepare(app)
    started = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "town"],
        cwd=ROOT, env={**os.environ, **settings_of}, start_new_session=True,
    )  # fmt: skip
    try:
        until = time.monotonic() + 90
        while status_of(address := settings_of_networks()["x"]["X_API_URL"]) != 401:
            assert time.monotonic() < until, address
            time.sleep(0.1)
        assert address.startswith("http://127.0.0.1:")
        told = Path(f"/proc/{started.pid}/status")
        if told.exists():
            (size,) = re.findall(r"VmRSS:\s+(\d+) kB", told.read_text())
            assert int(size) < 60_000
    finally:
        started.send_signal(signal.SIGTERM)
        assert started.wait(20) == 0
    assert status_of(address) is None


def status_of(address):
    """What is answered to somebody who has not signed in there; None when nobody answers."""
    try:
        return urllib.request.urlopen(f"{address}/2/users/me", timeout=5).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None
