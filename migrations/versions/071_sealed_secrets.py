"""
Keep the secrets of authenticator apps and webhooks sealed with the key of the installation.

The release before this one reads and writes only what is not sealed, so both are written until ``flask secrets rotate
--drop-plain`` says that no instance of it is left. If it sets a secret, what was sealed before is forgotten.
"""

from alembic import op
from sqlalchemy import text

revision = "071"
down_revision = "070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION crm_forget_sealed() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp AS $$
        BEGIN
            NEW.sealed_secret := NULL;
            RETURN NEW;
        END $$;
    """)
    for table in ("authenticators", "webhooks"):
        op.execute(f"""
            ALTER TABLE {table} ADD sealed_secret bytea, ALTER secret DROP NOT NULL,
                ADD CONSTRAINT ck_{table}_has_secret CHECK (num_nonnulls(secret, sealed_secret) > 0) NOT VALID;
            CREATE TRIGGER forget_sealed BEFORE UPDATE ON {table} FOR EACH ROW
                WHEN (NEW.secret IS DISTINCT FROM OLD.secret AND NEW.secret IS NOT NULL
                    AND NEW.sealed_secret IS NOT DISTINCT FROM OLD.sealed_secret)
                EXECUTE FUNCTION crm_forget_sealed();
        """)
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_has_secret")


def downgrade() -> None:
    for table in ("authenticators", "webhooks"):
        if op.get_bind().scalar(text(f"SELECT EXISTS (SELECT FROM {table} WHERE secret IS NULL)")):
            raise RuntimeError(f"The release before this one can't read the sealed secrets of {table}.")
        op.execute(f"""
            DROP TRIGGER forget_sealed ON {table};
            ALTER TABLE {table} DROP COLUMN sealed_secret, ALTER secret SET NOT NULL;
        """)
    op.execute("DROP FUNCTION crm_forget_sealed()")
