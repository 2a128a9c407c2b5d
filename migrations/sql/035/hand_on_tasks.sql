CREATE OR REPLACE FUNCTION crm_hand_on_tasks() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    -- The undo of a bulk edit puts each task back to whoever had it, which history knows better than this rule.
    IF current_setting('crm.tasks_stay', true) = 'yes' THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'leads' THEN
        UPDATE activities SET assignee_id = NEW.owner_id
        WHERE lead_id = NEW.id AND kind = 'task' AND done_at IS NULL AND assignee_id IS NOT DISTINCT FROM OLD.owner_id;
    ELSE
        UPDATE activities SET assignee_id = NEW.owner_id
        WHERE customer_id = NEW.id AND kind = 'task' AND done_at IS NULL AND assignee_id IS NOT DISTINCT FROM OLD.owner_id;
    END IF;
    RETURN NULL;
END
$$;
