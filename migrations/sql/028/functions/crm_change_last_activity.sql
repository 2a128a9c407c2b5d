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
        FROM (
            SELECT unnest(ARRAY[o.lead_id, n.lead_id]) AS lead_id,
                unnest(ARRAY[o.customer_id, n.customer_id]) AS customer_id
            FROM old_rows o JOIN new_rows n USING (id)
            WHERE (o.happened_at, o.lead_id, o.customer_id) IS DISTINCT FROM (n.happened_at, n.lead_id, n.customer_id)
        ) a LEFT JOIN leads l ON l.id = a.lead_id;
    END IF;
    IF lead_ids IS NOT NULL THEN
        PERFORM crm_look_for_last_activity(lead_ids, customer_ids);
    END IF;
    RETURN NULL;
END
$$;
