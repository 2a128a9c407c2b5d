"""Changing the status of leads: winning one or many, and undoing wins."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.leads.operations import (
    check_lost_reason,
    close_as_won,
    lock_outside_trash,
    lock_where_seen,
    move_to_status,
    restore_status,
)
from crm_web.leads.queries import find_active_conversion, find_last_conversion
from crm_web.models import (
    Change,
    Contact,
    Conversion,
    ConversionKind,
    Customer,
    Employee,
    Lead,
    LeadStatus,
    LostReason,
    StatusKind,
)
from crm_web.records.batch import Batch, save
from crm_web.records.operations import lock
from crm_web.records.queries import name_of_last_editor
from crm_web.records.serialization import to_history
from crm_web.winning.conversion.operations import (
    check_name,
    check_typed,
    link_to_lead,
    reuse_customer,
    revert_conversion,
    win_with_new_customers,
)
from crm_web.winning.conversion.queries import (
    Obstacle,
    get_win_contact,
    list_active_conversions,
    list_obstacles,
    list_untouched,
)
from crm_web.winning.queries import find_change_to_won, find_move, map_changes_to_won


class WinStands(Conflict):
    """A win can't be taken back any more.

    :param obstacles: what stands in the way
    """

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__("This win can’t be undone.")
        self.obstacles = obstacles


class ChangedSinceMove(Conflict):
    """A move can't be taken back any more, since the lead changed after it."""


def win_leads(leads: Sequence[Lead], *, batch: Batch) -> dict[int, DomainError]:
    """Win many leads.

    :param leads: the batch's leads
    :return: by its id, why a lead can't be won
    """
    refused: dict[int, DomainError] = {}
    new: list[Lead] = []
    for lead in leads:
        if lead.customer_id is None and not lead.is_in_trash:
            try:
                check_name(lead)
                new.append(lead)
            except DomainError as error:
                refused[lead.id] = error
    won = win_with_new_customers(new, by=batch.by)
    for lead in leads:
        if lead not in won and lead.id not in refused:
            try:
                change_status(lead, LeadStatus.WON, by=batch.by, batch=batch)
            except DomainError as error:
                refused[lead.id] = error
    return refused


def _win(lead: Lead, values: Mapping[str, Any] | None = None, *, by: Employee) -> None:
    """Win a locked lead with the customer that it has, or else with a new one, as typed or as the lead says."""
    if values is not None and lead.customer_id is None:
        values = check_typed(lead, values, by=by)
    elif lead.customer_id is None:
        check_name(lead)
    if lead.customer_id is None and win_with_new_customers([lead], values, by=by):
        return
    reuse_customer(lead, values, by=by)
    close_as_won(lead)


def undo_wins(leads: Sequence[Lead], *, batch: Batch) -> dict[int, DomainError]:
    """Take back the wins of many leads.

    :param leads: the batch's leads
    :return: by its id, why the win of a lead stands
    """
    ids = [lead.id for lead in leads]
    conversions = list_active_conversions(ids)
    customers = _lock_customers(conversions)
    free = {line.lead_id: line for line in list_untouched(conversions)}
    contacts = _lock_contacts(list(free.values()))
    batch.add([*customers.values(), *contacts, *free.values()])
    changes = map_changes_to_won(ids)
    refused: dict[int, DomainError] = {}
    for lead in leads:
        line = free.get(lead.id)
        try:
            if line is None or lead.is_in_trash or lead.customer_id != line.customer_id or lead.id not in changes:
                undo_win(lead, by=batch.by, batch=batch)
            else:
                customer = customers[line.customer_id]
                undo_active_win(lead, line, customer, changes[lead.id], by=batch.by, batch=batch)
        except DomainError as error:
            refused[lead.id] = error
    return refused


def _lock_customers(conversions: Sequence[Conversion]) -> dict[int, Customer]:
    query = select(Customer).where(Customer.id.in_([line.customer_id for line in conversions]))
    query = query.order_by(Customer.id).with_for_update(key_share=True).execution_options(populate_existing=True)
    return {customer.id: customer for customer in db.session.scalars(query)}


def _lock_contacts(conversions: Sequence[Conversion]) -> Sequence[Contact]:
    ids = [line.before["contact"]["id"] for line in conversions if "contact" in line.before]
    query = select(Contact).where(Contact.id.in_(ids)).order_by(Contact.id).with_for_update(key_share=True)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def change_status(
    lead: Lead,
    status: LeadStatus,
    *,
    by: Employee,
    seen: LeadStatus | None = None,
    lost_reason: LostReason | None = None,
    lost_note: str | None = None,
    batch: Batch | None = None,
) -> Lead:
    """Move a lead to a status. Won makes its customer in the same transaction; a second Won changes nothing.

    :param lead: the lead; its row is locked and read afresh
    :param status: where it goes
    :param seen: the status that the person saw; ``None`` moves the lead whatever it is by now
    :param lost_reason: why, where it is lost or disqualified; ignored elsewhere
    :param lost_note: the reason in words; needed where the reason is "another"
    :return: the lead; ``lead.customer`` is set once it is won, and stays when it leaves Won
    :raise LeadInTrash: where it is in the trash
    :raise StatusChangedMeanwhile: where its status is neither the one seen nor the one wanted
    :raise LostReasonMissing: where it is lost without a reason, or for another reason without words
    """
    lock_where_seen(lead, status, seen, by=by, batch=batch)
    if status.kind is StatusKind.LOST:
        check_lost_reason(lost_reason, lost_note)
    if status is lead.status and (lost_reason, lost_note) in ((None, None), (lead.lost_reason, lead.lost_note)):
        return lead
    if status.kind is StatusKind.WON and not lead.is_won:
        _win(lead, by=by)
        return lead
    move_to_status(lead, status)
    is_lost = status.kind is StatusKind.LOST
    lead.lost_reason = lost_reason if is_lost else None
    lead.lost_note = lost_note if is_lost else None
    save(batch)
    return lead


def win_for_customer(
    lead: Lead, customer: Customer, *, fill: bool, by: Employee, seen: LeadStatus | None = None
) -> Lead:
    """Win a lead for a customer that is there already; a lead that is won already stays as it is.

    :param lead: the lead; its row is locked first
    :param customer: who buys; its row is locked second
    :param fill: whether the customer's empty fields take what the lead says
    :param seen: the status that the person saw; ``None`` wins the lead whatever it is by now
    :raise LeadInTrash: where it is in the trash
    :raise StatusChangedMeanwhile: where its status is not the one seen
    :raise AnotherCustomer: where it has another customer already
    :raise CustomerInTrash: where the customer is in the trash
    """
    lock_where_seen(lead, LeadStatus.WON, seen, by=by)
    if not lead.is_won:
        link_to_lead(lead, customer, fill=fill, by=by)
        close_as_won(lead)
    return lead


def win_with_new_customer(
    lead: Lead, values: Mapping[str, Any], *, by: Employee, seen: LeadStatus | None = None
) -> Lead:
    """Win a lead whose customer a person has looked over; a lead that is won already stays as it is.

    :param lead: the lead; its row is locked
    :param values: column names of the customer to values
    :param seen: the status that the person saw; ``None`` wins the lead whatever it is by now
    :raise LeadInTrash: where it is in the trash
    :raise StatusChangedMeanwhile: where its status is not the one seen
    :raise OwnerNotEntitled: where the owner is not active or does not sell
    :raise CustomerInTrash: where it has a customer that is in the trash
    """
    lock_where_seen(lead, LeadStatus.WON, seen, by=by)
    if not lead.is_won:
        _win(lead, values, by=by)
    return lead


def undo_win(lead: Lead, *, by: Employee, batch: Batch | None = None) -> Conversion | None:
    """Take back a win: what it did to the customer, the link to it, and the status if the lead is still won.

    :param lead: the lead; its row is locked first, its customer's second
    :return: the conversion, now undone; ``None`` where there was nothing to take back
    :raise LeadInTrash: where the lead is in the trash
    :raise WinStands: where something stands in the way; nothing is changed
    """
    lock_outside_trash(lead, by=by, batch=batch)
    conversion = find_active_conversion(lead.id)
    if conversion is None:
        return None
    customer = db.session.get_one(Customer, conversion.customer_id)
    lock(customer, batch=batch)
    obstacles = [*list_obstacles(conversion, customer, lead), *_list_unknowns(lead, conversion)]
    if obstacles:
        raise WinStands(obstacles)
    undo_active_win(lead, conversion, customer, find_change_to_won(lead.id), by=by, batch=batch)
    return conversion


def redo_win(lead: Lead, version: int, *, by: Employee) -> None:
    """Win a lead again whose win was undone, as it was won before; one that is won stays as it is.

    :param version: the lead's version that undoing the win made
    :raise LeadInTrash: where it is in the trash
    :raise ChangedSinceMove: where it changed after that, or no win of it was undone
    :raise CustomerInTrash: where its customer was there before the win, and is in the trash
    """
    lock_outside_trash(lead, by=by)
    if lead.is_won:
        return
    conversion = find_last_conversion(lead.id)
    if lead.version != version or conversion is None or conversion.undone_at is None:
        raise ChangedSinceMove(f"{name_of_last_editor(lead)} changed {lead.name} after that. It stays as it is.")
    if conversion.kind is ConversionKind.CREATED:
        change_status(lead, LeadStatus.WON, by=by)
    else:
        customer = db.session.get_one(Customer, conversion.customer_id)
        fill = bool(conversion.filled) or get_win_contact(conversion) is not None
        win_for_customer(lead, customer, fill=fill, by=by)


def undo_active_win(
    lead: Lead,
    conversion: Conversion,
    customer: Customer,
    change: Change | None,
    *,
    by: Employee,
    batch: Batch | None = None,
) -> None:
    """Take back a win that nothing stands in the way of.

    :param lead: the lead, locked
    :param conversion: its active conversion
    :param customer: its customer, locked
    :param change: the change by which the lead was won the last time
    """
    if lead.is_won:
        # History knows what it was; a lead that was won again has still one conversion, which does not.
        restore_status(lead, {name: old for name, (old, _) in change.fields.items()} if change else {})
    # Where it had this customer before, that may have been merged into another one since.
    lead.customer_id = conversion.before["customer_id"] and conversion.customer_id
    revert_conversion(conversion, customer, by=by, batch=batch)


def _list_unknowns(lead: Lead, conversion: Conversion) -> list[Obstacle]:
    """An import or the demo enters leads as won: nobody can tell what they were before."""
    if conversion.before and (not lead.is_won or find_change_to_won(lead.id)):
        return []
    return [Obstacle("Created as won, so there is no earlier status.", "lead", lead.id, lead.name)]


def put_back_status(lead: Lead, before: Mapping[str, Any], *, by: Employee, batch: Batch | None = None) -> None:
    """Take back a move: let the status, and what follows from it, be what they were.

    :param lead: the lead; its row is locked
    :param before: ``status``, ``lost_reason``, ``lost_note`` and ``closed_at`` as JSON, as they were before the move
    :raise LeadInTrash: where it is in the trash
    :raise CustomerInTrash: where it goes back to Won and its customer is in the trash
    """
    lock_outside_trash(lead, by=by, batch=batch)
    if LeadStatus(before["status"]).kind is StatusKind.WON and not lead.is_won:
        _win(lead, by=by)
    restore_status(lead, before)
    save(batch)


def undo_move(lead: Lead, version: int, *, by: Employee) -> bool:
    """Take back the last move of a lead, unless the lead changed since; a win has an undo of its own.

    :param lead: the lead; its row is locked
    :param version: the version that the move made
    :return: false where the lead is back where it was already, and nothing is done
    :raise LeadInTrash: where it is in the trash
    :raise ChangedSinceMove: where it changed after the move
    :raise CustomerInTrash: where it goes back to Won and its customer is in the trash
    """
    lock_outside_trash(lead, by=by)
    move = find_move(lead.id, version) if version <= lead.version else None
    if move and move.fields["status"][0] == lead.status:
        return False
    if move is None or version != lead.version or lead.is_won:
        raise ChangedSinceMove(
            f"{name_of_last_editor(lead)} changed this lead after that move, so it stays in {lead.status.label}. "
            "Check it, then try again."
        )
    names = ("status", "lost_reason", "lost_note", "closed_at")
    before = {name: to_history(getattr(lead, name)) for name in names}
    put_back_status(lead, before | {name: move.fields[name][0] for name in names if name in move.fields}, by=by)
    return True
