CREATE OR REPLACE FUNCTION crm_renew_version() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    UPDATE table_versions SET version = gen_random_uuid() WHERE name = TG_TABLE_NAME;
    RETURN NULL;
END
$$;
