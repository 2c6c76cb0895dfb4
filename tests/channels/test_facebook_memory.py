"""Facebook's cursor: whatever happens in whatever order, nothing is lost and nothing told twice."""

import string
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.channels.base import ChannelError, Page
from app.channels.facebook import CHANNEL, memory
from app.channels.facebook.memory import Memory, memory_from

from .benches.facebook_looks import HOUR, MINUTES_5, Town

FLOOR = datetime(2026, 10, 25, tzinfo=UTC)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("says"), st.integers(0, 2), st.integers(0, 9)),
        st.tuples(st.just("late"), st.integers(0, 2), st.integers(1, 600)),
        st.tuples(st.just("edits"), st.integers(0, 99)),
        st.tuples(st.just("removes"), st.integers(0, 99)),
        st.tuples(st.just("post goes"), st.integers(1, 2)),
        st.tuples(st.just("looks"), st.integers(1, 4)),
        st.tuples(st.just("looks in vain"), st.sampled_from(["crash", "500", "cut_body"])),
        st.tuples(st.just("waits"), st.sampled_from([MINUTES_5, HOUR, 26 * HOUR])),
        st.tuples(st.just("ranks"), st.booleans()),
    ),
    max_size=30,
)


class Story:
    """A town in which things happen between the pages of looks, and what a reader has of it."""

    def __init__(self) -> None:
        self.town = Town()
        self.town.graph.manners.page_limit = 2
        visit = self.town.posts("Hål i gatan", by="Åsa", author="u-asa")
        self.posts = [self.town.post, visit, self.town.posts("Tredje", ago=5 * HOUR)]
        self.said: list[str] = []
        self.cursor: str | None = None
        self.texts: dict[str, str] = {}
        self.removed: set[str] = set()
        self.count = 0

    def fetch(self) -> Page:
        return CHANNEL.fetch(self.town.connection(), self.cursor, now=self.town.now)

    def take(self, page: Page) -> None:
        """What the collector does with a page: keep what it brought, and its cursor."""
        ids = [raw.external_id for raw in page.raws]
        assert len(ids) == len(set(ids)), "told twice on one page"
        for raw in page.raws:
            message = CHANNEL.parse(self.town.connection(), raw.payload, now=self.town.now)
            self.texts[message.external_id] = message.text
            self.removed.discard(message.external_id)
        self.removed |= set(page.removed)
        self.cursor = page.cursor

    def look(self) -> None:
        for _page in range(400):
            page = self.fetch()
            self.take(page)
            if not page.more:
                return
        raise AssertionError("the look never ends")

    def happens(self, what: str, *facts: Any) -> None:
        self.count += 1
        post = self.posts[facts[0] % 3] if what in ("says", "late", "post goes") else ""
        if what == "says":
            above = [one for one in self.said if self.town.stage.comments[one].post == post]
            parent = above[facts[1] % len(above)] if above and facts[1] else None
            text = f"Ord {self.count}"
            self.said.append(self.town.says(text, parent, timedelta(0), post=post))
        elif what == "late":
            ago = timedelta(minutes=facts[1])
            self.said.append(self.town.says(f"Sent {self.count}", None, ago, post=post))
        elif what in ("edits", "removes") and self.said:
            chosen = self.said[facts[0] % len(self.said)]
            if what == "removes":
                self.town.delete(chosen)
            elif self.town.stage.comments[chosen].state != "removed":
                self.town.edit(chosen, f"Ändrat {self.count}")
        elif what == "post goes":
            self.town.stage.posts[post].gone = True
        elif what == "looks":
            for _page in range(facts[0]):
                self.take(self.fetch())
        elif what == "looks in vain":
            self.breaks_off(facts[0])
        elif what == "waits":
            self.town.later(facts[0])
        elif what == "ranks":
            self.town.graph.manners.ranked = facts[0]

    def breaks_off(self, way: str) -> None:
        """A page that never arrives, or that a collector dies with before anything is kept."""
        if way == "crash":
            self.fetch()
            return
        self.town.break_in(way)
        with suppress(ChannelError):  # a question about the token alone may fail quietly
            self.fetch()
        self.town.mend()

    def there(self) -> dict[str, str]:
        """What stands on the platform in the end: comments, and the resident's post."""
        stage = self.town.stage
        found = {one.id: one.text for one in stage.posts.values() if one.by and not one.gone}
        for one in stage.comments.values():
            above = stage.comments.get(one.parent or "")
            gone = {"removed"} & {one.state, above.state if above else ""}
            if not gone and not stage.posts[one.post].gone and not self._is_under_gone(one):
                found[one.id] = one.text
        return found

    def _is_under_gone(self, comment: Any) -> bool:
        above = self.town.stage.comments.get(comment.parent or "")
        while above is not None:
            if above.state == "removed":
                return True
            above = self.town.stage.comments.get(above.parent or "")
        return False


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_nothing_is_lost_and_nothing_told_twice(steps: list[Any]) -> None:
    """Words, edits and removals between the pages of looks that break off are all known at last.

    And a quiet look right after tells nothing.
    """
    story = Story()
    try:
        for what, *facts in steps:
            story.happens(what, *facts)
        story.look()
        for wait in (HOUR, 26 * HOUR):
            story.town.later(wait)
            story.look()
        kept = {one: text for one, text in story.texts.items() if one not in story.removed}
        assert kept == story.there()
        story.town.later(MINUTES_5)
        page = story.fetch()
        residents = {one.id for one in story.town.stage.posts.values() if one.by}
        assert {raw.external_id for raw in page.raws} <= residents
        assert (page.removed, page.more) == ((), False)
    finally:
        story.town.close()


IDS = st.text(string.digits + "_", min_size=1, max_size=12)


@given(
    st.dictionaries(IDS, st.tuples(st.integers(0, 9), st.text(max_size=5)), max_size=8),
    st.lists(IDS, unique=True, max_size=20),
)
def test_a_cursor_is_what_was_remembered(posts: dict[str, Any], ids: list[str]) -> None:
    """What is written into the cursor is there again, ids that begin alike included."""
    before = Memory(floor=7, posts=posts, known=dict.fromkeys(posts, ids), hour=1, token_ends=3)
    before.sweep.at = 5
    assert memory_from(before.to_cursor(), floor=FLOOR) == before


def test_the_oldest_are_forgotten_first() -> None:
    """Beyond the bounds the newest posts stay, and the ids of as many of them as there is room."""
    full = Memory(floor=0)
    for number in range(memory.POSTS_KEPT + 10):
        full.note_post(f"p{number}", number, "", [f"{number}_{n}" for n in range(300)])
    kept = memory_from(full.to_cursor(), floor=FLOOR)
    assert len(kept.posts) == memory.POSTS_KEPT
    assert "p0" not in kept.posts
    assert f"p{memory.POSTS_KEPT + 9}" in kept.known
    assert sum(map(len, kept.known.values())) <= memory.IDS_KEPT


def test_what_a_reading_no_longer_shows() -> None:
    """Missing is what was there at the last whole reading; one that saw not all says nothing."""
    found = Memory(floor=0)
    assert found.note_post("p", 1, "a", ["1", "2", "3"]) == []
    assert found.note_post("p", 1, "b", ["3", "4"]) == ["1", "2"]
    assert found.note_post("p", 1, "c", None) == []
    assert found.note_post("p", 1, "d", ["4"]) == []
    assert found.is_unchanged("p", "d")
    found.forget_post("p")
    assert not found.is_unchanged("p", "d")
