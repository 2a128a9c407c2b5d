CREATE OR REPLACE FUNCTION crm_month(at timestamptz) RETURNS date
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
AS $$
    SELECT date_trunc('month', at AT TIME ZONE 'UTC')::date
$$;
