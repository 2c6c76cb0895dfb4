"""From an account's row to what a channel may know of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.basics.keys import open_sealed
from app.channels.base import Channel, Connection, channel_named
from app.models import Account, Source


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
    )


def connection_of(source: Source, options: Options) -> Connection:
    """What the channel may know while it works on this source.

    Raises `app.basics.keys.BadSeal` when the stored credentials cannot be opened.
    """
    account = source.account
    first = source.first_read_at is None and source.history_before is not None
    practice = {"speed": options.speed} if account.channel == "practice" else {}
    return Connection(
        kind=source.kind,
        external_id=account.external_id,
        settings={**practice, **account.settings},
        credentials=open_sealed(account.credentials, options.keys),
        allowed_private_hosts=frozenset(account.allowed_private_hosts),
        data_dir=options.data_dir,
        pepper=pepper_of(options.keys),
        city=options.city,
        contact=options.contact,
        backfill_since=source.history_before - options.backfill
        if first and source.history_before
        else None,
    )


def pepper_of(keys: tuple[str, ...]) -> str:
    """A secret of this installation that is no key itself; it stays when a newer key is added."""
    return hashlib.sha256(f"pepper:{keys[-1]}".encode()).hexdigest() if keys else ""


def channel_of(account: Account) -> Channel:
    """The account's channel. Raises KeyError when this version has no such channel."""
    return channel_named(account.channel)
