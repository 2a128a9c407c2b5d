"""Keep views of lists under a name; know when something was last noted on a record; order by owner, country and more.

The latest activity stands in a narrow table of its own, which triggers keep: noting a call neither writes a new version
of a wide row nor waits for whoever edits it.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "014"
down_revision = "013"
branch_labels = None
depends_on = None

ACTOR = sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint")
LIVE = sa.text("deleted_at IS NULL")
INDEXES = {
    "ix_leads_owner": ("leads", "coalesce(owner_id, 0)"),
    "ix_leads_country": ("leads", "coalesce(country, '')"),
    "ix_leads_industry": ("leads", "(coalesce(lower(industry), '') COLLATE \"C\")"),
    "ix_customers_owner": ("customers", "coalesce(owner_id, 0)"),
    "ix_customers_country": ("customers", "coalesce(billing_country, '')"),
    "ix_customers_industry": ("customers", "(coalesce(lower(industry), '') COLLATE \"C\")"),
    "ix_customers_city": ("customers", "(coalesce(lower(billing_city), '') COLLATE \"C\")"),
    "ix_customers_status": ("customers", "status"),
}

# Only with the bare column beside it can an index by an expression answer without a look at the rows.
INCLUDED = {
    "ix_leads_owner": ["owner_id"],
    "ix_leads_country": ["country"],
    "ix_leads_industry": ["industry"],
    "ix_leads_source": ["source"],
    "ix_leads_amount": ["amount", "currency"],
    "ix_leads_expected_close": ["expected_close_on", "status"],
}
# Without these the planner takes half a percent for the share of every country, owner or industry.
STATISTICS = {
    "leads_owner": ("leads", "(coalesce(owner_id, 0))"),
    "leads_source": ("leads", "(coalesce(source, ''))"),
    "leads_country": ("leads", "(coalesce(country, ''))"),
    "leads_industry": ("leads", "(coalesce(lower(industry), '') COLLATE \"C\")"),
    "leads_amount": ("leads", "(coalesce(amount, -1))"),
    "leads_expected_close": ("leads", "(coalesce(expected_close_on, '0001-01-01'::date))"),
    "lead_touches_at": ("lead_touches", "(coalesce(at, '0001-01-01 00:00:00+00'::timestamptz))"),
    "customers_owner": ("customers", "(coalesce(owner_id, 0))"),
    "customers_country": ("customers", "(coalesce(billing_country, ''))"),
    "customers_industry": ("customers", "(coalesce(lower(industry), '') COLLATE \"C\")"),
    "customer_touches_at": ("customer_touches", "(coalesce(at, '0001-01-01 00:00:00+00'::timestamptz))"),
}
UNCHANGED = {
    "ix_leads_amount": "coalesce(amount, -1)",
    "ix_leads_expected_close": "coalesce(expected_close_on, '0001-01-01'::date)",
}
OLD_STATUS = """
(CASE status WHEN 'new' THEN 0 WHEN 'contacted' THEN 1 WHEN 'qualified' THEN 2 WHEN 'proposal' THEN 3
WHEN 'negotiation' THEN 4 WHEN 'on_hold' THEN 5 WHEN 'won' THEN 6 WHEN 'lost' THEN 7 WHEN 'disqualified' THEN 8 END)
"""
OLD_SOURCE = "(coalesce(lower(source), '') COLLATE \"C\")"
FILTERED = [
    "status",
    "owner_id",
    "source",
    "industry",
    "country",
    "currency",
    "amount",
    "expected_close_on",
    "created_at",
    "closed_at",
]

BEGIN = """
CREATE FUNCTION crm_begin_touches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'leads' THEN
        INSERT INTO lead_touches (lead_id) SELECT id FROM new_rows ORDER BY id;
    ELSE
        INSERT INTO customer_touches (customer_id) SELECT id FROM new_rows ORDER BY id;
    END IF;
    RETURN NULL;
END
$$
"""

# Locked in a statement of its own: the next one then also sees what another transaction has noted meanwhile.
LOOK_AGAIN = """
CREATE FUNCTION crm_look_for_last_activity(lead_ids bigint[], customer_ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM lead_touches WHERE lead_id = ANY (lead_ids) ORDER BY lead_id FOR UPDATE;
    UPDATE lead_touches t SET at = n.at FROM (
        SELECT w.id, (SELECT max(happened_at) FROM activities WHERE lead_id = w.id) AS at FROM unnest(lead_ids) w (id)
    ) n WHERE t.lead_id = n.id AND t.at IS DISTINCT FROM n.at;
    PERFORM 1 FROM customer_touches WHERE customer_id = ANY (customer_ids) ORDER BY customer_id FOR UPDATE;
    UPDATE customer_touches t SET at = n.at FROM (
        SELECT w.id, greatest(
            (SELECT max(happened_at) FROM activities WHERE customer_id = w.id),
            (SELECT max(lt.at) FROM leads l JOIN lead_touches lt ON lt.lead_id = l.id
             WHERE l.customer_id = w.id AND l.deleted_at IS NULL)) AS at
        FROM unnest(customer_ids) w (id)
    ) n WHERE t.customer_id = n.id AND t.at IS DISTINCT FROM n.at;
END
$$
"""

NOTED = """
CREATE FUNCTION crm_note_last_activity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lead_touches t SET at = n.at FROM (
        SELECT lead_id, max(happened_at) AS at FROM new_rows WHERE lead_id IS NOT NULL GROUP BY lead_id
    ) n WHERE t.lead_id = n.lead_id AND (t.at IS NULL OR t.at < n.at);
    UPDATE customer_touches t SET at = n.at FROM (
        SELECT coalesce(a.customer_id, l.customer_id) AS id, max(a.happened_at) AS at
        FROM new_rows a LEFT JOIN leads l ON l.id = a.lead_id AND l.deleted_at IS NULL GROUP BY 1
    ) n WHERE t.customer_id = n.id AND (t.at IS NULL OR t.at < n.at);
    RETURN NULL;
END
$$
"""

CHANGED = """
CREATE FUNCTION crm_change_last_activity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lead_ids bigint[];
    customer_ids bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT a.lead_id), array_agg(DISTINCT coalesce(a.customer_id, l.customer_id))
        INTO lead_ids, customer_ids FROM old_rows a LEFT JOIN leads l ON l.id = a.lead_id;
    ELSE
        SELECT array_agg(DISTINCT a.lead_id), array_agg(DISTINCT coalesce(a.customer_id, l.customer_id))
        INTO lead_ids, customer_ids
        FROM (
            SELECT unnest(ARRAY[o.lead_id, n.lead_id]) AS lead_id,
                unnest(ARRAY[o.customer_id, n.customer_id]) AS customer_id
            FROM old_rows o JOIN new_rows n USING (id)
            WHERE (o.happened_at, o.lead_id, o.customer_id) IS DISTINCT FROM (n.happened_at, n.lead_id, n.customer_id)
        ) a LEFT JOIN leads l ON l.id = a.lead_id;
    END IF;
    IF lead_ids IS NOT NULL THEN
        PERFORM crm_look_for_last_activity(lead_ids, customer_ids);
    END IF;
    RETURN NULL;
END
$$
"""

# A customer's latest activity may be one on its leads: when they come, go, or are trashed, it is looked for again.
MOVED = """
CREATE FUNCTION crm_move_last_activity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    customer_ids bigint[];
BEGIN
    SELECT array_agg(DISTINCT c.id) INTO customer_ids
    FROM old_rows o JOIN new_rows n USING (id), LATERAL unnest(ARRAY[o.customer_id, n.customer_id]) AS c (id)
    WHERE c.id IS NOT NULL
        AND (o.customer_id IS DISTINCT FROM n.customer_id OR (o.deleted_at IS NULL) <> (n.deleted_at IS NULL));
    IF customer_ids IS NOT NULL THEN
        PERFORM crm_look_for_last_activity('{}', customer_ids);
    END IF;
    RETURN NULL;
END
$$
"""

FILL = (
    "INSERT INTO lead_touches SELECT l.id, (SELECT max(happened_at) FROM activities WHERE lead_id = l.id)"
    " FROM leads l ORDER BY l.id",
    "INSERT INTO customer_touches SELECT c.id, greatest("
    "(SELECT max(happened_at) FROM activities WHERE customer_id = c.id),"
    " (SELECT max(t.at) FROM leads l JOIN lead_touches t ON t.lead_id = l.id"
    " WHERE l.customer_id = c.id AND l.deleted_at IS NULL)) FROM customers c ORDER BY c.id",
)

TRIGGERS = (
    ("leads", "INSERT", "NEW TABLE AS new_rows", "crm_begin_touches"),
    ("customers", "INSERT", "NEW TABLE AS new_rows", "crm_begin_touches"),
    ("leads", "UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows", "crm_move_last_activity"),
    ("activities", "INSERT", "NEW TABLE AS new_rows", "crm_note_last_activity"),
    ("activities", "UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows", "crm_change_last_activity"),
    ("activities", "DELETE", "OLD TABLE AS old_rows", "crm_change_last_activity"),
)
FUNCTIONS = (BEGIN, LOOK_AGAIN, NOTED, CHANGED, MOVED)


def upgrade() -> None:
    op.add_column("employees", sa.Column("uses_keys", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    make_views()
    for table, record in (("lead_touches", "leads"), ("customer_touches", "customers")):
        key = f"{record.removesuffix('s')}_id"
        op.create_table(
            table,
            sa.Column(key, sa.BigInteger(), nullable=False),
            sa.Column("at", sa.DateTime(timezone=True), nullable=True),
            sa.ForeignKeyConstraint([key], [f"{record}.id"], name=op.f(f"fk_{table}_{key}"), ondelete="CASCADE"),
            sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
        )
    for statement in (*FILL, *FUNCTIONS):
        op.execute(statement)
    for table, record in (("lead_touches", "lead"), ("customer_touches", "customer")):
        at = sa.text("coalesce(at, '0001-01-01 00:00:00+00'::timestamptz)")
        op.create_index(f"ix_{table}_at", table, [at, f"{record}_id"])
    for table, event, rows, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER last_activity_{event.lower()} AFTER {event} ON {table} REFERENCING {rows}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
    for name, (table, key) in INDEXES.items():
        included = INCLUDED.get(name, [])
        op.create_index(name, table, [sa.text(key), "id"], postgresql_where=LIVE, postgresql_include=included)
    replace("status", "coalesce(source, '')", FILTERED)
    for name, (table, expression) in STATISTICS.items():
        op.execute(f"CREATE STATISTICS st_{name} ON {expression} FROM {table}")


def replace(status: str, source: str, filtered: list[str]) -> None:
    """Let the orders by status and source find them too, and put what lists are filtered by beside the latest."""
    keys = {"ix_leads_status": status, "ix_leads_source": source} | UNCHANGED
    for name, key in keys.items():
        op.drop_index(name, "leads")
        included = INCLUDED[name] if name in INCLUDED and filtered else []
        op.create_index(name, "leads", [sa.text(key), "id"], postgresql_where=LIVE, postgresql_include=included)
    op.drop_index("ix_leads_updated", "leads")
    op.create_index(
        "ix_leads_updated", "leads", ["updated_at", "id"], postgresql_where=LIVE, postgresql_include=filtered
    )


def make_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), server_default=ACTOR, nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), server_default=ACTOR, nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("list IN ('leads', 'customers')", name=op.f("ck_saved_views_list_known")),
        sa.CheckConstraint("char_length(name) <= 50", name=op.f("ck_saved_views_name_length")),
        sa.CheckConstraint("char_length(address) <= 4000", name=op.f("ck_saved_views_address_length")),
        *(
            sa.ForeignKeyConstraint([name], ["employees.id"], name=op.f(f"fk_saved_views_{name}"), ondelete="RESTRICT")
            for name in ("owner_id", "created_by_id", "updated_by_id", "deleted_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("id", "list", name=op.f("uq_saved_views_id_list")),
    )
    for name in ("owner_id", "created_by_id", "updated_by_id", "deleted_by_id"):
        op.create_index(f"ix_saved_views_{name}", "saved_views", [name])
    by_name: list[Any] = ["owner_id", "list", sa.text("lower(name)")]
    op.create_index("uq_saved_views_name", "saved_views", by_name, unique=True, postgresql_where=LIVE)
    shared = sa.text("is_shared AND deleted_at IS NULL")
    op.create_index("ix_saved_views_shared", "saved_views", ["list"], postgresql_where=shared)
    op.execute("CREATE TRIGGER touch BEFORE UPDATE ON saved_views FOR EACH ROW EXECUTE FUNCTION crm_touch()")
    op.create_table(
        "view_choices",
        sa.Column("employee_id", sa.BigInteger(), nullable=False),
        sa.Column("view_id", sa.BigInteger(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("is_pinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("list IN ('leads', 'customers')", name=op.f("ck_view_choices_list_known")),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_view_choices_employee_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["view_id", "list"],
            ["saved_views.id", "saved_views.list"],
            name=op.f("fk_view_choices_view_id_list"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("employee_id", "view_id", name=op.f("pk_view_choices")),
    )
    op.create_index("ix_view_choices_view", "view_choices", ["view_id"])
    op.create_index(
        "uq_view_choices_default",
        "view_choices",
        ["employee_id", "list"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )


def downgrade() -> None:
    for name in STATISTICS:
        op.execute(f"DROP STATISTICS st_{name}")
    replace(OLD_STATUS, OLD_SOURCE, [])
    for name, (table, _key) in INDEXES.items():
        op.drop_index(name, table)
    for table, event, _rows, _function in TRIGGERS:
        op.execute(f"DROP TRIGGER last_activity_{event.lower()} ON {table}")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function.split()[2].partition('(')[0]}")
    for table in ("customer_touches", "lead_touches", "view_choices", "saved_views"):
        op.drop_table(table)
    op.drop_column("employees", "uses_keys")
