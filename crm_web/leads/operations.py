"""What people do with leads."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from crm_web.core.clock import now
from crm_web.core.extensions import db
from crm_web.models import (
    Change,
    Conversion,
    Customer,
    Employee,
    Lead,
    LeadSource,
    LeadStatus,
    LostReason,
    StatusKind,
    set_audit_actor,
)
from crm_web.records.batch_writes import flush_or_defer, memoize_query
from crm_web.records.merging import Merge
from crm_web.records.operations import check_owner, lock, merge_with_saved, move_to_trash, name_of_last, take_from_trash
from crm_web.records.phones import set_values
from crm_web.web.error_pages import Conflict, DomainError
from crm_web.winning.conversion.operations import create_from_lead, link_to_lead, revert_conversion
from crm_web.winning.conversion.queries import Obstacle, find_active_conversion, list_obstacles
from crm_web.winning.queries import find_change_to_won


class LeadNotNamed(DomainError):
    """A lead has to have a last name, a company or an e-mail."""


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


class WinStands(Conflict):
    """
    A win can't be taken back any more.

    :param obstacles: what stands in the way
    """

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__("This win can’t be taken back any more.")
        self.obstacles = obstacles


def create_lead(values: Mapping[str, Any], *, by: Employee) -> Lead:
    """
    Enter a lead.

    :param values: column names to values, as the lead form gives them
    :param by: the employee who enters it
    :return: the new lead, with its id
    :raise LeadNotNamed: where nothing names it
    :raise PhoneRefused: where no such phone number can exist in its country
    :raise CurrencyMissing: where an amount has no currency
    :raise OwnerNotEntitled: where the owner is not active or does not sell
    :raise CustomerNotThere: where it is for a customer that is unknown or in the trash
    """
    set_audit_actor(by)
    _check_whole(None, values)
    check_owner(values.get("owner_id"))
    _check_customer(values.get("customer_id"))
    lead = Lead(source=use_source(values.get("source")))
    set_values(lead, {**values, "source": lead.source}, country=values.get("country"), by=by)
    db.session.add(lead)
    flush_or_defer()
    return lead


def change_lead(lead: Lead, values: Mapping[str, Any], *, version: int, by: Employee) -> Merge:
    """
    Save the lead form; the status has an operation of its own.

    :param lead: the lead
    :param values: column names to values, those that were sent; nothing else changes
    :param version: the version that the form was opened with
    :param by: the employee who saves
    :return: what was saved, with what others had changed since
    :raise LeadInTrash: where it is in the trash
    :raise ChangedMeanwhile: where someone changed the same field since
    :raise LeadNotNamed: where nothing that names it would be left
    :raise PhoneRefused: where no such phone number can exist in its country
    :raise CurrencyMissing: where an amount would be left without a currency
    :raise OwnerNotEntitled: where a new owner is not active or does not sell
    """
    set_audit_actor(by)
    lock_outside_trash(lead)
    if "source" in values:
        values = {**values, "source": use_source(values["source"])}
    merged = merge_with_saved(lead, values, version=version, by=by)
    _check_whole(lead, merged.values)
    if merged.values.get("owner_id") != lead.owner_id:
        check_owner(merged.values.get("owner_id"))
    set_values(lead, merged.values, country=merged.values.get("country", lead.country), by=by)
    flush_or_defer()
    return merged


def change_status(
    lead: Lead,
    status: LeadStatus,
    *,
    by: Employee,
    seen: LeadStatus | None = None,
    lost_reason: LostReason | None = None,
    lost_note: str | None = None,
) -> Lead:
    """
    Move a lead to a status. Won makes its customer in the same transaction; a second Won changes nothing.

    :param lead: the lead; its row is locked and read afresh
    :param status: where it goes
    :param by: the employee who moves it
    :param seen: the status that the person saw; ``None`` moves the lead whatever it is by now
    :param lost_reason: why, where it is lost or disqualified; ignored elsewhere
    :param lost_note: the reason in words; needed where the reason is "another"
    :return: the lead; ``lead.customer`` is set once it is won, and stays when it leaves Won
    :raise LeadInTrash: where it is in the trash
    :raise StatusChangedMeanwhile: where its status is neither the one seen nor the one wanted
    :raise LostReasonMissing: where it is lost without a reason, or for another reason without words
    """
    set_audit_actor(by)
    lock_where_seen(lead, status, seen)
    if status.kind is StatusKind.LOST:
        check_lost_reason(lost_reason, lost_note)
    if status is lead.status and (lost_reason, lost_note) in ((None, None), (lead.lost_reason, lead.lost_note)):
        return lead
    if status.kind is StatusKind.WON and not lead.is_won:
        create_from_lead(lead, by=by)
    _move(lead, status)
    is_lost = status.kind is StatusKind.LOST
    lead.lost_reason = lost_reason if is_lost else None
    lead.lost_note = lost_note if is_lost else None
    flush_or_defer()
    return lead


def win_for_customer(
    lead: Lead, customer: Customer, *, fill: bool, by: Employee, seen: LeadStatus | None = None
) -> Lead:
    """
    Win a lead for a customer that is there already; a lead that is won already stays as it is.

    :param lead: the lead; its row is locked first
    :param customer: who buys; its row is locked second
    :param fill: whether the customer's empty fields take what the lead says
    :param by: the employee who wins it
    :param seen: the status that the person saw; ``None`` wins the lead whatever it is by now
    :return: the lead
    :raise LeadInTrash: where it is in the trash
    :raise StatusChangedMeanwhile: where its status is not the one seen
    :raise AnotherCustomer: where it has another customer already
    :raise CustomerInTrash: where the customer is in the trash
    """
    set_audit_actor(by)
    lock_where_seen(lead, LeadStatus.WON, seen)
    if not lead.is_won:
        link_to_lead(lead, customer, fill=fill, by=by)
        close_as_won(lead)
    return lead


def win_with_new_customer(
    lead: Lead, values: Mapping[str, Any], *, by: Employee, seen: LeadStatus | None = None
) -> Lead:
    """
    Win a lead whose customer a person has looked over; a lead that is won already stays as it is.

    :param lead: the lead; its row is locked
    :param values: column names of the customer to values
    :param by: the employee who wins it
    :param seen: the status that the person saw; ``None`` wins the lead whatever it is by now
    :return: the lead
    :raise LeadInTrash: where it is in the trash
    :raise StatusChangedMeanwhile: where its status is not the one seen
    :raise OwnerNotEntitled: where the owner is not active or does not sell
    :raise CustomerInTrash: where it has a customer that is in the trash
    """
    set_audit_actor(by)
    lock_where_seen(lead, LeadStatus.WON, seen)
    if not lead.is_won:
        create_from_lead(lead, values, by=by)
        close_as_won(lead)
    return lead


def undo_win(lead: Lead, *, by: Employee) -> Conversion | None:
    """
    Take back a win: what it did to the customer, the link to it, and the status if the lead is still won.

    :param lead: the lead; its row is locked first, its customer's second
    :param by: the employee who takes it back
    :return: the line of the ledger, now undone; ``None`` where there was nothing to take back
    :raise LeadInTrash: where the lead is in the trash
    :raise WinStands: where something stands in the way; nothing is changed
    """
    set_audit_actor(by)
    lock_outside_trash(lead)
    conversion = find_active_conversion(lead.id)
    if conversion is None:
        return None
    customer = db.session.get_one(Customer, conversion.customer_id)
    lock(customer)
    obstacles = [*list_obstacles(conversion, customer, lead), *_list_unknowns(lead, conversion)]
    if obstacles:
        raise WinStands(obstacles)
    undo_active_win(lead, conversion, customer, find_change_to_won(lead.id), by=by)
    return conversion


def undo_active_win(
    lead: Lead, conversion: Conversion, customer: Customer, change: Change | None, *, by: Employee
) -> None:
    """
    Take back a win that nothing stands in the way of.

    :param lead: the lead, locked
    :param conversion: its standing line of the ledger
    :param customer: its customer, locked
    :param change: the change by which the lead was won the last time
    :param by: the employee who takes it back
    """
    if lead.is_won:
        # History knows what it was, and not the ledger, which has one line for a lead that was won again.
        restore_status(lead, {name: old for name, (old, _) in change.fields.items()} if change else {})
    lead.customer_id = conversion.before["customer_id"]
    revert_conversion(conversion, customer, by=by)


def _list_unknowns(lead: Lead, conversion: Conversion) -> list[Obstacle]:
    """An import or the demo enters leads as won: nobody can tell what they were before."""
    if conversion.before and (not lead.is_won or find_change_to_won(lead.id)):
        return []
    return [Obstacle("It was entered as won, so there is no status to go back to.", "lead", lead.id, lead.name)]


def restore_status(lead: Lead, was: Mapping[str, Any]) -> None:
    """
    Let the status of a lead, and what follows from it, be what they were.

    :param lead: the lead, locked
    :param was: ``status``, ``lost_reason``, ``lost_note`` and ``closed_at`` as JSON; what is left out is empty
    """
    closed_at, reason = was.get("closed_at"), was.get("lost_reason")
    lead.status, lead.status_changed_at = LeadStatus(was["status"]), now()
    lead.closed_at = datetime.fromisoformat(closed_at) if closed_at else None
    lead.lost_reason = LostReason(reason) if reason else None
    lead.lost_note = was.get("lost_note")


def close_as_won(lead: Lead) -> None:
    """
    Set the status of a lead whose customer is known.

    :param lead: the lead, locked
    """
    _move(lead, LeadStatus.WON)
    lead.lost_reason = lead.lost_note = None
    flush_or_defer()


def _move(lead: Lead, status: LeadStatus) -> None:
    """Set the status and the times that follow from it."""
    if status is lead.status:
        return
    moment = now()
    if status.kind is StatusKind.OPEN:
        lead.closed_at = None
    elif lead.closed_at is None or status.kind is not lead.status.kind:
        lead.closed_at = moment
    lead.status, lead.status_changed_at = status, moment


def trash_lead(lead: Lead, *, by: Employee) -> None:
    """
    Move a lead to the trash; its customer, if it has one, stays.

    :param lead: the lead; one that is in the trash already stays there
    :param by: the employee who does it
    """
    move_to_trash(lead, by=by)


def restore_lead(lead: Lead, *, by: Employee) -> None:
    """
    Take a lead out of the trash.

    :param lead: the lead; one that is not in the trash stays as it is
    :param by: the employee who does it
    """
    take_from_trash(lead, by=by)


def use_source(name: str | None) -> str | None:
    """
    Find the one spelling of a source, and add it to the known ones if it is new.

    :param name: the source as typed, in any case; blank means none
    :return: the source as it is spelt everywhere
    """
    if name is None or not name.strip():
        return None
    spelling: str | None = memoize_query(_find_spelling, name.strip())
    return spelling


def _find_spelling(name: str) -> str | None:
    db.session.execute(insert(LeadSource).values(name=name).on_conflict_do_nothing())
    return db.session.scalar(select(LeadSource.name).where(func.lower(LeadSource.name) == func.lower(name)))


def lock_outside_trash(lead: Lead) -> None:
    """
    Lock a lead that is about to change.

    :param lead: the lead; its row is read afresh
    :raise LeadInTrash: where it is in the trash
    """
    lock(lead)
    if lead.is_in_trash:
        raise LeadInTrash("This lead is in the trash. Restore it first.", "status")


def lock_where_seen(lead: Lead, status: LeadStatus, seen: LeadStatus | None) -> None:
    """
    Lock a lead that goes to a status, unless someone moved it elsewhere after the person looked.

    :param lead: the lead; its row is read afresh
    :param status: where it goes
    :param seen: the status that the person saw; ``None`` for whatever it is by now
    :raise LeadInTrash: where it is in the trash
    :raise StatusChangedMeanwhile: where its status is neither the one seen nor the one wanted
    """
    lock_outside_trash(lead)
    if seen not in (None, lead.status) and status is not lead.status:
        raise StatusChangedMeanwhile(
            f"{name_of_last(lead)} moved this lead to {lead.status.label} after you opened this page. "
            "Look at it, then choose again.",
            "status",
        )


def _check_whole(lead: Lead | None, values: Mapping[str, Any]) -> None:
    """Of two people each may empty the one name that the other left; a field put back may have lost its partner."""
    lead = lead or Lead()
    name = {column: values.get(column, getattr(lead, column)) for column in ("last_name", "company", "email")}
    if not any((text or "").strip() for text in name.values()):
        raise LeadNotNamed("Enter a last name, a company or an e-mail: none is left.", "last_name")
    amount, currency = (values.get(column, getattr(lead, column)) for column in ("amount", "currency"))
    if amount is not None and currency is None:
        raise CurrencyMissing("An amount needs its currency. Choose one.", "currency")


def _check_customer(customer_id: int | None) -> None:
    if customer_id is None:
        return
    # Waits for an undo that is about to move it to the trash, and for a purge.
    waiting = {"key_share": True, "read": True, "of": Customer}
    customer = db.session.get(Customer, customer_id, populate_existing=True, with_for_update=waiting)
    if customer is None or customer.is_in_trash:
        raise CustomerNotThere("This customer is in the trash or gone. Enter the lead without it.", "customer_id")


def check_lost_reason(reason: LostReason | None, note: str | None, *, which: str = "this lead is") -> None:
    """
    Make sure that it is said why something is lost.

    :param reason: why
    :param note: the reason in words
    :param which: what is lost, as a sentence names it
    :raise LostReasonMissing: where there is no reason, or another one without words
    """
    if reason is None:
        raise LostReasonMissing(f"Say why {which} lost.", "lost_reason")
    if reason is LostReason.OTHER and not (note and note.strip()):
        raise LostReasonMissing("Say in a few words what the reason was.", "lost_note")
