-- The history of a batch: what the triggers would have told when its rows were entered, each at its moment in the story,
-- and the moves between, as if all had come by imports. A lead came in as new; what it is beyond that, its moves brought.
-- Not sorted: the lines of one record come in their order anyway, and everything else asks for the time.
INSERT INTO changes (entity, entity_id, action, fields, actor_id, at, source, version)
SELECT entity, entity_id, action, fields, actor_id, at, 'import', version FROM (
    SELECT 'lead' AS entity, r.id AS entity_id, 'created' AS action,
        pg_temp.told(to_jsonb(r) - %(untold_of_leads)s::text[]
            - '{closed_at,customer_id,deleted_at,deleted_by_id,lost_note,lost_reason}'::text[])
            || '{"status": [null, "new"]}' AS fields,
        r.created_by_id AS actor_id, r.created_at AS at, 1 AS version
    FROM leads r WHERE r.id > %(before_lead)s
    UNION ALL
    SELECT 'customer', r.id, 'created', pg_temp.told(to_jsonb(r) - %(untold_of_customers)s::text[]), r.created_by_id,
        r.created_at, 1
    FROM customers r WHERE r.id >= %(first_customer)s
    UNION ALL
    SELECT 'contact', r.id, 'created', pg_temp.told(to_jsonb(r) - %(untold_of_contacts)s::text[]), r.created_by_id,
        r.created_at, 1
    FROM contacts r WHERE r.id >= %(first_contact)s
    UNION ALL
    SELECT 'activity', r.id, 'created', pg_temp.told(to_jsonb(r) - %(untold_of_activities)s::text[]), r.created_by_id,
        r.created_at, 1
    FROM activities r WHERE r.id >= %(first_activity)s
    UNION ALL
    SELECT 'lead', id, 'changed',
        jsonb_build_object('status', jsonb_build_array(was, becomes))
        || CASE WHEN becomes NOT IN ('won', 'lost', 'disqualified') THEN '{}'
            ELSE jsonb_build_object('closed_at', jsonb_build_array(NULL, closed_at)) END
        || CASE WHEN becomes <> 'won' THEN '{}'
            ELSE jsonb_build_object('customer_id', jsonb_build_array(NULL, customer_id)) END
        || CASE WHEN becomes NOT IN ('lost', 'disqualified') THEN '{}'
            ELSE jsonb_build_object('lost_reason', jsonb_build_array(NULL, lost_reason)) END
        || CASE WHEN becomes NOT IN ('lost', 'disqualified') OR lost_note IS NULL THEN '{}'
            ELSE jsonb_build_object('lost_note', jsonb_build_array(NULL, lost_note)) END,
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
    SELECT 'lead', id, 'changed', jsonb_build_object('deleted_at', jsonb_build_array(NULL, deleted_at),
            'deleted_by_id', jsonb_build_array(NULL, deleted_by_id)), deleted_by_id, deleted_at, version
    FROM fill_leads WHERE deleted_at IS NOT NULL
) told;

-- How long each lead stayed in each status that it has left.
INSERT INTO lead_status_history (lead_id, status, owner_id, source, entered_at, left_at)
SELECT id, was, owner_id, source, entered_at, at
FROM (
    SELECT l.id, l.owner_id, l.source, at,
        lag(becomes, 1, 'new') OVER steps AS was, lag(at, 1, l.created_at) OVER steps AS entered_at
    FROM fill_leads l CROSS JOIN LATERAL (VALUES
        (1, 'contacted', contacted_at), (2, 'qualified', qualified_at), (3, 'proposal', proposal_at),
        (4, 'negotiation', negotiation_at), (5, status, left_at)
    ) move (step, becomes, at) WHERE at IS NOT NULL
    WINDOW steps AS (PARTITION BY l.id ORDER BY step)
) moves;
