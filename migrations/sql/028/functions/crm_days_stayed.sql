CREATE OR REPLACE FUNCTION crm_days_stayed(entered_at timestamptz, left_at timestamptz) RETURNS integer
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN days < 14 THEN days WHEN days < 90 THEN days / 7 * 7 ELSE days / 30 * 30 END
    FROM (SELECT least(greatest(floor(extract(epoch FROM left_at - entered_at) / 86400), 0),
        10000)::integer AS days) d
$$;
