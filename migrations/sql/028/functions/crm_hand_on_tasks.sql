CREATE OR REPLACE FUNCTION crm_hand_on_tasks() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    ids bigint[];
BEGIN
    -- The undo of a bulk edit puts each task back to whoever had it, which history knows better than this rule.
    IF current_setting('crm.tasks_stay', true) = 'yes' THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(n.id) INTO ids FROM old_rows o JOIN new_rows n USING (id)
    WHERE n.owner_id IS DISTINCT FROM o.owner_id;
    -- Few updates change an owner. Those that do find their tasks by the ids, and never read all activities.
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'leads' THEN
        UPDATE activities a SET assignee_id = n.owner_id FROM old_rows o JOIN new_rows n USING (id)
        WHERE a.lead_id = ANY (ids) AND a.lead_id = n.id
            AND a.kind = 'task' AND a.done_at IS NULL AND a.assignee_id IS NOT DISTINCT FROM o.owner_id;
    ELSE
        UPDATE activities a SET assignee_id = n.owner_id FROM old_rows o JOIN new_rows n USING (id)
        WHERE a.customer_id = ANY (ids) AND a.customer_id = n.id
            AND a.kind = 'task' AND a.done_at IS NULL AND a.assignee_id IS NOT DISTINCT FROM o.owner_id;
    END IF;
    RETURN NULL;
END
$$;
