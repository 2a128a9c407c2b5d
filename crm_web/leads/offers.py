"""The customers whom a lead that is won may be for: why, and what choosing one of them would do."""

from dataclasses import dataclass

from crm_web.access import may_change
from crm_web.customers.conversion_operations import has_newcomer, list_fillings
from crm_web.customers.conversion_queries import list_where_known
from crm_web.matching import LikelyCustomer, list_likely_customers
from crm_web.models import Customer, Employee, Lead
from crm_web.wording import label_of


@dataclass(frozen=True)
class Offer:
    """
    A customer that a lead may be already.

    :param customer: the customer, with its owner
    :param reasons: why, each in words, the strongest first
    :param may_fill: whether the reader may change the customer; else it is linked and stays as it is
    :param filled: the labels of its empty fields that the lead would fill
    :param brings_person: whether the lead's person would become a contact there
    """

    customer: Customer
    reasons: str
    may_fill: bool
    filled: list[str]
    brings_person: bool


def list_offers(lead: Lead, *, by: Employee) -> list[Offer]:
    """
    List whom a lead may be for, the likeliest first.

    :param lead: the lead that is about to be won
    :param by: the employee who looks
    :return: what the page offers
    """
    likely = list_likely_customers(lead)
    known = list_where_known(lead, [found.customer.id for found in likely])
    return [_offer(lead, found, by, is_known=found.customer.id in known) for found in likely]


def _offer(lead: Lead, found: LikelyCustomer, by: Employee, *, is_known: bool) -> Offer:
    customer, may_fill = found.customer, may_change(by, found.customer)
    return Offer(
        customer=customer,
        reasons=", ".join(found.reasons),
        may_fill=may_fill,
        filled=[label_of(name) for name in list_fillings(lead, customer)] if may_fill else [],
        brings_person=may_fill and not is_known and has_newcomer(lead, customer),
    )
