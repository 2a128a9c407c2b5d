"""
Keep passkeys, and the challenges that they sign.

An instance of the release before this one does not know sign-ins by passkey: replace all of them before anybody adds
one.
"""

from alembic import op

revision = "067"
down_revision = "066"
branch_labels = None
depends_on = None

BEFORE = "'password', 'link', 'app', 'recovery_code', 'provider', 'proxy'"
METHODS = "'password', 'link', 'app', 'recovery_code', 'passkey', 'provider', 'proxy'"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE passkeys (
            id bigint GENERATED ALWAYS AS IDENTITY,
            employee_id bigint NOT NULL,
            name text NOT NULL,
            credential_id bytea NOT NULL,
            public_key bytea NOT NULL,
            sign_count bigint NOT NULL,
            created_at timestamptz DEFAULT now() NOT NULL,
            last_used_at timestamptz,
            CONSTRAINT pk_passkeys PRIMARY KEY (id),
            CONSTRAINT uq_passkeys_credential_id UNIQUE (credential_id),
            CONSTRAINT ck_passkeys_name_length CHECK (char_length(name) <= 50),
            CONSTRAINT fk_passkeys_employee_id FOREIGN KEY (employee_id) REFERENCES employees (id) ON DELETE CASCADE
        );
        CREATE INDEX ix_passkeys_employee_id ON passkeys (employee_id);
        CREATE TABLE passkey_challenges (
            challenge bytea NOT NULL,
            expires_at timestamptz NOT NULL,
            CONSTRAINT pk_passkey_challenges PRIMARY KEY (challenge)
        );
        ALTER TABLE sign_ins DROP CONSTRAINT ck_sign_ins_method_known,
            ADD CONSTRAINT ck_sign_ins_method_known CHECK (method IN ({METHODS}));
    """)


def downgrade() -> None:
    # Who has no app but a passkey still has recovery codes; an admin can remove their second factor.
    op.execute(f"""
        DELETE FROM sign_ins WHERE method = 'passkey';
        ALTER TABLE sign_ins DROP CONSTRAINT ck_sign_ins_method_known,
            ADD CONSTRAINT ck_sign_ins_method_known CHECK (method IN ({BEFORE}));
        DROP TABLE passkey_challenges;
        DROP TABLE passkeys;
    """)
