CREATE OR REPLACE FUNCTION crm_keep_bulk_item() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.undo_outcome IS NULL AND to_jsonb(NEW) - '{undo_outcome,undo_reason}'::text[]
            = to_jsonb(OLD) - '{undo_outcome,undo_reason}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the receipt of a bulk edit is never altered' USING ERRCODE = 'restrict_violation';
END
$$;
