"""Counts that the database keeps: what a statement changes is added as rows of its own, which are folded in time.

A cell that every writer updated would make them wait for each other. So writers only add; one of them at a time, the
one whose turn it is and who finds nobody at it, folds what has gathered into the cells. Nobody waits, nothing can
deadlock, and a transaction that is rolled back takes its part with it.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "016"
down_revision = "015"
branch_labels = None
depends_on = None

COUNTED = "figure, starts_on, status, detail, currency"
ADDED = "how_many, how_many_priced, amount, weighted, seconds"
SUMS = ", ".join(f"sum({name}) AS {name}" for name in ADDED.split(", "))
CHANGES_ANYTHING = "HAVING " + " OR ".join(f"sum({name}) <> 0" for name in ADDED.split(", "))
# Of stays nearly each has a day, an owner and a source of its own: who asks for both reads the stays themselves.
LEVELS = "CUBE (owner_id, source)"
IS_KEPT = "(figure <> 'stayed' OR grouping(owner_id, source) > 0)"
# What a count of leads depends on.
OF_LEAD = [
    *("status", "furthest_status", "lost_reason", "owner_id", "source", "currency", "amount", "probability"),
    *("created_at", "closed_at", "expected_close_on"),
]

# Only the way to Won has an order; whoever waits or is lost got as far as they had come before.
PLACE = """
CREATE FUNCTION crm_status_place(status text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE status WHEN 'contacted' THEN 1 WHEN 'qualified' THEN 2 WHEN 'proposal' THEN 3
        WHEN 'negotiation' THEN 4 WHEN 'won' THEN 5 ELSE 0 END
$$
"""
FURTHEST = """
CREATE FUNCTION crm_furthest_status(status text, before text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ARRAY['new', 'contacted', 'qualified', 'proposal', 'negotiation', 'won'])[
        1 + greatest(crm_status_place(status), crm_status_place(before))]
$$
"""
REMEMBER = """
CREATE FUNCTION crm_remember_furthest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.furthest_status := crm_furthest_status(OLD.status, OLD.furthest_status);
    RETURN NEW;
END
$$
"""
# Whole days for a fortnight, then weeks, then months of thirty days: how people say it, and few cells.
DAYS = """
CREATE FUNCTION crm_days_stayed(entered_at timestamptz, left_at timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN days < 14 THEN days WHEN days < 90 THEN days / 7 * 7 ELSE days / 30 * 30 END
    FROM (SELECT least(greatest(floor(extract(epoch FROM left_at - entered_at) / 86400), 0), 10000)::integer AS days) d
$$
"""
MONTH = """
CREATE FUNCTION crm_month(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT date_trunc('month', at AT TIME ZONE 'UTC')::date
$$
"""
COUNTS_OF_LEAD = """
CREATE FUNCTION crm_counts_of_lead(status text, furthest_status text, lost_reason text, owner_id bigint, source text,
    currency text, amount numeric, probability integer, created_at timestamptz, closed_at timestamptz,
    expected_close_on date)
RETURNS TABLE (figure text, starts_on date, status text, detail text, owner_id bigint, source text, currency text,
    how_many integer, how_many_priced integer, amount numeric, weighted numeric, seconds bigint)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT f.figure, f.starts_on, $1, f.detail, coalesce($4, 0), coalesce($5, ''), f.currency, 1,
        CASE WHEN f.currency <> '' THEN 1 ELSE 0 END,
        CASE WHEN f.currency <> '' THEN $7 ELSE 0 END,
        CASE WHEN f.currency <> '' THEN coalesce($7 * $8, 0) ELSE 0 END, 0::bigint
    FROM (VALUES
        ('standing', NULL::date, '', CASE WHEN $7 IS NULL THEN '' ELSE $6 END, true),
        ('created', crm_month($9), crm_furthest_status($1, $2), '', true),
        ('closed', crm_month($10), coalesce($3, ''), CASE WHEN $7 IS NULL THEN '' ELSE $6 END, $10 IS NOT NULL),
        ('expected', date_trunc('month', $11)::date, '', CASE WHEN $7 IS NULL THEN '' ELSE $6 END, $10 IS NULL)
    ) f(figure, starts_on, detail, currency, applies)
    WHERE f.applies
$$
"""
FOLD = f"""
CREATE FUNCTION crm_fold_counts(most bigint) RETURNS void LANGUAGE plpgsql
SET work_mem = '64MB' SET enable_seqscan = off AS $$
BEGIN
    -- Rows that are gone fill the table until it is vacuumed: only the index leads past them.
    -- Under a snapshot of its own a transaction might not see what the last one folded.
    IF current_setting('transaction_isolation') <> 'read committed' OR NOT pg_try_advisory_xact_lock(7430016) THEN
        RETURN;
    END IF;
    WITH gone AS (
        DELETE FROM count_deltas WHERE id IN (SELECT id FROM count_deltas ORDER BY id LIMIT most) RETURNING *
    )
    INSERT INTO counts AS c (level, owner_id, source, {COUNTED}, {ADDED})
    SELECT grouping(owner_id, source), owner_id, source, {COUNTED}, {SUMS}
    FROM gone GROUP BY {COUNTED}, {LEVELS} {CHANGES_ANYTHING.replace("HAVING", "HAVING " + IS_KEPT + " AND (")})
    -- Neighbours of the index one after the other.
    ORDER BY figure, 1, starts_on, owner_id, source, status, detail, currency
    ON CONFLICT (figure, level, starts_on, owner_id, source, status, detail, currency) DO UPDATE
    SET {", ".join(f"{name} = c.{name} + excluded.{name}" for name in ADDED.split(", "))};
END
$$
"""
# One in a thousand rows brings the turn to fold up to five thousand, so that nothing piles up; by lot, since numbers of
# rows would have to be kept somewhere, and that would be hot. What comes in bulk shares most cells with what comes
# after it and so is folded rarely; an import folds the rest at its end.
TURN = """
    GET DIAGNOSTICS added = ROW_COUNT;
    step := CASE WHEN added < 2000 THEN 1000 ELSE 250000 END;
    IF random() * step < added THEN
        PERFORM crm_fold_counts(5 * step);
    END IF;
"""
ADD = f"INSERT INTO count_deltas (owner_id, source, {COUNTED}, {ADDED})"
NET = f"SELECT owner_id, source, {COUNTED}, {SUMS} FROM facts GROUP BY owner_id, source, {COUNTED} {CHANGES_ANYTHING}"
FACTS = f"f.owner_id, f.source, {', '.join(f'f.{name}' for name in COUNTED.split(', '))}"
PLUS = ", ".join(f"f.{name}" for name in ADDED.split(", "))
MINUS = ", ".join(f"-f.{name} AS {name}" for name in ADDED.split(", "))


def _of_lead(row: str) -> str:
    return f"crm_counts_of_lead({', '.join(f'{row}.{name}' for name in OF_LEAD)}) f"


def _values(row: str) -> str:
    return f"({', '.join(f'{row}.{name}' for name in [*OF_LEAD, 'deleted_at'])})"


COUNT_LEADS = f"""
CREATE FUNCTION crm_count_leads() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    added bigint;
    step bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH facts AS (
            SELECT {FACTS}, {PLUS} FROM new_rows n CROSS JOIN LATERAL {_of_lead("n")} WHERE n.deleted_at IS NULL
        )
        {ADD} {NET};
    ELSIF TG_OP = 'DELETE' THEN
        WITH facts AS (
            SELECT {FACTS}, {MINUS} FROM old_rows o CROSS JOIN LATERAL {_of_lead("o")} WHERE o.deleted_at IS NULL
        )
        {ADD} {NET};
    ELSE
        INSERT INTO lead_stays (lead_id, status, owner_id, source, entered_at, left_at)
        SELECT o.id, o.status, o.owner_id, o.source, o.status_changed_at,
            -- SQL by hand may move a lead and not say since when.
            CASE WHEN n.status_changed_at = o.status_changed_at THEN greatest(now(), o.status_changed_at)
                ELSE n.status_changed_at END
        FROM old_rows o JOIN new_rows n USING (id) WHERE o.status <> n.status ORDER BY o.id;
        WITH changed AS MATERIALIZED (
            SELECT o.id FROM old_rows o JOIN new_rows n USING (id) WHERE {_values("o")} IS DISTINCT FROM {_values("n")}
        ), facts AS (
            SELECT {FACTS}, {MINUS} FROM old_rows o CROSS JOIN LATERAL {_of_lead("o")}
            WHERE o.deleted_at IS NULL AND o.id IN (SELECT id FROM changed)
            UNION ALL
            SELECT {FACTS}, {PLUS} FROM new_rows n CROSS JOIN LATERAL {_of_lead("n")}
            WHERE n.deleted_at IS NULL AND n.id IN (SELECT id FROM changed)
        )
        {ADD} {NET};
    END IF;
    {TURN}
    RETURN NULL;
END
$$
"""
STAY_FACTS = """
    SELECT coalesce(n.owner_id, 0) AS owner_id, coalesce(n.source, '') AS source, 'stayed' AS figure,
        crm_month(n.left_at) AS starts_on, n.status, crm_days_stayed(n.entered_at, n.left_at)::text AS detail,
        '' AS currency, 1 AS how_many, 0 AS how_many_priced, 0.00 AS amount, 0.00 AS weighted,
        greatest(floor(extract(epoch FROM n.left_at - n.entered_at)), 0)::bigint AS seconds
"""
COUNT_STAYS = f"""
CREATE FUNCTION crm_count_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    added bigint;
    step bigint;
BEGIN
    WITH facts AS ({STAY_FACTS} FROM new_rows n)
    {ADD} {NET};
    {TURN}
    RETURN NULL;
END
$$
"""


def _activity_facts(sign: str) -> str:
    return f"""
        SELECT coalesce(a.created_by_id, 0) AS owner_id, '' AS source, 'activity' AS figure,
            crm_month(a.happened_at) AS starts_on, a.kind AS status, '' AS detail, '' AS currency,
            {sign}1 AS how_many, 0 AS how_many_priced, 0.00 AS amount, 0.00 AS weighted, 0::bigint AS seconds
    """


COUNT_ACTIVITIES = f"""
CREATE FUNCTION crm_count_activities() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    added bigint;
    step bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH facts AS ({_activity_facts("")} FROM new_rows a) {ADD} {NET};
    ELSIF TG_OP = 'DELETE' THEN
        WITH facts AS ({_activity_facts("-")} FROM old_rows a) {ADD} {NET};
    ELSE
        WITH facts AS ({_activity_facts("-")} FROM old_rows a UNION ALL {_activity_facts("")} FROM new_rows a)
        {ADD} {NET};
    END IF;
    {TURN}
    RETURN NULL;
END
$$
"""
# The same counts from the rows themselves: what the cells begin with, and what they are compared with.
COUNT_ROWS = f"""
CREATE FUNCTION crm_count_rows() RETURNS SETOF counts LANGUAGE sql STABLE AS $$
    WITH facts AS (
        SELECT {FACTS}, {PLUS} FROM leads l CROSS JOIN LATERAL {_of_lead("l")} WHERE l.deleted_at IS NULL
        UNION ALL {STAY_FACTS} FROM lead_stays n
        UNION ALL {_activity_facts("")} FROM activities a
    )
    SELECT figure, starts_on, status, detail, currency, {SUMS}, 0::bigint, grouping(owner_id, source), owner_id, source
    FROM facts GROUP BY {COUNTED}, {LEVELS} HAVING {IS_KEPT}
$$
"""
RECOUNT = f"""
CREATE FUNCTION crm_recount() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE leads, lead_stays, activities IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM count_deltas;
    DELETE FROM counts;
    INSERT INTO counts (level, owner_id, source, {COUNTED}, {ADDED})
    SELECT level, owner_id, source, {COUNTED}, {ADDED} FROM crm_count_rows();
END
$$
"""
# The stays that history knows, before they were noted: from one change of status to the next.
STAYS_OF_HISTORY = """
INSERT INTO lead_stays (lead_id, status, owner_id, source, entered_at, left_at)
SELECT m.entity_id, m.was, l.owner_id, l.source,
    coalesce(lag(m.at) OVER (PARTITION BY m.entity_id ORDER BY m.id), least(l.created_at, m.at)), m.at
FROM (
    SELECT id, entity_id, at, fields->'status'->>0 AS was FROM changes
    WHERE entity = 'lead' AND action = 'changed' AND fields ? 'status'
) m JOIN leads l ON l.id = m.entity_id
ORDER BY m.id
"""
FURTHEST_OF_HISTORY = """
UPDATE leads l SET furthest_status = s.furthest
FROM (
    SELECT lead_id, (array_agg(status ORDER BY crm_status_place(status) DESC))[1] AS furthest
    FROM lead_stays GROUP BY lead_id
) s WHERE s.lead_id = l.id
"""
LEAVE_OUT = """
DO $$
DECLARE
    definition text;
BEGIN
    FOR definition IN
        SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'leads'::regclass AND tgname LIKE 'record_%'
    LOOP
        EXECUTE replace(replace(definition, 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER'), '{before}', '{after}');
    END LOOP;
END
$$
"""
KNOWN = "status_changed_at"
WORDS = "'new', 'contacted', 'qualified', 'proposal', 'negotiation', 'on_hold', 'won', 'lost', 'disqualified'"
FIGURES = "'standing', 'created', 'closed', 'expected', 'stayed', 'activity'"
TABLES = ("leads", "activities")
FUNCTIONS = {
    "crm_status_place": PLACE,
    "crm_furthest_status": FURTHEST,
    "crm_remember_furthest": REMEMBER,
    "crm_days_stayed": DAYS,
    "crm_month": MONTH,
    "crm_counts_of_lead": COUNTS_OF_LEAD,
    "crm_fold_counts": FOLD,
    "crm_count_leads": COUNT_LEADS,
    "crm_count_stays": COUNT_STAYS,
    "crm_count_activities": COUNT_ACTIVITIES,
    "crm_count_rows": COUNT_ROWS,
    "crm_recount": RECOUNT,
}


def upgrade() -> None:
    op.add_column("leads", sa.Column("furthest_status", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_leads_furthest_status_known"), "leads", f"furthest_status IN ({WORDS})")
    op.execute(LEAVE_OUT.format(before=KNOWN, after=f"{KNOWN},furthest_status"))
    create_tables()
    for function in FUNCTIONS.values():
        op.execute(function)
    op.execute(STAYS_OF_HISTORY)
    # Neither a version nor a change of anybody's.
    op.execute("ALTER TABLE leads DISABLE TRIGGER USER")
    op.execute(FURTHEST_OF_HISTORY)
    op.execute("ALTER TABLE leads ENABLE TRIGGER USER")
    op.execute("SELECT crm_recount()")
    create_triggers()


def create_tables() -> None:
    op.create_table(
        "count_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        *_cell("count_deltas", sa.Integer),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_deltas")),
    )
    op.create_table(
        "counts",
        *_cell("counts"),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counts")),
    )
    key = ["figure", "level", "starts_on", "owner_id", "source", "status", "detail", "currency"]
    op.create_index("uq_counts_cell", "counts", key, unique=True, postgresql_nulls_not_distinct=True)
    # Cells are updated in place, and deltas come and go all day.
    op.execute("ALTER TABLE counts SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)")
    op.execute("ALTER TABLE count_deltas SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)")
    op.create_table(
        "lead_stays",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"status IN ({WORDS})", name=op.f("ck_lead_stays_status_known")),
        sa.CheckConstraint("char_length(source) <= 300", name=op.f("ck_lead_stays_source_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_stays")),
    )
    op.create_index("ix_lead_stays_left", "lead_stays", ["left_at"])
    op.create_index("ix_activities_happened", "activities", ["happened_at"])


def _cell(table: str, number: type[sa.Integer] = sa.BigInteger) -> list[sa.Column[Any] | sa.CheckConstraint]:
    """What cells and deltas share."""
    return [
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("how_many", number(), nullable=False),
        sa.Column("how_many_priced", number(), nullable=False),
        sa.Column("amount", sa.Numeric(24, 2), nullable=False),
        sa.Column("weighted", sa.Numeric(24, 2), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"figure IN ({FIGURES})", name=op.f(f"ck_{table}_figure_known")),
        sa.CheckConstraint("char_length(status) <= 50", name=op.f(f"ck_{table}_status_length")),
        sa.CheckConstraint("char_length(detail) <= 50", name=op.f(f"ck_{table}_detail_length")),
        sa.CheckConstraint("char_length(currency) <= 50", name=op.f(f"ck_{table}_currency_length")),
        sa.CheckConstraint("char_length(source) <= 300", name=op.f(f"ck_{table}_source_length")),
    ]


def create_triggers() -> None:
    rows = {"INSERT": "NEW TABLE AS new_rows", "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows"}
    rows["DELETE"] = "OLD TABLE AS old_rows"
    for table in TABLES:
        for event, tables in rows.items():
            op.execute(
                f"CREATE TRIGGER count_{event.lower()} AFTER {event} ON {table} REFERENCING {tables}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION crm_count_{table}()"
            )
    op.execute(
        f"CREATE TRIGGER count_insert AFTER INSERT ON lead_stays REFERENCING {rows['INSERT']}"
        " FOR EACH STATEMENT EXECUTE FUNCTION crm_count_stays()"
    )
    for event, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER keep_{each.lower()} BEFORE {event} ON lead_stays FOR EACH {each}"
            " EXECUTE FUNCTION crm_keep_history()"
        )
    op.execute(
        "CREATE TRIGGER remember_furthest BEFORE UPDATE ON leads FOR EACH ROW"
        " WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION crm_remember_furthest()"
    )


def downgrade() -> None:
    for table in TABLES:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER count_{event} ON {table}")
    op.execute("DROP TRIGGER remember_furthest ON leads")
    op.drop_index("ix_activities_happened", "activities")
    op.execute("DROP FUNCTION crm_count_rows")
    for table in ("lead_stays", "counts", "count_deltas"):
        op.drop_table(table)
    op.execute(f"DROP FUNCTION {', '.join(name for name in reversed(FUNCTIONS) if name != 'crm_count_rows')}")
    op.execute(LEAVE_OUT.format(before=f"{KNOWN},furthest_status", after=KNOWN))
    op.drop_column("leads", "furthest_status")
