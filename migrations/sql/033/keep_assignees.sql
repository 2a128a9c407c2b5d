CREATE OR REPLACE FUNCTION crm_keep_assignees() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    -- The update has locked the row: who is about to be given something waits for it, and it waits for who was.
    IF EXISTS (SELECT 1 FROM activities WHERE kind = 'task' AND done_at IS NULL AND assignee_id = OLD.id) THEN
        RAISE EXCEPTION 'this employee still has open tasks'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_employees_has_no_tasks', TABLE = 'employees';
    END IF;
    RETURN NEW;
END
$$;
