"""Search over everything: the text of contacts and employees, signs of any script, and words for mistyped ones."""

import sqlalchemy as sa
from alembic import op

revision = "013"
down_revision = "012"
branch_labels = None
depends_on = None

# Trigrams know only what the database's locale takes for letters, which in the default run is ASCII. So whatever is
# written beyond it is indexed by its signs and pairs of signs. Run for each row that is written, hence no SQL function:
# this takes a tenth of its time.
SIGNS = r"""
CREATE FUNCTION crm_signs(value text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    signs text[] := '{}';
    before text := ' ';
    sign text;
BEGIN
    IF octet_length(value) = char_length(value) THEN
        RETURN signs;
    END IF;
    FOREACH sign IN ARRAY string_to_array(regexp_replace(value, E'[\\x01-\\x7f]+', ' ', 'g'), NULL) LOOP
        IF sign <> ' ' THEN
            signs := signs || sign;
            IF before <> ' ' THEN
                signs := signs || (before || sign);
            END IF;
        END IF;
        before := sign;
    END LOOP;
    RETURN signs;
END
$$
"""

# Two words that are a slip apart share the word itself or what is left of it without one letter.
SLIPS = """
CREATE FUNCTION crm_slips(word text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    slips text[] := ARRAY[word];
BEGIN
    FOR place IN 1..char_length(word) LOOP
        slips := slips || overlay(word PLACING '' FROM place FOR 1);
    END LOOP;
    RETURN slips;
END
$$
"""

WORDS = r"""
CREATE FUNCTION crm_words(search_text text) RETURNS SETOF text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT word
    FROM string_to_table(translate(search_text, '()[]{}<>,;&/|"!?*+=_-', repeat(' ', 21)), ' ') AS word
    WHERE char_length(word) BETWEEN 3 AND 24 AND word !~ '[0-9@:.]'
$$
"""

# A word that two people bring in at once may stand twice: were it unique, one would wait for the other's import.
# Whether a word is known is asked by a subquery, which no planner can turn into reading all known words: the plan that
# a session keeps from a large import also serves the single lead that follows.
LEARN = """
CREATE FUNCTION crm_learn_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_LEVEL = 'ROW' THEN
        INSERT INTO known_words (word)
        SELECT w.word FROM (SELECT DISTINCT word FROM crm_words(NEW.search_text) AS word OFFSET 0) w
        WHERE (SELECT k.id FROM known_words k WHERE k.word = w.word LIMIT 1) IS NULL;
    ELSE
        INSERT INTO known_words (word)
        SELECT w.word FROM (SELECT DISTINCT word FROM new_rows n, crm_words(n.search_text) AS word OFFSET 0) w
        WHERE (SELECT k.id FROM known_words k WHERE k.word = w.word LIMIT 1) IS NULL;
    END IF;
    RETURN NULL;
END
$$
"""

LEARN_ALL = """
INSERT INTO known_words (word)
SELECT DISTINCT w.word FROM records r, crm_words(r.search_text) AS w(word)
WHERE NOT EXISTS (SELECT FROM known_words k WHERE k.word = w.word)
"""

SEARCHED = {
    "contacts": (
        "crm_fold(crm_lead_name(first_name, last_name, NULL, email))",
        "crm_fold(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, '')"
        " || ' ' || coalesce(phone_e164, phone, '') || ' ' || coalesce(mobile_e164, mobile, ''))",
    ),
    "employees": (
        "crm_fold(name)",
        "crm_fold(name || ' ' || email || ' ' || coalesce(job_title, '') || ' ' || coalesce(phone_e164, phone, ''))",
    ),
}
TABLES = ("leads", "customers", "contacts", "employees")
BEYOND_ASCII = "octet_length(search_text) > char_length(search_text)"


def upgrade() -> None:
    for function in (SIGNS, SLIPS, WORDS):
        op.execute(function)
    _add_text()
    op.create_index("ix_contacts_name", "contacts", ["sort_name", "id"], postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_index(
        "ix_contacts_search",
        "contacts",
        ["search_text"],
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    for table in ("leads", "customers", "contacts"):
        signs = [sa.text("crm_signs(search_text)")]
        op.create_index(
            f"ix_{table}_signs", table, signs, postgresql_using="gin", postgresql_where=sa.text(BEYOND_ASCII)
        )
    _add_words()


def _add_text() -> None:
    for table, (sort_name, search_text) in SEARCHED.items():
        sort = sa.Column("sort_name", sa.Text(collation="C"), sa.Computed(sort_name, persisted=True), nullable=False)
        text = sa.Column("search_text", sa.Text(), sa.Computed(search_text, persisted=True), nullable=False)
        op.add_column(table, sort)
        op.add_column(table, text)


def _add_words() -> None:
    op.create_table(
        "known_words",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("char_length(word) <= 50", name=op.f("ck_known_words_word_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_words")),
    )
    op.create_index("ix_known_words_word", "known_words", ["word"])
    for table in TABLES:
        op.execute(LEARN_ALL.replace("records", table))
    op.create_index("ix_known_words_slips", "known_words", [sa.text("crm_slips(word)")], postgresql_using="gin")
    op.execute(LEARN)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER learn_words AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION crm_learn_words()"
        )
        op.execute(
            f"CREATE TRIGGER learn_changed_words AFTER UPDATE ON {table} FOR EACH ROW"
            " WHEN (OLD.search_text IS DISTINCT FROM NEW.search_text) EXECUTE FUNCTION crm_learn_words()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER learn_words ON {table}")
        op.execute(f"DROP TRIGGER learn_changed_words ON {table}")
    op.execute("DROP FUNCTION crm_learn_words")
    op.drop_table("known_words")
    for table in ("leads", "customers", "contacts"):
        op.drop_index(f"ix_{table}_signs", table)
    for table in SEARCHED:
        op.drop_column(table, "search_text")
        op.drop_column(table, "sort_name")
    op.execute("DROP FUNCTION crm_words, crm_slips, crm_signs")
