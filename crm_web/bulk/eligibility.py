"""Whether a bulk edit applies to a record: one answer for the preview and for the edit itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_web.auth.permissions import may_change
from crm_web.models import (
    BulkAction,
    BulkEdit,
    BulkEntity,
    BulkItem,
    BulkOutcome,
    CustomerStatus,
    Employee,
    LeadStatus,
    StatusKind,
)

ABOUT = {BulkAction.ASSIGN: "owner_id", BulkAction.STATUS: "status", BulkAction.SOURCE: "source"}
"""The column that an action is about; the trash is about the whole record."""
CALLED = {"owner_id": "Owner", "status": "Status", "source": "Source"}

LIKELY = "May already be a customer"


@dataclass(frozen=True)
class SkipReason:
    """Why a record is skipped or refused.

    :param reason: for this record
    :param group: the same for all such records
    """

    outcome: BulkOutcome
    reason: str
    group: str


@dataclass(frozen=True)
class EditContext:
    """What the checks need beside the records.

    :param names: names of employees by id
    :param likely: why a person has to choose a lead's customer, by lead id
    """

    by: Employee
    names: Mapping[int, str]
    likely: Mapping[int, str] = field(default_factory=dict)


def check_eligible(edit: BulkEdit, item: Any, record: Any, context: EditContext) -> SkipReason | None:
    """Return why an edit does not apply to a record, or ``None`` if it does.

    :param edit: with its values as far as they are known
    :param item: its ``record_id``, ``version_seen`` and ``before``
    :param record: ``None`` if it is gone
    """
    if record is None:
        return _refuse("Permanently deleted")
    if not may_change(context.by, record):
        return _refuse(f"Owned by {context.names.get(record.owner_id, 'someone else')}")
    if record.deleted_at is not None:
        in_trash = "Already in the trash"
        return _skip(in_trash) if edit.action is BulkAction.TRASH else _refuse("In the trash")
    return _check_change_needed(edit, item, record, context)


def _check_change_needed(edit: BulkEdit, item: BulkItem, record: Any, context: EditContext) -> SkipReason | None:
    column = ABOUT.get(edit.action)
    if column is None:
        is_same = record.version == item.version_seen
        return None if is_same else _skip("Changed since you selected it")
    if column in edit.values and getattr(record, column) == edit.values[column]:
        return _skip(_already(edit, context))
    if getattr(record, column) != item.before[column]:
        return _skip(f"{CALLED[column]} changed since you selected it")
    if is_win(edit) and record.id in context.likely:
        return SkipReason(BulkOutcome.SKIPPED, context.likely[record.id], LIKELY)
    return None


def is_win(edit: BulkEdit) -> bool:
    """Return whether an edit wins leads."""
    return edit.entity is BulkEntity.LEAD and edit.values.get("status") == LeadStatus.WON


def is_loss(edit: BulkEdit) -> bool:
    """Return whether an edit loses leads and so needs a reason."""
    status = edit.values.get("status")
    return edit.entity is BulkEntity.LEAD and status is not None and LeadStatus(status).kind is StatusKind.LOST


def _already(edit: BulkEdit, context: EditContext) -> str:
    if edit.action is BulkAction.ASSIGN:
        owner_id = edit.values["owner_id"]
        return f"Already owned by {context.names.get(owner_id, 'this person')}" if owner_id else "Already unassigned"
    if edit.action is BulkAction.SOURCE:
        return f"Source is already {edit.values['source']}" if edit.values["source"] else "Has no source"
    return f"Status is already {label_of_status(edit)}"


def label_of_status(edit: BulkEdit) -> str:
    """Return the label of the status that an edit sets."""
    words: Any = LeadStatus if edit.entity is BulkEntity.LEAD else CustomerStatus
    return str(words(edit.values["status"]).label)


def _skip(reason: str) -> SkipReason:
    return SkipReason(BulkOutcome.SKIPPED, reason, reason)


def _refuse(reason: str) -> SkipReason:
    return SkipReason(BulkOutcome.REFUSED, reason, reason)
