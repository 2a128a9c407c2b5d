"""Counts the words in columns that have few of them: statuses, owners, sources and currencies."""

from collections import Counter
from dataclasses import dataclass, field

COUNTED = ("status", "owner", "source", "currency")
"""The fields whose words a person can give a meaning."""
MOST_COUNTED = 10_000
"""Different words of a column; with more of them it holds no words but texts."""
LONGEST = 300


@dataclass
class WordCounts:
    """The words of a column.

    :param rows: words to the number of rows that have them
    :param uncounted: in how many rows stands a word that is too long, or one too many
    """

    rows: Counter[str] = field(default_factory=Counter)
    uncounted: int = 0

    def add(self, text: str) -> None:
        """Count the word of one row."""
        word = text.strip()
        if word in self.rows or (len(word) <= LONGEST and len(self.rows) < MOST_COUNTED):
            self.rows[word] += 1
        else:
            self.uncounted += 1
