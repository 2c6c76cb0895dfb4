"""Text in, suggestion out: which department, how certain, and the words that decided.

Importing this module is cheap; scikit-learn and numpy come in when a model is loaded.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

NO_ANSWER = "ingen"
MODEL = Path(__file__).parent / "model" / "router.npz"
LOOKED_AT = 4000
"""Characters of a text that are looked at; the matter is told by then."""
POST_WEIGHT = 0.3
"""How much the post above says beside the resident's own words."""
FORMAT = 2
ARRAYS = ("weights", "offsets", "word_idf", "piece_idf")
"""What a model file holds beside `about`: version, heads and vocabularies as JSON."""
MOST_WORDS = 5
KEPT_WORDS = 50_000

WORDS_AND_SIGNS = r"(?u)\b\w+\b|[^\w\s]"
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")

# Danger to life, health or property, in the forms residents write (domain: what goes on top).
DANGER = re.compile(
    r"\b(brinner|ryker (ur|från)|brand[eh]?\b|eldsvåda|gasluk\w*|luktar gas|gasläcka"
    r"|el-?ledning\w* (ligger|hänger|nere)"
    r"|kabel\w* (ligger|hänger) (öppet|löst|ner)|brunnslock\w* (är )?(borta|saknas|öppe\w+)"
    r"|öppen brunn|barn\w* (är )?(ensamt?|själva?)|självmord|ta (mitt|sitt) liv|orkar inte leva"
    r"|drunkn\w+|ras(at|ar|risk)\b|livsfarlig\w*|akut fara|medvetslös\w*|knivhot\w*|explosion\w*"
    r"|on fire|gas leak|suicide|live wire)",
    re.IGNORECASE,
)


class BadModel(Exception):
    """The model file cannot be used; the text says why and what to do, in plain Swedish."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a resident has said, the post above it, and the channel's name."""

    text: str
    post: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the model says. `certainty` is calibrated (0-1); `words` stand in the text as given.

    `department` is a slug or `ingen`; `next` are the two next best with their certainties;
    `refer` to whom the resident is to be referred when the matter is not the city's own.
    """

    department: str
    certainty: float
    next: tuple[tuple[str, float], tuple[str, float]]
    refer: str | None
    kind: str
    urgent: bool
    words: tuple[str, ...]
    model_version: str


@dataclass(frozen=True, slots=True)
class Head:
    """One question the model answers: its possible answers and their rows in the weights."""

    answers: tuple[str, ...]
    rows: slice
    temperature: float = 1.0


def vectorizers(
    words: Sequence[str] | None = None, pieces: Sequence[str] | None = None
) -> tuple[Any, Any]:
    """The two ways a text is taken apart: words and pairs, and letter sequences inside words.

    With vocabularies given they are ready to use (weights are set by the caller).
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    common = {"lowercase": True, "sublinear_tf": True, "dtype": "float32", "norm": "l2"}
    import numpy as np

    common["dtype"] = np.float32
    by_words = TfidfVectorizer(
        ngram_range=(1, 2), token_pattern=WORDS_AND_SIGNS, vocabulary=words, **common
    )
    by_pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), vocabulary=pieces, **common)
    return by_words, by_pieces


def looked_at(text: str) -> str:
    """The part of a text that is looked at, with nothing in it that breaks the encoding."""
    return text[:LOOKED_AT].encode("utf-8", "ignore").decode("utf-8")


class Router:
    """A loaded model."""

    def __init__(self, kept: dict[str, Any]) -> None:
        """Put a model together from what `train.save` kept."""
        self.version: str = kept["version"]
        self.weights: np.ndarray = kept["weights"]
        self.offsets: np.ndarray = kept["offsets"]
        self.heads = {
            name: Head(tuple(answers), slice(first, last), temperature)
            for name, answers, first, last, temperature in kept["heads"]
        }
        words, pieces = kept["words"].split("\x1e"), kept["pieces"].split("\x1e")
        self.by_words, self.by_pieces = vectorizers(words, pieces)
        self.by_words.idf_ = kept["word_idf"]
        self.by_pieces.idf_ = kept["piece_idf"]
        self._pieces_of = self.by_pieces.build_analyzer()
        self._said: dict[str, np.ndarray] = {}

    def features(self, texts: Sequence[Text]) -> Any:
        """The texts as rows of numbers, the posts above added lightly."""
        return features(texts, self.by_words.transform, self.by_pieces.transform)

    def suggest(self, texts: Sequence[Text]) -> list[Suggestion]:
        """A suggestion for each text, in their order. Any text will do, also an empty one."""
        if not texts:
            return []
        scores = self.features(texts) @ self.weights + self.offsets
        department = self._shares(scores, "department")
        refer, kind = self._shares(scores, "refer"), self._shares(scores, "kind")
        urgent = self._shares(scores, "urgent")
        return [
            self._one(text, department[n], refer[n], kind[n], urgent[n])
            for n, text in enumerate(texts)
        ]

    def _shares(self, scores: "np.ndarray", name: str) -> "np.ndarray":
        import numpy as np

        head = self.heads[name]
        part = scores[:, head.rows] / head.temperature
        part = np.exp(part - part.max(axis=1, keepdims=True))
        shares: np.ndarray = part / part.sum(axis=1, keepdims=True)
        return shares

    def _one(
        self,
        text: Text,
        department: "np.ndarray",
        refer: "np.ndarray",
        kind: "np.ndarray",
        urgent: "np.ndarray",
    ) -> Suggestion:
        names = self.heads["department"].answers
        first, second, third = department.argsort()[::-1][:3]
        to = self.heads["refer"].answers[int(refer.argmax())]
        best = names[first]
        danger = DANGER.search(text.text[:LOOKED_AT]) is not None
        at_risk = float(urgent[self.heads["urgent"].answers.index("ja")]) >= 0.5
        return Suggestion(
            department=best,
            certainty=round(float(department[first]), 4),
            next=(
                (names[second], round(float(department[second]), 4)),
                (names[third], round(float(department[third]), 4)),
            ),
            refer=None if to == "" or best == NO_ANSWER else to,
            kind=self.heads["kind"].answers[int(kind.argmax())],
            urgent=danger or at_risk,
            words=self._deciding(text.text[:LOOKED_AT], int(first)),
            model_version=self.version,
        )

    def _deciding(self, text: str, best: int) -> tuple[str, ...]:
        """The words of the text that spoke most for the answer, in the order they stand."""
        found: dict[str, tuple[float, str]] = {}
        for word in _WORD.findall(text):
            low = word.lower()
            if low not in found and len(low) > 1:
                found[low] = (float(self._speaks_for(low)[best]), word)
        strongest = sorted((one for one in found.values() if one[0] > 0), reverse=True)[:MOST_WORDS]
        chosen = {word for _score, word in strongest if _score >= strongest[0][0] * 0.25}
        return tuple(dict.fromkeys(word for word in _WORD.findall(text) if word in chosen))

    def _speaks_for(self, word: str) -> "np.ndarray":
        """How much a word speaks for each department, above what it says for all."""
        import numpy as np

        kept = self._said.get(word)
        if kept is not None:
            return kept
        rows = self.heads["department"].rows
        told: np.ndarray = np.zeros(rows.stop - rows.start, dtype=np.float32)
        at = self.by_words.vocabulary_.get(word)
        if at is not None:
            told += self.weights[at, rows] * self.by_words.idf_[at]
        shift = len(self.by_words.vocabulary_)
        vocabulary = self.by_pieces.vocabulary_
        pieces = [vocabulary[p] for p in self._pieces_of(word) if p in vocabulary]
        if pieces:
            idf = self.by_pieces.idf_[pieces][:, None]
            told += 0.3 * (self.weights[[shift + p for p in pieces], rows] * idf).sum(axis=0)
        told = (told - told.mean()).astype(np.float32)
        if len(self._said) < KEPT_WORDS:
            self._said[word] = told
        return told


def features(texts: Sequence[Text], by_words: Any, by_pieces: Any) -> Any:
    """Rows of numbers for texts: their own words, and the posts' above them at POST_WEIGHT."""
    from scipy.sparse import hstack

    def rows(those: list[str]) -> Any:
        return hstack([by_words(those), by_pieces(those)], format="csr")

    found = rows([looked_at(text.text) for text in texts])
    posts = [looked_at(text.post)[:600] for text in texts]
    if any(posts):
        different = list(dict.fromkeys(posts))
        place = {post: number for number, post in enumerate(different)}
        found = found + POST_WEIGHT * rows(different)[[place[post] for post in posts]]
    return found


def load(path: Path = MODEL) -> Router:
    """The model in that file. Raises `BadModel` when it is missing, foreign or of another make."""
    import numpy as np
    import sklearn

    again = "Träna modellen igen: python -m classifiers.train --force"
    if not path.exists():
        raise BadModel(f"Modellen {path.name} finns inte. {again}")
    try:
        with np.load(path, allow_pickle=False) as file:  # arrays only: nothing in it can run
            kept = {**json.loads(str(file["about"])), **{name: file[name] for name in ARRAYS}}
    except Exception as error:
        raise BadModel(
            f"Modellen {path.name} går inte att läsa ({type(error).__name__}). {again}"
        ) from None
    if kept.get("format") != FORMAT:
        raise BadModel(f"Modellen {path.name} är av en annan sort. {again}")
    if kept["sklearn"] != sklearn.__version__:
        raise BadModel(
            f"Modellen {path.name} är gjord med scikit-learn {kept['sklearn']},"
            f" men {sklearn.__version__} är installerat. {again}"
        )
    return Router(kept)
