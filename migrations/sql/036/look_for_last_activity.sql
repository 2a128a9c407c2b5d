CREATE OR REPLACE FUNCTION crm_look_for_last_activity(lead_ids bigint[], customer_ids bigint[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM 1 FROM lead_last_activity WHERE lead_id = ANY (lead_ids) ORDER BY lead_id FOR NO KEY UPDATE;
    UPDATE lead_last_activity t SET at = n.at FROM (
        SELECT w.id, (SELECT max(happened_at) FROM activities WHERE lead_id = w.id) AS at FROM unnest(lead_ids) w (id)
    ) n WHERE t.lead_id = n.id AND t.at IS DISTINCT FROM n.at;
    PERFORM 1 FROM customer_last_activity WHERE customer_id = ANY (customer_ids) ORDER BY customer_id FOR NO KEY UPDATE;
    UPDATE customer_last_activity t SET at = n.at FROM (
        SELECT w.id, greatest(
            (SELECT max(happened_at) FROM activities WHERE customer_id = w.id),
            (SELECT max(lt.at) FROM leads l JOIN lead_last_activity lt ON lt.lead_id = l.id
             WHERE l.customer_id = w.id AND l.deleted_at IS NULL)) AS at
        FROM unnest(customer_ids) w (id)
    ) n WHERE t.customer_id = n.id AND t.at IS DISTINCT FROM n.at;
END
$$;
