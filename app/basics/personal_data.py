"""Finds and masks Swedish personal identity numbers (personnummer, samordningsnummer).

Ten or twelve digits, the separator optional; the date must exist (day + 60 for a coordination
number) and the last digit must be right by the Luhn rule (Skatteverket, SKV 704).
"""

import re
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


def _is_one(match: re.Match[str]) -> bool:
    digits = match["year"] + match["month"] + match["day"] + match["last"]
    return _has_date(match) and _luhn(digits)


def _has_date(match: re.Match[str]) -> bool:
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
