CREATE OR REPLACE FUNCTION crm_recount() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    LOCK TABLE leads, lead_status_history, activities, customers, contacts IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM count_deltas;
    DELETE FROM counts;
    INSERT INTO counts (level, owner_id, source, figure, starts_on, status, detail, currency, how_many,
        how_many_priced, amount, weighted, seconds)
    SELECT level, owner_id, source, figure, starts_on, status, detail, currency, how_many, how_many_priced,
        amount, weighted, seconds FROM crm_count_rows();
END
$$;
