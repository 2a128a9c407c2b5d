CREATE OR REPLACE FUNCTION crm_counts_of_lead(status text, furthest_status text, lost_reason text, owner_id bigint,
    source text, currency text, amount numeric, probability integer, created_at timestamptz,
    closed_at timestamptz, expected_close_on date) RETURNS TABLE(figure text, starts_on date, status text,
    detail text, owner_id bigint, source text, currency text, how_many integer, how_many_priced integer,
    amount numeric, weighted numeric, seconds bigint)
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
AS $$
    SELECT f.figure, f.starts_on, $1, f.detail, coalesce($4, 0), coalesce($5, ''), f.currency, 1,
        CASE WHEN f.currency <> '' THEN 1 ELSE 0 END,
        CASE WHEN f.currency <> '' THEN $7 ELSE 0 END,
        CASE WHEN f.currency <> '' THEN coalesce($7 * $8, 0) ELSE 0 END, 0::bigint
    FROM (VALUES
        ('standing', NULL::date, '', CASE WHEN $7 IS NULL THEN '' ELSE $6 END, true),
        ('created', crm_month($9), crm_furthest_status($1, $2), '', true),
        ('closed', crm_month($10), coalesce($3, ''), CASE WHEN $7 IS NULL THEN '' ELSE $6 END, $10 IS NOT NULL),
        ('expected', date_trunc('month', $11)::date, '', CASE WHEN $7 IS NULL THEN '' ELSE $6 END, $10 IS NULL)
    ) f(figure, starts_on, detail, currency, applies)
    WHERE f.applies
$$;
