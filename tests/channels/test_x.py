"""X: what is read of mentions and conversations, and what it means."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.channels.base import AtSource, MessageSeen, Page, Reason
from app.channels.practice.standins import x as standin

from . import test_every_channel as contract
from .benches.bench import now
from .benches.x import Bench

WAYS = [
    ("mentions", "post", "oauth2"),
    ("conversations", "tweet", "oauth2"),
    ("conversations", "post", "oauth1"),
]
HELD = (
    contract.test_every_comment_is_seen_exactly_once,
    contract.test_a_second_look_finds_what_came_since,
    contract.test_a_cursor_may_be_answered_twice,
    contract.test_an_edit_is_seen,
    contract.test_who_when_and_where,
    contract.test_an_answer_is_published_once_and_found,
    contract.test_dead_credentials,
    contract.test_hiding_twice_and_showing_twice,
    contract.test_a_recheck_tells_what_changed_and_what_went,
    contract.test_all_is_well_when_all_is_well,
)


@pytest.fixture
def bench() -> Any:
    made = Bench()
    yield made
    made.close()


@pytest.fixture
def talks() -> Any:
    made = Bench("conversations")
    yield made
    made.close()


@pytest.mark.parametrize("way", WAYS, ids="-".join)
@pytest.mark.parametrize("rule", HELD, ids=lambda rule: rule.__name__)
def test_the_contract_holds_in_every_way(rule: Any, way: tuple[str, str, str]) -> None:
    """Either source, either dialect and either sign-in keeps what the contract promises."""
    made = Bench(*way)
    try:
        rule(made)
    finally:
        made.close()


def look(
    bench: Bench, cursor: str | None = None, at: datetime | None = None, **settings: str
) -> tuple[list[MessageSeen], str]:
    """A whole look, understood, and its cursor."""
    found, moment = [], at or now()
    while True:
        page = bench.channel.fetch(bench.connection(**settings), cursor, now=moment)
        found += [
            bench.channel.parse(bench.connection(**settings), raw.payload, now=moment)
            for raw in page.raws
        ]
        cursor = str(page.cursor)
        if not page.more:
            return found, str(page.rest_cursor)


def only(messages: list[MessageSeen]) -> MessageSeen:
    assert len(messages) == 1, [m.text for m in messages]
    return messages[0]


def asked(bench: Bench, end: str) -> list[Any]:
    return [one for one in bench.web.asked if one.path.endswith(end)]


# --- Reading -----------------------------------------------------------------------------------


def test_a_look_goes_on_from_the_newest_id(bench: Bench) -> None:
    """The second look asks for what is newer than the newest that was read, with no start time."""
    post = bench.make_post("", "Hej")
    bench.comment(post, "Åsa", "Ett")
    last = bench.comment(post, "Björn", "Två")
    _messages, cursor = look(bench)
    bench.web.asked.clear()
    assert look(bench, cursor)[0] == []
    question = asked(bench, "/mentions")[0].query
    assert question["since_id"] == last
    assert "start_time" not in question


def test_an_interrupted_look_leaves_no_gap(bench: Bench) -> None:
    """Broken off after the first page, a look goes on with the older ones; what was written
    meanwhile comes in the next look."""
    post = bench.make_post("", "Hej")
    early = {bench.comment(post, f"Person {n}", f"Fråga {n}") for n in range(250)}
    first = bench.channel.fetch(bench.connection(), None, now=now())
    assert first.more
    late = bench.comment(post, "Åsa", "Under tiden")
    rest, cursor = look(bench, first.cursor)
    read = {raw.external_id for raw in first.raws} | {m.external_id for m in rest}
    assert read == early
    assert only(look(bench, cursor)[0]).external_id == late


def test_a_page_x_has_forgotten_is_read_from_the_top(bench: Bench) -> None:
    """When the way to the next page is no longer good, the list is read anew, not skipped."""
    post = bench.make_post("", "Hej")
    every = {bench.comment(post, f"Person {n}", f"Fråga {n}") for n in range(150)}
    first = bench.channel.fetch(bench.connection(), None, now=now())
    cursor = json.loads(str(first.cursor))
    cursor["jobs"][0]["token"] = "utgången"
    rest, _cursor = look(bench, json.dumps(cursor))
    assert {m.external_id for m in rest} == every


def test_the_last_day_is_read_again_every_six_hours(bench: Bench) -> None:
    """Six hours on, all of the last 24 hours is read once more, and then not again for six hours."""
    post = bench.make_post("", "Hej")
    bench.comment(post, "Åsa", "Fråga")
    start = now()
    _messages, cursor = look(bench, at=start)
    soon, cursor = look(bench, cursor, start + timedelta(hours=5, minutes=50))
    later, cursor = look(bench, cursor, start + timedelta(hours=6))
    after, _cursor = look(bench, cursor, start + timedelta(hours=6, minutes=10))
    assert [len(soon), len(later), len(after)] == [0, 1, 0]
    assert only(later).text == "Fråga"


def test_the_first_reading_goes_no_further_back_than_told(bench: Bench) -> None:
    """Without a first reading only what comes from now on is read."""
    post = bench.make_post("", "Hej")
    bench.comment(post, "Åsa", "Före")
    connection = replace(bench.connection(), backfill_since=None)
    moment = now() + timedelta(seconds=1)
    cursor: str | None = None
    while True:
        page = bench.channel.fetch(connection, cursor, now=moment)
        assert page.raws == ()
        cursor = page.cursor
        if not page.more:
            break
    bench.stage.add_comment(post, "Åsa", "Efter", at=moment + timedelta(seconds=1))
    later = moment + timedelta(minutes=3)
    assert only(look(bench, cursor, later)[0]).text == "Efter"


def test_nobody_is_asked_twice_in_two_minutes(bench: Bench) -> None:
    """The next look is wished for at least 120 seconds later."""
    bench.make_post("", "Hej")
    moment = now()
    page = _last_page(bench, moment)
    assert page.asked_to_wait_until == moment + timedelta(seconds=120)


def test_scarce_calls_slow_the_reading(bench: Bench) -> None:
    """With less than a tenth of X's quarter of an hour left, the next look waits for the next."""
    bench.make_post("", "Hej")
    bench.x.limits["mentions"] = 20
    moment = now()
    for _time in range(19):
        page = _last_page(bench, moment)
    assert page.asked_to_wait_until is not None
    quarter = (moment.timestamp() // 900 + 1) * 900
    shortest = (moment + timedelta(seconds=120)).timestamp()
    assert page.asked_to_wait_until.timestamp() == max(quarter, shortest)
    assert dict(page.notices)["slowed"] == "1/20"


def _last_page(bench: Bench, moment: datetime) -> Page:
    cursor: str | None = None
    while True:
        page = bench.channel.fetch(bench.connection(), cursor, now=moment)
        cursor = page.cursor
        if not page.more:
            return page


def test_more_mentions_than_x_gives_are_told_of(bench: Bench) -> None:
    """X gives the 800 newest mentions; when that many came at once, somebody is told."""
    post = bench.make_post("", "Hej")
    for number in range(810):
        bench.stage.comments[str(number)] = standin.Comment(
            standin.snowflake("c", now(), number),
            post,
            None,
            "123",
            "Åsa",
            f"Fråga {number}",
            now(),
        )
    notices, cursor = [], None
    while True:
        page = bench.channel.fetch(bench.connection(), cursor, now=now())
        notices += page.notices
        cursor = page.cursor
        if not page.more:
            break
    assert ("capped", "800") in notices


def test_what_colleagues_write_in_the_app_is_the_citys(bench: Bench) -> None:
    """An answer given on X itself is read as the city's, under the message that it answers."""
    post = bench.make_post("", "Hej")
    comment = bench.comment(post, "Åsa", "När?")
    _messages, cursor = look(bench)
    bench.stage.add_comment(post, "", "Kl. 8", at=now(), parent=comment, by_city=True)
    mine = only(look(bench, cursor)[0])
    assert (mine.by_city, mine.parent_external_id, mine.text) == (True, comment, "Kl. 8")
    assert mine.author is not None
    assert mine.author.name == "Landskrona stad"


def test_reposts_and_own_posts_are_no_messages(bench: Bench) -> None:
    """What only passes a post on, and what the city itself publishes, is left out."""
    post = bench.make_post("", "Hej")
    bench.comment(post, "Åsa", "RT", repost=True)
    bench.make_post("", "Hej på er @landskronastad")
    assert look(bench)[0] == []


def test_a_conversation_is_read_where_nobody_mentions_us(talks: Bench) -> None:
    """A reply without the mention is found in the conversation, and not among the mentions."""
    post = talks.make_post("", "Nu öppnar badet")
    bare = talks.comment(post, "Åsa", "Inte ett ord om er", mentions=False)
    assert only(look(talks)[0]).external_id == bare
    talks.kind = "mentions"
    assert look(talks)[0] == []


def test_both_sources_give_the_same_message(bench: Bench) -> None:
    """A message met by both sources has the same id, payload and meaning in both."""
    post = bench.make_post("", "Nu öppnar badet")
    top = bench.comment(post, "Åsa", "När?")
    bench.comment(post, "Björn", "Ja, när?", parent=top)
    connection = bench.connection()
    payloads = []
    for kind in ("mentions", "conversations"):
        bench.kind = kind
        raws, _cursor = contract.look(bench)
        payloads.append({raw.external_id: raw.payload for raw in raws})
    again = bench.channel.recheck(connection, list(payloads[0]), now=now())
    payloads.append({raw.external_id: raw.payload for raw in again.raws})
    assert payloads[0] == payloads[1] == payloads[2]
    assert len(payloads[0]) == 2


def test_conversations_are_asked_for_in_few_queries(talks: Bench) -> None:
    """Thirty conversations go in three questions of at most 512 characters, each in one of them."""
    posts = [talks.make_post("", f"Inlägg {n}") for n in range(30)]
    look(talks)
    queries = [one.query["query"] for one in asked(talks, "/search/recent")]
    assert len(queries) == 3
    assert all(len(query) <= 512 for query in queries)
    assert sorted(p for p in posts if sum(p in q for q in queries) == 1) == sorted(posts)


def test_a_quiet_conversation_costs_a_lively_one_nothing(talks: Bench) -> None:
    """What has been read of one conversation is not read again because another is quiet."""
    talks.make_post("", "Tyst")
    lively = talks.make_post("", "Livligt")
    for number in range(5):
        talks.comment(lively, f"Person {number}", f"Fråga {number}")
    _messages, cursor = look(talks)
    talks.comment(lively, "Åsa", "Ny fråga")
    talks.x.charged.clear()
    news, cursor = look(talks, cursor)
    assert only(news).text == "Ny fråga"
    assert talks.x.charged["post_read"] == 2  # the answer, and the post it stands under
    assert look(talks, cursor)[0] == []


def test_an_answer_to_a_post_made_between_two_looks_is_read(talks: Bench) -> None:
    """A post published while another conversation was being read loses none of its answers."""
    old = talks.make_post("", "Gammalt")
    _messages, cursor = look(talks)
    new = talks.stage.add_post("", "Nytt", at=now()).id
    early = talks.comment(new, "Åsa", "Tidigt svar")
    talks.comment(old, "Björn", "Senare svar")
    # the first step of the look reads the own posts; the answers are all there by then
    assert {m.external_id for m in look(talks, cursor)[0]} >= {early}


def test_conversations_older_than_a_week_are_let_go(talks: Bench) -> None:
    """X searches seven days back, so an older post is not asked about."""
    old = talks.stage.add_post("", "Gammalt", at=now() - timedelta(days=6, hours=23)).id
    _messages, cursor = look(talks)
    assert old in cursor
    talks.make_post("", "Nytt")
    _messages, cursor = look(talks, cursor, now() + timedelta(hours=2))
    assert old not in json.loads(cursor)["roots"]


def test_an_id_too_old_for_the_search_is_read_by_time(talks: Bench) -> None:
    """After a pause of more than a week the search begins where X's window does."""
    post = talks.make_post("", "Nytt")
    _messages, cursor = look(talks)
    told = json.loads(cursor)
    old = standin.snowflake("x", now() - timedelta(days=9), 1)
    told["roots"][post][1] = old
    late = talks.comment(post, "Åsa", "Fråga")
    assert only(look(talks, json.dumps(told))[0]).external_id == late


# --- What it means -------------------------------------------------------------------------------


def test_a_link_is_where_it_leads(bench: Bench) -> None:
    """X's short links are replaced by the address they lead to, with its own signs read once."""
    post = bench.make_post("", "Hej")
    bench.comment(
        post, "Åsa", "Se https://www.landskrona.se/a?x=1&y=2 och https://exempel.se <3 &amp;"
    )
    text = only(look(bench)[0]).text
    assert text == "Se https://www.landskrona.se/a?x=1&y=2 och https://exempel.se <3 &amp;"


def test_leading_mentions_are_left_out_only_where_x_says_so(bench: Bench) -> None:
    """Without a display range the text stays whole; with one that cuts words it stays whole too."""
    post = bench.make_post("", "Hej")
    bench.comment(post, "Åsa", "När?")
    raw = contract.look(bench)[0][0]
    payload = json.loads(raw.payload)
    text = payload["post"]["text"]
    assert text.startswith("@landskronastad ")
    for told, shown in (([16, 20], "När?"), (None, text), ([18, 20], text), ([0, 20], text)):
        payload["post"]["display_text_range"] = told
        assert _meaning(bench, payload).text == shown


def _meaning(bench: Bench, payload: dict[str, Any], **settings: str) -> MessageSeen:
    return bench.channel.parse(bench.connection(**settings), json.dumps(payload), now=now())


@pytest.mark.parametrize("dialect", ["tweet", "post"])
def test_a_long_post_is_read_whole(dialect: str) -> None:
    """A post longer than 280 is read from its note, in either dialect."""
    bench = Bench(dialect=dialect)
    try:
        post = bench.make_post("", "Hej")
        text = "Trottoaren är trasig. " * 40 + "https://www.landskrona.se/trottoar"
        bench.comment(post, "Åsa", text)
        assert only(look(bench)[0]).text == text
    finally:
        bench.close()


def test_an_edited_post_keeps_its_first_id(bench: Bench) -> None:
    """An edit makes a new id on X; here it is the same message, known by its other ids too."""
    post = bench.make_post("", "Hej")
    first = bench.comment(post, "Åsa", "När öppnar badt?")
    _messages, cursor = look(bench)
    bench.edit(first, "När öppnar badet?")
    message = only(look(bench, cursor)[0])
    assert (message.external_id, message.text) == (first, "När öppnar badet?")
    assert len(message.alternative_ids) == 1
    assert message.url.endswith(message.alternative_ids[0])


def test_an_answer_to_an_edited_message_finds_its_parent(bench: Bench) -> None:
    """Who answers a later version of a message answers that message."""
    post = bench.make_post("", "Hej")
    first = bench.comment(post, "Åsa", "När?")
    bench.edit(first, "När öppnar badet?")
    later = bench.stage.comments[first].extra["versions"][-1][0]
    reply = bench.stage.add_comment(post, "Björn", "Kl. 8", at=now(), parent=later).id
    messages = {m.external_id: m for m in look(bench)[0]}
    assert messages[reply].parent_external_id == first


def test_whose_conversation_it_is(bench: Bench) -> None:
    """A reply stands under its conversation's first post: the city's, or a resident's."""
    ours = bench.make_post("", "Nu öppnar badet & mer")
    theirs = bench.make_post("", "Hej @landskronastad", by="Gösta")
    one = bench.comment(ours, "Åsa", "När?")
    nested = bench.comment(ours, "Björn", "Ja?", parent=one)
    two = bench.comment(theirs, "Cilla", "@landskronastad Håller med")
    messages = {m.external_id: m for m in look(bench)[0]}
    assert set(messages) == {theirs, one, nested, two}
    for key in (one, nested):
        post = messages[key].post
        assert (post.external_id, post.by_city, post.text) == (ours, True, "Nu öppnar badet & mer")
    assert messages[one].parent_external_id is None
    assert messages[nested].parent_external_id == one
    assert messages[two].post.by_city is False
    assert messages[two].parent_external_id == theirs
    assert messages[theirs].post.external_id == theirs
    assert (messages[theirs].post.text, messages[theirs].parent_external_id) == ("", None)


def test_hiding_only_where_the_city_began(bench: Bench) -> None:
    """Replies in the city's conversations can be hidden; in others', and own words, not."""
    ours = bench.make_post("", "Nu öppnar badet")
    theirs = bench.make_post("", "Hej @landskronastad", by="Gösta")
    one = bench.comment(ours, "Åsa", "När?")
    two = bench.comment(theirs, "Cilla", "@landskronastad Håller med")
    mine = bench.stage.add_comment(ours, "", "Kl. 8", at=now(), parent=one, by_city=True).id
    can = {m.external_id: m.can_hide for m in look(bench)[0]}
    assert can == {one: True, theirs: False, two: False, mine: False}


def test_who_has_not_mentioned_the_city_is_answered_on_x(talks: Bench) -> None:
    """Without a mention or a quote of ours no answer goes from here, unless there is a contract."""
    post = talks.make_post("", "Nu öppnar badet")
    bare = talks.comment(post, "Åsa", "Fint", mentions=False)
    quoting = talks.comment(post, "Björn", "Fint", mentions=False, quotes=post)
    naming = talks.comment(post, "Cilla", "Fint")
    messages = {m.external_id: m for m in look(talks)[0]}
    assert messages[bare].no_answer is Reason.NOT_SUMMONED
    assert messages[bare].answer_elsewhere == f"https://x.com/intent/post?in_reply_to={bare}"
    for key in (quoting, naming):
        assert (messages[key].no_answer, messages[key].answer_elsewhere) == (None, "")
    allowed = {m.external_id: m.no_answer for m in look(talks, enterprise="ja")[0]}
    assert set(allowed.values()) == {None}


def test_pictures_and_films_are_told_of(bench: Bench) -> None:
    """What is attached is told by its kind and its own description, never by an address."""
    post = bench.make_post("", "Hej")
    media = [["photo", "En trasig gunga"], ["video", ""]]
    bench.comment(post, "Åsa", "Se här", media=media)
    raw = contract.look(bench)[0][0]
    message = bench.channel.parse(bench.connection(), raw.payload, now=now())
    assert [(a.kind, a.description) for a in message.attachments] == [
        ("picture", "En trasig gunga"),
        ("film", ""),
    ]
    payload = json.loads(raw.payload)
    payload["media"] = [{}, {}]
    assert [a.kind for a in _meaning(bench, payload).attachments] == ["picture", "film"]


def test_a_writer_x_does_not_tell_of_is_a_number(talks: Bench) -> None:
    """A suspended writer is known by number alone, and the message is there all the same."""
    post = talks.make_post("", "Hej")
    talks.comment(post, "Borttagen", "Fråga", author="999000999")
    talks.stage.comments[next(iter(talks.stage.comments))].author = "999000998"
    everybody = talks.x._everybody
    talks.x._everybody = lambda: {k: v for k, v in everybody().items() if k != "999000998"}
    message = only(look(talks)[0])
    assert message.author is not None
    assert (message.author.external_id, message.author.name) == ("999000998", "")


def test_what_x_leaves_out_does_not_stop_the_reading(bench: Bench) -> None:
    """A post with nothing but an id and a text is a message; its time is uncertain."""
    bare = {"id": "12", "text": "Hej"}
    payload = {"post": bare, "author": None, "root": None, "referenced": {}, "media": [], "me": "1"}
    message = _meaning(bench, payload)
    assert (message.external_id, message.text, message.author) == ("12", "Hej", None)
    assert message.time_uncertain
    assert message.post.external_id == "12"


def test_a_time_without_fractions_is_a_time(bench: Bench) -> None:
    """X's times with and without fractions of a second are read alike."""
    bare = {"id": "12", "text": "Hej", "created_at": "2026-11-02T08:15:55Z"}
    payload = {"post": bare, "author": None, "root": None, "referenced": {}, "media": [], "me": "1"}
    assert _meaning(bench, payload).published_at.isoformat() == "2026-11-02T08:15:55+00:00"


def test_a_payload_holds_no_counts_and_no_picture_addresses(bench: Bench) -> None:
    """What changes by itself is not kept, or the same post would be news again and again."""
    post = bench.make_post("", "Hej")
    comment = bench.comment(post, "Åsa", "Se https://www.landskrona.se")
    answer = bench.x._post

    def with_more(*arguments: Any) -> dict[str, Any]:
        made = answer(*arguments)
        made["public_metrics"] = {"like_count": len(bench.web.asked)}
        for url in made.get("entities", {}).get("urls", []):
            url |= {"images": [{"url": "https://pbs.twimg.com/x?sig=1"}], "title": "Start"}
        return made

    plain = contract.look(bench)[0][0].payload
    bench.x._post = with_more
    assert contract.look(bench)[0][0].payload == plain
    assert bench.channel.recheck(bench.connection(), [comment], now=now()).raws[0].payload == plain


def test_people_are_asked_for_once(talks: Bench) -> None:
    """A writer's name is asked for once, however many answers and looks there are."""
    post = talks.make_post("", "Hej")
    talks.comment(post, "Återkommande Åsa", "Ett")
    _messages, cursor = look(talks)
    talks.comment(post, "Återkommande Åsa", "Två")
    message = only(look(talks, cursor)[0])
    assert message.author is not None
    assert message.author.name == "Återkommande Åsa"
    assert len(asked(talks, "/2/users")) <= 1


# --- Looking again -------------------------------------------------------------------------------


def test_what_x_no_longer_shows_is_removed(bench: Bench) -> None:
    """Deleted posts and those whose writer protects them now are gone; others are as they are."""
    post = bench.make_post("", "Hej")
    ids = [bench.comment(post, "Åsa", f"Fråga {n}") for n in range(3)]
    bench.delete(ids[0])
    bench.stage.comments[ids[1]].extra["protected"] = True
    page = bench.channel.recheck(bench.connection(), [*ids, "inget id"], now=now())
    assert page.removed == (ids[0], ids[1])
    assert [raw.external_id for raw in page.raws] == [ids[2]]
    seen = bench.channel.parse(bench.connection(), page.raws[0].payload, now=now())
    assert seen.at_source is AtSource.VISIBLE


def test_what_x_is_silent_about_is_not_taken_for_gone(bench: Bench) -> None:
    """An id that X neither gives nor says anything about is left as it is."""
    post = bench.make_post("", "Hej")
    comment = bench.comment(post, "Åsa", "Fråga")
    bench.x.fail(standin.json_reply(200, {"meta": {"result_count": 0}}))
    page = bench.channel.recheck(bench.connection(), [comment], now=now())
    assert (page.raws, page.removed) == ((), ())
