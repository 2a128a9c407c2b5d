"""The days that people choose by a word, such as “tomorrow”."""

from datetime import date, timedelta
from enum import StrEnum


class DayWord(StrEnum):
    """A day, as seen from today."""

    TODAY = "today"
    TOMORROW = "tomorrow"
    MONDAY = "monday"
    WEEK = "week"


def find_day(word: DayWord, today: date, present: date | None = None) -> date:
    """Return the day that a word means.

    :param present: the day that it moves away from; a week more counts from it, unless it has passed
    """
    if word is DayWord.WEEK:
        return max(present or today, today) + timedelta(days=7)
    days = {DayWord.TODAY: 0, DayWord.TOMORROW: 1, DayWord.MONDAY: 7 - today.weekday()}
    return today + timedelta(days=days[word])


def read_day_word(word: str | None) -> DayWord | None:
    """Return the word that a form names; ``None`` for any other text."""
    return next((known for known in DayWord if known == word), None)
