"""The words of earlier answers: the stems a question is found by, and an answer fit to use again.

Text in, text out: nothing here looks anything up.
"""

import re
from collections.abc import Iterable, Sequence

from snowballstemmer import stemmer  # type: ignore[import-untyped]  # it brings no types

from app.answers import care_words
from app.answers.templates import first_name_of
from app.basics.personal_data import mask, mask_all
from app.basics.search_words import words_of

SHORTEST, LONGEST = 3, 40
MOST = 40
"""Stems that are kept of one question."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS = _words(
    "alla allt alltid andra annan annat bara bli blir blivit borde bra bör dag dagar dags dem den"
    " denna dess dessa det detta dig dock dom dej där därför då efter eftersom ej eller emot en er"
    " era ert ett fast fick fin finns fram får få för före först första förut gick ganska genom ger"
    " gick gjort gång gånger gör göra gått går gällande ha hade han hans haft hej hejsan hela helt"
    " henne hennes hit hjälp hon honom hur här i ibland idag igen igår in ingen inget inom innan"
    " inte ja jag ju just kan kanske kl klart kom komma kommer kommun kommunen kommunens kunde"
    " känns landskrona ligger lite längre man med mej mellan men mer mera mest mig min mina mitt"
    " mot mycket många måste ner ni nog nu något någon några nån nåt när nära nästa och också olika"
    " om oss på redan runt samma sedan ser sett si sig sin sina sist sitt själv ska skall skulle"
    " snart snälla som sta staden stadens står svar svara så sådan säga säger sätt tack tills tror"
    " trots tycker undrar under upp ut utan vad vara varför varit varje vart vem vet vi vid vidare"
    " vilka vilken vilket vill ville väl vår våra vårt vänta än ändå är även över år"
    " about also and any are but can does for get has how its just not now off one out some than"
    " thanks that them then there they too was were who why with you ring ringa ringt ringde"
) | {word.casefold() for word in care_words.SWEDISH | care_words.ENGLISH}
"""Words that say nothing of what a question is about."""

_FIRST_NAMES = frozenset(name.casefold() for name in care_words.FIRST_NAMES)
_SAID_OF_MASKED = re.compile(r"\[(?:länk|e-post|namn)\]")
_SIGNED = re.compile(
    r"(?:\b(?:mvh|hälsar|hälsningar?|regards)\b|(?<!\S)[/-](?=\w))[^\n]{0,40}\s*$", re.IGNORECASE
)


def terms_of(text: str, names: Iterable[str] = ()) -> list[str]:
    """The stems that say what a question is about, each once, in order.

    Left out: ordinary words, numbers, links, addresses, handles, `names`, common first names, and
    how the text is signed.
    """
    stem = stemmer("swedish").stemWord  # one of its own: it keeps what it works on
    left_out = _FIRST_NAMES | {part.casefold() for name in names for part in words_of(name)}
    found: dict[str, None] = {}
    bare = _SAID_OF_MASKED.sub(" ", mask_all(_SIGNED.sub("", text)))
    for word in words_of(bare):
        if len(word) < SHORTEST or not word.isalpha() or word in STOP_WORDS:
            continue
        if word in left_out or word.removesuffix("s") in left_out:
            continue
        # gatan is one gata: the stemmer leaves -an alone
        base = re.sub("(?<=..a)ns?$", "", word) if len(word) > 4 else word
        found.setdefault(stem(base)[:LONGEST])
        if len(found) >= MOST:
            break
    return list(found)


# --- An answer fit to use again -------------------------------------------------------------------

GAP = "[namn]"
"""Stands where the earlier resident's name stood within a sentence: seen, and filled by hand."""

_CAPITAL = r"[^\W\d_a-zåäöéüèøæ]"
_WHO = rf"(?:@[\w.-]*\w|{_CAPITAL}[^\W\d_]*(?:[-'’][^\W\d_]+)*)"
_GREETING = re.compile(
    r"\A\s*(?P<hello>(?i:hej(?:san)?(?:[ \t]+(?:igen|där))?|hallå|tjena|goddag"
    r"|god[ \t]+(?:dag|morgon|kväll)|hi(?:[ \t]+there)?|hello|dear))"
    rf"(?P<who>(?:,?[ \t]+(?:(?:och|and|&)[ \t]+)?{_WHO}){{0,5}})(?![^\W\d_])"
)
_WORD = re.compile(r"[^\W_]+")
_NEXT_WORD = re.compile(r"[ \t-]+([^\W_]+)")
_BETWEEN = re.compile(r"[ \t._-]?@?")
_GENITIVE = re.compile(r"(?:['’]s(?!\w))?")
_CALLED = re.compile(r"\b(hej|tack|hello|hi|thanks|thank you)[ \t]*,?[ \t]+\Z", re.IGNORECASE)
_COMMA = re.compile(r",[ \t]+\Z")
_STOP = re.compile(r"[ \t]*[,.!?]")
_ADDRESSED = re.compile(r"\A\s*@[\w.-]*\w[ \t,:]*")
_SIGNATURE = re.compile(r"(?:\A|\s)/\s?[^\W\d_][^\n/]{0,80}\s*\Z")


def reusable(body: str, *, names: Sequence[str], author: str, to: str) -> str:
    """An earlier answer's words for somebody else: unsigned, greeting `to`, no earlier name.

    `names`: what those who were answered call themselves. Where one of them stood within a
    sentence there is a gap to fill (`GAP`). Identity numbers are masked.
    """
    known, text = _Names(names), _unsigned(_unaddressed(mask(body), names), author)
    match = _GREETING.match(text)
    if match is None:
        return _without(text, known, GAP).strip()
    hello, rest = match["hello"], text[match.end() :]
    if not match["who"]:
        return _without(hello + rest, known, GAP).strip()
    rest, name = _without(_rest_of_name(rest, known), known, GAP), first_name_of(to)
    if not name and hello.casefold() == "dear":
        hello = "Hello"
    return f"{hello} {name}{rest}".strip() if name else f"{hello}{rest}".strip()


def _unaddressed(text: str, names: Sequence[str]) -> str:
    """Without the @name that the platform puts first."""
    for name in sorted(names, key=len, reverse=True):
        start = "@" + name.lstrip("@")
        if text.casefold().startswith(start.casefold()):
            text = text[len(start) :].lstrip(" \t,:")
    return _ADDRESSED.sub("", text)


def _unsigned(text: str, author: str) -> str:
    """Without the line that says who answered."""
    text = _SIGNATURE.sub("", text.rstrip())
    wishes = r"(?:(?:med )?vänlig(?:a)? hälsning(?:ar)?|hälsningar?|mvh|kind regards|best regards)"
    return re.sub(
        rf"\s*\b{wishes}[,!.]?\s*(?:/?{re.escape(author)}\b[^\n]*)?\s*\Z", "", text,
        flags=re.IGNORECASE,
    )  # fmt: skip


class _Names:
    """The words of what people call themselves; short ones only as they are written as names."""

    def __init__(self, names: Iterable[str]) -> None:
        parts = {part for name in names for part in _WORD.findall(name)}
        self.long = {part.casefold() for part in parts if len(part) >= 4}
        short = {part for part in parts if 2 <= len(part) < 4}
        self.short = {form for one in short for form in (one, one.capitalize(), one.upper())}

    def hold(self, word: str) -> bool:
        """Whether this word is one of them, or belongs to one (Marias)."""
        return any(
            one.casefold() in self.long or one in self.short
            for one in {word, word.removesuffix("s")}
        )


def _rest_of_name(rest: str, known: _Names) -> str:
    """What follows the part of a greeting that looks like a name, less more of it (de la Cruz)."""
    match = _NEXT_WORD.match(rest)
    while match and known.hold(match[1]):
        rest = rest[match.end() :]
        match = _NEXT_WORD.match(rest)
    return rest


def without_names(text: str, names: Iterable[str], gap: str = GAP) -> str:
    """None of the names: gone where somebody is spoken to, a gap where they are spoken of."""
    return _without(text, _Names(names), gap)


def _without(text: str, known: _Names, gap: str) -> str:
    kept, done = "", 0
    for start, end in _named(text, known):
        before = kept + text[done:start].removesuffix("@")
        called, comma = _CALLED.search(before), _COMMA.search(before)
        if called:
            kept = before[: called.end(1)]
        elif comma and _STOP.match(text, end):
            kept = before[: comma.start()]
        else:
            kept = before + gap
        done = end
    return kept + text[done:]


def _named(text: str, known: _Names) -> list[tuple[int, int]]:
    """Where names stand, several words in a row as one: (start, end) pairs in order."""
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        if not known.hold(match.group()):
            continue
        start, end = match.span()
        end = _GENITIVE.match(text, end).end()  # type: ignore[union-attr]  # it may match nothing
        if found and _BETWEEN.fullmatch(text, found[-1][1], start):
            start = found.pop()[0]
        found.append((start, end))
    return found
