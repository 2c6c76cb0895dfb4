"""Connecting an account at a terminal: the page's steps, asked one by one, secrets not shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import click
from flask_babel import gettext
from sqlalchemy import select

from app.basics import clock
from app.basics.csv_rows import NotATable
from app.channels.base import Channel, Setting, all_channels, channel_named
from app.collecting import accounts
from app.collecting.call_counts import take_in
from app.collecting.connect import options_from
from app.database import db
from app.models import Account, Department, Source, Training
from app.web import words
from app.web.call_counts import said_of
from app.web.connect import STEPS, decided_at
from app.web.figure_words import bad_file, why_not
from app.web.permissions import guide, permission
from app.web.trial import try_account


@dataclass(slots=True)
class Told:
    """What is known of the account to connect; what is empty is asked for, step by step."""

    channel: str = ""
    name: str = ""
    department: str = ""
    purpose: str = ""
    approved_by: str = ""
    approved_at: str = ""
    pairs: Sequence[str] = ()
    kinds: Sequence[str] = ()
    hosts: Sequence[str] = ()
    values: dict[str, str] = field(default_factory=dict)


def connect(told: Told, config: Mapping[str, Any]) -> Account:
    """Connect the account, asking for what is missing. Raises `BadAccount`.

    Every step is asked when the channel or the name was not given; else only for the secrets.
    """
    told.values |= {name: value for name, _, value in (pair.partition("=") for pair in told.pairs)}
    every_step = not (told.channel and told.name)
    if every_step:
        _ask_about_account(told)
    channel = all_channels().get(told.channel)
    if channel is not None:
        _ask_for_sign_in(told, channel, every_step=every_step)
    new = accounts.NewAccount(
        told.channel,
        told.name,
        told.values,
        approved_by=told.approved_by,
        approved_at=decided_at(_day(told.approved_at)) if told.approved_at else None,
        purpose=told.purpose,
        owner_department=told.department,
        kinds=told.kinds,
        allowed_private_hosts=told.hosts,
    )
    return accounts.connect(new, keys=config["CREDENTIALS_KEYS"], by=None, now=clock.now())


def _say_step(number: int) -> None:
    step = gettext(
        "Steg %(n)d av %(all)d: %(name)s", n=number, all=len(STEPS), name=STEPS[number - 1].name
    )
    click.secho(f"\n{step}", bold=True)


def _ask_about_account(told: Told) -> None:
    """The first three steps: channel, owner and purpose, approval."""
    _say_step(1)
    platforms = [name for name, one in all_channels().items() if one.abilities.connected]
    offered = [name for name in platforms if name != "practice"]
    told.channel = told.channel or click.prompt(gettext("Kanal"), type=click.Choice(offered))
    _say_step(2)
    told.name = told.name or click.prompt(gettext("Vad ska kontot heta här?"))
    slugs = list(db.session.scalars(select(Department.slug).where(Department.open)))
    if not told.department:
        click.echo(gettext("Avdelningar: %(all)s", all=", ".join(sorted(slugs))))
        told.department = click.prompt(
            gettext("Ägare (tomt: staden gemensamt)"),
            default="",
            show_default=False,
            show_choices=False,
            type=click.Choice([*slugs, ""]),
        )
    told.purpose = told.purpose or _asked(gettext("Syfte, en mening som en invånare förstår"))
    _say_step(3)
    told.approved_by = told.approved_by or click.prompt(
        gettext("Förvaltningschef som har godkänt kontot")
    )
    while not told.approved_at:
        told.approved_at = click.prompt(gettext("Beslutsdatum, till exempel 2026-11-18"))
        try:
            _day(told.approved_at)
        except accounts.BadAccount as error:
            click.echo(str(error))
            told.approved_at = ""


def _day(text: str) -> date:
    """The day of the decision. Raises `BadAccount`."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise accounts.BadAccount(
            gettext("Skriv datumet för beslutet, till exempel 2026-11-18")
        ) from None
    if day > clock.to_local(clock.now()).date():
        raise accounts.BadAccount(gettext("Beslutet kan inte vara från en dag som inte har varit"))
    return day


def _asked(label: str, *, default: str = "", hidden: bool = False) -> str:
    """What is typed; nothing is an answer too, or stands for the default."""
    shown = bool(default)
    given = click.prompt(label, default=default, show_default=shown, hide_input=hidden)
    return str(given).strip()


def _ask_for_sign_in(told: Told, channel: Channel, *, every_step: bool) -> None:
    """The fourth step: what the channel needs to sign in."""
    if every_step:
        _say_step(4)
        if guide(channel.name):
            click.echo(gettext("Se handledningen %(file)s.", file=guide(channel.name)))
    for setting in channel.settings:
        if setting.name not in told.values and (every_step or _is_needed(setting, channel, told)):
            _ask_for(told, setting)
    if every_step and not told.kinds:
        first, *others = channel.source_kinds
        told.kinds = [
            first.kind,
            *(
                one.kind
                for one in others
                if click.confirm(gettext("Ska %(what)s hämtas?", what=one.label), default=True)
            ),
        ]


def _is_needed(setting: Setting, channel: Channel, told: Told) -> bool:
    """Whether a secret is asked for though not every step is: it is required, or none is given."""
    secrets = [one for one in channel.settings if one.secret]
    if not setting.secret or setting.required:
        return setting.secret
    given = any(one.name in told.values for one in secrets)
    return not given and not any(one.required for one in secrets)


def _ask_for(told: Told, setting: Setting) -> None:
    if setting.hint:
        click.echo(setting.hint)
    label = setting.label
    if not setting.required:
        label = gettext("%(label)s (tomt: inget)", label=label)
    if setting.required and not setting.default:
        value = click.prompt(label, hide_input=setting.secret)
    else:
        value = _asked(label, default=setting.default, hidden=setting.secret)
    if value:
        told.values[setting.name] = value


def tell_trial(account: Account, config: Mapping[str, Any]) -> bool:
    """The last step: try each permission and say how it went; whether all is well."""
    _say_step(5)
    source = db.session.scalars(select(Source).where(Source.account_id == account.id)).first()
    if source is None:
        return True
    channel = channel_named(account.channel)
    tried = try_account(source, channel, options_from(config), now=clock.now())
    for one in tried.results:
        label, how = permission(channel.name, one.name)
        mark = gettext("Går bra") if one.allowed else gettext("Går inte")
        detail = f" ({one.detail})" if one.detail else ""
        click.echo(f"  {mark}: {label}{detail}")
        if not one.allowed:
            click.echo(f"    {how}")
    if tried.error:
        light = {"SignInNeeded": "sign_in_needed", "BudgetSpent": "budget_spent"}
        advice = words.LIGHTS[light.get(tried.error, "trying_again")][1]
        click.echo(gettext("Vi kunde inte pröva kontot.") + f" {advice}")
    if not tried.good and guide(channel.name):
        click.echo(gettext("Se handledningen %(file)s.", file=guide(channel.name)))
    return tried.good


def take_in_counts(data: bytes, *, now: datetime) -> bool:
    """Take in the switchboard's counts and say how it went; whether every line could be read."""
    try:
        kept = take_in(data, by=None, today=clock.to_local(now).date(), now=now)
    except NotATable as error:
        raise click.ClickException(bad_file(error)) from None
    for bad in kept.bad:
        click.echo(why_not(bad), err=True)
    click.echo(said_of(kept))
    return not kept.bad


def training_lines(training: Training) -> list[str]:
    """How a training went, a sentence a line."""
    figures = training.figures
    before, after = figures["dev"]
    lines = [
        f"Modellen {training.version} är tränad på {training.examples} exempel,"
        f" varav {training.corrections} rättelser.",
        f"Rätt först på provet: {before:.1%} förut, {after:.1%} nu.",
    ]
    if figures["recent_count"]:
        was, now = figures["recent"]
        lines.append(f"På de {figures['recent_count']} senaste rättelserna: {was} förut, {now} nu.")
    if training.accepted:
        return [*lines, "Den används nu. Tillbaka till den förra: flask train --back"]
    why = words.TRAINING_REASONS[training.reason]
    return [*lines, f"Den används inte: {why}", "Den tidigare modellen är kvar."]
