CREATE OR REPLACE FUNCTION crm_start_last_activity() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_TABLE_NAME = 'leads' THEN
        INSERT INTO lead_last_activity (lead_id) SELECT id FROM new_rows ORDER BY id;
    ELSE
        INSERT INTO customer_last_activity (customer_id) SELECT id FROM new_rows ORDER BY id;
    END IF;
    RETURN NULL;
END
$$;
