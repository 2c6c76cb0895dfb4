"""What a resident's words are about, as stems with a word to show; never a person's name.

Text in, words out. Numbers, links, addresses and handles are left out, and so is what is written
like a name: after a first name or a title, as a colleague or the writer is called, or with an
ending that only surnames have.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from app.answers.care_words import FIRST_NAMES
from app.answers.earlier_words import terms_of
from app.basics.search_words import words_of

SURNAME = re.compile(r"\w{2,}(?:sson|dotter|qvist|kvist)s?", re.IGNORECASE)
"""Endings that no ordinary word has."""
LIKE_SURNAME = re.compile(
    r"\w{2,}(?:son|sen|ström|berg|gren|lund|man|dahl|stedt|blad|blom|ssén|lén|dén|ić|ic|ski|vic)s?"
)
"""Endings of surnames that other words have too: counted as a name when written as one."""
_TITLES = (
    "herr fru fröken doktor dr rektor chef chefen lärare läraren handläggare handläggaren"
    " sekreterare kommunalråd kommunalrådet ordförande ordföranden borgmästare polis tränare"
    " tränaren grannen familjen syster bror mamma pappa min vår"
)
TITLES = frozenset(re.split(" ", _TITLES))
"""Before a word with a capital letter, they make it a name."""
_FIRST = frozenset(name.casefold() for name in FIRST_NAMES)
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_ENDS_SENTENCE = re.compile(r"(?:\A|[.!?:\n])[^\w]*\Z")


def subject_words(text: str, names: Iterable[str] = ()) -> dict[str, str]:
    """Stem and word of what the text is about, each stem once.

    `names`: what the writer and the staff call themselves.
    """
    text = unicodedata.normalize("NFC", text)
    people = names_in(text, names)
    stems = [stem for stem in terms_of(text) if stem not in {_stem(one) for one in people}]
    wanted, found = set(stems), dict[str, str]()
    for word in words_of(text):
        stem = _stem(word)
        if stem in wanted and word not in people:
            found.setdefault(stem, word)
    return found


def names_in(text: str, names: Iterable[str] = ()) -> set[str]:
    """The words of a text that are written as names, in lower case."""
    known = {part for name in names for part in words_of(name)}
    found: set[str] = set()
    before = ""
    for match in _WORD.finditer(text):
        word, place = match[0], match.start()
        lower = word.casefold()
        if SURNAME.fullmatch(word) or any(part in _FIRST for part in re.split("[-’']", lower)):
            found.add(lower)
        elif word[0].isupper() and not word.isupper():
            follows = before in _FIRST or before in TITLES or (before in found and before)
            inside = _ENDS_SENTENCE.search(text[:place][-4:]) is None and place > 0
            like = lower in known or LIKE_SURNAME.fullmatch(lower) is not None
            if follows or (inside and like):
                found.add(lower)
        before = lower if text[match.end() : match.end() + 1] in (" ", "\u00a0") else ""
    return found | {part for one in found for part in one.replace("’", "-").split("-")}


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    """The stem of a word that may be a subject; '' for one that cannot."""
    return next(iter(terms_of(word)), "")
