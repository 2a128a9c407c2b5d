"""The undo of an import: what it made goes to the trash, what it changed becomes as it was; what changed since is left.

History knows by the import's transaction what it made and changed, so nothing has to be kept for the undo.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import text, update

from crm_web.core.clock import now
from crm_web.core.database import raw_cursor
from crm_web.core.extensions import db
from crm_web.imports.stored.progress import ProgressNotes
from crm_web.leads.operations import restore_status
from crm_web.models import Activity, Contact, Conversion, Customer, Employee, Import, Lead, LeadStatus
from crm_web.records.batch import batch_of
from crm_web.records.merging import is_same
from crm_web.records.phones import PhoneRefused, parse_phone_columns
from crm_web.records.serialization import from_history

TRASHED_AT_ONCE = 5_000
REVERTED_AT_ONCE = 500
Revert = Callable[[Any, int, Mapping[str, tuple[Any, Any]], Employee], str | None]
"""Gives a record its old values; returns what stays as it is."""
OF_STATUS = ("status", "lost_reason", "lost_note", "closed_at", "customer_id")

_COLLECT = """
CREATE TEMPORARY TABLE undo_records ON COMMIT DROP AS
SELECT entity, entity_id AS id, max(version) AS version, bool_or(action = 'created') AS is_new, NULL::text AS reason
FROM changes WHERE xact = (SELECT xact FROM imports WHERE id = :import_id)
    AND entity IN ('lead', 'customer', 'contact', 'activity')
GROUP BY entity, entity_id;
CREATE UNIQUE INDEX ON undo_records (entity, id);
ANALYZE undo_records;
"""
_LOCK = """
SELECT FROM {table} WHERE id IN (SELECT id FROM undo_records WHERE entity = '{entity}') ORDER BY id FOR NO KEY UPDATE
"""
_DELETE_ACTIVITIES = """
DELETE FROM activities a USING undo_records u
WHERE u.entity = 'activity' AND u.is_new AND u.id = a.id AND u.version = a.version
    AND NOT EXISTS (SELECT FROM files f WHERE f.activity_id = a.id)
"""
_LEAVE_ACTIVITIES = """
UPDATE undo_records u SET reason = CASE WHEN u.version = a.version THEN 'The activity has files.'
    ELSE 'The activity changed since.' END
FROM activities a
WHERE u.entity = 'activity' AND u.is_new AND u.id = a.id
"""
# Of a lead that it changed the fields decide one by one; of one that it won, the lead as a whole.
_LEAVE_LEADS = """
UPDATE undo_records u SET reason = CASE
    WHEN l.id IS NULL THEN 'The lead was permanently deleted.'
    WHEN u.is_new AND l.version <> u.version THEN 'The lead changed since.'
    WHEN u.is_new THEN 'The lead has activities.' END
FROM undo_records same LEFT JOIN leads l ON l.id = same.id
WHERE same.entity = 'lead' AND u.entity = 'lead' AND u.id = same.id AND (
    l.id IS NULL OR u.is_new AND l.deleted_at IS NULL AND (
        l.version <> u.version OR EXISTS (SELECT FROM activities a WHERE a.lead_id = l.id)))
"""
_LEAVE_CUSTOMERS = """
UPDATE undo_records u SET reason = CASE
    WHEN c.version <> u.version THEN 'Customer ' || c.number || ' changed since.'
    ELSE 'Customer ' || c.number || ' is in use.' END
FROM customers c
WHERE u.entity = 'customer' AND u.is_new AND u.reason IS NULL AND c.id = u.id AND c.deleted_at IS NULL AND (
    c.version <> u.version
    OR EXISTS (SELECT FROM activities a WHERE a.customer_id = c.id)
    OR EXISTS (SELECT FROM customers child WHERE child.parent_id = c.id AND child.deleted_at IS NULL AND NOT EXISTS (
        SELECT FROM undo_records o
        WHERE o.entity = 'customer' AND o.id = child.id AND o.is_new AND o.reason IS NULL))
    OR EXISTS (SELECT FROM contacts p LEFT JOIN undo_records o ON o.entity = 'contact' AND o.id = p.id
        WHERE p.customer_id = c.id AND p.deleted_at IS NULL AND (o.id IS NULL OR o.version <> p.version))
    OR EXISTS (SELECT FROM leads l WHERE l.customer_id = c.id AND l.deleted_at IS NULL))
"""
_LIST_NEW = """
SELECT u.id FROM undo_records u WHERE u.entity = :entity AND u.is_new AND u.reason IS NULL AND u.id > :after
ORDER BY u.id LIMIT :limit
"""
# Without the id that it has in the other system, so that the file can be imported again.
_TRASH_LEADS = """
UPDATE leads SET deleted_at = now(), deleted_by_id = :by, external_system = NULL, external_id = NULL
WHERE id = ANY (:ids) AND deleted_at IS NULL
"""
_TRASH_CUSTOMERS = """
UPDATE customers SET deleted_at = now(), deleted_by_id = :by WHERE id = ANY (:ids) AND deleted_at IS NULL
"""
# The people of a customer that stays, stay too, if they came with it.
_LEAVE_CONTACTS = """
UPDATE undo_records u SET reason = CASE WHEN p.version <> u.version THEN 'The contact changed since.'
    ELSE 'Its customer stays.' END
FROM contacts p LEFT JOIN undo_records c ON c.entity = 'customer' AND c.id = p.customer_id
WHERE u.entity = 'contact' AND u.is_new AND u.id = p.id AND p.deleted_at IS NULL
    AND (p.version <> u.version OR c.is_new AND c.reason IS NOT NULL)
"""
_TRASH_CONTACTS = """
UPDATE contacts SET deleted_at = now(), deleted_by_id = :by WHERE id = ANY (:ids) AND deleted_at IS NULL
"""
_LIST_CHANGED = """
SELECT u.id, u.version, array_agg(c.fields ORDER BY c.id) AS changes
FROM undo_records u JOIN changes c ON c.entity = u.entity AND c.entity_id = u.id
    AND c.xact = (SELECT xact FROM imports WHERE id = :import_id)
WHERE u.entity = :entity AND NOT u.is_new AND u.reason IS NULL AND u.id > :after
GROUP BY u.id, u.version ORDER BY u.id LIMIT :limit
"""
_FORGET_IDS = """
DELETE FROM external_ids WHERE xact = (SELECT xact FROM imports WHERE id = :import_id)
"""
_GONE = "It was permanently deleted."
_LEAVE = "UPDATE undo_records SET reason = :reason WHERE entity = :entity AND id = :id"
_NOTE_RESULTS = """
UPDATE import_results r SET undo_outcome = CASE WHEN f.reason = '' THEN 'undone' ELSE 'left' END,
    undo_reason = nullif(f.reason, '')
FROM (
    SELECT r.line, concat_ws(' ', a.reason, p.reason, l.reason,
        CASE WHEN num_nonnulls(r.activity_id, r.contact_id) = 0 THEN c.reason END) AS reason
    FROM import_results r LEFT JOIN undo_records a ON a.entity = 'activity' AND a.id = r.activity_id
    LEFT JOIN undo_records p ON p.entity = 'contact' AND p.id = r.contact_id
    LEFT JOIN undo_records l ON l.entity = 'lead' AND l.id = r.lead_id AND r.activity_id IS NULL
    LEFT JOIN undo_records c ON c.entity = 'customer' AND c.id = r.customer_id
    WHERE r.import_id = :import_id AND r.outcome IN ('created', 'updated', 'filled')
        AND num_nonnulls(a.id, p.id, l.id, CASE WHEN r.lead_id IS NULL THEN c.id END) > 0
) f WHERE r.import_id = :import_id AND r.line = f.line
"""


def take_back(record: Import, file_ids: Sequence[int], *, by: Employee, progress: ProgressNotes) -> None:
    """Undo an import, and record for each row whether that was possible.

    :param record: the first file of an import that is done, locked
    :param file_ids: all its files
    """
    db.session.execute(text("DROP TABLE IF EXISTS pg_temp.undo_records"))
    db.session.execute(text(_COLLECT), {"import_id": record.id})
    for entity, table in (
        ("lead", "leads"),
        ("customer", "customers"),
        ("contact", "contacts"),
        ("activity", "activities"),
    ):
        db.session.execute(text(_LOCK.format(entity=entity, table=table)))
    for statement in (_DELETE_ACTIVITIES, _LEAVE_ACTIVITIES, _LEAVE_LEADS):
        db.session.execute(text(statement))
    _revert_changed("lead", Lead, _revert_lead, record.id, by, progress)
    _revert_changed("customer", Customer, _revert_customer, record.id, by, progress)
    _revert_changed("contact", Contact, _revert_contact, record.id, by, progress)
    _revert_changed("activity", Activity, _revert_activity, record.id, by, progress)
    _move_to_trash("lead", _TRASH_LEADS, by, progress)
    # Whoever stays keeps those above: each pass finds the next ones.
    cursor = raw_cursor()
    cursor.execute(_LEAVE_CUSTOMERS)
    while cursor.rowcount:
        cursor.execute(_LEAVE_CUSTOMERS)
    _move_to_trash("customer", _TRASH_CUSTOMERS, by, progress)
    db.session.execute(text(_LEAVE_CONTACTS))
    _move_to_trash("contact", _TRASH_CONTACTS, by, progress)
    db.session.execute(text(_FORGET_IDS), {"import_id": record.id})
    for import_id in file_ids:
        db.session.execute(text(_NOTE_RESULTS), {"import_id": import_id})


def _move_to_trash(entity: str, statement: str, by: Employee, progress: ProgressNotes) -> None:
    for rows in _in_portions(_LIST_NEW, TRASHED_AT_ONCE, entity=entity):
        db.session.execute(text(statement), {"ids": [row.id for row in rows], "by": by.id})
        progress("Undoing", 0, 0)


def _revert_changed(
    entity: str, model: Any, revert: Revert, import_id: int, by: Employee, progress: ProgressNotes
) -> None:
    for rows in _in_portions(_LIST_CHANGED, REVERTED_AT_ONCE, import_id=import_id, entity=entity):
        records = {
            record.id: record for record in db.session.query(model).filter(model.id.in_([row.id for row in rows]))
        }
        with batch_of(records.values(), by=by):
            left = {
                row.id: revert(records[row.id], row.version, _join(row.changes), by) if row.id in records else _GONE
                for row in rows
            }
        for record_id, reason in left.items():
            if reason:
                db.session.execute(text(_LEAVE), {"entity": entity, "id": record_id, "reason": reason})
        progress("Undoing", 0, 0)


def _in_portions(query: str, limit: int, **values: Any) -> Iterator[Sequence[Any]]:
    after = 0
    while rows := db.session.execute(text(query), {**values, "after": after, "limit": limit}).all():
        after = rows[-1].id
        yield rows


def _join(changes: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, Any]]:
    """Several changes of one lead as one: the value before the first, the value after the last."""
    joined: dict[str, tuple[Any, Any]] = {}
    for fields in changes:
        joined |= {name: (joined[name][0] if name in joined else old, new) for name, (old, new) in fields.items()}
    return joined


def _revert_lead(lead: Lead, version: int, fields: Mapping[str, tuple[Any, Any]], by: Employee) -> str | None:
    """Restore the old values of a lead's fields that still have the new ones; returns what stays as it is."""
    if "status" in fields:
        if lead.version != version:
            return "The lead changed since, so its status stays."
        _revert_status(lead, {name: old for name, (old, _new) in fields.items()}, by)
    rest = {name: values for name, values in fields.items() if "status" not in fields or name not in OF_STATUS}
    return _revert_fields(lead, rest, "country", by)


def _revert_customer(
    customer: Customer, version: int, fields: Mapping[str, tuple[Any, Any]], by: Employee
) -> str | None:
    return _revert_fields(customer, fields, "billing_country", by)


def _revert_contact(contact: Contact, version: int, fields: Mapping[str, tuple[Any, Any]], by: Employee) -> str | None:
    return _revert_fields(contact, fields, "phone_country", by)


def _revert_fields(record: Any, fields: Mapping[str, tuple[Any, Any]], country: str, by: Employee) -> str | None:
    """Restore the old values of fields that still have the new ones; returns what stays as it is."""
    old = _list_old(record, fields)
    try:
        old |= parse_phone_columns(record, old, country=old.get(country, getattr(record, country)), by=by)
    except PhoneRefused as error:
        return error.message
    return _set_all(record, fields, old)


def _revert_activity(
    activity: Activity, version: int, fields: Mapping[str, tuple[Any, Any]], by: Employee
) -> str | None:
    return _set_all(activity, fields, _list_old(activity, fields))


def _list_old(record: Any, fields: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    model = type(record)
    return {
        name: from_history(model, name, values[0])
        for name, values in fields.items()
        if is_same(getattr(record, name), from_history(model, name, values[1]))
    }


def _set_all(record: Any, fields: Mapping[str, tuple[Any, Any]], old: Mapping[str, Any]) -> str | None:
    for name, value in old.items():
        setattr(record, name, value)
    kept = [name for name in fields if name not in old]
    return "Some fields changed since and stay as they are." if kept else None


def _revert_status(lead: Lead, old: Mapping[str, Any], by: Employee) -> None:
    """A lead that the import won loses its conversion with its status."""
    was_won = lead.status is LeadStatus.WON
    kept = {name: old.get(name, getattr(lead, name)) for name in ("lost_reason", "lost_note")}
    closed_at = old["closed_at"] if "closed_at" in old else lead.closed_at and lead.closed_at.isoformat()
    restore_status(lead, {**kept, "status": old["status"], "closed_at": closed_at})
    if "customer_id" in old:
        lead.customer_id = old["customer_id"]
    if was_won:
        undone = update(Conversion).where(Conversion.lead_id == lead.id, Conversion.undone_at.is_(None))
        undone = undone.values(undone_at=now(), undone_by_id=by.id)
        db.session.execute(undone.execution_options(synchronize_session=False))
