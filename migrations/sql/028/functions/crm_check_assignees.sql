CREATE OR REPLACE FUNCTION crm_check_assignees() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
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
$$;
