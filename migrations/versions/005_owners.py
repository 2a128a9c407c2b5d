"""Only active employees of a selling role own records, and nobody who owns some stops being one."""

from alembic import op

revision = "005"
down_revision = "004"
branch_labels = None
depends_on = None


CHECK_OWNERS = """
CREATE FUNCTION crm_check_owners() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner record;
BEGIN
    -- FOR KEY SHARE waits for a deactivation under way, and lets it wait for us.
    FOR owner IN
        SELECT e.is_active, e.role FROM employees e
        WHERE e.id IN (SELECT owner_id FROM new_rows) ORDER BY e.id FOR KEY SHARE
    LOOP
        IF NOT owner.is_active OR owner.role = 'viewer' THEN
            RAISE EXCEPTION 'an owner must be active and of a selling role'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_owner_entitled', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$
"""

KEEP_OWNERS = """
CREATE FUNCTION crm_keep_owners() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM employees WHERE id = OLD.id FOR UPDATE;
    IF EXISTS (SELECT 1 FROM leads WHERE owner_id = OLD.id) OR EXISTS (SELECT 1 FROM customers WHERE owner_id = OLD.id)
    THEN
        RAISE EXCEPTION 'this employee still owns records'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_employees_owns_nothing', TABLE = 'employees';
    END IF;
    RETURN NEW;
END
$$
"""

KEEP_ADMIN = """
CREATE FUNCTION crm_keep_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7430002);
    IF NOT EXISTS (SELECT 1 FROM employees WHERE role = 'admin' AND is_active AND id <> OLD.id) THEN
        RAISE EXCEPTION 'the last administrator stays'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_employees_one_admin', TABLE = 'employees';
    END IF;
    RETURN coalesce(NEW, OLD);
END
$$
"""


def upgrade() -> None:
    for function in (CHECK_OWNERS, KEEP_OWNERS, KEEP_ADMIN):
        op.execute(function)
    for table in ("leads", "customers"):
        for event in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER check_owners_{event.lower()} AFTER {event} ON {table}"
                " REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION crm_check_owners()"
            )
    op.execute(
        "CREATE TRIGGER keep_owners BEFORE UPDATE ON employees FOR EACH ROW"
        " WHEN ((OLD.is_active AND OLD.role <> 'viewer') AND NOT (NEW.is_active AND NEW.role <> 'viewer'))"
        " EXECUTE FUNCTION crm_keep_owners()"
    )
    op.execute(
        "CREATE TRIGGER keep_admin BEFORE UPDATE ON employees FOR EACH ROW"
        " WHEN ((OLD.is_active AND OLD.role = 'admin') AND NOT (NEW.is_active AND NEW.role = 'admin'))"
        " EXECUTE FUNCTION crm_keep_admin()"
    )
    op.execute(
        "CREATE TRIGGER keep_admin_row BEFORE DELETE ON employees FOR EACH ROW"
        " WHEN (OLD.is_active AND OLD.role = 'admin') EXECUTE FUNCTION crm_keep_admin()"
    )


def downgrade() -> None:
    for table in ("leads", "customers"):
        for event in ("insert", "update"):
            op.execute(f"DROP TRIGGER check_owners_{event} ON {table}")
    for trigger in ("keep_owners", "keep_admin", "keep_admin_row"):
        op.execute(f"DROP TRIGGER {trigger} ON employees")
    op.execute("DROP FUNCTION crm_check_owners, crm_keep_owners, crm_keep_admin")
