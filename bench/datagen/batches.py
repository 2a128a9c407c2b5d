"""Draw leads and everything that hangs on them, batch by batch, and write them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import RealDictCursor, execute_values

from bench.datagen.indexes import TABLES
from bench.datagen.sessions import Turns
from bench.datagen.words import list_lands, list_words
from crm_web.models import Activity, Contact, Customer, Lead
from crm_web.winning.mapping import CONTACT_FIELDS, SQL

Progress = Callable[[str], object]

BATCH = 20_000
NUMBERED = tuple(table for table in TABLES if table != "leads")
"""The tables whose rows a batch has to count before the next one can number its own."""
HISTORY = ("changes", "lead_status_history")


class Batches:
    """All leads of a filling, which several sessions draw and write.

    :param leads: how many leads
    :param constants: what every statement is told
    :param owners: who owns leads, once for each slot
    :param latest: the last number that each table has given out
    :param untold: what history leaves out, by table
    :param progress: told in a line how far it is
    """

    def __init__(
        self,
        leads: int,
        constants: dict[str, Any],
        *,
        owners: Sequence[int],
        latest: dict[str, int],
        untold: dict[str, list[str]] | None,
        progress: Progress,
    ) -> None:
        self.words: set[str] = set()
        self.made = Counter({"leads": leads})
        self._has_history = untold is not None
        self._leads, self._constants, self._owners, self._progress = leads, constants, owners, progress
        self._turns = Turns({table: latest[table] for table in NUMBERED})
        self._waiting = iter(enumerate(range(1, leads + 1, BATCH)))
        parts = _PARTS | (_list_told(untold) if untold else {})
        drawing, writing = ("leads", "wins", "activities"), ("records", *(("history",) if untold else ()))
        self._beginning, self._counting, self._learning = (
            _read(name, parts) for name in ("begin", "numbers", "known_words")
        )
        self._drawing, self._writing = ([_read(name, parts) for name in names] for names in (drawing, writing))

    @property
    def latest(self) -> dict[str, int]:
        """The last number of each table, when all batches are drawn."""
        return self._turns.now | {"leads": self._constants["first_id"] + self._leads}

    def write(self, connection: Connection) -> None:
        """Write batches until there are none, in one transaction of this session, which the caller ends.

        :raise BrokenOff: if another session failed
        """
        try:
            with connection.cursor() as cursor:
                cursor.execute(self._beginning)
                _tell_words(cursor, self._owners)
                for place, first in self._waiting:
                    self._write_batch(cursor, place, first, min(first + BATCH - 1, self._leads))
        except BaseException:
            self._turns.end()
            raise

    def _write_batch(self, cursor: Cursor, place: int, first: int, last: int) -> None:
        told = self._constants | {"first": first, "last": last}
        for statement in self._drawing:
            cursor.execute(statement, told)
        told |= self._turns.take(place, self._count(cursor, told))
        for statement in self._writing:
            cursor.execute(statement, told)
        cursor.execute(self._learning, told)
        self.words.update(word for (word,) in cursor.fetchall())
        self._progress(f"{last:,} of {self._leads:,} leads")

    def _count(self, cursor: Cursor, told: dict[str, Any]) -> dict[str, int]:
        """Count the numbers that the batch needs in each table."""
        with cursor.connection.cursor(cursor_factory=RealDictCursor) as counting:
            counting.execute(self._counting, told)
            counts = {name: int(count) for name, count in (counting.fetchone() or {}).items()}
        if not self._has_history:
            counts |= dict.fromkeys(HISTORY, 0)
        numbers = {table: counts[table] for table in NUMBERED}
        # A customer that is a person has no contact: its number is left out.
        self.made.update(numbers | {"contacts": counts["people"]})
        return numbers


def _tell_words(cursor: Cursor, owners: Sequence[int]) -> None:
    execute_values(cursor, "INSERT INTO fill_words VALUES %s", list(list_words()), page_size=5_000)
    execute_values(cursor, "INSERT INTO fill_lands VALUES %s", list(list_lands()))
    execute_values(cursor, "INSERT INTO fill_owners VALUES %s", list(enumerate(owners)))
    cursor.execute("ANALYZE fill_words, fill_lands, fill_owners")


_PARTY = (*CONTACT_FIELDS, "company", "website", "industry", "street", "city", "postal_code", "country")


def _list_columns(model: Any) -> list[str]:
    return [column.name for column in model.__table__.columns if column.computed is None]


_PARTS = {
    "party": ", ".join(_PARTY),
    "party_of_maker": ", ".join(f"m.{name}" for name in _PARTY),
    "lead_columns": ", ".join(_list_columns(Lead)),
    "activity_columns": ", ".join(_list_columns(Activity)),
    **SQL,
}
_RECORDED: dict[str, Any] = {"leads": Lead, "customers": Customer, "contacts": Contact, "activities": Activity}
_BROUGHT_BY_MOVES = {"status", "closed_at", "customer_id", "deleted_at", "deleted_by_id", "lost_note", "lost_reason"}
"""What of a lead the history of its creation lacks; that it was new is said there."""


def _list_told(untold: dict[str, list[str]]) -> dict[str, str]:
    """What history tells of a new record: every field that is filled, as from nothing."""
    return {f"told_of_{table}": ", ".join(_tell(table, untold[table])) for table in _RECORDED}


def _tell(table: str, untold: Sequence[str]) -> Iterator[str]:
    left_out = {*untold, *(_BROUGHT_BY_MOVES if table == "leads" else ())}
    for column in _RECORDED[table].__table__.columns:
        if column.name not in left_out:
            yield f"'\"{column.name}\":[null,' || to_json({column.name})::text || ']'"


def _read(name: str, parts: dict[str, str]) -> str:
    return Template((Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")).substitute(parts)
