CREATE OR REPLACE FUNCTION crm_count_leads() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH facts AS (
            SELECT f.owner_id, f.source, f.figure, f.starts_on, f.status, f.detail, f.currency, f.how_many,
                f.how_many_priced, f.amount, f.weighted, f.seconds
                FROM new_rows n
                CROSS JOIN LATERAL crm_counts_of_lead(n.status, n.furthest_status, n.lost_reason, n.owner_id,
                    n.source, n.currency, n.amount, n.probability, n.created_at, n.closed_at,
                    n.expected_close_on) f
                WHERE n.deleted_at IS NULL
        )
        INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
            how_many_priced, amount, weighted, seconds)
        SELECT owner_id, source, figure, starts_on, status, detail, currency, sum(how_many) AS how_many,
            sum(how_many_priced) AS how_many_priced, sum(amount) AS amount, sum(weighted) AS weighted,
            sum(seconds) AS seconds
            FROM facts
            GROUP BY owner_id, source, figure, starts_on, status, detail, currency
            HAVING sum(how_many) <> 0 OR sum(how_many_priced) <> 0 OR sum(amount) <> 0 OR sum(weighted) <> 0 OR sum(seconds) <> 0;
    ELSIF TG_OP = 'DELETE' THEN
        WITH facts AS (
            SELECT f.owner_id, f.source, f.figure, f.starts_on, f.status, f.detail, f.currency,
                -f.how_many AS how_many, -f.how_many_priced AS how_many_priced, -f.amount AS amount,
                -f.weighted AS weighted, -f.seconds AS seconds
                FROM old_rows o
                CROSS JOIN LATERAL crm_counts_of_lead(o.status, o.furthest_status, o.lost_reason, o.owner_id,
                    o.source, o.currency, o.amount, o.probability, o.created_at, o.closed_at,
                    o.expected_close_on) f
                WHERE o.deleted_at IS NULL
        )
        INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
            how_many_priced, amount, weighted, seconds)
        SELECT owner_id, source, figure, starts_on, status, detail, currency, sum(how_many) AS how_many,
            sum(how_many_priced) AS how_many_priced, sum(amount) AS amount, sum(weighted) AS weighted,
            sum(seconds) AS seconds
            FROM facts
            GROUP BY owner_id, source, figure, starts_on, status, detail, currency
            HAVING sum(how_many) <> 0 OR sum(how_many_priced) <> 0 OR sum(amount) <> 0 OR sum(weighted) <> 0 OR sum(seconds) <> 0;
    ELSE
        -- Most edits are about something that is not counted.
        IF NOT EXISTS (
            SELECT FROM old_rows o JOIN new_rows n USING (id)
            WHERE (o.status, o.furthest_status, o.lost_reason, o.owner_id, o.source, o.currency, o.amount,
                    o.probability, o.created_at, o.closed_at, o.expected_close_on, o.deleted_at)
                IS DISTINCT FROM (n.status, n.furthest_status, n.lost_reason, n.owner_id, n.source, n.currency,
                    n.amount, n.probability, n.created_at, n.closed_at, n.expected_close_on, n.deleted_at)
        ) THEN
            RETURN NULL;
        END IF;
        INSERT INTO lead_status_history (lead_id, status, owner_id, source, entered_at, left_at)
        SELECT o.id, o.status, o.owner_id, o.source, o.status_changed_at,
            -- SQL by hand may move a lead and not say since when.
            CASE WHEN n.status_changed_at = o.status_changed_at THEN greatest(now(), o.status_changed_at)
                ELSE n.status_changed_at END
        FROM old_rows o JOIN new_rows n USING (id) WHERE o.status <> n.status ORDER BY o.id;
        WITH changed AS MATERIALIZED (
            SELECT o.id
                FROM old_rows o JOIN new_rows n USING (id)
                WHERE (o.status, o.furthest_status, o.lost_reason, o.owner_id, o.source, o.currency, o.amount,
                    o.probability, o.created_at, o.closed_at, o.expected_close_on, o.deleted_at)
                IS DISTINCT FROM (n.status, n.furthest_status, n.lost_reason, n.owner_id, n.source, n.currency,
                    n.amount, n.probability, n.created_at, n.closed_at, n.expected_close_on, n.deleted_at)
        ), facts AS (
            SELECT f.owner_id, f.source, f.figure, f.starts_on, f.status, f.detail, f.currency,
                -f.how_many AS how_many, -f.how_many_priced AS how_many_priced, -f.amount AS amount,
                -f.weighted AS weighted, -f.seconds AS seconds
                FROM old_rows o
                CROSS JOIN LATERAL crm_counts_of_lead(o.status, o.furthest_status, o.lost_reason, o.owner_id,
                    o.source, o.currency, o.amount, o.probability, o.created_at, o.closed_at,
                    o.expected_close_on) f
            WHERE o.deleted_at IS NULL AND o.id IN (SELECT id FROM changed)
            UNION ALL
            SELECT f.owner_id, f.source, f.figure, f.starts_on, f.status, f.detail, f.currency, f.how_many,
                f.how_many_priced, f.amount, f.weighted, f.seconds
                FROM new_rows n
                CROSS JOIN LATERAL crm_counts_of_lead(n.status, n.furthest_status, n.lost_reason, n.owner_id,
                    n.source, n.currency, n.amount, n.probability, n.created_at, n.closed_at,
                    n.expected_close_on) f
            WHERE n.deleted_at IS NULL AND n.id IN (SELECT id FROM changed)
        )
        INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
            how_many_priced, amount, weighted, seconds)
        SELECT owner_id, source, figure, starts_on, status, detail, currency, sum(how_many) AS how_many,
            sum(how_many_priced) AS how_many_priced, sum(amount) AS amount, sum(weighted) AS weighted,
            sum(seconds) AS seconds
            FROM facts
            GROUP BY owner_id, source, figure, starts_on, status, detail, currency
            HAVING sum(how_many) <> 0 OR sum(how_many_priced) <> 0 OR sum(amount) <> 0 OR sum(weighted) <> 0 OR sum(seconds) <> 0;
    END IF;
    RETURN NULL;
END
$$;
