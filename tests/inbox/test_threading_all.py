"""Threads on every platform, through the real collector: whose case, under what, answered or not."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.channels.base import Outgoing, Page, Raw, all_channels
from app.collecting.page import Work, take_in
from app.database import db, writing
from app.inbox.handle import close
from app.models import Account, Case, Message, Person, Post, Source
from app.models.case import Outcome
from tests.channels.benches.bench import now
from tests.channels.benches.bench_accounts import Clock, bench_with, connected, look_at_all
from tests.channels.benches.bench_suite import BENCHES
from tests.factories import a_person, cases, messages

MINUTE = timedelta(minutes=1)
NETWORKS = [name for name in all_channels() if name in BENCHES and BENCHES[name].holds is None]
"""A feed is a window, and nobody can answer in it."""


class Town:
    """One platform that is read by the collector, and residents who write there."""

    def __init__(self, app: Any, name: str) -> None:
        self.app, self.clock = app, Clock(now())
        self.bench = bench_with(name, data_dir=app.config["DATA_DIR"])
        self.account = connected(self.bench, app.config["CREDENTIALS_KEYS"], now=self.clock())
        self.post = self.bench.make_post("Badet", "Nu öppnar badet.")

    def says(
        self, name: str, text: str, parent: str | None = None, *, ago: int = 10, post: str = ""
    ) -> str:
        """A resident writes; `ago` in minutes (less than none: later)."""
        at = now() - ago * MINUTE
        return str(self.bench.comment(post or self.post, name, text, parent, at=at))

    def city_says(self, text: str, parent: str) -> str:
        """Somebody answers on the platform itself: to us it is as any native answer."""
        outgoing = Outgoing(f"inte-vår-{text}", text, self.post, parent, now())
        sent = self.bench.channel.send(self.bench.connection(), outgoing, now=now())
        return str(sent.external_id)

    def look(self) -> None:
        self.clock.later(20 * MINUTE)
        look_at_all(self.app, self.clock)
        db.session.commit()
        errors = db.session.scalars(select(Source.error_class).where(Source.error_class != ""))
        assert errors.all() == []


@pytest.fixture(params=NETWORKS)
def town(app: Any, request: Any) -> Iterator[Town]:
    made = Town(app, request.param)
    yield made
    made.bench.close()


def by_id() -> dict[str, Message]:
    return {message.external_id: message for message in messages()}


def owners() -> dict[str, tuple[str, str]]:
    """Whose case each message is in: (resident, post)."""
    db.session.commit()
    rows = db.session.execute(
        select(Message.external_id, Person.name, Post.external_id)
        .join(Case, Case.id == Message.case_id)
        .join(Person, Person.id == Case.person_id)
        .join(Post, Post.id == Case.post_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def case_of(external_id: str) -> Case:
    number = by_id()[external_id].case_id
    return next(case for case in cases() if case.id == number)


def test_one_case_for_each_resident_and_post(town: Town) -> None:
    """What a resident says under a post, above and below, is one case; another post another."""
    other = town.bench.make_post("Biblioteket", "Nu öppnar biblioteket.")
    said: dict[str, tuple[str, str]] = {}
    for post in (town.post, other):
        for number, name in enumerate(("Åsa", "Björn", "Cecilia")):
            top = town.says(name, f"Fråga {number}", post=post, ago=30 - number)
            reply = town.says(name, f"Och {number}?", top, post=post, ago=20 - number)
            said |= {top: (name, post), reply: (name, post)}
    town.look()
    assert owners() == said
    assert len(cases()) == 6


def test_residents_who_answer_each_other_keep_their_own_cases(town: Town) -> None:
    """A nested conversation lies in three cases, and every reply is joined with what it answers."""
    top = town.says("Åsa", "När öppnar badet?", ago=30)
    reply = town.says("Björn", "Klockan åtta.", top, ago=20)
    deeper = town.says("Cecilia", "Nej, nio.", reply, ago=10)
    town.look()
    assert owners() == {
        top: ("Åsa", town.post), reply: ("Björn", town.post), deeper: ("Cecilia", town.post),
    }  # fmt: skip
    here = by_id()
    parents = {key: m.parent_id for key, m in here.items()}
    assert parents[top] is None
    assert parents[reply] == here[top].id
    assert parents[deeper] in (here[reply].id, here[top].id)


def test_an_answer_given_on_the_platform_is_recognised(town: Town) -> None:
    """What the city answers on the platform itself settles that resident's case and no other's."""
    asked = town.says("Åsa", "När öppnar badet?")
    other = town.says("Björn", "Var ligger badet?")
    town.look()
    answer = town.city_says("Klockan åtta.", asked)
    town.look()
    assert (case_of(asked).state, case_of(asked).waiting_since) == ("answered", None)
    assert case_of(other).waiting_since is not None
    message = by_id()[answer]
    assert (message.by_city, message.ours) == (True, False)
    assert message.case_id == by_id()[asked].case_id
    assert message.parent_id == by_id()[asked].id
    assert len(cases()) == 2


def test_new_words_are_heard_after_an_answer(town: Town) -> None:
    """Whoever writes again after an answer waits again, since those words."""
    asked = town.says("Åsa", "När öppnar badet?")
    town.look()
    town.city_says("Klockan åtta.", asked)
    town.look()
    again = town.says("Åsa", "Även på söndagar?", asked, ago=-5)
    town.look()
    case = case_of(again)
    assert case.id == case_of(asked).id
    assert case.is_open
    assert case.waiting_since == by_id()[again].published_at


def test_new_words_reopen_a_closed_case(town: Town) -> None:
    """A closed case opens again when its resident writes once more under the post."""
    asked = town.says("Åsa", "Tack för badet!")
    town.look()
    close(
        case_of(asked).id, outcome=Outcome.NO_ANSWER_NEEDED, reason="tackar",
        by=a_person(now=town.clock()), seen_version=case_of(asked).version, now=town.clock(),
    )  # fmt: skip
    again = town.says("Åsa", "Men när öppnar det?", ago=-5)
    town.look()
    assert case_of(again).id == case_of(asked).id
    assert (case_of(again).state, case_of(again).is_open) == ("reopened", True)


def test_a_parent_that_is_not_there_is_normal(town: Town) -> None:
    """A reply whose parent went before we looked stops nothing; what is left is in its own case."""
    top = town.says("Åsa", "Det här tar jag bort", ago=30)
    town.says("Björn", "Varför det?", top, ago=20)
    town.bench.delete(top)
    alone = town.says("Cecilia", "Jag är kvar.", ago=10)
    town.look()
    found = owners()
    assert found[alone] == ("Cecilia", town.post)
    assert {name for name, _post in found.values()} <= {"Åsa", "Björn", "Cecilia"}
    assert len(found) == len(by_id())


# --- In whatever order -----------------------------------------------------------------------------


def a_conversation(town: Town) -> list[Raw]:
    """Two residents in a thread, one beside it, and the city's own answer; as payloads."""
    top = town.says("Åsa", "När öppnar badet?", ago=30)
    reply = town.says("Björn", "Klockan åtta?", top, ago=25)
    town.says("Åsa", "Tack!", reply, ago=20)
    other = town.says("Cecilia", "Var ligger det?", ago=15)
    town.city_says("Vid ån.", other)
    raws: dict[str, Raw] = {}
    cursor: str | None = None
    while True:
        page = town.bench.channel.fetch(town.bench.connection(), cursor, now=town.clock())
        raws |= {raw.external_id: raw for raw in page.raws}
        cursor = page.cursor
        if not page.more:
            return list(raws.values())


def taken_in(town: Town, raws: Sequence[Raw], sizes: Sequence[int]) -> list[tuple[Any, ...]]:
    """What the inbox makes of payloads in this order, page by page, on an account of its own."""
    with writing():
        number = len(db.session.scalars(select(Account.id)).all())
        account = Account(
            channel=town.bench.channel.name, external_id=f"order-{number}", name="Ordning",
            approved_by="Eva Chef", created_at=town.clock(),
        )  # fmt: skip
        db.session.add(account)
        db.session.flush()
        source = Source(
            account_id=account.id, kind="comments", next_look_at=town.clock(), lease_owner="order"
        )
        db.session.add(source)
    work = Work(source, town.bench.channel, town.bench.connection(), "order")
    left = list(raws)
    for size in [*sizes, len(left)]:
        page, left = left[:size], left[size:]
        take_in(work, Page(raws=tuple(page)), cursor="x", now=town.clock())
    return as_it_stands(source)


def as_it_stands(source: Source) -> list[tuple[Any, ...]]:
    """All that an account's messages say of themselves, without the numbers of the rows."""
    db.session.commit()
    rows = {
        m.id: m for m in db.session.scalars(select(Message).where(Message.source_id == source.id))
    }
    stands = []
    for message in rows.values():
        case = db.session.get(Case, message.case_id) if message.case_id else None
        parent = rows.get(message.parent_id or 0)
        state = (case.person_name, case.state, case.waiting_since, case.snippet) if case else None
        stands.append(
            (message.external_id, message.text, parent.external_id if parent else None, state)
        )
    return sorted(stands, key=lambda one: str(one[0]))


@pytest.mark.once
def test_the_order_of_arrival_makes_no_difference(town: Town) -> None:
    """A conversation taken in in any order, in pages of any size, ends as the same inbox."""
    raws = a_conversation(town)
    usual = taken_in(town, raws, [])
    assert len({state for *_rest, state in usual}) == 3

    @settings(max_examples=12)
    @given(st.permutations(raws), st.lists(st.integers(1, 3), max_size=4))
    def check(order: list[Raw], sizes: list[int]) -> None:
        assert taken_in(town, order, sizes) == usual

    check()


# --- Two sources that meet the same words ---------------------------------------------------------


@pytest.mark.parametrize("first", ["mentions", "conversations"])
def test_two_sources_of_an_account_make_one_thread(app: Any, first: str) -> None:
    """On X a reply may come with the mentions and what it answers with the conversations: whichever
    is read first, they are joined, each word is here once, and the city's answer is recognised."""
    bench, clock = bench_with("x"), Clock(now())
    kinds = sorted(("mentions", "conversations"), key=lambda kind: kind != first)
    connected(bench, app.config["CREDENTIALS_KEYS"], now=clock(), kinds=kinds)
    post, at = bench.make_post("", "Nu öppnar badet."), now() - 10 * MINUTE
    asked = bench.comment(post, "Åsa", "När?", at=at, mentions=False)
    reply = bench.comment(post, "Björn", "Klockan åtta.", asked, at=at + MINUTE)
    answer = bench.stage.add_comment(
        post, "Staden", "Klockan nio.", at=at + 2 * MINUTE, parent=asked, by_city=True
    ).id
    for _look in range(2):
        clock.later(20 * MINUTE)
        look_at_all(app, clock)
    here = by_id()
    assert sorted(here) == sorted([asked, reply, answer])
    assert {here[one].parent_id for one in (reply, answer)} == {here[asked].id}
    assert here[answer].case_id == here[asked].case_id
    assert case_of(asked).state == "answered"
    bench.close()
