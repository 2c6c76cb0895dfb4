"""YouTube: what is read, how often, at what price, and what is answered and moderated there."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.channels.base import AtSource, Reason, Refused, TryLater
from app.channels.practice.standins import youtube as standin
from app.channels.youtube import CHANNEL, again, reading, videos

from .benches.youtube_looks import DAY, MINUTES_5, MINUTES_15, START, Town, a_town

__all__ = ["a_town"]

YEAR = timedelta(days=365)


# --- What is read ------------------------------------------------------------------------------


def test_replies_that_did_not_come_along_are_read(town: Town) -> None:
    """All of twelve replies are read though YouTube gives five with the thread."""
    top = town.says("När?")
    replies = town.crowd(12, top)
    look = town.look()
    assert set(look.messages) == {top, *replies}
    assert {look.messages[one].parent_external_id for one in replies} == {top}
    assert look.asked.count("comments.list") == 1


def test_more_replies_than_a_page(town: Town) -> None:
    """Replies are read page after page, however short the pages are."""
    top = town.says("När?")
    replies = town.crowd(12, top)
    town.youtube.page_limit = 5
    assert set(town.look().messages) == {top, *replies}


def test_a_payload_changes_only_when_the_comment_does(town: Town) -> None:
    """Likes, pictures and etags that move, and the way it was asked for, change no payload."""
    top = town.says("När?", picture=True)
    replies = town.crowd(7, top)
    first = {raw.external_id: raw.payload for raw in town.look().raws}
    assert {raw.external_id: raw.payload for raw in town.look().raws} == first
    seen, _gone = town.again(top, *replies)
    assert {raw.external_id: raw.payload for raw in seen.raws} == first
    assert "signature" not in first[top]
    assert "likeCount" not in first[top]


def test_a_quiet_look_costs_one_unit(town: Town) -> None:
    """When nothing has happened a look asks for one page, and knows the film already."""
    town.crowd(3)
    first = town.look()
    assert first.asked.count("videos.list") == 1
    town.later(MINUTES_5)
    assert town.look(first.cursor).asked == ["commentThreads.list"]


def test_a_reply_that_did_not_come_along_is_missed_by_nobody(town: Town) -> None:
    """A thread with more replies than before is read again, wherever the new one stands in it."""
    top = town.says("När?", ago=2 * DAY)
    town.crowd(8, top, ago=timedelta(hours=1))
    first = town.look()
    released = town.says("Jag väntade", top, ago=timedelta(hours=30))
    town.later(MINUTES_5)
    look = town.look(first.cursor)
    assert released in look.messages
    town.later(MINUTES_5)
    assert town.look(look.cursor).asked == ["commentThreads.list"]


def test_an_edited_top_comment(town: Town) -> None:
    """A changed text comes under the same id."""
    top = town.says("När öppnar badt?")
    first = town.look()
    town.later(MINUTES_5)
    town.edit(top, "När öppnar badet?")
    assert town.look(first.cursor).messages[top].text == "När öppnar badet?"


def test_a_look_stops_at_what_it_knows(town: Town) -> None:
    """After news on the first page the next page is read, and when that is known, no more."""
    town.youtube.page_limit = 3
    town.crowd(12)
    first = town.look()
    assert len(first.messages) == 12
    town.later(MINUTES_5)
    new = town.says("Ny fråga", ago=timedelta(0))
    look = town.look(first.cursor)
    assert new in look.messages
    assert look.pages == 2


def test_new_threads_are_followed_to_their_end(town: Town) -> None:
    """A burst over more pages than a look reads back for changes is read whole."""
    town.youtube.page_limit = 2
    town.crowd(2)
    first = town.look()
    town.later(MINUTES_5)
    new = town.crowd(2 * reading.FAST_PAGES + 5, ago=timedelta(minutes=1))
    assert set(new) <= set(town.look(first.cursor).messages)


def test_changes_are_followed_only_so_far(town: Town) -> None:
    """When every page has a changed thread, a look ends after five pages, at what has been met."""
    town.youtube.page_limit = 1
    tops = town.crowd(9)
    first = town.look()
    town.later(MINUTES_5)
    for top in tops:
        town.edit(top, "Ändrad")
    assert town.look(first.cursor).pages == reading.FAST_PAGES


def test_a_lost_place_begins_the_pass_anew(town: Town) -> None:
    """When the place in the list is lost half-way, nothing is: not even behind a page now known."""
    town.youtube.page_limit = 2
    ids = town.crowd(8)
    page = CHANNEL.fetch(town.connection(), None, now=town.now)
    page = CHANNEL.fetch(town.connection(), page.cursor, now=town.now)
    town.youtube.forget_pages()
    met = {raw.external_id for raw in page.raws}
    rest = town.look(page.cursor)
    assert {*met, *rest.messages} >= set(ids)
    assert not rest.notices


def test_a_lost_place_in_a_later_look(town: Town) -> None:
    """New threads behind the first page are read although the look that met it broke off."""
    town.youtube.page_limit = 2
    town.crowd(2)
    first = town.look()
    town.later(MINUTES_5)
    new = town.crowd(8, ago=timedelta(minutes=1))
    page = CHANNEL.fetch(town.connection(), first.cursor, now=town.now)
    town.youtube.forget_pages()
    town.later(MINUTES_5)
    assert set(new) <= set(town.look(page.cursor).messages)


def test_a_place_that_is_always_lost(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no place is ever known the look ends all the same, says so, and tries next time."""

    def lost(_token: str) -> int:
        raise standin.Trouble(400, "invalidPageToken")

    town.youtube.page_limit = 2
    ids = town.crowd(4)
    monkeypatch.setattr(town.youtube, "_place", lost)
    look = town.look()
    assert look.notices["gap"] == "invalidPageToken"
    monkeypatch.undo()
    assert set(ids) <= set(town.look(look.cursor).messages)


def test_the_night_finds_what_came_out_late(town: Town) -> None:
    """A comment that turns up far down the list is found by the next night's deep pass."""
    town.youtube.page_limit = 2
    town.crowd(14, ago=timedelta(hours=2))
    first = town.look()
    late = town.says("Jag kom ut sent", ago=3 * DAY)
    town.later(MINUTES_5)
    evening = town.look(first.cursor)
    assert late not in evening.messages
    town.now = START.replace(hour=1, minute=59) + DAY
    town.later(timedelta(0))
    before_three = town.look(evening.cursor)
    assert late not in before_three.messages
    town.later(timedelta(minutes=1))
    assert late in town.look(before_three.cursor).messages


def test_the_night_reads_every_reply(town: Town) -> None:
    """A reply that took the place of another, so that the number is the same, is found at night."""
    top = town.says("När?", ago=2 * DAY)
    replies = town.crowd(8, top, ago=timedelta(hours=40))
    first = town.look()
    town.delete(replies[0])
    late = town.says("I stället", top, ago=timedelta(hours=41))
    town.later(MINUTES_5)
    day = town.look(first.cursor)
    assert late not in day.messages
    town.later(DAY)
    assert late in town.look(day.cursor).messages


def test_what_waits_is_read_as_held(town: Town) -> None:
    """A held comment and a held reply among many are read as held, their neighbours as visible."""
    held = town.says("Får jag?", state="held")
    top = town.says("När?")
    hidden = town.says("Väntar", top, ago=timedelta(hours=30), state="held")
    others = town.crowd(8, top, ago=timedelta(hours=20))
    messages = town.look().messages
    assert {key for key, one in messages.items() if one.at_source is AtSource.HELD} == {
        held,
        hidden,
    }
    assert {top, *others} <= set(messages)


def test_another_reply_waits_in_the_same_thread(town: Town) -> None:
    """When one reply is let out and another held, so that all numbers stay, both are seen."""
    top = town.says("När?")
    one, two = (town.says(word, top, ago=timedelta(hours=30)) for word in ("Ett", "Två"))
    town.crowd(8, top, ago=timedelta(hours=20))
    town.stage.set_state(one, "held")
    first = town.look()
    assert first.messages[one].at_source is AtSource.HELD
    town.stage.set_state(one, "visible")
    town.stage.set_state(two, "held")
    town.later(MINUTES_15)
    messages = town.look(first.cursor).messages
    assert messages[one].at_source is AtSource.VISIBLE
    assert messages[two].at_source is AtSource.HELD


def test_old_threads_that_wait_cost_nothing(town: Town) -> None:
    """A thread from before the first reading, where a reply waits, is not read each quarter."""
    old = town.says("För länge sedan", ago=YEAR)
    town.says("Väntar", old, ago=YEAR - DAY, state="held")
    town.crowd(8, old, ago=YEAR - 2 * DAY)
    first = town.look()
    town.later(MINUTES_15)
    assert "comments.list" not in town.look(first.cursor).asked


def test_what_waits_is_asked_for_each_quarter(town: Town) -> None:
    """The list of what waits is read every 15 minutes and not in between, likely spam once a day."""
    town.crowd(1)
    asked: list[str] = []
    answer = town.youtube.answer

    def noted(request: Any) -> Any:
        asked.append(request.query.get("moderationStatus", ""))
        return answer(request)

    town.youtube.answer = noted  # type: ignore[method-assign]
    look = town.look()
    assert sorted(filter(None, asked)) == ["heldForReview", "likelySpam"]
    for wait, wanted in ((MINUTES_5, []), (MINUTES_15, ["heldForReview"])):
        asked.clear()
        town.later(wait)
        look = town.look(look.cursor)
        assert list(filter(None, asked)) == wanted
    asked.clear()
    town.later(DAY)
    town.look(look.cursor)
    assert sorted(filter(None, asked)) == ["heldForReview", "likelySpam"]


def test_lists_that_do_not_say_how_comments_stand(town: Town) -> None:
    """Where YouTube leaves out how a comment stands, the list it is in tells."""
    town.youtube.says_status = False
    held, shown = town.says("Får jag?", state="held"), town.says("När?")
    messages = town.look().messages
    assert messages[held].at_source is AtSource.HELD
    assert messages[shown].at_source is AtSource.VISIBLE


def test_likely_spam_is_read_as_spam(town: Town) -> None:
    """What YouTube takes for spam is read as such."""
    spam = town.says("Köp nu", state="spam")
    assert town.look().messages[spam].at_source is AtSource.SPAM


def test_nothing_older_than_the_first_reading(town: Town) -> None:
    """Old threads stay out, until somebody writes in one: then it is taken in with what began it."""
    old = town.says("För länge sedan", ago=YEAR)
    town.crowd(7, old, ago=YEAR - DAY)
    new = town.says("När?")
    first = town.look()
    assert set(first.messages) == {new}
    late = town.says("Gäller det än?", old, ago=timedelta(0))
    town.later(MINUTES_5)
    look = town.look(first.cursor)
    assert {late, old} <= set(look.messages)


def test_a_late_word_out_of_sight_in_an_old_thread(town: Town, monkeypatch: Any) -> None:
    """In an old thread even a late reply that did not come along brings in what began it."""
    monkeypatch.setattr(standin, "WITH_A_THREAD", 0)
    old = town.says("För länge sedan", ago=YEAR)
    first = town.look()
    late = town.says("Gäller det än?", old, ago=timedelta(0))
    town.later(MINUTES_5)
    assert {late, old} <= set(town.look(first.cursor).messages)


def test_a_hundred_questions_are_not_asked_in_one_go(town: Town, monkeypatch: Any) -> None:
    """Many threads whose replies must be read are read over several pages of a look, all of them."""
    monkeypatch.setattr(reading, "REPLIES_A_PAGE", 2)
    replies = [one for top in town.crowd(5) for one in town.crowd(6, top, ago=timedelta(hours=2))]
    look = town.look()
    assert set(replies) <= set(look.messages)
    assert look.pages >= 4


# --- What it means -------------------------------------------------------------------------------


def test_the_film_comes_along(town: Town) -> None:
    """A payload alone tells the film's title, description, address and time."""
    top = town.says("När?")
    message = town.look().messages[top]
    assert (message.post.title, message.post.text) == ("Badet öppnar", "Nu öppnar badet.")
    assert message.post.external_id == town.film
    assert message.post.published_at == START - DAY
    assert message.post.url == f"https://www.youtube.com/watch?v={town.film}"
    assert message.url == f"https://www.youtube.com/watch?v={town.film}&lc={top}"


def test_many_films_are_asked_for_together(town: Town) -> None:
    """Sixty unknown films cost two units, and nothing the next time."""
    for number in range(60):
        film = town.stage.add_post(f"Film {number}", "", at=START).id
        town.stage.add_comment(film, "Åsa", "Hej", at=START)
    first = town.look()
    assert first.asked.count("videos.list") == 2
    assert len({one.post.title for one in first.messages.values()}) == 60
    assert "videos.list" not in town.look().asked


def test_a_film_that_has_gone_keeps_its_title(town: Town, monkeypatch: Any) -> None:
    """A film that can no longer be asked for does not make its comments look changed."""
    town.says("När?")
    first = town.look().raws
    monkeypatch.setattr(videos, "GOOD_FOR", timedelta(0))
    monkeypatch.setattr(town.youtube, "_videos", lambda _query: standin.json_reply(200, {}))
    assert town.look().raws == first


def test_a_writer_whom_youtube_does_not_name(town: Town) -> None:
    """A comment whose account is gone has no author and is read all the same."""
    top = town.says("När?", author="")
    message = town.look().messages[top]
    assert message.author is None
    assert message.text == "När?"


def test_markup_is_text(town: Town) -> None:
    """Signs that look like markup are kept as the signs they are, and a script is only words."""
    text = "<script>alert(1)</script> &amp; <b>fet</b>\x00"
    top = town.says(text)
    assert town.look().messages[top].text == text.rstrip("\x00")


def test_a_picture_and_a_closed_thread(town: Town) -> None:
    """A picture is an attachment without address; where nobody can answer the message says so."""
    top = town.says("Se här", picture=True)
    assert [one.kind for one in town.look().messages[top].attachments] == ["picture"]
    town.stage.posts[town.film].extra["comments"] = "closed"
    assert town.look().messages[top].no_answer is Reason.COMMENTS_CLOSED
    town.stage.set_state(top, "held")
    assert town.look().messages[top].no_answer is Reason.MESSAGE_HELD


def test_a_comment_under_the_channel_itself(town: Town) -> None:
    """What is written under no film stands under the channel."""
    said = town.stage.add_comment("kanalen", "Åsa", "Hej", at=START).id
    message = town.look().messages[said]
    assert message.post.external_id == standin.CHANNEL_ID
    assert message.post.url.endswith(standin.CHANNEL_ID)


def test_what_youtube_leaves_out(town: Town) -> None:
    """A comment with hardly anything in it is read; its time is then the reading's, and said so."""
    payload = json.dumps(
        {"id": "Ugx", "comment": {"textDisplay": "Hej"}, "parent": None, "status": "published",
         "video": {"id": "abc"}, "channel": standin.CHANNEL_ID}
    )  # fmt: skip
    message = CHANNEL.parse(town.connection(), payload, now=town.now)
    assert (message.text, message.published_at, message.author) == ("Hej", town.now, None)
    assert message.time_uncertain


def test_the_citys_own_words_as_they_were_typed(town: Town) -> None:
    """An answer of ours reads as it was written, whatever YouTube does to its white space."""
    top = town.says("När?")
    town.youtube.changes_space = True
    receipt = CHANNEL.send(town.connection(), town.answer_to(top, "Kl.  8.\n\nHej"), now=town.now)
    message = town.look().messages[receipt.external_id]
    assert message.text == "Kl.  8.\n\nHej"
    assert message.by_city


# --- Looking again -------------------------------------------------------------------------------


@pytest.mark.parametrize("shows_held", [True, False])
@pytest.mark.parametrize("gone_is_404", [True, False])
def test_looking_again(town: Town, gone_is_404: bool, shows_held: bool) -> None:
    """Looking again tells edited, held, taken for spam and gone apart, however YouTube says it."""
    town.youtube.gone_is_404, town.youtube.shows_held_by_id = gone_is_404, shows_held
    ids = town.crowd(5)
    reply, held_reply = town.says("Ja", ids[0]), town.says("Nej", ids[0])
    town.edit(ids[0], "Ändrad")
    for external_id, state in ((ids[1], "held"), (ids[2], "spam"), (held_reply, "held")):
        town.stage.set_state(external_id, state)
    town.delete(ids[3])
    town.stage.set_state(ids[4], "rejected")
    look, gone = town.again(*ids, reply, held_reply)
    assert set(gone) == {ids[3], ids[4]}
    assert {key: one.at_source for key, one in look.messages.items()} == {
        ids[0]: AtSource.VISIBLE,
        ids[1]: AtSource.HELD,
        ids[2]: AtSource.SPAM,
        reply: AtSource.VISIBLE,
        held_reply: AtSource.HELD,
    }
    assert look.messages[ids[0]].text == "Ändrad"


def test_looking_again_finds_new_replies(town: Town) -> None:
    """Replies that came since are found, and a thread that has not grown is not read again."""
    top = town.says("När?", ago=2 * DAY)
    town.crowd(8, top, ago=timedelta(hours=1))
    look, _gone = town.again(top)
    assert len(look.messages) == 9
    look, _gone = town.again(top)
    assert look.asked.count("comments.list") == 1
    late = town.says("Släppt", top, ago=timedelta(hours=30))
    look, _gone = town.again(top)
    assert late in look.messages
    town.later(again.TRUSTED + MINUTES_5)
    look, _gone = town.again(top)
    assert look.asked.count("comments.list") == 2


def test_looking_again_at_many_is_cheap(town: Town) -> None:
    """A hundred comments that stand as before cost two lots each, what waits, and the films."""
    ids = town.crowd(100)
    look, gone = town.again(*ids)
    assert (len(look.messages), gone) == (100, ())
    assert look.units == 2 + 2 + 1 + 1
    assert town.again() == (look.__class__(pages=1), ())


def test_nothing_is_called_gone_while_it_may_wait(town: Town, monkeypatch: Any) -> None:
    """With more waiting than is read, what is missing is not called gone, nor what waits visible."""
    monkeypatch.setattr("app.channels.youtube.waiting.MOST_QUESTIONS", 1)
    town.youtube.page_limit = 1
    waits, other = town.says("A", state="held"), town.says("B", state="held")
    gone = town.says("C")
    town.delete(gone)
    look, removed = town.again(waits, other, gone)
    assert removed == ()
    assert {one.at_source for one in look.messages.values()} == {AtSource.HELD}


def test_a_held_reply_among_many_is_not_gone(town: Town) -> None:
    """A reply that waits, and came neither by its id nor with its thread, is held and not gone."""
    town.youtube.shows_held_by_id = False
    top = town.says("När?")
    held = town.says("Väntar", top, ago=timedelta(hours=30), state="held")
    town.crowd(8, top, ago=timedelta(hours=20))
    look, gone = town.again(held)
    assert gone == ()
    assert look.messages[held].at_source is AtSource.HELD


def test_comments_switched_off_under_a_film(town: Town) -> None:
    """When comments are switched off under a film, looks go on, and its comments are gone."""
    top = town.says("När?")
    town.crowd(7, top)
    first = town.look()
    town.stage.posts[town.film].extra["comments"] = "disabled"
    town.later(MINUTES_5)
    assert town.look(first.cursor).messages == {}
    assert town.again(top)[1] == (top,)


def test_a_film_taken_away(town: Town) -> None:
    """With the film its comments go."""
    top = town.says("När?")
    town.stage.posts[town.film].gone = True
    assert town.again(top)[1] == (top,)


# --- Answering ----------------------------------------------------------------------------------


def test_an_answer_to_a_reply_stands_in_its_thread(town: Town) -> None:
    """An answer to a reply is published under the thread's top comment, once, and found there."""
    top = town.says("När?")
    reply = town.says("Det undrar jag med", top)
    outgoing = town.answer_to(reply, "Kl. 8.", thread=top)
    receipt = CHANNEL.send(town.connection(), outgoing, now=town.now)
    assert town.stage.comments[receipt.external_id].parent == top
    assert receipt.url.endswith(f"watch?v={town.film}&lc={receipt.external_id}")
    assert CHANNEL.find_sent(town.connection(), outgoing, now=town.now) == receipt


def test_an_answer_to_a_reply_that_has_gone(town: Town) -> None:
    """An answer to a reply that is gone is refused, though its thread is still there."""
    top = town.says("När?")
    reply = town.says("Hm", top)
    for gone_is_404 in (False, True):
        town.youtube.gone_is_404 = gone_is_404
        town.delete(reply)
        with pytest.raises(Refused) as caught:
            CHANNEL.send(town.connection(), town.answer_to(reply, "Ja", thread=top), now=town.now)
        assert caught.value.reason is Reason.MESSAGE_GONE
    assert "comments.insert" not in town.youtube.calls


def test_the_white_space_may_differ(town: Town) -> None:
    """An answer is found though YouTube gave it other white space, among more than a page."""
    top = town.says("När?")
    outgoing = town.answer_to(top, "Hej  Åsa.\r\n\r\nKl.\u00a08 \n öppnar vi.")
    receipt = CHANNEL.send(town.connection(), outgoing, now=town.now)
    town.youtube.changes_space, town.youtube.page_limit = True, 3
    town.youtube.tells_original = False
    town.crowd(7, top, ago=timedelta(0))
    assert CHANNEL.find_sent(town.connection(), outgoing, now=town.now) == receipt


def test_an_older_or_a_strangers_answer_is_not_it(town: Town) -> None:
    """The same words written long before the press, or by somebody else, are not the answer."""
    top = town.says("När?")
    town.says("Kl. 8.", top, ago=timedelta(minutes=6), by_city=True)
    town.says("Kl. 8.", top, ago=timedelta(0))
    outgoing = town.answer_to(top, "Kl. 8.")
    assert CHANNEL.find_sent(town.connection(), outgoing, now=town.now) is None
    near = town.says("Kl. 8.", top, ago=timedelta(minutes=4), by_city=True)
    found = CHANNEL.find_sent(town.connection(), outgoing, now=town.now)
    assert found is not None
    assert found.external_id == near


def test_an_answer_that_youtube_swallows(town: Town) -> None:
    """An answer taken for spam after YouTube's yes is found as spam, and later shown as such."""
    top = town.says("När?")
    town.youtube.takes_for_spam = True
    outgoing = town.answer_to(top, "Se https://example.test")
    receipt = CHANNEL.send(town.connection(), outgoing, now=town.now)
    found = CHANNEL.find_sent(town.connection(), outgoing, now=town.now)
    assert found is not None
    assert (found.external_id, found.at_source) == (receipt.external_id, AtSource.SPAM)
    look, gone = town.again(receipt.external_id)
    assert gone == ()
    assert look.messages[receipt.external_id].at_source is AtSource.SPAM
    town.delete(receipt.external_id)
    assert town.again(receipt.external_id)[1] == (receipt.external_id,)


def test_an_answer_whose_thread_has_gone_is_not_there(town: Town) -> None:
    """Looking for an answer in a thread that has gone says that it is not there."""
    top = town.says("När?")
    town.delete(top)
    outgoing = town.answer_to(top, "Kl. 8.")
    assert CHANNEL.find_sent(town.connection(), outgoing, now=town.now) is None


def test_not_sure_whether_it_is_there(town: Town, monkeypatch: Any) -> None:
    """With more waiting than is read, a search does not say that the answer is not there."""
    monkeypatch.setattr("app.channels.youtube.waiting.MOST_QUESTIONS", 1)
    town.youtube.page_limit = 1
    top = town.says("När?")
    town.says("A", state="held")
    town.says("B", state="held")
    with pytest.raises(TryLater):
        CHANNEL.find_sent(town.connection(), town.answer_to(top, "Kl. 8."), now=town.now)


def test_why_an_answer_is_refused(town: Town) -> None:
    """Each thing that stops an answer has its own reason, and nothing is published."""
    here, waits, gone = town.says("När?"), town.says("Var?", state="held"), town.says("Hur?")
    town.delete(gone)
    closed = town.stage.add_post("Stängd", "", at=START, comments="closed").id
    there = town.stage.add_comment(closed, "Åsa", "Här?", at=START).id
    for parent, text, reason in (
        (here, "å" * 10_001, Reason.TOO_LONG),
        (here, " \n", Reason.EMPTY),
        (waits, "Hej", Reason.MESSAGE_HELD),
        (gone, "Hej", Reason.MESSAGE_GONE),
        (there, "Hej", Reason.COMMENTS_CLOSED),
    ):
        with pytest.raises(Refused) as caught:
            CHANNEL.send(town.connection(), town.answer_to(parent, text), now=town.now)
        assert caught.value.reason is reason
    for film, reason in (
        (closed, Reason.COMMENTS_CLOSED),
        ("finns-inte", Reason.POST_GONE),
        (standin.CHANNEL_ID, Reason.NOT_SUPPORTED),
    ):
        under_film = replace(town.answer_to(None, "Hej"), post_external_id=film)
        with pytest.raises(Refused) as caught:
            CHANNEL.send(town.connection(), under_film, now=town.now)
        assert caught.value.reason is reason
    assert not [one for one in town.stage.comments.values() if one.by_city]
    assert CHANNEL.weigh(town.connection(), "å" * 10_001).used > 10_000


# --- Moderating -----------------------------------------------------------------------------------


def test_holding_showing_and_turning_down(town: Town) -> None:
    """Held goes out of sight, published comes back, rejected is gone for good with its replies."""
    top = town.says("Dumt")
    reply = town.says("Ja", top)
    assert CHANNEL.hide(town.connection(), top, now=town.now) is AtSource.HELD
    assert town.look().messages[top].at_source is AtSource.HELD
    assert CHANNEL.unhide(town.connection(), top, now=town.now) is AtSource.VISIBLE
    assert town.look().messages[top].at_source is AtSource.VISIBLE
    assert CHANNEL.reject(town.connection(), top, now=town.now) is AtSource.REMOVED
    assert set(town.again(top, reply)[1]) == {top, reply}
    with pytest.raises(Refused) as caught:
        CHANNEL.unhide(town.connection(), top, now=town.now)
    assert caught.value.reason is Reason.MESSAGE_GONE


def test_taking_an_answer_away(town: Town) -> None:
    """Our own answer can be taken away, twice as well as once; a resident's comment cannot."""
    top = town.says("När?")
    receipt = CHANNEL.send(town.connection(), town.answer_to(top, "Kl. 8."), now=town.now)
    for _time in range(2):
        CHANNEL.delete_own(town.connection(), receipt.external_id, now=town.now)
    assert town.stage.comments[receipt.external_id].state == "removed"
    with pytest.raises(Refused) as caught:
        CHANNEL.delete_own(town.connection(), top, now=town.now)
    assert caught.value.reason is Reason.NOT_ALLOWED
