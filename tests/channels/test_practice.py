"""The practice town: a believable week, and a town that goes on speaking."""

from datetime import timedelta

from app.basics.personal_data import find_personal_identity_numbers
from app.channels.base import Connection, Outgoing
from app.channels.practice import CHANNEL, PracticeTown
from tests.conftest import MONDAY


def connection(folder, speed="still", town="staden"):
    return Connection("comments", town, settings={"speed": speed}, data_dir=folder)


def everything(where, now):
    """All that a look brings from the beginning."""
    found, cursor, more = [], None, True
    while more:
        page = CHANNEL.fetch(where, cursor, now=now)
        found += [CHANNEL.parse(where, raw.payload, now=now) for raw in page.raws]
        cursor, more = page.cursor, page.more
    return found


def test_the_first_week_holds_what_a_town_says(tmp_path):
    """A burst, nested replies, praise, spam held, anger, a personal number, Arabic, English, an edit
    and a deletion are all in the seeded week, and nothing of it lies ahead."""
    seen = everything(connection(tmp_path), MONDAY)
    texts = [one.text for one in seen]
    assert len(seen) >= 70
    assert sum(one.post.external_id == "p-sno" for one in seen) >= 20
    assert any(one.parent_external_id and not one.by_city for one in seen)
    assert any(one.by_city for one in seen)
    assert {"held", "removed", "visible"} <= {str(one.at_source) for one in seen}
    assert any(find_personal_identity_numbers(text) for text in texts)
    assert any("متى" in text for text in texts)
    assert any(text.startswith("Hi!") for text in texts)
    assert any(text.isupper() for text in texts)
    assert any("nån som svarar?" in text for text in texts)
    assert all(one.published_at <= MONDAY for one in seen)


def test_two_towns_of_the_same_name_tell_the_same(tmp_path):
    """The story is the same each time it is told."""
    first = everything(connection(tmp_path / "a"), MONDAY)
    second = everything(connection(tmp_path / "b"), MONDAY)
    assert first == second


def test_the_town_goes_on_speaking(tmp_path):
    """By day something new is said every few minutes, and never more than thirty after a pause."""
    where = connection(tmp_path, speed="normal")
    before = len(everything(where, MONDAY))
    hour = len(everything(where, MONDAY + timedelta(hours=1))) - before
    assert 12 <= hour <= 31
    later = len(everything(where, MONDAY + timedelta(days=9))) - before - hour
    assert later == 30


def test_a_resident_may_follow_up_an_answer(tmp_path):
    """After some answers the same resident asks on, under that answer."""
    where = connection(tmp_path, speed="normal")
    everything(where, MONDAY)
    for number in range(20):
        CHANNEL.send(where, Outgoing(f"k{number}", "Hej!", "p-sno", "s1", MONDAY), now=MONDAY)
    seen = everything(where, MONDAY + timedelta(minutes=30))
    follow_ups = [one for one in seen if one.external_id.startswith("f-")]
    assert 1 <= len(follow_ups) < 20
    assert all(one.author.name == "Bengt Arvidsson" for one in follow_ups)


def test_changes_come_once_a_cursor(tmp_path):
    """After a whole look only what has changed since comes again."""
    town = PracticeTown.open(tmp_path, "staden")
    town.says("Hej", at=MONDAY, number="a")
    where = connection(tmp_path)
    cursor = CHANNEL.fetch(where, None, now=MONDAY).rest_cursor
    assert CHANNEL.fetch(where, cursor, now=MONDAY).raws == ()
    town.edits("a", "Hej då")
    (raw,) = CHANNEL.fetch(where, cursor, now=MONDAY).raws
    assert CHANNEL.parse(where, raw.payload, now=MONDAY).text == "Hej då"
