-- Temporary tables, which end with the transaction, and the one source of chance, which ends with the session.

-- The same number and the same salt give the same draw, from 0 to below 1: no state, so any lead can be drawn alone.
CREATE OR REPLACE FUNCTION pg_temp.chance(number bigint, salt bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(number, salt) & 9007199254740991)::double precision / 9007199254740992.0;

-- Squeezes the clock into the hours in which people work, so that what came first stays first.
CREATE OR REPLACE FUNCTION pg_temp.at_work(seconds double precision) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_timestamp(floor(
    86400 * floor(seconds / 86400) + 25200 + (seconds - 86400 * floor(seconds / 86400)) * 10 / 24));

CREATE TEMPORARY TABLE fill_words (
    kind text, of text, place integer, word text, also text, PRIMARY KEY (kind, of, place)
) ON COMMIT DROP;
CREATE TEMPORARY TABLE fill_lands (
    country text PRIMARY KEY, currency text, price numeric, street text, area text, area_digits text, digits integer,
    given integer, families integer, trades integer, places integer
) ON COMMIT DROP;
CREATE TEMPORARY TABLE fill_owners (place integer PRIMARY KEY, employee_id bigint) ON COMMIT DROP;

-- A lead as it will stand in its table, with the moments at which it moved, and what its company is named after.
CREATE TEMPORARY TABLE fill_leads ON COMMIT DROP AS SELECT * FROM leads LIMIT 0;
ALTER TABLE fill_leads
    ADD COLUMN number bigint, ADD COLUMN contacted_at timestamptz, ADD COLUMN qualified_at timestamptz,
    ADD COLUMN proposal_at timestamptz, ADD COLUMN negotiation_at timestamptz, ADD COLUMN left_at timestamptz,
    ADD COLUMN status_before text, ADD COLUMN trade text, ADD COLUMN founders text;
-- Won leads in the order in which they were won, and whose customer each gets: the first of the batch has number 1.
CREATE TEMPORARY TABLE fill_wins (
    lead_id bigint, place bigint, customer_id bigint, contact_id bigint, makes_customer boolean, bought_by bigint
) ON COMMIT DROP;
CREATE TEMPORARY TABLE fill_activities ON COMMIT DROP AS SELECT * FROM activities LIMIT 0;
CREATE TEMPORARY TABLE fill_customers ON COMMIT DROP AS SELECT * FROM customers LIMIT 0;
CREATE TEMPORARY TABLE fill_contacts ON COMMIT DROP AS SELECT * FROM contacts LIMIT 0;

-- The planner knows nothing about temporary tables that are filled and emptied: a nested loop would never end, and nor
-- would words joined to words before the lead has chosen among them. Joins happen as they are written.
SET LOCAL enable_nestloop = off;
SET LOCAL join_collapse_limit = 1;
