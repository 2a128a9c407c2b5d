"""The only reader of time."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """
    Read the clock.

    :return: this moment, in UTC
    """
    return datetime.now(UTC)


def today(zone: str = "UTC") -> date:
    """
    Tell which day it is for someone.

    :param zone: the IANA name of that person's time zone
    :return: the date on their calendar now
    """
    return now().astimezone(ZoneInfo(zone)).date()
