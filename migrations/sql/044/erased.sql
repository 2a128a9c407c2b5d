-- What is left of the fields of a change once a person is erased from it: the columns that name a record say so, the
-- others that are about the person are gone.
CREATE FUNCTION crm_erased(fields jsonb, named text[], gone text[]) RETURNS jsonb
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(jsonb_object_agg(f.key, CASE WHEN f.key = ANY (named) THEN jsonb_build_array(
        CASE WHEN f.value -> 0 = 'null' THEN 'null' ELSE '"Erased"'::jsonb END,
        CASE WHEN f.value -> 1 = 'null' THEN 'null' ELSE '"Erased"'::jsonb END) ELSE f.value END), '{}')
    FROM jsonb_each(fields) f
    WHERE f.key <> ALL (gone)
        AND NOT (f.key = ANY (named) AND f.value -> 0 <> 'null' AND f.value -> 1 <> 'null')
$$;
CREATE FUNCTION crm_keep_changes() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    -- A person can be erased from history: values go, or say so; nothing can be put in their place.
    IF to_jsonb(NEW) - 'fields' = to_jsonb(OLD) - 'fields' AND NOT EXISTS (
        SELECT FROM jsonb_each(NEW.fields) f WHERE f.value IS DISTINCT FROM OLD.fields -> f.key
            AND f.value IS DISTINCT FROM
                crm_erased(jsonb_build_object(f.key, OLD.fields -> f.key), ARRAY[f.key], '{}') -> f.key
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'history is never altered' USING ERRCODE = 'restrict_violation';
END
$$;
DROP TRIGGER keep ON changes;
CREATE TRIGGER keep_all BEFORE DELETE OR TRUNCATE ON changes FOR EACH STATEMENT EXECUTE FUNCTION crm_keep_history();
CREATE TRIGGER keep BEFORE UPDATE ON changes FOR EACH ROW EXECUTE FUNCTION crm_keep_changes();
CREATE OR REPLACE FUNCTION crm_keep_conversion() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.undone_at IS NULL AND to_jsonb(NEW) - '{undone_at,undone_by_id}'::text[]
            = to_jsonb(OLD) - '{undone_at,undone_by_id}'::text[] THEN
        RETURN NEW;
    END IF;
    -- Customers that are merged, or no longer are, take their conversions along.
    IF TG_OP = 'UPDATE' AND current_setting('crm.is_merging', true) = 'yes'
            AND to_jsonb(NEW) - 'customer_id' = to_jsonb(OLD) - 'customer_id' THEN
        RETURN NEW;
    END IF;
    -- A person who is erased takes along what the win filled in of them, and the note on an earlier loss.
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - '{filled,before}'::text[] = to_jsonb(OLD) - '{filled,before}'::text[]
            AND NEW.before = OLD.before - 'lost_note' AND NEW.filled = '{}'
            AND (NEW.before, NEW.filled) IS DISTINCT FROM (OLD.before, OLD.filled) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'conversions are never altered' USING ERRCODE = 'restrict_violation';
END
$$;
