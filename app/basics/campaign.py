"""The mark that a link in an answer can carry: by which channel and in which month, nothing else.

Matomo counts a visit that begins at a marked link as one of that campaign. No mark tells who
answered, who asked, or which case it was.
"""

import re
from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlsplit

from app.basics.clock import to_local

PREFIX = "vaxeln-"
PARAMETER = "mtm_campaign"
_LINK = re.compile(r"https?://[^\s<>\"”»]+", re.IGNORECASE)
_MARKED = re.compile(r"[?&#](?:mtm_|pk_|utm_)", re.IGNORECASE)
_AFTER = ".,;:!?)]'’*"
"""What stands after an address in a sentence and is not of it."""


def mark_of(channel: str, at: datetime) -> str:
    """The mark of a channel's answers in the local month of `at`: vaxeln-facebook-2026-11."""
    return f"{PREFIX}{channel}-{to_local(at):%Y-%m}"


def marked(text: str, hosts: Collection[str], mark: str) -> str:
    """The text with the mark on its links to these hosts; other links stay as they are.

    A link that carries a campaign already keeps that, so marking twice is marking once. An
    address's own parameters and its place on the page (#) are kept.
    """
    return _LINK.sub(lambda found: _with_mark(found.group(), hosts, mark), text) if hosts else text


def _with_mark(written: str, hosts: Collection[str], mark: str) -> str:
    address = written.rstrip(_AFTER)
    rest = written[len(address) :]
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return written
    if host.casefold() not in hosts or _MARKED.search(address):
        return written
    page, sign, place = address.partition("#")
    sep = "&" if "?" in page else "?"
    return f"{page}{sep}{PARAMETER}={mark}{sign}{place}{rest}"
