"""Parts the staged rows of a list of companies and people: each part is imported as a file of its own would be."""

from collections.abc import Iterator

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.targets import Target
from crm_web.web.template_filters import plural

_SET_PEOPLE_ASIDE = """
DROP TABLE IF EXISTS pg_temp.import_rows_later, pg_temp.import_rows_done, pg_temp.import_plan_done;
CREATE TEMPORARY TABLE import_rows_later ON COMMIT DROP AS SELECT * FROM import_rows WHERE is_person;
DELETE FROM import_rows WHERE is_person;
ANALYZE import_rows;
"""
_TAKE_PEOPLE = """
CREATE TEMPORARY TABLE import_rows_done ON COMMIT DROP AS SELECT * FROM import_rows;
CREATE TEMPORARY TABLE import_plan_done ON COMMIT DROP AS SELECT * FROM import_plan;
TRUNCATE import_rows, import_plan, import_people, import_phones, import_matches, import_names, import_links,
    import_keys, import_wins, import_owners;
INSERT INTO import_rows SELECT * FROM import_rows_later;
ANALYZE import_rows;
"""
_JOIN = """
INSERT INTO import_rows SELECT * FROM import_rows_done;
INSERT INTO import_plan SELECT * FROM import_plan_done;
ANALYZE import_rows;
ANALYZE import_plan;
"""
_COUNT = """
SELECT count(*) FILTER (WHERE NOT r.is_person), count(*) FILTER (WHERE r.is_person AND c.kind = 'organisation'),
    count(*) FILTER (WHERE r.is_person AND c.kind = 'person')
FROM import_rows r JOIN import_plan p USING (line) LEFT JOIN customers c ON c.id = p.customer_id
WHERE p.action <> 'refused'
"""


def part_rows(cursor: Cursor) -> Iterator[Target]:
    """Bring forward the companies, and then the people, who may belong to them; at the end all stand together again.

    :param cursor: a cursor in the transaction of the import; ``import_rows`` is filled
    :return: what the rows at hand become
    """
    cursor.execute(_SET_PEOPLE_ASIDE)
    yield Target.CUSTOMERS
    cursor.execute(_TAKE_PEOPLE)
    yield Target.CONTACTS
    cursor.execute(_JOIN)


def count_kinds(cursor: Cursor, column: str) -> str:
    """Say how many rows are companies and how many are people.

    :param column: the column that tells
    """
    cursor.execute(_COUNT)
    companies, contacts, alone = cursor.fetchone() or (0, 0, 0)
    counted = [f"{plural(companies, 'company', 'companies')} as customers"] * bool(companies)
    counted += [f"{plural(contacts, 'person', 'people')} as contacts of a company"] * bool(contacts)
    if alone:
        counted.append(f"{plural(alone, 'person', 'people')} without a company as customers of the kind “person”")
    return f"{column} tells companies from people: {', '.join(counted) or 'no row can be imported'}."
