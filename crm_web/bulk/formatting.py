"""Formatting of bulk edits."""

from collections.abc import Mapping

from crm_web.bulk.eligibility import label_of_status
from crm_web.models import BulkAction, BulkEdit, BulkEntity

TITLES = {
    (BulkEntity.LEAD, BulkAction.ASSIGN): ("Assign 1 lead", "Assign {count} leads"),
    (BulkEntity.LEAD, BulkAction.SOURCE): ("Set source for 1 lead", "Set source for {count} leads"),
    (BulkEntity.LEAD, BulkAction.TRASH): ("Move 1 lead to trash", "Move {count} leads to trash"),
    (BulkEntity.LEAD, BulkAction.STATUS): ("Move 1 lead to {status}", "Move {count} leads to {status}"),
    (BulkEntity.CUSTOMER, BulkAction.ASSIGN): ("Assign 1 customer", "Assign {count} customers"),
    (BulkEntity.CUSTOMER, BulkAction.TRASH): ("Move 1 customer to trash", "Move {count} customers to trash"),
    (BulkEntity.CUSTOMER, BulkAction.STATUS): ("Move 1 customer to {status}", "Move {count} customers to {status}"),
}
"""What an edit is going to do, to one record and to several."""


def format_title(edit: BulkEdit, count: int) -> str:
    """Describe what an edit is going to do, such as “Assign 12 leads”."""
    one, several = TITLES[edit.entity, edit.action]
    status = label_of_status(edit) if edit.action is BulkAction.STATUS else ""
    return (one if count == 1 else several).format(count=f"{count:,}", status=status)


def describe_action(edit: BulkEdit, names: Mapping[int, str]) -> str:
    """Describe what an edit did, such as “Assigned to Bob Tanaka”."""
    if edit.action is BulkAction.ASSIGN:
        return (
            f"Assigned to {names.get(edit.values['owner_id'], 'someone')}" if edit.values["owner_id"] else "Unassigned"
        )
    if edit.action is BulkAction.SOURCE:
        return f"Source set to {edit.values['source']}" if edit.values["source"] else "Source removed"
    return "Moved to trash" if edit.action is BulkAction.TRASH else f"Moved to {label_of_status(edit)}"
