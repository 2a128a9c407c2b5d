CREATE TRIGGER touch BEFORE UPDATE OF url, description, events, secret, paused_at, removed_at ON webhooks
    FOR EACH ROW
    EXECUTE FUNCTION crm_touch();
