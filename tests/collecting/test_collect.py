"""The poller: leases, pages, failures, what is kept when something goes wrong."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.channels import practice
from app.channels.base import NotUnderstood
from app.collecting.collect import Collector, collect_due, ring
from app.collecting.connect import Options
from app.collecting.page import LeaseLost
from app.database import db, writing
from app.models import Event, RawPayload, Source
from tests.conftest import MONDAY
from tests.factories import an_account, cases, messages, the_case

MINUTE = timedelta(minutes=1)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.time = MONDAY

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def collector(app, clock):
    options = Options(
        data_dir=app.config["DATA_DIR"], city="Staden", contact="x@example.test", keys=(),
        speed="still", lease=timedelta(minutes=2),
    )  # fmt: skip
    return Collector(options, clock)


@pytest.fixture
def town(app):
    """An account in the practice town, and the town."""
    source = an_account("practice", now=MONDAY)
    return practice.PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)


def the_source():
    return db.session.scalars(select(Source).execution_options(populate_existing=True)).one()


def test_a_second_look_brings_no_doubles(collector, clock, town):
    """The same comment fetched twice is one message."""
    town.says("När öppnar badet?", at=MONDAY)
    collect_due(collector)
    clock.time += 60 * MINUTE
    collect_due(collector)
    assert [m.text for m in messages()] == ["När öppnar badet?"]


def test_all_pages_are_read(collector, town):
    """More comments than a page holds all come in one look, each once."""
    for number in range(130):
        town.says(f"Kommentar {number}", at=MONDAY, author=f"Person {number}")
    collect_due(collector)
    assert len(messages()) == len(cases()) == 130


def test_edits_and_removals_are_followed(collector, clock, town):
    """A comment changed at its source is changed here, one taken away is marked."""
    first = town.says("Felstavat", at=MONDAY, author="A")
    second = town.says("Ångrar", at=MONDAY, author="B")
    collect_due(collector)
    town.edits(first, "Rättstavat")
    town.removes(second)
    clock.time += 60 * MINUTE
    collect_due(collector)
    assert [(m.text, m.at_source) for m in messages()] == [
        ("Rättstavat", "visible"),
        ("Ångrar", "removed"),
    ]


def test_a_source_is_not_read_before_its_time(collector, clock, town):
    """Right after a look a source is not due; it is when its time has come."""
    town.says("Hej", at=MONDAY)
    assert collect_due(collector) == 1
    assert collect_due(collector) == 0
    clock.time = the_source().next_look_at
    assert collect_due(collector) == 1


def test_two_collectors_never_read_the_same_source_at_once(collector, clock, town):
    """A source that one collector holds is not taken by another until the lease has run out."""
    with writing():
        source = the_source()
        source.lease_owner, source.lease_until = "another", MONDAY + MINUTE
    assert collect_due(collector) == 0
    clock.time = MONDAY + 2 * MINUTE
    assert collect_due(collector) == 1


def test_a_collector_that_lost_its_lease_keeps_nothing(app, collector, clock, town, monkeypatch):
    """When another has taken over in the middle, the page is not taken in and the cursor stays."""
    town.says("Hej", at=MONDAY)
    real = practice.CHANNEL.fetch

    def slow_fetch(connection, cursor, *, now):
        page = real(connection, cursor, now=now)
        with writing():
            the_source().lease_owner = "another"
        return page

    monkeypatch.setattr(practice.CHANNEL, "fetch", slow_fetch)
    collect_due(collector)
    assert not messages()
    assert the_source().cursor is None
    assert the_source().lease_owner == "another"
    assert LeaseLost


def test_collectors_side_by_side_share_the_sources(app, collector, clock, kind):
    """Two collectors at the same time read each of eight sources exactly once."""
    for number in range(8):
        source = an_account("practice", now=MONDAY)
        town = practice.PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)
        town.says(f"Ord {number}", at=MONDAY)
    counts = []

    def run():
        with app.app_context():
            counts.append(collect_due(Collector(collector.options, clock)))
            db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 8
    assert len(messages()) == 8


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("later", "TryLater"),
        ("sign_in", "SignInNeeded"),
        ("budget", "BudgetSpent"),
        ("gone", "Gone"),
    ],
)
def test_a_failing_source_says_why_and_stops_no_other(app, collector, town, fault, name):
    """A failed look is written in the contract's words, and the next source is read all the same."""
    healthy = an_account("practice", now=MONDAY + MINUTE)
    other = practice.PracticeTown.open(app.config["DATA_DIR"], healthy.account.external_id)
    other.says("Jag mår bra", at=MONDAY)
    town.fail_next(fault)
    collector.clock.time = MONDAY + 2 * MINUTE
    collect_due(collector)
    failed, fine = db.session.scalars(
        select(Source).order_by(Source.id).execution_options(populate_existing=True)
    ).all()
    assert (failed.error_class, failed.last_read_at, failed.failures) == (name, None, 1)
    assert (fine.error_class, fine.last_read_at) == ("", MONDAY + 2 * MINUTE)
    assert [m.text for m in messages()] == ["Jag mår bra"]
    assert (failed.state == "gone") == (fault == "gone")


def test_a_wish_to_wait_is_honoured(collector, town):
    """When the platform says how long to wait, the next look is not before that."""
    town.fail_next("budget")
    collect_due(collector)
    assert the_source().next_look_at >= MONDAY + timedelta(hours=1)


def test_a_source_that_recovers_is_fine_and_nothing_is_lost(collector, clock, town):
    """After a failure the next good look brings everything and clears the error."""
    town.says("Hej", at=MONDAY)
    town.fail_next("later")
    collect_due(collector)
    clock.time += timedelta(hours=2)
    collect_due(collector)
    assert [m.text for m in messages()] == ["Hej"]
    assert (the_source().error_class, the_source().failures) == ("", 0)
    names = db.session.scalars(select(Event.name)).all()
    assert {"source_failed", "source_recovered"} <= set(names)


def test_a_fault_of_ours_is_told_and_stops_nothing(collector, town, monkeypatch):
    """An unexpected error in a channel marks the source as our fault, in the row and not as a crash."""

    def broken(*_args, **_kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(practice.CHANNEL, "fetch", broken)
    collect_due(collector)
    assert the_source().error_class == "OurFault"
    assert the_source().lease_owner is None


def test_what_cannot_be_read_is_kept_and_read_after_an_upgrade(collector, clock, town, monkeypatch):
    """A payload that is not understood stays as it came, and becomes a message once it can be read."""
    real = practice.CHANNEL.parse

    def not_yet(connection, payload, *, now):
        if "krånglig" in payload:
            raise NotUnderstood("a new shape")
        return real(connection, payload, now=now)

    monkeypatch.setattr(practice.CHANNEL, "parse", not_yet)
    town.says("En krånglig en", at=MONDAY, author="A")
    town.says("En vanlig", at=MONDAY, author="B")
    collect_due(collector)
    assert [m.text for m in messages()] == ["En vanlig"]
    kept = db.session.scalars(select(RawPayload).where(RawPayload.state == "not_understood")).one()
    assert "krånglig" in kept.payload
    assert kept.error == "a new shape"
    clock.time += 60 * MINUTE
    collect_due(collector)
    assert len(messages()) == 1

    monkeypatch.setattr(practice.CHANNEL, "parse", real)
    monkeypatch.setattr(practice.CHANNEL, "parser_version", 2)
    clock.time += 60 * MINUTE
    collect_due(collector)
    assert sorted(m.text for m in messages()) == ["En krånglig en", "En vanlig"]


def test_a_message_of_ten_megabytes_is_taken_in(collector, town):
    """A very long comment is kept whole as it came, and cut for reading, without trouble."""
    town.says("a" * 10_000_000, at=MONDAY)
    collect_due(collector)
    (message,) = messages()
    assert len(message.text) == 1_000_000
    assert len(db.session.scalars(select(RawPayload.payload)).one()) > 10_000_000
    assert len(the_case().snippet) <= 200


def test_a_bell_during_a_look_brings_another_right_after(collector, clock, town):
    """What rings while a page is being read may have come too late for it: we look once more."""
    source = the_source()
    town.says("Hej", at=MONDAY)
    asked, rung = [], []

    def rings_once_while_reading():
        clock.time += timedelta(milliseconds=1)
        asked.append(the_source().lease_until is not None)
        if asked.count(True) == 3:  # the look has begun
            rung.append(ring("practice", [source.account.external_id], now=clock.time))
        return clock.time

    collect_due(Collector(collector.options, rings_once_while_reading))
    assert rung == [1]
    assert the_source().next_look_at <= clock.time + timedelta(seconds=1)


def test_a_bell_makes_a_quiet_source_due_and_leaves_a_waiting_one(collector, clock, town):
    """A source that rests is due at once; one whose platform asked us to wait keeps its time."""
    collect_due(collector)
    source = the_source()
    clock.time += timedelta(seconds=10)
    assert ring("practice", [source.account.external_id], now=clock.time) == 1
    assert the_source().next_look_at == clock.time
    town.fail_next("later")
    collect_due(collector)
    waits_until = the_source().next_look_at
    assert ring("practice", [source.account.external_id], now=clock.time) == 0
    assert the_source().next_look_at == waits_until


def test_an_overtaken_payload_never_changes_a_newer_text(collector, clock, town, monkeypatch):
    """What could not be read before an edit is not read over the edit after an upgrade."""
    real = practice.CHANNEL.parse

    def not_yet(connection, payload, *, now):
        if "krånglig" in payload:
            raise NotUnderstood("a new shape")
        return real(connection, payload, now=now)

    monkeypatch.setattr(practice.CHANNEL, "parse", not_yet)
    number = town.says("En krånglig en", at=MONDAY)
    collect_due(collector)
    town.edits(number, "Rättad text")
    clock.time += 60 * MINUTE
    collect_due(collector)
    states = db.session.scalars(select(RawPayload.state).order_by(RawPayload.id)).all()
    assert states == ["overtaken", "parsed"]
    monkeypatch.setattr(practice.CHANNEL, "parse", real)
    monkeypatch.setattr(practice.CHANNEL, "parser_version", 2)
    clock.time += 60 * MINUTE
    collect_due(collector)
    assert [(m.text, m.edited_at) for m in messages()] == [("Rättad text", None)]


def test_of_several_unread_payloads_the_newest_counts(collector, clock, town, monkeypatch):
    """A message that was edited while nobody understood it gets its last text after an upgrade."""

    def not_yet(connection, payload, *, now):
        raise NotUnderstood("a new shape")

    real = practice.CHANNEL.parse
    monkeypatch.setattr(practice.CHANNEL, "parse", not_yet)
    number = town.says("Första", at=MONDAY)
    collect_due(collector)
    town.edits(number, "Andra")
    clock.time += 60 * MINUTE
    collect_due(collector)
    monkeypatch.setattr(practice.CHANNEL, "parse", real)
    monkeypatch.setattr(practice.CHANNEL, "parser_version", 2)
    clock.time += 60 * MINUTE
    collect_due(collector)
    assert [m.text for m in messages()] == ["Andra"]
    states = db.session.scalars(select(RawPayload.state).order_by(RawPayload.id)).all()
    assert states == ["overtaken", "parsed"]


def test_half_a_character_stops_nothing(collector, town, monkeypatch):
    """A message with what is no text is kept as not understood; the others come in."""
    real = practice.CHANNEL.parse

    def broken(connection, payload, *, now):
        seen = real(connection, payload.replace("halv", "halv\ud800"), now=now)
        if "halv" not in payload:
            return seen
        return replace(seen, author=replace(seen.author, name="halv\ud800"))

    monkeypatch.setattr(practice.CHANNEL, "parse", broken)
    town.says("Ett halv", at=MONDAY, author="A")
    town.says("Ett helt", at=MONDAY, author="B")
    collect_due(collector)
    assert [m.text for m in messages()] == ["Ett helt"]
    assert the_source().error_class == ""
