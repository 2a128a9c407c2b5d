CREATE OR REPLACE FUNCTION crm_keep_conversion() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.undone_at IS NULL AND to_jsonb(NEW) - '{undone_at,undone_by_id}'::text[]
            = to_jsonb(OLD) - '{undone_at,undone_by_id}'::text[] THEN
        RETURN NEW;
    END IF;
    -- Customers that are merged, or no longer are, take their conversions along.
    IF TG_OP = 'UPDATE' AND current_setting('crm.is_merging', true) = 'yes'
            AND to_jsonb(NEW) - 'customer_id' = to_jsonb(OLD) - 'customer_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'conversions are never altered' USING ERRCODE = 'restrict_violation';
END
$$;
