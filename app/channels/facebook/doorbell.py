"""Meta's webhook as a doorbell: which pages ring, and whether it is really Meta that does.

Nothing in what it says is believed beyond a page's number: the page itself is then looked at.
Source: Graph API, Webhooks, Getting Started.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping

MOST_PAGES = 1000
"""Entries of one ring that are listened to."""


def challenge_of(args: Mapping[str, str], verify_token: str) -> str | None:
    """What to answer, as plain text, when Meta asks whether the address is ours; None: it is not.

    Without a word of ours (`verify_token` '') nobody is answered.
    """
    said, challenge = args.get("hub.verify_token") or "", args.get("hub.challenge") or ""
    right = hmac.compare_digest(_bytes(said), _bytes(verify_token))
    if not verify_token or not right or args.get("hub.mode") != "subscribe":
        return None
    return challenge or None


def signature_is_right(secret: str, body: bytes, header: str) -> bool:
    """Whether `X-Hub-Signature-256` is made with the app's secret over exactly these bytes.

    False without a header or a secret. The comparison takes the same time whatever is wrong.
    """
    if not secret or not header:
        return False
    right = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(_bytes(header), right.encode())


def pages_that_ring(body: bytes) -> frozenset[str]:
    """The ids of the pages that something has happened on; none for what makes no sense."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return frozenset()
    if not isinstance(told, Mapping) or told.get("object") != "page":
        return frozenset()
    entries = told.get("entry")
    if not isinstance(entries, list):
        return frozenset()
    ids = (entry.get("id") for entry in entries[:MOST_PAGES] if isinstance(entry, Mapping))
    return frozenset(str(one) for one in ids if isinstance(one, str | int) and str(one))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
