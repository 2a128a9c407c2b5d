CREATE OR REPLACE FUNCTION crm_count_activities() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    added bigint;
    step bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH facts AS (
        SELECT coalesce(a.created_by_id, 0) AS owner_id, '' AS source, 'activity' AS figure,
            crm_month(a.happened_at) AS starts_on, a.kind AS status, '' AS detail, '' AS currency,
            1 AS how_many, 0 AS how_many_priced, 0.00 AS amount, 0.00 AS weighted, 0::bigint AS seconds
         FROM new_rows a)
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
        SELECT coalesce(a.created_by_id, 0) AS owner_id, '' AS source, 'activity' AS figure,
            crm_month(a.happened_at) AS starts_on, a.kind AS status, '' AS detail, '' AS currency,
            -1 AS how_many, 0 AS how_many_priced, 0.00 AS amount, 0.00 AS weighted, 0::bigint AS seconds
         FROM old_rows a)
     INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
         how_many_priced, amount, weighted, seconds)
     SELECT owner_id, source, figure, starts_on, status, detail, currency, sum(how_many) AS how_many,
         sum(how_many_priced) AS how_many_priced, sum(amount) AS amount, sum(weighted) AS weighted,
         sum(seconds) AS seconds
         FROM facts
         GROUP BY owner_id, source, figure, starts_on, status, detail, currency
         HAVING sum(how_many) <> 0 OR sum(how_many_priced) <> 0 OR sum(amount) <> 0 OR sum(weighted) <> 0 OR sum(seconds) <> 0;
    ELSE
        WITH facts AS (
        SELECT coalesce(a.created_by_id, 0) AS owner_id, '' AS source, 'activity' AS figure,
            crm_month(a.happened_at) AS starts_on, a.kind AS status, '' AS detail, '' AS currency,
            -1 AS how_many, 0 AS how_many_priced, 0.00 AS amount, 0.00 AS weighted, 0::bigint AS seconds
     FROM old_rows a UNION ALL
        SELECT coalesce(a.created_by_id, 0) AS owner_id, '' AS source, 'activity' AS figure,
            crm_month(a.happened_at) AS starts_on, a.kind AS status, '' AS detail, '' AS currency,
            1 AS how_many, 0 AS how_many_priced, 0.00 AS amount, 0.00 AS weighted, 0::bigint AS seconds
     FROM new_rows a)
        INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
            how_many_priced, amount, weighted, seconds)
        SELECT owner_id, source, figure, starts_on, status, detail, currency, sum(how_many) AS how_many,
            sum(how_many_priced) AS how_many_priced, sum(amount) AS amount, sum(weighted) AS weighted,
            sum(seconds) AS seconds
            FROM facts
            GROUP BY owner_id, source, figure, starts_on, status, detail, currency
            HAVING sum(how_many) <> 0 OR sum(how_many_priced) <> 0 OR sum(amount) <> 0 OR sum(weighted) <> 0 OR sum(seconds) <> 0;
    END IF;
    GET DIAGNOSTICS added = ROW_COUNT;
    step := CASE WHEN added < 2000 THEN 1000 ELSE 250000 END;
    IF random() * step < added THEN
        PERFORM crm_fold_counts(5 * step);
    END IF;
    RETURN NULL;
END
$$;
