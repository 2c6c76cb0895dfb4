"""Renewing a sign-in that wears out: one process at a time, and stored before it is used."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import update

from app.basics.keys import open_sealed, seal
from app.channels.base import TryLater
from app.database import db, writing
from app.models import Account

LONGEST = timedelta(seconds=90)
"""A process that has not come back by then is taken for dead."""


class AccountKeeper:
    """Keeps one account's credentials; see `app.channels.base.Keeper`.

    Some platforms kill the old token when they give a new one, so two processes must never ask at
    once, and the new one must be in the database before anybody uses it.
    """

    def __init__(
        self, account_id: int, keys: tuple[str, ...], credentials: dict[str, str], now: datetime
    ) -> None:
        """`credentials` is the connection's own mapping: it is brought up to date in place."""
        self.account_id, self.keys, self.now = account_id, keys, now
        self.credentials = credentials

    def renew(
        self, stale: str, ask: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> Mapping[str, str]:
        """The stored credentials when they are newer than `stale`, else what `ask` gives.

        Raises what `ask` raises, and `TryLater` while another process is asking.
        """
        stored = self._claim(stale)
        if stored is None:
            return self.credentials
        fresh: Mapping[str, str] | None = None
        try:
            fresh = ask(stored)
        finally:
            self._keep({**stored, **fresh} if fresh is not None else None)
        return self.credentials

    def _claim(self, stale: str) -> dict[str, str] | None:
        """The stored credentials for asking with; None when newer ones were there already."""
        with writing():
            account = db.session.get_one(
                Account, self.account_id, populate_existing=True, with_for_update={"of": Account}
            )
            stored = open_sealed(account.credentials, self.keys)
            if stored.get("access_token", "") not in ("", stale):
                self.credentials.update(stored)
                return None
            if account.renewing_until is not None and account.renewing_until > self.now:
                raise TryLater("the sign-in is being renewed", until=account.renewing_until)
            account.renewing_until = self.now + LONGEST
        return stored

    def _keep(self, credentials: dict[str, str] | None) -> None:
        """Store what was given (None: nothing was) and let the next one ask."""
        values: dict[str, object] = {"renewing_until": None}
        if credentials is not None:
            values["credentials"] = seal(credentials, self.keys)
            self.credentials.update(credentials)
        with writing():
            db.session.execute(
                update(Account).where(Account.id == self.account_id).values(**values)
            )
