"""A report as a file to work on with: CSV and XLSX, from the same cells as the screen shows.

A share becomes three columns (percent, part, whole) and a time becomes minutes, so that a
spreadsheet can count on. What a spreadsheet could take for a formula is written as words.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from typing import Any

from babel.support import NullTranslations

from app.reports.cells import Column, Count, Minutes, Share, Table, Text, Value, said
from app.reports.charts import Chart
from app.reports.headlines import Headline
from app.reports.subjects import Example

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may begin to work out (OWASP, CSV injection); full-width signs as well."""
LONGEST_SHEET_NAME = 31  # Excel's own limit
NOT_IN_SHEET_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))

Plain = str | int | float | None
"""What goes into one column of a file; a float is a share, 0-1."""


@dataclass(frozen=True, slots=True)
class Document:
    """A report ready to be written: title, what it is about line by line, its tables."""

    title: str
    lines: tuple[str, ...]
    tables: list[Table]
    language: str
    say: NullTranslations
    charts: dict[str, Chart] = field(default_factory=dict)
    """Drawings by the key of the table that holds the same figures."""
    headlines: list[Headline] = field(default_factory=list)
    sounds: list[tuple[str, Example]] = field(default_factory=list)
    """A subject's word and a case in it that the reader may see; for the page alone."""

    def said(self, value: Value) -> str:
        """A value as it is read."""
        return said(value, self.say)


def heads(columns: Sequence[Column], say: NullTranslations) -> list[str]:
    """The heads of a table's columns in a file."""
    found = []
    for column in columns:
        found.append(f"{column.head}{_unit(column, say)}")
        if column.sort is Share:
            found += [
                say.gettext("%(head)s, antal") % {"head": column.head},
                say.gettext("%(head)s, av") % {"head": column.head},
            ]
    return found


def _unit(column: Column, say: NullTranslations) -> str:
    if column.sort is Share:
        return say.gettext(", procent")
    return say.gettext(", minuter") if column.sort is Minutes else ""


def plain(value: Value) -> list[Plain]:
    """A value as the columns of a file hold it; None where it is not told."""
    if isinstance(value, Text):
        return [value.text]
    if isinstance(value, Count):
        return [value.n]
    if isinstance(value, Minutes):
        return [value.told]
    tenths = value.tenths
    return [None if tenths is None else tenths / 1000, value.part, value.whole]


def rows_of(table: Table) -> Iterator[list[Plain]]:
    """A table's rows as a file holds them."""
    for row in table.rows:
        yield [one for cell in row for one in plain(cell.value)]


def csv_of(document: Document) -> bytes:
    """The whole report as CSV the way Swedish spreadsheets read it: UTF-8 with BOM, semicolons,
    decimal comma; each part has its title, its definition and its heads above it."""
    out = StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([harmless(document.title)])
    for line in document.lines:
        writer.writerow([harmless(line)])
    for table in document.tables:
        writer.writerow([])
        writer.writerow([harmless(table.title)])
        writer.writerow([harmless(table.definition)])
        writer.writerow([harmless(head) for head in heads(table.columns, document.say)])
        for row in rows_of(table):
            writer.writerow([_csv(one) for one in row])
        if not table.rows:
            writer.writerow([harmless(table.note)])
    return out.getvalue().encode("utf-8-sig")


def _csv(one: Plain) -> str:
    """A share in percent with one decimal; the rest as it is."""
    if one is None:
        return ""
    if isinstance(one, float):
        return f"{one * 100:.1f}".replace(".", ",")
    return harmless(one) if isinstance(one, str) else str(one)


def harmless(text: str) -> str:
    """Words that no spreadsheet works out: an apostrophe goes before what it could begin with."""
    return f"'{text}" if text.startswith(FORMULA) else text


def xlsx_of(document: Document) -> bytes:
    """The whole report as a workbook: a sheet that says what it is about, then one per table."""
    from xlsxwriter import Workbook  # only for those who export

    out = BytesIO()
    book = Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"title": document.title, "comments": " ".join(document.lines)})
    looks = {
        "title": book.add_format({"bold": True, "font_size": 16}),
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"}),
        "soft": book.add_format({"font_color": "#55645F", "text_wrap": True, "valign": "top"}),
        "share": book.add_format({"num_format": "0.0%"}),
        "number": book.add_format({"num_format": "#,##0"}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    about = book.add_worksheet(document.say.gettext("Om rapporten"))
    about.set_column(0, 0, 100)
    about.write_string(0, 0, document.title, looks["title"])
    place = 2
    for line in document.lines:
        about.write_string(place, 0, line, looks["text"])
        place += 1
    for table in document.tables:
        about.write_string(place + 1, 0, table.title, looks["head"])
        about.write_string(place + 2, 0, table.definition, looks["soft"])
        place += 3
    taken: set[str] = set()
    for table in document.tables:
        _sheet(book, table, document.say, looks, taken)
    book.close()
    return out.getvalue()


def _sheet(
    book: Any, table: Table, say: NullTranslations, looks: dict[str, Any], taken: set[str]
) -> None:
    """One table on a sheet of its own: heads that stay in sight, numbers as numbers."""
    sheet = book.add_worksheet(_sheet_name(table.title, taken))
    names = heads(table.columns, say)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, max(len(names) - 1, 1), 15)
    for place, name in enumerate(names):
        sheet.write_string(0, place, name, looks["head"])
    sheet.freeze_panes(1, 1)
    for down, row in enumerate(rows_of(table), start=1):
        for place, one in enumerate(row):
            if isinstance(one, float):
                sheet.write_number(down, place, one, looks["share"])
            elif isinstance(one, int):
                sheet.write_number(down, place, one, looks["number"])
            elif one is not None:
                sheet.write_string(down, place, one, looks["text"])
    if not table.rows:
        sheet.write_string(1, 0, table.note, looks["soft"])


def _sheet_name(title: str, taken: set[str]) -> str:
    """A name that Excel takes and no other sheet has."""
    name = title.translate(NOT_IN_SHEET_NAMES).strip("' ")[:LONGEST_SHEET_NAME] or "-"
    number = 2
    while name.casefold() in taken:
        name = f"{name[: LONGEST_SHEET_NAME - 3]} {number}"
        number += 1
    taken.add(name.casefold())
    return name
