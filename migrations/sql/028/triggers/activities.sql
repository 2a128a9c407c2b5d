CREATE TRIGGER check_assignees_insert AFTER INSERT ON activities
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_check_assignees();
CREATE TRIGGER check_assignees_update AFTER UPDATE ON activities
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_check_assignees();
CREATE TRIGGER count_delete AFTER DELETE ON activities
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_count_activities();
CREATE TRIGGER count_insert AFTER INSERT ON activities
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_count_activities();
CREATE TRIGGER count_update AFTER UPDATE ON activities
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_count_activities();
CREATE TRIGGER last_activity_delete AFTER DELETE ON activities
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_change_last_activity();
CREATE TRIGGER last_activity_insert AFTER INSERT ON activities
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_note_last_activity();
CREATE TRIGGER last_activity_update AFTER UPDATE ON activities
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_change_last_activity();
CREATE TRIGGER record_delete AFTER DELETE ON activities
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_record_change(
        'activity', 'id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,phone_e164,mobile_e164,password_hash,number,status_changed_at');
CREATE TRIGGER record_insert AFTER INSERT ON activities
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_record_change(
        'activity', 'id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,phone_e164,mobile_e164,password_hash,number,status_changed_at');
CREATE TRIGGER record_update AFTER UPDATE ON activities
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION crm_record_change(
        'activity', 'id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,phone_e164,mobile_e164,password_hash,number,status_changed_at');
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON activities
    FOR EACH STATEMENT
    EXECUTE FUNCTION crm_refuse_truncate();
CREATE TRIGGER touch BEFORE UPDATE ON activities FOR EACH ROW EXECUTE FUNCTION crm_touch();
