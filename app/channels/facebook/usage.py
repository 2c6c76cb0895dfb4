"""How much of Facebook's allowance is used, as its answers' headers tell it.

Percentages of a sliding window, in up to three headers of JSON; none of them is there until there
has been some use. Source: Graph API, Rate Limits (`X-Business-Use-Case-Usage`, `X-App-Usage`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

HEADERS = ("x-business-use-case-usage", "x-app-usage", "x-page-usage")
METERS = ("call_count", "total_cputime", "total_time")
REGAIN = "estimated_time_to_regain_access"

SLOW_AT = 75
PAUSE_AT = 90
SLOW = timedelta(minutes=30)
"""Twice the longest time between two looks."""
PAUSE = timedelta(hours=1)
LONGEST_PAUSE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Usage:
    """The fullest meter in per cent, and how long the platform says we are shut out (or zero)."""

    percent: int = 0
    regain: timedelta = timedelta(0)

    @property
    def must_pause(self) -> bool:
        """Whether nothing more may be read for now."""
        return self.percent >= PAUSE_AT or self.regain > timedelta(0)

    def wait_until(self, now: datetime) -> datetime | None:
        """When to look next; None: as usual."""
        if self.regain:
            return now + self.regain
        if self.percent >= PAUSE_AT:
            return now + PAUSE
        return now + SLOW if self.percent >= SLOW_AT else None

    def worst(self, other: "Usage") -> "Usage":
        """Both in one: the fuller meter and the longer wait."""
        return Usage(max(self.percent, other.percent), max(self.regain, other.regain))


def usage_of(headers: Mapping[str, str]) -> Usage:
    """What an answer's headers (names in lower case) say; what cannot be read says nothing."""
    found = Usage()
    for name in HEADERS:
        for meters in _meters(headers.get(name, "")):
            percent = max((_number(meters.get(meter)) for meter in METERS), default=0)
            regain = min(timedelta(minutes=_number(meters.get(REGAIN))), LONGEST_PAUSE)
            found = found.worst(Usage(percent, regain))
    return found


def _meters(header: str) -> Iterator[Mapping[str, Any]]:
    """The triples of one header: itself, or those listed by page or business number."""
    try:
        told = json.loads(header)
    except ValueError:
        return
    if not isinstance(told, Mapping):
        return
    yield told
    for listed in told.values():
        if isinstance(listed, list):
            yield from (one for one in listed if isinstance(one, Mapping))


def _number(value: object) -> int:
    if isinstance(value, int | float) and 0 <= value < 1_000_000:
        return int(value)
    return 0
