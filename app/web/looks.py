"""How times, clocks, certainties and names look on a page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from flask import Flask, current_app, g
from flask_babel import format_date, format_decimal, get_locale, gettext
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy import select

from app.answers.care import language_of
from app.answers.ready import signature_of
from app.basics import clock
from app.channels.base import all_channels
from app.collecting.incidents import open_incidents
from app.database import db
from app.models import Account, Case, Department, Source
from app.people.rights import Act, may
from app.reports.health import Light, health_of_sources
from app.web import words
from app.web.approving import (
    advice_for_approval,
    approvals_in,
    minutes_waited,
    my_turn,
    needs_second,
    waits_for_me,
    why_it_waits,
)
from app.web.composing import spoken
from app.web.due import clock_of
from app.web.due import late_before as late_before
from app.web.permissions import BEFOREHAND, guide, permission
from app.web.preview import languages_for, preview_of, written_in
from app.web.sureness import (
    also_of,
    certain,
    certainty_told,
    is_surely_urgent,
    language_name,
    marked,
    percent,
    sureness_of,
)
from app.web.thread import difference


def init_app(app: Flask) -> None:
    """Give the templates what they need to show."""
    app.jinja_env.filters.update(
        when=when, day=day, hour=hour, until=until, percent=percent, many=many, amount=amount,
        initials=initials, exact_percent=exact_percent, number=number,
        certain=certain,
    )  # fmt: skip
    app.jinja_env.globals.update(
        words=words, may=may, Act=Act, channel_label=channel_label, channel_icon=channel_icon,
        clock_of=clock_of, sureness_of=sureness_of, reference=reference,
        is_surely_urgent=is_surely_urgent,
        department_name=department_name, practice_mode=practice_mode, marked=marked,
        also_of=also_of, certainty_told=certainty_told, language_name=language_name,
        troubles=troubles, outside=outside, source_label=source_label,
        permission=permission, guide=guide, beforehand=BEFOREHAND,
        icon=icon, csrf=csrf, get_locale=get_locale,
    )  # fmt: skip
    app.jinja_env.globals.update(
        approvals_in=approvals_in, needs_second=needs_second, waits_for_me=waits_for_me,
        minutes_waited=minutes_waited, why_it_waits=why_it_waits, my_turn=my_turn,
        difference=difference, preview_of=preview_of, written_in=written_in,
        languages_for=languages_for, language_of=language_of, spoken=spoken,
        advice_for_approval=advice_for_approval, signature_of=signature_of,
    )  # fmt: skip
    app.context_processor(lambda: {"me": g.get("me"), "city": current_app.config["CITY"]})


def icon(name: str) -> Markup:
    """A symbol of the sprite; decoration, so hidden from screen readers."""
    sign = name if name.startswith("i-") else f"i-{name}"
    return Markup(  # noqa: S704 - names are our own
        '<svg class="i" aria-hidden="true" focusable="false">'
        f'<use href="/static/icons/sprite.svg#{sign}"/></svg>'
    )


def csrf() -> Markup:
    """The hidden field that every form carries."""
    found: Markup | None = g.get("csrf_field")
    if found is None:
        token = Markup('<input type="hidden" name="csrf_token" value="{}">')
        found = g.csrf_field = token.format(generate_csrf())
    return found


def hour(at: datetime) -> str:
    """08.05 in Stockholm."""
    return f"{clock.to_local(at):%H.%M}"


def day(at: datetime) -> str:
    """22 nov 2026, in the reader's language."""
    return str(format_date(clock.to_local(at), format="d MMM y", rebase=False))


def when(at: datetime | None) -> str:
    """A moment as short as it can be said: 08.05, i går 08.05, 19 nov, 19 nov 2025."""
    if at is None:
        return "–"
    local, today = clock.to_local(at), clock.to_local(clock.now())
    if local.date() == today.date():
        return gettext("i dag %(hour)s", hour=hour(at))
    if local.date() == (today - timedelta(days=1)).date():
        return gettext("i går %(hour)s", hour=hour(at))
    style = "d MMM" if local.year == today.year else "d MMM y"
    return f"{format_date(local, format=style, rebase=False)} {hour(at)}"


def until(at: datetime) -> str:
    """A moment ahead, up to which something goes: 3 dec kl. 10.15."""
    local, this_year = clock.to_local(at), clock.to_local(clock.now()).year
    style = "d MMM" if local.year == this_year else "d MMM y"
    said = format_date(local, format=style, rebase=False).replace(".", "")
    return gettext("%(day)s kl. %(hour)s", day=said, hour=hour(at))


def exact_percent(share: float) -> str:
    """87,4 % with a hard space, where tenths matter."""
    return f"{format_decimal(share * 100, format='0.0')}\u00a0%"


def number(count: int) -> str:
    """A count as reports show it, whole: narrow hard space in thousands."""
    return f"{count:,}".replace(",", "\u202f")


def amount(number: float) -> str:
    """Money or units as a person reads them: two decimals below a hundred, none above."""
    return format_decimal(number, format="#,##0.##" if number < 100 else "#,##0")


def many(count: int) -> str:
    """A count as the side bar shows it: thin space in thousands, 1 000+ where counting stopped."""
    return f"{count:,}".replace(",", " ") if count <= 1000 else "1 000+"


def initials(name: str) -> str:
    """One or two letters for the round mark beside a resident's words."""
    parts = [part for part in name.replace("@", " ").split() if part[0].isalnum()]
    return "".join(part[0] for part in parts[:1] + parts[1:][-1:]).upper() or "?"


def reference(case: Case) -> str:
    """The case's reference, e.g. LA-2026-1184."""
    return f"{current_app.config['CASE_PREFIX']}-{case.opened_at.year}-{case.id}"


def channel_label(name: str) -> str:
    """The channel as staff call it; a channel that is gone keeps its name."""
    channel = all_channels().get(name)
    return channel.label if channel else name


def channel_icon(name: str) -> str:
    """The channel's symbol in the sprite."""
    channel = all_channels().get(name)
    return channel.icon if channel else "i-lank"


@dataclass(frozen=True, slots=True)
class Named:
    """A department as the pages need it."""

    id: int
    slug: str
    short_sv: str
    short_en: str
    name_sv: str
    name_en: str


def departments() -> dict[str, Named]:
    """The open departments by slug, read from the database at most once in half a minute."""
    kept = current_app.extensions.get("departments")
    if kept is None or monotonic() - kept[0] > 30:
        rows = db.session.scalars(
            select(Department).where(Department.open).order_by(Department.short_sv)
        )
        found = {
            row.slug: Named(row.id, row.slug, row.short_sv, row.short_en, row.name_sv, row.name_en)
            for row in rows
        }
        kept = (monotonic(), found)
        current_app.extensions["departments"] = kept
    named: dict[str, Named] = kept[1]
    return named


def department_name(slug: str | None, *, whole: bool = False) -> str:
    """A department's short (or whole) name in the reader's language; `ingen` and '' have words."""
    if not slug:
        return gettext("Osäker")
    if slug == "ingen":
        return gettext("Inget svar behövs")
    found = departments().get(slug)
    if found is None:
        return slug
    locale: Any = get_locale()
    if locale is not None and locale.language == "en":
        return found.name_en if whole else found.short_en
    return found.name_sv if whole else found.short_sv


def practice_mode() -> bool:
    """Whether everything here is practice: no account but the practice town's is connected."""
    kept = current_app.extensions.get("practice_mode")
    if kept is None or monotonic() - kept[0] > 15:
        there = (~Account.practice, Account.channel != "phone")
        real = db.session.scalar(select(Account.id).where(*there).limit(1))
        kept = (monotonic(), real is None)
        current_app.extensions["practice_mode"] = kept
    return bool(kept[1])


@dataclass(frozen=True, slots=True)
class Trouble:
    """What stands above the list: whose, what is wrong (a word of `words.LIGHTS`), what to do."""

    channel: str
    name: str
    what: str
    advice: str


def troubles(channel: str = "") -> list[Trouble]:
    """Incidents, then every account in trouble, at most 3 seconds old; of one channel if named.

    What is quieter than usual is not trouble, and an incident is told once for its channel.
    """
    kept = current_app.extensions.get("troubles")
    if kept is None or monotonic() - kept[0] > 3:
        begun = [(one.channel, one.text.rstrip(".")) for one in open_incidents().values()]
        lights: dict[int, tuple[str, str, str]] = {}
        for one in health_of_sources(clock.now(), listen=False):
            account = one.source.account
            if one.trouble and one.light != Light.READ_ONLY:
                lights.setdefault(account.id, (account.channel, account.name, one.light))
        kept = (monotonic(), begun, list(lights.values()))
        current_app.extensions["troubles"] = kept
    _, begun, accounts = kept
    advice = str(words.LIGHTS[Light.READ_ONLY][1])
    found = [Trouble(where, "", text, advice) for where, text in begun]
    for where, name, light in accounts:
        found.append(Trouble(where, name, *map(str, words.LIGHTS[light])))
    return [one for one in found if channel in ("", one.channel)]


def source_label(source: Source) -> str:
    """What a source brings, as its channel calls it: Omnämnanden, Kommentarer."""
    channel = all_channels().get(source.account.channel)
    kinds = {one.kind: one.label for one in channel.source_kinds} if channel else {}
    return kinds.get(source.kind, source.kind)


def outside(address: str, case: Case) -> str:
    """An address on the platform; '' for practice, whose posts are nowhere but on this machine."""
    return "" if case.account.practice else address
