"""What `flask check` and the status page say: a line per source, a sentence per fault."""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext, ngettext

from app.collecting.ledger import use_of
from app.models import Account
from app.reports.health import (
    Health,
    Light,
    health_of_outbox,
    health_of_sources,
    not_understood,
    seals_that_do_not_open,
)
from app.web import looks, words
from app.web.mail_words import mail_fault
from app.web.website import website_fault


def faults(now: datetime, keys: tuple[str, ...]) -> list[str]:
    """Everything that somebody should see to, in plain words; empty when all is well."""
    found = []
    for one in health_of_sources(now):
        if one.trouble:
            light, advice = words.LIGHTS[one.light]
            account: Account = one.source.account
            where = f"{account.name} ({looks.channel_label(account.channel)})"
            found.append(f"{where}: {light}. {advice}")
    outbox = health_of_outbox(now)
    if outbox.late:
        found.append(
            ngettext(
                "%(num)d svar har legat i kö i mer än fem minuter.",
                "%(num)d svar har legat i kö i mer än fem minuter.",
                outbox.late,
            )
        )
    if outbox.uncertain:
        found.append(
            ngettext(
                "%(num)d svar är osäkert: vi vet inte om det kom fram.",
                "%(num)d svar är osäkra: vi vet inte om de kom fram.",
                outbox.uncertain,
            )
        )
    kept = len(not_understood())
    if kept:
        found.append(
            ngettext(
                "%(num)d meddelande gick inte att läsa och är sparat som det kom.",
                "%(num)d meddelanden gick inte att läsa och är sparade som de kom.",
                kept,
            )
        )
    letters = mail_fault(now)
    if letters:
        found.append(letters)
    visits = website_fault()
    if visits:
        found.append(visits)
    for name in seals_that_do_not_open(keys):
        found.append(
            gettext("Inloggningen för %(name)s går inte att öppna med nycklarna.", name=name)
        )
    return found


def source_lines(now: datetime, installation: Mapping[str, str]) -> list[str]:
    """How every source fares: light, last good read, next look, what came, budget, notice."""
    lines = []
    for one in health_of_sources(now):
        account: Account = one.source.account
        where = f"{account.name} ({looks.channel_label(account.channel)})"
        told = [
            f"{where}, {looks.source_label(one.source)}: {words.LIGHTS[one.light][0]}.",
            *_times(one),
            _budget(account, installation, now),
            words.notice(one.source.notice) if one.source.notice else "",
        ]
        lines.append(" ".join(part for part in told if part))
    return lines


def _times(one: Health) -> list[str]:
    """When it was read, when it will be, and how much came."""
    source = one.source
    told = [gettext("Inte läst än.")]
    if source.last_read_at is not None:
        told = [gettext("Senast läst %(when)s.", when=looks.when(source.last_read_at))]
    if one.light not in (Light.GONE, Light.SWITCHED_OFF, Light.NOT_APPROVED):
        told.append(gettext("Nästa hämtning %(when)s.", when=looks.when(source.next_look_at)))
    return [*told, gettext("%(num)d hämtade på ett dygn.", num=one.read_lately)]


def _budget(account: Account, installation: Mapping[str, str], now: datetime) -> str:
    """What is used of the budget, and where it is heading; '' where nothing is counted."""
    use = use_of(account, installation, now=now)
    if use is None:
        return ""
    told = {
        "spent": looks.amount(use.spent),
        "unit": words.UNITS[use.budget.unit],
        "period": words.PERIODS[use.budget.period],
    }
    if use.ceiling:
        most = looks.amount(use.ceiling)
        what = gettext("%(spent)s av %(most)s %(unit)s %(period)s", most=most, **told)
    else:
        what = gettext("%(spent)s %(unit)s %(period)s", **told)
    forecast = looks.amount(use.forecast)
    return gettext("Använt: %(what)s, på väg mot %(forecast)s.", what=what, forecast=forecast)
