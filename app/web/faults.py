"""What `flask check` and the status page say: a sentence per fault."""

from datetime import datetime

from flask_babel import gettext, ngettext

from app.models import Account
from app.reports.health import (
    health_of_outbox,
    health_of_sources,
    not_understood,
    seals_that_do_not_open,
)
from app.web import words


def faults(now: datetime, keys: tuple[str, ...]) -> list[str]:
    """Everything that somebody should see to, in plain words; empty when all is well."""
    found = []
    for one in health_of_sources(now):
        if one.trouble:
            light, advice = words.LIGHTS[one.light]
            account: Account = one.source.account
            found.append(f"{account.name}: {light}. {advice}")
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
    for name in seals_that_do_not_open(keys):
        found.append(
            gettext("Inloggningen för %(name)s går inte att öppna med nycklarna.", name=name)
        )
    return found
