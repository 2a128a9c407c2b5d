"""Formatting of bulk edits."""

from collections.abc import Mapping

from crm_web.bulk.eligibility import label_of_status
from crm_web.models import BulkAction, BulkEdit


def format_title(edit: BulkEdit, count: int) -> str:
    """Say what an edit is going to do, such as “Assign 12 leads”."""
    records = f"{count:,} {edit.entity}{'' if count == 1 else 's'}"
    return {
        BulkAction.ASSIGN: f"Assign {records}",
        BulkAction.SOURCE: f"Set source for {records}",
        BulkAction.TRASH: f"Move {records} to trash",
    }.get(edit.action) or f"Move {records} to {label_of_status(edit)}"


def describe_action(edit: BulkEdit, names: Mapping[int, str]) -> str:
    """Say what an edit did, such as “Assigned to Bob Tanaka”."""
    if edit.action is BulkAction.ASSIGN:
        return (
            f"Assigned to {names.get(edit.values['owner_id'], 'someone')}" if edit.values["owner_id"] else "Unassigned"
        )
    if edit.action is BulkAction.SOURCE:
        return f"Source set to {edit.values['source']}" if edit.values["source"] else "Source removed"
    return "Moved to trash" if edit.action is BulkAction.TRASH else f"Moved to {label_of_status(edit)}"
