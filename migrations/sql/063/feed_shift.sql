-- As in 028, and beyond what notifications were read to.
CREATE MATERIALIZED VIEW feed_shift AS
SELECT greatest(0, 1 - next.xact + greatest(
    (SELECT xact::text::numeric FROM changes ORDER BY changes.xact DESC LIMIT 1),
    (SELECT max(mark_xact::text::numeric) FROM webhooks),
    (SELECT max(mark_xact::text::numeric) FROM notification_cursor)
)) AS shift
FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::numeric AS xact) next;
