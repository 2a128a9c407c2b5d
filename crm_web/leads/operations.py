"""Creating, changing and assigning leads; their status changes in ``crm_web.winning``."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from crm_web.core.clock import now
from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.models import (
    Customer,
    Employee,
    Lead,
    LeadSource,
    LeadStatus,
    LostReason,
    StatusKind,
)
from crm_web.records.batch import Batch, begin, save
from crm_web.records.mentions import save_mentions
from crm_web.records.merging import Merge
from crm_web.records.operations import check_owner, lock, merge_with_saved
from crm_web.records.phones import set_values
from crm_web.records.queries import name_of_last_editor


class LeadNotNamed(DomainError):
    """A lead needs a last name, a company or an email."""


class CurrencyMissing(DomainError):
    """An amount needs a currency."""


class StatusChangedMeanwhile(Conflict):
    """Somebody else changed the status after the page was opened."""


class CustomerNotThere(Conflict):
    """The customer of a new lead does not exist or is in the trash."""


class LostReasonMissing(DomainError):
    """A lost lead needs a reason."""


class LeadInTrash(Conflict):
    """A lead in the trash must be restored before it can change."""


def create_lead(values: Mapping[str, Any], *, by: Employee, batch: Batch | None = None) -> Lead:
    """Create a lead.

    :raise LeadNotNamed: if it has no last name, company or email
    :raise PhoneRefused: if no such phone number can exist in its country
    :raise CurrencyMissing: if an amount has no currency
    :raise OwnerNotEntitled: if the owner is deactivated or has a role without records
    :raise CustomerNotThere: if its customer does not exist or is in the trash
    """
    _check_whole(None, values)
    if values.get("owner_id") is None:
        begin(by, batch)
    check_owner(values.get("owner_id"), by=by, batch=batch)
    _check_customer(values.get("customer_id"))
    lead = Lead(source=use_source(values.get("source"), batch=batch))
    set_values(lead, {**values, "source": lead.source}, country=values.get("country"), by=by)
    db.session.add(lead)
    save_mentions(lead, by=by)
    save(batch)
    return lead


def change_lead(
    lead: Lead, values: Mapping[str, Any], *, version: int, by: Employee, batch: Batch | None = None
) -> Merge:
    """Change a lead; its status has an operation of its own.

    :param values: the columns to change
    :param version: the version that the form was opened with
    :raise LeadInTrash: if it is in the trash
    :raise ChangedMeanwhile: if somebody changed the same field since
    :raise LeadNotNamed: if no last name, company or email would be left
    :raise PhoneRefused: if no such phone number can exist in its country
    :raise CurrencyMissing: if an amount would be left without a currency
    :raise OwnerNotEntitled: if a new owner is deactivated or has a role without records
    """
    lock_outside_trash(lead, by=by, batch=batch)
    if "source" in values and values["source"] != lead.source:
        values = {**values, "source": use_source(values["source"], batch=batch)}
    merged = merge_with_saved(lead, values, version=version, by=by)
    _check_whole(lead, merged.values)
    if merged.values.get("owner_id") != lead.owner_id:
        check_owner(merged.values.get("owner_id"), batch=batch)
    note = lead.description
    set_values(lead, merged.values, country=merged.values.get("country", lead.country), by=by)
    save_mentions(lead, note, by=by)
    save(batch)
    return merged


def restore_status(lead: Lead, was: Mapping[str, Any]) -> None:
    """Set an earlier status of a locked lead, with what belongs to it.

    :param was: ``status``, ``lost_reason``, ``lost_note`` and ``closed_at`` as JSON; what is left out is empty
    """
    closed_at, reason = was.get("closed_at"), was.get("lost_reason")
    lead.status, lead.status_changed_at = LeadStatus(was["status"]), now()
    lead.closed_at = datetime.fromisoformat(closed_at) if closed_at else None
    lead.lost_reason = LostReason(reason) if reason else None
    lead.lost_note = was.get("lost_note")


def close_as_won(lead: Lead) -> None:
    """Set a locked lead, whose customer is known, to Won."""
    move_to_status(lead, LeadStatus.WON)
    lead.lost_reason = lead.lost_note = None
    db.session.flush()


def move_to_status(lead: Lead, status: LeadStatus) -> None:
    """Set the status of a locked lead, and the times that follow from it."""
    if status is lead.status:
        return
    moment = now()
    if status.kind is StatusKind.OPEN:
        lead.closed_at = None
    elif lead.closed_at is None or status.kind is not lead.status.kind:
        lead.closed_at = moment
    lead.status, lead.status_changed_at = status, moment


def use_source(name: str | None, *, batch: Batch | None = None) -> str | None:
    """Return a source as it is spelled everywhere, whatever its case; a new one is added."""
    if name is None or not name.strip():
        return None
    find = partial(batch.ask_once, _find_spelling) if batch else _find_spelling
    spelling: str | None = find(name.strip())
    return spelling


def _find_spelling(name: str) -> str | None:
    known = select(LeadSource.name).where(func.lower(LeadSource.name) == func.lower(name))
    if (spelling := db.session.scalar(known)) is None:
        db.session.execute(insert(LeadSource).values(name=name).on_conflict_do_nothing())
        spelling = db.session.scalar(known)
    return spelling


def lock_outside_trash(lead: Lead, *, by: Employee, batch: Batch | None = None) -> None:
    """Lock and reload a lead that is about to change, and name to the history who changes it.

    :raise LeadInTrash: if it is in the trash
    """
    lock(lead, by=by, batch=batch)
    if lead.is_in_trash:
        raise LeadInTrash("This lead is in the trash. Restore it first.", "status")


def lock_where_seen(
    lead: Lead, status: LeadStatus, seen: LeadStatus | None, *, by: Employee, batch: Batch | None = None
) -> None:
    """Lock and reload a lead whose status is about to change.

    :param seen: the status that the person saw; ``None`` for any
    :raise LeadInTrash: if it is in the trash
    :raise StatusChangedMeanwhile: if its status is neither the one seen nor the new one
    """
    lock_outside_trash(lead, by=by, batch=batch)
    if seen not in (None, lead.status) and status is not lead.status:
        raise StatusChangedMeanwhile(
            f"{name_of_last_editor(lead)} moved this lead to {lead.status.label} after you opened this page. "
            "Check it, then try again.",
            "status",
        )


def _check_whole(lead: Lead | None, values: Mapping[str, Any]) -> None:
    """Check what a form can't: others may have cleared the other name, or the other half of an amount."""
    lead = lead or Lead()
    name = {column: values.get(column, getattr(lead, column)) for column in ("last_name", "company", "email")}
    if not any((text or "").strip() for text in name.values()):
        raise LeadNotNamed("Enter at least a last name, company or email.", "last_name")
    amount, currency = (values.get(column, getattr(lead, column)) for column in ("amount", "currency"))
    if amount is not None and currency is None:
        raise CurrencyMissing("Choose a currency for the amount.", "currency")


def _check_customer(customer_id: int | None) -> None:
    if customer_id is None:
        return
    # Waits for an undo that is about to move it to the trash, and for a purge.
    waiting = {"read": True, "of": Customer}
    customer = db.session.get(Customer, customer_id, populate_existing=True, with_for_update=waiting)
    if customer is None or customer.is_in_trash:
        raise CustomerNotThere(
            "This customer is in the trash or was deleted. Create the lead without it.", "customer_id"
        )


def check_lost_reason(reason: LostReason | None, note: str | None) -> None:
    """Check that a lost lead has a reason.

    :raise LostReasonMissing: if there is none, or it is “Other” without a note
    """
    if reason is None:
        raise LostReasonMissing("Choose a lost reason.", "lost_reason")
    if reason is LostReason.OTHER and not (note and note.strip()):
        raise LostReasonMissing("Enter a note that explains the reason.", "lost_note")


def assign_lead(lead: Lead, owner_id: int | None, *, by: Employee, batch: Batch | None = None) -> None:
    """Assign a lead.

    :param owner_id: ``None`` for nobody
    :raise LeadInTrash: if it is in the trash
    :raise OwnerNotEntitled: if that person is deactivated or has a role without records
    """
    lock_outside_trash(lead, by=by, batch=batch)
    if owner_id != lead.owner_id:
        check_owner(owner_id, batch=batch)
        lead.owner_id = owner_id
        save(batch)


def set_source(lead: Lead, source: str | None, *, by: Employee, batch: Batch | None = None) -> None:
    """Set the source of a lead.

    :param source: as ``use_source`` returns it; ``None`` for none
    :raise LeadInTrash: if it is in the trash
    """
    lock_outside_trash(lead, by=by, batch=batch)
    lead.source = source
    save(batch)
