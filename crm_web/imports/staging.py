"""Staging tables of an import, filled with COPY.

They are temporary: private to the transaction, not logged, and gone at its end.
"""

import csv
from collections.abc import Iterable, Sequence
from itertools import islice
from string import Template
from typing import Any

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.activity_files.rows import STAGED as ACTIVITY_COLUMNS
from crm_web.imports.ahead import WriterAhead
from crm_web.imports.columns import COLUMNS
from crm_web.imports.outcomes import LONGEST_VALUE
from crm_web.imports.rows import Problem, Values
from crm_web.imports.targets import Target

RELATED = ("company_ref", "contact_ref", "company_domain", "deal_company", "parent_ref", "deal_title")
"""What a row says of its customer, contact, parent company and deal beyond what a lead has."""
STAGED = ("line", "owner", "has_status", "closes", "by_person", "is_named_by_deal", "account_type", *RELATED, *COLUMNS)
"""A staged row: the owner as the file names it, what decides about duplicates, and columns of ``leads``."""

# The planner can't know how many rows there will be: where it takes a table for empty, because a big import was just
# rolled back, a nested loop over two large sets would never end.
_CREATE = Template("""
DROP TABLE IF EXISTS pg_temp.import_rows, pg_temp.import_notes, pg_temp.import_plan, pg_temp.import_wins,
    pg_temp.import_owners, pg_temp.import_people, pg_temp.import_phones, pg_temp.import_matches, pg_temp.import_keys,
    pg_temp.import_names, pg_temp.import_links, pg_temp.import_ids, pg_temp.import_firsts;
CREATE TEMPORARY TABLE import_rows ON COMMIT DROP AS
    SELECT 0::bigint AS line, ''::text AS owner, true AS has_status, true AS closes, true AS by_person,
        true AS is_named_by_deal, ''::text AS account_type, $related, $columns
    FROM leads WITH NO DATA;
CREATE TEMPORARY TABLE import_notes (line bigint, place integer, is_refusal boolean, named text NOT NULL DEFAULT '',
    value text NOT NULL DEFAULT '', text text) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_plan (line bigint, action text, lead_id bigint, customer_id bigint, contact_id bigint,
    activity_id bigint, same_as bigint,
    matched text, place bigint, closes boolean NOT NULL DEFAULT false, is_early boolean NOT NULL DEFAULT false,
    outcome text, changes jsonb, kept jsonb) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_people (line bigint, is_early boolean, email text, given text, name text, company text)
    ON COMMIT DROP;
CREATE TEMPORARY TABLE import_phones (line bigint, phone text) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_matches (line bigint, lead_id bigint, how text, is_same boolean) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_names (line bigint, name text, kind text, email text, phone text, key text)
    ON COMMIT DROP;
CREATE TEMPORARY TABLE import_links (line bigint, customer_id bigint, contact_id bigint) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_keys (line bigint, how text, alike text, same text) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_wins (line bigint, lead_id bigint, company text, closed_at timestamptz,
    customer_id bigint, makes_customer boolean NOT NULL DEFAULT false) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_ids (line bigint PRIMARY KEY, id bigint) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_firsts (key bigint PRIMARY KEY, line bigint) ON COMMIT DROP;
CREATE UNIQUE INDEX ON import_rows (line);
CREATE UNIQUE INDEX ON import_plan (line);
CREATE TEMPORARY TABLE import_owners (word text, employee_id bigint, reason text) ON COMMIT DROP;
SET LOCAL work_mem = '64MB';
SET LOCAL enable_nestloop = off;
-- How many rows there are tells the planner enough.
SET LOCAL default_statistics_target = 10;
""")
_FURTHER = {
    Target.ACTIVITIES: (
        ACTIVITY_COLUMNS,
        """
ALTER TABLE import_rows ADD activity_kind text, ADD subject text, ADD happened_at timestamptz, ADD due_on date,
    ADD done_at timestamptz, ADD call_outcome text, ADD priority text, ADD deal_ref text, ADD names_deal boolean
""",
    ),
    Target.MIXED: (("is_person",), "ALTER TABLE import_rows ADD is_person boolean"),
}
"""What is staged of the rows of a target beyond what others have."""
CHUNK = 4_000
"""How many rows or notes are sent at once at most: statements of more rows cost less a row."""
LARGEST = 1_000_000
"""How many characters they may have, so that memory stays flat."""
SMALLEST = 250
"""From how many rows on the first chunk is sent before it is full, since somebody waits to write it. For each further
one it is twice as many, up to half of a full one, as small statements cost more a row."""
LINES_AT_ONCE = 50


class Staging:
    """Takes rows and notes in, and sends them on in chunks.

    :param ahead: what may write new leads while the next chunk is read
    """

    def __init__(self, cursor: Cursor, target: Target = Target.LEADS, *, ahead: WriterAhead | None = None) -> None:
        self._cursor, self._ahead = cursor, ahead
        self._first = self._last = 0
        self._smallest = SMALLEST
        further, add = _FURTHER.get(target, ((), ""))
        self._staged = STAGED + further
        self._rows = _Sheet(cursor, "COPY import_rows FROM STDIN (FORMAT csv)")
        self._notes = _Sheet(cursor, "COPY import_notes FROM STDIN (FORMAT csv, FORCE_NOT_NULL (named, value))")
        related = ", ".join(f"''::text AS {name}" for name in RELATED)
        cursor.execute(_CREATE.substitute(columns=", ".join(COLUMNS), related=related))
        if add:
            cursor.execute(add)

    def add(self, line: int, values: Values) -> None:
        """Stage one row."""
        values["line"] = self._last = line
        self._first = self._first or line
        self._rows.write(list(map(values.get, self._staged)))
        if self._rows.is_full or (self._ahead and self._rows.count >= self._smallest and self._ahead.is_idle):
            self._send()

    def refuse(self, line: int, problems: Sequence[Problem]) -> None:
        """Note why a row can't be taken."""
        self._note(line, problems, is_refusal=True)

    def warn(self, line: int, problems: Sequence[Problem]) -> None:
        """Note what may be wrong in a row that is taken."""
        self._note(line, problems, is_refusal=False)

    def _note(self, line: int, problems: Sequence[Problem], *, is_refusal: bool) -> None:
        for place, problem in enumerate(problems):
            value = problem.value[:LONGEST_VALUE].replace("\x00", "")
            self._notes.write([line, place, is_refusal, problem.column, value, problem.reason])
        if self._notes.is_full:
            self._send()

    def finish(self) -> None:
        """Send what is left, and prepare the rows for being set beside the database."""
        self._send()
        if self._ahead:
            self._ahead.wait()
        self._cursor.execute("ANALYZE import_rows")

    def _send(self) -> None:
        if self._ahead:
            self._ahead.wait()
        has_rows = self._rows.count
        self._rows.send()
        self._notes.send()
        if self._ahead and has_rows:
            self._ahead.begin(self._first, self._last)
            self._first = 0
            self._smallest = max(self._smallest, min(2 * self._smallest, CHUNK // 2))


class _Sheet:
    """Lines of CSV in memory, sent by COPY."""

    def __init__(self, cursor: Cursor, copy: str) -> None:
        self._cursor, self._copy = cursor, copy
        self._clear()

    def _clear(self) -> None:
        self._lines: list[str] = []
        self._size = 0
        # No staged text is empty, so that COPY may take nothing between two commas for no value.
        self._write = csv.writer(_Lines(self._lines), lineterminator="\n").writerow

    @property
    def count(self) -> int:
        return len(self._lines)

    @property
    def is_full(self) -> bool:
        return len(self._lines) >= CHUNK or self._size >= LARGEST

    def write(self, values: list[Any]) -> None:
        self._write(values)
        self._size += len(self._lines[-1])

    def send(self) -> None:
        if self._lines:
            self._cursor.copy_expert(self._copy, _Pieces(self._lines))  # type: ignore[arg-type]
            self._clear()


class _Lines:
    """A list of lines as a file that is written."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


class _Pieces:
    """Lines as a file that is read once, some at a time: all of them as one text would take four bytes a character."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)

    def read(self, _size: int) -> str:
        return "".join(islice(self._lines, LINES_AT_ONCE))
