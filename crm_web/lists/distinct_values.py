"""The distinct values of a column, found by skipping along its index, whatever the number of rows."""

from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select, true


def select_words_in_use(kind: str, record: Any, key: ColumnElement[Any], word: Any, *, limit: int) -> Select[Any]:
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
    return select(literal(kind).label("kind"), found.c.word.label("word")).limit(limit)
