"""How good the model is on messages it has never seen: `python -m classifiers.measure`."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from classifiers.suggest import NO_ANSWER, Router, load
from classifiers.train import HERE, Example, read_corpus

DEV = HERE / "dev"
BINS = 10


@dataclass(slots=True)
class Measured:
    """Shares from 0 to 1. `recall` per outcome; `sure` is the share with certainty 0.8 or more."""

    count: int = 0
    first: float = 0.0
    among_three: float = 0.0
    macro_f1: float = 0.0
    calibration_error: float = 0.0
    sure: float = 0.0
    right_when_sure: float = 0.0
    silenced: float = 0.0
    """Messages that need an answer, taken for `ingen` with certainty 0.5 or more."""
    urgent_recall: float = 0.0
    urgent_precision: float = 0.0
    kind: float = 0.0
    recall: dict[str, float] = field(default_factory=dict)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def measure(router: Router, examples: Sequence[Example]) -> Measured:
    """Hold the model's suggestions against the labels."""
    advice = router.suggest([example.text for example in examples])
    pairs = list(zip(examples, advice, strict=True))
    right = [e.department == a.department for e, a in pairs]
    three = [e.department in (a.department, a.next[0][0], a.next[1][0]) for e, a in pairs]
    sure = [ok for ok, (_e, a) in zip(right, pairs, strict=True) if a.certainty >= 0.8]
    need = [(e, a) for e, a in pairs if e.department != NO_ANSWER]
    silenced = [a.department == NO_ANSWER and a.certainty >= 0.5 for _e, a in need]
    said_urgent = [e.urgent for e, a in pairs if a.urgent]
    is_urgent = [a.urgent for e, a in pairs if e.urgent]
    recall, f1 = _per_outcome([(e.department, a.department) for e, a in pairs])
    return Measured(
        count=len(pairs),
        first=_share(sum(right), len(pairs)),
        among_three=_share(sum(three), len(pairs)),
        macro_f1=f1,
        calibration_error=_calibration_error([a.certainty for _e, a in pairs], right),
        sure=_share(len(sure), len(pairs)),
        right_when_sure=_share(sum(sure), len(sure)),
        silenced=_share(sum(silenced), len(need)),
        urgent_recall=_share(sum(is_urgent), len(is_urgent)),
        urgent_precision=_share(sum(said_urgent), len(said_urgent)),
        kind=_share(sum(e.kind == a.kind for e, a in pairs), len(pairs)),
        recall=recall,
    )


def _per_outcome(pairs: Sequence[tuple[str, str]]) -> tuple[dict[str, float], float]:
    hits: dict[str, int] = defaultdict(int)
    truth: dict[str, int] = defaultdict(int)
    said: dict[str, int] = defaultdict(int)
    for right, guess in pairs:
        truth[right] += 1
        said[guess] += 1
        hits[right] += right == guess
    recall = {name: _share(hits[name], truth[name]) for name in sorted(truth)}
    f1 = [_share(2 * hits[name], truth[name] + said[name]) for name in truth]
    return recall, _share(sum(f1), len(f1))


def _calibration_error(certainties: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error over ten equal bins (Naeini et al. 2015)."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for certainty, ok in zip(certainties, right, strict=True):
        bins[min(int(certainty * BINS), BINS - 1)].append((certainty, ok))
    off = 0.0
    for members in bins.values():
        claimed = sum(certainty for certainty, _ok in members) / len(members)
        was = sum(ok for _certainty, ok in members) / len(members)
        off += abs(claimed - was) * len(members)
    return _share(off, len(certainties))


def table(found: Measured) -> str:
    """The figures as lines a person can read."""
    lines = [
        f"meddelanden            {found.count}",
        f"rätt först             {found.first:.1%}",
        f"rätt bland tre         {found.among_three:.1%}",
        f"makro-F1               {found.macro_f1:.3f}",
        f"kalibreringsfel        {found.calibration_error:.3f}",
        f"andel säkra (>= 0,8)   {found.sure:.1%}, varav rätt {found.right_when_sure:.1%}",
        f"tystade i onödan       {found.silenced:.1%}",
        f"brådska, funna/rätta   {found.urgent_recall:.1%} / {found.urgent_precision:.1%}",
        f"sort                   {found.kind:.1%}",
    ]
    return "\n".join(lines + [f"  {name:<16} {share:.0%}" for name, share in found.recall.items()])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the saved model on the development set (or on another folder)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    print(table(measure(load(), read_corpus(Path(arguments[0]) if arguments else DEV))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
