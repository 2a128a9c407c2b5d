"""What became of each row of an import, read from the staging tables before the transaction ends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg2.extensions import cursor as Cursor

from crm_web.core.database import raw_cursor
from crm_web.models import ImportOutcome
from crm_web.records.labels import label_of

FETCHED = 2_000
# Enough of a value to know it by.
LONGEST_VALUE = 60


@dataclass(frozen=True)
class Note:
    """Why a row was refused or left as it was, or what may be wrong with it.

    :param column: the column that it is about; empty if it is about the row as a whole
    :param value: the beginning of what stands there
    """

    column: str
    value: str
    text: str

    def __str__(self) -> str:
        value = f" “{self.value}”" if self.value else ""
        return f"{self.column}{value}: {self.text}" if self.column else self.text


@dataclass(frozen=True)
class RowOutcome:
    """What became of a row.

    :param line: the line of the file on which the row begins
    :param lead_id: the lead that it created or belongs to; ``None`` for a refused row
    :param customer_id: the customer that it created, won or belongs to
    :param contact_id: the contact that it created or belongs to
    :param changes: the fields that it changed, each with the old and the new value
    :param kept: the fields in which it differs from the record and that stay as they are: the record's value, the row's
    :param same_as: the earlier line of the file that is about the same lead
    :param matched: by what the lead or customer was known, such as ``ID`` or ``email``
    """

    line: int
    outcome: ImportOutcome
    lead_id: int | None
    customer_id: int | None
    notes: tuple[Note, ...] = ()
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    kept: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    same_as: int | None = None
    matched: str = ""
    contact_id: int | None = None
    activity_id: int | None = None

    @property
    def reasons(self) -> list[str]:
        """What was done with the row and why, as sentences; none where it was just created."""
        done = [] if self.outcome in (ImportOutcome.CREATED, ImportOutcome.REFUSED) else [f"{self.outcome.label}."]
        changed = [f"{label_of(name)}: {_say(old)} → {_say(new)}." for name, (old, new) in self.changes.items()]
        kept = [
            f"{label_of(name)} stays {_say(old)}; the file has {_say(new)}." for name, (old, new) in self.kept.items()
        ]
        return [*done, *self._known_as, *changed, *kept, *map(str, self.notes)]

    @property
    def _known_as(self) -> list[str]:
        if not self.matched or self.outcome is ImportOutcome.REFUSED:
            return []
        record = f"lead {self.lead_id}" if self.lead_id else f"customer {self.customer_id}"
        record = f"contact {self.contact_id}" if self.contact_id else record
        record = f"activity {self.activity_id}" if self.activity_id else record
        return [f"Same {self.matched} as {f'line {self.same_as}' if self.same_as else record}."]


def _say(value: Any) -> str:
    text = "empty" if value is None else str(value)
    return f"{text[:LONGEST_VALUE]}…" if len(text) > LONGEST_VALUE else text


# A row that was refused when it was read is in no plan.
_OUTCOMES = """
    SELECT p.line, p.lead_id, coalesce(w.customer_id, p.customer_id) AS customer_id, p.contact_id, p.activity_id,
        p.changes, p.kept,
        coalesce(p.outcome, CASE p.action WHEN 'create' THEN 'created' WHEN 'refused' THEN 'refused' ELSE 'same' END)
            AS outcome, p.same_as, p.matched
    FROM import_plan p LEFT JOIN import_wins w USING (line)
    UNION ALL
    SELECT DISTINCT n.line, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::jsonb, NULL::jsonb, 'refused',
        NULL::bigint, NULL
    FROM import_notes n
    WHERE n.is_refusal AND NOT EXISTS (SELECT FROM import_plan p WHERE p.line = n.line)
"""
_LIST = f"""
SELECT o.line, o.outcome, o.lead_id, o.customer_id, o.contact_id, o.activity_id, o.changes, o.kept, o.same_as,
    o.matched, n.notes
FROM ({_OUTCOMES}) o LEFT JOIN (
    SELECT line, array_agg(ARRAY[named, value, text] ORDER BY place) AS notes FROM import_notes GROUP BY line
) n USING (line)
WHERE (%(outcome)s IS NULL OR o.outcome = %(outcome)s) AND o.line > %(after)s
    AND (NOT %(to_review)s OR o.outcome <> 'refused' AND (o.outcome <> 'created' OR n.notes IS NOT NULL))
ORDER BY o.line LIMIT %(limit)s
"""  # noqa: S608
_COUNT = f"SELECT outcome, count(*) FROM ({_OUTCOMES}) o GROUP BY outcome"  # noqa: S608


def list_outcomes(
    outcome: ImportOutcome | None = None, *, to_review: bool = False, after: int = 0, limit: int | None = None
) -> Iterator[RowOutcome]:
    """List what became of the rows of the latest ``import_leads`` of this transaction, in the order of the file.

    :param outcome: only the rows with this one
    :param to_review: only the rows that are neither refused nor created without a warning
    :param after: only the rows on later lines
    """
    asked = {"outcome": outcome, "to_review": to_review, "after": after, "limit": limit}
    with raw_cursor().connection.cursor(name="import_outcomes") as cursor:
        cursor.itersize = FETCHED
        cursor.execute(_LIST, asked)
        for line, word, lead_id, customer_id, contact_id, activity_id, changes, kept, same_as, matched, notes in cursor:
            listed = tuple(Note(*note) for note in notes or ())
            yield RowOutcome(
                line,
                ImportOutcome(word),
                lead_id,
                customer_id,
                listed,
                changes or {},
                kept or {},
                same_as,
                matched or "",
                contact_id,
                activity_id,
            )


def count_outcomes(cursor: Cursor) -> dict[ImportOutcome, int]:
    """Count the rows by what became of them."""
    cursor.execute(_COUNT)
    counted = dict(cursor.fetchall())
    return {outcome: counted.get(outcome, 0) for outcome in ImportOutcome}
