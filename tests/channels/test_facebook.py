"""Facebook: what is read, how often, at what price, and what a comment means."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.channels.base import AtSource, Attachment, NotUnderstood, Reason, SignInNeeded
from app.channels.facebook import CHANNEL, memory
from app.channels.practice.standins import graph as standin

from .benches.facebook_looks import DAY, HOUR, MINUTES_5, Town, a_town

__all__ = ["a_town"]


# --- What is read ------------------------------------------------------------------------------


def test_all_levels_are_read(town: Town) -> None:
    """Replies, and replies to replies, come with the comments and hang under the top comment."""
    top = town.says("När?")
    reply = town.says("Ja, när?", top)
    deep = town.says("Jag undrar också.", reply)
    messages = town.look().messages
    assert {one: messages[one].parent_external_id for one in (top, reply, deep)} == {
        top: None, reply: top, deep: top,
    }  # fmt: skip


@pytest.mark.parametrize("ranked", [False, True])
def test_a_post_is_read_to_its_end_in_whatever_order(town: Town, ranked: bool) -> None:
    """All comments of a busy post are read, each once, also when the platform ranks them."""
    town.graph.manners.ranked = ranked
    town.graph.manners.page_limit = 20
    said = town.crowd(130)
    look = town.look()
    assert sorted(raw.external_id for raw in look.raws) == sorted(said)
    town.later(MINUTES_5)
    late = town.says("Sist av alla")
    assert late in town.look(look.cursor).messages


def test_an_empty_page_is_not_the_end(town: Town) -> None:
    """A page of which nothing may be seen has a next one, which is read."""
    first = town.says("Först", ago=3 * HOUR)
    town.crowd(60, unseen=True, ago=2 * HOUR)
    last = town.says("Sist")
    town.graph.manners.page_limit = 20
    assert set(town.look().messages) == {first, last}


def test_visitors_posts_and_mentions_are_messages(town: Town) -> None:
    """What others write on the page or about it is a message of its own, and so are the answers."""
    visit = town.posts("Hål i Storgatan", by="Åsa", author="u-asa")
    mention = town.posts("Tack Landskrona", by="Björn", author="u-bjorn", where="tagged")
    under = town.says("Jag såg det också", post=visit, name="Cilla")
    look = town.look()
    assert set(look.messages) == {visit, mention, under}
    message = look.messages[visit]
    assert (message.text, message.by_city, message.post.by_city) == (
        "Hål i Storgatan",
        False,
        False,
    )
    assert message.post.external_id == visit
    assert message.author is not None
    assert message.author.external_id == "u-asa"
    assert message.parent_external_id is None
    assert look.messages[under].parent_external_id == visit
    assert town.post not in look.messages


def test_a_writer_who_is_not_named(town: Town) -> None:
    """A comment without `from` has no author, and is read all the same."""
    said = town.says("När?", author="")
    assert town.look().messages[said].author is None


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ({"type": "sticker"}, Attachment("sticker")),
        ({"type": "animated_image_share", "title": "Hej"}, Attachment("picture", "Hej")),
        ({"type": "photo", "description": "Ett hål"}, Attachment("picture", "Ett hål")),
        ({"type": "video_inline"}, Attachment("film")),
        ({"type": "share", "title": "Sydsvenskan"}, Attachment("link", "Sydsvenskan")),
    ],
)
def test_what_has_no_words_is_named_by_its_kind(
    town: Town, told: dict[str, str], seen: Attachment
) -> None:
    """A sticker or picture without words is its kind and its description, without any address."""
    media = {"image": {"src": "https://scontent.example.test/a.jpg?oh=signed"}}
    said = town.says("", attachment={**told, "media": media})
    look = town.look()
    assert (look.messages[said].text, look.messages[said].attachments) == ("", (seen,))
    assert "scontent" not in look.raws[0].payload


def test_what_the_platform_says_may_be_done(town: Town) -> None:
    """Closed comments, what cannot be hidden, what is hidden, and the private window are told."""
    shut = town.posts("Stängt", comments="closed")
    closed = town.says("Får jag?", post=shut)
    fixed = town.says("Kan inte döljas", says={"can_hide": False})
    hidden = town.says("Dolt", state="hidden")
    plain = town.says("När?")
    messages = town.look().messages
    assert messages[closed].no_answer is Reason.COMMENTS_CLOSED
    assert messages[closed].answer_elsewhere == messages[closed].url != ""
    assert [messages[one].can_hide for one in (fixed, plain)] == [False, True]
    assert messages[hidden].at_source is AtSource.HIDDEN
    assert messages[plain].no_answer is None
    assert messages[plain].private_reply_until == town.now - HOUR + timedelta(days=7)
    town.later(8 * DAY)
    assert town.again(plain).messages[plain].private_reply_until is None


def test_the_pages_own_words_are_the_citys(town: Town) -> None:
    """What the page wrote itself is by the city, and can be neither hidden nor asked."""
    top = town.says("När?")
    own = town.says("Kl. 8.", top, author=standin.PAGE_ID, by_city=True)
    message = town.look().messages[own]
    assert (message.by_city, message.can_hide, message.private_reply_until) == (True, False, None)


def test_a_payload_changes_only_when_the_comment_does(town: Town) -> None:
    """However a comment is read, its payload is the same bytes, so that nothing seems changed."""
    visit = town.posts("Hål i gatan", by="Åsa", author="u-asa")
    top = town.says("När?")
    said = {visit, top, town.says("Ja?", top), *town.crowd(60, post=visit)}
    first = {raw.external_id: raw.payload for raw in town.look().raws}
    assert set(first) == said
    look = town.look()
    assert {raw.external_id: raw.payload for raw in look.raws} == first
    town.says("En till", post=visit)
    town.later(MINUTES_5)
    walked = {raw.external_id: raw.payload for raw in town.look(look.cursor).raws}
    assert {one: walked[one] for one in walked if one in first}.items() <= first.items()
    seen = {raw.external_id: raw.payload for raw in town.again(*first).raws}
    assert seen == first


def test_the_first_reading_has_a_bound(town: Town) -> None:
    """What was written before the bound is not read, but for what a newer reply answers."""
    old = town.posts("Från i våras", ago=200 * DAY)
    before = town.says("Länge sedan", ago=190 * DAY, post=old)
    answered = town.says("Också länge sedan", ago=180 * DAY, post=old)
    reply = town.says("Ny fråga", answered, ago=DAY, post=old)
    for ranked in (False, True):
        town.graph.manners.ranked = ranked
        messages = town.look().messages
        assert set(messages) == {answered, reply}
        assert messages[reply].parent_external_id == answered
    assert before not in messages


def test_a_parent_that_came_before_its_reply_is_asked_for(town: Town) -> None:
    """When the ranking shows an old comment pages before the new reply to it, it is not missed."""
    town.graph.manners.page_limit = 1
    old = town.posts("Från i våras", ago=200 * DAY)
    parents = [town.says(f"Länge sedan {n}", ago=180 * DAY, post=old) for n in range(6)]
    replies = [town.says("Ny fråga", one, ago=DAY, post=old) for one in parents]
    town.graph.manners.ranked = True
    assert set(town.look().messages) == {*parents, *replies}


# --- How often, and at what price ------------------------------------------------------------------


def test_a_quiet_look_costs_one_call(town: Town) -> None:
    """When nothing has happened a look is one question."""
    town.crowd(3)
    town.posts("Ett äldre inlägg", ago=50 * DAY)
    look = town.look()
    town.later(MINUTES_5)
    look = town.look(look.cursor)
    assert (look.calls, look.raws) == (1, [])


def test_a_new_comment_costs_two_calls(town: Town) -> None:
    """The list tells which post has something new, and only that one is read."""
    others = [town.posts(f"Inlägg {n}", ago=20 * DAY) for n in range(10)]
    for other in others:
        town.crowd(2, post=other, ago=19 * DAY)
    look = town.look()
    town.later(MINUTES_5)
    said = town.says("Ny", post=others[7], ago=timedelta(0))
    town.read_whole()
    look = town.look(look.cursor)
    assert (look.calls, town.read_whole()) == (2, {others[7]})
    assert said in look.messages


def test_an_edit_that_no_count_shows_is_read_within_the_hour(town: Town) -> None:
    """The text of a comment under a young post is followed, though the list says nothing of it."""
    said = town.says("När öppnar badt?")
    look = town.look()
    town.edit(said, "När öppnar badet?")
    town.later(HOUR)
    assert town.look(look.cursor).messages[said].text == "När öppnar badet?"


def test_a_removal_is_told_once_it_is_sure(town: Town) -> None:
    """A comment that is gone is told as gone; one that merely is not listed is not."""
    gone, unlisted, stays = (town.says(text) for text in ("Bort", "Syns inte i listan", "Kvar"))
    look = town.look()
    town.delete(gone)
    town.stage.comments[unlisted].extra["unseen"] = True
    town.later(MINUTES_5)
    town.says("Ny", ago=timedelta(0))
    look = town.look(look.cursor)
    assert look.removed == {gone}
    assert {unlisted, stays} <= set(look.messages)


def test_a_removal_that_a_new_comment_hides_is_seen(town: Town) -> None:
    """One gone and one new leave the count as it was: the time of the last word tells."""
    gone = town.says("Bort")
    look = town.look()
    town.later(MINUTES_5)
    town.delete(gone)
    town.says("Ny", ago=timedelta(0))
    assert town.look(look.cursor).removed == {gone}


def test_a_post_that_is_gone(town: Town) -> None:
    """With a post all its comments are gone, and so is a resident's post itself."""
    visit = town.posts("Hål i gatan", by="Åsa", author="u-asa")
    said = {visit, *town.crowd(3, post=visit), *town.crowd(2)}
    look = town.look()
    for post in (visit, town.post):
        town.stage.posts[post].gone = True
    town.later(HOUR)
    look = town.look(look.cursor)
    assert look.removed - {town.post} == said
    town.later(HOUR)
    assert town.look(look.cursor).removed == set()


def test_a_post_that_goes_between_the_list_and_its_reading(town: Town) -> None:
    """A post that has gone by the time it is to be read ends as gone, not as trouble."""
    said = town.says("När?")
    look = town.look()
    town.later(MINUTES_5)
    town.says("Ny", ago=timedelta(0))
    page = CHANNEL.fetch(town.connection(), look.cursor, now=town.now)
    town.stage.posts[town.post].gone = True
    assert said in town.look(page.cursor).removed


def test_a_late_comment_with_an_old_date(town: Town) -> None:
    """What turns up days after the time it carries is read, wherever it stands in the list."""
    town.crowd(5)
    look = town.look()
    late = town.says("Jag väntade på granskning", ago=20 * HOUR)
    town.later(MINUTES_5)
    assert late in town.look(look.cursor).messages


def test_older_posts_are_read_by_a_schedule_that_never_stops(town: Town) -> None:
    """An edit no count shows is found: in a day after three days, and in a week for ever after."""
    ages = {"young": 2 * DAY, "middle": 10 * DAY, "old": 29 * DAY, "oldest": 300 * DAY}
    posts = {name: town.posts(name, ago=ago) for name, ago in ages.items()}
    said = {name: town.says("Före", post=post, ago=DAY) for name, post in posts.items()}
    look = town.look()
    assert set(said.values()) <= set(look.messages)
    cursor = look.cursor
    for turn in range(2):
        for one in said.values():
            town.edit(one, f"Efter {turn}")
        found: dict[str, str] = {}
        for _look in range(8 * 6):
            town.later(4 * HOUR)
            look = town.look(cursor)
            cursor = look.cursor
            found |= {key: one.text for key, one in look.messages.items()}
        assert found == dict.fromkeys(said.values(), f"Efter {turn}")


def test_the_first_days_schedule(town: Town) -> None:
    """A post of two days is read every hour, one of ten days once a day."""
    young, middle = town.posts("Ung", ago=2 * DAY), town.posts("Mellan", ago=10 * DAY)
    one, other = town.says("Ett", post=young), town.says("Två", post=middle)
    look = town.look()
    counts = {one: 0, other: 0}
    cursor = look.cursor
    for _hour in range(20):
        town.later(HOUR)
        look = town.look(cursor)
        cursor = look.cursor
        for said in counts:
            counts[said] += said in look.messages
    assert (counts[one], counts[other]) == (20, 0)
    look = town.looks(cursor, HOUR, 6)
    assert other in look.messages


def test_a_sweep_passes_all_of_many_posts(town: Town) -> None:
    """A sweep takes some posts an hour and leaves none out, though their counts stand still."""
    posts = [town.posts(f"Inlägg {n}", ago=(20 + n) * DAY) for n in range(40)]
    said = [town.says("Före", post=post, ago=10 * DAY) for post in posts]
    look = town.look()
    for one in said:
        town.edit(one, "Efter")
    look = town.looks(look.cursor, HOUR, len(posts) // (memory.STEP_LEAST - 1) + 2)
    assert {one: look.messages[one].text for one in said} == dict.fromkeys(said, "Efter")
    assert not look.notices


def test_a_sweep_takes_a_week_or_as_long_as_it_must() -> None:
    """With more posts the steps grow, up to a bound, and no sweep begins within a week."""
    for met, step in ((0, 5), (840, 5), (1680, 10), (9999, 25)):
        sweep = memory.Sweep(began=1000, at=500, met=met)
        memory.sweep_on(sweep, [], 2000)
        assert (sweep.step, sweep.at, sweep.met) == (step, 0, 0)
        assert sweep.next == 1000 + memory.SWEEP_AT_LEAST
    sweep = memory.Sweep(at=500)
    memory.sweep_on(sweep, [500, 500], 2000)
    assert (sweep.at, sweep.met) == (499, 2)


def test_a_look_can_be_broken_off_anywhere(town: Town) -> None:
    """What is left of a look stands in the cursor; going on later loses nothing."""
    said = set(town.crowd(250))
    cursor, seen, page = None, set[str](), None
    while page is None or page.more:
        page = CHANNEL.fetch(town.connection(), cursor, now=town.now)
        cursor = page.cursor
        seen |= {raw.external_id for raw in page.raws}
        town.later(DAY)
    assert said == seen


def test_the_cursor_is_bounded(town: Town) -> None:
    """However much there is, what is remembered stays below some hundred kilobytes."""
    for number in range(252):
        post = town.posts(f"Inlägg {number} " + "x" * 3000, ago=number * HOUR)
        town.crowd(9, post=post, ago=timedelta(0))
    cursor, most = None, 0
    for _page in range(400):
        page = CHANNEL.fetch(town.connection(), cursor, now=town.now)
        cursor = page.cursor
        most = max(most, len(cursor or ""))
        if not page.more:
            break
    kept = json.loads(cursor or "")
    assert len(kept["posts"]) <= memory.POSTS_KEPT
    assert sum(len(ids) - 1 for ids in kept["known"].values()) <= memory.IDS_KEPT
    assert most < 300_000


# --- Looking again ----------------------------------------------------------------------------


def test_looking_again_at_comments_and_posts(town: Town) -> None:
    """Comments and residents' posts are told as they are now, and which of them are gone."""
    visit = town.posts("Hål i gatan", by="Åsa", author="u-asa")
    gone_post = town.posts("Bort", by="Åsa", author="u-asa")
    said, gone = town.says("När?"), town.says("Bort")
    town.edit(said, "När då?")
    town.delete(gone)
    town.stage.posts[gone_post].gone = True
    look = town.again(said, gone, visit, gone_post, "finns-inte")
    assert {key: one.text for key, one in look.messages.items()} == {
        said: "När då?", visit: "Hål i gatan",
    }  # fmt: skip
    assert look.removed == {gone, gone_post, "finns-inte"}
    assert look.messages[said].post.text == "Nu öppnar badet."


def test_looking_again_at_a_hundred(town: Town) -> None:
    """A hundred are asked about in two batches, and nothing is asked when nothing is."""
    said = town.crowd(100)
    assert set(town.again(*said).messages) == set(said)
    assert town.again().calls == 0


def test_a_lost_permission_is_not_taken_for_removals(town: Town) -> None:
    """When everything seems to be gone because nothing may be seen, it is told as a lost sign-in."""
    said = town.crowd(3)
    for one in said:
        town.delete(one)
    assert town.again(*said).removed == set(said)
    town.graph.manners.scopes.discard("pages_read_user_content")
    with pytest.raises(SignInNeeded):
        town.again(*said)


@pytest.mark.parametrize("payload", ['{"comment": {}, "post": {}, "page": "1"}', "[]", '{"a": 1}'])
def test_what_is_no_comment(town: Town, payload: Any) -> None:
    """A kept payload without its parts is not understood."""
    with pytest.raises(NotUnderstood):
        CHANNEL.parse(town.connection(), payload, now=town.now)
