"""Visits to the city's website from links: how the reading goes, a file, and a look at once."""

from datetime import timedelta

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask_babel import format_decimal, gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.basics.csv_rows import NotATable
from app.collecting import matomo, website_files
from app.collecting.call_counts import Bad
from app.people.rights import Act
from app.reports.contacts import arrivals
from app.reports.tallies import Span
from app.web.call_counts import uploaded
from app.web.figure_words import TROUBLES, bad_file, why_not
from app.web.guard import me, needs

bp = Blueprint("website", __name__)

SHOWN_DAYS = 28
MOST_SHOWN = 50


@bp.app_template_filter("whole")
def whole(count: int) -> str:
    """A count in the reader's own way, whole: 1 204."""
    return str(format_decimal(count))


@bp.get("/webbplatsen")
@needs(Act.BRING_FIGURES)
def show() -> str:
    """The last weeks' visits, how the last look went, and where to take in a file."""
    return _page()


def _page(error: str = "", bad: list[Bad] | None = None) -> str:
    yesterday = clock.to_local(clock.now()).date() - timedelta(days=1)
    first = yesterday - timedelta(days=SHOWN_DAYS - 1)
    return render_template(
        "pages/website.html",
        error=error,
        told=[why_not(one) for one in (bad or [])[:MOST_SHOWN]],
        bad=len(bad or []),
        most=MOST_SHOWN,
        found=arrivals(Span(first, yesterday)),
        first=first,
        last=yesterday,
        connected=matomo.matomo_of(current_app.config) is not None,
        look=matomo.last_look(),
        trouble=website_fault(),
    )


def website_fault() -> str:
    """Why the website's visits could not be read last, with what to do; '' when all is well."""
    look = matomo.last_look()
    if look is None or not look.error or matomo.matomo_of(current_app.config) is None:
        return ""
    said = gettext("Besöken på webbplatsen: %(what)s", what=str(TROUBLES[look.error]))
    if not look.error_text:
        return said
    return said + " " + gettext("Matomo säger: ”%(text)s”", text=look.error_text)


@bp.post("/webbplatsen/hamta")
@needs(Act.BRING_FIGURES)
def look_now() -> AnyResponse:
    """Ask Matomo at once."""
    days = matomo.look(current_app.config, now=clock.now())
    if days:
        flash(ngettext("%(num)d dag är läst.", "%(num)d dagar är lästa.", days), "ok")
    else:
        flash(website_fault() or gettext("Matomo är inte anslutet."), "warn")
    return redirect(url_for("website.show"))


@bp.post("/webbplatsen")
@needs(Act.BRING_FIGURES)
def bring() -> str | AnyResponse | tuple[str, int]:
    """Take in a file of visits; lines that cannot be read are told and passed over."""
    now = clock.now()
    today = clock.to_local(now).date()
    try:
        taken = website_files.take_in(uploaded(), by=me(), today=today, now=now)
    except NotATable as error:
        return _page(bad_file(error)), 400
    if taken.days:
        said = ngettext("%(num)d dag är sparad.", "%(num)d dagar är sparade.", taken.days)
        if taken.replaced:
            said += " " + ngettext(
                "%(num)d av dem ersatte en tidigare siffra.",
                "%(num)d av dem ersatte tidigare siffror.",
                len(taken.replaced),
            )
        flash(said, "ok")
    return _page(bad=taken.bad) if taken.bad else redirect(url_for("website.show"))
