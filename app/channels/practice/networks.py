"""What residents of the practice town say on X, Facebook and YouTube.

Each network's story (x.toml, facebook.toml, youtube.toml) is told on its stand-in's stage: a week
at first, then a turn at a time while somebody asks. What has been said is worked out from the time
that has passed, at each question; a stage kept in a file goes on where it was.

A story's `week` and `later` are lists of turns. A turn with `text` is a post (no `under`) or a
comment (`under` a post; `to` a comment there); `city = true` is the city's own, other names in it
are what the stand-in knows as extra. `edit`, `remove` or `hold` name what somebody changes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.channels.practice.pace import (
    FOLLOW_UP_AFTER,
    FOLLOW_UP_CHANCE,
    MOST_AFTER_A_PAUSE,
    PACE,
    ago,
    chance_of,
    next_at,
    story,
)
from app.channels.practice.standins.stage import Comment, Post, Stage

CITY = "Övningsstaden"
MOST = 1500
"""Comments on a stage: then the residents have said what they had to say (its file is bounded)."""

OF_A_TURN = {
    "id", "ago", "under", "to", "name", "author", "city", "state", "title", "text", "edited",
    "handle", "edit", "remove", "hold",
}  # fmt: skip
STATES = {"remove": "removed", "hold": "held"}

Turn = Mapping[str, Any]


class Teller:
    """Tells one network's story on its stage."""

    def __init__(self, network: str, stage: Stage, speed: str) -> None:
        """`speed` as in `PACE`; any other and nobody says anything after the first week."""
        self.network, self.stage, self.speed = network, stage, speed
        self.story = story(f"{network}.toml")

    def advance(self, now: datetime) -> None:
        """Let everything be said that should have been said by now (aware UTC)."""
        with self.stage.lock:
            if "spoken_to" not in self.stage.facts:
                self._seed(now)
            elif self.speed in PACE:
                self._speak(now)
                self._follow_up(now)

    def _seed(self, now: datetime) -> None:
        timed = [(ago(now, turn["ago"]), turn) for turn in self.story["week"]]
        for at, turn in sorted(timed, key=lambda one: one[0]):
            self._say(turn, at)
        self._remember(now, 0)

    def _speak(self, now: datetime) -> None:
        later = self.story["later"]
        facts, pace, spoken = self.stage.facts, PACE[self.speed], 0
        at, told = datetime.fromisoformat(facts["spoken_to"]), int(facts["told"])
        while spoken < MOST_AFTER_A_PAUSE and len(self.stage.comments) < MOST:
            following = next_at(at, chance_of(self.network, told), pace)
            if following > now:
                break
            self._take(later[told % len(later)], following, told // len(later))
            at, told, spoken = following, told + 1, spoken + 1
        if spoken == MOST_AFTER_A_PAUSE:
            at = now  # it was quiet while the program was off
        if spoken:
            self._remember(at, told)

    def _remember(self, at: datetime, told: int) -> None:
        self.stage.facts.update(spoken_to=at.isoformat(), told=told)
        self.stage.save()

    # --- One turn -----------------------------------------------------------------------------

    def _take(self, turn: Turn, at: datetime, again: int) -> None:
        """One turn of what comes later; `again`: how often all of it has been told before."""
        if "edit" in turn:
            if found := self._known(turn["edit"], again):
                self.stage.edit(found, turn["text"], at=at)
            return
        for what, state in STATES.items():
            if what in turn:
                if found := self._known(turn[what], again):
                    self._set_state(found, state)
                return
        self._say(turn, at, again)

    def _say(self, turn: Turn, at: datetime, again: int = 0) -> None:
        """Somebody publishes a post or comments; what has been said is not said twice."""
        key = f"{turn['id']}-{again}" if again else turn["id"]
        extra = {name: value for name, value in turn.items() if name not in OF_A_TURN}
        if "quotes" in extra:
            extra["quotes"] = self._known(extra["quotes"], again)
        made: Post | Comment
        if "under" in turn:
            made = self._comment(turn, at, again, key, extra)
        else:
            by = "" if turn.get("city") else turn["name"]
            title = turn.get("title", "")
            if by:
                extra["author"] = turn.get("author", f"u-{by}")
            made = self.stage.add_post(title, turn["text"], at=at, by=by, key=key, **extra)
        if "edited" in turn:
            self.stage.edit(made.id, turn["edited"], at=at)

    def _comment(
        self, turn: Turn, at: datetime, again: int, key: str, extra: dict[str, Any]
    ) -> Comment:
        by_city = bool(turn.get("city"))
        return self.stage.add_comment(
            self._known(turn["under"], again),
            CITY if by_city else turn.get("name", ""),
            turn["text"],
            at=at,
            parent=self._known(turn["to"], again) if "to" in turn else None,
            author=turn.get("author"),
            by_city=by_city,
            state=turn.get("state", "visible"),
            key=key,
            **extra,
        )

    def _known(self, told: str, again: int) -> str:
        """The network's id of what the story calls this, in this telling or the first; '' none."""
        facts = self.stage.facts
        names = [f"{told}-{again}", told] if again else [told]
        found = [facts.get(f"{kind}:{name}") for name in names for kind in ("comment", "post")]
        return next((one for one in found if one), "")

    def _set_state(self, external_id: str, state: str) -> None:
        if external_id in self.stage.posts:
            self.stage.posts[external_id].gone = state == "removed"
            self.stage.save()
        else:
            self.stage.set_state(external_id, state)

    # --- After an answer ------------------------------------------------------------------------

    def _follow_up(self, now: datetime) -> None:
        """Now and then a resident asks on, some minutes after an answer of ours."""
        facts, comments = self.stage.facts, list(self.stage.comments.values())
        told = {value for name, value in facts.items() if name.startswith("comment:")}
        for answer in comments:
            ours = answer.by_city and answer.id not in told and answer.state == "visible"
            if not ours or f"comment:f-{answer.id}" in facts or now - answer.at < FOLLOW_UP_AFTER:
                continue
            chance = chance_of(self.network, answer.id)
            resident = self._answered(answer, comments)
            if chance.random() < FOLLOW_UP_CHANCE and resident is not None:
                self.stage.add_comment(
                    answer.post, resident[1], chance.choice(self.story["follow_up"]), at=now,
                    parent=answer.id, author=resident[0], key=f"f-{answer.id}",
                )  # fmt: skip

    def _answered(self, answer: Comment, comments: list[Comment]) -> tuple[str | None, str] | None:
        """Author and name of whom an answer of ours is to: who it names, else whom it stands under.

        None when the network does not say who that is.
        """
        there = [one for one in comments if one.post == answer.post and not one.by_city]
        spoken_to = [one for one in there if answer.text.startswith(f"@{one.name.lstrip('@')}")]
        above = self.stage.comments.get(answer.parent or "")
        if spoken_to or above is not None:
            to = spoken_to[-1] if spoken_to else above
            return (to.author, to.name) if to and to.author and not to.by_city else None
        post = self.stage.posts.get(answer.parent or answer.post)
        return (None, post.by) if post is not None and post.by else None
