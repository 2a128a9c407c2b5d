"""Makes customers and contacts of staged rows: what is known is filled or updated, and the rest is created."""

from collections.abc import Callable
from string import Template

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.batches import write_in_batches
from crm_web.imports.changing import change_records, differ, keep, take
from crm_web.imports.matching import NUMBER_REPEATS
from crm_web.imports.targets import Target
from crm_web.models import CustomerStatus
from crm_web.winning.mapping import BILLING, CONTACT_FIELDS, CUSTOMER_FIELDS, SQL

_PERSON = "crm_lead_name(r.first_name, r.last_name, NULL, r.email)"
_NAME = f"crm_fold({_PERSON})"
_NAME_OF_CUSTOMER = f"CASE WHEN btrim(r.company) <> '' THEN r.company ELSE {_PERSON} END"
_NAMES_NO_COMPANY = "num_nonnulls(nullif(btrim(r.company), ''), r.company_domain, r.company_ref) = 0"

_BEGIN = """
INSERT INTO import_plan (line, action) SELECT line, 'create' FROM import_rows;
ANALYZE import_plan;
"""
_MATCH_IDS = Template("""
UPDATE import_plan p SET action = CASE WHEN k.deleted_at IS NULL THEN 'known' ELSE 'refused' END, $id = k.id,
    matched = CASE WHEN r.external_system = 'row' THEN 'content' ELSE 'ID' END
FROM import_rows r JOIN external_ids e ON e.system = r.external_system AND e.external_id = r.external_id
JOIN $table c ON c.id = e.$id JOIN $table k ON k.id = coalesce(c.merged_into_id, c.id) WHERE r.line = p.line;
INSERT INTO import_notes SELECT line, 0, true, '', '', 'It is in the trash. Restore it, then import this row.'
FROM import_plan WHERE action = 'refused';
""")
# Of a row without an ID its content is kept, so that the same file can be imported again.
_KEEP_IDS = Template("""
INSERT INTO external_ids (system, external_id, $id)
SELECT DISTINCT r.external_system, r.external_id, p.$id FROM import_rows r JOIN import_plan p USING (line)
WHERE p.$id IS NOT NULL AND (p.action = 'create' OR p.action IN ('known', 'skip') AND r.external_system <> 'row')
ON CONFLICT DO NOTHING
""")
_NAME_CUSTOMERS = f"""
INSERT INTO import_names (line, name, kind, email, phone, key)
SELECT line,
    crm_fold({_NAME_OF_CUSTOMER}),
    CASE WHEN btrim(company) <> '' THEN 'organisation' ELSE 'person' END, lower(email),
    coalesce(phone_e164, mobile_e164),
    CASE WHEN external_system <> 'row' THEN external_id END
FROM import_rows r JOIN import_plan USING (line) WHERE action = 'create';
ANALYZE import_names;
"""  # noqa: S608
# An organisation is one by its name; people of one name are many.
_MATCH_CUSTOMERS = """
INSERT INTO import_matches (line, lead_id, how, is_same)
SELECT n.line, c.id, CASE WHEN c.email_normalised = n.email THEN 'name and email' WHEN c.phone_e164 = n.phone
    THEN 'name and phone' ELSE 'name' END, coalesce(c.email_normalised = n.email OR c.phone_e164 = n.phone, false)
FROM import_names n JOIN customers c ON c.sort_name = n.name AND c.kind = n.kind
WHERE c.deleted_at IS NULL AND (n.kind = 'organisation' OR c.email_normalised = n.email OR c.phone_e164 = n.phone)
"""
_MATCH_CONTACTS = f"""
UPDATE import_plan p SET customer_id = c.customer_id FROM contacts c WHERE c.id = p.contact_id AND p.action = 'known';
UPDATE import_plan p SET customer_id = l.customer_id FROM import_links l WHERE l.line = p.line AND p.action = 'create';
UPDATE import_plan p SET customer_id = c.id FROM (
    SELECT r.line, min(c.id) AS id FROM import_rows r JOIN import_plan p USING (line)
    JOIN customers c ON c.sort_name = {_NAME} AND c.kind = 'person' AND c.deleted_at IS NULL
        AND (c.email_normalised = lower(r.email) OR c.phone_e164 = coalesce(r.phone_e164, r.mobile_e164))
    WHERE p.action = 'create' AND p.customer_id IS NULL AND {_NAMES_NO_COMPANY} GROUP BY r.line HAVING count(*) = 1
) c WHERE c.line = p.line;
WITH refused AS (
    UPDATE import_plan p SET action = 'refused' FROM import_rows r
    WHERE r.line = p.line AND p.action = 'create' AND p.customer_id IS NULL AND NOT ({_NAMES_NO_COMPANY})
    RETURNING p.line, coalesce(nullif(btrim(r.company), ''), r.company_domain, r.company_ref) AS company
)
INSERT INTO import_notes SELECT line, 0, true, '', '',
    'There is no customer “' || company || '”, or more than one. Import the companies first: --kind customers'
FROM refused;
INSERT INTO import_names (line, name, kind, email, phone, key)
SELECT r.line, {_NAME}, p.customer_id::text, lower(r.email), coalesce(r.phone_e164, r.mobile_e164), NULL
FROM import_rows r JOIN import_plan p USING (line) WHERE p.action = 'create';
ANALYZE import_names;
INSERT INTO import_matches (line, lead_id, how, is_same)
SELECT n.line, c.id, CASE WHEN c.email_normalised = n.email THEN 'email' ELSE 'name and phone' END, true
FROM import_names n JOIN contacts c ON c.customer_id::text = n.kind AND c.deleted_at IS NULL
WHERE c.email_normalised = n.email OR c.sort_name = n.name AND n.phone IN (c.phone_e164, c.mobile_e164)
"""  # noqa: S608
# Two names of 300 characters are too long for the name of one customer.
_REFUSE_NAMES = Template("""
WITH refused AS (
    UPDATE import_plan p SET action = 'refused' FROM import_rows r WHERE r.line = p.line AND p.action = 'create'
        AND (char_length($name) > 300 OR $name = '?') RETURNING p.line, $name AS name
)
INSERT INTO import_notes SELECT line, 0, true, '', '', CASE WHEN name = '?'
    THEN 'Enter a name or an email. The row has none.' ELSE 'Shorten the name to 300 characters in all.' END
FROM refused
""")
_TAKE_MATCHES = Template("""
UPDATE import_plan p SET action = 'known', $id = m.id, matched = m.how FROM (
    SELECT DISTINCT ON (line) line, lead_id AS id, how, is_same, count(*) OVER (PARTITION BY line) AS count
    FROM import_matches ORDER BY line, is_same DESC, how, lead_id
) m WHERE m.line = p.line AND (m.is_same OR m.count = 1);
WITH refused AS (
    UPDATE import_plan p SET action = 'refused' FROM (SELECT DISTINCT line FROM import_matches) m
    WHERE m.line = p.line AND p.action = 'create' RETURNING p.line
)
INSERT INTO import_notes SELECT line, 0, true, '', '', 'Several customers have this name. Merge them first.'
FROM refused
""")
_MATCH_ROWS_BY_ID = """
UPDATE import_plan p SET action = 'known', same_as = d.first, matched = 'ID' FROM (
    SELECT r.line, min(r.line) OVER (PARTITION BY r.external_system, r.external_id) AS first
    FROM import_rows r JOIN import_plan p USING (line) WHERE p.action = 'create' AND r.external_system <> 'row'
) d WHERE d.line = p.line AND d.first < d.line;
"""
_MATCH_ROWS = Template("""
UPDATE import_plan p SET action = 'known', same_as = d.first, matched = d.how FROM (
    SELECT DISTINCT ON (line) line, first, how FROM (
        SELECT n.line, '$email' AS how, min(n.line) OVER (PARTITION BY n.kind, n.email, n.key$and_name) AS first
        FROM import_names n JOIN import_plan p USING (line) WHERE p.action = 'create' AND n.email IS NOT NULL
        UNION ALL
        SELECT n.line, 'name and phone', min(n.line) OVER (PARTITION BY n.kind, n.name, n.phone, n.key)
        FROM import_names n JOIN import_plan p USING (line) WHERE p.action = 'create' AND n.phone IS NOT NULL
        UNION ALL
        SELECT n.line, 'name', min(n.line) OVER (PARTITION BY n.name, n.key)
        FROM import_names n JOIN import_plan p USING (line) WHERE p.action = 'create' AND n.kind = 'organisation'
    ) alike WHERE first < line ORDER BY line, first
) d WHERE d.line = p.line
""")
_FOLLOW_ROWS = """
UPDATE import_plan p SET same_as = q.same_as FROM import_plan q WHERE q.line = p.same_as AND q.same_as IS NOT NULL
"""
_GIVE_IDS = Template("""
UPDATE import_plan p SET $id = given.id FROM (
    SELECT line, nextval(pg_get_serial_sequence('$table', 'id')) AS id
    FROM (SELECT line FROM import_plan WHERE action = 'create' ORDER BY line) in_order
) given WHERE given.line = p.line;
UPDATE import_plan p SET $id = first.$id FROM import_plan first WHERE first.line = p.same_as;
UPDATE import_plan p SET place = ranked.place FROM (
    SELECT line, row_number() OVER (PARTITION BY $id ORDER BY line) AS place FROM import_plan WHERE action = 'known'
) ranked WHERE ranked.line = p.line;
ANALYZE import_plan;
""")
_GIVE_CUSTOMERS = """
UPDATE import_plan p SET customer_id = given.id FROM (
    SELECT line, nextval(pg_get_serial_sequence('customers', 'id')) AS id
    FROM (SELECT line FROM import_plan WHERE action = 'create' AND customer_id IS NULL ORDER BY line) in_order
) given WHERE given.line = p.line;
INSERT INTO import_notes SELECT line, 92, false, '', '',
    'No company: their customer is the person, as ' || coalesce(r.account_type, 'inactive') || '.'
FROM import_plan p JOIN import_rows r USING (line)
WHERE p.action = 'create' AND NOT EXISTS (SELECT FROM customers c WHERE c.id = p.customer_id);
UPDATE import_plan p SET customer_id = first.customer_id FROM import_plan first WHERE first.line = p.same_as;
"""
_ROWS = """
    SELECT r.*, CASE WHEN r.owner IS NULL THEN %(owner)s ELSE o.employee_id END AS owner_id
    FROM import_rows r LEFT JOIN import_owners o ON o.word = r.owner WHERE r.line BETWEEN %(first)s AND %(last)s
"""
_VIEWS = {
    Target.CUSTOMERS: Template(f"""
        SELECT line, created_at, description, account_type, $customer_values FROM ({_ROWS}) typed
    """).substitute(SQL),  # noqa: S608
    Target.CONTACTS: f"SELECT line, created_at, description, {', '.join(CONTACT_FIELDS)} FROM ({_ROWS}) t",  # noqa: S608
}
_NAMES = {
    Target.CUSTOMERS: ("line", "created_at", "description", "status", *CUSTOMER_FIELDS),
    Target.CONTACTS: ("line", "created_at", "description", *CONTACT_FIELDS),
}
_CREATE = {
    Target.CUSTOMERS: Template("""
INSERT INTO customers (id, created_at, description, status, $columns) OVERRIDING SYSTEM VALUE
SELECT p.customer_id, coalesce(r.created_at, now()), r.description, coalesce(r.status, '$status'), $columns
FROM import_plan p JOIN ($view) r ($names) USING (line) WHERE p.action = 'create' ORDER BY line
""").safe_substitute(
        columns=", ".join(CUSTOMER_FIELDS), view=_VIEWS[Target.CUSTOMERS], names=", ".join(_NAMES[Target.CUSTOMERS])
    ),
    Target.CONTACTS: Template("""
INSERT INTO contacts (id, customer_id, is_primary, created_at, description, $columns) OVERRIDING SYSTEM VALUE
SELECT p.contact_id, p.customer_id, row_number() OVER (PARTITION BY p.customer_id ORDER BY line) = 1 AND NOT EXISTS (
        SELECT FROM contacts c WHERE c.customer_id = p.customer_id AND c.is_primary AND c.deleted_at IS NULL),
    coalesce(r.created_at, now()), r.description, $columns
FROM import_plan p JOIN ($view) r ($names) USING (line) WHERE p.action = 'create' ORDER BY line
""").substitute(
        columns=", ".join(CONTACT_FIELDS), view=_VIEWS[Target.CONTACTS], names=", ".join(_NAMES[Target.CONTACTS])
    ),
}
_CREATE_CUSTOMERS = Template(f"""
INSERT INTO customers (id, created_at, status, $customer_columns) OVERRIDING SYSTEM VALUE
SELECT own.customer_id, coalesce(created_at, now()), coalesce(account_type, 'inactive'), $customer_values
FROM ({_ROWS}) typed JOIN (
    SELECT line, customer_id FROM import_plan p
    WHERE action = 'create' AND NOT EXISTS (SELECT FROM customers c WHERE c.id = p.customer_id)
) own USING (line) ORDER BY line
""").substitute(SQL)  # noqa: S608
"""Someone without a company is a customer, as who is won without one is; the contact has the rest of the row."""
_NOTE_MOVED = """
INSERT INTO import_notes SELECT p.line, 93, false, '', '',
    'Address, website, industry and owner are left out, because the contact belongs to a company here.'
FROM import_plan p JOIN import_rows r USING (line) JOIN customers c ON c.id = p.customer_id AND c.kind = 'organisation'
WHERE p.action = 'known' AND num_nonnulls(r.street, r.city, r.state, r.postal_code, r.website, r.industry, r.owner) > 0
"""
_OF_PERSON = ("website", "industry", *BILLING, "owner_id")
"""What the customer that somebody without a company is has beyond their contact."""
_PAIRS = {"phone": "phone", "phone_e164": "phone", "mobile": "mobile", "mobile_e164": "mobile"}
_DIFFERENT_PLACE = " OR ".join(f"coalesce(crm_fold(l.{name}) <> crm_fold(r.{name}), false)" for name in BILLING)
_SAME_PLACE = f"NOT ({_DIFFERENT_PLACE})"
_IDS = {Target.CUSTOMERS: "customer_id", Target.CONTACTS: "contact_id"}


def match_records(cursor: Cursor, target: Target) -> None:
    """Find the rows that are about customers or contacts that exist."""
    cursor.execute(NUMBER_REPEATS)
    cursor.execute(_BEGIN)
    cursor.execute(_MATCH_IDS.substitute(id=_IDS[target], table=target.value))
    name = _NAME_OF_CUSTOMER if target is Target.CUSTOMERS else _PERSON
    cursor.execute(_REFUSE_NAMES.substitute(name=name))
    for statement in (_NAME_CUSTOMERS, _MATCH_CUSTOMERS) if target is Target.CUSTOMERS else (_MATCH_CONTACTS,):
        cursor.execute(statement)
    cursor.execute(_TAKE_MATCHES.substitute(id=_IDS[target]))


def match_record_rows(cursor: Cursor, target: Target) -> None:
    """Find the rows that are about the same record as an earlier row, and give new records their ids."""
    is_customer = target is Target.CUSTOMERS
    how, and_name = ("name and email", ", n.name") if is_customer else ("email", "")
    cursor.execute(_MATCH_ROWS_BY_ID)
    cursor.execute(_MATCH_ROWS.substitute(email=how, and_name=and_name))
    while True:
        cursor.execute(_FOLLOW_ROWS)
        if not cursor.rowcount:
            break
    cursor.execute(_GIVE_IDS.substitute(id=_IDS[target], table=target.value))
    if target is Target.CONTACTS:
        cursor.execute(_GIVE_CUSTOMERS)


def write_records(
    cursor: Cursor,
    target: Target,
    owner_id: int | None,
    *,
    status: CustomerStatus,
    updates: bool,
    fills_customers: bool,
    progress: Callable[[int, int], None],
) -> None:
    """Write everything that was decided.

    :param owner_id: who gets the customers without an owner
    :param status: of new customers whose rows don't say it
    :param updates: whether known records take over what rows say, and not only what they lack
    :param fills_customers: whether the rows of contacts say something of the customers that people without a company
        are
    """
    main = Template(_CREATE[target]).substitute(status=status.value)
    create = (_CREATE_CUSTOMERS, main) if target is Target.CONTACTS else (main,)
    change = _build_change(target, updates)
    if target is Target.CONTACTS and fills_customers:
        cursor.execute(_NOTE_MOVED)
        change = f"{change};\n{_build_change_of_people(updates)}"
    write_in_batches(cursor, create, change, owner_id, progress)
    cursor.execute(_KEEP_IDS.substitute(id=_IDS[target]))


def _build_change(target: Target, updates: bool) -> str:
    fields = [name for name in _NAMES[target] if name not in ("line", "created_at", "name", "kind")]
    values = {name: _fill(name, updates) for name in fields}
    shown = [name for name in fields if not name.endswith("_e164")]
    kept = {name: keep(f"n.{name}", f"r.{name}", _phone_differs(name)) for name in shown if name != "owner_id"}
    return change_records(
        target.value,
        _IDS[target],
        f"({_VIEWS[target]}) r ({', '.join(_NAMES[target])})",
        values,
        changes={name: differ(f"l.{name}", f"n.{name}") for name in shown},
        kept=kept,
        same_place=_SAME_PLACE if target is Target.CUSTOMERS else "true",
    )


def _build_change_of_people(updates: bool) -> str:
    """Known people without a company are customers, too."""
    fields = ", ".join(f"typed.{CUSTOMER_FIELDS[name]} AS {name}" for name in _OF_PERSON)
    return change_records(
        Target.CUSTOMERS.value,
        _IDS[Target.CUSTOMERS],
        f"(SELECT typed.line, {fields} FROM ({_ROWS}) typed JOIN import_plan USING (line)"  # noqa: S608
        " JOIN customers c ON c.id = customer_id AND c.kind = 'person') r",
        {name: _fill(name, updates) for name in _OF_PERSON},
        changes={name: differ(f"l.{name}", f"n.{name}") for name in _OF_PERSON},
        kept={name: keep(f"n.{name}", f"r.{name}") for name in _OF_PERSON if name != "owner_id"},
        same_place=_SAME_PLACE,
    )


def _fill(name: str, updates: bool) -> str:
    """What a field becomes; of a pair both or neither, and no address is put together of two."""
    if name in _PAIRS:
        taken = f"r.{_PAIRS[name]} IS NOT NULL" if updates else f"l.{_PAIRS[name]} IS NULL"
        return f"CASE WHEN {taken} THEN r.{name} ELSE l.{name} END"
    taken = take(f"l.{name}", f"r.{name}", updates)
    return f"CASE WHEN t.same_place THEN {taken} ELSE l.{name} END" if name in BILLING and not updates else taken


def _phone_differs(name: str) -> str:
    return f"r.{name}_e164 <> n.{name}_e164" if name in ("phone", "mobile") else "true"
