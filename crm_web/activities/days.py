"""The days that people choose by a word, such as “tomorrow”."""

from datetime import date, timedelta
from enum import StrEnum


class DayWord(StrEnum):
    """A day, as seen from today."""

    TODAY = "today"
    TOMORROW = "tomorrow"
    MONDAY = "monday"
    WEEK = "week"

    @property
    def label(self) -> str:
        return "+1 week" if self is DayWord.WEEK else self.value.capitalize()


def find_day(word: DayWord, today: date, present: date | None = None) -> date:
    """Return the day that a word means.

    :param present: the day that it moves away from; a week more counts from it, unless it has passed
    """
    if word is DayWord.WEEK:
        return max(present or today, today) + timedelta(days=7)
    days = {DayWord.TODAY: 0, DayWord.TOMORROW: 1, DayWord.MONDAY: 7 - today.weekday()}
    return today + timedelta(days=days[word])


def list_day_words(today: date, present: date | None = None, *, moves: bool = True) -> list[DayWord]:
    """List the words to offer: each means another day. Where Monday is tomorrow, or in a week, it is called so.

    :param present: the day of what is moved, which no word means
    :param moves: whether something is moved, and not added, since nothing is put off to today
    """
    days = {word: find_day(word, today, present) for word in DayWord if word is not DayWord.TODAY or not moves}
    others = {day for word, day in days.items() if word is not DayWord.MONDAY}
    return [word for word, day in days.items() if day != present and (word is not DayWord.MONDAY or day not in others)]


def read_day_word(word: str | None) -> DayWord | None:
    """Return the word that a form names; ``None`` for any other text."""
    return next((known for known in DayWord if known == word), None)
