"""Changes of one thing about a lead, as bulk edits make them, and how they are taken back."""

from collections.abc import Mapping
from typing import Any

from crm_web.leads.operations import lock_outside_trash, restore_status
from crm_web.models import Employee, Lead, LeadStatus, StatusKind, set_audit_actor
from crm_web.records.batch_writes import flush_or_defer
from crm_web.records.operations import check_owner, name_of_last
from crm_web.records.serialization import to_history
from crm_web.web.error_pages import Conflict
from crm_web.winning.conversion.operations import create_from_lead
from crm_web.winning.queries import find_move


class ChangedSinceMove(Conflict):
    """A move can't be taken back any more, since the lead changed after it."""


def put_back_status(lead: Lead, before: Mapping[str, Any], *, by: Employee) -> None:
    """
    Take back a move: let the status, and what follows from it, be what they were.

    :param lead: the lead; its row is locked
    :param before: ``status``, ``lost_reason``, ``lost_note`` and ``closed_at`` as JSON, as they were before the move
    :param by: the employee who takes it back
    :raise LeadInTrash: where it is in the trash
    :raise CustomerInTrash: where it goes back to Won and its customer is in the trash
    """
    set_audit_actor(by)
    lock_outside_trash(lead)
    if LeadStatus(before["status"]).kind is StatusKind.WON and not lead.is_won:
        create_from_lead(lead, by=by)
    restore_status(lead, before)
    flush_or_defer()


def undo_move(lead: Lead, version: int, *, by: Employee) -> bool:
    """
    Take back the last move of a lead, unless the lead changed since; a win has an undo of its own.

    :param lead: the lead; its row is locked
    :param version: the version that the move made
    :param by: the employee who takes it back
    :return: false where the lead is back where it was already, and nothing is done
    :raise LeadInTrash: where it is in the trash
    :raise ChangedSinceMove: where it changed after the move
    :raise CustomerInTrash: where it goes back to Won and its customer is in the trash
    """
    set_audit_actor(by)
    lock_outside_trash(lead)
    move = find_move(lead.id, version) if version <= lead.version else None
    if move and move.fields["status"][0] == lead.status:
        return False
    if move is None or version != lead.version or lead.is_won:
        raise ChangedSinceMove(
            f"{name_of_last(lead)} changed this lead after that move, so it stays in {lead.status.label}. "
            "Look at it, then choose again."
        )
    names = ("status", "lost_reason", "lost_note", "closed_at")
    before = {name: to_history(getattr(lead, name)) for name in names}
    put_back_status(lead, before | {name: move.fields[name][0] for name in names if name in move.fields}, by=by)
    return True


def assign_lead(lead: Lead, owner_id: int | None, *, by: Employee) -> None:
    """
    Give a lead to somebody.

    :param lead: the lead; its row is locked
    :param owner_id: the employee who gets it; ``None`` for nobody
    :param by: the employee who does it
    :raise LeadInTrash: where it is in the trash
    :raise OwnerNotEntitled: where that person is not active or does not sell
    """
    set_audit_actor(by)
    lock_outside_trash(lead)
    if owner_id != lead.owner_id:
        check_owner(owner_id)
        lead.owner_id = owner_id
        flush_or_defer()


def set_source(lead: Lead, source: str | None, *, by: Employee) -> None:
    """
    Say where a lead came from.

    :param lead: the lead; its row is locked
    :param source: a known source, spelt as ``use_source`` gives it; ``None`` for none
    :param by: the employee who does it
    :raise LeadInTrash: where it is in the trash
    """
    set_audit_actor(by)
    lock_outside_trash(lead)
    lead.source = source
    flush_or_defer()
