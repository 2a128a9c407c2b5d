CREATE OR REPLACE FUNCTION crm_touch() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    NEW.updated_by_id := nullif(current_setting('crm.actor_id', true), '')::bigint;
    RETURN NEW;
END
$$;
