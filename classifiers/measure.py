"""How good the model is on messages it has never seen: `python -m classifiers.measure`.

With `--groups` also by level, channel, voice and language; with `--curve` how it grows with the
corpus (minutes).
"""

import random
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from classifiers.corpus import DEV, Example, examples_of_departments, read_corpus
from classifiers.suggest import NO_ANSWER, Router, Suggestion, load
from classifiers.train import train

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
    refer: float = 0.0
    """Those whom to refer to was right, of the messages that are someone else's."""
    refer_precision: float = 0.0
    also: float = 0.0
    """Messages of two departments of which the model names both."""
    also_said: float = 0.0
    """Messages of one department that are said to touch another."""
    language: float = 0.0
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
        refer=_share(sum(e.refer == a.refer for e, a in pairs if e.refer), _count(pairs, "refer")),
        refer_precision=_share(
            sum(e.refer == a.refer for e, a in pairs if a.refer),
            sum(bool(a.refer) for _e, a in pairs),
        ),
        also=_share(sum(_both(e, a) for e, a in pairs if e.also), _count(pairs, "also")),
        also_said=_share(
            sum(bool(a.also) for e, a in pairs if not e.also), len(pairs) - _count(pairs, "also")
        ),
        language=_share(
            sum(e.language == a.language for e, a in pairs if e.language), _count(pairs, "language")
        ),
        recall=recall,
    )


def _count(pairs: Sequence[tuple[Example, Suggestion]], what: str) -> int:
    return sum(bool(getattr(example, what)) for example, _advice in pairs)


def _both(example: Example, advice: Suggestion) -> bool:
    return {example.department, example.also} == {advice.department, advice.also}


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
        f"hänvisas rätt/av sagda {found.refer:.1%} / {found.refer_precision:.1%}",
        f"rör två, båda nämnda   {found.also:.1%}, i onödan {found.also_said:.1%}",
        f"språk                  {found.language:.1%}",
    ]
    return "\n".join(lines + [f"  {name:<16} {share:.0%}" for name, share in found.recall.items()])


VOICES = {
    "tonåring och unga": r"tonår|ung|kille|tjej|elev|student|högstadie|barn \d|flicka|pojke",
    "äldre": r"gamm|äldre|pension|mormor|farfar|åldrig|\b[789]\d\b",
    "föräldrar": r"förälder|mamma|pappa|småbarn|barnfamilj",
    "andraspråkssvenska": r"andraspråk|nyanländ|flykting",
    "skånska": r"skåning|skånsk",
    "sarkastisk, ironisk, arg": r"sarkas|ironi|arg|irriterad|rasande",
    "utan prickar, slarvigt": r"prickar|slarv|stavfel|dyslexi",
    "dikterat": r"dikter",
    "kort": r"tweet|kort",
    "brev": r"brev",
}
"""The writers of the development set, by what they are called."""


def by_group(
    router: Router, examples: Sequence[Example]
) -> dict[str, dict[str, tuple[int, float]]]:
    """How many there are, and the share right at first, by level, channel, voice and language."""
    advice = router.suggest([example.text for example in examples])
    right = [e.department == a.department for e, a in zip(examples, advice, strict=True)]
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for example, ok in zip(examples, right, strict=True):
        found["nivå"][example.level or "-"].append(ok)
        found["kanal"][example.text.channel or "-"].append(ok)
        found["språk"][example.language or "-"].append(ok)
        found["under ett inlägg"]["ja" if example.text.post else "nej"].append(ok)
        for voice, pattern in VOICES.items():
            if re.search(pattern, example.voice, re.IGNORECASE):
                found["röst"][voice].append(ok)
    return {
        name: {
            value: (len(oks), _share(sum(oks), len(oks))) for value, oks in sorted(group.items())
        }
        for name, group in found.items()
    }


def curve(
    examples: Sequence[Example], dev: Sequence[Example], seed: int = 1
) -> list[tuple[int, float, float]]:
    """Of an eighth, a quarter, half and all examples: how many, right first, right among three."""
    shuffled = random.Random(seed)  # noqa: S311 - which examples are left out is no secret
    order = shuffled.sample(range(len(examples)), len(examples))
    points = []
    for part in (8, 4, 2, 1):
        some = [examples[n] for n in sorted(order[: len(examples) // part])]
        found = measure(Router(train(some, seed=seed, version="kurva")), dev)
        points.append((len(some), found.first, found.among_three))
    return points


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the saved model on the development set or another folder; `--groups`, `--curve`."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    folders = [Path(one) for one in arguments if not one.startswith("--")]
    examples = read_corpus(folders[0]) if folders else read_corpus(DEV)
    router = load()
    print(table(measure(router, examples)))
    if "--groups" in arguments:
        for name, group in by_group(router, examples).items():
            print(name)
            for value, (count, share) in group.items():
                print(f"  {value:<26} {count:>5} {share:>5.0%}")
    if "--curve" in arguments:
        print("inlärningskurva: exempel, rätt först, bland tre")
        for count, first, three in curve(read_corpus() + examples_of_departments(), examples):
            print(f"  {count:>6} {first:>6.1%} {three:>6.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
