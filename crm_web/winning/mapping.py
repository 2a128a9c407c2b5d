"""Which field of a lead becomes which field of its customer and of the customer's contact; nothing else says so."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from crm_web.models import Customer, CustomerKind, CustomerStatus, Lead


class Choice(NamedTuple):
    """The value of ``then`` where the lead's ``given`` is not blank, and of ``otherwise`` where it is."""

    given: str
    then: str
    otherwise: str


CUSTOMER_FIELDS: Mapping[str, str | Choice] = {
    # A lead that names a company becomes an organisation, any other a person.
    "name": Choice("company", "company", "name"),
    "kind": Choice("company", CustomerKind.ORGANISATION, CustomerKind.PERSON),
    "email": "email",
    "phone": Choice("phone", "phone", "mobile"),
    "phone_e164": Choice("phone", "phone_e164", "mobile_e164"),
    "website": "website",
    "industry": "industry",
    "billing_street": "street",
    "billing_city": "city",
    "billing_state": "state",
    "billing_postal_code": "postal_code",
    "billing_country": "country",
    "owner_id": "owner_id",
}
CONTACT_FIELDS = (
    "salutation",
    "first_name",
    "last_name",
    "job_title",
    "email",
    "phone",
    "phone_e164",
    "mobile",
    "mobile_e164",
)
"""What a lead's person takes along as a contact of an organisation, under the same names."""

BILLING = tuple(name for name in CUSTOMER_FIELDS if name.startswith("billing_"))
"""An address is filled as a whole or not at all: a street in one city and another's name make no address."""
FILLABLE = ("email", "phone", "website", "industry", *BILLING, "owner_id")
STATUS_OF_BUYERS = {CustomerStatus.INACTIVE: CustomerStatus.ACTIVE}
"""An inactive customer that a lead is won for is active from then on; a former one stays what somebody said it is."""
FOLLOWS = {"phone": "phone_e164"}
"""Columns that are filled and emptied together with another one."""

_COMPUTED = {"name": "crm_lead_name(first_name, last_name, company, email)"}
"""For rows that are about to become leads."""


def _is_given(value: str | None) -> bool:
    # Spaces only, as btrim does it.
    return bool((value or "").strip(" "))


def customer_from_lead(lead: Lead) -> dict[str, Any]:
    """Return the columns of the customer that a lead becomes."""
    return {name: _take(lead, source) for name, source in CUSTOMER_FIELDS.items()}


def _take(lead: Lead, source: str | Choice) -> Any:
    if isinstance(source, Choice):
        source = source.then if _is_given(getattr(lead, source.given)) else source.otherwise
    return source if isinstance(source, CustomerKind) else getattr(lead, source)


def contact_from_lead(lead: Lead) -> dict[str, Any]:
    """Return the columns of the contact that a lead's person becomes."""
    return {name: getattr(lead, name) for name in CONTACT_FIELDS}


def names_contact(lead: Lead, customer: Customer) -> bool:
    """Tell whether a lead names somebody who can be a contact of its customer: only organisations have contacts."""
    is_named = _is_given(lead.first_name) or _is_given(lead.last_name)
    return is_named and customer.kind is CustomerKind.ORGANISATION


def empty_fields_to_fill(lead: Lead, customer: Customer) -> dict[str, Any]:
    """Return what a lead fills in at a customer that exists: empty columns to the lead's values."""
    offered, has_address = customer_from_lead(lead), any(getattr(customer, name) for name in BILLING)
    return {
        name: offered[name]
        for name in FILLABLE
        if offered[name] is not None and getattr(customer, name) is None and not (has_address and name in BILLING)
    }


def _sql(source: str | Choice) -> str:
    if isinstance(source, Choice):
        given, then, otherwise = source.given, _sql(source.then), _sql(source.otherwise)
        return f"CASE WHEN btrim({given}) <> '' THEN {then} ELSE {otherwise} END"
    return f"'{source}'" if isinstance(source, CustomerKind) else _COMPUTED.get(source, source)


SQL: Mapping[str, str] = {
    "customer_columns": ", ".join(CUSTOMER_FIELDS),
    "customer_values": ", ".join(map(_sql, CUSTOMER_FIELDS.values())),
    "contact_columns": ", ".join(CONTACT_FIELDS),
    "names_person": "btrim(concat(first_name, last_name)) <> ''",
    "status_of_buyer": "CASE status "
    + " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in STATUS_OF_BUYERS.items())
    + " ELSE status END",
}
"""The mapping for ``string.Template``: columns, their values from a row of ``leads``, and whether it names somebody."""
