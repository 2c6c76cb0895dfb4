"""Which of many short texts ask the same thing: by the words they share, weighed by how rare.

No model: TF-IDF among the texts given, compared by their angle. Each group gathers around the text
that is like most others, so that no chain of small likenesses makes one of what is two.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt

from snowballstemmer import stemmer  # type: ignore[import-untyped]  # it brings no types

from app.basics.search_words import words_of

CLOSE = 0.36
"""How alike two texts are at least (cosine, 0 to 1) to ask the same thing."""
SHARED = 2
"""Words they share at least, unless one of them says no more than that."""
MOST_LABEL_WORDS = 6

SAY_LITTLE = frozenset(
    """
    alla allt att av bara blir bli bra de dem den denna det detta dig din ditt du där då eller en
    er era ert ett finns fler får för från ganska gör ha han har hej hejsan hela hos hur hör i igen
    in inne inte ja jag jo kan kommer kunna lite man med mellan men mig min mitt mycket måste många
    ni nog nu ny nya något någon när nån och också om oss på samma sen ser ska skall skulle som
    snälla så ta tack till ut va vad var vara varför vart vem vet vi vill vilka vilken vilket ville
    väl vår vårt än är även åt över undrar undrade fråga the is a to when what how are and of in
    """.split()  # noqa: SIM905 - a text of words is read more easily than a list of them
)
"""Words that nearly every text has: they make no two texts alike."""
GREETINGS = frozenset(("hej", "hejsan", "hallå", "tack", "snälla", "ja", "jo", "men", "och"))

_stem_of = lru_cache(maxsize=8192)(stemmer("swedish").stemWord)


@dataclass(frozen=True, slots=True)
class Alike:
    """Texts that ask the same thing: their places in the sequence, and their commonest words."""

    places: tuple[int, ...]
    words: str


def groups_of(texts: Sequence[str]) -> list[Alike]:
    """The groups of at least two texts that are alike, the largest first; each text in one."""
    stems = [frozenset(_stem_of(w) for w in words_of(text) if _counts(w)) for text in texts]
    near = _near(stems)
    left = set(near)
    groups = []
    for place in sorted(near, key=lambda one: (-len(near[one]), one)):
        members = sorted({place, *near[place]} & left)
        if place in left and len(members) > 1:
            left -= set(members)
            groups.append(Alike(tuple(members), _label([texts[one] for one in members])))
    return sorted(groups, key=lambda group: (-len(group.places), group.places))


def _counts(word: str) -> bool:
    return len(word) > 1 and word not in SAY_LITTLE


def _near(stems: Sequence[frozenset[str]]) -> dict[int, set[int]]:
    """Each text's place with the places of those that are alike it."""
    where: dict[str, list[int]] = defaultdict(list)
    for place, words in enumerate(stems):
        for word in words:
            where[word].append(place)
    weight = {word: (1 + log(len(stems) / len(at)) / 2) ** 2 for word, at in where.items()}
    length = [sqrt(sum(weight[word] for word in words)) for words in stems]
    near: dict[int, set[int]] = defaultdict(set)
    for place, words in enumerate(stems):
        product: dict[int, float] = defaultdict(float)
        shared: Counter[int] = Counter()
        for word in words:
            for other in where[word]:
                if other > place:
                    product[other] += weight[word]
                    shared[other] += 1
        for other, value in product.items():
            enough = min(SHARED, len(words), len(stems[other]))
            if shared[other] >= enough and value / (length[place] * length[other]) >= CLOSE:
                near[place].add(other)
                near[other].add(place)
    return near


def _label(texts: Sequence[str]) -> str:
    """The words that at least half of the texts have, in the order of one that has most of them."""
    spoken = [words_of(text) for text in texts]
    counts = Counter(stem for words in spoken for stem in {_stem_of(word) for word in words})
    core = {stem for stem, count in counts.items() if count * 2 >= len(texts)}

    def has(words: list[str]) -> tuple[int, int]:
        return len({_stem_of(word) for word in words} & core), -len(words)

    said = [word for word in max(spoken, key=has) if _stem_of(word) in core]
    said = list(dict.fromkeys(word for word in said if word not in GREETINGS))
    return " ".join(said[:MOST_LABEL_WORDS])
