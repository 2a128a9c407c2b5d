CREATE OR REPLACE FUNCTION crm_keep_bulk_item() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.undo_outcome IS NULL AND to_jsonb(NEW) - '{undo_outcome,undo_reason}'::text[]
            = to_jsonb(OLD) - '{undo_outcome,undo_reason}'::text[] THEN
        RETURN NEW;
    END IF;
    -- A person who is erased takes along the reasons that name them.
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - '{reason,undo_reason}'::text[] = to_jsonb(OLD) - '{reason,undo_reason}'::text[]
            AND (NEW.reason IS NOT DISTINCT FROM OLD.reason OR (NEW.reason = 'Erased' AND OLD.reason IS NOT NULL))
            AND (NEW.undo_reason IS NOT DISTINCT FROM OLD.undo_reason
                OR (NEW.undo_reason = 'Erased' AND OLD.undo_reason IS NOT NULL)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the receipt of a bulk edit is never altered' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE OR REPLACE FUNCTION crm_keep_bulk_edit() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.undone_at IS NULL AND to_jsonb(NEW) - '{undone_at,undone_by_id}'::text[]
            = to_jsonb(OLD) - '{undone_at,undone_by_id}'::text[] THEN
        RETURN NEW;
    END IF;
    -- A person who is erased takes along the list that was searched for them; the page of that list is left.
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'place' = to_jsonb(OLD) - 'place'
            AND NEW.place = split_part(OLD.place, '?', 1) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the receipt of a bulk edit is never altered' USING ERRCODE = 'restrict_violation';
END
$$;
