"""The upgrade that brought approvals with an end: nothing stops because of it."""

from datetime import timedelta

from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from app.basics import clock
from app.commands import use_migrations
from app.database import db, writing
from app.models import Account, Approval
from app.people.approvals import is_approved
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in

DAY = timedelta(days=1)


def test_accounts_from_before_go_on_for_at_least_90_days(app):
    """An old approval gets 90 days, a new one two years; the practice town's account gets none."""
    now = clock.now()
    decided = (now - 900 * DAY, now - 10 * DAY)
    for at in decided:
        source = an_account(now=MONDAY)
        with writing():
            db.session.get_one(Account, source.account_id).approved_at = at
    practice = an_account("practice", now=MONDAY)
    with writing():
        db.session.get_one(Account, practice.account_id).approved_by = ""
    take_in(source, said("Hej", at=MONDAY))
    a_person(now=MONDAY)
    use_migrations(app)
    db.session.remove()
    downgrade(revision="0006")
    upgrade()
    old, new, town = db.session.scalars(select(Account).order_by(Account.id)).all()
    assert abs(old.approved_until - now - 90 * DAY) < DAY
    assert new.approved_until == decided[1] + 730 * DAY
    assert town.approved_until is None
    assert all(is_approved(one, now + 80 * DAY) for one in (old, new, town))
    rows = db.session.scalars(select(Approval).order_by(Approval.id)).all()
    assert [(one.account_id, one.valid_until) for one in rows] == [
        (old.id, old.approved_until),
        (new.id, new.approved_until),
    ]
