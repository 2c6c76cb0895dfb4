"""What this process has learned of people and conversations lately, so that X is asked once.

A name or a conversation's first post costs money each time it is read; for a day what was read is
good enough. It is never written down, and every process learns for itself.
"""

import threading
from datetime import datetime, timedelta
from typing import Any

KEPT = 5000
GOOD_FOR = timedelta(hours=24)

Fact = dict[str, Any] | None
"""None: X does not have it (any more)."""


class Known:
    """Facts by kind and id, the oldest forgotten first."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str], tuple[datetime, Fact]] = {}
        self._lock = threading.Lock()

    def put(self, kind: str, key: str, fact: Fact, now: datetime) -> None:
        """Remember a fact."""
        with self._lock:
            self._facts.pop((kind, key), None)
            self._facts[kind, key] = (now, fact)
            while len(self._facts) > KEPT:
                self._facts.pop(next(iter(self._facts)))

    def has(self, kind: str, key: str, now: datetime) -> bool:
        """Whether there is a fact that is not too old."""
        with self._lock:
            kept = self._facts.get((kind, key))
        return kept is not None and now - kept[0] < GOOD_FOR

    def get(self, kind: str, key: str) -> Fact:
        """The fact; None also when there is none."""
        with self._lock:
            kept = self._facts.get((kind, key))
        return kept[1] if kept else None


known = Known()
