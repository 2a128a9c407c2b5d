"""
Fold letters whose capital and small forms differ by place or length.

ΠΑΠΑΔΟΠΟΥΛΟΣ did not find Παπαδόπουλος: a small sigma at the end of a word has a form of its own. Letters without their
accents are now made capitals first and small letters then, which leaves one form of each. A text in ASCII, as most are,
is its own small letters, and is folded in a third of the time.
"""

import sqlalchemy as sa
from alembic import op

revision = "025"
down_revision = "024"
branch_labels = None
depends_on = None

# The last replacement is for servers whose small letters follow the place of a sigma, such as those of ICU.
FOLD = """
CREATE OR REPLACE FUNCTION crm_fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(value) = char_length(value) THEN lower(value COLLATE "C")
    ELSE replace(
        lower(public.unaccent(
            'public.unaccent'::regdictionary, normalize(lower(upper(normalize(value, NFKD))), NFKC))), 'ς', 'σ')
    END
$$
"""
OLD_FOLD = """
CREATE OR REPLACE FUNCTION crm_fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT lower(public.unaccent('public.unaccent'::regdictionary, normalize(value, NFKC)))
$$
"""

FOLDED = {
    "leads": ("first_name", "last_name", "company", "email", "website", "phone", "mobile"),
    "customers": ("name", "email", "website", "vat_number", "registration_number", "phone"),
    "contacts": ("first_name", "last_name", "email", "phone", "mobile"),
    "employees": ("name", "email", "job_title", "phone"),
}
"""The columns that each table's sort_name and search_text are made of; those two need the first of them."""

EXPRESSION = """
SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE d.adrelid = CAST(:table AS regclass) AND a.attname = :column
"""


def upgrade() -> None:
    op.execute(FOLD)
    fold_again()


def downgrade() -> None:
    op.execute(OLD_FOLD)
    fold_again()


def fold_again() -> None:
    """Compute what is kept folded once more, where that makes a difference; nobody changed these records."""
    for table, columns in FOLDED.items():
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        typed = f"concat({', '.join(columns)})"
        differs = " OR ".join(f"{name} <> ({find_expression(table, name)})" for name in ("sort_name", "search_text"))
        op.execute(
            f"UPDATE {table} SET {columns[0]} = {columns[0]}"
            f" WHERE octet_length({typed}) > char_length({typed}) AND ({differs})"
        )
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    op.execute(
        "UPDATE known_words SET word = crm_fold(word)"
        " WHERE octet_length(word) > char_length(word) AND crm_fold(word) <> word"
    )


def find_expression(table: str, column: str) -> str:
    """How the database computes a column."""
    values = {"table": table, "column": column}
    return str(op.get_bind().execute(sa.text(EXPRESSION), values).scalar_one()).replace("%", "%%")
