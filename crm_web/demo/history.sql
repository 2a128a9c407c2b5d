-- The history of the demo company: what the triggers would have told when each row came in and each time it changed, at
-- its moment in the story. later: the changes after the first line of a record; what it was before them, it began with.
WITH later AS (
    SELECT * FROM jsonb_to_recordset(%(later)s::jsonb)
        AS line (entity text, entity_id bigint, fields jsonb, actor_id bigint, at timestamptz, version integer)
), began AS (
    SELECT entity, entity_id, jsonb_object_agg(key, old) AS fields FROM (
        SELECT DISTINCT ON (entity, entity_id, key) entity, entity_id, key, value -> 0 AS old
        FROM later, jsonb_each(fields) ORDER BY entity, entity_id, key, version
    ) first GROUP BY entity, entity_id
), made AS (
    SELECT 'employee' AS entity, id AS entity_id, to_jsonb(r) - %(untold_of_employees)s::text[] AS fields, created_by_id,
        created_at FROM employees r
    UNION ALL SELECT 'lead', id, to_jsonb(r) - %(untold_of_leads)s::text[], created_by_id, created_at FROM leads r
    UNION ALL SELECT 'customer', id, to_jsonb(r) - %(untold_of_customers)s::text[], created_by_id, created_at
        FROM customers r
    UNION ALL SELECT 'contact', id, to_jsonb(r) - %(untold_of_contacts)s::text[], created_by_id, created_at
        FROM contacts r
    UNION ALL SELECT 'activity', id, to_jsonb(r) - %(untold_of_activities)s::text[], created_by_id, created_at
        FROM activities r
)
INSERT INTO changes (entity, entity_id, action, fields, actor_id, at, source, version)
SELECT entity, entity_id, action, fields, actor_id, at, CASE WHEN actor_id IS NULL THEN 'command' ELSE 'web' END, version
FROM (
    SELECT entity, entity_id, 'created' AS action, (
            SELECT jsonb_object_agg(key, jsonb_build_array(NULL, value))
            FROM jsonb_each(jsonb_strip_nulls(made.fields || coalesce(began.fields, '{}')))
        ) AS fields, created_by_id AS actor_id, created_at AS at, 1 AS version
    FROM made LEFT JOIN began USING (entity, entity_id)
    UNION ALL SELECT entity, entity_id, 'changed', fields, actor_id, at, version FROM later
) told ORDER BY at, entity = 'activity', version, entity_id
