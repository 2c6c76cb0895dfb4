"""How many come to the city's website from links on the networks: asked of the city's own Matomo.

Two reports of its reporting API are read, by day: `Referrers.getSocials` (visits that began at a
link on a network) and `Referrers.getCampaigns` (at a link that carries a mark; ours alone are
kept). Both give numbers only. The token goes in the body, as Matomo advises, and stands in no
address, log or error.

https://developer.matomo.org/api-reference/reporting-api
"""

import html
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, insert, select

from app.basics import clock
from app.basics.campaign import PREFIX
from app.basics.plain_text import one_line
from app.channels.base import ChannelError, Connection, Reason, Refused, SignInNeeded
from app.channels.web_requests import request, trouble_of
from app.database import db, writing
from app.models import Arrival, WebsiteLook

REPORTS = {"social": "Referrers.getSocials", "campaign": "Referrers.getCampaigns"}
AGAIN = 3
"""Days that are read anew each time: Matomo may still be counting them."""
FIRST_TIME = 92
"""Days back that the first look goes, and the longest gap that a later one fills."""
_NOT_LET_IN = re.compile(r"token|authenticat|'view' access|access this resource", re.IGNORECASE)

Found = dict[date, dict[tuple[str, str], int]]
"""Visits by (kind, label), for every day that was read; none on a day is an empty table."""


class Trouble(StrEnum):
    """Why the visits could not be read; `web/figure_words.py` says what to do."""

    SIGN_IN = "sign_in"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    ADDRESS = "address"
    NOT_UNDERSTOOD = "not_understood"


class NoFigures(Exception):
    """The visits could not be read. `said`: Matomo's own words, nothing secret."""

    def __init__(self, why: Trouble, said: str = "") -> None:
        super().__init__(why)
        self.why, self.said = why, said


@dataclass(frozen=True, slots=True)
class Matomo:
    """Where to ask, about which website, as whom."""

    url: str
    site: int
    token: str = field(repr=False)
    private_hosts: frozenset[str] = frozenset()
    city: str = ""
    contact: str = ""


def matomo_of(settings: Mapping[str, Any]) -> Matomo | None:
    """The city's Matomo by the settings; None when there is none."""
    if not settings["MATOMO_URL"]:
        return None
    return Matomo(
        url=settings["MATOMO_URL"],
        site=settings["MATOMO_SITE"],
        token=settings["MATOMO_TOKEN"],
        private_hosts=frozenset(settings["MATOMO_PRIVATE_HOSTS"]),
        city=settings["CITY"],
        contact=settings["CONTACT"],
    )


def read(matomo: Matomo, first: date, last: date, *, now: datetime) -> Found:
    """The visits of each of these days, both counted. Raises `NoFigures`."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    found: Found = {day: {} for day in days}
    for kind, report in REPORTS.items():
        body = _ask(matomo, report, first, last, now)
        for day, rows in _by_day(body, days).items():
            for label, visits in _labelled(rows).items():
                if kind == "social" or label.casefold().startswith(PREFIX):
                    found[day][kind, label] = visits
    return found


def _ask(matomo: Matomo, report: str, first: date, last: date, now: datetime) -> Any:
    """One report of the reporting API, as JSON. Raises `NoFigures`."""
    connection = Connection(
        kind="",
        external_id="",
        allowed_private_hosts=matomo.private_hosts,
        city=matomo.city,
        contact=matomo.contact,
    )
    form = {
        "module": "API",
        "method": report,
        "idSite": str(matomo.site),
        "period": "day",
        "date": f"{first.isoformat()},{last.isoformat()}",
        "format": "JSON",
        "filter_limit": "-1",
        "showColumns": "label,nb_visits",
        "language": "en",
        "token_auth": matomo.token,
    }
    address = f"{matomo.url}/index.php"
    try:
        answer = request(connection, "POST", address, data=form, redirects=0)
        body = answer.json_body() if answer.is_json else None
        _must_be_no_error(body, matomo)
        trouble = trouble_of(answer, now=now)
        if trouble is not None:
            raise trouble
    except ChannelError as error:
        raise NoFigures(_trouble(error)) from None
    if body is None:
        raise NoFigures(Trouble.NOT_UNDERSTOOD)
    return body


def _must_be_no_error(body: Any, matomo: Matomo) -> None:
    """Matomo tells its errors as {"result": "error", "message": ...}, mostly with status 200."""
    if not isinstance(body, dict) or body.get("result") != "error":
        return
    said = html.unescape(str(body.get("message", "")))
    why = Trouble.SIGN_IN if _NOT_LET_IN.search(said) else Trouble.REFUSED
    hidden = said.replace(matomo.token, "•") if matomo.token else said
    raise NoFigures(why, one_line(hidden, 300))


def _trouble(error: ChannelError) -> Trouble:
    """What the way to Matomo fails by, in our words."""
    if isinstance(error, SignInNeeded):
        return Trouble.SIGN_IN
    if isinstance(error, Refused):
        known = {
            Reason.ADDRESS_NOT_ALLOWED: Trouble.ADDRESS,
            Reason.NOT_ALLOWED: Trouble.SIGN_IN,
        }
        return known.get(error.reason, Trouble.NOT_UNDERSTOOD)
    return Trouble.NO_ANSWER


def _by_day(body: Any, days: list[date]) -> dict[date, list[Any]]:
    """The rows of each day; a single day comes without its date, and an empty one as a list."""
    if isinstance(body, list) and (len(days) == 1 or not body):
        return {days[0]: body}
    if not isinstance(body, dict):
        raise NoFigures(Trouble.NOT_UNDERSTOOD)
    found = {}
    for day in days:
        rows = body.get(day.isoformat(), [])
        if not isinstance(rows, list):
            raise NoFigures(Trouble.NOT_UNDERSTOOD)
        found[day] = rows
    return found


def _labelled(rows: list[Any]) -> dict[str, int]:
    """Visits by label; rows of the same name (cut at the same length) are added up."""
    found = Counter[str]()
    for row in rows:
        try:
            label, visits = html.unescape(str(row["label"])), int(row["nb_visits"])
        except (KeyError, TypeError, ValueError):
            raise NoFigures(Trouble.NOT_UNDERSTOOD) from None
        if label.strip() and visits >= 0:
            found[one_line(label, 200)] += visits
    return found


# --- Kept -----------------------------------------------------------------------------------------


def look(settings: Mapping[str, Any], *, now: datetime) -> int:
    """Read what has come since the last look, until yesterday; how many days were read.

    How it went is kept for the status page; trouble is nobody's exception. 0 without a Matomo.
    """
    matomo = matomo_of(settings)
    if matomo is None:
        return 0
    first, last = _due(now)
    try:
        found = read(matomo, first, last, now=now)
    except NoFigures as error:
        with writing():
            _note(now, error=error.why, error_text=error.said)
        return 0
    with writing():
        keep(found, now=now)
        _note(now, read_at=now)
    return len(found)


def _due(now: datetime) -> tuple[date, date]:
    """From which day to which: what is not known, and the last days anew."""
    last = clock.to_local(now).date() - timedelta(days=1)
    known = db.session.scalar(select(func.max(Arrival.day)))
    oldest = last - timedelta(days=FIRST_TIME - 1)
    first = min(known or oldest, last) - timedelta(days=AGAIN - 1)
    return max(first, oldest), last


def keep(found: Found, *, now: datetime) -> list[date]:
    """Keep what is known of some days in place of what was; which days said something else before.

    Runs in the caller's transaction. A day without visits is kept as known.
    """
    before: Found = {}
    for row in db.session.scalars(select(Arrival).where(Arrival.day.in_(list(found)))):
        before.setdefault(row.day, {})
        if row.label:
            before[row.day][row.kind, row.label] = row.visits
    gone = delete(Arrival).where(Arrival.day.in_(list(found)))
    db.session.execute(gone.execution_options(synchronize_session=False))
    values = [
        {"day": day, "kind": kind, "label": label, "visits": visits, "read_at": now}
        for day, table in found.items()
        for (kind, label), visits in (table or {("social", ""): 0}).items()
    ]
    if values:
        db.session.execute(insert(Arrival), values)
    return [day for day in sorted(before) if before[day] != found[day]]


def _note(now: datetime, **how: Any) -> None:
    """Write down how the look went; the last that succeeded stays known."""
    row = db.session.get(WebsiteLook, 1)
    if row is None:
        row = WebsiteLook(id=1, looked_at=now)
        db.session.add(row)
    row.looked_at, row.error, row.error_text = now, how.get("error", ""), how.get("error_text", "")
    row.read_at = how.get("read_at", row.read_at)


def last_look() -> WebsiteLook | None:
    """How the last look went; None before the first."""
    return db.session.get(WebsiteLook, 1)
