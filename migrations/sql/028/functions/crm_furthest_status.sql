CREATE OR REPLACE FUNCTION crm_furthest_status(status text, before text) RETURNS text
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
AS $$
    SELECT (ARRAY['new', 'contacted', 'qualified', 'proposal', 'negotiation', 'won'])[
        1 + greatest(crm_status_place(status), crm_status_place(before))]
$$;
