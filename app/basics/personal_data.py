"""Finds and masks personal data: Swedish personal identity numbers everywhere, and for training
material also telephone numbers, addresses of mail and web, handles and names.

Ten or twelve digits, the separator optional; the date must exist (day + 60 for a coordination
number) and the last digit must be right by the Luhn rule (Skatteverket, SKV 704).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date

_SHAPE = re.compile(
    r"(?<![\d-])(?:(?P<century>18|19|20))?(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?P<separator>[-+–\u2212 ]?)(?P<last>\d{4})(?![\d-])"
)


def find_personal_identity_numbers(text: str) -> list[tuple[int, int]]:
    """Where such numbers stand: (start, end) pairs in order."""
    return [match.span() for match in _SHAPE.finditer(text) if _is_one(match)]


def mask(text: str) -> str:
    """The text with such numbers replaced by •; everything else as it was."""
    parts, end = [], 0
    for start, stop in find_personal_identity_numbers(text):
        parts += [text[end:start], re.sub(r"\d", "•", text[start:stop])]
        end = stop
    return "".join(parts) + text[end:] if parts else text


_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<!\w)@[\w.]+")
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)?\d(?:[ \u00a0-]?\d){6,13}(?!\w)")
_PLATE = re.compile(r"\b[A-Za-z]{3} ?\d{2}[A-Za-z0-9]\b")


def mask_all(text: str, names: Iterable[str] = ()) -> str:
    """The text as training material may keep it: who and where to reach them is taken out.

    Identity numbers, telephone numbers and number plates keep their shape as •; mail addresses,
    links and handles become a word that says what stood there; `names` (of the people in the
    conversation) become •, each word of at least three letters by itself.
    """
    text = mask(text)
    text = _LINK.sub("[länk]", text)
    text = _MAIL.sub("[e-post]", text)
    text = _HANDLE.sub("[namn]", text)
    text = _PHONE.sub(lambda match: re.sub(r"\d", "•", match.group()), text)
    text = _PLATE.sub("•••", text)
    parts = {part for name in names for part in re.findall(r"[^\W\d_]{3,}", name)}
    if parts:
        known = "|".join(sorted(map(re.escape, parts), key=len, reverse=True))
        text = re.sub(rf"(?<!\w)(?:{known})s?(?!\w)", "•", text, flags=re.IGNORECASE)
    return text


_WRITTEN = re.compile(
    r"(?<!\d)(?:(?P<century>18|19|20)?(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?P<separator>[^\S\n]?[-+\u2010-\u2015\u2212]?[^\S\n]?)"
    r"|(?P<iso_century>18|19|20)(?P<iso_year>\d{2})-(?P<iso_month>\d{2})-(?P<iso_day>\d{2})"
    r"[^\S\n]?[-+\u2010-\u2015\u2212][^\S\n]?)(?P<last>\d{4})(?!\d)"
)
_CALLING = re.compile(r"\b(?:ring|tel|mobil|sms|call|phone)\w*\W*(?:\w+\W+){0,2}$", re.IGNORECASE)


def find_written_identity_numbers(text: str) -> list[tuple[int, int]]:
    """Where a person who writes has put such numbers: (start, end) pairs in order.

    Wider than `find_personal_identity_numbers`: dashes of every kind, blanks around them, a date
    with hyphens, a hyphen before or after. Ten digits in a row that begin with 0 can be a telephone
    number as well: they are one when a word for calling stands right before them.
    """
    found = []
    match = _WRITTEN.search(text)
    while match:
        is_one = _is_written(match)
        if is_one:
            found.append(match.span())
        match = _WRITTEN.search(text, match.end() if is_one else match.start() + 1)
    return found


def _is_written(match: re.Match[str]) -> bool:
    named = ("century", "year", "month", "day")
    part = {name: match[name] or match[f"iso_{name}"] or "" for name in named}
    in_a_row = not part["century"] and not match["separator"]
    if in_a_row and part["year"].startswith("0"):
        before = match.string[max(0, match.start() - 40) : match.start()]
        if _CALLING.search(before):
            return False
    digits = part["year"] + part["month"] + part["day"] + match["last"]
    return _has_date(part) and _luhn(digits)


def _is_one(match: re.Match[str]) -> bool:
    digits = match["year"] + match["month"] + match["day"] + match["last"]
    return _has_date(match) and _luhn(digits)


def _has_date(match: re.Match[str] | Mapping[str, str]) -> bool:
    day = int(match["day"])
    day -= 60 if day > 60 else 0
    centuries = [match["century"]] if match["century"] else ["19", "20"]
    for century in centuries:
        try:
            date(int(century + match["year"]), int(match["month"]), day)
        except ValueError:
            continue
        return True
    return False


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(digits):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return total % 10 == 0
