"""Text in, suggestion out: which department, how certain, and the words that decided.

Importing this module is cheap; scikit-learn and numpy come in when a model is loaded.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifiers import calibrate
from classifiers.danger import danger_words
from classifiers.features import features, size_of, vectorizers
from classifiers.model_file import MODEL, BadModel, read
from classifiers.texts import LOOKED_AT, NO_ANSWER, Suggestion, Text
from classifiers.written_since import WrittenSince

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MODEL", "NO_ANSWER", "BadModel", "Router", "Suggestion", "Text", "load"]

MOST_WORDS = 5
EVERYWHERE = 1 + log(50)
"""The inverse document frequency of a word that one message in fifty has."""
KEPT_WORDS = 20_000
ALSO_FROM = 0.08
"""A second department is named only when it is at least this likely itself."""
SHORT = 12
"""Letters below which a text is taken to be Swedish whatever it looks like."""

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Head:
    """One question the model answers: its possible answers, their columns in the weights.

    Scores divided by `temperature` give certainties; `threshold` is from which certainty a yes is
    said where the answers are yes and no.
    """

    answers: tuple[str, ...]
    columns: slice
    temperature: float = 1.0
    threshold: float = 0.5


class Router:
    """A loaded model. Departments renamed, closed or added since it was trained are heeded."""

    def __init__(self, kept: dict[str, Any], since: WrittenSince | None = None) -> None:
        """Put a model together from what `train` gave; `since` stands in for the file (tests)."""
        self.version: str = kept["version"]
        self.curve: list[float] = kept["curve"]
        self.weights: np.ndarray = kept["weights"]
        self.offsets: np.ndarray = kept["offsets"]
        self.heads = {
            name: Head(tuple(answers), slice(first, last), temperature, threshold)
            for name, answers, first, last, temperature, threshold in kept["heads"]
        }
        words, pieces = kept["words"].split("\x1e"), kept["pieces"].split("\x1e")
        self.by_words, self.by_pieces = vectorizers(words, pieces)
        self.by_words.idf_ = kept["word_idf"]
        self.by_pieces.idf_ = kept["piece_idf"]
        self.told_by = min(EVERYWHERE, float(self.by_words.idf_.max()) - 1e-3)
        self._pieces_of = self.by_pieces.build_analyzer()
        self._said: dict[str, np.ndarray] = {}
        answers = self.heads["department"].answers
        self.since = since or WrittenSince.read(answers, frozenset(kept["phrases"]))
        self.outcomes = self.since.outcomes
        self._phrases = self._rows([Text(phrase) for phrase in self.since.phrases])

    def _rows(self, texts: Sequence[Text]) -> Any:
        return features(texts, self.by_words.transform, self.by_pieces.transform) if texts else None

    def suggest(self, texts: Sequence[Text]) -> list[Suggestion]:
        """A suggestion for each text, in their order. Any text will do, also an empty one."""
        if not texts:
            return []
        rows = self._rows(texts)
        scores = rows @ self.weights + self.offsets
        shares = {
            name: calibrate.shares_of(scores[:, head.columns], head.temperature)
            for name, head in self.heads.items()
        }
        likely, own = shares["department"], scores[:, self.heads["department"].columns]
        told = calibrate.signs(own, likely, *size_of(texts))
        shares["department"] = calibrate.sure(likely, told, self.curve)
        shares["department"] = self.since.heeded(shares["department"], rows, self._phrases)
        return [
            self._one(text, {name: share[n] for name, share in shares.items()})
            for n, text in enumerate(texts)
        ]

    def _one(self, text: Text, shares: "dict[str, np.ndarray]") -> Suggestion:
        likely = shares["department"]
        first, second, third = likely.argsort(kind="stable")[::-1][:3]
        best = self.outcomes[first]
        said = text.text[:LOOKED_AT]
        danger = danger_words(said)
        urgent = best != NO_ANSWER and self._says_yes("urgent", shares)
        also = self._also(shares, second, best)
        return Suggestion(
            department=best,
            certainty=round(float(likely[first]), 4),
            next=(
                (self.outcomes[second], round(float(likely[second]), 4)),
                (self.outcomes[third], round(float(likely[third]), 4)),
            ),
            refer=None if best == NO_ANSWER else self._answer("refer", shares) or None,
            kind=self._answer("kind", shares) or "övrigt",
            urgent=urgent,
            words=self._deciding(said, "department", self.since.column_of(int(first))),
            model_version=self.version,
            also=also,
            urgent_words=self._why_urgent(said, danger) if urgent else (),
            language=self._language(said, shares),
        )

    def _answer(self, name: str, shares: "dict[str, np.ndarray]") -> str:
        return self.heads[name].answers[int(shares[name].argmax())]

    def _says_yes(self, name: str, shares: "dict[str, np.ndarray]") -> bool:
        head = self.heads[name]
        if "ja" not in head.answers:
            return False
        return float(shares[name][head.answers.index("ja")]) >= head.threshold

    def _also(self, shares: "dict[str, np.ndarray]", second: int, best: str) -> str | None:
        other = self.outcomes[second]
        if NO_ANSWER in (best, other) or shares["department"][second] < ALSO_FROM:
            return None
        return other if self._says_yes("also", shares) else None

    def _language(self, text: str, shares: "dict[str, np.ndarray]") -> str:
        if sum(letter.isalpha() for letter in text[: 4 * SHORT]) < SHORT and text.isascii():
            return "sv"
        return self._answer("language", shares) or "sv"

    def _why_urgent(self, text: str, danger: tuple[str, ...]) -> tuple[str, ...]:
        if danger:
            return danger
        head = self.heads["urgent"]
        return self._deciding(text, "urgent", head.answers.index("ja"))[:3]

    def _deciding(self, text: str, name: str, answer: int | None) -> tuple[str, ...]:
        """The words of the text that spoke most for the answer, in the order they stand."""
        if answer is None:
            return ()
        column = self.heads[name].columns.start + answer
        found: dict[str, tuple[float, str]] = {}
        for word in _WORD.findall(text):
            low = word.lower()
            if low not in found and len(low) > 1 and not self._is_everywhere(low):
                found[low] = (float(self._speaks_for(low)[column]), word)
        strongest = sorted((one for one in found.values() if one[0] > 0), reverse=True)[:MOST_WORDS]
        chosen = {word for _score, word in strongest if _score >= strongest[0][0] * 0.25}
        return tuple(dict.fromkeys(word for word in _WORD.findall(text) if word in chosen))

    def _is_everywhere(self, word: str) -> bool:
        """Whether the word stands in more than one message in fifty: it tells nobody anything."""
        at = self.by_words.vocabulary_.get(word)
        return at is not None and bool(self.by_words.idf_[at] < self.told_by)

    def _speaks_for(self, word: str) -> "np.ndarray":
        """How much a word speaks for each answer, above what it says for all of its question."""
        kept = self._said.get(word)
        if kept is not None:
            return kept
        vocabulary, shift = self.by_pieces.vocabulary_, len(self.by_words.vocabulary_)
        pieces = [vocabulary[p] for p in self._pieces_of(word) if p in vocabulary]
        idf: np.ndarray = 0.3 * self.by_pieces.idf_[pieces]
        told: np.ndarray = idf @ self.weights[[shift + piece for piece in pieces]]
        at = self.by_words.vocabulary_.get(word)
        if at is not None:
            told += self.weights[at] * self.by_words.idf_[at]
        if len(self._said) < KEPT_WORDS:
            self._said[word] = told
        return told


def load(path: Path = MODEL) -> Router:
    """The model in that file. Raises `BadModel` when it is missing, foreign or of another make."""
    return Router(read(path))
