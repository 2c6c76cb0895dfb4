"""Trying an account: each permission for itself, with what it costs written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.basics.keys import BadSeal
from app.channels.base import Channel, ChannelError, PermissionCheck
from app.collecting.connect import Options, connection_of
from app.collecting.ledger import counted
from app.database import db
from app.models import Source


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it. `error`: the name of the contract's error that stopped the trial, or ''."""

    results: Sequence[PermissionCheck]
    error: str = ""

    @property
    def good(self) -> bool:
        """Whether everything was tried and is allowed."""
        return not self.error and all(one.allowed for one in self.results)


def try_account(source: Source, channel: Channel, options: Options, *, now: datetime) -> Tried:
    """Try each permission of the source's account; nothing is changed on the platform."""
    account_id = source.account_id
    try:
        connection = connection_of(source, options, now=now)
        db.session.commit()  # nothing is held open while we talk to the platform
        with counted(account_id, connection.meter):
            return Tried(channel.check(connection, now=now))
    except BadSeal:
        return Tried([], "SignInNeeded")
    except ChannelError as problem:
        return Tried([], type(problem).__name__)
