"""The current time; nothing else reads the clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def today(zone: str = "UTC") -> date:
    """Return the current date in a person's time zone."""
    return now().astimezone(ZoneInfo(zone)).date()
