-- What sellers noted on the leads of a batch while they were open, and on the customers that these made.
INSERT INTO fill_activities (id, kind, lead_id, customer_id, subject, body, happened_at, due_on, done_at, assignee_id,
    created_at, updated_at, version, created_by_id, updated_by_id)
WITH records AS (
    -- Few are called often, and many never.
    SELECT id AS lead_id, NULL::bigint AS customer_id, number, created_at AS since, updated_at AS latest, created_by_id,
        status NOT IN ('won', 'lost', 'disqualified') AS is_open,
        least(25, floor(-0.9 * ln(1 - pg_temp.chance(number, %(seed)s + 80)))::integer) AS times
    FROM fill_leads WHERE status <> 'new'
    UNION ALL
    SELECT NULL, w.customer_id, number, closed_at, to_timestamp(%(until)s - 86400), created_by_id, true,
        least(25, floor(-0.9 * ln(1 - pg_temp.chance(number, %(seed)s + 81)))::integer)
    FROM fill_wins w JOIN fill_leads l ON l.id = w.lead_id WHERE w.makes_customer
), noted AS MATERIALIZED (
    SELECT r.*, pg_temp.chance(number * 64 + time, %(seed)s + 82) AS chance,
        pg_temp.at_work(extract(epoch FROM since)::double precision
            + extract(epoch FROM greatest(latest - since, interval '0'))::double precision
            * power(pg_temp.chance(number * 64 + time, %(seed)s + 83), 1.5)) AS noted_at
    FROM records r CROSS JOIN generate_series(1, times) time
), told AS (
    SELECT n.*, CASE WHEN chance < 0.35 THEN 'call' WHEN chance < 0.60 THEN 'email' WHEN chance < 0.72 THEN 'meeting'
            WHEN chance < 0.86 THEN 'note' ELSE 'task' END AS kind,
        -- Old tasks are done; of those on open records some are not.
        CASE WHEN chance >= 0.86 AND NOT (is_open AND chance > 0.94)
            THEN least(noted_at + interval '1 day' * floor(chance * 1e5 - 6 * floor(chance * 1e5 / 6)),
                to_timestamp(%(until)s - 1)) END AS done_at
    FROM noted n
)
SELECT row_number() OVER (ORDER BY noted_at, lead_id, customer_id, chance), t.kind, lead_id, customer_id,
    coalesce(touch.word, (%(tasks)s)[1 + floor(8 * (chance * 1000 - floor(chance * 1000)))::integer]), touch.also,
    noted_at, CASE WHEN t.kind = 'task' THEN noted_at::date + 7 END, done_at,
    CASE WHEN t.kind = 'task' THEN created_by_id END, noted_at, coalesce(done_at, noted_at), 1, created_by_id, created_by_id
FROM told t
LEFT JOIN fill_words touch ON touch.kind = 'touch' AND touch.of = t.kind
    AND touch.place = floor(3 * (chance * 1000 - floor(chance * 1000)))::integer;
