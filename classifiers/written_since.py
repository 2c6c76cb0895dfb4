"""Departments changed in their file since the model was trained: heeded at once.

A renamed department keeps what was learnt under its old slug, a closed one's share goes to who
answers now (or to nobody), and a new one, or a new example phrase, speaks for itself: a text much
like the phrase goes there, until the next training teaches it properly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classifiers.departments import BadDepartments, load_departments, now_called
from classifiers.texts import NO_ANSWER

if TYPE_CHECKING:
    import numpy as np

ALIKE = 0.3
"""From this likeness (cosine) a phrase speaks; at SAME it decides alone."""
SAME = 0.75


@dataclass(frozen=True, slots=True)
class WrittenSince:
    """How the model's answers become today's outcomes, and the phrases it was not taught."""

    outcomes: tuple[str, ...]
    sources: tuple[tuple[int, ...], ...]
    """For each outcome the model's answers that count for it; none for a new department."""
    phrases: tuple[str, ...] = ()
    whose: tuple[int, ...] = ()

    @classmethod
    def read(cls, answers: Sequence[str], taught: frozenset[str]) -> "WrittenSince":
        """Hold the model's answers against today's file; a broken file changes nothing."""
        try:
            departments = load_departments()
        except BadDepartments:
            return cls(tuple(answers), tuple((n,) for n in range(len(answers))))
        called = now_called(departments) | {NO_ANSWER: NO_ANSWER}
        open_ones = [one for one in departments if not one.closed]
        outcomes = [one.slug for one in open_ones] + [NO_ANSWER]
        # an answer of a model for other departments (tests, another city's) stays as it is
        learnt = {called.get(answer, answer) for answer in answers}
        outcomes = [slug for slug in outcomes if slug in learnt or _has_phrases(slug, open_ones)]
        outcomes += [slug for slug in answers if slug not in called]
        sources = tuple(
            tuple(n for n, answer in enumerate(answers) if called.get(answer, answer) == outcome)
            for outcome in outcomes
        )
        new = [
            (phrase, outcomes.index(one.slug))
            for one in open_ones
            for phrase in one.examples
            if phrase not in taught and one.slug in outcomes
        ]
        return cls(tuple(outcomes), sources, tuple(p for p, _n in new), tuple(n for _p, n in new))

    def heeded(self, shares: "np.ndarray", rows: Any, phrases: Any) -> "np.ndarray":
        """The model's shares as shares of today's outcomes; each row adds up to one."""
        import numpy as np

        today = np.stack(
            [shares[:, list(source)].sum(axis=1) if source else np.zeros(len(shares))
             for source in self.sources],
            axis=1,
        )  # fmt: skip
        total = today.sum(axis=1, keepdims=True)
        today = np.where(total > 0, today / np.where(total > 0, total, 1), 1 / today.shape[1])
        if phrases is None:
            return today
        weight = np.clip((_likeness(rows, phrases) - ALIKE) / (SAME - ALIKE), 0, 1)
        nearest = weight.argmax(axis=1)
        strength = weight[np.arange(len(today)), nearest]
        today *= (1 - strength)[:, None]
        today[np.arange(len(today)), np.array(self.whose)[nearest]] += strength
        return today

    def column_of(self, outcome: int) -> int | None:
        """The model's answer behind an outcome; None for a department it was not taught."""
        source = self.sources[outcome]
        return source[0] if source else None


def _has_phrases(slug: str, departments: Sequence[Any]) -> bool:
    return any(one.slug == slug and one.examples for one in departments)


def _likeness(rows: Any, phrases: Any) -> "np.ndarray":
    """The cosine between each text and each phrase."""
    import numpy as np

    def lengths(those: Any) -> "np.ndarray":
        found: np.ndarray = np.sqrt(np.asarray(those.multiply(those).sum(axis=1)).ravel())
        found[found == 0] = 1.0
        return found

    alike: np.ndarray = (rows @ phrases.T).toarray()
    alike /= lengths(rows)[:, None]
    alike /= lengths(phrases)[None, :]
    return alike
