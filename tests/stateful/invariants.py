"""Invariants of the whole database, in SQL that is independent of the operations.

``list_violations`` returns one line for each row that contradicts another one. The tests that run random steps, or kill
the servers meanwhile, call it again and again.
"""

# ruff: noqa: S608  (the statements are put together from words that stand here)

from psycopg2.extensions import connection as Connection

TABLES = {
    "lead": "leads",
    "customer": "customers",
    "contact": "contacts",
    "employee": "employees",
    "activity": "activities",
}
OF_THE_LINE = ("id", "version", "created_at", "created_by_id", "updated_at", "updated_by_id")
"""Columns that repeat what a line of history says of itself; the truths about versions hold them."""
FOLLOWING = (
    "phone_e164",
    "mobile_e164",
    "email_normalised",
    "sort_name",
    "search_text",
    "number",
    "status_changed_at",
    "furthest_status",
)
"""Columns that follow from others; where the database does not compute them, a truth of its own holds them."""
UNTOLD = {
    entity: (
        *OF_THE_LINE,
        *FOLLOWING,
        "password_hash",
        "must_change_password",
        *(("name",) if entity in ("lead", "contact") else ()),
    )
    for entity in TABLES
}
"""Every other column must be told by history; a new one is one of those unless it is named here."""


def _of_all(select: str) -> str:
    return " UNION ALL ".join(
        select.format(entity=entity, table=table, untold="{" + ",".join(UNTOLD[entity]) + "}")
        for entity, table in TABLES.items()
    )


ROWS = _of_all(f"SELECT '{{entity}}' AS entity, {', '.join(OF_THE_LINE)} FROM {{table}}")
TOLD_TODAY = _of_all(
    "SELECT '{entity}' AS entity, row.id AS entity_id, f.key, f.value"
    " FROM {table} row, jsonb_each(jsonb_strip_nulls(to_jsonb(row) - '{untold}'::text[])) f"
)


def _roots(table: str) -> str:
    """Each row with the one that stays of those that it was merged into, or itself."""
    return f"""
    SELECT root.id AS merged_id, root.stays_id FROM (
        WITH RECURSIVE chain AS (
            SELECT id, id AS stays_id FROM {table}
            UNION ALL SELECT chain.id, merged.merged_into_id FROM chain JOIN {table} merged ON merged.id = stays_id
            WHERE merged.merged_into_id IS NOT NULL
        )
        SELECT chain.id, stays_id FROM chain JOIN {table} last ON last.id = stays_id
        WHERE last.merged_into_id IS NULL
    ) root"""


ROOTS = _roots("customers")

TRUTHS = {
    "history from nothing gives today's row": f"""
        SELECT concat_ws(' ', entity, entity_id, key, told.new, 'is', today.value)
        FROM (
            SELECT DISTINCT ON (entity, entity_id, key) entity, entity_id, key, f.value -> 1 AS new
            FROM changes, jsonb_each(fields) f ORDER BY entity, entity_id, key, id DESC
        ) told FULL JOIN ({TOLD_TODAY}) today USING (entity, entity_id, key)
        WHERE coalesce(told.new, 'null') <> coalesce(today.value, 'null')""",
    "each line of history goes on where the one before it ended": """
        SELECT concat_ws(' ', entity, entity_id, key) FROM (
            SELECT entity, entity_id, key, coalesce(f.value -> 0, 'null') AS old,
                lag(f.value -> 1, 1, 'null') OVER (PARTITION BY entity, entity_id, key ORDER BY id) AS before
            FROM changes, jsonb_each(fields) f
        ) line WHERE old <> before""",
    "each version has its one line, from created to deleted": """
        SELECT concat_ws(' ', entity, entity_id, version, action) FROM (
            SELECT *, row_number() OVER story AS place, count(*) OVER (PARTITION BY entity, entity_id) AS lines
            FROM changes WINDOW story AS (PARTITION BY entity, entity_id ORDER BY id)
        ) line
        WHERE version IS DISTINCT FROM place - (action = 'deleted')::int OR (action = 'created') <> (place = 1)
            OR (action = 'deleted' AND place <> lines)""",
    "a row knows its version, who made it and who changed it last": f"""
        SELECT concat_ws(' ', entity, id) FROM (
            SELECT c.entity, c.entity_id AS id, bool_or(c.action = 'deleted') AS is_gone,
                (array_agg(c ORDER BY c.id))[1] AS first, (array_agg(c ORDER BY c.id DESC))[1] AS last
            FROM changes c GROUP BY c.entity, c.entity_id
        ) story FULL JOIN ({ROWS}) today USING (entity, id)
        WHERE is_gone IS NULL OR is_gone <> (today.version IS NULL)
            OR (NOT is_gone AND (today.version, created_at, created_by_id, updated_at, updated_by_id) IS DISTINCT FROM
                ((last).version, (first).at, (first).actor_id, (last).at, (last).actor_id))""",
    "a lead that is won stands in the ledger, with its customer": """
        SELECT concat_ws(' ', 'lead', id) FROM leads lead WHERE status = 'won' AND NOT EXISTS (
            SELECT FROM conversions
            WHERE lead_id = lead.id AND customer_id = lead.customer_id AND undone_at IS NULL)""",
    "what stands in the ledger is so": """
        SELECT concat_ws(' ', 'conversion', line.id) FROM conversions line JOIN leads lead ON lead.id = lead_id
        WHERE undone_at IS NULL AND line.customer_id IS DISTINCT FROM lead.customer_id""",
    "a lead has the customer that it, or one merged into it, won or was entered for": f"""
        SELECT concat_ws(' ', 'lead', lead.id) FROM leads lead
        WHERE customer_id IS NOT NULL AND merged_into_id IS NULL
            AND NOT EXISTS (SELECT FROM conversions WHERE lead_id = lead.id AND undone_at IS NULL)
            AND NOT EXISTS (
                SELECT FROM ({_roots("leads")}) own JOIN changes made
                    ON made.entity = 'lead' AND made.entity_id = own.merged_id AND made.action = 'created'
                JOIN ({ROOTS}) it ON to_jsonb(it.merged_id) = made.fields -> 'customer_id' -> 1
                WHERE own.stays_id = lead.id AND it.stays_id = lead.customer_id)""",
    "one lead makes one customer, and the ledger says which": f"""
        SELECT concat_ws(' ', 'lead', lead_id) FROM (
            SELECT lead_id, array_agg(DISTINCT stays_id) AS customers
            FROM conversions JOIN ({ROOTS}) it ON merged_id = customer_id WHERE kind = 'created' GROUP BY lead_id
        ) ledger FULL JOIN (
            SELECT created_from_lead_id AS lead_id, array_agg(stays_id) AS customers
            FROM customers JOIN ({ROOTS}) it ON merged_id = id WHERE created_from_lead_id IS NOT NULL GROUP BY 1
        ) made USING (lead_id)
        WHERE ledger.customers IS DISTINCT FROM made.customers OR array_length(made.customers, 1) <> 1""",
    "one line of the ledger at most stands for a lead, and it is the last": """
        SELECT concat_ws(' ', 'lead', lead_id) FROM (
            SELECT lead_id, undone_at, lead(id) OVER (PARTITION BY lead_id ORDER BY id) AS later FROM conversions
        ) line WHERE undone_at IS NULL AND later IS NOT NULL""",
    "each line of the ledger was written with the change to Won, by the same person": """
        SELECT concat_ws(' ', 'conversion', id) FROM conversions line WHERE NOT EXISTS (
            SELECT FROM changes WHERE entity = 'lead' AND entity_id = lead_id AND at = converted_at
                AND actor_id = converted_by_id AND fields -> 'status' ->> 1 = 'won')
            OR (undone_at IS NULL) <> (undone_by_id IS NULL) OR undone_at < converted_at""",
    "each change to Won has a line of the ledger behind it": """
        SELECT concat_ws(' ', 'lead', entity_id) FROM changes WHERE entity = 'lead' AND fields -> 'status' ->> 1 = 'won'
            AND NOT EXISTS (SELECT FROM conversions WHERE lead_id = entity_id)""",
    "closed leads have a date, lost ones a reason, and nobody else has": """
        SELECT concat_ws(' ', 'lead', id) FROM leads
        WHERE (status IN ('won', 'lost', 'disqualified')) <> (closed_at IS NOT NULL)
            OR (status IN ('lost', 'disqualified')) <> (lost_reason IS NOT NULL)
            OR (lost_reason IS NULL AND lost_note IS NOT NULL) OR closed_at > clock_timestamp()""",
    "a lead knows since when it has its status": """
        SELECT concat_ws(' ', 'lead', lead.id) FROM leads lead CROSS JOIN LATERAL (
            SELECT at, action FROM changes WHERE entity = 'lead' AND entity_id = lead.id AND fields ? 'status'
            ORDER BY id DESC LIMIT 1) line
        WHERE NOT status_changed_at BETWEEN at AND clock_timestamp()
            OR (action = 'created' AND status_changed_at <> at)""",
    "owners are active and sell": """
        SELECT concat_ws(' ', entity, record.id) FROM (
            SELECT 'lead' AS entity, id, owner_id FROM leads UNION ALL SELECT 'customer', id, owner_id FROM customers
        ) record JOIN employees owner ON owner.id = owner_id WHERE NOT is_active OR role = 'viewer'""",
    "what was merged is in the trash, and a merge says so": """
        SELECT concat_ws(' ', record.entity, record.id) FROM (
            SELECT 'lead' AS entity, id, deleted_at, merged_into_id FROM leads
            UNION ALL SELECT 'customer', id, deleted_at, merged_into_id FROM customers
            UNION ALL SELECT 'contact', id, deleted_at, merged_into_id FROM contacts
        ) record WHERE merged_into_id IS NOT NULL AND (deleted_at IS NULL OR NOT EXISTS (
            SELECT FROM record_merges m WHERE m.entity = record.entity AND m.kept_id = merged_into_id
                AND undone_at IS NULL AND m.details -> 'merged' ? record.id::text))""",
    "history of who was erased holds nothing of them": """
        SELECT concat_ws(' ', kind, entity_id, key) FROM erasures CROSS JOIN jsonb_each(records) record (kind, ids)
        JOIN changes ON changes.entity = kind AND ids @> to_jsonb(entity_id) AND at < erased_at
        CROSS JOIN jsonb_each(fields) f
        WHERE key ~ '^(first_name|salutation|job_title|email|phone|mobile|website|description|next_step|vat_number)$'
            OR key ~ '^(billing_|shipping_)?(street|city|state|postal_code)$'
            OR (key ~ '^(last_name|lost_note)$' AND (f.value || '"Erased"') - 'Erased' <> '[]'
                AND f.value <> ALL ('{"[null, \\"Erased\\"]","[\\"Erased\\", null]"}'))""",
    "history of an activity that was erased holds nothing of it": """
        SELECT concat_ws(' ', 'activity', entity_id, key) FROM activities row
        JOIN changes ON entity = 'activity' AND entity_id = row.id CROSS JOIN jsonb_each(fields) f
        WHERE subject = 'Erased' AND key IN ('subject', 'body') AND (f.value || '"Erased"') - 'Erased' <> '[]'
            AND f.value <> ALL ('{"[null, \\"Erased\\"]","[\\"Erased\\", null]"}')""",
    "what is in the trash was put there by someone": """
        SELECT concat_ws(' ', entity, id) FROM (
            SELECT 'lead' AS entity, id, deleted_at, deleted_by_id FROM leads
            UNION ALL SELECT 'customer', id, deleted_at, deleted_by_id FROM customers
            UNION ALL SELECT 'contact', id, deleted_at, deleted_by_id FROM contacts
        ) record WHERE (deleted_at IS NULL) <> (deleted_by_id IS NULL)""",
    "one contact at most is the first to call": """
        SELECT concat_ws(' ', 'customer', customer_id) FROM contacts WHERE is_primary AND deleted_at IS NULL
        GROUP BY customer_id HAVING count(*) > 1""",
    "numbers to dial follow from what was typed": r"""
        SELECT concat_ws(' ', entity, id) FROM (
            SELECT 'lead' AS entity, id, phone, phone_e164 FROM leads
            UNION ALL SELECT 'lead', id, mobile, mobile_e164 FROM leads
            UNION ALL SELECT 'customer', id, phone, phone_e164 FROM customers
            UNION ALL SELECT 'contact', id, phone, phone_e164 FROM contacts
            UNION ALL SELECT 'contact', id, mobile, mobile_e164 FROM contacts
        ) record WHERE regexp_replace(phone, '[^+\d]', '', 'g') IS DISTINCT FROM phone_e164""",
    "a receipt is whole, and history says the same": """
        SELECT concat_ws(' ', 'bulk edit', edit.id, 'record', record_id, outcome, undo_outcome)
        FROM bulk_edits edit JOIN bulk_items ON bulk_edit_id = edit.id
        WHERE (applied_at IS NULL) <> (outcome = 'pending')
            OR (undone_at IS NOT NULL AND outcome = 'done') <> (undo_outcome IS NOT NULL)
            OR (outcome = 'done' AND NOT EXISTS (
                SELECT FROM changes WHERE changes.entity = edit.entity AND entity_id = record_id AND at = applied_at
                    AND version = version_after AND source = 'bulk' AND actor_id = made_by_id))""",
    "nobody stands above themselves": """
        WITH RECURSIVE above (kind, id, upper) AS (
            SELECT 'customer', id, parent_id FROM customers WHERE parent_id IS NOT NULL
            UNION SELECT 'employee', id, manager_id FROM employees WHERE manager_id IS NOT NULL
            UNION SELECT kind, above.id, next.upper FROM above JOIN (
                SELECT 'customer' AS kind, id, parent_id AS upper FROM customers
                UNION ALL SELECT 'employee', id, manager_id FROM employees
            ) next USING (kind) WHERE next.id = above.upper AND next.upper IS NOT NULL
        ) SELECT concat_ws(' ', kind, id) FROM above WHERE id = upper""",
    "somebody keeps the employees": """
        SELECT 'no administrator' WHERE NOT EXISTS (SELECT FROM employees WHERE role = 'admin' AND is_active)""",
    "nobody who left has an open task": """
        SELECT concat_ws(' ', 'activity', task.id) FROM activities task JOIN employees person ON assignee_id = person.id
        WHERE kind = 'task' AND done_at IS NULL AND NOT is_active""",
    "who left is signed out": """
        SELECT concat_ws(' ', 'employee', person.id) FROM employees person JOIN sign_ins ON employee_id = person.id
        WHERE NOT is_active AND ended_at IS NULL""",
}
_QUESTION = " UNION ALL ".join(
    "SELECT '{}', description FROM ({}) AS violation(description)".format(truth.replace("'", "''"), query)
    for truth, query in TRUTHS.items()
)


def list_violations(connection: Connection) -> list[str]:
    """List what contradicts itself.

    :param connection: a connection to the database; the question is prepared on it once
    :return: the broken truths, each with the row that breaks it; none in a sound database
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = 'truths'")
        if cursor.fetchall() == [(0,)]:
            cursor.execute(f"PREPARE truths AS {_QUESTION}")
        cursor.execute("EXECUTE truths")
        return [f"{truth}: {row}" for truth, row in cursor.fetchall()]
