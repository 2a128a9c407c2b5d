-- Who of the batch was won, and whose customer each becomes: every sixth comes from somebody who bought before.
INSERT INTO fill_wins (lead_id, customer_id, contact_id, makes_customer, bought_by)
WITH won AS (
    SELECT id, number, row_number() OVER (ORDER BY closed_at, id) - 1 AS place FROM fill_leads WHERE status = 'won'
), chosen AS (
    SELECT *, CASE WHEN place %% 6 < 5 THEN place ELSE seen - (seen %% 6 = 5)::integer END AS maker
    FROM (
        SELECT *, floor(place * pg_temp.chance(number, %(seed)s + 70))::bigint AS seen FROM won OFFSET 0
    ) looked
)
SELECT c.id, %(first_customer)s + c.maker - c.maker / 6, %(first_contact)s + c.maker - c.maker / 6,
    c.place = c.maker, m.id
FROM chosen c JOIN won m ON m.place = c.maker;

UPDATE fill_leads l SET customer_id = w.customer_id FROM fill_wins w WHERE w.lead_id = l.id;

-- Whoever buys again is the same person at the same company.
UPDATE fill_leads l SET ($party) = ROW($party_of_maker)
FROM fill_wins w JOIN fill_leads m ON m.id = w.bought_by
WHERE w.lead_id = l.id AND NOT w.makes_customer;

-- A lead and the customer that it makes name each other: only one statement that writes both satisfies the keys.
WITH made AS (
    INSERT INTO customers (id, created_from_lead_id, created_at, updated_at, created_by_id, updated_by_id,
        $customer_columns)
    OVERRIDING SYSTEM VALUE
    SELECT w.customer_id, l.id, closed_at, closed_at, l.created_by_id, l.created_by_id, $customer_values
    FROM fill_wins w JOIN fill_leads l ON l.id = w.lead_id WHERE w.makes_customer ORDER BY w.customer_id
)
INSERT INTO leads ($lead_columns) OVERRIDING SYSTEM VALUE SELECT $lead_columns FROM fill_leads ORDER BY id;

SELECT setval(pg_get_serial_sequence('leads', 'id'), max(id)) FROM leads;
SELECT setval(pg_get_serial_sequence('customers', 'id'), greatest(max(id), 1)) FROM customers;

-- Some companies were customers before the first lead came: they were entered by hand, and some buy no more.
INSERT INTO customers (status, vat_number, created_at, updated_at, created_by_id, updated_by_id, $customer_columns)
SELECT CASE WHEN chance < 0.003 THEN CASE WHEN chance < 0.001 THEN 'former' ELSE 'inactive' END ELSE 'active' END,
    country || (100000000 + floor(chance * 4e10)::bigint), since, since, created_by_id, created_by_id,
    $customer_values
FROM (
    SELECT *, pg_temp.chance(number, %(seed)s + 71) AS chance,
        greatest(created_at - interval '1 day' * floor(300 * pg_temp.chance(number, %(seed)s + 72)),
            to_timestamp(%(start)s)) AS since
    FROM fill_leads WHERE company IS NOT NULL AND status <> 'won' OFFSET 0
) known WHERE chance < 0.02 ORDER BY number;

INSERT INTO contacts (id, customer_id, is_primary, created_at, updated_at, created_by_id, updated_by_id,
    $contact_columns)
OVERRIDING SYSTEM VALUE
SELECT w.contact_id, w.customer_id, true, closed_at, closed_at, l.created_by_id, l.created_by_id, $contact_columns
FROM fill_wins w JOIN fill_leads l ON l.id = w.lead_id
WHERE w.makes_customer AND company IS NOT NULL ORDER BY w.contact_id;

SELECT setval(pg_get_serial_sequence('contacts', 'id'), greatest(max(id), 1)) FROM contacts;

INSERT INTO conversions (lead_id, customer_id, kind, before, customer_version, converted_at, converted_by_id)
SELECT l.id, w.customer_id, CASE WHEN w.makes_customer THEN 'created' ELSE 'linked' END,
    jsonb_build_object('status', status_before, 'lost_reason', NULL, 'lost_note', NULL, 'customer_id', NULL,
        'closed_at', NULL)
        || CASE WHEN w.makes_customer AND company IS NOT NULL
            THEN jsonb_build_object('contact', jsonb_build_object('id', w.contact_id, 'version', 1)) ELSE '{}' END,
    1, closed_at, l.created_by_id
FROM fill_wins w JOIN fill_leads l ON l.id = w.lead_id ORDER BY closed_at, l.id;
