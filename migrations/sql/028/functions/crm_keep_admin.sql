CREATE OR REPLACE FUNCTION crm_keep_admin() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7430002);
    IF NOT EXISTS (SELECT 1 FROM employees WHERE role = 'admin' AND is_active AND id <> OLD.id) THEN
        RAISE EXCEPTION 'the last administrator stays'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_employees_one_admin', TABLE = 'employees';
    END IF;
    RETURN coalesce(NEW, OLD);
END
$$;
