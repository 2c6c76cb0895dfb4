"""What to think of before an answer leaves: a draft and what is known of its case in, findings out.

Nothing here looks anything up or keeps anything. The rules come from the secrecy act (staff never
confirm that somebody is a client), from data protection (identity numbers, private numbers and
addresses) and from the demand that an authority neither promises nor prejudges.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from app.answers import care_words
from app.basics.personal_data import find_written_identity_numbers


class Care(StrEnum):
    """What was found."""

    IDENTITY_NUMBER = "identity_number"
    CLIENT = "client"
    """It can be read as a confirmation that somebody is known to the social services."""
    HEALTH = "health"
    PHONE = "phone"
    MAIL = "mail"
    PROMISE = "promise"
    NAME = "name"
    LINK = "link"
    LANGUAGE = "language"
    SHOUTING = "shouting"


STOPS = frozenset({Care.IDENTITY_NUMBER, Care.CLIENT})
"""What does not leave before a person has chosen a reason."""
TIPS = frozenset({Care.LANGUAGE, Care.SHOUTING})
"""What is only asked about."""


class Override(StrEnum):
    """Why a person sends all the same. A closed list: the ledger holds no free text."""

    NOT_PERSONAL = "not_personal"
    NOBODY_MEANT = "nobody_meant"
    INVENTED = "invented"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class About:
    """What a draft is held against.

    `words`: what the resident has written; `language`: theirs, '' when not known; `restricted`:
    the department's matters are secret; `domains` and `switchboard` are the city's own.
    """

    name: str = ""
    words: str = ""
    language: str = ""
    restricted: bool = False
    domains: tuple[str, ...] = ()
    switchboard: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to think of.

    `said`: the place in the draft ('' where it shall not be repeated), or the draft's language;
    `theirs`: the resident's name or language, where the draft has another.
    """

    care: Care
    said: str = ""
    theirs: str = ""

    @property
    def level(self) -> str:
        """stop, warn or tip."""
        if self.care in STOPS:
            return "stop"
        return "tip" if self.care in TIPS else "warn"


def look_at(draft: str, about: About) -> list[Finding]:
    """What to think of in a draft, the gravest first; of each kind at most one."""
    found = [Finding(Care.IDENTITY_NUMBER)] if find_written_identity_numbers(draft) else []
    found += _on_health(draft, about)
    places = {
        Care.PHONE: _private_phone(draft, about.switchboard),
        Care.MAIL: _private_mail(draft, about.domains),
        Care.PROMISE: _first(care_words.PROMISE, draft),
        Care.NAME: _wrong_name(draft, about),
        Care.LINK: _broken_link(draft),
        Care.LANGUAGE: _other_language(draft, about),
        Care.SHOUTING: _shouting(draft),
    }
    theirs = {Care.NAME: about.name, Care.LANGUAGE: _their_language(about)}
    return found + [
        Finding(care, said, theirs.get(care, "")) for care, said in places.items() if said
    ]


def must_ask(findings: Iterable[Finding]) -> list[Care]:
    """The findings that need a reason before the answer leaves."""
    return [one.care for one in findings if one.care in STOPS]


def language_of(text: str) -> str:
    """sv, en or ar by letters and common words; '' when the text is too short to tell."""
    text = _LINK.sub(" ", text)
    letters = [letter for letter in text if letter.isalpha()]
    arabic = sum("\u0600" <= letter <= "\u06ff" for letter in letters)
    if arabic >= 6 and arabic * 2 > len(letters):
        return "ar"
    words = re.findall(r"[^\W\d_]+", text.casefold())
    swedish = sum(word in care_words.SWEDISH for word in words)
    english = sum(word in care_words.ENGLISH for word in words)
    if swedish >= 3 and swedish > 2 * english:
        return "sv"
    return "en" if english >= 3 and english > 2 * swedish else ""


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group() if match else ""


_LINK = re.compile(r"(?<!\S)\S*(?:://|www\.|@)\S*", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?\n]+")


def _on_health(draft: str, about: About) -> list[Finding]:
    """Care or illness said of a person; in a restricted department it confirms a client."""
    someone = {part for part in _names_in(about.name) if len(part) > 2} | care_words.FIRST_NAMES
    weak = ""
    for sentence in _SENTENCE.split(_GREETING.sub("", draft)):
        match = care_words.OF_A_PERSON.search(sentence)
        word = _first(care_words.ILLNESS, sentence) or _first(care_words.SUPPORT, sentence)
        if match or (word and _names_somebody(sentence, someone)):
            said = match.group() if match else word
            return [Finding(Care.CLIENT if about.restricted else Care.HEALTH, said)]
        if about.restricted:
            weak = weak or _first(care_words.ILLNESS, sentence)
    return [Finding(Care.HEALTH, weak)] if weak else []


_AT_WORK = re.compile(r"(?:\s+[A-ZÅÄÖ]\w+)?\s+(?:på|från|hos|vid)\b")


def _names_somebody(sentence: str, names: Iterable[str]) -> bool:
    """A name, but not of somebody who works there: `Anna på hemtjänsten`."""
    known = {_folded(name) for name in names}
    for match in re.finditer(r"[^\W\d_]+(?:-[^\W\d_]+)?", sentence):
        word, after = match.group(), sentence[match.end() :]
        bare = _folded(word)
        is_name = word[0].isupper() and (bare in known or bare.removesuffix("s") in known)
        if is_name and not _AT_WORK.match(after):
            return True
    return False


_PHONE = re.compile(
    r"(?<![\w+./@=-])(?:\+|0)(?:\d|\(0\))(?:[ \u00a0/()\u2010-\u2013-]{0,2}\d){5,12}(?![\w@])"
)
_HOURS = re.compile(r"([01]\d|2[0-4])[0-5]\d\W{1,3}([01]\d|2[0-4])[0-5]\d")
_OPEN_TO_ALL = ("010", "020", "077", "0900", "0939", "0944", "0200")
"""What numbers of companies and authorities begin with, wherever they are."""


def _private_phone(draft: str, switchboard: str) -> str:
    """A telephone number that is not the city's and not of a kind that only organisations have."""
    own = re.sub(r"\D", "", switchboard)[:-4]
    taken = find_written_identity_numbers(draft)
    for match in _PHONE.finditer(draft):
        digits = re.sub(r"\D", "", match.group().replace("(0)", ""))
        if match.group().startswith("+") or digits.startswith("00"):
            digits = re.sub(r"^(?:00)?460?", "0", digits)
        inside = any(start < match.end() and match.start() < end for start, end in taken)
        if inside or _HOURS.fullmatch(match.group()) or digits.startswith(_OPEN_TO_ALL):
            continue
        if not (own and digits.startswith(own)) and len(digits) >= 8:
            return match.group()
    return ""


_MAIL = re.compile(r"(?<![\w.+-])(?P<who>[\w.+-]+)@(?P<where>[\w-]+(?:\.[\w-]+)+)")


def _private_mail(draft: str, domains: tuple[str, ...]) -> str:
    """A mail address that is neither the city's nor an organisation's common one."""
    for match in _MAIL.finditer(draft):
        where = match["where"].casefold()
        ours = any(where == own or where.endswith(f".{own}") for own in domains)
        if not ours and match["who"].casefold() not in care_words.COMMON_MAILBOXES:
            return match.group()
    return ""


_GREETING = re.compile(
    r"^[^\S\n]*(?i:hej|hejsan|hallå|tjena|goddag|hi|hello|dear)[^\S\n]+@?"
    r"(?P<name>[^\W\d_a-zåäöéü][^\W\d_]+(?:[ -][^\W\d_a-zåäöéü][^\W\d_]+)?)",
    re.MULTILINE,
)


def _wrong_name(draft: str, about: About) -> str:
    """A name in the greeting that is nearly the resident's, or quite another's.

    Only where the resident shows a name and not a handle, and has not used the other name.
    """
    theirs = _names_in(about.name)
    match = _GREETING.search(draft)
    if match is None or len(theirs) < 2:
        return ""
    known = {_folded(name) for name in theirs}
    for part in re.finditer(r"[^\W\d_]+", match["name"]):
        word, bare = part.group(), _folded(part.group())
        if bare in known or re.search(rf"\b{re.escape(word)}\b", about.words, re.IGNORECASE):
            continue
        near = any(SequenceMatcher(None, bare, name).ratio() >= 0.75 for name in known)
        if near or word in care_words.FIRST_NAMES:
            return word
    return ""


def _names_in(name: str) -> list[str]:
    """The parts of a shown name; none of a handle."""
    if not name or re.search(r"[\d_@.]", name):
        return []
    return [part for part in re.findall(r"[^\W\d_]+", name) if part[0].isupper()]


def _folded(word: str) -> str:
    """Without accents and capitals: André is Andre."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


_MEANT_AS_LINK = re.compile(r"(?:h?[tp]{2,4}s?[:;/,.]|w{2,4}[.,:;])\S", re.IGNORECASE)
_SOUND_LINK = re.compile(
    r"(?:https?://|www\.)(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d{1,5})?(?:[/?#][^\s…]*)?", re.IGNORECASE
)


def _broken_link(draft: str) -> str:
    """Something meant as an address on the web that can lead nowhere, by its form alone."""
    for token in draft.split():
        address = token.strip("()<>[]{}\"'”’«»").rstrip(".,;:!?)\"'”’»")
        if _MEANT_AS_LINK.match(address) and not _SOUND_LINK.fullmatch(address):
            return address
    return ""


def _their_language(about: About) -> str:
    return about.language or language_of(about.words)


def _other_language(draft: str, about: About) -> str:
    """The draft's language when it is not the resident's; a Nordic neighbour reads Swedish."""
    theirs, ours = _their_language(about), language_of(draft)
    if not theirs or not ours or theirs == ours:
        return ""
    return "" if ours == "sv" and theirs in ("da", "nb", "nn", "no") else ours


_CAPITALS = re.compile(r"\b[^\W\d_a-zåäöéü]{2,}(?:\s+[^\W\d_a-zåäöéü]{2,})+\b")


def _shouting(draft: str) -> str:
    """Several words in capitals after one another (an abbreviation is none), or marks in a row."""
    for match in _CAPITALS.finditer(draft):
        words = match.group().split()
        long = any(len(word) > 4 and word != "KOMVUX" for word in words)
        if long and all(word.isupper() for word in words):
            return match.group()
    return _first(re.compile(r"!{2,}"), draft)
