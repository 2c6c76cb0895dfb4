"""Certainties that are as right as they claim: temperatures fitted on hands the model had not met.

The examples are parted by who wrote them. Each part is judged by a model of the others, with what
only that part's writers say taken away, as words nobody has met are part of what makes a model
unsure. The temperature that gives those judgements the least surprise is kept (Guo et al. 2017, "On
Calibration of Modern Neural Networks"); on top of it a logistic curve says how often the first
answer is right, from how far it lies before the others and how much the resident has written (after
Platt 1999, "Probabilistic Outputs for Support Vector Machines"). Writers of many hard messages
count no more than an ordinary day has them: the levels are weighed to SHARES.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from classifiers.corpus import Example

PARTS = 5
ENOUGH = 500
SHARES = {"e": 0.35, "m": 0.40, "h": 0.25}
ON_PURPOSE = frozenset({"akut", "granne", "larm", "lova"})
"""Hands that wrote what is hard to tell apart, on purpose: no ordinary day's messages."""
SELDOM = 0.4
RECALL = 0.86
"""How many of the urgent messages of unseen hands are to be found."""

Scores = Callable[[Any, Any, Any], Any]
"""Rows to learn from, their places in the examples, rows to judge -> scores per answer."""


def parted(examples: Sequence[Example], seed: int) -> list[Any]:
    """The examples' places in PARTS parts, whole hands together, as even as they come."""
    import numpy as np

    sizes = Counter(example.hand for example in examples)
    if len(sizes) < PARTS:
        order = np.random.default_rng(seed).permutation(len(examples))
        return [np.sort(part) for part in np.array_split(order, PARTS)]
    loads, part_of = [0] * PARTS, {}
    for hand, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        lightest = loads.index(min(loads))
        part_of[hand] = lightest
        loads[lightest] += size
    places = np.array([part_of[example.hand] for example in examples])
    return [np.flatnonzero(places == part) for part in range(PARTS)]


def unseen(rows: Any, examples: Sequence[Example], scores: Scores, seed: int) -> Any:
    """What models of the other parts say of each example: scores in the examples' order.

    NaN where a part cannot be judged (it alone knows an answer).
    """
    import numpy as np
    from sklearn.preprocessing import normalize

    found: Any = None
    for held in parted(examples, seed):
        if not len(held):
            continue
        learnt = np.setdiff1d(np.arange(len(examples)), held)
        met = np.asarray(rows[learnt].sum(axis=0)).ravel() > 0
        lengths = np.sqrt(np.asarray(rows[held].multiply(rows[held]).sum(axis=1))).ravel()
        judged = normalize(rows[held].multiply(met).tocsr()).multiply(lengths[:, None]).tocsr()
        said = scores(rows[learnt], learnt, judged)
        if said is None:
            continue
        if found is None:
            found = np.full((len(examples), said.shape[1]), np.nan)
        found[held] = said
    return found


def day_weights(examples: Sequence[Example]) -> Any:
    """How much each example counts, so that what is hard is as frequent as on an ordinary day."""
    import numpy as np

    counts = Counter(example.level for example in examples if example.level in SHARES)
    total = sum(counts.values())
    of_level = {level: SHARES[level] * total / count for level, count in counts.items()}
    return np.array(
        [
            example.weight
            * of_level.get(example.level, 1.0)
            * (SELDOM if example.hand in ON_PURPOSE else 1.0)
            for example in examples
        ]
    )


def temperature(scores: Any, right: Any, weights: Any) -> float:
    """The temperature with the least surprise; `right`: the right answer's column of each row."""
    import numpy as np
    from scipy.optimize import minimize_scalar

    known = ~np.isnan(scores).any(axis=1)
    scores, right, weights = scores[known], right[known], weights[known]
    if len(scores) < 2 * PARTS:
        return 1.0

    def surprise(logarithm: float) -> float:
        part = scores / np.exp(logarithm)
        part = part - part.max(axis=1, keepdims=True)
        said = part[np.arange(len(right)), right] - np.log(np.exp(part).sum(axis=1))
        return float(-(said * weights).sum() / weights.sum())

    found = minimize_scalar(surprise, bounds=(-5.0, 3.0), method="bounded")
    return round(float(np.exp(found.x)), 6)


def shares_of(scores: Any, heat: float) -> Any:
    """Scores as shares of one whole, in each row."""
    import numpy as np

    part = scores / heat
    part = np.exp(part - part.max(axis=1, keepdims=True))
    return part / part.sum(axis=1, keepdims=True)


def signs(scores: Any, shares: Any, lengths: Any, under_post: Any) -> Any:
    """What tells how sure the first answer is: its lead, its share, the doubt, the text's length.

    `lengths` in characters, `under_post` 0 or 1.
    """
    import numpy as np

    best = np.sort(scores, axis=1)[:, ::-1]
    share = np.clip(shares.max(axis=1), 1e-6, 1 - 1e-6)
    rest = best[:, 2 : max(3, min(5, best.shape[1]))]
    doubt = -(shares * np.log(shares + 1e-9)).sum(axis=1)
    return np.column_stack(
        [
            best[:, 0] - best[:, 1],
            best[:, 0] - (rest.mean(axis=1) if rest.shape[1] else best[:, 1]),
            best[:, 0],
            best[:, 1],
            np.log(share / (1 - share)),
            doubt,
            np.log1p(lengths),
            under_post,
        ]
    )


def confidence(told: Any, right: Any, weights: Any, seed: int) -> list[float]:
    """The curve from `signs` to how often the first answer is right: weights, then the offset.

    [] when there is too little to tell.
    """
    from sklearn.linear_model import LogisticRegression

    if len(right) < ENOUGH or right.all() or not right.any():
        return []
    curve = LogisticRegression(C=10.0, max_iter=2000, random_state=seed)
    curve.fit(told, right, sample_weight=weights)
    return [float(number) for number in (*curve.coef_[0], curve.intercept_[0])]


def sure(shares: Any, told: Any, curve: Sequence[float]) -> Any:
    """The shares with the first answer's as the curve says; the others keep their proportions.

    The first answer stays the first. Without a curve the shares are left as they are.
    """
    import numpy as np

    if not curve:
        return shares
    shares = shares.astype(np.float64)
    rows, first = np.arange(len(shares)), shares.argmax(axis=1)
    before = np.clip(shares[rows, first], 0.0, 1 - 1e-9)
    others = shares.copy()
    others[rows, first] = 0.0
    second = others.max(axis=1)
    wanted = 1 / (1 + np.exp(-(told @ np.array(curve[:-1]) + curve[-1])))
    wanted = np.maximum(wanted, second / (1 - before + second))
    others *= ((1 - wanted) / (1 - before))[:, None]
    others[rows, first] = wanted
    return others


def threshold(shares: Any, is_yes: Any, recall: float) -> float:
    """The certainty from which a yes is said so that this share of the true ones is found."""
    import numpy as np

    known = ~np.isnan(shares)
    yes = np.sort(shares[known & is_yes])
    if not len(yes):
        return 0.5
    return round(float(yes[int((1 - recall) * len(yes))]), 6)
