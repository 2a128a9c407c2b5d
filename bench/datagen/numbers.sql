-- How many rows a batch will have in each table. Not every customer has a contact, whose number is left out then.
SELECT won.customers + entered AS customers, won.contacts, won.people, noted AS activities,
    -- Each version of a lead is one change.
    versions + won.customers + entered + won.people + noted AS changes, won.conversions, moves AS lead_status_history
FROM (
    SELECT sum(version) AS versions,
        sum(num_nonnulls(contacted_at, qualified_at, proposal_at, negotiation_at, left_at)) AS moves,
        count(*) FILTER (
            WHERE company IS NOT NULL AND status <> 'won' AND pg_temp.chance(number, %(seed)s + 71) < 0.02
        ) AS entered
    FROM fill_leads
) leads, (
    SELECT count(*) AS conversions, count(*) FILTER (WHERE makes_customer) AS customers,
        count(*) FILTER (WHERE makes_customer AND company IS NOT NULL) AS people,
        coalesce(max(contact_id) FILTER (WHERE makes_customer AND company IS NOT NULL), 0) AS contacts
    FROM fill_wins w JOIN fill_leads l ON l.id = w.lead_id
) won, (SELECT count(*) AS noted FROM fill_activities) activities;
