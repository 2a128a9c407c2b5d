CREATE OR REPLACE FUNCTION crm_keep_responsible() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    -- The update has locked the row: who is about to be given something waits for it, and it waits for who was.
    IF OLD.role <> 'viewer' AND (EXISTS (SELECT FROM leads WHERE owner_id = OLD.id)
        OR EXISTS (SELECT FROM customers WHERE owner_id = OLD.id))
    THEN
        RAISE EXCEPTION 'this employee still owns records'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_employees_owns_nothing', TABLE = 'employees';
    END IF;
    IF NOT NEW.is_active
        AND EXISTS (SELECT FROM activities WHERE kind = 'task' AND done_at IS NULL AND assignee_id = OLD.id)
    THEN
        RAISE EXCEPTION 'this employee still has open tasks'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_employees_has_no_tasks', TABLE = 'employees';
    END IF;
    RETURN NEW;
END
$$;
