CREATE FUNCTION crm_keep_status_history() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    -- A person who is erased takes along the name of a source that named them.
    IF to_jsonb(NEW) - 'source' = to_jsonb(OLD) - 'source' AND NEW.source LIKE 'Erased %' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'history is never altered' USING ERRCODE = 'restrict_violation';
END
$$;
DROP TRIGGER keep ON lead_status_history;
CREATE TRIGGER keep_all BEFORE DELETE OR TRUNCATE ON lead_status_history
    FOR EACH STATEMENT EXECUTE FUNCTION crm_keep_history();
CREATE TRIGGER keep BEFORE UPDATE ON lead_status_history FOR EACH ROW EXECUTE FUNCTION crm_keep_status_history();
