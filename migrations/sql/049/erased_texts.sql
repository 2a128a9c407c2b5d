-- What is left of the fields of a change once the texts that name a person are erased from some of its columns.
CREATE FUNCTION crm_erased_texts(fields jsonb, columns text[], pattern text) RETURNS jsonb
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(side.old, side.new)), '{}')
    FROM jsonb_each(fields) f CROSS JOIN LATERAL (
        SELECT CASE WHEN f.key = ANY (columns) AND f.value ->> 0 ~* pattern THEN '"Erased"' ELSE f.value -> 0 END AS old,
            CASE WHEN f.key = ANY (columns) AND f.value ->> 1 ~* pattern THEN '"Erased"' ELSE f.value -> 1 END AS new
    ) side
    WHERE side.old <> side.new OR f.value -> 0 = f.value -> 1
$$;
