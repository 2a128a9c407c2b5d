"""What people do with leads."""

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
from crm_web.records.operations import check_owner, lock, merge_with_saved, move_to_trash, restore_from_trash
from crm_web.records.phones import set_values
from crm_web.records.queries import name_of_last_editor


class LeadNotNamed(DomainError):
    """A lead has to have a last name, a company or an email."""


class CurrencyMissing(DomainError):
    """An amount of money says nothing without its currency."""


class StatusChangedMeanwhile(Conflict):
    """Someone else moved the lead after the page was opened."""


class CustomerNotThere(Conflict):
    """The customer that a new lead is for is unknown or in the trash."""


class LostReasonMissing(DomainError):
    """A lead can't be lost without saying why."""


class LeadInTrash(Conflict):
    """A lead in the trash has to be restored before it can change."""


def create_lead(values: Mapping[str, Any], *, by: Employee, batch: Batch | None = None) -> Lead:
    """Enter a lead.

    :param values: column names to values, as the lead form gives them
    :return: the new lead, with its id
    :raise LeadNotNamed: where nothing names it
    :raise PhoneRefused: where no such phone number can exist in its country
    :raise CurrencyMissing: where an amount has no currency
    :raise OwnerNotEntitled: where the owner is not active or does not sell
    :raise CustomerNotThere: where it is for a customer that is unknown or in the trash
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
    """Save the lead form; the status has an operation of its own.

    :param values: column names to values, those that were sent; nothing else changes
    :param version: the version that the form was opened with
    :return: what was saved, with what others had changed since
    :raise LeadInTrash: where it is in the trash
    :raise ChangedMeanwhile: where someone changed the same field since
    :raise LeadNotNamed: where nothing that names it would be left
    :raise PhoneRefused: where no such phone number can exist in its country
    :raise CurrencyMissing: where an amount would be left without a currency
    :raise OwnerNotEntitled: where a new owner is not active or does not sell
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
    """Let the status of a lead, and what follows from it, be what they were.

    :param lead: the lead, locked
    :param was: ``status``, ``lost_reason``, ``lost_note`` and ``closed_at`` as JSON; what is left out is empty
    """
    closed_at, reason = was.get("closed_at"), was.get("lost_reason")
    lead.status, lead.status_changed_at = LeadStatus(was["status"]), now()
    lead.closed_at = datetime.fromisoformat(closed_at) if closed_at else None
    lead.lost_reason = LostReason(reason) if reason else None
    lead.lost_note = was.get("lost_note")


def close_as_won(lead: Lead) -> None:
    """Set the status of a lead whose customer is known.

    :param lead: the lead, locked
    """
    move_to_status(lead, LeadStatus.WON)
    lead.lost_reason = lead.lost_note = None
    db.session.flush()


def move_to_status(lead: Lead, status: LeadStatus) -> None:
    """Set the status of a lead, and the times that follow from it.

    :param lead: the lead, locked
    :param status: the status that it gets
    """
    if status is lead.status:
        return
    moment = now()
    if status.kind is StatusKind.OPEN:
        lead.closed_at = None
    elif lead.closed_at is None or status.kind is not lead.status.kind:
        lead.closed_at = moment
    lead.status, lead.status_changed_at = status, moment


def trash_lead(lead: Lead, *, by: Employee, batch: Batch | None = None) -> None:
    """Move a lead to the trash; its customer, if it has one, stays.

    :param lead: the lead; one that is in the trash already stays there
    """
    move_to_trash(lead, by=by, batch=batch)


def restore_lead(lead: Lead, *, by: Employee, batch: Batch | None = None) -> None:
    """Take a lead out of the trash.

    :param lead: the lead; one that is not in the trash stays as it is
    """
    restore_from_trash(lead, by=by, batch=batch)


def use_source(name: str | None, *, batch: Batch | None = None) -> str | None:
    """Find the one spelling of a source, and add it to the known ones if it is new.

    :param name: the source as typed, in any case; blank means none
    :return: the source as it is spelt everywhere
    """
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
    """Lock a lead that is about to change, and name the employee who acts to the history.

    :param lead: the lead; its row is read afresh
    :raise LeadInTrash: where it is in the trash
    """
    lock(lead, by=by, batch=batch)
    if lead.is_in_trash:
        raise LeadInTrash("This lead is in the trash. Restore it first.", "status")


def lock_where_seen(
    lead: Lead, status: LeadStatus, seen: LeadStatus | None, *, by: Employee, batch: Batch | None = None
) -> None:
    """Lock a lead that goes to a status, unless someone moved it elsewhere after the person looked.

    :param lead: the lead; its row is read afresh
    :param status: where it goes
    :param seen: the status that the person saw; ``None`` for whatever it is by now
    :raise LeadInTrash: where it is in the trash
    :raise StatusChangedMeanwhile: where its status is neither the one seen nor the one wanted
    """
    lock_outside_trash(lead, by=by, batch=batch)
    if seen not in (None, lead.status) and status is not lead.status:
        raise StatusChangedMeanwhile(
            f"{name_of_last_editor(lead)} moved this lead to {lead.status.label} after you opened this page. "
            "Check it, then try again.",
            "status",
        )


def _check_whole(lead: Lead | None, values: Mapping[str, Any]) -> None:
    """Of two people each may empty the one name that the other left; a field put back may have lost its partner."""
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
    """Make sure that it is said why something is lost.

    :param reason: why
    :param note: the reason in words
    :raise LostReasonMissing: where there is no reason, or another one without words
    """
    if reason is None:
        raise LostReasonMissing("Choose a lost reason.", "lost_reason")
    if reason is LostReason.OTHER and not (note and note.strip()):
        raise LostReasonMissing("Enter a note that explains the reason.", "lost_note")


def assign_lead(lead: Lead, owner_id: int | None, *, by: Employee, batch: Batch | None = None) -> None:
    """Give a lead to somebody.

    :param lead: the lead; its row is locked
    :param owner_id: the employee who gets it; ``None`` for nobody
    :raise LeadInTrash: where it is in the trash
    :raise OwnerNotEntitled: where that person is not active or does not sell
    """
    lock_outside_trash(lead, by=by, batch=batch)
    if owner_id != lead.owner_id:
        check_owner(owner_id, batch=batch)
        lead.owner_id = owner_id
        save(batch)


def set_source(lead: Lead, source: str | None, *, by: Employee, batch: Batch | None = None) -> None:
    """Say where a lead came from.

    :param lead: the lead; its row is locked
    :param source: a known source, spelt as ``use_source`` gives it; ``None`` for none
    :raise LeadInTrash: where it is in the trash
    """
    lock_outside_trash(lead, by=by, batch=batch)
    lead.source = source
    save(batch)
