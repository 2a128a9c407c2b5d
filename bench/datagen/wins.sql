-- Who of the batch was won, and whose customer each becomes: every sixth comes from somebody who bought before.
INSERT INTO fill_wins (lead_id, place, customer_id, contact_id, makes_customer, bought_by)
WITH won AS (
    SELECT id, number, row_number() OVER (ORDER BY closed_at, id) - 1 AS place FROM fill_leads WHERE status = 'won'
), chosen AS (
    SELECT *, CASE WHEN place %% 6 < 5 THEN place ELSE seen - (seen %% 6 = 5)::integer END AS maker
    FROM (
        SELECT *, floor(place * pg_temp.chance(number, %(seed)s + 70))::bigint AS seen FROM won OFFSET 0
    ) looked
)
SELECT c.id, c.place + 1, 1 + c.maker - c.maker / 6, 1 + c.maker - c.maker / 6,
    c.place = c.maker, m.id
FROM chosen c JOIN won m ON m.place = c.maker;

-- Whoever buys again is the same person at the same company.
UPDATE fill_leads l SET ($party, trade, founders) = ROW($party_of_maker, m.trade, m.founders)
FROM fill_wins w JOIN fill_leads m ON m.id = w.bought_by
WHERE w.lead_id = l.id AND NOT w.makes_customer;
