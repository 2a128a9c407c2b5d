CREATE OR REPLACE FUNCTION crm_check_assignees() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    ids bigint[];
    assignee record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT n.assignee_id) INTO ids FROM new_rows n WHERE n.kind = 'task' AND n.done_at IS NULL;
    ELSE
        ids := ARRAY[NEW.assignee_id];
    END IF;
    -- FOR SHARE waits for a deactivation under way, and lets it wait for us.
    FOR assignee IN
        SELECT e.is_active FROM employees e WHERE e.id = ANY (ids) ORDER BY e.id FOR SHARE
    LOOP
        IF NOT assignee.is_active THEN
            RAISE EXCEPTION 'an open task belongs to somebody who is active, or to nobody'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_assignee_active', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
