"""The contract in trouble: late, doubled and muddled lists, sign-ins that die, budgets, clocks.

Each trouble has its name in the contract, and when the look is repeated nothing is lost or doubled.
"""

from datetime import timedelta
from typing import Any

import pytest

from app.channels.base import BudgetSpent, SignInNeeded, TryLater

from .benches.bench import Counting, PlatformBench, Renewing, WiredBench, now
from .benches.bench_suite import (
    BENCHES,
    MOST_PAGES,
    a_bench,
    answer_to,
    answering,
    breaking,
    fails,
    look,
    seen,
    where,
    wired,
    with_all,
)

__all__ = ["a_bench"]
HALF_A_DAY, SOME_HOURS = timedelta(hours=12), timedelta(hours=7)
SKEWED = (timedelta(minutes=-10), timedelta(minutes=4))
MIDWAY_BREAKS = ("500", "429_timed", "silent", "cut_body", "html")


def paged(made: Any) -> bool:
    """Whether a look over what it holds takes several pages on a wire."""
    return wired(made) and made.holds is None


def counting(made: Any) -> bool:
    """Whether what is read there costs something that is counted."""
    return made.channel.abilities.budget is not None


def bounded(made: Any) -> bool:
    """Whether we stop by ourselves at a ceiling of our own."""
    return counting(made) and bool(made.channel.abilities.budget.ceiling)


def a_crowd(bench: PlatformBench, count: int = 0) -> tuple[str, dict[str, str]]:
    """A post with two pages of comments and a little more: the post, texts by id."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    many = count or bench.holds or bench.page_size * 2 + 3
    return post, {
        bench.comment(post, f"Invånare {n}", f"Fråga {n}?"): f"Fråga {n}?" for n in range(many)
    }


def the_rest(
    bench: PlatformBench, cursor: str | None, known: frozenset[str] = frozenset()
) -> tuple[set[str], str | None]:
    """The ids that a look brings from a cursor on, and the cursor it ends with.

    As the collector does, it ends at a page without news where the channel says that it may.
    """
    found: set[str] = set()
    for _page in range(MOST_PAGES):
        page = bench.channel.fetch(bench.connection(), cursor, now=now())
        ids = {raw.external_id for raw in page.raws}
        found |= ids
        cursor = page.cursor
        if not page.more or (page.until_known and ids <= known):
            return found, page.rest_cursor
    raise AssertionError("the look never ends")


def first_page(bench: PlatformBench) -> tuple[set[str], str | None]:
    page = bench.channel.fetch(bench.connection(), None, now=now())
    assert page.more
    return {raw.external_id for raw in page.raws}, page.cursor


# --- Lists that are not as they should be -------------------------------------------------------


@where(wired)
def test_doubled_and_reordered_pages_lose_nothing(bench: WiredBench) -> None:
    """Lists that come backwards with everything twice give the same comments, word for word."""
    _post, wrote = a_crowd(bench)
    bench.web.muddled = True
    raws, cursor = look(bench)
    assert {key: message.text for key, message in seen(bench, raws).items()} == wrote
    payloads = {raw.external_id: raw.payload for raw in raws}
    assert all(payloads[raw.external_id] == raw.payload for raw in raws)
    bench.web.muddled = False
    again, _cursor = look(bench, cursor)
    assert all(payloads.get(raw.external_id) == raw.payload for raw in again)


@where(lambda made: made.holds is None)
def test_what_is_written_during_a_look_moves_nothing_out_of_it(bench: PlatformBench) -> None:
    """A comment written between two pages shifts the list; this look and the next hold it all."""
    post, wrote = a_crowd(bench)
    found, cursor = first_page(bench)
    late = bench.comment(post, "Sena Sara", "Och jag då?")
    rest, cursor = the_rest(bench, cursor)
    news, _cursor = the_rest(bench, cursor, frozenset(found | rest))
    assert found | rest | news == {*wrote, late}


@where(lambda made: made.holds is None)
def test_what_is_taken_away_during_a_look_moves_nothing_out_of_it(bench: PlatformBench) -> None:
    """Comments removed between two pages shift the list the other way; whoever slipped through is
    found by the next look, or within a day at the latest."""
    _post, wrote = a_crowd(bench)
    found, cursor = first_page(bench)
    page = bench.channel.fetch(bench.connection(), cursor, now=now())
    found, cursor = found | {raw.external_id for raw in page.raws}, page.cursor
    for gone in sorted(found)[:2]:
        bench.delete(gone)
    rest, cursor = the_rest(bench, cursor)
    news, cursor = the_rest(bench, cursor, frozenset(found | rest))
    raws, _cursor = look(bench, cursor, at=now() + timedelta(hours=25))
    assert set(wrote) <= found | rest | news | {raw.external_id for raw in raws}


def test_a_late_comment_with_an_old_date_is_found(bench: PlatformBench) -> None:
    """What turns up half a day after the time it carries is read within hours, once."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    for number in range(3):
        bench.comment(post, f"Invånare {number}", f"Fråga {number}?")
    _raws, cursor = look(bench)
    late = bench.comment(post, "Sena Sara", "Dök upp sent", at=now() - HALF_A_DAY)
    raws, _cursor = look(bench, cursor, at=now() + SOME_HOURS)
    message = seen(bench, [raw for raw in raws if raw.external_id == late])[late]
    assert message.text == "Dök upp sent"
    assert abs(message.published_at - (now() - HALF_A_DAY)) < timedelta(minutes=2)


@breaking(MIDWAY_BREAKS, paged)
def test_a_look_that_breaks_in_the_middle_goes_on(bench: WiredBench, way: str) -> None:
    """Whatever breaks on the second page, the same cursor asked again brings all that remains."""
    _post, wrote = a_crowd(bench)
    found, cursor = first_page(bench)
    bench.break_in(way)
    fails(lambda: bench.channel.fetch(bench.connection(), cursor, now=now()))
    bench.mend()
    rest, cursor = the_rest(bench, cursor)
    news, _cursor = the_rest(bench, cursor, frozenset(found | rest))
    assert found | rest | news == set(wrote)


# --- Signing in ----------------------------------------------------------------------------------


@where(with_all("expire_token", "renewals"))
def test_a_token_that_dies_in_the_middle_is_renewed(bench: Renewing) -> None:
    """An access token that the platform no longer takes is renewed once, and the look goes on."""
    _post, wrote = a_crowd(bench)
    found, cursor = first_page(bench)
    before = bench.renewals()
    bench.expire_token()
    rest, _cursor = the_rest(bench, cursor)
    assert found | rest == set(wrote)
    assert bench.renewals() == before + 1


@where(with_all("expire_token"))
def test_an_answer_is_not_sent_twice_over_a_dead_token(bench: Renewing) -> None:
    """A token that died before an answer left makes it wait; sent again it stands there once."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    outgoing = answer_to(post, bench.comment(post, "Åsa", "När?"))
    assert bench.channel.find_sent(bench.connection(), outgoing, now=now()) is None
    bench.expire_token()
    tries = 0
    while not any(found.by_city for found in bench.on_platform(post)):
        try:
            bench.channel.send(bench.connection(), outgoing, now=now())
        except TryLater:
            tries += 1
            assert tries == 1
    assert len([found for found in bench.on_platform(post) if found.by_city]) == 1


@where(lambda made: paged(made) and made.has_sign_in)
def test_credentials_revoked_in_the_middle(bench: WiredBench) -> None:
    """Revoked between two pages is SignInNeeded; signed in anew, the look goes on where it was."""
    _post, wrote = a_crowd(bench)
    found, cursor = first_page(bench)
    connection = bench.connection()
    bench.kill_credentials()
    error = fails(lambda: bench.channel.fetch(connection, cursor, now=now()))
    assert isinstance(error, SignInNeeded)
    bench.restore_credentials()
    rest, _cursor = the_rest(bench, cursor)
    assert found | rest == set(wrote)


@where(with_all("lose_permission"))
def test_a_permission_that_is_lost(bench: WiredBench) -> None:
    """Credentials that live but allow too little are SignInNeeded, and the check says so too."""
    bench.comment(bench.make_post("Badet", "Nu öppnar badet."), "Åsa", "När?")
    _raws, cursor = look(bench)
    bench.lose_permission()
    error = fails(lambda: bench.channel.fetch(bench.connection(), cursor, now=now()))
    assert isinstance(error, SignInNeeded)
    assert not all(one.allowed for one in bench.channel.check(bench.connection(), now=now()))


# --- Budgets ---------------------------------------------------------------------------------------


@where(with_all("exhaust"))
def test_a_budget_that_the_platform_says_is_spent(bench: Counting) -> None:
    """The platform's own "no more" stops reading and answers until it will have us again.

    It is BudgetSpent where a period has an end; a sliding window is TryLater.
    """
    post = bench.make_post("Badet", "Nu öppnar badet.")
    comment = bench.comment(post, "Åsa", "När?")
    look(bench)
    bench.exhaust()
    outgoing = answer_to(post, comment)
    for call in (
        lambda: bench.channel.fetch(bench.connection(), None, now=now()),
        lambda: bench.channel.send(bench.connection(), outgoing, now=now()),
    ):
        error = fails(call)
        assert isinstance(error, BudgetSpent if bounded(bench) else TryLater)
        assert error.until is not None
        assert error.until > now()
    bench.refill()
    assert comment in {raw.external_id for raw in look(bench)[0]}
    assert not any(found.by_city for found in bench.on_platform(post))


@where(with_all("reading_ends_at"))
def test_our_own_ceiling_stops_reading_and_not_answering(bench: Counting) -> None:
    """With what reading may use used up nothing is asked any more, yet an answer still leaves."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    outgoing = answer_to(post, bench.comment(post, "Åsa", "När?"))
    spent = bench.reading_ends_at
    asked = len(bench.web.asked)
    error = fails(
        lambda: bench.channel.fetch(bench.connection(spent=spent), None, now=now()),
    )
    assert isinstance(error, BudgetSpent)
    assert error.until is not None
    assert error.until > now()
    assert len(bench.web.asked) == asked
    bench.channel.send(bench.connection(spent=spent), outgoing, now=now())
    assert len([found for found in bench.on_platform(post) if found.by_city]) == 1


@where(counting)
def test_what_is_used_is_taken_down(bench: PlatformBench) -> None:
    """A look and an answer each leave something on the meter, also when they fail on the way."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    outgoing = answer_to(post, bench.comment(post, "Åsa", "När?"))
    reading, sending = bench.connection(), bench.connection()
    bench.channel.fetch(reading, None, now=now())
    bench.channel.send(sending, outgoing, now=now())
    assert reading.meter.amount > 0
    assert sending.meter.amount > 0
    assert sum(spend.amount for spend in sending.meter.take()) == pytest.approx(
        sending.meter.amount
    )


# --- Clocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", SKEWED, ids=["behind", "ahead"])
def test_a_wrong_clock_hides_no_comment(bench: PlatformBench, skew: timedelta) -> None:
    """With our clock behind the platform's or before it, two looks find everything, each once."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    first = bench.comment(post, "Åsa", "Första")
    raws, cursor = look(bench, at=now() + skew)
    assert [raw.external_id for raw in raws] == [first]
    second = bench.comment(post, "Björn", "Andra")
    raws, _cursor = look(bench, cursor, at=now() + skew)
    assert second in {raw.external_id for raw in raws}


@where(answering)
@pytest.mark.parametrize("skew", SKEWED, ids=["behind", "ahead"])
def test_a_wrong_clock_hides_no_answer(bench: PlatformBench, skew: timedelta) -> None:
    """An answer that stands on the platform is found although our clocks do not agree."""
    post = bench.make_post("Badet", "Nu öppnar badet.")
    outgoing = answer_to(post, bench.comment(post, "Åsa", "När?"), skew=skew)
    moment = now() + skew
    receipt = bench.channel.send(bench.connection(), outgoing, now=moment)
    found = bench.channel.find_sent(bench.connection(), outgoing, now=moment)
    assert found is not None
    assert found.external_id == receipt.external_id


def test_every_platform_on_a_wire_can_play_all_of_this() -> None:
    """No network is left out of a fault because its bench cannot play it."""
    for name, made in BENCHES.items():
        if not wired(made):
            continue
        wanted = ["restore_credentials", "lose_permission"]
        if counting(made):
            wanted += ["exhaust", "refill"]
        if bounded(made):
            wanted += ["reading_ends_at"]
        missing = [one for one in wanted if not hasattr(made, one)]
        assert not missing, f"{name}: {missing}"
    assert MOST_PAGES > 3
