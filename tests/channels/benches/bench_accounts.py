"""A bench's platform as a connected account: read by the real collector, answered by the real outbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from inspect import signature
from typing import Any

from flask import Flask

from app.basics.keys import seal
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import options_from
from app.database import db, writing
from app.models import Account, Source

from .bench import PlatformBench
from .bench_suite import BENCHES


def bench_with(name: str, **known: Any) -> Any:
    """The bench of that name, told what it can be told of this (`clock`, `data_dir`)."""
    made = BENCHES[name]
    taken = signature(made).parameters
    return made(**{key: value for key, value in known.items() if key in taken})


class Clock:
    """A clock that stands until it is moved; platform and collector may share it."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def __call__(self) -> datetime:
        return self.time

    def later(self, by: timedelta) -> datetime:
        """Move on."""
        self.time += by
        return self.time


def connected(
    bench: PlatformBench,
    keys: Sequence[str],
    *,
    now: datetime,
    kinds: Sequence[str] = (),
    **settings: str,
) -> Account:
    """The bench's account in the database, its sources due at once; a day back nothing is history.

    `settings`: the account's own, and (in capitals) what it has other values for than the
    installation. `kinds` none: those that are usual.
    """
    known, channel = bench.connection(), bench.channel
    usual = [one.kind for one in channel.source_kinds[:1]]
    usual += [one.kind for one in channel.source_kinds[1:] if one.by_default]
    with writing():
        account = Account(
            channel=channel.name,
            external_id=known.external_id,
            name=channel.label,
            approved_by="Eva Chef",
            settings={**known.settings, **known.installation, **settings},
            credentials=seal(dict(known.credentials), keys),
            allowed_private_hosts=sorted(known.allowed_private_hosts),
            created_at=now,
        )
        db.session.add(account)
        db.session.flush()
        for kind in kinds or usual:
            db.session.add(
                Source(
                    account_id=account.id,
                    kind=kind,
                    next_look_at=now,
                    history_before=now - timedelta(days=1),
                )
            )
    return account


def look_at_all(app: Flask, clock: Any, times: int = 1) -> None:
    """Read every source, as often as said."""
    for _time in range(times):
        collect_due(Collector(options_from(app.config), clock), all_now=True)
