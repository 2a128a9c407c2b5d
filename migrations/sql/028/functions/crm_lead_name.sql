CREATE OR REPLACE FUNCTION crm_lead_name(first_name text, last_name text, company text, email text) RETURNS text
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(
        nullif(btrim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), ''),
        nullif(btrim(company), ''), nullif(btrim(email), ''), '?')
$$;
