-- A dump holds no rows of a materialised view: whoever restores one into another cluster computes it anew, and the feed
-- goes on beyond every transaction number that came with the dump. Webhooks may have been told of more than is there.
CREATE MATERIALIZED VIEW feed_shift AS
SELECT greatest(0, 1 - next.xact + greatest(
    (SELECT xact::text::numeric FROM changes ORDER BY changes.xact DESC LIMIT 1),
    (SELECT max(mark_xact::text::numeric) FROM webhooks)
)) AS shift
FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::numeric AS xact) next;
