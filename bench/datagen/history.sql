-- The history of a batch: what the triggers would have told when its rows were entered, each at its moment in the story,
-- and the moves between, as if all had come by imports. A lead came in as new; what it is beyond that, its moves brought.
-- Not sorted: the lines of one record come in their order anyway, and everything else asks for the time.
INSERT INTO changes (id, entity, entity_id, action, fields, actor_id, at, source, version, xact)
OVERRIDING SYSTEM VALUE
SELECT %(changes)s + row_number() OVER (), entity, entity_id, action, fields::jsonb, actor_id, at, 'import', version,
    (SELECT crm_xact())
FROM (
    SELECT 'lead' AS entity, id AS entity_id, 'created' AS action,
        '{' || concat_ws(',', '"status":[null,"new"]', $told_of_leads) || '}' AS fields,
        created_by_id AS actor_id, created_at AS at, 1 AS version
    FROM fill_leads
    UNION ALL
    SELECT 'customer', id, 'created', '{' || concat_ws(',', $told_of_customers) || '}', created_by_id, created_at, 1
    FROM fill_customers
    UNION ALL
    SELECT 'contact', id, 'created', '{' || concat_ws(',', $told_of_contacts) || '}', created_by_id, created_at, 1
    FROM fill_contacts
    UNION ALL
    SELECT 'activity', id, 'created', '{' || concat_ws(',', $told_of_activities) || '}', created_by_id, created_at, 1
    FROM fill_activities
    UNION ALL
    SELECT 'lead', id, 'changed', concat('{"status":["', was, '","', becomes, '"]',
        CASE WHEN becomes IN ('won', 'lost', 'disqualified') THEN concat(',"closed_at":[null,', to_json(closed_at), ']',
            CASE WHEN becomes = 'won' THEN ',"customer_id":[null,' || customer_id || ']'
                ELSE ',"lost_reason":[null,"' || lost_reason || '"]' END,
            ',"lost_note":[null,' || to_json(lost_note)::text || ']') END, '}'),
        created_by_id, at, version
    FROM (
        SELECT l.id, closed_at, customer_id, lost_reason, lost_note, created_by_id, at, becomes,
            lag(becomes, 1, 'new') OVER steps AS was, 1 + row_number() OVER steps AS version
        FROM fill_leads l CROSS JOIN LATERAL (VALUES
            (1, 'contacted', contacted_at), (2, 'qualified', qualified_at), (3, 'proposal', proposal_at),
            (4, 'negotiation', negotiation_at), (5, status, left_at)
        ) move (step, becomes, at) WHERE at IS NOT NULL
        WINDOW steps AS (PARTITION BY l.id ORDER BY step)
    ) moves
    UNION ALL
    SELECT 'lead', id, 'changed', concat('{"deleted_at":[null,', to_json(deleted_at), '],"deleted_by_id":[null,',
        deleted_by_id, ']}'), deleted_by_id, deleted_at, version
    FROM fill_leads WHERE deleted_at IS NOT NULL
) told;

-- How long each lead of a batch stayed in each status that it has left.
INSERT INTO lead_status_history (id, lead_id, status, owner_id, source, entered_at, left_at)
OVERRIDING SYSTEM VALUE
SELECT %(lead_status_history)s + row_number() OVER (), id, was, owner_id, source, entered_at, at
FROM (
    SELECT l.id, l.owner_id, l.source, at,
        lag(becomes, 1, 'new') OVER steps AS was, lag(at, 1, l.created_at) OVER steps AS entered_at
    FROM fill_leads l CROSS JOIN LATERAL (VALUES
        (1, 'contacted', contacted_at), (2, 'qualified', qualified_at), (3, 'proposal', proposal_at),
        (4, 'negotiation', negotiation_at), (5, status, left_at)
    ) move (step, becomes, at) WHERE at IS NOT NULL
    WINDOW steps AS (PARTITION BY l.id ORDER BY step)
) moves;
