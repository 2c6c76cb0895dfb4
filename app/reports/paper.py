"""A report as a PDF to hand out: title, period, then each part with its definition and figures.

Drawn with the fonts that every reader has, in the letters of Western Europe (Windows-1252, see
decision 0017); what is written in others is shown as a question mark.
"""

from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from app.reports.cells import Minutes, Share, Table, Text, said
from app.reports.charts import WIDTH, Bar, Chart, Dot, Label, Mark, Stroke
from app.reports.exports import Document

if TYPE_CHECKING:
    from reportlab.graphics.shapes import Drawing

INK, SOFT, LINE, ACCENT = "#14201d", "#55645f", "#d8dfdc", "#0a5866"
FILLS = {
    "c1": ACCENT, "c2": "#d0a243", "c3": "#6d5a8c", "c4": "#9aaaa5",
    "heat0": "#f4f7f6", "heat1": "#e3edef", "heat2": "#c9dde1", "heat3": "#aecbd1",
    "heat4": "#8fb7bf", "heat5": "#5f96a2", "heat6": "#3f7e8b", "heat7": "#226877", "heat8": ACCENT,
}  # fmt: skip
"""The page's light colours, on paper."""
TELLABLE = str.maketrans({"\u202f": "\u00a0", "−": "–", "▲": "!"})
KEPT_WHOLE = 16
"""A table of so many rows is not broken between two pages."""
WIDEST = 257 / 25.4 * 72
"""Points between the margins of an A4 lying down."""


def pdf_of(document: Document) -> bytes:
    """The whole report as a PDF."""
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    styles = _styles()
    out = BytesIO()
    paper: Any = SimpleDocTemplate(
        out, pagesize=landscape(A4), leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm,
        bottomMargin=20 * mm, title=document.title, author=document.lines[0],
        subject=" ".join(document.lines), lang=document.language, creator="Växeln",
    )  # fmt: skip
    story: list[Any] = [Paragraph(_safe(document.title), styles["title"])]
    story += [Paragraph(_safe(line), styles["line"]) for line in document.lines]
    story += _headlines(document, styles)
    for table in document.tables:
        story += _part(table, document, styles)

    def foot(canvas: Any, _paper: Any) -> None:
        canvas.setViewerPreference("DisplayDocTitle", "true")
        canvas.saveState()
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(SOFT)
        canvas.drawString(22 * mm, 11 * mm, _tellable(f"{document.title}, {document.lines[0]}"))
        canvas.drawRightString(275 * mm, 11 * mm, str(canvas.getPageNumber()))
        canvas.restoreState()

    paper.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    plain = ParagraphStyle("plain", fontName="Helvetica", fontSize=9, leading=12, textColor=INK)
    made: dict[str, dict[str, Any]] = {
        "title": {"fontName": "Helvetica-Bold", "fontSize": 22, "leading": 28, "spaceAfter": 4},
        "line": {"fontSize": 10, "leading": 14, "textColor": SOFT},
        "figure": {"fontName": "Helvetica-Bold", "fontSize": 17, "leading": 22},
        "part": {"fontName": "Helvetica-Bold", "fontSize": 13, "leading": 17, "spaceBefore": 18},
        "soft": {"fontSize": 8.5, "leading": 11.5, "textColor": SOFT, "spaceAfter": 6},
        "head": {"fontSize": 8, "leading": 10, "textColor": SOFT},
        "head_right": {"fontSize": 8, "leading": 10, "textColor": SOFT, "alignment": 2},
        "cell": {},
        "first": {"fontName": "Helvetica-Bold"},
        "right": {"alignment": 2},
    }
    return {name: ParagraphStyle(name, parent=plain, **more) for name, more in made.items()}


def _headlines(document: Document, styles: dict[str, Any]) -> list[Any]:
    """The figures that stand first, beside each other."""
    from reportlab.platypus import Paragraph, Spacer
    from reportlab.platypus import Table as PaperTable

    boxes = [
        [
            Paragraph(_safe(one.title), styles["line"]),
            Paragraph(_safe(one.figure), styles["figure"]),
            Paragraph(_safe(one.beside), styles["soft"]),
            Paragraph(_safe(one.told), styles["cell"]),
        ]
        for one in document.headlines
    ]
    if not boxes:
        return []
    style: list[Any] = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEABOVE", (0, 0), (-1, 0), 1, INK)]
    wide = [WIDEST / len(boxes)] * len(boxes)
    return [Spacer(1, 10), PaperTable([boxes], colWidths=wide, style=style, hAlign="LEFT")]


def _part(table: Table, document: Document, styles: dict[str, Any]) -> list[Any]:
    """One part: its title, how it is counted, its drawing, its table."""
    from reportlab.platypus import KeepTogether, Paragraph, Spacer

    head: list[Any] = [
        Paragraph(_safe(table.title), styles["part"]),
        Paragraph(_safe(table.definition), styles["soft"]),
    ]
    chart = document.charts.get(table.key)
    if chart is not None and table.rows:
        head += [drawing_of(chart), Spacer(1, 4)]
        head += [_legend(chart, styles)] if chart.legend else []
    if not table.rows:
        return [KeepTogether([*head, Paragraph(_safe(table.note), styles["cell"])])]
    if chart is None and len(table.rows) <= KEPT_WHOLE:
        return [KeepTogether([*head, _table(table, document, styles)])]
    return [KeepTogether(head), _table(table, document, styles)]


def _legend(chart: Chart, styles: dict[str, Any]) -> Any:
    from reportlab.platypus import Paragraph

    told = "&nbsp;&nbsp;&nbsp; ".join(
        f'<font color="{FILLS[look]}">■</font> {_safe(words)}' for look, words in chart.legend
    )
    return Paragraph(told.replace("■", '<font face="ZapfDingbats">n</font>'), styles["soft"])


def _table(table: Table, document: Document, styles: dict[str, Any]) -> Any:
    """The table with a head that comes again on each page."""
    from reportlab.platypus import Paragraph
    from reportlab.platypus import Table as PaperTable

    words = [column.sort is Text for column in table.columns]
    rows = [
        [
            Paragraph(_safe(column.head), styles["head" if left else "head_right"])
            for column, left in zip(table.columns, words, strict=True)
        ]
    ]
    for row in table.rows:
        looks = ["first", *("cell" if left else "right" for left in words[1:])]
        rows.append(
            [
                Paragraph(_safe(said(cell.value, document.say)), styles[look])
                for cell, look in zip(row, looks, strict=True)
            ]
        )
    style: list[Any] = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, SOFT),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    return PaperTable(rows, colWidths=_widths(table), repeatRows=1, style=style, hAlign="LEFT")


WEIGHTS = {Text: 2.4, Share: 2.2, Minutes: 1.3}


def _widths(table: Table) -> list[float]:
    """How wide each column is: words and shares need most; few columns stay near each other."""
    weights = [WEIGHTS.get(column.sort, 1.0) for column in table.columns]
    return [min(weight * WIDEST / sum(weights), weight * 85) for weight in weights]


def drawing_of(chart: Chart) -> "Drawing":
    """The drawing for the paper, two thirds of the page wide."""
    from reportlab.graphics.shapes import Drawing

    scale = WIDEST * 0.66 / WIDTH
    made = Drawing(WIDTH * scale, chart.height * scale)
    made.transform = (scale, 0, 0, scale, 0, 0)
    for mark in chart.marks:
        for shape in _shapes(mark, chart.height):
            made.add(shape)
    return made


STROKES: dict[str, dict[str, Any]] = {
    "grid": {"strokeColor": LINE, "strokeWidth": 0.8},
    "goal": {"strokeColor": "#3f8a5c", "strokeWidth": 1.8, "strokeDashArray": [7, 4]},
    "line": {"strokeColor": ACCENT, "strokeWidth": 2.5},
}


def _shapes(mark: Mark, height: float) -> list[Any]:
    """A mark as shapes; on paper y grows upwards."""
    from reportlab.graphics import shapes
    from reportlab.lib.colors import HexColor

    if isinstance(mark, Stroke):
        flat = [value for x, y in mark.points for value in (x, height - y)]
        style = dict(STROKES[mark.look])
        style["strokeColor"] = HexColor(style["strokeColor"])
        return [shapes.PolyLine(flat, strokeLineJoin=1, **style)]
    if isinstance(mark, Bar):
        box = (mark.x, height - mark.y - mark.height, mark.width, mark.height)
        return [shapes.Rect(*box, fillColor=HexColor(FILLS[mark.look]), strokeColor=None)]
    if isinstance(mark, Dot):
        fill = HexColor(ACCENT if mark.look == "reached" else "#ffffff")
        look: dict[str, Any] = {
            "fillColor": fill,
            "strokeColor": HexColor(ACCENT),
            "strokeWidth": 2,
        }
        if mark.look == "running":
            return [shapes.Rect(mark.x - 3.5, height - mark.y - 3.5, 7, 7, **look)]
        return [shapes.Circle(mark.x, height - mark.y, 3.5, **look)]
    return [_label(mark, height)]


def _label(mark: Label, height: float) -> Any:
    from reportlab.graphics import shapes
    from reportlab.lib.colors import HexColor

    ink = {"strong": INK, "on-dark": "#ffffff", "on-light": INK}.get(mark.look, SOFT)
    face = "Helvetica-Bold" if mark.look == "strong" else "Helvetica"
    return shapes.String(
        mark.x, height - mark.y, _tellable(mark.text), textAnchor=mark.anchor,
        fontName=face, fontSize=11, fillColor=HexColor(ink),
    )  # fmt: skip


def _tellable(text: str) -> str:
    """Text in the letters that the fonts have."""
    return text.translate(TELLABLE).encode("cp1252", "replace").decode("cp1252")


def _safe(text: str) -> str:
    """Text that brings no markup of its own."""
    return escape(_tellable(text))
