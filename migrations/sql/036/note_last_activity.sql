CREATE OR REPLACE FUNCTION crm_note_last_activity() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    UPDATE lead_last_activity t SET at = n.at FROM (
        SELECT lead_id, max(happened_at) AS at FROM new_rows WHERE lead_id IS NOT NULL GROUP BY lead_id
    ) n WHERE t.lead_id = n.lead_id AND (t.at IS NULL OR t.at < n.at);
    UPDATE customer_last_activity t SET at = n.at FROM (
        SELECT coalesce(a.customer_id, l.customer_id) AS id, max(a.happened_at) AS at
        FROM new_rows a LEFT JOIN leads l ON l.id = a.lead_id AND l.deleted_at IS NULL GROUP BY 1
    ) n WHERE t.customer_id = n.id AND (t.at IS NULL OR t.at < n.at);
    RETURN NULL;
END
$$;
