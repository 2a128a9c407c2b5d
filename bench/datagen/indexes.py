"""Indexes, keys and triggers, set aside while very many rows are written.

Indexes that are built at the end, and keys that are checked then for all rows, cost a fraction; and several sessions
can do it side by side.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

TABLES = ("leads", "customers", "contacts", "activities", "changes", "conversions", "lead_status_history")
FOLLOWING = ("counts", "count_deltas", "lead_last_activity", "customer_last_activity", "known_words")
"""What the triggers of those fill."""
ALL = (*TABLES, *FOLLOWING)

_INDEXES = """
SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.contype
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
WHERE i.indrelid = ANY (%s::regclass[]) AND i.indisvalid ORDER BY 1, 2
"""
# Those of other tables as well, since they need the key that they refer to.
_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND (conrelid = ANY (%s::regclass[]) OR confrelid = ANY (%s::regclass[])) ORDER BY 1, 2
"""
_KINDS = {"p": "PRIMARY KEY", "u": "UNIQUE"}


@dataclass(frozen=True)
class Index:
    """An index, and the constraint that it may stand behind, under the same name."""

    table: str
    name: str
    definition: str
    kind: str | None

    @property
    def is_of_words(self) -> bool:
        """Whether a row has many entries in it, so that it takes long to build."""
        return " USING gin " in self.definition


@dataclass(frozen=True)
class ForeignKey:
    """What a foreign key says."""

    table: str
    name: str
    definition: str


@dataclass(frozen=True)
class SetAside:
    """What has to be there again at the end."""

    indexes: Sequence[Index]
    keys: Sequence[ForeignKey]

    @property
    def keys_by_table(self) -> dict[str, list[ForeignKey]]:
        """The foreign keys of each table."""
        return {table: list(keys) for table, keys in groupby(self.keys, key=lambda key: key.table)}


def set_aside(cursor: Cursor) -> SetAside:
    """Drop all indexes and foreign keys of the tables that are filled, and disable their triggers.

    :param cursor: of the owner of the tables; nobody else uses them until all is back
    :return: what ``add_keys`` and whoever builds the indexes are told
    """
    cursor.execute(_FOREIGN_KEYS, (list(ALL), list(ALL)))
    keys = [ForeignKey(*row) for row in cursor.fetchall()]
    cursor.execute(_INDEXES, (list(ALL),))
    indexes = [Index(*row) for row in cursor.fetchall()]
    for key in keys:
        _alter(cursor, key.table, "DROP CONSTRAINT {}", key.name)
    for index in indexes:
        if index.kind:
            _alter(cursor, index.table, "DROP CONSTRAINT {}", index.name)
        else:
            cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index.name)))
    for table in ALL:
        _alter(cursor, table, "DISABLE TRIGGER USER")
    return SetAside(indexes, keys)


def add_keys(cursor: Cursor, aside: SetAside) -> None:
    """Let the unique indexes, which are built again, be keys, add foreign keys and enable the triggers.

    :param cursor: in a transaction
    :param aside: what ``set_aside`` gave; rows that are there are held to the foreign keys by ``check_keys``
    """
    for index in aside.indexes:
        if index.kind:
            _alter(cursor, index.table, f"ADD CONSTRAINT {{0}} {_KINDS[index.kind]} USING INDEX {{0}}", index.name)
    for key in aside.keys:
        _alter(cursor, key.table, f"ADD CONSTRAINT {{}} {key.definition} NOT VALID", key.name)
    for table in ALL:
        _alter(cursor, table, "ENABLE TRIGGER USER")


def check_keys(cursor: Cursor, keys: Iterable[ForeignKey]) -> None:
    """Hold all rows to foreign keys that were added.

    :param cursor: in a transaction after that of ``add_keys``
    """
    for key in keys:
        _alter(cursor, key.table, "VALIDATE CONSTRAINT {}", key.name)


def _alter(cursor: Cursor, table: str, how: str, *names: str) -> None:
    change = sql.SQL(how).format(*map(sql.Identifier, names))
    cursor.execute(sql.SQL("ALTER TABLE {} ").format(sql.Identifier(table)) + change)
