CREATE OR REPLACE FUNCTION crm_xact() RETURNS xid8
LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT (pg_current_xact_id()::text::numeric + shift)::text::xid8 FROM feed_shift
$$;
