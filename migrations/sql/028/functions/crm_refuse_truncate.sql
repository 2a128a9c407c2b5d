CREATE OR REPLACE FUNCTION crm_refuse_truncate() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'emptying % at once would leave no history', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
