"""The corpus: large, by many hands, and nothing in it said twice or seen by the development set."""

import re
from collections import Counter, defaultdict

import pytest

from classifiers.corpus import DEV, KINDS, read_corpus

OUTCOMES = 13


@pytest.fixture(scope="module")
def corpus():
    """All training messages."""
    return read_corpus()


@pytest.fixture(scope="module")
def dev():
    """All messages of the development set."""
    return read_corpus(DEV)


def pieces(text):
    """The letter 5-grams of a text, small letters, without signs."""
    plain = re.sub(r"\W+", " ", text.lower()).strip()
    return {plain[n : n + 5] for n in range(max(1, len(plain) - 4))}


def near_duplicates(texts):
    """The pairs of texts whose 5-grams are alike by more than half (Jaccard)."""
    told = [pieces(text) for text in texts]
    where = defaultdict(list)
    found = []
    for number, mine in enumerate(told):
        shared = Counter(other for piece in mine for other in where[piece])
        for other, count in shared.most_common(5):
            if count > 0.5 * (len(mine) + len(told[other]) - count):
                found.append((texts[other], texts[number]))
        rare = sorted(mine, key=lambda piece: len(where[piece]))
        for piece in rare:
            if len(where[piece]) < 400:
                where[piece].append(number)
    return found


def test_every_outcome_has_enough_from_enough_hands(corpus):
    """At least 12 000 messages; for each outcome at least 600, from at least eight hands."""
    assert len(corpus) >= 12_000
    hands = defaultdict(Counter)
    for example in corpus:
        hands[example.department][example.hand] += 1
    assert len(hands) == OUTCOMES
    for slug, of in hands.items():
        assert of.total() >= 600, slug
        assert len([hand for hand, count in of.items() if count >= 20]) >= 8, slug


def test_nothing_is_said_twice(corpus, dev):
    """No two messages are near-duplicates, within the corpus or between it and the other set."""
    texts = [example.text.text for example in corpus + dev]
    assert near_duplicates(texts) == []


def test_the_development_set_is_balanced_and_by_other_hands(corpus, dev):
    """At least 1 000 messages, as many for each outcome, a quarter hard, by hands of their own."""
    assert len(dev) >= 1000
    counts = Counter(example.department for example in dev)
    assert len(counts) == OUTCOMES
    assert min(counts.values()) >= 0.9 * max(counts.values())
    levels = Counter(example.level for example in dev)
    assert levels["h"] / len(dev) == pytest.approx(0.25, abs=0.02)
    assert not {example.hand for example in dev} & {example.hand for example in corpus}


def test_every_kind_and_some_urgency_is_there(corpus):
    """Each kind has hundreds of messages, and danger is told in at least five hundred ways."""
    kinds = Counter(example.kind for example in corpus)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 400
    assert sum(example.urgent for example in corpus) >= 500


def test_no_personal_identity_number_is_in_it(corpus, dev):
    """No message holds a valid personal identity number."""
    from app.basics.personal_data import find_personal_identity_numbers

    for example in corpus + dev:
        assert not find_personal_identity_numbers(example.text.text), example.text.text
