"""Whether links in an account's answers carry a campaign mark: off until it is switched on."""

from datetime import datetime

from app.database import db, writing
from app.models import Account, Staff
from app.models.event import log_event
from app.people.rights import Act, must_be_allowed

SETTING = "MARK_LINKS"
"""Among the account's own values for settings of the installation, which a new sign-in keeps."""


def are_on(account: Account) -> bool:
    """Whether the marks are switched on for this account."""
    return account.settings.get(SETTING) == "ja"


def switch(account_id: int, *, on: bool, by: Staff, now: datetime) -> bool:
    """Switch them on or off; False when there is no such account. Raises `NotAllowed`."""
    must_be_allowed(by, Act.CHANGE_ACCOUNTS)
    with writing():
        account = db.session.get(Account, account_id, with_for_update={"of": Account})
        if account is None:
            return False
        if are_on(account) != on:
            others = {name: value for name, value in account.settings.items() if name != SETTING}
            account.settings = others | ({SETTING: "ja"} if on else {})
            log_event("link_marks_changed", at=now, account_id=account.id, staff_id=by.id, on=on)
    return True
