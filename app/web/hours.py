"""Opening hours and goals: which versions there are, and a form for a new one of each."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.basics.working_time import DAYS, SHORT_DAYS, OpeningHours
from app.channels.base import all_channels
from app.database import db
from app.models import Calendar, Goal
from app.people.hours import CITY
from app.people.rights import Act
from app.people.timetable import BadTimes, keep_goal, keep_hours
from app.web import looks
from app.web.due import forget_times, known_times
from app.web.guard import me, needs

bp = Blueprint("hours", __name__)

WEEKDAYS = dict(
    zip(
        DAYS,
        (_l("Måndag"), _l("Tisdag"), _l("Onsdag"), _l("Torsdag"), _l("Fredag"), _l("Lördag"),
         _l("Söndag")),
        strict=True,
    )
)  # fmt: skip
SHORT = dict(
    zip(
        SHORT_DAYS,
        (_l("Trettondagsafton"), _l("Skärtorsdagen"), _l("Valborgsmässoafton"),
         _l("Dagen före Kristi himmelsfärd"), _l("Fredagen före alla helgons dag")),
        strict=True,
    )
)  # fmt: skip
WORKING = DAYS[:5]
_HOUR = re.compile(r"(\d{1,2})(?:[.:](\d{2}))?")
_SPAN = re.compile(rf"{_HOUR.pattern}\s*(?:[-–]|till)\s*{_HOUR.pattern}")


class Unreadable(ValueError):
    """What was typed is no hours; `field` says where."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@bp.get("/oppettider")
@needs(Act.CHANGE_HOURS)
def show() -> str:
    """All versions, and the form filled with what is valid today for the chosen department."""
    slug = request.args.get("avdelning", "")
    named = looks.departments().get(slug)
    today = clock.to_local(clock.now()).date()
    calendar = known_times().calendar(named.id if named else CITY)
    given = form_of(calendar.version_on(today)[2])
    return _page(given | {"avdelning": slug if named else ""}, {})


@bp.post("/oppettider")
@needs(Act.CHANGE_HOURS)
def keep() -> AnyResponse | tuple[str, int]:
    """Keep a new version of opening hours."""
    given = request.form.to_dict()
    try:
        rules = rules_of(given)
        keep_hours(
            given.get("avdelning", ""),
            valid_from=_day("fran", given),
            rules=rules,
            by=me(),
            now=clock.now(),
        )
    except Unreadable as error:
        return _page(given, {error.field: str(error)}), 400
    except BadTimes as error:
        return _page(given, {FIELDS[error.field]: why_not(error)}), 400
    forget_times()
    flash(gettext("Öppettiderna är sparade."), "ok")
    return redirect(url_for("hours.show", avdelning=given.get("avdelning", "")))


@bp.post("/oppettider/mal")
@needs(Act.CHANGE_HOURS)
def set_goal() -> AnyResponse | tuple[str, int]:
    """Keep a new version of the goal."""
    given = request.form.to_dict()
    channel = given.get("mal_kanal", "")
    try:
        keep_goal(
            given.get("mal_avdelning", ""),
            channel if channel in all_channels() else "",
            amount=request.form.get("mal_antal", 0, type=int),
            unit=given.get("mal_enhet", ""),
            valid_from=_day("mal_fran", given),
            by=me(),
            now=clock.now(),
        )
    except Unreadable as error:
        return _goal_page(given, error.field, str(error))
    except BadTimes as error:
        return _goal_page(given, GOAL_FIELDS[error.field], why_not(error))
    forget_times()
    flash(gettext("Målet är sparat."), "ok")
    return redirect(url_for("hours.show"))


FIELDS = {"past": "fran", "department": "avdelning", "rules": "mon", "never": "mon"}
GOAL_FIELDS = {"past": "mal_fran", "department": "mal_avdelning", "amount": "mal_antal"}


def why_not(error: BadTimes) -> str:
    """Why it is not kept, and what to do."""
    told = {
        "past": gettext("Välj i dag eller en senare dag. Det som redan är mätt mäts inte om."),
        "department": gettext("Avdelningen finns inte. Välj en annan."),
        "amount": gettext("Skriv ett helt antal: högst 30 arbetsdagar eller 200 öppna timmar."),
        "never": gettext("Så här är det aldrig öppet. Fyll i minst en dag."),
        "rules": gettext("Tiderna går inte ihop: %(why)s.", why=error.sentence),
    }
    return told[error.field]


def _goal_page(given: Mapping[str, str], field: str, text: str) -> tuple[str, int]:
    today = clock.to_local(clock.now()).date()
    shown = form_of(known_times().calendar(CITY).version_on(today)[2])
    return _page(shown | dict(given), {field: text}), 400


def _page(given: Mapping[str, str], errors: Mapping[str, str]) -> str:
    slugs = {one.id: slug for slug, one in looks.departments().items()}
    calendars = db.session.scalars(select(Calendar).order_by(Calendar.valid_from.desc())).all()
    goals = db.session.scalars(select(Goal).order_by(Goal.valid_from.desc())).all()
    return render_template(
        "pages/hours.html",
        given=given,
        errors=errors,
        calendars=[(row, slugs.get(row.department_id or 0, ""), said(row)) for row in calendars],
        goals=[(row, slugs.get(row.department_id or 0, "")) for row in goals],
        departments=looks.departments(),
        channels=sorted(all_channels()),
        weekdays=WEEKDAYS,
        short_days=SHORT,
        today=clock.to_local(clock.now()).date(),
    )


# --- What is typed and what is kept ---------------------------------------------------------------


def rules_of(given: Mapping[str, str]) -> dict[str, Any]:
    """The form's fields as `OpeningHours.from_dict` reads them. Raises `Unreadable`."""
    rules: dict[str, Any] = {name: _spans(name, given.get(name, "")) for name in DAYS}
    for line in given.get("egna", "").splitlines():
        if line.strip():
            day, _, hours = line.strip().partition(" ")
            try:
                date.fromisoformat(day.rstrip(":"))
            except ValueError:
                sentence = gettext("Skriv en dag per rad, som 2026-12-23 08.00–12.00.")
                raise Unreadable("egna", sentence) from None
            closed = hours.strip().casefold() in ("", "stängt")
            rules[day.rstrip(":")] = [] if closed else _spans("egna", hours)
    short = {name: _hour(name, given[name]) for name in SHORT_DAYS if given.get(name, "").strip()}
    if short:
        rules["short"] = short
    if given.get("klamdag") == "closed":
        rules["squeeze"] = "closed"
    if given.get("sommar", "").strip():
        spans = _spans("sommar", given["sommar"])
        rules["summer"] = {
            "from": _month_day("sommar_fran", given),
            "to": _month_day("sommar_till", given),
            **dict.fromkeys(WORKING, spans),
        }
    return rules


def form_of(hours: OpeningHours) -> dict[str, str]:
    """Opening hours as the form's fields show them."""
    told = hours.to_dict()
    given = {name: _shown(told[name]) for name in DAYS}
    given["egna"] = "\n".join(
        f"{name} {_shown(spans) or 'stängt'}" for name, spans in told.items() if name[:1].isdigit()
    )
    given |= {name: closes.replace(":", ".") for name, closes in told.get("short", {}).items()}
    given["klamdag"] = "closed" if told.get("squeeze") == "closed" else ""
    summer = told.get("summer")
    if summer:
        given["sommar"] = _shown(summer["mon"])
        given["sommar_fran"] = _turned(summer["from"])
        given["sommar_till"] = _turned(summer["to"])
    return given


def _turned(month_day: str) -> str:
    month, _, day = month_day.partition("-")
    return f"{int(day)}/{int(month)}"


def _shown(spans: list[list[str]]) -> str:
    return ", ".join(f"{a}–{b}".replace(":", ".") for a, b in spans)


def _spans(field: str, text: str) -> list[list[str]]:
    """08.00–12.00, 13–16.30 as pairs of hours; an empty text or "stängt" is closed."""
    if text.strip().casefold() in ("", "stängt", "–", "-"):
        return []
    found = []
    for part in re.split(r",|\boch\b", text):
        fits = _SPAN.fullmatch(part.strip())
        if fits is None:
            sentence = gettext(
                "Skriv som 08.00–16.30, eller 08.00–12.00, 13.00–16.30 med lunchstängt."
            )
            raise Unreadable(field, sentence)
        opens, opens_at, closes, closes_at = fits.groups()
        found.append([_clock(field, opens, opens_at), _clock(field, closes, closes_at)])
    for number, (opens, closes) in enumerate(found):
        if opens >= closes:
            times = {"opens": opens.replace(":", "."), "closes": closes.replace(":", ".")}
            raise Unreadable(
                field, gettext("Det öppnar %(opens)s men stänger %(closes)s.", **times)
            )
        if number and found[number - 1][1] > opens:
            raise Unreadable(field, gettext("Tiderna går in i varandra. Skriv dem i ordning."))
    return found


def _clock(field: str, hour: str, minute: str | None) -> str:
    if int(hour) > 23 or int(minute or 0) > 59:
        raise Unreadable(field, gettext("Skriv ett klockslag, som 12.00."))
    return f"{int(hour):02}:{minute or '00'}"


def _hour(field: str, text: str) -> str:
    fits = _HOUR.fullmatch(text.strip())
    if fits is None:
        raise Unreadable(field, gettext("Skriv ett klockslag, som 12.00."))
    return _clock(field, fits[1], fits[2])


def _day(field: str, given: Mapping[str, str]) -> date:
    try:
        return date.fromisoformat(given.get(field, "").strip())
    except ValueError:
        raise Unreadable(field, gettext("Skriv en dag, som 2027-01-01.")) from None


def _month_day(field: str, given: Mapping[str, str]) -> str:
    fits = re.fullmatch(r"(\d{1,2})/(\d{1,2})", given.get(field, "").strip())
    if fits is None or not (1 <= int(fits[1]) <= 31 and 1 <= int(fits[2]) <= 12):
        raise Unreadable(field, gettext("Skriv dag och månad, som 15/6."))
    return f"{int(fits[2]):02}-{int(fits[1]):02}"


def said(row: Calendar) -> list[str]:
    """A version in a few short lines."""
    given = form_of(OpeningHours.from_dict(row.rules))
    lines = [f"{WEEKDAYS[name]} {given[name] or gettext('stängt')}" for name in DAYS
             if given[name] or name in WORKING]  # fmt: skip
    if given.get("sommar"):
        edges = {"first": given["sommar_fran"], "last": given["sommar_till"]}
        lines.append(
            gettext("Sommar %(first)s–%(last)s: %(hours)s", **edges, hours=given["sommar"])
        )
    for name, told in SHORT.items():
        if given.get(name):
            lines.append(gettext("%(day)s stänger %(hour)s", day=told, hour=given[name]))
    if given["klamdag"]:
        lines.append(gettext("Klämdagar stängt"))
    return lines + given["egna"].splitlines()
