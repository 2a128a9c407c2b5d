-- The rows of a batch, and what the triggers would add to them. Each gets the number that is its own in all the filling.
UPDATE fill_wins SET customer_id = customer_id + %(customers)s, contact_id = contact_id + %(contacts)s;
UPDATE fill_leads l SET customer_id = w.customer_id FROM fill_wins w WHERE w.lead_id = l.id;
UPDATE fill_activities SET id = id + %(activities)s, customer_id = customer_id + %(customers)s;

INSERT INTO leads ($lead_columns) OVERRIDING SYSTEM VALUE SELECT $lead_columns FROM fill_leads ORDER BY id;

WITH made AS (
    INSERT INTO customers (id, created_from_lead_id, created_at, updated_at, created_by_id, updated_by_id,
        $customer_columns)
    OVERRIDING SYSTEM VALUE
    SELECT w.customer_id, l.id, closed_at, closed_at, l.created_by_id, l.created_by_id, $customer_values
    FROM fill_wins w JOIN fill_leads l ON l.id = w.lead_id WHERE w.makes_customer ORDER BY w.customer_id
    RETURNING *
)
INSERT INTO fill_customers SELECT * FROM made;

-- Some companies were customers before the first lead came: they were entered by hand, and some buy no more.
WITH made AS (
    INSERT INTO customers (id, status, vat_number, created_at, updated_at, created_by_id, updated_by_id,
        $customer_columns)
    OVERRIDING SYSTEM VALUE
    SELECT %(customers)s + (SELECT count(*) FROM fill_customers) + row_number() OVER (ORDER BY number),
        CASE WHEN chance < 0.003 THEN CASE WHEN chance < 0.001 THEN 'former' ELSE 'inactive' END ELSE 'active' END,
        country || (100000000 + floor(chance * 4e10)::bigint), since, since, created_by_id, created_by_id,
        $customer_values
    FROM (
        SELECT *, pg_temp.chance(number, %(seed)s + 71) AS chance,
            greatest(created_at - interval '1 day' * floor(300 * pg_temp.chance(number, %(seed)s + 72)),
                to_timestamp(%(start)s)) AS since
        FROM fill_leads WHERE company IS NOT NULL AND status <> 'won' OFFSET 0
    ) known WHERE chance < 0.02
    RETURNING *
)
INSERT INTO fill_customers SELECT * FROM made;

WITH made AS (
    INSERT INTO contacts (id, customer_id, is_primary, created_at, updated_at, created_by_id, updated_by_id,
        $contact_columns)
    OVERRIDING SYSTEM VALUE
    SELECT w.contact_id, w.customer_id, true, closed_at, closed_at, l.created_by_id, l.created_by_id, $contact_columns
    FROM fill_wins w JOIN fill_leads l ON l.id = w.lead_id
    WHERE w.makes_customer AND company IS NOT NULL ORDER BY w.contact_id
    RETURNING *
)
INSERT INTO fill_contacts SELECT * FROM made;

INSERT INTO conversions (id, lead_id, customer_id, kind, before, customer_version, converted_at, converted_by_id)
OVERRIDING SYSTEM VALUE
SELECT %(conversions)s + w.place, l.id, w.customer_id, CASE WHEN w.makes_customer THEN 'created' ELSE 'linked' END,
    jsonb_build_object('status', status_before, 'lost_reason', NULL, 'lost_note', NULL, 'customer_id', NULL,
        'closed_at', NULL)
        || CASE WHEN w.makes_customer AND company IS NOT NULL
            THEN jsonb_build_object('contact', jsonb_build_object('id', w.contact_id, 'version', 1)) ELSE '{}' END,
    1, closed_at, l.created_by_id
FROM fill_wins w JOIN fill_leads l ON l.id = w.lead_id ORDER BY w.place;

INSERT INTO activities ($activity_columns) OVERRIDING SYSTEM VALUE
SELECT $activity_columns FROM fill_activities ORDER BY id;

-- When somebody last talked to whom: leads that became a customer count for it as well, but not from the trash.
INSERT INTO lead_last_activity (lead_id, at)
SELECT l.id, max(a.happened_at) FROM fill_leads l LEFT JOIN fill_activities a ON a.lead_id = l.id
GROUP BY l.id ORDER BY l.id;

INSERT INTO customer_last_activity (customer_id, at)
SELECT c.id, max(a.happened_at)
FROM fill_customers c LEFT JOIN (
    SELECT coalesce(a.customer_id, l.customer_id) AS customer_id, a.happened_at
    FROM fill_activities a LEFT JOIN fill_leads l ON l.id = a.lead_id AND l.deleted_at IS NULL
) a ON a.customer_id = c.id
GROUP BY c.id ORDER BY c.id;
