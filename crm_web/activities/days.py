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
    """List the words to offer: each means another day, such as on a Sunday, when tomorrow is Monday.

    :param present: the day of what is moved, which no word means
    :param moves: whether something is moved, and not added, since nothing is put off to today
    """
    days = {present} if present else set()
    words = []
    for word in DayWord:
        day = find_day(word, today, present)
        if day not in days and not (moves and word is DayWord.TODAY):
            days.add(day)
            words.append(word)
    return words


def read_day_word(word: str | None) -> DayWord | None:
    """Return the word that a form names; ``None`` for any other text."""
    return next((known for known in DayWord if known == word), None)
