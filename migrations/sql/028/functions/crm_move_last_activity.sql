CREATE OR REPLACE FUNCTION crm_move_last_activity() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    customer_ids bigint[];
BEGIN
    SELECT array_agg(DISTINCT c.id) INTO customer_ids
    FROM old_rows o JOIN new_rows n USING (id), LATERAL unnest(ARRAY[o.customer_id, n.customer_id]) AS c (id)
    WHERE c.id IS NOT NULL
        AND (o.customer_id IS DISTINCT FROM n.customer_id OR (o.deleted_at IS NULL) <> (n.deleted_at IS NULL));
    IF customer_ids IS NOT NULL THEN
        PERFORM crm_look_for_last_activity('{}', customer_ids);
    END IF;
    RETURN NULL;
END
$$;
