CREATE OR REPLACE FUNCTION crm_check_owners() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    ids bigint[];
    owner record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT n.owner_id) INTO ids FROM new_rows n;
    ELSE
        ids := ARRAY[NEW.owner_id];
    END IF;
    -- FOR SHARE waits for a deactivation under way, and lets it wait for us.
    FOR owner IN
        SELECT e.is_active, e.role FROM employees e WHERE e.id = ANY (ids) ORDER BY e.id FOR SHARE
    LOOP
        IF NOT owner.is_active OR owner.role = 'viewer' THEN
            RAISE EXCEPTION 'an owner must be active and of a selling role'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_owner_entitled', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
