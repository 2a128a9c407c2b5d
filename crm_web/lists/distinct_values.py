"""Which words a column holds: found by leaps along its index, so that a million rows cost no more than a few."""

from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select, true


def select_words_in_use(kind: str, record: Any, key: ColumnElement[Any], word: Any, *, limit: int) -> Select[Any]:
    """
    Build the question which words a column holds outside the trash.

    :param kind: what stands in the first column of each row, so that several questions can be put together
    :param record: the model
    :param key: what the words are sorted by, the empty text where there is none; an index on ``(key, id)`` serves it
    :param word: the word as it is shown; of several spellings the first one stands for all
    :param limit: how many at most
    :return: a select of ``kind`` and ``word``
    """
    one = select(key.label("key"), word.label("word")).where(record.deleted_at.is_(None)).order_by(key, record.id)
    first = one.where(key > "").limit(1).subquery()
    found = select(first.c.key, first.c.word).cte(f"{kind}_words", recursive=True)
    following = one.where(key > found.c.key).limit(1).lateral()
    found = found.union_all(select(following.c.key, following.c.word).select_from(found.join(following, true())))
    return select(literal(kind).label("kind"), found.c.word.label("word")).limit(limit)
