"""Trains the routing model from corpus/*.jsonl: `python -m classifiers.train [--force]`.

Words and letter sequences, weighted by TF-IDF, go into linear models (multinomial logistic
regression), one for each question: department, whom to refer to, kind, urgency. The departments'
certainties are calibrated by one temperature, fitted on predictions for texts that the model
making them had not seen (Guo et al. 2017, "On Calibration of Modern Neural Networks").
The same corpus and seed give the same model, bit for bit.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifiers.departments import load_departments
from classifiers.suggest import ARRAYS, FORMAT, MODEL, NO_ANSWER, Text, features, vectorizers

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
KINDS = ("fråga", "synpunkt", "felanmälan", "beröm", "övrigt")
FOLDS = 5
STRENGTH = 6.0
"""The inverse of regularisation (C) for the departments, chosen by cross-validation."""


class BadCorpus(ValueError):
    """A line of the corpus cannot be used; the text names file and line, in plain Swedish."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message. `refer` '' when the matter is the city's own."""

    text: Text
    department: str
    kind: str
    urgent: bool
    refer: str


def read_corpus(folder: Path = CORPUS) -> list[Example]:
    """Every example in the folder's files, in the files' order. Raises `BadCorpus`."""
    known = {department.slug for department in load_departments()} | {NO_ANSWER}
    return [
        example for path in sorted(folder.glob("*.jsonl")) for example in _read_file(path, known)
    ]


def _read_file(path: Path, known: set[str]) -> Iterator[Example]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if row["department"] not in known:
                raise ValueError(f"avdelningen {row['department']} finns inte")
            if row["kind"] not in KINDS:
                raise ValueError(f"sorten {row['kind']} finns inte")
            if not row["text"].strip():
                raise ValueError("texten är tom")
            yield Example(
                Text(row["text"], row.get("post") or "", row.get("channel") or ""),
                row["department"],
                row["kind"],
                bool(row.get("urgent", False)),
                row.get("refer") or "",
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadCorpus(f"{path.name} rad {number}: {error}") from None


def examples_of_departments() -> list[Example]:
    """The example phrases of departments.toml: they work as soon as they are written."""
    return [
        Example(Text(phrase), department.slug, "fråga", False, "")
        for department in load_departments()
        for phrase in department.examples
    ]


def corpus_version(folder: Path = CORPUS) -> str:
    """A short name for exactly this corpus, these departments and this code."""
    digest = hashlib.sha256()
    code = [HERE / "train.py", HERE / "suggest.py", HERE / "departments.toml"]
    for path in [*code, *sorted(folder.glob("*.jsonl"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def train(examples: Sequence[Example], *, seed: int = 1, version: str = "") -> dict[str, Any]:
    """A model as plain arrays and words, ready to be saved or to make a `Router` of."""
    import numpy as np
    import sklearn

    texts = [example.text for example in examples]
    by_words, by_pieces = _fitted([text.text for text in texts])
    rows = features(texts, by_words.transform, by_pieces.transform)
    departments = np.array([example.department for example in examples])
    answers = {
        "department": (departments, STRENGTH, None),
        "refer": (np.array([e.refer for e in examples]), 6.0, None),
        "kind": (np.array([e.kind for e in examples]), 6.0, "balanced"),
        "urgent": (np.array(["ja" if e.urgent else "nej" for e in examples]), 6.0, "balanced"),
    }
    weights, offsets, heads, first = [], [], [], 0
    for name, (labels, strength, balance) in answers.items():
        model = _linear(strength, balance, seed).fit(rows, labels)
        coefficients, intercepts = _both_ways(model)
        last = first + len(model.classes_)
        temperature = _temperature(examples, labels, seed) if name == "department" else 1.0
        heads.append([name, [str(c) for c in model.classes_], first, last, temperature])
        weights.append(coefficients)
        offsets.append(intercepts)
        first = last
    return {
        "format": FORMAT,
        "sklearn": sklearn.__version__,
        "version": version or corpus_version(),
        "heads": heads,
        "weights": np.ascontiguousarray(np.vstack(weights).T, dtype=np.float32),
        "offsets": np.concatenate(offsets).astype(np.float32),
        "words": _in_order(by_words.vocabulary_),
        "pieces": _in_order(by_pieces.vocabulary_),
        "word_idf": by_words.idf_.astype(np.float32),
        "piece_idf": by_pieces.idf_.astype(np.float32),
    }


def _linear(strength: float, balance: str | None, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=strength, class_weight=balance, max_iter=400, tol=1e-3, random_state=seed
    )


def _both_ways(model: Any) -> tuple[Any, Any]:
    """A two-answer model keeps one row; here every answer has its own."""
    import numpy as np

    if len(model.classes_) > 2:
        return model.coef_, model.intercept_
    return np.vstack([-model.coef_ / 2, model.coef_ / 2]), np.concatenate(
        [-model.intercept_ / 2, model.intercept_ / 2]
    )


def _in_order(vocabulary: dict[str, int]) -> str:
    return "\x1e".join(sorted(vocabulary, key=lambda word: vocabulary[word]))


def _temperature(examples: Sequence[Example], labels: Any, seed: int) -> float:
    """The temperature that makes certainties about unseen texts as right as they claim to be.

    Each fold has vocabularies of its own: words that the model has never met are part of what makes
    it unsure.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar
    from sklearn.model_selection import StratifiedKFold

    names, place = np.unique(labels, return_inverse=True)
    if np.bincount(place).min() < FOLDS:
        return 1.0
    scores = np.zeros((len(labels), len(names)))
    split = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for fit, held in split.split(np.zeros(len(labels)), labels):
        by_words, by_pieces = _fitted([examples[n].text.text for n in fit])
        model = _linear(STRENGTH, None, seed).fit(
            features([examples[n].text for n in fit], by_words.transform, by_pieces.transform),
            labels[fit],
        )
        scores[held] = model.decision_function(
            features([examples[n].text for n in held], by_words.transform, by_pieces.transform)
        )

    def loss(temperature: float) -> float:
        part = scores / temperature
        part = part - part.max(axis=1, keepdims=True)
        log_shares = part - np.log(np.exp(part).sum(axis=1, keepdims=True))
        return float(-log_shares[np.arange(len(place)), place].mean())

    found = minimize_scalar(loss, bounds=(0.2, 5.0), method="bounded")
    return round(float(found.x), 4)


def _fitted(own: list[str]) -> tuple[Any, Any]:
    """The two vectorizers, with the vocabularies of these texts."""
    by_words, by_pieces = vectorizers()
    by_words.set_params(min_df=1, max_features=40_000)
    by_pieces.set_params(min_df=2, max_features=60_000)
    return by_words.fit(own), by_pieces.fit(own)


def save(model: dict[str, Any], path: Path = MODEL) -> None:
    """Write the model beside and put it in place in one step."""
    import numpy as np

    about = json.dumps({name: value for name, value in model.items() if name not in ARRAYS})
    arrays = {name: model[name] for name in ARRAYS}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new.npz")
    np.savez_compressed(beside, about=np.array(about), **arrays)
    beside.replace(path)
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
        examples = read_corpus() + examples_of_departments()
    except ValueError as error:
        print(f"Modellen kunde inte tränas: {error}", file=sys.stderr)
        return 1
    save(train(examples))
    print(f"Modellen är tränad på {len(examples)} exempel på {time.monotonic() - started:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
