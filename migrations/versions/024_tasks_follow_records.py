"""
Open tasks follow the record that they are on, and nobody who left has one.

A record that changed hands left its open tasks with the person who gave it up, and a deactivated employee kept all of
theirs, where nobody looks. An open task of a record's owner now passes to the next owner with the record, whatever
changes the owner; a task that somebody else was given stays with them. On a record of nobody's, tasks of nobody's pass
to whoever takes it. Tasks that people who left still have go to their records' owners here.
"""

from alembic import op

revision = "024"
down_revision = "023"
branch_labels = None
depends_on = None


HAND_ON = """
CREATE FUNCTION crm_hand_on_tasks() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ids bigint[];
BEGIN
    -- The undo of a bulk edit puts each task back to whoever had it, which history knows better than this rule.
    IF current_setting('crm.tasks_stay', true) = 'yes' THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(n.id) INTO ids FROM old_rows o JOIN new_rows n USING (id)
    WHERE n.owner_id IS DISTINCT FROM o.owner_id;
    -- Few updates change an owner. Those that do find their tasks by the ids, and never read all activities.
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'leads' THEN
        UPDATE activities a SET assignee_id = n.owner_id FROM old_rows o JOIN new_rows n USING (id)
        WHERE a.lead_id = ANY (ids) AND a.lead_id = n.id
            AND a.kind = 'task' AND a.done_at IS NULL AND a.assignee_id IS NOT DISTINCT FROM o.owner_id;
    ELSE
        UPDATE activities a SET assignee_id = n.owner_id FROM old_rows o JOIN new_rows n USING (id)
        WHERE a.customer_id = ANY (ids) AND a.customer_id = n.id
            AND a.kind = 'task' AND a.done_at IS NULL AND a.assignee_id IS NOT DISTINCT FROM o.owner_id;
    END IF;
    RETURN NULL;
END
$$
"""

CHECK_ASSIGNEES = """
CREATE FUNCTION crm_check_assignees() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    assignee record;
BEGIN
    -- FOR KEY SHARE waits for a deactivation under way, and lets it wait for us.
    FOR assignee IN
        SELECT e.is_active FROM employees e
        WHERE e.id IN (SELECT assignee_id FROM new_rows WHERE kind = 'task' AND done_at IS NULL)
        ORDER BY e.id FOR KEY SHARE
    LOOP
        IF NOT assignee.is_active THEN
            RAISE EXCEPTION 'an open task belongs to somebody who is active, or to nobody'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_assignee_active', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$
"""

KEEP_ASSIGNEES = """
CREATE FUNCTION crm_keep_assignees() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM employees WHERE id = OLD.id FOR UPDATE;
    IF EXISTS (SELECT 1 FROM activities WHERE kind = 'task' AND done_at IS NULL AND assignee_id = OLD.id) THEN
        RAISE EXCEPTION 'this employee still has open tasks'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_employees_has_no_tasks', TABLE = 'employees';
    END IF;
    RETURN NEW;
END
$$
"""

LEFT_BEHIND = """
UPDATE activities a SET assignee_id = coalesce(l.owner_id, c.owner_id)
FROM activities t LEFT JOIN leads l ON l.id = t.lead_id LEFT JOIN customers c ON c.id = t.customer_id
WHERE a.id = t.id AND t.kind = 'task' AND t.done_at IS NULL
    AND t.assignee_id IN (SELECT id FROM employees WHERE NOT is_active)
"""

BOTH = "OLD TABLE AS old_rows NEW TABLE AS new_rows"
TRIGGERS = (
    ("hand_on_tasks", "leads", "UPDATE", BOTH, "crm_hand_on_tasks"),
    ("hand_on_tasks", "customers", "UPDATE", BOTH, "crm_hand_on_tasks"),
    ("check_assignees_insert", "activities", "INSERT", "NEW TABLE AS new_rows", "crm_check_assignees"),
    ("check_assignees_update", "activities", "UPDATE", "NEW TABLE AS new_rows", "crm_check_assignees"),
)


def upgrade() -> None:
    op.execute(LEFT_BEHIND)
    for function in (HAND_ON, CHECK_ASSIGNEES, KEEP_ASSIGNEES):
        op.execute(function)
    for name, table, event, rows, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {rows}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
    op.execute(
        "CREATE TRIGGER keep_assignees BEFORE UPDATE ON employees FOR EACH ROW"
        " WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION crm_keep_assignees()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_assignees ON employees")
    for name, table, *_ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION crm_hand_on_tasks, crm_check_assignees, crm_keep_assignees")
