CREATE TRIGGER check_owners_insert AFTER INSERT ON leads
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_check_owners();
CREATE TRIGGER check_owners_update AFTER UPDATE ON leads
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_check_owners();
CREATE TRIGGER count_delete AFTER DELETE ON leads
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_count_leads();
CREATE TRIGGER count_insert AFTER INSERT ON leads
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_count_leads();
CREATE TRIGGER count_update AFTER UPDATE ON leads
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_count_leads();
CREATE TRIGGER hand_on_tasks AFTER UPDATE ON leads
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_hand_on_tasks();
CREATE TRIGGER last_activity_insert AFTER INSERT ON leads
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_begin_touches();
CREATE TRIGGER last_activity_update AFTER UPDATE ON leads
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_move_last_activity();
CREATE TRIGGER learn_changed_words AFTER UPDATE ON leads
    FOR EACH ROW WHEN ((old.search_text IS DISTINCT FROM new.search_text))
    EXECUTE FUNCTION crm_learn_words();
CREATE TRIGGER learn_words AFTER INSERT ON leads
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_learn_words();
CREATE TRIGGER record_delete AFTER DELETE ON leads
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_record_change(
        'lead', 'id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,phone_e164,mobile_e164,password_hash,number,status_changed_at,furthest_status,name');
CREATE TRIGGER record_insert AFTER INSERT ON leads
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_record_change(
        'lead', 'id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,phone_e164,mobile_e164,password_hash,number,status_changed_at,furthest_status,name');
CREATE TRIGGER record_update AFTER UPDATE ON leads
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_record_change(
        'lead', 'id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,phone_e164,mobile_e164,password_hash,number,status_changed_at,furthest_status,name');
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON leads FOR EACH STATEMENT EXECUTE FUNCTION crm_refuse_truncate();
CREATE TRIGGER remember_furthest BEFORE UPDATE ON leads
    FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status))
    EXECUTE FUNCTION crm_remember_furthest();
CREATE TRIGGER touch BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION crm_touch();
