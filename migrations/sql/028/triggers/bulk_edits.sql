CREATE TRIGGER keep BEFORE DELETE OR UPDATE ON bulk_edits
    FOR EACH ROW WHEN ((old.applied_at IS NOT NULL))
    EXECUTE FUNCTION crm_keep_bulk_edit();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON bulk_edits
    FOR EACH STATEMENT
    EXECUTE FUNCTION crm_refuse_truncate();
