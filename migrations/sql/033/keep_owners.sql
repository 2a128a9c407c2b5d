CREATE OR REPLACE FUNCTION crm_keep_owners() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    -- The update has locked the row: who is about to be given something waits for it, and it waits for who was.
    IF EXISTS (SELECT 1 FROM leads
        WHERE owner_id = OLD.id) OR EXISTS (SELECT 1 FROM customers
        WHERE owner_id = OLD.id)
    THEN
        RAISE EXCEPTION 'this employee still owns records'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_employees_owns_nothing', TABLE = 'employees';
    END IF;
    RETURN NEW;
END
$$;
