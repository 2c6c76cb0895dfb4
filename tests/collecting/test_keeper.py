"""Renewing a sign-in: one at a time, stored before it is used."""

from datetime import timedelta

import pytest

from app.basics.keys import open_sealed, seal
from app.channels.base import SignInNeeded, TryLater
from app.collecting.keeper import LONGEST, AccountKeeper
from app.database import db, writing
from app.models import Account
from tests.conftest import MONDAY
from tests.factories import an_account


@pytest.fixture
def account(app):
    account = an_account("x", now=MONDAY).account
    with writing():
        sealed = seal({"access_token": "old", "refresh_token": "r1"}, keys_of(app))
        db.session.get_one(Account, account.id).credentials = sealed
    return account


def keys_of(app):
    return tuple(app.config["CREDENTIALS_KEYS"])


def a_keeper(app, account, *, now=MONDAY):
    known = stored(app, account)
    return AccountKeeper(account.id, keys_of(app), known, now), known


def stored(app, account):
    db.session.expire_all()
    return open_sealed(db.session.get_one(Account, account.id).credentials, keys_of(app))


def test_what_was_given_is_stored_before_it_is_used(app, account):
    """The new pair is in the database, and the rest of the credentials are still there."""
    keeper, known = a_keeper(app, account)
    given = keeper.renew("old", lambda _old: {"access_token": "new", "refresh_token": "r2"})
    assert given == stored(app, account) == known
    assert given == {"access_token": "new", "refresh_token": "r2"}


def test_the_question_is_asked_with_what_is_stored(app, account):
    """A keeper that was made long ago asks with the newest refresh token, not with its own."""
    late, _known = a_keeper(app, account)
    with writing():
        sealed = seal({"access_token": "old", "refresh_token": "r9"}, keys_of(app))
        db.session.get_one(Account, account.id).credentials = sealed
    asked = []
    late.renew("old", lambda old: asked.append(old["refresh_token"]) or {"access_token": "new"})
    assert asked == ["r9"]


def test_what_another_process_got_is_taken_without_asking(app, account):
    """When the stored token is not the stale one, nobody asks the platform again."""
    late, known = a_keeper(app, account)
    early, _other = a_keeper(app, account)
    early.renew("old", lambda _old: {"access_token": "new", "refresh_token": "r2"})
    given = late.renew("old", lambda _old: pytest.fail("asked twice"))
    assert given["access_token"] == known["access_token"] == "new"


def test_two_processes_never_ask_at_once(app, account):
    """While one is asking, the other is told to come back; a dead one holds it for a while only."""
    first, _known = a_keeper(app, account)
    second, _known = a_keeper(app, account)

    def while_asking(_old):
        with pytest.raises(TryLater) as caught:
            second.renew("old", lambda _stored: pytest.fail("asked at once"))
        assert caught.value.until == MONDAY + LONGEST
        raise KeyboardInterrupt  # the process ends here, as hard as it can be told in a test

    with pytest.raises(KeyboardInterrupt):
        first.renew("old", while_asking)
    with writing():  # as after a SIGKILL: nobody let go
        db.session.get_one(Account, account.id).renewing_until = MONDAY + LONGEST
    later, _known = a_keeper(app, account, now=MONDAY + LONGEST + timedelta(seconds=1))
    assert later.renew("old", lambda _old: {"access_token": "new"})["access_token"] == "new"


def test_a_no_leaves_the_credentials_and_lets_the_next_one_ask(app, account):
    """What the platform refuses changes nothing, and the way is free at once."""
    keeper, _known = a_keeper(app, account)

    def refused(_old):
        raise SignInNeeded("dead")

    with pytest.raises(SignInNeeded):
        keeper.renew("old", refused)
    assert stored(app, account) == {"access_token": "old", "refresh_token": "r1"}
    again, _known = a_keeper(app, account)
    assert again.renew("old", lambda _old: {"access_token": "new"})["access_token"] == "new"
