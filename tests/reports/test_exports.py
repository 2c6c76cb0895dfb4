"""The files of a report say what the page says, to the last digit."""

import re
import shutil
from io import BytesIO

import pytest
from babel.support import NullTranslations
from pypdf import PdfReader

from app import create_app
from app.basics import clock
from app.database import db
from app.reports.cells import Cell, Column, Count, Minutes, Share, Table, Text
from app.reports.charts import Chart, Pile, piles
from app.reports.exports import Document, csv_of, xlsx_of
from app.reports.paper import pdf_of
from app.reports.practice_year import write_practice_year
from tests.conftest import MONDAY, FreshClient, environment
from tests.factories import a_person
from tests.reports.report_files import (
    PageReader,
    as_file,
    csv_tables,
    pdf_text,
    xlsx_tables,
)
from tests.web.test_roles import signed_in

KINDS = ("csv", "xlsx", "pdf")
PERIOD = "?period=kvartal"


@pytest.fixture(scope="module")
def manager(sqlite_template, tmp_path_factory):
    """A manager's client in a town that has had some busy weeks."""
    folder = tmp_path_factory.mktemp("town")
    shutil.copy(sqlite_template, folder / "vaxeln.sqlite")
    app = create_app(environment(folder))
    app.test_client_class = FreshClient
    with pytest.MonkeyPatch.context() as patch, app.app_context():
        patch.setattr(clock, "now", lambda: MONDAY)
        karin = a_person("manager", "Karin Ek", now=MONDAY)
        write_practice_year(app.config, now=MONDAY, a_week=50, weeks=15)
        db.session.remove()
        yield signed_in(app, karin.login)
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def files(manager):
    """The same report as each sort of file."""
    return {one: manager.get(f"/rapporter/fil/{one}{PERIOD}").data for one in KINDS}


def groups(heads):
    """The heads of a file, those of one column of the page together."""
    found = []
    for head in heads:
        if found and head.endswith((", antal", ", av")):
            found[-1].append(head)
        else:
            found.append([head])
    return found


def test_every_figure_is_the_same_on_the_page_and_in_every_file(manager, files):
    """Page, CSV, XLSX and PDF hold the same tables with the same figures, none more, none less."""
    page = PageReader(manager.get(f"/rapporter{PERIOD}").text)
    in_csv, paper = csv_tables(files["csv"]), pdf_text(files["pdf"])
    in_xlsx = [(heads, rows) for heads, rows in xlsx_tables(files["xlsx"]) if rows]
    shown = {read.title: read for read in page.tables.values()}
    assert shown.keys() == in_csv.keys()
    assert len(shown) == len(in_xlsx) >= 12
    for (title, kept), (xlsx_heads, xlsx_rows) in zip(in_csv.items(), in_xlsx, strict=True):
        heads = groups(kept.heads)
        wanted = [
            [one for told, some in zip(row, heads, strict=True) for one in as_file(told, some)]
            for row in shown[title].rows
        ]
        assert kept.rows == wanted, title
        assert xlsx_heads == kept.heads
        in_sheet = [
            [plain(*both) for both in zip(row, kept.heads, strict=True)] for row in xlsx_rows
        ]
        assert in_sheet == wanted, title
        assert [t for row in shown[title].rows for t in row if t not in paper] == [], title
        in_order = " ".join(" ".join(row) for row in shown[title].rows[:1])
        assert in_order in paper or len(kept.heads) > 6, title


def plain(value, head):
    """A value of a workbook as the CSV writes it."""
    if value is None:
        return ""
    return f"{value * 100:.1f}".replace(".", ",") if head.endswith(", procent") else str(value)


def test_the_figures_that_stand_first_are_figures_of_the_tables(manager):
    """Each of the four is told again in the table that its definition belongs to."""
    text = manager.get(f"/rapporter{PERIOD}").text
    page = PageReader(text)
    first = re.findall(r'<dd data-figure="(\w+)">(.*?)</dd>', text)
    assert [key for key, _ in first] == ["tid", "steg", "alder", "koppling"]
    for key, told in first:
        figure = (
            re.sub(r"<small>.*|<[^>]+>", "", told).replace("\u202f", " ").replace("\u00a0", " ")
        )
        cells = [cell for row in page.tables[key].rows for cell in row]
        if key == "alder":
            total = sum(int(n.replace(" ", "")) for n in page.tables[key].rows[0][1:5])
            assert figure.strip() == str(total)
        else:
            assert any(cell.startswith(figure.strip()) for cell in cells), (key, figure)


def a_document(text):
    """A document with one table of one row that begins with this text."""
    columns = (Column("Ord", Text), Column("Andel", Share), Column("Tid", Minutes), Column("Antal"))
    row = (Cell(Text(text)), Cell(Share(3, 7)), Cell(Minutes(9, 3)), Cell(Count(None)))
    chart = piles(Chart("t", "T", "D", 210.0), [Pile(text, (3,))], series=[text])
    table = Table("t", text, text, columns, [row])
    return Document(text, (text,), [table], "sv", NullTranslations(), {"t": chart})


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_what_a_resident_wrote_never_becomes_a_formula(sign):
    """Words that begin like a formula are written as words in CSV and XLSX."""
    words = f"{sign}HYPERLINK(1)"
    rows = csv_tables(csv_of(a_document(words)))
    (read,) = rows.values()
    assert read.rows[0][0] == f"'{words}"
    ((_heads, sheet),) = xlsx_tables(xlsx_of(a_document(words)))
    assert str(sheet[0][0]).endswith("HYPERLINK(1)")


def test_too_few_are_not_told_in_any_file():
    """Of a share of seven the files hold part and whole and no percent, of three times no time."""
    (read,) = csv_tables(csv_of(a_document("Ord"))).values()
    assert read.rows == [["Ord", "", "3", "7", "", ""]]
    ((_heads, rows),) = xlsx_tables(xlsx_of(a_document("Ord")))
    assert rows == [["Ord", None, 3, 7, None, None]]
    told = pdf_text(pdf_of(a_document("Ord")))
    assert "för få (under 10): 3 av 7" in told


@pytest.mark.parametrize("text", ["<b>&</b><script>", "سلام", "å" * 3000, "'", "[]:*?/\\" * 9])
def test_any_words_fit_into_every_file(text):
    """Markup, other alphabets, overlong and forbidden signs break no file."""
    document = a_document(text)
    assert csv_of(document)
    assert xlsx_tables(xlsx_of(document))
    if len(text) < 1000:
        assert pdf_of(document).startswith(b"%PDF")


def test_the_paper_has_the_letters_of_western_europe():
    """Swedish, Danish, German, French and Icelandic words stand as written; others become `?`."""
    words = "åäöÅÄÖ éèü æø ß ñç þð €–…"
    assert words in pdf_text(pdf_of(a_document(words)))
    assert "?ód? Y?lmaz" in pdf_text(pdf_of(a_document("Łódź Yılmaz")))


def test_the_paper_says_who_it_is_about_and_in_which_language(files):
    """The PDF has a title, the city and the language of the one who asked for it."""
    paper = PdfReader(BytesIO(files["pdf"]))
    assert paper.metadata is not None
    assert paper.metadata.title == "Svarstider och inflöde"
    assert paper.metadata.author == "Landskrona stad"
    assert paper.trailer["/Root"]["/Lang"] == "sv"
    assert paper.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert "hela staden" in paper.metadata.subject
    assert "Landskrona stad" in paper.pages[0].extract_text()
