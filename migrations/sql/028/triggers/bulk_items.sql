CREATE TRIGGER keep BEFORE DELETE OR UPDATE ON bulk_items
    FOR EACH ROW WHEN ((old.outcome <> 'pending'::text))
    EXECUTE FUNCTION crm_keep_bulk_item();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON bulk_items
    FOR EACH STATEMENT
    EXECUTE FUNCTION crm_refuse_truncate();
