-- Records outside the trash, as one figure. An update or a deletion reaches this only where it moves one into the trash
-- or out of it, and comes one row at a time.
CREATE FUNCTION crm_count_records() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
            how_many_priced, amount, weighted, seconds)
        SELECT 0, '', TG_TABLE_NAME, NULL, '', '', '', count(*), 0, 0, 0, 0
        FROM new_rows WHERE deleted_at IS NULL HAVING count(*) > 0;
    ELSE
        INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
            how_many_priced, amount, weighted, seconds)
        SELECT 0, '', TG_TABLE_NAME, NULL, '', '', '',
            CASE WHEN TG_OP = 'UPDATE' AND NEW.deleted_at IS NULL THEN 1 ELSE -1 END, 0, 0, 0, 0;
    END IF;
    RETURN NULL;
END
$$;
