"""Writes rows that are surely new while the file is still read, so that reading and writing take their time together.

All other rows wait until every row is read. Surely new is what no record could match and no earlier row of the file,
by the widest of all comparisons; what that leaves over, ``matching`` decides. A row that is written so takes no lock
that somebody else may wait for: it has no owner, no customer and no new source. Known leads are locked once all rows
are read, and whoever holds one of them must never wait for this import.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.writing import CREATE_LEADS

# In the order of the file, so that lists sorted by time and id show them so.
_GIVE_IDS = """
INSERT INTO import_ids (line, id)
SELECT line, nextval((SELECT pg_get_serial_sequence('leads', 'id'))) FROM (
    SELECT r.line FROM import_rows r WHERE r.line BETWEEN %(first)s AND %(last)s AND (
        SELECT l.id FROM leads l WHERE l.external_system = r.external_system AND l.external_id = r.external_id LIMIT 1
    ) IS NULL ORDER BY r.line
) new
"""
# Only numbers of keys are kept; two keys of one number let a row wait that need not.
_CHOOSE = """
WITH staged AS MATERIALIZED (
    SELECT r.line, i.id, r.external_system, r.external_id, r.by_person, lower(r.email) AS email,
        CASE WHEN r.by_person THEN crm_fold(crm_lead_name(r.first_name, r.last_name, r.company, r.email)) END AS name,
        CASE WHEN %(by_name)s THEN crm_fold(btrim(coalesce(nullif(btrim(r.company), ''), r.deal_company))) END
            AS company,
        CASE WHEN %(by_name)s THEN crm_host(coalesce(r.company_domain, r.website)) END AS host
    FROM import_rows r JOIN import_ids i USING (line)
    WHERE r.line BETWEEN %(first)s AND %(last)s AND i.line BETWEEN %(first)s AND %(last)s
), keys AS MATERIALIZED (
    SELECT line, hashtextextended(key, 0) AS key FROM staged, unnest(ARRAY[
        concat_ws(E'\\x1f', 'i', external_system, external_id), CASE WHEN by_person THEN 'e' || email END, 'n' || name
    ]) AS key WHERE key IS NOT NULL
), firsts AS (
    INSERT INTO import_firsts (key, line) SELECT key, min(line) FROM keys GROUP BY key
    ON CONFLICT DO NOTHING RETURNING key, line
)
INSERT INTO import_plan (line, action, lead_id, is_early)
SELECT s.line, 'create', s.id, true FROM staged s JOIN import_rows r USING (line)
WHERE r.line BETWEEN %(first)s AND %(last)s
    AND r.owner IS NULL AND r.status <> 'won' AND num_nonnulls(r.company_ref, r.contact_ref) = 0
    -- Own ids, and those of which another system has a short and a long form, are compared when all are known.
    AND r.external_system <> 'piper_lead' AND char_length(r.external_id) NOT IN (15, 18)
    AND NOT EXISTS (
        SELECT FROM keys k LEFT JOIN firsts f USING (key, line) WHERE k.line = s.line AND f.key IS NULL
    )
    AND (r.source IS NULL
        OR (SELECT o.name FROM lead_sources o WHERE lower(o.name) = lower(r.source) LIMIT 1) IS NOT NULL)
    AND (SELECT c.id FROM contacts c WHERE c.email_normalised = s.email LIMIT 1) IS NULL
    AND (SELECT l.id FROM leads l WHERE l.email_normalised = s.email AND s.by_person LIMIT 1) IS NULL
    AND (SELECT l.id FROM leads l WHERE l.sort_name = s.name AND l.deleted_at IS NULL LIMIT 1) IS NULL
    AND (SELECT c.id FROM customers c WHERE c.sort_name = s.name AND c.deleted_at IS NULL LIMIT 1) IS NULL
    AND (SELECT c.id FROM customers c WHERE c.sort_name = s.company AND c.deleted_at IS NULL LIMIT 1) IS NULL
    AND (SELECT c.id FROM customers c WHERE crm_host(c.website) = s.host LIMIT 1) IS NULL
"""
# Each row is looked up by an index, whatever the planner believes of a table after a big import was rolled back.
_WRITE = f"SET LOCAL enable_seqscan = off;{_GIVE_IDS};{_CHOOSE};SET LOCAL enable_seqscan = on;{CREATE_LEADS}"


class WriterAhead:
    """Writes in a thread of its own, in the transaction of the import, one batch of staged rows at a time.

    :param cursor: a cursor in that transaction
    :param by_name: whether rows belong to the customers that they name
    """

    def __init__(self, cursor: Cursor, *, by_name: bool) -> None:
        self._cursor: Cursor = cursor.connection.cursor()
        self._by_name = by_name
        self._pool = ThreadPoolExecutor(1, "import")
        self._writing: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what is being written: nobody may use the transaction before."""
        with self._pool:
            self.wait()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being written."""
        return self._writing is None or self._writing.done()

    def begin(self, first: int, last: int) -> None:
        """Begin to write those of some staged rows that are surely new.

        :param first: the line of the first
        :param last: the line of the last
        """
        self.wait()
        values = {"first": first, "last": last, "by_name": self._by_name, "owner": None, "is_early": True}
        self._writing = self._pool.submit(self._cursor.execute, _WRITE, values)

    def wait(self) -> None:
        """Wait until that is written; raises what went wrong with it."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()
