"""Everything that refers to a record moves with a merge, or is known to stay: whatever the catalog lists."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.merging.operations import REFERRING
from crm_web.models import RecordKind

REFERENCES = """
    SELECT DISTINCT k.conrelid::regclass || '.' || a.attname FROM pg_constraint k
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND k.confrelid IN ('leads'::regclass, 'customers'::regclass, 'contacts'::regclass)
    UNION SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
        AND c.column_name ~ '(^|_)(lead|customer|contact|record|entity|kept|other)_id$'"""
"""The foreign keys, and columns named like one: logs refer to records that may be gone."""
STAYS = {
    "leads.merged_into_id": "the merge itself",
    "customers.merged_into_id": "the merge itself",
    "contacts.merged_into_id": "the merge itself",
    "customers.created_from_lead_id": "which lead made it; a lead with an active conversion is never merged away",
    "conversions.lead_id": "only undone conversions are left to a merged lead, and they are its story",
    "lead_last_activity.lead_id": "triggers keep it with the activities",
    "customer_last_activity.customer_id": "triggers keep it with the activities",
    "lead_status_history.lead_id": "the story of the lead that was merged",
    "changes.entity_id": "the story of the record that was merged",
    "record_merges.kept_id": "an earlier merge, which is undone after this one",
    "mentions.lead_id": "the note that mentions somebody stays with the record that was merged",
    "mentions.customer_id": "the note that mentions somebody stays with the record that was merged",
    "notifications.entity_id": "it names the record as history does",
    "duplicate_keys.record_id": "the worker compares the records again",
    "duplicate_pairs.record_id": "the worker compares the records again",
    "duplicate_pairs.other_id": "the worker compares the records again",
    "erasures.record_id": "whom the worker is to erase: all records that were merged with it are theirs",
    "duplicate_scan.record_id": "a place in the search",
    "import_results.lead_id": "a receipt; its link leads to the record that stayed",
    "import_results.customer_id": "a receipt; its link leads to the record that stayed",
    "import_results.contact_id": "a receipt; its link leads to the record that stayed",
    "bulk_items.record_id": "a receipt; its link leads to the record that stayed",
}
"""What a merge does not move, each with the reason."""


def test_every_reference_moves_or_is_known_to_stay(session: Session) -> None:
    found = set(session.scalars(text(REFERENCES)))
    moved = {f"{model.__tablename__}.{column}" for pairs in REFERRING.values() for model, column in pairs}
    assert found == moved | set(STAYS), "Move it in REFERRING, or say in STAYS why it stays."
    assert not moved & set(STAYS) and set(REFERRING) == set(RecordKind)
