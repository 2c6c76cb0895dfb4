"""Connecting an account, step by step: channel, owner and purpose, approval, sign-in, trial."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response

from app.basics import clock
from app.channels.base import Channel, all_channels, channel_named
from app.collecting import accounts
from app.models import Account
from app.models.staff import Role
from app.people.approvals import end_of
from app.people.rights import Act
from app.web import looks
from app.web.guard import me, needs

bp = Blueprint("connect", __name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its code in the form, its name, and the fields it asks for."""

    code: str
    name: LazyString
    fields: tuple[str, ...]


STEPS = (
    Step("kanal", _l("Kanal"), ("kanal",)),
    Step("agare", _l("Ägare och syfte"), ("namn", "avdelning", "syfte")),
    Step("godkannande", _l("Godkännande"), ("chef", "datum", "galler_till", "dnr")),
    Step("inloggning", _l("Logga in hos plattformen"), ()),
    Step("prova", _l("Pröva och starta"), ()),
)
ASKED = ("agare", "godkannande", "inloggning")


@bp.get("/konton/anslut")
@needs(Act.CHANGE_ACCOUNTS)
def choose() -> str:
    """Which channel to connect; with one chosen, the first step."""
    name = request.args.get("kanal", "")
    channel = channel_named(name) if name in _offered() else None
    return _page(channel, "agare" if channel else "kanal", {}, {})


def _offered() -> Mapping[str, Channel]:
    platforms = {name: one for name, one in all_channels().items() if one.abilities.connected}
    return {name: one for name, one in platforms.items() if name != "practice"}


@bp.post("/konton/anslut")
@needs(Act.CHANGE_ACCOUNTS)
def step() -> str | Response | tuple[str, int]:
    """Take one step: what is missing is said at its field, else the next step is shown.

    Nothing is stored before the last one; what earlier steps were told travels in the form,
    secrets never do.
    """
    channel = _offered().get(request.form.get("kanal", ""))
    code = request.form.get("steg", "agare")
    if channel is None or code not in ASKED:
        return _page(None, "kanal", {}, {"": gettext("Välj en kanal.")}), 400
    given = dict(request.form)
    place = ASKED.index(code)
    if request.form.get("gor") == "tillbaka":
        return _page(channel, ASKED[max(place - 1, 0)], given, {})
    errors = _missing(channel, code, given)
    if errors:
        return _page(channel, code, given, errors), 400
    if code != ASKED[-1]:
        return _page(channel, ASKED[place + 1], given, {})
    return _connect(channel, given)


def _missing(channel: Channel, code: str, given: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the fields of a step, by field."""
    errors: dict[str, str] = {}
    if code == "inloggning":
        for setting in channel.settings:
            if setting.required and not given.get(f"v_{setting.name}", "").strip():
                errors[f"v_{setting.name}"] = gettext("%(label)s behövs", label=setting.label)
    if code == "agare" and not given.get("namn", "").strip():
        errors["namn"] = gettext("Skriv vad kontot ska heta")
    if code == "godkannande":
        if not given.get("chef", "").strip():
            errors["chef"] = gettext("Skriv vem som har godkänt kontot")
        decided = _day(given.get("datum", ""))
        if decided is None:
            errors["datum"] = gettext("Skriv datumet för beslutet, till exempel 2026-11-18")
        elif decided > clock.to_local(clock.now()).date():
            errors["datum"] = gettext("Beslutet kan inte vara från en dag som inte har varit")
        until, today = given.get("galler_till", "").strip(), clock.to_local(clock.now()).date()
        last = _day(until) if until else None
        if until and (last is None or last < today):
            errors["galler_till"] = gettext("Skriv sista dagen, i dag eller senare, eller inget")
    return errors


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _connect(channel: Channel, given: Mapping[str, str]) -> str | Response | tuple[str, int]:
    if me().practice:
        text = gettext("Du är inloggad som övningsperson. Lägg först till en riktig person.")
        return _page(channel, "inloggning", given, {"": text}), 400
    hosts = given.get("hosts", "").split() if me().role == Role.ADMINISTRATOR else []
    new = accounts.NewAccount(
        channel=channel.name,
        name=given.get("namn", ""),
        values={s.name: given.get(f"v_{s.name}", "") for s in channel.settings},
        approved_by=given.get("chef", ""),
        approved_at=decided_at(_day(given.get("datum", ""))),
        approved_until=_end(_day(given.get("galler_till", ""))),
        decision=given.get("dnr", ""),
        purpose=given.get("syfte", ""),
        owner_department=given.get("avdelning", ""),
        kinds=request.form.getlist("kind"),
        allowed_private_hosts=hosts,
    )
    try:
        keys = current_app.config["CREDENTIALS_KEYS"]
        account = accounts.connect(new, keys=keys, by=me(), now=clock.now())
    except accounts.BadAccount as error:
        return _page(channel, "inloggning", given, {"": str(error)}), 400
    current_app.extensions.pop("practice_mode", None)
    flash(_connected_sentence(account), "ok")
    return redirect(url_for("admin.check_account", account_id=account.id, nytt=1))


def _end(last: date | None) -> datetime | None:
    """When an approval ends whose last day this is."""
    return end_of(last) if last is not None else None


def decided_at(day: date | None) -> datetime | None:
    """The day of the decision as a moment: noon there, in UTC."""
    if day is None:
        return None
    return datetime.combine(day, time(12), tzinfo=clock.STOCKHOLM).astimezone(UTC)


def _connected_sentence(account: Account) -> str:
    """That an account is connected, and how far back its first reading goes."""
    days = current_app.config["BACKFILL_DAYS"]
    if not days:
        return gettext(
            "%(name)s är anslutet. Bara det som skrivs från och med nu läses.", name=account.name
        )
    return gettext(
        "%(name)s är anslutet. Det som redan är skrivet läggs in som historik, %(n)s dygn tillbaka."
        " Äldre än så läses inte.",
        name=account.name,
        n=f"{days:g}",
    )


def _page(
    channel: Channel | None, code: str, given: Mapping[str, str], errors: Mapping[str, str]
) -> str:
    secret = {f"v_{s.name}" for s in channel.settings if s.secret} if channel else set()
    shown = {name: value for name, value in given.items() if name not in secret}
    department = looks.department_name(shown["avdelning"]) if shown.get("avdelning") else ""
    return render_template(
        "pages/connect.html",
        offered=_offered().values(),
        channel=channel,
        steps=STEPS,
        code=code,
        place=[one.code for one in STEPS].index(code),
        given=shown,
        errors=errors,
        departments=looks.departments(),
        kept=_kept(channel, code, shown),
        kinds=request.form.getlist("kind"),
        told=told(
            channel.label if channel else "",
            (shown.get("namn", ""), department),
            (shown.get("chef", ""), shown.get("datum", "")),
        ),
    )


def told(channel: str, owner: Iterable[str], approval: Iterable[str]) -> dict[str, str]:
    """What the list of steps says of those that are done, by the step's code."""
    return {
        "kanal": channel,
        "agare": ", ".join(filter(None, owner)),
        "godkannande": ", ".join(filter(None, approval)),
    }


def _kept(channel: Channel | None, code: str, given: Mapping[str, str]) -> list[tuple[str, str]]:
    """What other steps were told: hidden fields of this one. Secrets are not among `given`."""
    own = {one.code: one.fields for one in STEPS}[code]
    names = [name for one in STEPS for name in one.fields if name not in own and name != "kanal"]
    kept = [(name, given.get(name, "")) for name in names]
    if channel is not None and code != "inloggning":
        asked = [f"v_{setting.name}" for setting in channel.settings]
        kept += [(name, given[name]) for name in [*asked, "hosts"] if name in given]
        kept += [("kind", kind) for kind in request.form.getlist("kind")]
    return kept
