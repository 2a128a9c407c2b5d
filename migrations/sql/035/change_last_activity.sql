CREATE OR REPLACE FUNCTION crm_change_last_activity() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    lead_ids bigint[];
    customer_ids bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT a.lead_id), array_agg(DISTINCT coalesce(a.customer_id, l.customer_id))
        INTO lead_ids, customer_ids FROM old_rows a LEFT JOIN leads l ON l.id = a.lead_id;
    ELSE
        SELECT array_agg(DISTINCT a.lead_id), array_agg(DISTINCT coalesce(a.customer_id, l.customer_id))
        INTO lead_ids, customer_ids
        FROM (VALUES (OLD.lead_id, OLD.customer_id), (NEW.lead_id, NEW.customer_id)) a (lead_id, customer_id)
        LEFT JOIN leads l ON l.id = a.lead_id;
    END IF;
    IF lead_ids IS NOT NULL THEN
        PERFORM crm_look_for_last_activity(lead_ids, customer_ids);
    END IF;
    RETURN NULL;
END
$$;
