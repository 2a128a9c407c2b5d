CREATE OR REPLACE FUNCTION crm_settled_before() RETURNS xid8
LANGUAGE sql
STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT (xact::text::numeric + shift)::text::xid8 FROM (SELECT coalesce(
        (
            SELECT open FROM pg_snapshot_xip(pg_current_snapshot()) open
            WHERE NOT EXISTS (
                SELECT FROM pg_stat_activity elsewhere WHERE elsewhere.datname <> current_database()
                AND elsewhere.backend_xid::text::numeric = open::text::numeric % 4294967296
            )
            ORDER BY open LIMIT 1
        ),
        pg_snapshot_xmax(pg_current_snapshot())
    ) AS xact) settled, feed_shift
$$;
