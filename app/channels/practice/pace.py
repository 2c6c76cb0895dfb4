"""How fast the practice town speaks, and how its stories tell the time."""

import random
import tomllib
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from app.basics.clock import STOCKHOLM

STORIES = Path(__file__).parent
MOST_AFTER_A_PAUSE = 30
PACE = {"normal": 1.0, "lively": 0.2}
"""Minutes between two comments are multiplied by this; `still`: nobody says anything new."""
FOLLOW_UP_AFTER = timedelta(minutes=4)
FOLLOW_UP_CHANCE = 0.3


@cache
def story(name: str) -> dict[str, Any]:
    """What a story file holds; read once in a process, and not to be changed."""
    return tomllib.loads((STORIES / name).read_text(encoding="utf-8"))


def chance_of(*words: object) -> random.Random:
    """A chance that always falls the same way for the same words."""
    return random.Random("-".join(map(str, words)))  # noqa: S311 - a story, no secret


def ago(now: datetime, text: str) -> datetime:
    """A time in the past week: "2d 14:35" (that local time two days ago) or "25m" (minutes ago)."""
    if text.endswith("m"):
        return now - timedelta(minutes=int(text[:-1]))
    days, _, clock = text.partition("d ")
    hour, _, minute = clock.partition(":")
    local = now.astimezone(STOCKHOLM) - timedelta(days=int(days))
    at = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    return min(at.astimezone(UTC), now)


def next_at(at: datetime, chance: random.Random, pace: float) -> datetime:
    """When the next comment comes: after one to four minutes by day, ten times that at night."""
    awake = 7 <= at.astimezone(STOCKHOLM).hour < 23
    return at + timedelta(minutes=chance.uniform(1, 4) * (1 if awake else 10) * pace)
