"""The manager's pages: a period's figures, the cases behind each, and the files to take along."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from flask import Blueprint, Response, current_app, render_template, request, url_for

from app.basics import clock
from app.inbox.letter_text import words_in
from app.people.rights import Act, sees_all
from app.reports.behind import MOST, OF_ROUTING, SHOWN, NoSuchFigure, behind, cases_shown
from app.reports.document import document_of
from app.reports.exports import Document, csv_of, xlsx_of
from app.reports.figures import (
    KINDS,
    Asked,
    channels_in_use,
    department_names,
    limited,
    report_of,
)
from app.reports.paper import pdf_of
from app.reports.periods import Against, BadPeriod, Period, days_of, held_against
from app.reports.tallies import NONE
from app.reports.telling import Telling, days_said
from app.web import looks, report_words
from app.web.guard import me, needs

bp = Blueprint("reports", __name__)

USUAL = Period.QUARTER
FILES = {
    "csv": (csv_of, "text/csv; charset=utf-8"),
    "xlsx": (xlsx_of, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": (pdf_of, "application/pdf"),
}
"""How a report becomes a file, and what browsers call it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the address asks for, as it was typed; `error` says why its days cannot be used."""

    asked: Asked
    given: dict[str, str]
    error: str = ""

    @property
    def args(self) -> dict[str, str]:
        """The names of an address that asks for the same."""
        return {name: value for name, value in self.given.items() if value}


@bp.get("/rapporter")
@needs(Act.SEE_REPORTS)
def show() -> str | tuple[str, int]:
    """The figures of a period, each with its definition and a way to its cases."""
    wish = _wish()
    document, leads = _document(wish), _leading(wish)
    page = render_template(
        "pages/reports.html",
        document=document,
        tables={table.key: table for table in document.tables},
        ask=wish,
        asked=wish.asked,
        given=wish.given,
        periods=report_words.PERIODS,
        against=report_words.AGAINST,
        kinds=report_words.KINDS,
        channels=channels_in_use(),
        departments=looks.departments(),
        whole_city=sees_all(me()),
        rows=_rows(document, leads),
        leads=leads,
        no_department=NONE,
        made_at=clock.now(),
        said_of=document.sounds[:5],
    )
    return (page, 400) if wish.error else page


@bp.get("/rapporter/fil/<any(csv, xlsx, pdf):file_kind>")
@needs(Act.SEE_REPORTS)
def export(file_kind: str) -> Response:
    """The same report as a file."""
    wish = _wish()
    write, mimetype = FILES[file_kind]
    answer = Response(write(_document(wish)), mimetype=mimetype)
    days = wish.asked.days
    name = f"vaxeln-{days.first.isoformat()}-{days.last.isoformat()}.{file_kind}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@bp.get("/rapporter/arenden")
@needs(Act.SEE_REPORTS)
def cases() -> str | tuple[str, int]:
    """The cases behind a figure, as far as the person may see them."""
    wish, what = _wish(), request.args.get("vad", "")
    try:
        numbers = behind(
            what,
            wish.asked,
            me(),
            now=clock.now(),
            threshold=current_app.config["ROUTING_THRESHOLD"],
        )
    except NoSuchFigure:
        return render_template("pages/report_cases.html", name="", ask=wish), 404
    say = words_in(me().language)
    of_now, of_city = what.partition(":")[0] in report_words.OF_NOW, what in OF_ROUTING
    return render_template(
        "pages/report_cases.html",
        name=report_words.figure(what, say),
        days="" if of_now else days_said(wish.asked.days, me().language),
        of_department=not of_city,
        of_channel=not of_now and not of_city,
        kind=report_words.KINDS.get(wish.given["typ"], ""),
        ask=wish,
        shown=cases_shown(numbers, me()),
        total=len(numbers),
        most=MOST,
        first=SHOWN,
    )


def _wish() -> Wish:
    """What the address asks for; what does not exist is passed over."""
    today = clock.to_local(clock.now()).date()
    given = {name: request.args.get(name, "")[:40] for name in report_words.ARGS}
    period = _one_of(Period, given["period"], Period.OWN if given["fran"] else USUAL)
    error = ""
    try:
        days = days_of(period, today, given["fran"], given["till"])
    except BadPeriod as bad:
        error = str(report_words.BAD_PERIODS[bad.why])
        days = days_of(USUAL, today)
    against = _one_of(Against, given["mot"], Against.BEFORE)
    kinds = {**dict(zip(KINDS, KINDS, strict=True)), "ingen": ""}
    slugs, names = {*looks.departments(), NONE}, channels_in_use()
    asked = Asked(
        period=period,
        days=days,
        against=against,
        before=held_against(days, against, whole_weeks=period != Period.OWN),
        today=today,
        department=given["avdelning"] if given["avdelning"] in slugs else None,
        channel=given["kanal"] if given["kanal"] in names else None,
        kind=kinds.get(given["typ"]),
    )
    return Wish(limited(asked, me()), given, error)


def _one_of(choices: Any, value: str, usual: Any) -> Any:
    try:
        return choices(value)
    except ValueError:
        return usual


def _document(wish: Wish) -> Document:
    """The report as this person sees it, in the words of their language."""
    report = report_of(wish.asked, me(), now=clock.now(), config=current_app.config)
    language = me().language
    telling = Telling(
        report=report,
        say=words_in(language),
        language=language,
        departments=department_names(language),
        city=current_app.config["CITY"],
        prefix=current_app.config["CASE_PREFIX"],
    )
    return document_of(telling)


Leads = Callable[[Mapping[str, str] | None], str]


class Drawn(NamedTuple):
    """A cell as the page draws it: words, where they lead ('' nowhere), cases to open."""

    said: str
    leads: str
    examples: tuple[tuple[int, str], ...]


quoted = lru_cache(maxsize=4096)(quote_plus)
"""A name or value of an address; the same few stand in hundreds of links of a page."""


def _query(names: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quoted(value)}" for name, value in names.items())


def _leading(wish: Wish) -> Leads:
    """Where a figure leads: to its cases, or to the page of a part; '' for nowhere."""
    days = wish.asked.days
    kept = {name: v for name, v in wish.args.items() if name not in ("period", "mot")}
    kept = {"fran": days.first.isoformat(), "till": days.last.isoformat(), **kept}
    of_cases, of_page = url_for("reports.cases"), url_for("reports.show")

    def leads(names: Mapping[str, str] | None) -> str:
        if names is None:
            return ""
        if "vad" in names:
            return f"{of_cases}?{_query({**kept, **names})}"
        return f"{of_page}?{_query({**wish.args, **names})}"

    return leads


def _rows(document: Document, leads: Leads) -> dict[str, list[list[Drawn]]]:
    """The tables' cells by the key of the table; written out here, for there are many."""
    return {
        table.key: [
            [Drawn(document.said(cell.value), leads(cell.behind), cell.examples) for cell in row]
            for row in table.rows
        ]
        for table in document.tables
    }
