"""The little of Matomo's reporting API that is asked, on the wire as Matomo speaks it.

Errors are `{"result": "error", "message": ...}`, with status 200 unless the server itself says no.
Asked for several days (`period=day`, `date=first,last`) it answers a table by date, a day without
visits as `[]`. A token that comes in the address is refused, as one that demands to be sent in the
body is by Matomo 5.

https://developer.matomo.org/api-reference/reporting-api
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.channels.practice.standins.wire import Asked, Reply, json_reply

TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - the stand-in's own
NOT_LET_IN = (
    "Unable to authenticate with the provided token. It is either invalid, expired or is required"
    " to be sent as a POST parameter."
)
NO_VIEW = "You can't access this resource as it requires 'view' access for the website id = {site}."


@dataclass
class MatomoStandIn:
    """A Matomo with one website: visits by day and label, for networks and for campaigns."""

    site: int = 1
    socials: dict[date, dict[str, int]] = field(default_factory=dict)
    campaigns: dict[date, dict[str, int]] = field(default_factory=dict)
    heard: list[Asked] = field(default_factory=list)
    says: Reply | None = None
    """What it answers whatever it is asked, when it is to fail."""

    def answer(self, asked: Asked) -> Reply:
        """The answer to one request."""
        self.heard.append(asked)
        if self.says is not None:
            return self.says
        given = {**asked.query, **asked.form}
        if asked.path not in ("/", "/index.php") or given.get("module") != "API":
            return Reply(404, b"<html>Not found</html>", {"Content-Type": "text/html"})
        if asked.form.get("token_auth") != TOKEN or "token_auth" in asked.query:
            return _error(NOT_LET_IN)
        if given.get("idSite") != str(self.site):
            return _error(NO_VIEW.format(site=given.get("idSite")))
        return self._report(given)

    def _report(self, given: Mapping[str, str]) -> Reply:
        known = {"Referrers.getSocials": self.socials, "Referrers.getCampaigns": self.campaigns}
        method = given.get("method", "")
        if method not in known or given.get("period") != "day" or given.get("format") != "JSON":
            return _error(f"The method '{method}' does not exist or is not available.")
        first, comma, last = given.get("date", "").partition(",")
        try:
            start, end = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            return _error("The date is not valid.")
        days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        tables = {day.isoformat(): _rows(known[method].get(day, {})) for day in days}
        return json_reply(200, tables if comma else tables[first])


def _rows(visits: Mapping[str, int]) -> list[dict[str, object]]:
    """A day's rows, most visits first, as the report gives them with the columns asked for."""
    most_first = sorted(visits.items(), key=lambda pair: -pair[1])
    return [{"label": label, "nb_visits": count} for label, count in most_first]


def _error(message: str) -> Reply:
    body = json.dumps({"result": "error", "message": message}).encode()
    return Reply(200, body, {"Content-Type": "application/json; charset=utf-8"})
