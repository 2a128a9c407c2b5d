"""Labels of columns."""

LABELS = {
    "amount": "Amount",
    "assignee_id": "Assigned to",
    "body": "Details",
    "closed_at": "Closed",
    "created_at": "Created",
    "created_by_id": "Created by",
    "created_from_lead_id": "Created from lead",
    "customer_id": "Customer",
    "deleted_at": "Moved to trash",
    "deleted_by_id": "Moved to trash by",
    "done_at": "Done",
    "due_on": "Due date",
    "due_time": "Due time",
    "email": "Email",
    "expected_close_on": "Expected close",
    "external_id": "External ID",
    "external_system": "External system",
    "has_second_factor": "Second factor",
    "happened_at": "Date and time",
    "id": "ID",
    "is_active": "Active",
    "is_primary": "Primary contact",
    "kind": "Type",
    "lead_id": "Lead",
    "locale": "Numbers and dates",
    "chosen_start_page": "Start page",
    "uses_keys": "Keyboard shortcuts",
    "lost_note": "Lost note",
    "lost_reason": "Lost reason",
    "manager_id": "Manager",
    "merged_into_id": "Merged into",
    "mobile_e164": "Mobile (international format)",
    "owner_id": "Owner",
    "parent_id": "Parent company",
    "per_euro": "One euro is",
    "phone_e164": "Phone (international format)",
    "recurrence": "Repeats",
    "remind_at": "Reminder",
    "updated_at": "Updated",
    "updated_by_id": "Updated by",
    "valid_on": "Date of the rate",
    "vat_number": "VAT number",
}
"""The label of a column, where it is not just the column's name in words."""


def label_of(column: str) -> str:
    """Return the label of a column, such as ``VAT number`` for ``vat_number``."""
    return LABELS.get(column) or column.replace("_", " ").capitalize()
