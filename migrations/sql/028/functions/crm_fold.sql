CREATE OR REPLACE FUNCTION crm_fold(value text) RETURNS text
LANGUAGE sql
IMMUTABLE PARALLEL SAFE STRICT
AS $$
    SELECT CASE WHEN octet_length(value) = char_length(value) THEN lower(value COLLATE "C")
    ELSE replace(
        lower(public.unaccent(
            'public.unaccent'::regdictionary, normalize(lower(upper(normalize(value, NFKD))), NFKC))), 'ς', 'σ')
    END
$$;
