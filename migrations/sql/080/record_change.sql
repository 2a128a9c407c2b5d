CREATE OR REPLACE FUNCTION crm_record_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    left_out text[] := string_to_array(TG_ARGV[1], ',');
    actor bigint := nullif(current_setting('crm.actor_id', true), '')::bigint;
    -- The release before this one still calls it a door.
    change_source text := coalesce(
        nullif(current_setting('crm.source', true), ''), nullif(current_setting('crm.door', true), ''), 'sql');
    request text := nullif(current_setting('crm.request_id', true), '');
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO changes (entity, entity_id, action, fields, actor_id, source, request_id, version)
        SELECT TG_ARGV[0], n.id, 'created',
            (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(NULL, f.value)), '{}')
             FROM jsonb_each(jsonb_strip_nulls(to_jsonb(n) - left_out)) f),
            actor, change_source, request, n.version
        FROM new_rows n ORDER BY n.id;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO changes (entity, entity_id, action, fields, actor_id, source, request_id, version)
        SELECT TG_ARGV[0], o.id, 'deleted',
            (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(f.value, NULL)), '{}')
             FROM jsonb_each(jsonb_strip_nulls(to_jsonb(o) - left_out)) f),
            actor, change_source, request, o.version
        FROM old_rows o ORDER BY o.id;
    ELSE
        INSERT INTO changes (entity, entity_id, action, fields, actor_id, source, request_id, version)
        SELECT TG_ARGV[0], d.id, 'changed', d.fields, actor, change_source, request, d.version
        FROM (
            SELECT pair.id, pair.version, (
                SELECT jsonb_object_agg(after.key, jsonb_build_array(pair.old -> after.key, after.value))
                FROM jsonb_each(pair.new) after
                WHERE after.value IS DISTINCT FROM pair.old -> after.key AND after.key <> ALL (left_out)
            ) AS fields
            FROM (SELECT n.id, n.version, to_jsonb(o) AS old, to_jsonb(n) AS new
                FROM old_rows o JOIN new_rows n USING (id) OFFSET 0) pair
        ) d
        WHERE d.fields IS NOT NULL ORDER BY d.id;
    END IF;
    RETURN NULL;
END
$$;
