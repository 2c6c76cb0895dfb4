"""From an account's row to what a channel may know of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.basics.keys import open_sealed
from app.channels.base import Channel, Connection, channel_named
from app.collecting.keeper import AccountKeeper
from app.collecting.ledger import spent_by
from app.models import Account, Source
from config import platform_settings


@dataclass(frozen=True, slots=True)
class Options:
    """What the collector and the deliverer are told by the settings; times as `timedelta`."""

    data_dir: Path
    city: str
    contact: str
    keys: tuple[str, ...] = field(repr=False)
    floor: timedelta = timedelta(seconds=60)
    ceiling: timedelta = timedelta(minutes=15)
    lease: timedelta = timedelta(minutes=2)
    backfill: timedelta = timedelta(days=30)
    speed: str = "normal"
    """How fast the practice town speaks."""
    installation: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The settings that speak of platforms, by name."""


def options_from(settings: Mapping[str, Any]) -> Options:
    """The settings (`config.read_settings`) as the collector and the deliverer want them."""
    return Options(
        data_dir=settings["DATA_DIR"],
        city=settings["CITY"],
        contact=settings["CONTACT"],
        keys=settings["CREDENTIALS_KEYS"],
        floor=timedelta(seconds=settings["POLL_FLOOR"]),
        ceiling=timedelta(seconds=settings["POLL_CEILING"]),
        lease=timedelta(seconds=settings["LEASE_SECONDS"]),
        backfill=timedelta(days=settings["BACKFILL_DAYS"]),
        speed=settings["PRACTICE_SPEED"],
        installation=platform_settings(settings),
    )


def connection_of(source: Source, options: Options, *, now: datetime) -> Connection:
    """What the channel may know while it works on this source (`now` is aware UTC).

    Raises `app.basics.keys.BadSeal` when the stored credentials cannot be opened, and KeyError when
    this version has no such channel.
    """
    account = source.account
    credentials = open_sealed(account.credentials, options.keys)
    first = source.first_read_at is None and source.history_before is not None
    practice = {"speed": options.speed} if account.channel == "practice" else {}
    return Connection(
        kind=source.kind,
        external_id=account.external_id,
        settings={**practice, **account.settings},
        credentials=credentials,
        allowed_private_hosts=frozenset(account.allowed_private_hosts),
        data_dir=options.data_dir,
        pepper=pepper_of(options.keys),
        city=options.city,
        contact=options.contact,
        backfill_since=source.history_before - options.backfill
        if first and source.history_before
        else None,
        installation={**options.installation, **account.platform},
        spent_before=spent_by(account, channel_of(account).abilities.budget, now=now),
        keeper=AccountKeeper(account.id, options.keys, credentials, now),
    )


def pepper_of(keys: tuple[str, ...]) -> str:
    """A secret of this installation that is no key itself; it stays when a newer key is added."""
    return hashlib.sha256(f"pepper:{keys[-1]}".encode()).hexdigest() if keys else ""


def channel_of(account: Account) -> Channel:
    """The account's channel. Raises KeyError when this version has no such channel."""
    return channel_named(account.channel)
