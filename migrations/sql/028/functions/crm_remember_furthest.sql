CREATE OR REPLACE FUNCTION crm_remember_furthest() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    NEW.furthest_status := crm_furthest_status(OLD.status, OLD.furthest_status);
    RETURN NEW;
END
$$;
