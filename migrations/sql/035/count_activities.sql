CREATE OR REPLACE FUNCTION crm_count_activities() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
            how_many_priced, amount, weighted, seconds)
        SELECT coalesce(created_by_id, 0), '', 'activity', crm_month(happened_at), kind, '', '', count(*), 0, 0, 0, 0
        FROM new_rows GROUP BY 1, 4, 5;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
            how_many_priced, amount, weighted, seconds)
        SELECT coalesce(created_by_id, 0), '', 'activity', crm_month(happened_at), kind, '', '', -count(*), 0, 0, 0, 0
        FROM old_rows GROUP BY 1, 4, 5;
    ELSE
        INSERT INTO count_deltas (owner_id, source, figure, starts_on, status, detail, currency, how_many,
            how_many_priced, amount, weighted, seconds)
        SELECT coalesce(a.created_by_id, 0), '', 'activity', crm_month(a.happened_at), a.kind, '', '', a.how_many,
            0, 0, 0, 0
        FROM (VALUES (OLD.created_by_id, OLD.happened_at, OLD.kind, -1), (NEW.created_by_id, NEW.happened_at, NEW.kind, 1))
            a (created_by_id, happened_at, kind, how_many);
    END IF;
    RETURN NULL;
END
$$;
