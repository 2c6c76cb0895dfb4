"""The two keys: one signs cookies and forms, the others seal the accounts' credentials."""

import contextlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class BadSeal(Exception):
    """Sealed credentials cannot be opened with any of the keys we have."""


@dataclass(frozen=True, slots=True)
class Keys:
    """`secret` signs; `credentials` are Fernet keys, newest first."""

    secret: str
    credentials: tuple[str, ...]


def keys_for(settings: Mapping[str, Any]) -> Keys:
    """The keys given in the settings, or those made at first start and kept in DATA_DIR."""
    secret, credentials = settings["SECRET_KEY"], tuple(settings["CREDENTIALS_KEYS"])
    if not secret or not credentials:
        kept = _kept(settings["DATA_DIR"])
        secret = secret or kept.secret
        credentials = credentials or kept.credentials
    return Keys(secret, credentials)


def _kept(folder: Path) -> Keys:
    """Keys in a file that only its owner can read; two processes starting at once agree on one."""
    path = folder / "keys.json"
    if not path.exists():
        from cryptography.fernet import Fernet

        folder.mkdir(parents=True, exist_ok=True)
        fresh = {"secret": secrets.token_hex(32), "credentials": [Fernet.generate_key().decode()]}
        mine = folder / f".keys-{os.getpid()}-{secrets.token_hex(4)}"
        with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(fresh, file)
        with contextlib.suppress(FileExistsError):  # another process was first: its keys are used
            os.link(mine, path)
        mine.unlink()
    found = json.loads(path.read_text())
    return Keys(found["secret"], tuple(found["credentials"]))


def add_key(folder: Path) -> Keys:
    """Put a new key before those that are kept in the folder; what the old ones sealed still opens.

    Raises FileNotFoundError when no keys are kept there (they come from the settings then).
    """
    from cryptography.fernet import Fernet

    path = folder / "keys.json"
    found = json.loads(path.read_text())
    found["credentials"] = [Fernet.generate_key().decode(), *found["credentials"]]
    mine = folder / f".keys-{os.getpid()}-{secrets.token_hex(4)}"
    with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(found, file)
    mine.replace(path)
    return Keys(found["secret"], tuple(found["credentials"]))


def seal(values: Mapping[str, str], keys: Sequence[str]) -> str:
    """Encrypt credentials with the newest key; '' for none."""
    if not values:
        return ""
    sealed: str = _box(keys).encrypt(json.dumps(dict(values)).encode()).decode()
    return sealed


def open_sealed(sealed: str, keys: Sequence[str]) -> dict[str, str]:
    """The credentials again. Raises `BadSeal` when no key fits."""
    from cryptography.fernet import InvalidToken

    if not sealed:
        return {}
    try:
        opened: dict[str, str] = json.loads(_box(keys).decrypt(sealed.encode()))
    except InvalidToken:
        raise BadSeal("no key in CREDENTIALS_KEYS opens the stored credentials") from None
    return opened


def reseal(sealed: str, keys: Sequence[str]) -> str:
    """The same credentials under the newest key. Raises `BadSeal`."""
    return seal(open_sealed(sealed, keys), keys)


def _box(keys: Sequence[str]) -> Any:
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(key) for key in keys])
