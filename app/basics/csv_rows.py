"""Reads tables as Swedish offices export them: any usual encoding, delimiter, date and number."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

DELIMITERS = (";", "\t", ",")
_BLANKS = re.compile(r"[\s\u00a0\u2009\u202f]+")
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")
_WHOLE = re.compile(r"(\d{1,9})(?:[.,]0*)?")
_DATES = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
    re.compile(r"(?P<d>\d{1,2})[./](?P<m>\d{1,2})[./ ] ?(?P<y>\d{4})"),
)
_TIME = re.compile(
    r"(?:kl\.? ?)?(?P<h>\d{1,2})(?:[:.]\d{2}){0,2}(?: ?[-–] ?\d{1,2}(?:[:.]\d{2}){0,2})?",
    re.IGNORECASE,
)


class NotATable(Exception):
    """The file is empty, too large, no text, or lacks a column; `missing` names the first such."""

    def __init__(self, why: str, missing: str = "") -> None:
        super().__init__(why)
        self.why, self.missing = why, missing


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: its number (the head is 1) and its cells by column."""

    number: int
    cells: Mapping[str, str]


def text_of(data: bytes) -> str:
    """The file as text: UTF-8, UTF-16 with its mark, else as Windows writes Swedish.

    Raises `NotATable("no_text")` for what is no text at all (a spreadsheet, a picture).
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").removeprefix("\ufeff")
    if b"\x00" in data or data.startswith(b"PK\x03\x04"):
        raise NotATable("no_text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def lines_of(
    text: str, columns: Mapping[str, Sequence[str]], *, most: int
) -> tuple[frozenset[str], list[Line]]:
    """The columns that are there (by our name for them), and the lines that are not empty.

    `columns`: what each may be called, in lower case. Raises `NotATable`.
    """
    rows = text.splitlines()
    head = next((number for number, row in enumerate(rows) if row.strip()), None)
    if head is None:
        raise NotATable("empty")
    delimiter = max(DELIMITERS, key=rows[head].count)
    table = csv.reader(rows[head:], delimiter=delimiter)
    names = [_our_name(cell, columns) for cell in next(table)]
    lines: list[Line] = []
    for cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        if len(lines) >= most:
            raise NotATable("too_long")
        named = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
        lines.append(Line(head + table.line_num, named))
    return frozenset(names) - {""}, lines


def _our_name(cell: str, columns: Mapping[str, Sequence[str]]) -> str:
    plain = _BLANKS.sub(" ", cell.strip().strip("\"'*:").casefold()).strip()
    return next((name for name, known in columns.items() if plain in known), "")


def whole_number(cell: str) -> int | None:
    """A count as Swedes write it: 12, 1 204, 1.204, 12,0; None for what is none."""
    plain = _BLANKS.sub("", cell)
    if _THOUSANDS.fullmatch(plain):
        return int(plain.replace(".", ""))
    found = _WHOLE.fullmatch(plain)
    return int(found[1]) if found else None


def day_and_hour(cell: str) -> tuple[date | None, int | None]:
    """A day (2026-11-02, 20261102, 2.11.2026, 2/11 2026) and the hour when one stands after it."""
    plain = _BLANKS.sub(" ", cell.replace("T", " ")).strip()
    for shape in _DATES:
        found = shape.match(plain)
        if found is None:
            continue
        rest = plain[found.end() :].strip()
        try:
            day = date(int(found["y"]), int(found["m"]), int(found["d"]))
        except ValueError:
            return None, None
        at = hour(rest) if rest else None
        return (day, at) if not rest or at is not None else (None, None)
    return None, None


def hour(cell: str) -> int | None:
    """The hour that begins: 8, 08, 08:00, 8-9, kl. 8; None for what is no hour of a day."""
    found = _TIME.fullmatch(_BLANKS.sub(" ", cell).strip())
    return int(found["h"]) if found and int(found["h"]) < 24 else None
