"""What to know about an imported file as a whole, in sentences."""

from psycopg2.extensions import cursor as Cursor

from crm_web.core.errors import DomainError
from crm_web.imports.dates import read_moment
from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.rows import RowReader
from crm_web.models import Employee
from crm_web.web.template_filters import plural

# Of sources that differ only in signs, blanks and case beyond what makes them one.
_SIMILAR_SOURCES = """
SELECT array_agg(name ORDER BY name) FROM (
    SELECT DISTINCT ON (lower(name)) name, regexp_replace(crm_fold(name), '[^[:alnum:]]', '', 'g') AS key FROM (
        SELECT name FROM lead_sources UNION ALL
        (SELECT DISTINCT source FROM import_rows WHERE source IS NOT NULL LIMIT 1000)
    ) every ORDER BY lower(name), name
) named WHERE key <> '' GROUP BY key HAVING count(*) > 1 ORDER BY 1
"""
_REPEATED_ID = """
SELECT min(line), external_id FROM import_rows WHERE external_system <> 'row'
GROUP BY external_system, external_id HAVING count(*) > 1 ORDER BY 1 LIMIT 1
"""


_OWNER_IDS = """
SELECT r.owner, count(*) FROM import_rows r JOIN import_plan p USING (line) JOIN import_owners o ON o.word = r.owner
WHERE p.action IN ('create', 'known') AND o.employee_id IS NOT DISTINCT FROM %(owner)s AND position('@' IN r.owner) = 0
GROUP BY r.owner ORDER BY count(*) DESC, r.owner
"""
OWNERS_NAMED = 10
_CLOSING_DAYS = {"expected": "read as closed when expected.", "now": "read as closed today."}


class IdNotUnique(DomainError):
    """A column that looked like the ids of the rows is none."""


def list_notices(cursor: Cursor, reader: RowReader) -> list[str]:
    """List what to know about the staged rows.

    :param reader: what has read them all
    :raise IdNotUnique: if the ids were told by their values, and repeat
    """
    mapping = reader.mapping
    if mapping.is_id_guessed:
        _check_ids(cursor, mapping)
    notices = [
        f"{mapping.name(column)}: {plural(count, 'value')} left out, because the row has another one."
        for column, count in sorted(reader.passed_over.items())
    ]
    notices += [
        f"{mapping.name(place)} has days as Excel’s numbers: {number} is read as {read_moment(number, False):%Y-%m-%d}."
        for place, number in mapping.facts.day_numbers.items()
    ]
    notices += [
        f"{mapping.name(column)}: {plural(count, 'value')} of {whose} left out, because they have no field for it."
        for (whose, column), count in sorted(reader.no_room.items())
    ]
    if reader.without_currency:
        amounts = plural(reader.without_currency, "amount")
        notices.append(f"{amounts} without a currency: read as {reader.rules.currency}.")
    notices += [
        f"{plural(count, 'won or lost row')} without a closing date: {_CLOSING_DAYS[what]}"
        for what, count in sorted(reader.closing_days.items())
    ]
    cursor.execute(_SIMILAR_SOURCES)
    notices += [f"Sources that may be the same: {', '.join(names)}." for (names,) in cursor]
    return notices


def _check_ids(cursor: Cursor, mapping: ColumnMapping) -> None:
    cursor.execute(_REPEATED_ID)
    repeated = cursor.fetchone()
    if repeated:
        column = mapping.name(mapping.columns["external_id"][0])
        raise IdNotUnique(
            f"“{repeated[1]}” stands in {column} more than once, first on line {repeated[0]:,}. Use --map external_id="
            f"'{column}' if it is the ID of a lead anyway, or --map external_id= if it is not."
        )


def count_nameless(cursor: Cursor) -> list[str]:
    """Report how many new leads have nothing but an ID for a name."""
    cursor.execute(
        "SELECT count(*) FROM import_rows r JOIN import_plan p USING (line) WHERE p.action = 'create'"
        " AND r.external_system <> 'row' AND num_nonnulls(r.last_name, r.company, r.email) = 0"
    )
    (nameless,) = cursor.fetchone() or (0,)
    named_by_id = f"Without a name, company or email in the file: {plural(nameless, 'lead')}, named by ID."
    return [named_by_id] if nameless else []


def list_owner_ids(cursor: Cursor, column: str, owner: Employee | None) -> list[str]:
    """Name the owners of whom the file has only IDs that nobody was matched with.

    :param column: their column
    :param owner: who gets their records; ``None`` for nobody
    """
    cursor.execute(_OWNER_IDS, {"owner": owner.id if owner else None})
    found = [f"{word} ({plural(count, 'row')})" for word, count in cursor]
    more = f" and {len(found) - OWNERS_NAMED:,} more" if len(found) > OWNERS_NAMED else ""
    to_whom = f"go to {owner.name}" if owner else "have no owner"
    listed = ", ".join(found[:OWNERS_NAMED])
    return [f"{column} has IDs instead of names: {listed}{more}. Their records {to_whom}."] if found else []
