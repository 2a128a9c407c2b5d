"""The distinct values of a column, found by skipping along its index, whatever the number of rows."""

from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select, true, union_all

from crm_web.core.prepared import Prepared
from crm_web.core.versioned_cache import ANYTHING, VersionedCache

MOST = 200


class WordsInUse:
    """Words of several kinds that a list can be filtered by, read by one statement and kept until anything is saved.

    :param kinds: for each kind, the query for its words, with the kind as a constant first column
    """

    def __init__(self, **kinds: Select[*tuple[Any, ...]]) -> None:
        self._kinds = tuple(kinds)
        # Each part stands in parentheses, with its own order and limit; a union keeps the order of its parts.
        self._query = Prepared(union_all(*(query.limit(MOST).subquery().select() for query in kinds.values())))
        self._kept: VersionedCache[None, dict[str, list[str]]] = VersionedCache(self._load, ANYTHING)

    def read(self) -> dict[str, list[str]]:
        """Return the first ``MOST`` words of each kind, in the order of their query."""
        return self._kept.get(None)

    def _load(self, _key: None) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {kind: [] for kind in self._kinds}
        for kind, word in self._query.all():
            found[kind].append(word)
        return found


def select_words_in_use(kind: str, record: Any, key: ColumnElement[Any], word: Any) -> Select[Any]:
    """Build the query for the distinct values of a column outside the trash.

    :param kind: a constant first column, so that several such queries can be combined
    :param key: the sort key, never null; an index on ``(key, id)`` serves it
    :param word: the value to show; the first of several spellings stands for all
    """
    one = select(key.label("key"), word.label("word")).where(record.deleted_at.is_(None)).order_by(key, record.id)
    first = one.where(key > "").limit(1).subquery()
    found = select(first.c.key, first.c.word).cte(f"{kind}_words", recursive=True)
    following = one.where(key > found.c.key).limit(1).lateral()
    found = found.union_all(select(following.c.key, following.c.word).select_from(found.join(following, true())))
    return select(literal(kind).label("kind"), found.c.word.label("word"))
