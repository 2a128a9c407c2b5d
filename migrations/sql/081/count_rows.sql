CREATE OR REPLACE FUNCTION crm_count_rows() RETURNS SETOF counts
LANGUAGE sql
STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH facts AS (
        SELECT f.owner_id, f.source, f.figure, f.starts_on, f.status, f.detail, f.currency, f.how_many,
            f.how_many_priced, f.amount, f.weighted, f.seconds
            FROM leads l
            CROSS JOIN LATERAL crm_counts_of_lead(l.status, l.furthest_status, l.lost_reason, l.owner_id,
                l.source, l.currency, l.amount, l.probability, l.created_at, l.closed_at, l.expected_close_on) f
            WHERE l.deleted_at IS NULL
        UNION ALL
    SELECT coalesce(n.owner_id, 0) AS owner_id, coalesce(n.source, '') AS source, 'stayed' AS figure,
        crm_month(n.left_at) AS starts_on, n.status, crm_days_stayed(n.entered_at, n.left_at)::text AS detail,
        '' AS currency, 1 AS how_many, 0 AS how_many_priced, 0.00 AS amount, 0.00 AS weighted,
        greatest(floor(extract(epoch FROM n.left_at - n.entered_at)), 0)::bigint AS seconds
 FROM lead_status_history n
        UNION ALL
        SELECT coalesce(a.created_by_id, 0) AS owner_id, '' AS source, 'activity' AS figure,
            crm_month(a.happened_at) AS starts_on, a.kind AS status, '' AS detail, '' AS currency,
            1 AS how_many, 0 AS how_many_priced, 0.00 AS amount, 0.00 AS weighted, 0::bigint AS seconds
     FROM activities a
        UNION ALL
        SELECT 0, '', 'customers', NULL, '', '', '', 1, 0, 0.00, 0.00, 0::bigint FROM customers WHERE deleted_at IS NULL
        UNION ALL
        SELECT 0, '', 'contacts', NULL, '', '', '', 1, 0, 0.00, 0.00, 0::bigint FROM contacts WHERE deleted_at IS NULL
    )
    SELECT figure, starts_on, status, detail, currency, sum(how_many) AS how_many,
        sum(how_many_priced) AS how_many_priced, sum(amount) AS amount, sum(weighted) AS weighted,
        sum(seconds) AS seconds, 0::bigint, grouping(owner_id, source), owner_id, source
        FROM facts
        GROUP BY figure, starts_on, status, detail, currency, CUBE (owner_id, source)
        HAVING (figure <> 'stayed' OR grouping(owner_id, source) > 0)
$$;
