CREATE TRIGGER keep_admin BEFORE UPDATE ON employees
    FOR EACH ROW WHEN ((old.is_active AND (old.role = 'admin'::text) AND (NOT (new.is_active AND (new.role = 'admin'::text)))))
    EXECUTE FUNCTION crm_keep_admin();
CREATE TRIGGER keep_admin_row BEFORE DELETE ON employees
    FOR EACH ROW WHEN ((old.is_active AND (old.role = 'admin'::text)))
    EXECUTE FUNCTION crm_keep_admin();
CREATE TRIGGER keep_assignees BEFORE UPDATE ON employees
    FOR EACH ROW WHEN ((old.is_active AND (NOT new.is_active)))
    EXECUTE FUNCTION crm_keep_assignees();
CREATE TRIGGER keep_owners BEFORE UPDATE ON employees
    FOR EACH ROW WHEN ((old.is_active AND (old.role <> 'viewer'::text) AND (NOT (new.is_active AND (new.role <> 'viewer'::text)))))
    EXECUTE FUNCTION crm_keep_owners();
CREATE TRIGGER learn_changed_words AFTER UPDATE ON employees
    FOR EACH ROW WHEN ((old.search_text IS DISTINCT FROM new.search_text))
    EXECUTE FUNCTION crm_learn_words();
CREATE TRIGGER learn_words AFTER INSERT ON employees
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_learn_words();
CREATE TRIGGER record_delete AFTER DELETE ON employees
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_record_change(
        'employee', 'id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,phone_e164,mobile_e164,password_hash,number,status_changed_at');
CREATE TRIGGER record_insert AFTER INSERT ON employees
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_record_change(
        'employee', 'id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,phone_e164,mobile_e164,password_hash,number,status_changed_at');
CREATE TRIGGER record_update AFTER UPDATE ON employees
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_record_change(
        'employee', 'id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,phone_e164,mobile_e164,password_hash,number,status_changed_at');
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON employees
    FOR EACH STATEMENT
    EXECUTE FUNCTION crm_refuse_truncate();
CREATE TRIGGER touch BEFORE UPDATE ON employees FOR EACH ROW EXECUTE FUNCTION crm_touch();
