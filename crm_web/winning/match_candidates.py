"""Customers that a lead may belong to, with the reasons, and what linking would do."""

from dataclasses import dataclass

from crm_web.auth.permissions import may_change
from crm_web.models import Customer, Employee, Lead
from crm_web.records.labels import label_of
from crm_web.records.matching import LikelyCustomer, list_likely_customers
from crm_web.records.people import name_owner
from crm_web.winning.conversion.queries import list_where_known
from crm_web.winning.mapping import empty_fields_to_fill, names_contact


@dataclass(frozen=True)
class MatchCandidate:
    """A customer that a lead may belong to.

    :param reasons: strongest first
    :param may_fill: whether the user may change the customer; else it is only linked
    :param filled: labels of empty fields that the lead would fill
    :param brings_person: whether the lead's person would become a contact
    """

    customer: Customer
    reasons: str
    may_fill: bool
    filled: list[str]
    brings_person: bool


def list_match_candidates(lead: Lead, *, by: Employee) -> list[MatchCandidate]:
    """List the customers that a lead may belong to, likeliest first."""
    likely = list_likely_customers(lead)
    known = list_where_known(lead, [found.customer.id for found in likely])
    return [_offer(lead, found, by, is_known=found.customer.id in known) for found in likely]


def _offer(lead: Lead, found: LikelyCustomer, by: Employee, *, is_known: bool) -> MatchCandidate:
    customer, may_fill = found.customer, may_change(by, found.customer)
    name_owner(customer)
    return MatchCandidate(
        customer=customer,
        reasons=", ".join(found.reasons),
        may_fill=may_fill,
        filled=[label_of(name) for name in empty_fields_to_fill(lead, customer)] if may_fill else [],
        brings_person=may_fill and not is_known and names_contact(lead, customer),
    )
