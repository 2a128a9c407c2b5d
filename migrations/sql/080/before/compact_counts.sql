CREATE OR REPLACE FUNCTION crm_compact_counts(most bigint) RETURNS void
LANGUAGE plpgsql
SET work_mem TO '64MB'
SET enable_seqscan TO 'off'
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    -- Rows that are gone fill the table until it is vacuumed: only the index leads past them.
    -- Under a snapshot of its own a transaction might not see what the last one folded.
    IF current_setting('transaction_isolation') <> 'read committed' OR NOT pg_try_advisory_xact_lock(7430016) THEN
        RETURN;
    END IF;
    WITH gone AS (
        DELETE FROM count_deltas WHERE id IN (SELECT id FROM count_deltas ORDER BY id LIMIT most) RETURNING *
    )
    INSERT INTO counts AS c (level, owner_id, source, figure, starts_on, status, detail, currency, how_many,
        how_many_priced, amount, weighted, seconds)
    SELECT grouping(owner_id, source), owner_id, source, figure, starts_on, status, detail, currency,
        sum(how_many) AS how_many, sum(how_many_priced) AS how_many_priced, sum(amount) AS amount,
        sum(weighted) AS weighted, sum(seconds) AS seconds
        FROM gone
        GROUP BY figure, starts_on, status, detail, currency, CUBE (owner_id, source)
        HAVING (figure <> 'stayed' OR grouping(owner_id,
            source) > 0) AND ( sum(how_many) <> 0 OR sum(how_many_priced) <> 0 OR sum(amount) <> 0 OR sum(weighted) <> 0 OR sum(seconds) <> 0)
    -- Neighbours of the index one after the other.
    ORDER BY figure, 1, starts_on, owner_id, source, status, detail, currency
    ON CONFLICT (figure, level, starts_on, owner_id, source, status, detail, currency) DO UPDATE
    SET how_many = c.how_many + excluded.how_many,
        how_many_priced = c.how_many_priced + excluded.how_many_priced, amount = c.amount + excluded.amount,
        weighted = c.weighted + excluded.weighted, seconds = c.seconds + excluded.seconds;
END
$$;
