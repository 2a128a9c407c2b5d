"""Small changes of a lead: taking it, and undoing an edit."""

from crm_web.core.errors import Conflict
from crm_web.leads.editing.queries import find_edit
from crm_web.leads.operations import change_lead, lock_outside_trash
from crm_web.models import Employee, Lead
from crm_web.records.queries import name_of_last_editor
from crm_web.records.serialization import from_history


class TakenMeanwhile(Conflict):
    """Somebody else took the lead first."""


class ChangedSinceEdit(Conflict):
    """Somebody changed the lead after the edit that should be undone."""


def take_lead(lead: Lead, *, by: Employee) -> bool:
    """Make oneself the owner of an unassigned lead.

    :return: false if it is theirs already
    :raise LeadInTrash: if it is in the trash
    :raise TakenMeanwhile: if somebody else owns it
    :raise OwnerNotEntitled: if that person can't own leads
    """
    lock_outside_trash(lead, by=by)
    if lead.owner_id == by.id:
        return False
    if lead.owner_id is not None:
        raise TakenMeanwhile(f"{name_of_last_editor(lead)} assigned {lead.name} to someone else first.")
    change_lead(lead, {"owner_id": by.id}, version=lead.version, by=by)
    return True


def undo_edit(lead: Lead, version: int, *, by: Employee) -> None:
    """Undo the last edit of a lead's fields, unless it changed since.

    :param version: the version that the edit made
    :raise LeadInTrash: if it is in the trash
    :raise ChangedSinceEdit: if it changed after the edit
    :raise DomainError: if a rule forbids a value that it had, such as an owner who left
    """
    lock_outside_trash(lead, by=by)
    edit = find_edit(lead.id, version)
    if edit is None or version != lead.version:
        raise ChangedSinceEdit(f"{name_of_last_editor(lead)} changed this lead after that edit. It stays as it is.")
    before = {name: from_history(Lead, name, old) for name, (old, _) in edit.fields.items()}
    change_lead(lead, before, version=lead.version, by=by)
