"""Labels of columns."""

LABELS = {
    "amount": "Amount",
    "assignee_id": "Assignee",
    "body": "Text",
    "closed_at": "Closed",
    "created_from_lead_id": "Made from lead",
    "customer_id": "Customer",
    "deleted_at": "In the trash since",
    "deleted_by_id": "Moved to the trash by",
    "done_at": "Done",
    "due_on": "Due",
    "email": "E-mail",
    "expected_close_on": "Expected close",
    "external_id": "Number in the other system",
    "external_system": "Other system",
    "happened_at": "When",
    "is_active": "Active",
    "is_primary": "First one to call",
    "kind": "Kind",
    "lead_id": "Lead",
    "locale": "Numbers and dates",
    "uses_keys": "Single keys",
    "lost_note": "Why, in words",
    "lost_reason": "Lost because",
    "manager_id": "Manager",
    "owner_id": "Owner",
    "parent_id": "Parent company",
    "vat_number": "VAT number",
}
"""The label of a column, where it is not just the column's name in words."""


def label_of(column: str) -> str:
    """Return the label of a column, such as ``VAT number`` for ``vat_number``."""
    return LABELS.get(column) or column.replace("_", " ").capitalize()
