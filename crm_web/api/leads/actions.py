"""What the API does with leads: each action once, for a single lead and for a batch."""

from collections.abc import Sequence
from typing import Any

from flask import abort
from flask_login import current_user

from crm_web.api.leads import schemas
from crm_web.api.problem_mapping import CustomerNotChosen, NothingLeft
from crm_web.auth.permissions import may_change, require_change
from crm_web.leads import operations
from crm_web.leads.operations import CurrencyMissing, CustomerNotThere, LeadNotNamed
from crm_web.models import Customer, Lead, LeadStatus
from crm_web.records.batch import Batch
from crm_web.records.matching import LikelyCustomer, iterate_likely_customers, list_likely_customers
from crm_web.records.operations import find_locked
from crm_web.records.queries import get_record
from crm_web.winning import operations as winning_operations
from crm_web.winning.operations import win_leads
from crm_web.winning.queries import has_customer


def find_to_change(lead_id: int) -> Lead:
    """A lead that the signed-in employee may change; 404 and 403 otherwise.

    It is locked, so that the version that the program saw is still the one that is changed.
    """
    lead = find_locked(Lead, lead_id, by=current_user) or abort(404)
    require_change(lead)
    return lead


def create(sent: schemas.NewLead, batch: Batch | None = None) -> Lead:
    """Enter a lead."""
    return operations.create_lead(sent.values(), by=current_user, batch=batch)


def change(lead: Lead, sent: schemas.LeadChange, batch: Batch | None = None) -> None:
    """Change what was sent of a lead that is locked, and was seen in its present version."""
    try:
        operations.change_lead(lead, sent.values(), version=lead.version, by=current_user, batch=batch)
    except (LeadNotNamed, CurrencyMissing) as error:
        raise NothingLeft(error.message, error.field) from error


def move(lead: Lead, sent: schemas.StatusChange, batch: Batch | None = None) -> None:
    """Move a lead to a status; where its customer has to be chosen first, say between which."""
    if likely := _list_choices(lead, sent):
        raise CustomerNotChosen(likely)
    if sent.customer_id is not None:
        customer = get_record(Customer, sent.customer_id)
        if customer is None:
            raise CustomerNotThere("This customer doesn’t exist.", "customer_id")
        fill = may_change(current_user, customer)
        winning_operations.win_for_customer(lead, customer, fill=fill, by=current_user, seen=sent.seen)
        return
    winning_operations.change_status(
        lead,
        sent.status,
        by=current_user,
        seen=sent.seen,
        lost_reason=sent.lost_reason,
        lost_note=sent.lost_note,
        batch=batch,
    )


def win_together(
    leads: Sequence[Lead], sent: Sequence[schemas.StatusChange], batch: Batch, *, may_ask: bool
) -> set[int]:
    """Win the leads of a batch, as ``move`` wins each of them without a customer that is named.

    :param leads: the leads, locked, each once
    :param sent: what was sent of each
    :param may_ask: whether a lead may be a customer already; false where this is known not to be so
    :return: the ids of those that have to be won alone, after all of this is taken back: a rule says no, or a likely
        customer is there or made by one of the others
    """
    undecided = []
    for lead, change in zip(leads, sent, strict=True):
        operations.lock_where_seen(lead, change.status, change.seen, by=batch.by, batch=batch)
        if may_ask and not (change.create or lead.is_won or lead.customer_id):
            undecided.append(lead)
    refused = win_leads(leads, batch=batch)
    likely = zip(undecided, iterate_likely_customers(undecided), strict=True)
    may_be = {lead.id for lead, found in likely if any(one.customer.id != lead.customer_id for one in found)}
    return may_be | set(refused)


def format_candidate(found: LikelyCustomer) -> dict[str, Any]:
    """A customer that a lead may be already, as programs are answered."""
    customer = found.customer
    return {"id": customer.id, "number": customer.number, "name": customer.name, "reasons": list(found.reasons)}


def _list_choices(lead: Lead, sent: schemas.StatusChange) -> list[dict[str, Any]]:
    """Who the customer may be, where that has to be asked."""
    is_said = sent.customer_id is not None or sent.create
    if sent.status is not LeadStatus.WON or is_said or lead.is_won or lead.is_in_trash or has_customer(lead.id):
        return []
    return [format_candidate(found) for found in list_likely_customers(lead)]
