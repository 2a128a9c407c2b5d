"""Finds the records that rows name as related: their customers and contacts, by ID, name, domain or email.

An ID is one of the other system, which an earlier file, or an earlier one of the same set, brought along.
"""

from collections.abc import Mapping
from string import Template

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.targets import SYSTEM_OF_BOTH

# Two systems can have the same ID; then what came in this very import is meant.
_FIND_BY_ID = Template("""
SELECT ref, min(id) AS id FROM (
    SELECT e.external_id AS ref, coalesce(c.merged_into_id, c.id) AS id,
        rank() OVER (PARTITION BY e.external_id ORDER BY e.xact = crm_xact() DESC) AS place
    FROM external_ids e JOIN ${entity}s c ON c.id = e.${entity}_id
    WHERE e.external_id IN (SELECT $column FROM import_rows)
) found WHERE place = 1 GROUP BY ref HAVING count(DISTINCT id) = 1
""")
_LINK_BY_ID = Template("""
UPDATE import_links l SET ${entity}_id = c.id FROM import_rows r, ($found) f, ${entity}s c
WHERE r.line = l.line AND f.ref = r.$column AND c.id = f.id AND c.deleted_at IS NULL
""")
_BEGIN = """
INSERT INTO import_links (line)
SELECT line FROM import_rows r WHERE NOT EXISTS (SELECT FROM import_plan p WHERE p.line = r.line AND p.is_early);
CREATE UNIQUE INDEX ON import_links (line);
ANALYZE import_links;
"""
# In a list of companies and people both have IDs of one kind, so what a deal calls its contact can be a company.
_TURN_TO_COMPANIES = f"""
UPDATE import_rows r SET company_ref = r.contact_ref, contact_ref = NULL, company = coalesce(r.company, f.name),
    first_name = CASE WHEN f.is_named THEN NULL ELSE r.first_name END,
    last_name = CASE WHEN f.is_named THEN NULL ELSE r.last_name END
FROM (
    SELECT r.line, c.name, coalesce(crm_fold(crm_lead_name(r.first_name, r.last_name, NULL, NULL)) = c.sort_name, false)
        AS is_named
    FROM import_rows r JOIN external_ids e ON e.external_id = r.contact_ref JOIN customers c ON c.id = e.customer_id
    WHERE e.system LIKE '{SYSTEM_OF_BOTH}\\_%%' AND c.kind = 'organisation' AND r.company_ref IS NULL
        AND NOT EXISTS (SELECT FROM external_ids o WHERE o.external_id = r.contact_ref AND o.contact_id IS NOT NULL)
) f WHERE f.line = r.line
"""  # noqa: S608
# Each row is looked up by an index: the customers and contacts may be many more than the rows.
_LINK_BY_KEY = Template("""
SET LOCAL enable_seqscan = off;
WITH named AS MATERIALIZED (
    SELECT line, $key AS key FROM import_rows r JOIN import_links l USING (line) WHERE l.customer_id IS NULL
)
UPDATE import_links l SET customer_id = f.id FROM named n, (
    SELECT key, min(c.id) AS id FROM (SELECT DISTINCT key FROM named WHERE key IS NOT NULL) k CROSS JOIN LATERAL (
        SELECT c.id FROM customers c WHERE $key_of_customer = k.key
            AND c.deleted_at IS NULL AND c.kind = 'organisation' LIMIT 2
    ) c
    GROUP BY key HAVING count(*) = 1
) f WHERE n.line = l.line AND f.key = n.key;
SET LOCAL enable_seqscan = on
""")
# A deal is often named after its company: “Long Group - New business”.
_LINK_BY_NAME = _LINK_BY_KEY.substitute(
    key="crm_fold(btrim(coalesce(nullif(btrim(r.company), ''), r.deal_company)))", key_of_customer="c.sort_name"
)
_LINK_BY_DOMAIN = _LINK_BY_KEY.substitute(
    key="crm_host(coalesce(r.company_domain, r.website))", key_of_customer="crm_host(c.website)"
)
_LINK_CONTACTS = """
SET LOCAL enable_seqscan = off;
UPDATE import_links l SET contact_id = c.id FROM (
    SELECT r.line, min(c.id) AS id FROM import_rows r JOIN import_links l USING (line) CROSS JOIN LATERAL (
        SELECT c.id FROM contacts c WHERE c.email_normalised = lower(r.email) AND c.deleted_at IS NULL
            AND c.customer_id = coalesce(l.customer_id, c.customer_id) LIMIT 2
    ) c
    GROUP BY r.line HAVING count(*) = 1
) c WHERE c.line = l.line AND l.contact_id IS NULL;
WITH named AS MATERIALIZED (
    SELECT r.line, l.customer_id, crm_fold(crm_lead_name(r.first_name, r.last_name, NULL, NULL)) AS name
    FROM import_rows r JOIN import_links l USING (line)
    WHERE l.customer_id IS NOT NULL AND r.is_named_by_deal IS NULL AND r.last_name IS NOT NULL
)
UPDATE import_links l SET contact_id = c.id FROM (
    SELECT n.line, min(c.id) AS id FROM named n CROSS JOIN LATERAL (
        SELECT c.id FROM contacts c
        WHERE c.customer_id = n.customer_id AND c.sort_name = n.name AND c.deleted_at IS NULL LIMIT 2
    ) c
    GROUP BY n.line HAVING count(*) = 1
) c WHERE c.line = l.line AND l.contact_id IS NULL;
UPDATE import_links l SET customer_id = (
    SELECT CASE WHEN (SELECT u.deleted_at IS NULL FROM customers u WHERE u.id = c.customer_id) THEN c.customer_id END
    FROM contacts c WHERE c.id = l.contact_id
) WHERE l.contact_id IS NOT NULL AND l.customer_id IS NULL;
SET LOCAL enable_seqscan = on;
"""
_IS_NAMELESS = "coalesce(r.is_named_by_deal, num_nonnulls(r.first_name, r.last_name) = 0)"
# What the row says stays; a deal that had only its own name for one is called by its person and company.
_FILL_LEADS = Template("""
UPDATE import_rows r SET
    company = coalesce(nullif(btrim(r.company), ''), CASE WHEN u.kind = 'organisation' THEN u.name END),
    last_name = CASE WHEN $is_nameless AND c.id IS NOT NULL THEN c.last_name
        WHEN r.is_named_by_deal AND u.id IS NOT NULL THEN NULL ELSE r.last_name END,
    first_name = CASE WHEN $is_nameless THEN c.first_name ELSE r.first_name END,
    salutation = CASE WHEN $is_nameless THEN c.salutation ELSE r.salutation END,
    job_title = coalesce(r.job_title, c.job_title),
    email = coalesce(r.email, c.email),
    phone = coalesce(r.phone, c.phone),
    phone_e164 = CASE WHEN r.phone IS NULL THEN c.phone_e164 ELSE r.phone_e164 END,
    mobile = coalesce(r.mobile, c.mobile),
    mobile_e164 = CASE WHEN r.mobile IS NULL THEN c.mobile_e164 ELSE r.mobile_e164 END
FROM import_links l JOIN customers u ON u.id = l.customer_id LEFT JOIN contacts c ON c.id = l.contact_id
WHERE l.line = r.line
""").substitute(is_nameless=_IS_NAMELESS)
_NOTE_UNKNOWN = Template("""
INSERT INTO import_notes
SELECT line, 80, false, %(column)s, left(r.$column, 60), 'No $entity with this ID is here. Not linked.'
FROM import_rows r JOIN import_links l USING (line) WHERE r.$column IS NOT NULL AND l.${entity}_id IS NULL
""")


REFERENCES = {"company_ref": "customer", "contact_ref": "contact"}
"""The columns of IDs of related records, and which records they mean."""


def link_rows(cursor: Cursor, columns: Mapping[str, str], *, by_name: bool) -> None:
    """Find the customer and the contact that each row names.

    :param cursor: a cursor in the transaction of the import; ``import_rows`` is filled
    :param columns: how the columns of ``REFERENCES`` are called in the file
    :param by_name: whether by name, domain and email too, and not only by ID
    """
    cursor.execute(_BEGIN)
    if "contact_ref" in columns:
        cursor.execute(_TURN_TO_COMPANIES, {})
    for column, entity in REFERENCES.items():
        found = _FIND_BY_ID.substitute(entity=entity, column=column)
        cursor.execute(_LINK_BY_ID.substitute(entity=entity, column=column, found=found))
        if column in columns:
            cursor.execute(_NOTE_UNKNOWN.substitute(entity=entity, column=column), {"column": columns[column]})
    for statement in (_LINK_BY_NAME, _LINK_BY_DOMAIN, _LINK_CONTACTS) if by_name else ():
        cursor.execute(statement)


def fill_leads(cursor: Cursor) -> None:
    """Give leads the company and the person of the customers and contacts that their rows name."""
    cursor.execute(_FILL_LEADS)
