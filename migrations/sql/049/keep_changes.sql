CREATE OR REPLACE FUNCTION crm_keep_changes() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    -- A person can be erased from history: values go, or say so; nothing can be put in their place.
    IF to_jsonb(NEW) - 'fields' = to_jsonb(OLD) - 'fields' AND NOT EXISTS (
        SELECT FROM jsonb_each(NEW.fields) f LEFT JOIN jsonb_each(OLD.fields) was USING (key)
        WHERE f.value IS DISTINCT FROM was.value AND (was.value IS NULL OR jsonb_array_length(f.value) <> 2
            OR f.value -> 0 <> was.value -> 0 AND (f.value -> 0 <> '"Erased"' OR was.value -> 0 = 'null')
            OR f.value -> 1 <> was.value -> 1 AND (f.value -> 1 <> '"Erased"' OR was.value -> 1 = 'null'))
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'history is never altered' USING ERRCODE = 'restrict_violation';
END
$$;
