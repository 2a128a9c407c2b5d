CREATE OR REPLACE FUNCTION crm_begin_touches() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_TABLE_NAME = 'leads' THEN
        INSERT INTO lead_touches (lead_id) SELECT id FROM new_rows ORDER BY id;
    ELSE
        INSERT INTO customer_touches (customer_id) SELECT id FROM new_rows ORDER BY id;
    END IF;
    RETURN NULL;
END
$$;
