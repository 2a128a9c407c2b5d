CREATE OR REPLACE FUNCTION crm_check_owners() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    owner record;
BEGIN
    -- FOR KEY SHARE waits for a deactivation under way, and lets it wait for us.
    FOR owner IN
        SELECT e.is_active, e.role FROM employees e
        WHERE e.id IN (SELECT owner_id FROM new_rows) ORDER BY e.id FOR KEY SHARE
    LOOP
        IF NOT owner.is_active OR owner.role = 'viewer' THEN
            RAISE EXCEPTION 'an owner must be active and of a selling role'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_owner_entitled', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
