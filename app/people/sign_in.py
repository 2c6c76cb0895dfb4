"""Signing in and out: argon2, sessions kept in the database, slow answers to guessing.

A wrong password costs the same time as an unknown login. After five failures for a login, or
twenty from an address, within a quarter of an hour, further tries are refused for that long,
also with the right password (OWASP's advice on throttling by account and by address).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from app.database import db, writing
from app.models import SignInAttempt, Staff, StaffSession
from app.models.event import log_event

if TYPE_CHECKING:
    from argon2 import PasswordHasher

WINDOW = timedelta(minutes=15)
TRIES_PER_LOGIN = 5
TRIES_PER_ADDRESS = 20
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1000
SEEN_EVERY = timedelta(minutes=1)


class WrongSignIn(Exception):
    """Login and password do not fit together (or the person is switched off)."""


class TooManyTries(Exception):
    """Guessing is stopped until `until` (aware UTC)."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class WeakPassword(Exception):
    """The password is shorter than SHORTEST_PASSWORD or longer than LONGEST_PASSWORD."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session: the token goes into the cookie and nowhere else."""

    staff: Staff
    token: str


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """The password as it is kept. Raises `WeakPassword`."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WeakPassword
    return _hasher().hash(password)


def normal_login(login: str) -> str:
    """Logins are compared without case and outer blanks."""
    return login.strip().casefold()[:200]


def sign_in(
    login: str, password: str, *, address: str, secret: str, lasts: timedelta, now: datetime
) -> SignedIn:
    """Begin a session. `address` is the browser's; `secret` keys the hashes of failed tries.

    Raises `WrongSignIn` and `TooManyTries`.
    """
    login = normal_login(login)
    login_hash, address_hash = _keyed(login, secret), _keyed(address, secret)
    _must_not_be_throttled(login_hash, address_hash, now)
    staff = db.session.scalar(select(Staff).where(Staff.login == login))
    if not _fits(staff, password[:LONGEST_PASSWORD]) or staff is None:
        with writing():
            db.session.add(SignInAttempt(login_hash=login_hash, address_hash=address_hash, at=now))
            db.session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - 4 * WINDOW))
        raise WrongSignIn
    token = secrets.token_urlsafe(32)
    with writing():
        db.session.execute(delete(SignInAttempt).where(SignInAttempt.login_hash == login_hash))
        db.session.execute(delete(StaffSession).where(StaffSession.ends_at < now))
        db.session.add(
            StaffSession(
                token_hash=_hash(token),
                staff_id=staff.id,
                created_at=now,
                last_seen_at=now,
                ends_at=now + lasts,
            )
        )
        log_event("signed_in", at=now, staff_id=staff.id)
    return SignedIn(staff, token)


def _fits(staff: Staff | None, password: str) -> bool:
    from argon2.exceptions import VerificationError

    known = staff is not None and staff.active
    try:
        _hasher().verify(staff.password_hash if staff and known else _nobodys_hash(), password)
    except VerificationError:
        return False
    return known


def _must_not_be_throttled(login_hash: str, address_hash: str, now: datetime) -> None:
    for column, value, most in (
        (SignInAttempt.login_hash, login_hash, TRIES_PER_LOGIN),
        (SignInAttempt.address_hash, address_hash, TRIES_PER_ADDRESS),
    ):
        row = db.session.execute(
            select(func.count(), func.max(SignInAttempt.at)).where(
                column == value, SignInAttempt.at > now - WINDOW
            )
        ).one()
        if row[0] >= most:
            raise TooManyTries(row[1] + WINDOW)


def whose_session(
    token: str, *, lasts: timedelta, now: datetime, used: bool = True
) -> Staff | None:
    """The person behind a cookie's token, if the session still holds; it lasts on while used.

    `used` False: an open page asks by itself, and nobody need be at it.
    """
    found = db.session.scalar(
        select(StaffSession).where(
            StaffSession.token_hash == _hash(token), StaffSession.ends_at > now
        )
    )
    if found is None or not found.staff.active:
        return None
    if used and now - found.last_seen_at > SEEN_EVERY:
        with writing():
            found.last_seen_at, found.ends_at = now, now + lasts
    return found.staff


def sign_out(token: str, *, now: datetime) -> None:
    """End the session behind a token; ending it twice is fine."""
    with writing():
        ended = db.session.execute(
            delete(StaffSession)
            .where(StaffSession.token_hash == _hash(token))
            .returning(StaffSession.staff_id)
        ).first()
        if ended is not None:
            log_event("signed_out", at=now, staff_id=ended.staff_id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _keyed(value: str, secret: str) -> str:
    return hmac.new(secret.encode(), value.encode(), hashlib.sha256).hexdigest()
