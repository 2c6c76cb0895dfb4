"""Reads a report back out of its page and its files, by other means than it was written with."""

import csv
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO, StringIO

from openpyxl import load_workbook
from pypdf import PdfReader

HARD = dict.fromkeys(map(ord, "\u202f\u00a0"), " ")


@dataclass
class Read:
    """A table as it was read: heads and rows of plain text."""

    title: str = ""
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


class PageReader(HTMLParser):
    """The tables of a page by their `data-table`, with the link of each cell ('' for none)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: dict[str, Read] = {}
        self.links: dict[str, list[list[str]]] = {}
        self._table, self._cell, self._head, self._caption = "", None, False, False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """A table, a row, a cell or a link begins."""
        given = dict(attrs)
        if tag == "table":
            self._table = given.get("data-table", "")
            if self._table:
                self.tables[self._table], self.links[self._table] = Read(), []
        elif tag == "thead":
            self._head = True
        elif self._table and tag == "tr" and not self._head:
            self.tables[self._table].rows.append([])
            self.links[self._table].append([])
        elif self._table and tag == "caption":
            self._caption = True
        elif self._table and tag in ("td", "th"):
            self._cell = ""
            if not self._head:
                self.links[self._table][-1].append("")
        elif self._cell is not None and tag == "a":
            self.links[self._table][-1][-1] = given["href"]

    def handle_data(self, data):
        """Words of a cell, or what the table is called."""
        if self._caption:
            self.tables[self._table].title = data
            self._caption = False
        if self._cell is not None:
            self._cell += data

    def handle_endtag(self, tag):
        """A cell or a table is over."""
        if tag in ("td", "th") and self._cell is not None:
            text = " ".join(self._cell.translate(HARD).split())
            read = self.tables[self._table]
            (read.heads if self._head else read.rows[-1]).append(text)
            self._cell = None
        elif tag == "thead":
            self._head = False
        elif tag == "table":
            self._table = ""


def csv_tables(data: bytes) -> dict[str, Read]:
    """The tables of a CSV by their titles."""
    assert data.startswith(b"\xef\xbb\xbf")
    parts, part = [], []
    for row in csv.reader(StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"):
        if row:
            part.append(row)
        else:
            parts.append(part)
            part = []
    found = [Read(rows[0][0], rows[2], rows[3:]) for rows in [*parts[1:], part]]
    return {read.title: read for read in found if len(read.rows[0]) > 1}


def xlsx_tables(data: bytes) -> list[tuple[list[str], list[list[object]]]]:
    """Heads and rows of each sheet but the first; every cell must be a value, none a formula.

    Of a sheet that says why it is empty there are no rows.
    """
    book = load_workbook(BytesIO(data))
    found = []
    for sheet in book.worksheets[1:]:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
        told = [row for row in rows[1:] if any(one is not None for one in row[1:])]
        found.append((rows[0], told))
    return found


def pdf_text(data: bytes) -> str:
    """All words of a PDF with single spaces."""
    pages = (page.extract_text() for page in PdfReader(BytesIO(data)).pages)
    return " ".join(" ".join(pages).translate(HARD).split())


def minutes_of(told: str) -> str:
    """2 t 40 min as minutes; '' for what is not told."""
    found = re.fullmatch(r"(?:(\d+) t)? ?(?:(\d+) min)?", told)
    if found is None or not any(found.groups()):
        return ""
    return str(60 * int(found[1] or 0) + int(found[2] or 0))


def as_file(told: str, heads: list[str]) -> list[str]:
    """What a cell of the page is in the columns of a file that have these heads."""
    if len(heads) == 3:
        share = re.fullmatch(r"(?:(\d+,\d) % \()?(?:för få.*: )?([\d ]+) av ([\d ]+)\)?", told)
        if share is None:
            return ["", "0", "0"]
        return [share[1] or "", share[2].replace(" ", ""), share[3].replace(" ", "")]
    if heads[0].endswith(", minuter"):
        return [minutes_of(told)]
    if re.fullmatch(r"\d[\d ]*", told) and heads[0] != "Dag":
        return [told.replace(" ", "")]
    return ["" if told == "–" and heads[0] != "Exempel" else told]
