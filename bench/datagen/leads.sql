TRUNCATE fill_leads, fill_wins, fill_activities, fill_customers, fill_contacts;

-- One batch of leads, drawn: who they are, how far they went, and when. The numbers behind `seed` only have to differ.
INSERT INTO fill_leads (
    number, id, created_at, updated_at, version, created_by_id, updated_by_id, deleted_at, deleted_by_id,
    status, status_before, status_changed_at, closed_at,
    contacted_at, qualified_at, proposal_at, negotiation_at, left_at,
    salutation, first_name, last_name, job_title, company, email, website, industry,
    phone, phone_e164, mobile, mobile_e164, street, city, postal_code, country,
    source, rating, amount, currency, probability, expected_close_on, next_step, description,
    lost_reason, lost_note, owner_id, furthest_status, trade, founders
)
WITH begun AS MATERIALIZED (
    -- More leads come in every month; how far each will go, and how long it stays at each step.
    SELECT number, %(first_id)s + number AS id,
        %(start)s + %(seconds)s * power((number - 0.5) / %(leads)s, 0.7) AS began,
        CASE WHEN leaves < 0.34 THEN 0 WHEN leaves < 0.56 THEN 1 WHEN leaves < 0.72 THEN 2 WHEN leaves < 0.81 THEN 3
            ELSE 4 END AS reaches,
        -- Sellers skip steps: then none of its time is spent.
        pg_temp.chance(number, %(seed)s + 2) > 0.35 AS is_contacted,
        pg_temp.chance(number, %(seed)s + 3) > 0.30 AS is_qualified,
        pg_temp.chance(number, %(seed)s + 4) > 0.25 AS is_proposed,
        pg_temp.chance(number, %(seed)s + 5) > 0.45 AS is_negotiated,
        pg_temp.chance(number, %(seed)s + 6) AS ends,
        -86400 * 5 * ln(1 - pg_temp.chance(number, %(seed)s + 7)) AS wait_new,
        -86400 * 12 * ln(1 - pg_temp.chance(number, %(seed)s + 8)) AS wait_contacted,
        -86400 * 20 * ln(1 - pg_temp.chance(number, %(seed)s + 9)) AS wait_qualified,
        -86400 * 24 * ln(1 - pg_temp.chance(number, %(seed)s + 10)) AS wait_proposal,
        -86400 * 18 * ln(1 - pg_temp.chance(number, %(seed)s + 11)) AS wait_negotiation
    FROM (
        SELECT number, pg_temp.chance(number, %(seed)s + 1) AS leaves
        FROM generate_series(%(first)s, %(last)s) number OFFSET 0
    ) drawn
), walked AS MATERIALIZED (
    SELECT *,
        began + wait_new AS left_new,
        began + wait_new + contacted * wait_contacted AS left_contacted,
        began + wait_new + contacted * wait_contacted + qualified * wait_qualified AS left_qualified,
        began + wait_new + contacted * wait_contacted + qualified * wait_qualified + proposed * wait_proposal
            AS left_proposal,
        began + wait_new + contacted * wait_contacted + qualified * wait_qualified + proposed * wait_proposal
            + negotiated * wait_negotiation AS left_last,
        -- Where nothing stands, it was never touched again.
        CASE WHEN reaches = 4 THEN CASE WHEN ends < 0.86 THEN 'won' ELSE 'lost' END
            WHEN reaches = 0 THEN CASE WHEN ends < 0.55 THEN 'disqualified' WHEN ends < 0.88 THEN 'lost' END
            WHEN ends < 0.72 THEN 'lost' WHEN ends < 0.82 THEN 'disqualified' WHEN ends < 0.90 THEN 'on_hold'
            END AS outcome
    FROM (
        SELECT *, (reaches >= 1 AND is_contacted)::integer AS contacted,
            (reaches >= 2 AND is_qualified)::integer AS qualified,
            (reaches >= 3 AND is_proposed)::integer AS proposed,
            (reaches >= 4 AND is_negotiated)::integer AS negotiated
        FROM begun OFFSET 0
    ) planned
), stood AS MATERIALIZED (
    -- What lies beyond the last day has not happened.
    SELECT id, number, began, outcome, pg_temp.at_work(began) AS created_at,
        CASE WHEN contacted = 1 AND left_new < %(until)s THEN pg_temp.at_work(left_new) END AS contacted_at,
        CASE WHEN qualified = 1 AND left_contacted < %(until)s THEN pg_temp.at_work(left_contacted) END AS qualified_at,
        CASE WHEN proposed = 1 AND left_qualified < %(until)s THEN pg_temp.at_work(left_qualified) END AS proposal_at,
        CASE WHEN negotiated = 1 AND left_proposal < %(until)s THEN pg_temp.at_work(left_proposal) END
            AS negotiation_at,
        CASE WHEN outcome IS NOT NULL AND left_last < %(until)s THEN pg_temp.at_work(left_last) END AS left_at
    FROM walked
), placed AS MATERIALIZED (
    SELECT *, coalesce(outcome_so_far, status_before) AS status,
        coalesce(left_at, negotiation_at, proposal_at, qualified_at, contacted_at, created_at) AS moved_at
    FROM (
        SELECT *, CASE WHEN left_at IS NOT NULL THEN outcome END AS outcome_so_far,
            CASE WHEN negotiation_at IS NOT NULL THEN 'negotiation' WHEN proposal_at IS NOT NULL THEN 'proposal'
                WHEN qualified_at IS NOT NULL THEN 'qualified' WHEN contacted_at IS NOT NULL THEN 'contacted'
                ELSE 'new' END AS status_before
        FROM stood OFFSET 0
    ) so_far
), peopled AS MATERIALIZED (
    -- Words are chosen by a power of the draw: the first are frequent, and the tail is long.
    SELECT p.*, l.*,
        given.word AS first_name, family.word AS last_name, given.also AS given_latin, family.also AS family_latin,
        trade.word AS trade, split_part(trade.also, '=', 1) AS industry, split_part(trade.also, '=', 2) AS domain_end,
        CASE WHEN pg_temp.chance(p.number, %(seed)s + 24) < 0.5 THEN founder.word
            ELSE founder.word || '-' || second.word END AS founders,
        CASE WHEN pg_temp.chance(p.number, %(seed)s + 24) < 0.5 THEN founder.also
            ELSE founder.also || '-' || second.also END AS founders_latin,
        place.word AS city, place.also AS postal_code, o.employee_id AS seller,
        pg_temp.chance(p.number, %(seed)s + 25) > 0.08 AS is_company,
        -- Twelve digits of chance for phone and mobile.
        hashint8extended(p.number, %(seed)s + 26) & 9007199254740991 AS figures,
        pg_temp.chance(p.number, %(seed)s + 27) AS manner
    FROM placed p
    JOIN fill_words land ON land.kind = 'land' AND land.of = ''
        AND land.place = floor(pg_temp.chance(p.number, %(seed)s + 20) * %(shares)s)::integer
    JOIN fill_lands l ON l.country = land.word
    JOIN fill_words given ON given.kind = 'given' AND given.of = l.country
        AND given.place = floor(l.given * power(pg_temp.chance(p.number, %(seed)s + 21), 2))::integer
    JOIN fill_words family ON family.kind = 'family' AND family.of = l.country
        AND family.place = floor(l.families * power(pg_temp.chance(p.number, %(seed)s + 22), 3))::integer
    JOIN fill_words founder ON founder.kind = 'family' AND founder.of = l.country
        AND founder.place = floor(l.families * power(pg_temp.chance(p.number, %(seed)s + 23), 2))::integer
    JOIN fill_words second ON second.kind = 'family' AND second.of = l.country
        AND second.place = floor(l.families * pg_temp.chance(p.number, %(seed)s + 28))::integer
    JOIN fill_words trade ON trade.kind = 'trade' AND trade.of = l.country
        AND trade.place = floor(l.trades * pg_temp.chance(p.number, %(seed)s + 29))::integer
    JOIN fill_words place ON place.kind = 'place' AND place.of = l.country
        AND place.place = floor(l.places * power(pg_temp.chance(p.number, %(seed)s + 30), 1.5))::integer
    JOIN fill_owners o ON o.place = floor(pg_temp.chance(p.number, %(seed)s + 31) * %(slots)s)::integer
), described AS MATERIALIZED (
    SELECT *,
        CASE WHEN is_company THEN founders_latin || '-' || domain_end || '.example' ELSE 'mail.example' END AS domain,
        lpad((figures %% power(10, digits)::bigint)::text, digits, '0') AS number_in_area,
        lpad(((figures / 7) %% power(10, digits)::bigint)::text, digits, '0') AS mobile_in_area,
        -- An amount as it stands in offers, in steps of fifty; most are small and some are not.
        round((exp(9.2 + 0.9 * sqrt(-2 * ln(1 - pg_temp.chance(number, %(seed)s + 40)))
            * cos(6.283185307 * pg_temp.chance(number, %(seed)s + 41))) * price::double precision / 50)::numeric) * 50
            AS worth,
        pg_temp.chance(number, %(seed)s + 42)
            < CASE WHEN status = 'new' AND outcome_so_far IS NULL THEN 0.5 ELSE 0.8 END AS is_valued,
        outcome_so_far IS NULL OR outcome_so_far = 'on_hold' AS is_open,
        -- A mistake or a double that somebody cleared away.
        CASE WHEN status <> 'won' AND pg_temp.chance(number, %(seed)s + 43) < 0.006 THEN
            pg_temp.at_work(least(extract(epoch FROM moved_at)::double precision + 86400
                * (1 + floor(60 * pg_temp.chance(number, %(seed)s + 44))), %(until)s - 1)) END AS trashed_at
    FROM peopled
)
SELECT number, d.id, created_at, greatest(moved_at, trashed_at),
    1 + num_nonnulls(contacted_at, qualified_at, proposal_at, negotiation_at, left_at, trashed_at),
    seller, seller, trashed_at, CASE WHEN trashed_at IS NOT NULL THEN seller END,
    status, status_before, moved_at, CASE WHEN NOT is_open THEN left_at END,
    contacted_at, qualified_at, proposal_at, negotiation_at, left_at,
    CASE WHEN pg_temp.chance(number, %(seed)s + 50) < 0.15
        THEN (%(salutations)s)[1 + floor(4 * pg_temp.chance(number, %(seed)s + 51))::integer] END,
    CASE WHEN manner > 0.04 THEN first_name END, last_name,
    CASE WHEN is_company AND manner > 0.4
        THEN (%(job_titles)s)[1 + floor(12 * pg_temp.chance(number, %(seed)s + 52))::integer] END,
    CASE WHEN is_company THEN format(trade, founders) END,
    -- Private people share one domain, where the number behind a name tells them apart.
    CASE WHEN pg_temp.chance(number, %(seed)s + 53) < 0.88 THEN given_latin || '.' || family_latin
        || CASE WHEN NOT is_company OR manner < 0.1 THEN (figures %% 9973)::text ELSE '' END || '@' || domain END,
    CASE WHEN is_company AND pg_temp.chance(number, %(seed)s + 54) < 0.4 THEN 'www.' || domain END,
    CASE WHEN is_company THEN industry END,
    -- The same number is written in three ways, as people do.
    CASE WHEN has_phone THEN CASE WHEN manner < 0.2 THEN '+' || area_digits || number_in_area
        WHEN manner < 0.4 THEN area || ' ' || left(number_in_area, 3) || '-' || substr(number_in_area, 4)
        ELSE area || ' ' || left(number_in_area, 3) || ' ' || substr(number_in_area, 4) END END,
    CASE WHEN has_phone THEN '+' || area_digits || number_in_area END,
    CASE WHEN has_mobile THEN area || ' ' || mobile_in_area END,
    CASE WHEN has_mobile THEN '+' || area_digits || mobile_in_area END,
    CASE WHEN pg_temp.chance(number, %(seed)s + 57) < 0.45 THEN format(street, 1 + figures %% 180) END,
    city, CASE WHEN pg_temp.chance(number, %(seed)s + 57) < 0.45 THEN postal_code END, country, source.word,
    CASE WHEN pg_temp.chance(number, %(seed)s + 58) < 0.4
        THEN (ARRAY['hot', 'warm', 'cold'])[1 + floor(3 * pg_temp.chance(number, %(seed)s + 59))::integer] END,
    CASE WHEN is_valued THEN worth END, CASE WHEN is_valued THEN currency END,
    CASE status WHEN 'new' THEN 10 WHEN 'contacted' THEN 20 WHEN 'qualified' THEN 40 WHEN 'proposal' THEN 60
        WHEN 'negotiation' THEN 80 END,
    CASE WHEN is_valued THEN (coalesce(CASE WHEN NOT is_open THEN left_at END, to_timestamp(%(until)s))
        + interval '1 day' * floor(110 * pg_temp.chance(number, %(seed)s + 60) - 30))::date END,
    step.word,
    CASE WHEN pg_temp.chance(number, %(seed)s + 62) < 0.15
        THEN (%(descriptions)s)[1 + floor(6 * pg_temp.chance(number, %(seed)s + 63))::integer] END,
    CASE status WHEN 'lost' THEN reason.word WHEN 'disqualified' THEN 'not_a_fit' END, note.word,
    CASE WHEN status IN ('new', 'contacted') AND manner < 0.15 THEN NULL ELSE seller END,
    CASE WHEN status <> 'new' THEN crm_furthest_status(status_before, NULL) END, trade, founders
FROM described d
CROSS JOIN LATERAL (
    SELECT pg_temp.chance(number, %(seed)s + 55) < 0.8 AS has_phone,
        pg_temp.chance(number, %(seed)s + 56) < 0.25 AS has_mobile OFFSET 0
) reached
JOIN fill_words source ON source.kind = 'source' AND source.of = ''
    AND source.place = floor(100 * pg_temp.chance(number, %(seed)s + 61))::integer
JOIN fill_words reason ON reason.kind = 'reason' AND reason.of = ''
    AND reason.place = floor(%(reasons)s * pg_temp.chance(number, %(seed)s + 64))::integer
LEFT JOIN fill_words note ON note.kind = 'note'
    AND note.of = CASE status WHEN 'lost' THEN reason.word WHEN 'disqualified' THEN 'not_a_fit' END
    AND (manner < 0.5 OR note.of = 'other')
LEFT JOIN fill_words step ON step.kind = 'step' AND step.of = status AND manner > 0.35
    AND step.place = floor(2 * pg_temp.chance(number, %(seed)s + 65))::integer;
