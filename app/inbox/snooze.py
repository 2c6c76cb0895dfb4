"""When a case that is put aside comes back: days and hours are Stockholm's, moments aware UTC."""

from datetime import UTC, date, datetime, time, timedelta

from app.basics import clock

MORNING = time(8)
MONDAY = 0


def choices(now: datetime) -> dict[str, datetime]:
    """The times that are offered, by the word that stands in the form.

    Monday is the next one after today; it is not offered when it is tomorrow.
    """
    today = clock.to_local(now).date()
    tomorrow = today + timedelta(days=1)
    monday = today + timedelta(days=7 - (today.weekday() - MONDAY) % 7)
    offered = {"timme": now + timedelta(hours=1), "imorgon": at_local(tomorrow, MORNING)}
    if monday != tomorrow:
        offered["mandag"] = at_local(monday, MORNING)
    return offered


def at_local(day: date, hour: time) -> datetime:
    """The moment at which clocks in Stockholm show this.

    What they show twice in autumn is the first time; what they skip in spring is an hour later.
    """
    return datetime.combine(day, hour, clock.STOCKHOLM).astimezone(UTC)


def written(day: str, hour: str) -> datetime | None:
    """A day (2026-12-01) and an hour (08:00) that a person typed; None for what is no such time."""
    try:
        return at_local(date.fromisoformat(day), time.fromisoformat(hour).replace(tzinfo=None))
    except (ValueError, OverflowError):
        return None
