"""What comes after the rows: sums, indexes, keys and statistics, by several sessions side by side."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

from psycopg2.extensions import cursor as Cursor

from bench.datagen.indexes import ALL, FOLLOWING, ForeignKey, Index, SetAside, check_keys
from bench.datagen.sessions import Job, Sessions

_COUNT = """
DELETE FROM count_deltas;
DELETE FROM counts;
INSERT INTO counts (level, owner_id, source, figure, starts_on, status, detail, currency, how_many, how_many_priced,
    amount, weighted, seconds)
SELECT level, owner_id, source, figure, starts_on, status, detail, currency, how_many, how_many_priced,
    amount, weighted, seconds FROM crm_count_rows()
"""
_LEARN = "INSERT INTO known_words (word) SELECT unnest(%s) EXCEPT SELECT word FROM known_words ORDER BY 1"
_SUMMED_UP = ("counts", "count_deltas", "known_words")


def build(sessions: Sessions, aside: SetAside, words: Iterable[str], sizes: Mapping[str, int]) -> None:
    """Sum up what the rows say, and build the indexes.

    :param sessions: what does it
    :param aside: the indexes
    :param words: those in the rows
    :param sizes: how many rows of each table are new; those of one that is missing follow the leads
    """
    # Pages are marked as visible to all before anybody reads them, so that they are written once.
    written = sorted(set(ALL) - set(_SUMMED_UP), key=lambda table: -sizes.get(table, sizes["leads"]))
    sessions.share(partial(_vacuum, table) for table in written)
    sessions.share(chain(_list_sums(aside, words), _list_builds(aside, sizes)))


def check(sessions: Sessions, aside: SetAside) -> None:
    """Hold all rows to the foreign keys, and tell the planner what is there.

    :param sessions: what does it
    :param aside: the keys, which are added by now
    """
    tables = [*ALL, *(aside.keys_by_table.keys() - set(ALL))]
    sessions.share(partial(_check, table, aside.keys_by_table.get(table, [])) for table in tables)


def _vacuum(table: str, cursor: Cursor) -> None:
    cursor.execute(f"VACUUM {table}")


def _check(table: str, keys: Sequence[ForeignKey], cursor: Cursor) -> None:
    check_keys(cursor, keys)
    cursor.execute(f"VACUUM (ANALYZE) {table}" if table in _SUMMED_UP else f"ANALYZE {table}")


def _list_sums(aside: SetAside, words: Iterable[str]) -> Iterator[Job]:
    """List what is written after the rows, each with the indexes of its table."""
    of = {table: [index for index in aside.indexes if index.table == table] for table in FOLLOWING}
    yield partial(_write, _COUNT, None, [*of["counts"], *of["count_deltas"]])
    yield partial(_write, _LEARN, (sorted(words),), of["known_words"])


def _write(statement: str, values: tuple[list[str]] | None, indexes: Iterable[Index], cursor: Cursor) -> None:
    cursor.execute(statement, values)
    for index in indexes:
        cursor.execute(index.definition)


def _list_builds(aside: SetAside, sizes: Mapping[str, int]) -> Iterator[Job]:
    """List the other indexes, those that take longest first."""

    def effort(index: Index) -> int:
        return sizes.get(index.table, sizes["leads"]) * (20 if index.is_of_words else 1)

    others = [index for index in aside.indexes if index.table not in _SUMMED_UP]
    for index in sorted(others, key=effort, reverse=True):
        yield partial(_build, index)


def _build(index: Index, cursor: Cursor) -> None:
    cursor.execute(index.definition)
