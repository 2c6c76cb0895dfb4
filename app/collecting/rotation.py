"""Sealing the stored credentials anew, so that an old key can be thrown away."""

from collections.abc import Sequence

from sqlalchemy import select

from app.basics.keys import reseal
from app.database import db, writing
from app.models import Account, Call


def reseal_all(keys: Sequence[str]) -> int:
    """Put every account's credentials under the newest of `keys` (newest first); how many accounts.

    The numbers to call residents back at go along.

    All in one transaction: raises `app.basics.keys.BadSeal`, and changes nothing, when one of them
    cannot be opened with any key.
    """
    with writing():
        rows = db.session.scalars(
            select(Account).where(Account.credentials != "").order_by(Account.id).with_for_update()
        ).all()
        for account in rows:
            account.credentials = reseal(account.credentials, keys)
        calls = select(Call).where(Call.reach != "").order_by(Call.case_id).with_for_update()
        for call in db.session.scalars(calls).all():
            call.reach = reseal(call.reach, keys)
    return len(rows)
