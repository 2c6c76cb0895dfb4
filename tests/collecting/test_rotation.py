"""A new key for the stored sign-ins: everything under it, or nothing changed."""

import json

import pytest
from cryptography.fernet import Fernet

from app.basics.keys import BadSeal, add_key, keys_for, open_sealed, seal
from app.collecting.rotation import reseal_all
from app.database import db, writing
from app.models import Account
from tests.conftest import MONDAY
from tests.factories import an_account

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


def with_credentials(*keys):
    """An account whose token is sealed with the first of these keys."""
    account = an_account("x", now=MONDAY).account
    with writing():
        db.session.get_one(Account, account.id).credentials = seal({"token": "hemlig"}, keys)
    return account.id


def sealed(account_id):
    db.session.expire_all()
    return db.session.get_one(Account, account_id).credentials


def test_what_is_sealed_anew_opens_with_the_new_key_alone(app):
    """After resealing, the old key is needed no longer and the words are the same."""
    one, other = with_credentials(OLD), with_credentials(OLD)
    assert reseal_all((NEW, OLD)) == 2
    for account_id in (one, other):
        assert open_sealed(sealed(account_id), (NEW,)) == {"token": "hemlig"}
        with pytest.raises(BadSeal):
            open_sealed(sealed(account_id), (OLD,))


def test_one_that_cannot_be_opened_leaves_all_as_they_were(app):
    """A sign-in sealed with a lost key stops the whole, and nothing has changed."""
    fine, lost = with_credentials(OLD), with_credentials(LOST)
    before = (sealed(fine), sealed(lost))
    with pytest.raises(BadSeal):
        reseal_all((NEW, OLD))
    assert (sealed(fine), sealed(lost)) == before


def test_a_new_key_is_put_first_and_the_old_ones_stay(tmp_path):
    """The kept keys grow by one at the front, readable by their owner only; the secret stays."""
    settings = {"SECRET_KEY": "", "CREDENTIALS_KEYS": (), "DATA_DIR": tmp_path}
    before = keys_for(settings)
    after = add_key(tmp_path)
    assert after.credentials[1:] == before.credentials
    assert after.secret == before.secret
    assert keys_for(settings) == after
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "keys.json").read_text())["credentials"][0] != OLD


def test_the_command_tells_how_many_and_shows_no_key(app):
    """`flask accounts reseal` says what it did in plain Swedish; keys given by settings stay there."""
    with_credentials(*app.config["CREDENTIALS_KEYS"])
    runner = app.test_cli_runner()
    done = runner.invoke(args=["accounts", "reseal"])
    assert (done.exit_code, done.output) == (
        0,
        "1 inloggningar ligger nu under den nyaste nyckeln.\n",
    )
    refused = runner.invoke(args=["accounts", "reseal", "--new-key"])
    assert refused.exit_code != 0
    assert "CREDENTIALS_KEYS" in refused.output
