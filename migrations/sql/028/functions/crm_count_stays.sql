CREATE OR REPLACE FUNCTION crm_count_stays() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    added bigint;
    step bigint;
BEGIN
    WITH facts AS (
    SELECT coalesce(n.owner_id, 0) AS owner_id, coalesce(n.source, '') AS source, 'stayed' AS figure,
        crm_month(n.left_at) AS starts_on, n.status, crm_days_stayed(n.entered_at, n.left_at)::text AS detail,
        '' AS currency, 1 AS how_many, 0 AS how_many_priced, 0.00 AS amount, 0.00 AS weighted,
        greatest(floor(extract(epoch FROM n.left_at - n.entered_at)), 0)::bigint AS seconds
 FROM new_rows n)
    INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
        how_many_priced, amount, weighted, seconds)
    SELECT owner_id, source, figure, starts_on, status, detail, currency, sum(how_many) AS how_many,
        sum(how_many_priced) AS how_many_priced, sum(amount) AS amount, sum(weighted) AS weighted,
        sum(seconds) AS seconds
        FROM facts
        GROUP BY owner_id, source, figure, starts_on, status, detail, currency
        HAVING sum(how_many) <> 0 OR sum(how_many_priced) <> 0 OR sum(amount) <> 0 OR sum(weighted) <> 0 OR sum(seconds) <> 0;
    GET DIAGNOSTICS added = ROW_COUNT;
    step := CASE WHEN added < 2000 THEN 1000 ELSE 250000 END;
    IF random() * step < added THEN
        PERFORM crm_fold_counts(5 * step);
    END IF;
    RETURN NULL;
END
$$;
