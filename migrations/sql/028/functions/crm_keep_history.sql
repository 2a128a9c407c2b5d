CREATE OR REPLACE FUNCTION crm_keep_history() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'history is never altered' USING ERRCODE = 'restrict_violation';
END
$$;
