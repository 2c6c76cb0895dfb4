"""Trains the routing model from corpus/*.jsonl: `python -m classifiers.train [--force]`.

Words and letter sequences, weighted by TF-IDF, go into linear models, one for each question. The
department's is the sum of two, each on one scale: a support vector machine, which draws borders,
and complement naive Bayes (Rennie et al. 2003, "Tackling the Poor Assumptions of Naive Bayes"),
which is better on words seen once. What each of many others brought stands in CARD.md.
The same corpus and seed give the same model, bit for bit.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifiers import calibrate
from classifiers.corpus import (
    CORPUS,
    PHRASES,
    BadCorpus,
    Example,
    as_departments_are_now,
    corpus_version,
    examples_of_departments,
    read_corpus,
)
from classifiers.features import features, fitted, size_of
from classifiers.model_file import FORMAT, MODEL, write

__all__ = [
    "BadCorpus",
    "Example",
    "corpus_version",
    "examples_of_departments",
    "is_current",
    "read_corpus",
    "save",
    "train",
]

BORDERS = 0.4
"""The support vector machine's part beside naive Bayes."""
STRENGTH = 0.5
SMOOTHING = 0.3
SMALL_STRENGTH = 0.3
REFERRED = 6.0
"""An example that is someone else's counts as so many: they are few among the city's own."""
RARE = 12
"""Whom to refer to is answered for those that so many examples name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's linear model: answers, weights (features x answers), offsets, certainty."""

    name: str
    answers: list[str]
    weights: Any
    offsets: Any
    temperature: float = 1.0
    threshold: float = 0.5
    curve: tuple[float, ...] = ()


def train(examples: Sequence[Example], *, seed: int = 1, version: str = "") -> dict[str, Any]:
    """A model as plain arrays and words, ready to be saved or to make a `Router` of.

    Raises `BadCorpus` when there are not two outcomes to tell apart.
    """
    import numpy as np
    import sklearn

    examples = as_departments_are_now(examples)
    if len({example.department for example in examples}) < 2:
        raise BadCorpus("Det behövs exempel på minst två avdelningar.")
    by_words, by_pieces = fitted([example.text.text for example in examples])
    rows = features([example.text for example in examples], by_words.transform, by_pieces.transform)
    heads = [
        _department(rows, examples, seed),
        _one_of("refer", rows, [e.refer for e in _often_referred(examples)], examples, seed),
        _one_of("kind", rows, [e.kind for e in examples], examples, seed),
        _one_of("language", rows, [e.language for e in examples], examples, seed),
        _yes_or_no("urgent", rows, [e.urgent for e in examples], examples, seed),
        _yes_or_no("also", rows, [bool(e.also) for e in examples], examples, seed),
    ]
    told, first = [], 0
    for head in heads:
        last = first + len(head.answers)
        told.append([head.name, head.answers, first, last, head.temperature, head.threshold])
        first = last
    return {
        "format": FORMAT,
        "sklearn": sklearn.__version__,
        "version": version or corpus_version(),
        "heads": told,
        "curve": list(heads[0].curve),
        "phrases": sorted({e.text.text for e in examples if e.hand == PHRASES}),
        "weights": np.hstack([_centred(head.weights) for head in heads]).astype(np.float32),
        "offsets": np.concatenate([head.offsets for head in heads]).astype(np.float32),
        "words": _in_order(by_words.vocabulary_),
        "pieces": _in_order(by_pieces.vocabulary_),
        "word_idf": by_words.idf_.astype(np.float32),
        "piece_idf": by_pieces.idf_.astype(np.float32),
    }


def _centred(columns: Any) -> Any:
    """Weights less what they say for all answers alike, which decides nothing."""
    return columns - columns.mean(axis=1, keepdims=True)


def _department(rows: Any, examples: Sequence[Example], seed: int) -> Answer:
    import numpy as np

    labels = np.array([example.department for example in examples])
    answers, right, counts = np.unique(labels, return_inverse=True, return_counts=True)
    even = len(labels) / (len(answers) * counts[right])
    weights = even * np.array([example.weight for example in examples])

    def scores(learnt: Any, places: Any, judged: Any) -> Any:
        if len(np.unique(labels[places])) < len(answers):
            return None
        columns, offsets = _two_models(learnt, labels[places], weights[places], seed)
        return judged @ columns + offsets

    columns, offsets = _two_models(rows, labels, weights, seed)
    said = calibrate.unseen(rows, examples, scores, seed)
    heat: float = 1.0
    curve: tuple[float, ...] = ()
    if said is not None:
        heat, curve = _certainty(said, right, examples, seed)
    return Answer("department", [str(a) for a in answers], columns, offsets, heat, curve=curve)


def _certainty(
    said: Any, right: Any, examples: Sequence[Example], seed: int
) -> tuple[float, tuple[float, ...]]:
    """The temperature and the curve, from what was said of examples by unseen hands."""
    import numpy as np

    weights = calibrate.day_weights(examples)
    heat = calibrate.temperature(said, right, weights)
    known = ~np.isnan(said).any(axis=1)
    shares = calibrate.shares_of(said[known], heat)
    told = calibrate.signs(said[known], shares, *size_of([e.text for e in examples], known))
    ok = shares.argmax(axis=1) == right[known]
    return heat, tuple(calibrate.confidence(told, ok, weights[known], seed))


def _two_models(rows: Any, labels: Any, weights: Any, seed: int) -> tuple[Any, Any]:
    """The sum of both models, each centred over the answers and brought to one scale."""
    from sklearn.naive_bayes import ComplementNB

    borders, borders_at = _machine(rows, labels, weights, STRENGTH, seed)
    bayes = ComplementNB(alpha=SMOOTHING).fit(rows, labels, sample_weight=weights)
    by_words = _both_ways(bayes.feature_log_prob_, bayes.classes_).T
    first, first_at = _on_one_scale(rows, borders, borders_at)
    second, second_at = _on_one_scale(rows, by_words, 0.0 * borders_at)
    return (
        BORDERS * first + (1 - BORDERS) * second,
        BORDERS * first_at + (1 - BORDERS) * second_at,
    )


def _on_one_scale(rows: Any, columns: Any, offsets: Any) -> tuple[Any, Any]:
    columns = _centred(columns)
    offsets = offsets - offsets.mean()
    spread = float((rows @ columns + offsets).std()) or 1.0
    return columns / spread, offsets / spread


def _machine(rows: Any, labels: Any, weights: Any, strength: float, seed: int) -> tuple[Any, Any]:
    """A linear support vector machine: (features x answers, offsets)."""
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=strength, random_state=seed, tol=1e-3)
    model.fit(rows, labels, sample_weight=weights)
    columns = _both_ways(model.coef_, model.classes_)
    return columns.T, _both_ways(model.intercept_[:, None], model.classes_)[:, 0]


def _both_ways(rows: Any, classes: Any) -> Any:
    """A two-answer model keeps one row; here every answer has its own."""
    import numpy as np

    return rows if len(rows) == len(classes) else np.vstack([-rows / 2, rows / 2])


def _often_referred(examples: Sequence[Example]) -> list[Example]:
    """The examples, with those whom few are referred to as nobody's."""
    from collections import Counter
    from dataclasses import replace

    often = Counter(example.refer for example in examples)
    least = min(RARE, max(2, len(examples) // 100))
    return [
        example if often[example.refer] >= least else replace(example, refer="")
        for example in examples
    ]


def _one_of(
    name: str, rows: Any, labels: Sequence[str], examples: Sequence[Example], seed: int
) -> Answer:
    """A question with many answers; only the examples that say something of it are asked."""
    import numpy as np

    told = np.array(labels)
    known = told != "" if name != "refer" else np.ones(len(told), bool)
    answers = np.unique(told[known])
    if len(answers) < 2:
        only = [str(answer) for answer in answers] or [""]
        return Answer(name, only, np.zeros((rows.shape[1], 1)), np.zeros(1))
    weights = np.array([example.weight for example in examples])[known]
    if name == "refer":
        weights = np.where(told[known] != "", REFERRED, 1.0) * weights
    columns, offsets = _machine(rows[known], told[known], weights, SMALL_STRENGTH, seed)
    return Answer(name, [str(answer) for answer in answers], columns, offsets)


def _yes_or_no(
    name: str, rows: Any, yes: Sequence[bool], examples: Sequence[Example], seed: int
) -> Answer:
    """A question answered yes from the certainty that finds most of the true ones."""
    import numpy as np

    is_yes = np.array(yes)
    labels = np.where(is_yes, "ja", "nej")
    if is_yes.all() or not is_yes.any():
        return Answer(name, [str(labels[0])], np.zeros((rows.shape[1], 1)), np.zeros(1))
    rare = len(is_yes) / (2 * max(int(is_yes.sum()), 1))
    weights = np.where(is_yes, min(rare, 10.0), 1.0)

    def scores(learnt: Any, places: Any, judged: Any) -> Any:
        if len(np.unique(labels[places])) < 2:
            return None
        columns, offsets = _machine(learnt, labels[places], weights[places], SMALL_STRENGTH, seed)
        return judged @ columns + offsets

    columns, offsets = _machine(rows, labels, weights, SMALL_STRENGTH, seed)
    said = calibrate.unseen(rows, examples, scores, seed)
    share_from = 0.5
    if said is not None:
        share = 1 / (1 + np.exp(said[:, 1] - said[:, 0]))  # answers are "ja", "nej"
        share_from = calibrate.threshold(share, is_yes, RECALLS[name])
    return Answer(name, ["ja", "nej"], columns, offsets, 1.0, share_from)


RECALLS = {"urgent": calibrate.RECALL, "also": 0.4}


def _in_order(vocabulary: Mapping[str, int]) -> str:
    return "\x1e".join(sorted(vocabulary, key=lambda word: vocabulary[word]))


def save(model: dict[str, Any], path: Path = MODEL) -> None:
    """Write the model in place, and beside it what it was made of."""
    write(model, path)
    path.with_suffix(".version").write_text(_stamp(model["version"]), encoding="utf-8")


def _stamp(version: str) -> str:
    from importlib.metadata import version as installed

    return f"{version} scikit-learn {installed('scikit-learn')}\n"


def is_current(path: Path = MODEL) -> bool:
    """Whether the saved model was made from just this corpus and code, with this scikit-learn."""
    stamp = path.with_suffix(".version")
    return (
        path.exists()
        and stamp.exists()
        and stamp.read_text(encoding="utf-8") == _stamp(corpus_version())
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and save the model, unless it is current already; the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if "--force" not in arguments and is_current():
        return 0
    started = time.monotonic()
    try:
        examples = read_corpus(CORPUS) + examples_of_departments()
        model = train(examples)
    except ValueError as error:
        print(f"Modellen kunde inte tränas: {error}", file=sys.stderr)
        return 1
    save(model)
    print(f"Modellen är tränad på {len(examples)} exempel på {time.monotonic() - started:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
