"""What a person typed in the search field, read as words: anything typed means something.

The index holds words as they stand. Swedish endings are followed here: a word is searched for in
every form that has the same stem (råtta, råttor, råttornas), so that both databases find the same.
"""

import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from snowballstemmer import stemmer  # type: ignore[import-untyped]  # it brings no types

MOST_WORDS = 10
"""Words (and as many exclusions) that are searched for; what follows them is passed over."""
SHORTEST_BEGINNING = 3
LONGEST_WORD = 100

WORD = re.compile(r"[^\W_]+")
PIECE = re.compile(r"(?:(?<=\s)|^)(-?)(?:[\"”“„]([^\"”“„]*)[\"”“„]?|([^\s\"”“„]+))|([^\s\"”“„]+)")

ENDINGS = (
    "", "s", "a", "as", "e", "es", "ad", "ade", "ades", "ande", "andet", "anden", "ar", "are",
    "aren", "arens", "arne", "arna", "arnas", "ast", "aste", "at", "en", "ens", "er", "ern", "erns",
    "erna", "ernas", "ers", "et", "ets", "het", "heten", "hetens", "heter", "hets", "or", "ors",
    "orna", "ornas",
)  # fmt: skip
"""The endings that the Swedish stemmer takes off, and the genitive of some."""
BEFORE_ENDINGS = ("", "lig", "ig", "els", "t", "d", "n")

_own = threading.local()


def _stem_of(word: str) -> str:
    """The word's Swedish stem; a stemmer keeps state, so that each thread has its own."""
    if not hasattr(_own, "stemmer"):
        _own.stemmer = stemmer("swedish")
    return str(_own.stemmer.stemWord(word))


@dataclass(frozen=True, slots=True)
class Term:
    """One thing searched for: a word in any of its `forms` (or beginning so), or words in order."""

    forms: frozenset[str] = frozenset()
    beginning: str = ""
    in_order: tuple[str, ...] = ()

    def stands_in(self, words: list[str]) -> bool:
        """Whether a text of these words has it."""
        if self.in_order:
            last = len(words) - len(self.in_order) + 1
            wanted = list(self.in_order)
            return any(words[at : at + len(wanted)] == wanted for at in range(max(last, 0)))
        return any(
            word in self.forms or (self.beginning != "" and word.startswith(self.beginning))
            for word in words
        )

    def written(self) -> list[str]:
        """The forms that need saying: those that begin so are found by the beginning."""
        return sorted(
            form for form in self.forms if not self.beginning or not form.startswith(self.beginning)
        )

    def common_part(self, common: frozenset[str]) -> "Term | None":
        """The same by these forms alone; a beginning is one of them when one of them begins so."""
        if self.in_order:
            return self if common.issuperset(self.in_order) else None
        part = Term(common.intersection(self.written()), self._common_beginning(common))
        return part if part.forms or part.beginning else None

    def other_part(self, common: frozenset[str]) -> "Term | None":
        """The same by all that `common_part` leaves out; None when that is nothing."""
        if self.in_order:
            return None if common.issuperset(self.in_order) else self
        beginning = "" if self._common_beginning(common) else self.beginning
        part = Term(frozenset(self.written()).difference(common), beginning)
        return part if part.forms or part.beginning else None

    def _common_beginning(self, common: frozenset[str]) -> str:
        begins = self.beginning and any(form.startswith(self.beginning) for form in common)
        return self.beginning if begins else ""


@dataclass(frozen=True, slots=True)
class Asked:
    """All of `terms` and none of `without`."""

    terms: tuple[Term, ...]
    without: tuple[Term, ...] = ()

    def fits(self, text: str) -> bool:
        """Whether a text has all that is asked for, as the index would say."""
        words = words_of(text)
        return all(term.stands_in(words) for term in self.terms) and not any(
            term.stands_in(words) for term in self.without
        )

    def by_common(self, common: frozenset[str]) -> "Asked | None":
        """The same question by these forms alone; None where a term has none of them."""
        terms = [term.common_part(common) for term in self.terms]
        without = [part for term in self.without if (part := term.common_part(common))]
        found = [part for part in terms if part is not None]
        return Asked(tuple(found), tuple(without)) if len(found) == len(terms) else None

    def by_others(self, common: frozenset[str]) -> list["Asked"]:
        """What `by_common` leaves: each with one term by its other forms, the rest in full."""
        found = []
        for place, term in enumerate(self.terms):
            if other := term.other_part(common):
                rest = self.terms[:place] + self.terms[place + 1 :]
                found.append(Asked((other, *rest), self.without))
        return found

    def holds(self, word: str) -> bool:
        """Whether a word of a text is one of those asked for (to mark it)."""
        return any(
            word in term.forms
            or word in term.in_order
            or (term.beginning != "" and word.startswith(term.beginning))
            for term in self.terms
        )


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, as the index sees them."""
    return WORD.findall(unicodedata.normalize("NFC", text).lower())


@lru_cache(maxsize=2048)
def forms_of(word: str) -> frozenset[str]:
    """All words that share the word's Swedish stem, itself among them."""
    base = re.sub("(?<=..a)ns?$", "", word) if len(word) > 4 else word
    stem = _stem_of(base)
    tried = {stem + before + end for before in BEFORE_ENDINGS for end in ENDINGS}
    same = {word, base} | {form for form in tried if _stem_of(form) == stem}
    # the stemmer leaves -an alone, but gatan is one gata
    return frozenset(same | {stem + end for end in ("an", "ans") if stem + "a" in same})


def read(text: str) -> Asked:
    """What was asked for. "In quotes": just so. -word: without it. The last word may go on."""
    terms: list[Term] = []
    without: list[Term] = []
    typed = unicodedata.normalize("NFC", text.replace("\x00", " "))
    for piece in PIECE.finditer(typed):
        minus, quoted, plain, glued = piece.groups()
        to = without if minus else terms
        words = [word[:LONGEST_WORD] for word in words_of(quoted or plain or glued or "")]
        if quoted and words:
            to.append(Term(in_order=tuple(words[:MOST_WORDS])))
            continue
        at_end = piece.end() == len(typed)
        for place, word in enumerate(words, 1 - len(words)):
            goes_on = at_end and place == 0 and not minus and len(word) >= SHORTEST_BEGINNING
            to.append(Term(forms_of(word), word if goes_on else ""))
        if min(len(terms), len(without)) >= MOST_WORDS:
            break
    if not terms:  # a minus alone excludes nothing: then its word is what is meant
        terms, without = without, []
    return Asked(tuple(terms[:MOST_WORDS]), tuple(without[:MOST_WORDS]))


def for_sqlite(asked: Asked) -> str:
    """The question as FTS5 reads it; words are letters and digits only, so nothing can break it."""

    def said(term: Term) -> str:
        if term.in_order:
            return '"' + " ".join(term.in_order) + '"'
        forms = [f'"{form}"' for form in term.written()]
        return "(" + " OR ".join(forms + [f'"{term.beginning}" *'] * bool(term.beginning)) + ")"

    wanted = " AND ".join(map(said, asked.terms))
    unwanted = " OR ".join(map(said, asked.without))
    return f"({wanted}) NOT ({unwanted})" if unwanted else wanted


def for_postgresql(asked: Asked) -> str:
    """The question as a tsquery."""

    def said(term: Term) -> str:
        if term.in_order:
            return "(" + " <-> ".join(f"'{word}'" for word in term.in_order) + ")"
        forms = [f"'{form}'" for form in term.written()]
        return "(" + " | ".join(forms + [f"'{term.beginning}':*"] * bool(term.beginning)) + ")"

    return " & ".join([*map(said, asked.terms), *(f"!{said(term)}" for term in asked.without)])
