CREATE OR REPLACE FUNCTION crm_host(value text) RETURNS text
LANGUAGE sql
IMMUTABLE PARALLEL SAFE STRICT
AS $$
    SELECT regexp_replace(
        regexp_replace(lower(value), '^([a-z]+://)?([^/@]*@)?(www[.])?', ''), '[/:?#].*$', '')
$$;
