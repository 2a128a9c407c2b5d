CREATE OR REPLACE FUNCTION crm_slips(word text) RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE PARALLEL SAFE STRICT COST 1000
AS $$
DECLARE
    slips text[] := ARRAY[word];
BEGIN
    FOR place IN 1..char_length(word) LOOP
        slips := slips || overlay(word PLACING '' FROM place FOR 1);
    END LOOP;
    RETURN slips;
END
$$;
