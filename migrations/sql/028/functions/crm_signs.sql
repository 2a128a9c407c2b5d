CREATE OR REPLACE FUNCTION crm_signs(value text) RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE PARALLEL SAFE STRICT COST 1000
AS $$
DECLARE
    signs text[] := '{}';
    before text := ' ';
    sign text;
BEGIN
    IF octet_length(value) = char_length(value) THEN
        RETURN signs;
    END IF;
    FOREACH sign IN ARRAY string_to_array(regexp_replace(value, E'[\\x01-\\x7f]+', ' ', 'g'), NULL) LOOP
        IF sign <> ' ' THEN
            signs := signs || sign;
            IF before <> ' ' THEN
                signs := signs || (before || sign);
            END IF;
        END IF;
        before := sign;
    END LOOP;
    RETURN signs;
END
$$;
