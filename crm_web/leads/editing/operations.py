"""Small changes of a lead: taking it, and undoing an edit."""

from crm_web.core.errors import Conflict
from crm_web.leads.operations import change_lead, lock_outside_trash
from crm_web.models import Employee, Lead
from crm_web.records.operations import read_before_edit
from crm_web.records.queries import name_of_last_editor


class TakenMeanwhile(Conflict):
    """Somebody else took the lead first."""


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
    before = read_before_edit(lead, version, what="this lead", moved_by=("status", "deleted_at", "customer_id"))
    change_lead(lead, before, version=lead.version, by=by)
