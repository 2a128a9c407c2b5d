"""The statement that changes known leads: they take what they lack from their rows, or all that the rows say.

It also notes what it changed, and where a row differs from a lead that stays as it is.
"""

from collections.abc import Mapping
from string import Template

from crm_web.imports.columns import FIELDS, PAIRS
from crm_web.winning.mapping import SQL

MAKE_CUSTOMERS = Template("""
    INSERT INTO customers (id, created_from_lead_id, created_at, $customer_columns) OVERRIDING SYSTEM VALUE
    SELECT customer_id, lead_id, since, $customer_values FROM merged WHERE makes_customer
""").substitute(SQL)

ADDRESS = ("street", "city", "state", "postal_code", "country")
# The keys between a won lead and its customer point both ways: only one statement that writes both satisfies them.
_CHANGE = Template("""
WITH held AS MATERIALIZED (
    SELECT l.* FROM leads l WHERE l.id = ANY (ARRAY(SELECT lead_id FROM import_plan
        WHERE action = 'known' AND place = %(place)s AND line BETWEEN %(first)s AND %(last)s))
    ORDER BY l.id FOR NO KEY UPDATE
), merged AS MATERIALIZED (
    SELECT p.line, p.lead_id, coalesce(l.customer_id, w.customer_id, p.customer_id) AS customer_id, w.makes_customer,
        w.closed_at AS since, n.*,
        jsonb_strip_nulls(jsonb_build_object($changes)) AS changes,
        jsonb_strip_nulls(jsonb_build_object($kept)) AS kept
    FROM import_plan p JOIN import_rows r USING (line) JOIN held l ON l.id = p.lead_id
    LEFT JOIN import_wins w USING (line)
    LEFT JOIN lead_sources s ON lower(s.name) = lower(r.source)
    LEFT JOIN import_owners o ON o.word = r.owner
    CROSS JOIN LATERAL (
        SELECT coalesce(r.closed_at, now()) AS closed_at, $same_place AS same_place, $moves AS moves,
            CASE WHEN r.owner IS NULL THEN %(owner)s ELSE o.employee_id END AS owner_id
    ) t
    CROSS JOIN LATERAL (SELECT $values) n
    WHERE p.action = 'known' AND p.place = %(place)s AND p.line BETWEEN %(first)s AND %(last)s
        AND r.line BETWEEN %(first)s AND %(last)s
    ORDER BY p.line
), made AS ($make_customers), noted AS (
    UPDATE import_plan p SET changes = m.changes, kept = m.kept, outcome = CASE WHEN m.changes = '{}' THEN 'same'
        WHEN jsonb_path_exists(m.changes, '$$.*[0] ? (@ != null)') THEN 'updated' ELSE 'filled' END
    FROM merged m WHERE p.line = m.line AND (m.changes <> '{}' OR m.kept <> '{}')
)
UPDATE leads l SET customer_id = m.customer_id, $sets
FROM merged m WHERE m.changes <> '{}' AND l.id = m.lead_id AND l.id = ANY (ARRAY(SELECT lead_id FROM merged))
""")
_CHANGE_RECORDS = Template("""
WITH held AS MATERIALIZED (
    SELECT l.* FROM $table l WHERE l.id = ANY (ARRAY(SELECT $id FROM import_plan
        WHERE action = 'known' AND place = %(place)s AND line BETWEEN %(first)s AND %(last)s))
    ORDER BY l.id FOR NO KEY UPDATE
), merged AS MATERIALIZED (
    SELECT p.line, l.id, n.*, jsonb_strip_nulls(jsonb_build_object($changes)) AS changes,
        jsonb_strip_nulls(jsonb_build_object($kept)) AS kept
    FROM import_plan p JOIN $view USING (line) JOIN held l ON l.id = p.$id
    CROSS JOIN LATERAL (SELECT $same_place AS same_place) t
    CROSS JOIN LATERAL (SELECT $values) n
    WHERE p.action = 'known' AND p.place = %(place)s
), noted AS (
    UPDATE import_plan p SET changes = coalesce(p.changes, '{}') || m.changes, kept = coalesce(p.kept, '{}') || m.kept,
        outcome = CASE WHEN coalesce(p.changes, '{}') || m.changes = '{}' THEN 'same'
        WHEN jsonb_path_exists(coalesce(p.changes, '{}') || m.changes, '$$.*[0] ? (@ != null)') THEN 'updated'
        ELSE 'filled' END
    FROM merged m WHERE p.line = m.line AND (m.changes <> '{}' OR m.kept <> '{}')
)
UPDATE $table l SET $sets FROM merged m WHERE m.changes <> '{}' AND l.id = m.id
""")
_CLOSED = "('won', 'lost', 'disqualified')"
_DIFFERENT = " OR ".join(f"coalesce(crm_fold(l.{name}) <> crm_fold(r.{name}), false)" for name in ADDRESS)
# A status goes on to what the file says only where nobody has changed it here; an update takes any.
_MOVES = {
    False: "(l.status_changed_at = l.created_at AND l.status <> 'on_hold' AND"
    f" l.status NOT IN {_CLOSED} AND crm_status_place(r.status) > crm_status_place(l.status))",
    True: "(l.status <> 'won' AND r.status <> l.status)",
}
_SHOWN = (*(name for name in FIELDS if not name.endswith("_e164")), "last_name", "amount", "currency", "source")


def update_leads(*, updates: bool) -> str:
    """Build the statement for one batch of rows, each about another lead.

    :param updates: whether leads take over what rows say, and not only what they lack
    """
    values = _list_values(updates)
    changes = {name: differ(f"l.{name}", f"n.{name}") for name in (*_SHOWN, "status")}
    changes |= {"owner": differ(_name_owner("l"), _name_owner("n"))}
    changes |= {"created_at": f"CASE WHEN NOT p.closes THEN {differ('l.created_at', 'n.created_at')} END"}
    kept = {name: keep(f"n.{name}", f"r.{name}") for name in _SHOWN}
    kept |= {name: keep(f"n.{name}", f"r.{name}", f"r.{name}_e164 <> n.{name}_e164") for name in set(PAIRS.values())}
    kept |= {
        "source": keep("n.source", "s.name"),
        "status": keep("n.status", "r.status", "r.has_status"),
    }
    return _CHANGE.substitute(
        changes=as_object(changes),
        kept=as_object(kept),
        same_place=f"NOT ({_DIFFERENT})",
        moves=f"p.closes OR r.has_status AND r.status NOT IN {_CLOSED} AND {_MOVES[updates]}",
        values=", ".join(f"{value} AS {name}" for name, value in values.items()),
        sets=", ".join(f"{name} = m.{name}" for name in values),
        make_customers=MAKE_CUSTOMERS,
    )


def change_records(
    table: str,
    key: str,
    view: str,
    values: Mapping[str, str],
    *,
    changes: Mapping[str, str],
    kept: Mapping[str, str],
    same_place: str = "true",
) -> str:
    """Build the statement for one batch of rows about known records of another table, each about another record.

    :param key: the column of ``import_plan`` that has their ids
    :param view: the rows of the batch, named ``r``; the records are ``l``
    :param values: what each column becomes; in ``changes`` and ``kept`` that is ``n``
    :param same_place: whether row and record have one address, for ``values``
    """
    return _CHANGE_RECORDS.substitute(
        table=table,
        id=key,
        view=view,
        same_place=same_place,
        values=", ".join(f"{value} AS {name}" for name, value in values.items()),
        sets=", ".join(f"{name} = m.{name}" for name in values),
        changes=as_object(changes),
        kept=as_object(kept),
    )


def _list_values(updates: bool) -> dict[str, str]:
    """What each column becomes."""
    closed = "CASE WHEN p.closes THEN {0} WHEN t.moves THEN NULL ELSE l.{1} END"
    owner = "coalesce(o.employee_id, l.owner_id, t.owner_id)" if updates else "coalesce(l.owner_id, t.owner_id)"
    return {
        **{name: _fill(name, updates) for name in FIELDS},
        # A lead without a name was given its id for one.
        "last_name": take("nullif(l.last_name, l.external_id)", "r.last_name", updates, ", l.last_name"),
        "amount": take("l.amount", "r.amount", updates),
        "currency": f"CASE WHEN r.amount IS NOT NULL AND (l.amount IS NULL OR {updates}) THEN r.currency"
        " ELSE coalesce(l.currency, r.currency) END",
        "source": take("l.source", "s.name", updates),
        "owner_id": owner,
        "status": "CASE WHEN t.moves THEN r.status ELSE l.status END",
        "status_changed_at": "CASE WHEN p.closes THEN t.closed_at WHEN t.moves THEN now() ELSE l.status_changed_at END",
        "lost_reason": closed.format("r.lost_reason", "lost_reason"),
        "lost_note": closed.format("r.lost_note", "lost_note"),
        "closed_at": closed.format("t.closed_at", "closed_at"),
        "created_at": _created_at(updates),
    }


def _created_at(updates: bool) -> str:
    """A first contact “on 5 March” stands at noon; if the lead was won that morning, it began by then."""
    same_day = "(l.created_at AT TIME ZONE 'UTC')::date = (t.closed_at AT TIME ZONE 'UTC')::date"
    # Files have no parts of seconds.
    other = "CASE WHEN r.created_at <> date_trunc('second', l.created_at) THEN r.created_at END"
    created = f"coalesce({other}, l.created_at)" if updates else "l.created_at"
    return f"CASE WHEN p.closes AND {same_day} THEN least(l.created_at, t.closed_at) ELSE {created} END"


def take(here: str, there: str, updates: bool, last: str = "") -> str:
    """What a field becomes: what is here, or else what the row says; for an update the other way round."""
    return f"coalesce({there}, {here}{last})" if updates else f"coalesce({here}, {there}{last})"


def _fill(name: str, updates: bool) -> str:
    """What a field becomes; of a pair both or neither, and no address is put together of two."""
    if name in PAIRS:
        taken = f"r.{PAIRS[name]} IS NOT NULL" if updates else f"l.{PAIRS[name]} IS NULL"
        return f"CASE WHEN {taken} THEN r.{name} ELSE l.{name} END"
    taken = take(f"l.{name}", f"r.{name}", updates)
    return f"CASE WHEN t.same_place THEN {taken} ELSE l.{name} END" if name in ADDRESS and not updates else taken


def differ(old: str, new: str) -> str:
    """The old and the new value as JSON, if they differ."""
    return f"CASE WHEN {new} IS DISTINCT FROM {old} THEN jsonb_build_array({old}, {new}) END"


def keep(here: str, there: str, if_also: str = "true") -> str:
    """Both values as JSON, if the row differs by more than case and accents."""
    differs = f"crm_fold({here}::text) <> crm_fold({there}::text) AND {if_also}"
    return f"CASE WHEN {differs} THEN jsonb_build_array({here}, {there}) END"


def _name_owner(table: str) -> str:
    return f"(SELECT e.name FROM employees e WHERE e.id = {table}.owner_id)"  # noqa: S608


def as_object(pairs: Mapping[str, str]) -> str:
    """The arguments of ``jsonb_build_object``."""
    return ", ".join(f"'{name}', {value}" for name, value in pairs.items())
