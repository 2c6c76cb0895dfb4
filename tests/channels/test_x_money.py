"""X: what everything costs, and how reading slows down and stops before the ceiling."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.channels.base import BudgetSpent, Connection, Outgoing, Page, Uncertain
from app.channels.practice.standins import x as standin
from app.channels.x.money import Money

from .benches.bench import now
from .benches.x import Bench

MIDDLE = datetime(2026, 11, 15, 12, tzinfo=UTC)


@pytest.fixture
def bench() -> Any:
    made = Bench()
    yield made
    made.close()


def look(bench: Bench, connection: Connection, cursor: str | None = None) -> Page:
    """A whole look; its last page."""
    while True:
        page = bench.channel.fetch(connection, cursor, now=now())
        cursor = page.cursor
        if not page.more:
            return page


def costs(connection: Connection) -> dict[str, int]:
    found: dict[str, int] = {}
    for spend in connection.meter.spends:
        found[spend.operation] = found.get(spend.operation, 0) + spend.count
    return found


@pytest.mark.parametrize("kind", ["mentions", "conversations"])
@pytest.mark.parametrize("dialect", ["tweet", "post"])
def test_what_is_counted_is_what_x_charges(kind: str, dialect: str) -> None:
    """For every single call our count agrees with what the platform charges."""
    bench = Bench(kind, dialect)
    channel = bench.channel
    try:
        post = bench.make_post("", "Nu öppnar badet")
        comment = bench.comment(post, f"Räknad {kind} {dialect}", "När?")
        bench.comment(post, f"Räknad två {kind} {dialect}", "Ja?", parent=comment)
        answer = Outgoing("n", "Kl. 8, se www.landskrona.se", post, comment, pressed_at=now())
        cursor = channel.fetch(bench.connection(), None, now=now()).cursor
        if kind == "conversations":
            cursor = channel.fetch(bench.connection(), cursor, now=now()).cursor
        calls: list[Callable[[Connection], object]] = [
            lambda one: channel.fetch(one, None, now=now()),
            lambda one: channel.fetch(one, _unpaid(cursor), now=now()),
            lambda one: channel.recheck(one, [comment], now=now()),
            lambda one: channel.send(one, answer, now=now()),
            lambda one: channel.find_sent(one, answer, now=now()),
            lambda one: channel.hide(one, comment, now=now()),
            lambda one: channel.delete_own(one, _own(bench), now=now()),
        ]
        for number, call in enumerate(calls):
            bench.x.charged.clear()
            connection = bench.connection()
            call(connection)
            assert costs(connection) == dict(+bench.x.charged), number
            assert connection.meter.amount == pytest.approx(bench.x.cost)
            assert {spend.day for spend in connection.meter.spends} <= {now().date()}
    finally:
        bench.close()


def _unpaid(cursor: str | None) -> str:
    """The same cursor, knowing nothing of what has been charged today."""
    told = json.loads(str(cursor))
    told["paid"] = {"day": "", "ids": []}
    return json.dumps(told)


def _own(bench: Bench) -> str:
    return next(row.id for row in bench.stage.comments.values() if row.by_city)


def test_an_empty_look_costs_nothing(bench: Bench) -> None:
    """Polls that bring nothing are free, so quiet days cost nothing."""
    connection = bench.connection()
    look(bench, connection)
    assert connection.meter.spends == []


def test_reading_our_own_is_cheaper(bench: Bench) -> None:
    """Where the app is the account's own, mentions cost a fifth and names nothing."""
    post = bench.make_post("", "Hej")
    bench.comment(post, "Åsa Egen", "När?")
    own, others = bench.connection(), bench.connection(owned="nej")
    look(bench, own)
    look(bench, others)
    assert costs(own) == {"owned_read": 2}  # the mention and the post it answers
    assert costs(others) == {"post_read": 2, "user_read": 2}


def test_the_same_post_is_counted_once_a_day(bench: Bench) -> None:
    """Read again on the same day (UTC) a post costs nothing; on the next it does."""
    post = bench.make_post("", "Hej")
    bench.comment(post, "Åsa", "När?")
    connection = bench.connection()
    start = datetime.now(UTC).replace(hour=23, minute=50, second=0, microsecond=0)
    bench.x.clock = lambda: start
    page = bench.channel.fetch(connection, None, now=start)
    told = page.cursor
    before = connection.meter.amount
    bench.channel.fetch(connection, None, now=start)  # a fresh cursor knows nothing of it
    assert connection.meter.amount > before
    before = connection.meter.amount
    cursor = _with_job(told, "again", start - timedelta(hours=24))
    bench.channel.fetch(connection, cursor, now=start + timedelta(minutes=5))
    assert connection.meter.amount == before
    bench.channel.fetch(connection, cursor, now=start + timedelta(minutes=15))
    assert connection.meter.amount > before
    assert {spend.day for spend in connection.meter.spends} == {
        start.date(),
        start.date() + timedelta(days=1),
    }


def _with_job(cursor: str | None, do: str, start: datetime) -> str:
    told = json.loads(str(cursor))
    told["jobs"] = [{"do": do, "start": start.isoformat()}]
    return json.dumps(told)


def test_a_write_that_may_have_arrived_is_counted(bench: Bench) -> None:
    """An answer whose outcome is unclear has cost its price; one turned away at the door has not."""
    post = bench.make_post("", "Hej")
    comment = bench.comment(post, "Åsa", "När?")
    answer = Outgoing("n", "Kl. 8", post, comment, pressed_at=now())
    connection = bench.connection()
    bench.break_in("cut_connection", on="changes")
    with pytest.raises(Uncertain):
        bench.channel.send(connection, answer, now=now())
    assert costs(connection)["summoned_reply"] == 1
    bench.mend()
    connection = bench.connection()
    bench.x.fail(
        standin.json_reply(402, {"title": "CreditsDepleted", "type": "about:blank"}), method="POST"
    )
    with pytest.raises(BudgetSpent):
        bench.channel.send(connection, answer, now=now())
    assert "summoned_reply" not in costs(connection)


@pytest.mark.parametrize(
    ("spent", "slowed", "minutes"),
    [(0.0, "", 2), (12.0, "", 2), (17.5, "70 %", 30), (21.5, "86 %", 60), (24.0, "96 %", 240)],
)
def test_reading_slows_down_from_seventy_percent(
    bench: Bench, spent: float, slowed: str, minutes: int
) -> None:
    """From 70 per cent of the ceiling looks come rarer, rarest near it, and the page says so."""
    moment = MIDDLE
    bench.x.clock = lambda: moment
    cursor: str | None = None
    connection = replace(bench.connection(spent=spent), backfill_since=moment - timedelta(days=7))
    while True:
        page = bench.channel.fetch(connection, cursor, now=moment)
        cursor = page.cursor
        if not page.more:
            break
    assert page.asked_to_wait_until == moment + timedelta(minutes=minutes)
    assert dict(page.notices).get("slowed", "") == slowed


def test_a_forecast_above_the_ceiling_slows_down_too() -> None:
    """Ten dollars on the fifth of the month will be sixty at its end: slow down at once."""
    early = datetime(2026, 11, 5, tzinfo=UTC)
    connection = Connection(kind="mentions", external_id="1", spent_before=10.0)
    assert Money(connection, early).slowed
    assert not Money(connection, datetime(2026, 11, 20, tzinfo=UTC)).slowed
    fresh = Connection(kind="mentions", external_id="1", spent_before=1.0)
    assert not Money(fresh, datetime(2026, 11, 1, 0, 5, tzinfo=UTC)).slowed


def test_reading_stops_at_the_ceiling_until_the_next_month(bench: Bench) -> None:
    """At the ceiling nothing is asked, and the wait is to the first of the next month in UTC."""
    moment = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    with pytest.raises(BudgetSpent) as caught:
        bench.channel.fetch(bench.connection(spent=25.0), None, now=moment)
    assert caught.value.until == datetime(2027, 1, 1, tzinfo=UTC)
    assert bench.web.asked == []


def test_answering_goes_on_until_a_fifth_above_the_ceiling(bench: Bench) -> None:
    """At 100 per cent people still get their answers; at 120 nobody does."""
    post = bench.make_post("", "Hej")
    comment = bench.comment(post, "Åsa", "När?")
    answer = Outgoing("n", "Kl. 8", post, comment, pressed_at=now())
    with pytest.raises(BudgetSpent):
        bench.channel.send(bench.connection(spent=30.0), answer, now=now())
    assert bench.web.asked == []
    assert bench.channel.send(bench.connection(spent=29.9), answer, now=now()).external_id
    found = bench.channel.find_sent(bench.connection(spent=99.0), answer, now=now())
    assert found is not None  # what may have been published is looked for whatever it costs


def test_the_ceiling_is_the_accounts_own(bench: Bench) -> None:
    """The account's ceiling is read with a comma too; what is no number is taken for 25."""
    for said, stops in (("10,5", True), ("100", False), ("mycket", False), ("0", True)):
        connection = bench.connection(spent=11.0, monthly_ceiling=said)
        if stops:
            with pytest.raises(BudgetSpent):
                bench.channel.fetch(connection, None, now=now())
        else:
            assert bench.channel.fetch(connection, None, now=now()).more


def test_looking_again_rests_when_money_is_short(bench: Bench) -> None:
    """Slowed down, nothing is read a second time: not old messages, and not the last day."""
    post = bench.make_post("", "Hej")
    comment = bench.comment(post, "Åsa", "När?")
    page = bench.channel.recheck(bench.connection(spent=20.0), [comment], now=now())
    assert (page.raws, page.removed, bench.web.asked) == ((), (), [])
    cursor = look(bench, bench.connection()).cursor
    bench.web.asked.clear()
    later = now() + timedelta(hours=7)
    bench.channel.fetch(bench.connection(spent=20.0), cursor, now=later)
    assert [one.path.rsplit("/", 1)[-1] for one in bench.web.asked] == ["mentions"]
    assert "since_id" in bench.web.asked[0].query


def test_the_prices_are_a_setting(bench: Bench) -> None:
    """What X_PRICES says is what is counted; the day is the day in UTC."""
    connection = replace(bench.connection(), installation={"X_PRICES": "delete=0.5 skräp x="})
    money = Money(connection, datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    money.write("delete")
    assert connection.meter.amount == 0.5
    assert connection.meter.spends[0].day == date(2026, 11, 30)
