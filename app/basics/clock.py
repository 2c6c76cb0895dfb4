"""Time: aware UTC inside, Europe/Stockholm at the edges."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def now() -> datetime:
    """This moment, aware UTC."""
    return datetime.now(UTC)


def utc(at: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone says nothing: {at}")
    return at.astimezone(UTC)


def to_local(at: datetime) -> datetime:
    """The same moment on a clock in Stockholm. Raises ValueError for a time without a zone."""
    return utc(at).astimezone(STOCKHOLM)


def parse_utc(text: str) -> datetime | None:
    """A platform's time (ISO 8601; without a zone it is taken as UTC) as aware UTC.

    None for what is no moment at all, e.g. WordPress's 0000-00-00T00:00:00.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:  # year 1 or 9999 moved over the edge by its zone
        return None
