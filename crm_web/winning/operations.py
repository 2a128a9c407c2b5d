"""Changing the status of leads: winning one or many, and undoing wins."""

from collections.abc import Sequence

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.leads.operations import change_status, close_as_won, undo_active_win, undo_win
from crm_web.models import Contact, Conversion, Customer, Employee, Lead, LeadStatus
from crm_web.records.batch_writes import register_locked
from crm_web.web.error_pages import DomainError
from crm_web.winning.conversion.operations import create_from_leads
from crm_web.winning.conversion.queries import list_active_conversions, list_makers, list_untouched
from crm_web.winning.queries import map_changes_to_won


def win_leads(leads: Sequence[Lead], *, by: Employee) -> dict[int, DomainError]:
    """
    Win many leads.

    :param leads: the leads, changed together: see ``crm_web.records.batch_writes``
    :param by: the employee who wins them
    :return: by its id, why a lead can't be won
    """
    makers = list_makers([lead.id for lead in leads])
    refused: dict[int, DomainError] = {}
    fresh: list[Lead] = []
    for lead in leads:
        if lead.customer_id is None and lead.id not in makers and not lead.is_in_trash:
            fresh.append(lead)
            continue
        try:
            change_status(lead, LeadStatus.WON, by=by)
        except DomainError as error:
            refused[lead.id] = error
    refused |= create_from_leads(fresh, by=by)
    for lead in fresh:
        if lead.id not in refused:
            close_as_won(lead)
    return refused


def undo_wins(leads: Sequence[Lead], *, by: Employee) -> dict[int, DomainError]:
    """
    Take back the wins of many leads.

    :param leads: the leads, changed together: see ``crm_web.records.batch_writes``
    :param by: the employee who takes them back
    :return: by its id, why the win of a lead stands
    """
    ids = [lead.id for lead in leads]
    conversions = list_active_conversions(ids)
    customers = _lock_customers(conversions)
    free = {line.lead_id: line for line in list_untouched(conversions)}
    contacts = _lock_contacts(list(free.values()))
    register_locked([*customers.values(), *contacts, *free.values()])
    changes = map_changes_to_won(ids)
    refused: dict[int, DomainError] = {}
    for lead in leads:
        line = free.get(lead.id)
        try:
            if line is None or lead.is_in_trash or lead.customer_id != line.customer_id or lead.id not in changes:
                undo_win(lead, by=by)
            else:
                undo_active_win(lead, line, customers[line.customer_id], changes[lead.id], by=by)
        except DomainError as error:
            refused[lead.id] = error
    return refused


def _lock_customers(conversions: Sequence[Conversion]) -> dict[int, Customer]:
    query = select(Customer).where(Customer.id.in_([line.customer_id for line in conversions]))
    query = query.order_by(Customer.id).with_for_update().execution_options(populate_existing=True)
    return {customer.id: customer for customer in db.session.scalars(query)}


def _lock_contacts(conversions: Sequence[Conversion]) -> Sequence[Contact]:
    ids = [line.before["contact"]["id"] for line in conversions if "contact" in line.before]
    query = select(Contact).where(Contact.id.in_(ids)).order_by(Contact.id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).all()
